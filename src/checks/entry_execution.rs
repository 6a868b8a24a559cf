//! The last entry is shown, and no entry is left pending.

use chrono::Duration;
use itertools::Itertools;

use super::{Check, Detail, Finding, Status, View, span};
use crate::position::plain;
use crate::time;

pub(super) const CHECK: Check = Check {
    id: "entry_execution",
    meaning: "There is an entry in the window, and none is pending for more than an hour.",
    outcomes: &[Status::Pass, Status::Warn, Status::CouldNotCheck],
    case: "pending-since-the-broker-fell-silent",
    now: "2026-06-05T17:00:30Z",
    run,
};

/// Contract, section 3.
const LONGEST_PENDING: Duration = Duration::hours(1);

fn run(view: &View<'_>) -> Finding {
    let last = view.audit.activity.last_entry.as_ref();
    let pending: Vec<String> = view
        .ledger
        .accounts
        .iter()
        .filter_map(|(symbol, account)| Some((symbol, account.pending.as_ref()?.at)))
        .filter(|(_, at)| view.now() - *at > LONGEST_PENDING)
        .map(|(symbol, at)| format!("{symbol} since {}", time::show(at)))
        .collect();
    let words = last.map(|entry| {
        let score = entry.score.map_or_else(|| "no score".to_owned(), |score| format!("score {}", plain(score)));
        let state = if entry.pending { ", submitted" } else { "" };
        format!("last entry {} {} ago ({} UTC), {score}{state}", entry.symbol, span(view.now() - entry.at), time::stamp(entry.at))
    });
    let in_window = last.filter(|entry| view.from.is_none_or(|from| entry.at >= from));
    let (status, summary) = match (words, in_window) {
        (None, _) if !view.has_source("attribution") => (Status::CouldNotCheck, "there is no logs/attribution.jsonl".to_owned()),
        (None, _) => (Status::Warn, "no entry is logged".to_owned()),
        (Some(words), None) => (Status::Warn, format!("no entry in the window; {words}")),
        (Some(words), Some(_)) if !pending.is_empty() => {
            (Status::Warn, format!("{words}; pending for more than an hour: {}", pending.iter().join(", ")))
        }
        (Some(words), Some(_)) => (Status::Pass, words),
    };
    let text = |value: Option<String>| value.map_or(Detail::Text(String::new()), Detail::Text);
    Finding::new(CHECK.id, status, summary)
        .with("last_entry", Detail::Moment(last.map(|entry| entry.at)))
        .with("symbol", text(last.map(|entry| entry.symbol.to_string())))
        .with("entry_score", text(last.and_then(|entry| entry.score).map(plain)))
        .with("pending", Detail::List(pending))
}
