//! The eight checks of the audit (contract, section 3): one file per check, each a pure function of what the audit saw.
//!
//! A check claims no more than it knows: where its evidence is missing it could not check, which is never a pass (incident 15).

pub mod activity;
mod alpaca_positions;
mod entry_execution;
mod executor_state;
mod exit_evaluation;
mod main_loop;
mod position_metadata;
mod reconciliation;
mod reconciliation_log;

use chrono::Duration;
use std::collections::BTreeMap;

use crate::books;
use crate::breaks::{BookName, Break};
use crate::brokers::BrokerRead;
use crate::calendar::Calendar;
use crate::event::Holding;
use crate::layout::Missing;
use crate::ledger::{LastBook, Ledger};
use crate::outcome::Fix;
use crate::source::{Quarantined, Source};
use crate::time::{self, Time};

use activity::Activity;

/// One check.
pub struct Check {
    /// The id of the contract.
    pub id: &'static str,
    /// What it means to pass.
    pub meaning: &'static str,
    /// What it can come to: a case under `corpus/` shows each.
    pub outcomes: &'static [Status],
    /// The case under `corpus/` in which it does not pass.
    pub case: &'static str,
    /// What counts as now in that case.
    pub now: &'static str,
    /// Judges.
    pub run: fn(&View<'_>) -> Finding,
}

/// Every check, in the order of the audit.
pub const ALL: [Check; 8] = [
    alpaca_positions::CHECK,
    executor_state::CHECK,
    position_metadata::CHECK,
    reconciliation::CHECK,
    main_loop::CHECK,
    exit_evaluation::CHECK,
    entry_execution::CHECK,
    reconciliation_log::CHECK,
];

/// What an audit is, beside a replay: a moment that counts as now, and when the exchange is open.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    /// Now.
    pub now: Time,
    /// When the exchange is open.
    pub calendar: Calendar,
    /// What ran, and when last.
    pub activity: Activity,
}

/// What a check may look at.
pub struct View<'a> {
    /// Now, the calendar, and what ran.
    pub audit: &'a Audit,
    /// Beginning of the window, if one was asked for.
    pub from: Option<Time>,
    /// The books as they were last stated, and the accounts.
    pub ledger: &'a Ledger,
    /// The broker's side.
    pub broker: &'a BrokerRead,
    /// The breaks of the window that are not accepted.
    pub breaks: &'a [&'a Break],
    /// Why a clean verdict is not to be had.
    pub unchecked: &'a [String],
    /// The sources, by id.
    pub sources: &'a [Source],
    /// What could not be understood.
    pub quarantined: &'a [Quarantined],
    /// Required files that are not there.
    pub missing: &'a [Missing],
}

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As it should be.
    Pass,
    /// Worth a look; counts only when warnings do.
    Warn,
    /// Not as it should be.
    Fail,
    /// Nothing tells.
    CouldNotCheck,
}

/// What a check that knows every outcome can come to.
const ANY_OUTCOME: &[Status] = &[Status::Pass, Status::Warn, Status::Fail, Status::CouldNotCheck];

impl Status {
    /// The code of the contract.
    pub fn code(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Warn => "warn",
            Status::Fail => "fail",
            Status::CouldNotCheck => "could_not_check",
        }
    }
}

/// One value of a check's details.
#[derive(Clone, Debug, PartialEq)]
pub enum Detail {
    /// Words.
    Text(String),
    /// A number of things.
    Count(u64),
    /// Yes or no.
    Truth(bool),
    /// Several words, in order.
    List(Vec<String>),
    /// A moment; `None` where there was none.
    Moment(Option<Time>),
    /// Whole minutes; `None` where nothing tells.
    Minutes(Option<i64>),
}

/// What a check found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The check's id.
    pub id: &'static str,
    /// What it came to.
    pub status: Status,
    /// In words, one line.
    pub summary: String,
    /// What it rests on.
    pub details: BTreeMap<&'static str, Detail>,
}

impl Finding {
    fn new(id: &'static str, status: Status, summary: impl Into<String>) -> Finding {
        Finding { id, status, summary: summary.into(), details: BTreeMap::new() }
    }

    fn with(mut self, key: &'static str, detail: Detail) -> Finding {
        self.details.insert(key, detail);
        self
    }
}

/// Runs them all.
pub fn run(view: &View<'_>) -> Vec<Finding> {
    ALL.iter().map(|check| (check.run)(view)).collect()
}

impl View<'_> {
    fn now(&self) -> Time {
        self.audit.now
    }

    /// How long the exchange has been open since a moment.
    fn open_since(&self, at: Time) -> Duration {
        self.audit.calendar.open_between(at, self.now())
    }

    fn market_is_open(&self) -> bool {
        self.audit.calendar.is_open(self.now())
    }

    /// `closed until 02-09 14:30:00 UTC`.
    fn market_words(&self) -> String {
        let next = self.audit.calendar.next_open(self.now());
        next.map_or_else(|| "closed".to_owned(), |opens| format!("closed until {} UTC", time::stamp(opens)))
    }

    /// A book as it was last stated.
    fn book(&self, name: BookName) -> Option<&LastBook> {
        self.ledger.books.get(&name)
    }

    /// What is held: by the broker's word where there is one, else by the tape's. `None` where neither knows.
    fn something_is_held(&self) -> Option<bool> {
        if let Some(book) = self.book(BookName::Broker) {
            return Some(book.holdings.iter().any(is_held));
        }
        if self.ledger.accounts.values().any(|account| account.position.quantity.is_open()) {
            return Some(true);
        }
        let is_known = !self.ledger.may_hold_more() && !self.ledger.accounts.is_empty();
        is_known.then_some(false)
    }

    /// A state file that is not there.
    fn lacks(&self, format: &str) -> bool {
        self.missing.iter().any(|missing| missing.format == format)
    }

    /// Why a state file could not be understood.
    fn trouble(&self, format: &str) -> Option<&Quarantined> {
        let of = |entry: &Quarantined| self.sources.get(usize::from(entry.origin.source.0)).map(|source| source.format);
        self.quarantined.iter().find(|entry| of(entry) == Some(format))
    }

    /// Where a state file lies, or should lie.
    fn path_of_book(&self, format: &str) -> &str {
        let read = self.sources.iter().find(|source| source.format == format).map(|source| source.path.as_str());
        let lacking = || self.missing.iter().find(|missing| missing.format == format).map(|missing| missing.path.as_str());
        let usual = || books::ALL.iter().find(|book| book.name == format).map_or("", |book| book.path);
        read.or_else(lacking).unwrap_or_else(usual)
    }

    fn has_source(&self, format: &str) -> bool {
        self.sources.iter().any(|source| source.format == format)
    }

    /// The fixes that are judged: the window's, else the last day's. What is older is history, and would warn for ever.
    fn fixes(&self) -> impl Iterator<Item = &Fix> {
        let from = self.from.unwrap_or(self.now() - Duration::hours(24));
        self.ledger.fixes.iter().filter(move |fix| fix.at >= from)
    }
}

fn is_held(holding: &Holding) -> bool {
    holding.quantity.is_none_or(|quantity| !quantity.is_zero())
}

/// `7 min`, `2.5 h`, `3.1 days`.
pub fn span(duration: Duration) -> String {
    let minutes = duration.num_minutes();
    match minutes {
        ..2 => format!("{} s", duration.num_seconds()),
        2..120 => format!("{minutes} min"),
        120..2880 => format!("{:.1} h", minutes as f64 / 60.0),
        _ => format!("{:.1} days", minutes as f64 / 1440.0),
    }
}

#[cfg(test)]
mod tests;
