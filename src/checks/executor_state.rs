//! `executor_state.json` is there, well-formed, and as fresh as the last cycle. Only the reconciler writes it, once per cycle of an
//! open market (`formats.md` 10.1), so its age is judged against the cycles and not against the clock: at night it rests.

use super::{ANY_OUTCOME, Check, Detail, Finding, Status, View, span};
use crate::breaks::{BookName, Kind};
use crate::time;
use crate::trouble::Reason;

pub(super) const CHECK: Check = Check {
    id: "executor_state",
    meaning: "executor_state.json is there, well-formed, and as fresh as the last cycle: only the reconciler writes it, once per cycle of an open market.",
    outcomes: ANY_OUTCOME,
    case: "executor-file-gone",
    now: "2026-05-18T14:50:30Z",
    run,
};

/// The name of its format.
const BOOK: &str = "executor_state";

fn run(view: &View<'_>) -> Finding {
    let path = view.path_of_book(BOOK);
    let finding = |status, summary: String| Finding::new(CHECK.id, status, summary);
    if view.lacks(BOOK) {
        return match view.something_is_held() {
            Some(true) => finding(Status::Fail, format!("{path} is not there, and positions exist")),
            Some(false) => finding(Status::Pass, format!("{path} is not there, and nothing is held")),
            None => finding(Status::CouldNotCheck, format!("{path} is not there, and nothing tells what is held")),
        };
    }
    if let Some(entry) = view.trouble(BOOK) {
        let reason = &entry.trouble.reason;
        let unreadable =
            matches!(reason, Reason::Unreadable(_) | Reason::NotAFile | Reason::TornLine | Reason::NotJson | Reason::BadUtf8);
        let status = if unreadable { Status::CouldNotCheck } else { Status::Warn };
        return finding(status, format!("{path}: {reason}")).with("malformed", Detail::List(vec![entry.excerpt.clone()]));
    }
    if view.book(BookName::Executor).is_none() && !view.has_source(BOOK) {
        return finding(
            Status::CouldNotCheck,
            format!("this bot keeps no {path}, and no log of its own states what it believes to hold"),
        );
    }
    let Some(book) = view.book(BookName::Executor) else {
        return finding(Status::CouldNotCheck, format!("{path} describes a later time than now"));
    };
    let last = view.audit.activity.cycles.last().copied();
    let behind = last.map(|last| last - book.at);
    let written = time::stamp(book.at);
    let words = match last {
        Some(last) if last > book.at => format!("written {} before the last cycle ({written} UTC)", span(last - book.at)),
        Some(_) => format!("written in the last cycle ({written} UTC)"),
        None => format!("written {written} UTC, and no cycle is logged to hold that against"),
    };
    let count = book.holdings.len();
    let summary = format!("{words}, open positions: {count}");
    let is_stale =
        view.breaks.iter().any(|found| found.kind == Kind::StaleState && found.book == BookName::Executor && found.is_open());
    let status = match last {
        None => Status::CouldNotCheck,
        Some(_) if is_stale => Status::Warn,
        Some(_) => Status::Pass,
    };
    finding(status, if is_stale { format!("stale: {summary}") } else { summary })
        .with("written", Detail::Moment(Some(book.at)))
        .with("last_cycle", Detail::Moment(last))
        .with("minutes_behind_last_cycle", Detail::Minutes(behind.map(|behind| behind.num_minutes().max(0))))
        .with("positions", Detail::Count(count as u64))
}
