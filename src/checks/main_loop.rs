//! The main loop ended a cycle less than five minutes ago, while the market is open. At night it may rest (incident 22).

use chrono::Duration;

use super::{ANY_OUTCOME, Check, Detail, Finding, Status, View, span};
use crate::time;

pub(super) const CHECK: Check = Check {
    id: "main_loop",
    meaning: "The last cycle ended less than five minutes of open market ago: at night and on holidays the loop may rest.",
    outcomes: ANY_OUTCOME,
    case: "loop-stopped-on-a-summer-morning",
    now: "2026-07-14T13:50:30Z",
    run,
};

/// Contract, section 3.
const LONGEST_PAUSE: Duration = Duration::minutes(5);

fn run(view: &View<'_>) -> Finding {
    let activity = &view.audit.activity;
    let now = view.now();
    let within = |span: Duration| activity.cycles.iter().filter(|at| **at > now - span).count() as u64;
    let last = activity.cycles.last().copied();
    let open = view.market_is_open();
    let (status, summary) = match last {
        None if !view.has_source("run") => (Status::CouldNotCheck, "there is no logs/run.jsonl".to_owned()),
        None if open => (Status::Fail, "no cycle is logged, and the market is open".to_owned()),
        None => (Status::Pass, format!("no cycle is logged; the market is {}", view.market_words())),
        Some(last) => judged(view, last, open),
    };
    Finding::new(CHECK.id, status, summary)
        .with("last_cycle", Detail::Moment(last))
        .with("minutes_of_open_market_since", Detail::Minutes(last.map(|last| view.open_since(last).num_minutes())))
        .with("cycles_last_hour", Detail::Count(within(Duration::hours(1))))
        .with("cycles_last_day", Detail::Count(within(Duration::hours(24))))
        .with("last_cycle_healthy", Detail::Truth(last.is_some() && activity.last_cycle_healthy))
        .with("market_open", Detail::Truth(open))
        .with("market_hours_from", Detail::Text(view.audit.calendar.source(now).to_owned()))
}

fn judged(view: &View<'_>, last: crate::time::Time, open: bool) -> (Status, String) {
    let ago = format!("last cycle {} ago ({} UTC)", span(view.now() - last), time::stamp(last));
    if !open {
        return (Status::Pass, format!("{ago}; the market is {}", view.market_words()));
    }
    // Only open time counts: a loop that rests at night is not late in the first minutes of the morning.
    let missed = view.open_since(last);
    if missed >= LONGEST_PAUSE {
        return (Status::Fail, format!("{ago}, {} of open market missed", span(missed)));
    }
    if !view.audit.activity.last_cycle_healthy {
        return (Status::Warn, format!("{ago}, with an error or frozen"));
    }
    (Status::Pass, ago)
}
