//! The reconciler ran within two cycles, and its fixes did no harm (design, rule 5).

use chrono::Duration;
use itertools::Itertools;

use super::{ANY_OUTCOME, Check, Detail, Finding, Status, View, span};
use crate::time::{self, Time};

pub(super) const CHECK: Check = Check {
    id: "reconciliation_log",
    meaning: "The reconciler finished a round within two cycles, and its fixes overwrote nothing that was right.",
    outcomes: ANY_OUTCOME,
    case: "called-clean-while-degraded",
    now: "2026-06-10T15:30:30Z",
    run,
};

/// Contract, section 3. It runs near the beginning of a cycle, so the end of its own cycle comes after it.
const CYCLES: usize = 2;

/// Where no cycles are logged, so much open market is two cycles and to spare (`formats.md` 9.1: backing off takes up to five minutes).
const LONGEST_PAUSE: Duration = Duration::minutes(10);

fn run(view: &View<'_>) -> Finding {
    let activity = &view.audit.activity;
    let counts = view.fixes().counts_by(crate::outcome::Fix::verdict);
    let of = |verdict: &str| counts.get(verdict).copied().unwrap_or(0) as u64;
    let behind = activity.last_reconciled.map(|at| view.ledger.cycles.iter().filter(|cycle| **cycle > at).count());
    let (status, summary) = judged(view, of("harmful"), of("masking"), behind);
    Finding::new(CHECK.id, status, summary)
        .with("last_reconciled", Detail::Moment(activity.last_reconciled))
        .with("cycles_since", Detail::Count(behind.unwrap_or(view.ledger.cycles.len()) as u64))
        .with("fixes_routine", Detail::Count(of("routine")))
        .with("fixes_right", Detail::Count(of("right")))
        .with("fixes_masking", Detail::Count(of("masking")))
        .with("fixes_harmful", Detail::Count(of("harmful")))
        .with("degraded", Detail::Truth(view.ledger.degraded))
        .with("last_unreachable", Detail::Moment(activity.last_unreachable))
}

fn judged(view: &View<'_>, harmful: u64, masking: u64, behind: Option<usize>) -> (Status, String) {
    let activity = &view.audit.activity;
    if view.ledger.degraded {
        return (Status::Fail, "the reconciler is degraded: it goes on with an old copy of the broker's answer".to_owned());
    }
    let unreachable = activity.last_unreachable.filter(|at| activity.last_reconciled.is_none_or(|ran| *at > ran));
    if let Some(at) = unreachable {
        return (
            Status::Fail,
            format!("the reconciler could not reach the broker at {} UTC, and has not run since", time::stamp(at)),
        );
    }
    if harmful > 0 {
        return (Status::Fail, format!("fixes made without the broker, which moved the book away from it: {harmful}"));
    }
    let Some(last) = activity.last_reconciled else {
        return if view.has_source("audit_positions_autofix") {
            (Status::Fail, "no round of the reconciler is logged".to_owned())
        } else {
            (Status::CouldNotCheck, "there is no data/audit_positions_autofix.jsonl".to_owned())
        };
    };
    let ran = format!("last round {} ago ({} UTC)", span(view.now() - last), time::stamp(last));
    if is_late(view, last, behind) {
        return (Status::Fail, format!("{ran}, cycles since: {}", behind.unwrap_or(0)));
    }
    if masking > 0 {
        return (Status::Warn, format!("{ran}; fixes that overwrote a book whose fault was not known: {masking}"));
    }
    (Status::Pass, ran)
}

fn is_late(view: &View<'_>, last: Time, behind: Option<usize>) -> bool {
    behind.is_some_and(|behind| behind > CYCLES) || (view.ledger.cycles.is_empty() && view.open_since(last) > LONGEST_PAUSE)
}
