//! Exits were evaluated lately, in market time, while positions are open. That something was evaluated is evidence; that something was
//! closed is not needed. A failed close is evidence too, but no exit (incident 9).

use chrono::Duration;
use itertools::Itertools;

use super::{ANY_OUTCOME, Check, Detail, Finding, Status, View, span};
use crate::time::{self, Time};

pub(super) const CHECK: Check = Check {
    id: "exit_evaluation",
    meaning: "Exits were evaluated in the last minutes of open market, or nothing is held: a failed close is no exit.",
    outcomes: ANY_OUTCOME,
    case: "exits-not-evaluated-for-an-hour",
    now: "2026-06-03T16:40:30Z",
    run,
};

/// Contract, section 3: minutes of open market.
const WARN_FROM: Duration = Duration::minutes(10);
const FAIL_FROM: Duration = Duration::minutes(60);

fn run(view: &View<'_>) -> Finding {
    let activity = &view.audit.activity;
    let last_exit = activity.last_exit.as_ref().map(|(at, _)| *at);
    let quiet = activity.last_evaluation.map(|at| view.open_since(at));
    let (status, summary) = judged(view, quiet);
    let failures = recent_failures(view);
    let (status, summary) = if failures.is_empty() {
        (status, summary)
    } else {
        let worse = if status == Status::Pass { Status::Warn } else { status };
        (worse, format!("{summary}; closes failed and nothing was closed: {}", failures.join(", ")))
    };
    let minutes = |at: Option<Time>| Detail::Minutes(at.map(|at| (view.now() - at).num_minutes()));
    Finding::new(CHECK.id, status, summary)
        .with("last_evaluation", Detail::Moment(activity.last_evaluation))
        .with("minutes_of_open_market_since", Detail::Minutes(quiet.map(|quiet| quiet.num_minutes())))
        .with("last_exit", Detail::Moment(last_exit))
        .with("minutes_since_last_exit", minutes(last_exit))
        .with("market_minutes_since_last_exit", Detail::Minutes(last_exit.map(|at| view.open_since(at).num_minutes())))
        .with("failed_closes", Detail::List(failures))
}

fn judged(view: &View<'_>, quiet: Option<Duration>) -> (Status, String) {
    let has_log = view.has_source("exit") || view.has_source("exit_attribution");
    let words = match (view.audit.activity.last_evaluation, quiet) {
        (Some(at), Some(quiet)) => {
            format!("exits last evaluated {} of open market ago ({} UTC)", span(quiet), time::stamp(at))
        }
        _ if has_log => "no evaluation of exits is logged".to_owned(),
        _ => "there is no logs/exit.jsonl".to_owned(),
    };
    match view.something_is_held() {
        Some(false) => return (Status::Pass, format!("nothing is held; {words}")),
        // What was evaluated lately was evaluated, whatever is held.
        None if quiet.is_none_or(|quiet| quiet >= WARN_FROM) => {
            return (Status::CouldNotCheck, format!("nothing tells whether anything is held; {words}"));
        }
        Some(true) | None => {}
    }
    // Without an evaluation the tape itself says how long there was none.
    let since = quiet.or_else(|| Some(view.open_since(view.ledger_began()?)));
    match since {
        None => (Status::CouldNotCheck, words),
        Some(_) if quiet.is_none() && !has_log => (Status::CouldNotCheck, words),
        Some(quiet) if quiet >= FAIL_FROM => (Status::Fail, words),
        Some(quiet) if quiet >= WARN_FROM => (Status::Warn, words),
        Some(_) if !view.market_is_open() => (Status::Pass, format!("{words}; the market is {}", view.market_words())),
        Some(_) => (Status::Pass, words),
    }
}

/// Symbols whose closes failed in the last day and were not closed since, with how often.
fn recent_failures(view: &View<'_>) -> Vec<String> {
    let earliest = view.now() - Duration::hours(24);
    let failures = view.audit.activity.failures.iter().filter(|(_, (at, _))| *at >= earliest);
    failures.map(|(symbol, (_, count))| format!("{symbol} ×{count}")).sorted().collect()
}

impl View<'_> {
    /// The first record of the bot's.
    fn ledger_began(&self) -> Option<Time> {
        self.sources.iter().filter(|source| !source.format.starts_with("broker_")).filter_map(|source| source.first).min()
    }
}
