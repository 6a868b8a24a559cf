//! The bot's logs: one file per log, each a leaf that turns lines into events and knows nothing else.

use serde::Deserialize;
use std::sync::Arc;

use crate::event::{Event, Fact};
use crate::json::{self, Habits};
use crate::origin::Origin;
use crate::time::Time;
use crate::trouble::Trouble;

mod attribution;
mod audit_positions_autofix;
pub mod custom;
mod data_integrity;
mod displacement;
mod eod_flatten;
mod exit;
mod exit_attribution;
mod health_check;
mod orders;
mod portfolio_state;
mod position_flip;
mod position_reconciliation_v2;
mod reconcile;
mod reload;
mod run;
mod run_once;

/// One log the bot writes: where it lies and how a line becomes events.
#[derive(Debug)]
pub struct LogFormat {
    /// The name that reports use.
    pub name: &'static str,
    /// Paths below the bot's directory, without compression suffix or rotation number. All that exist are read.
    pub paths: &'static [&'static str],
    /// Turns one line (not blank, no line ending) into events.
    pub decode: fn(line: &str, out: &mut Sink<'_>) -> Result<Outcome, Trouble>,
}

/// How the lines of a log are read.
#[derive(Clone, Debug)]
pub enum Reader {
    /// As this bot writes it.
    Format(&'static LogFormat),
    /// By the fields that the settings name.
    Custom(Arc<custom::Mapping>),
}

impl Reader {
    /// The name that reports use.
    pub fn name(&self) -> &'static str {
        match self {
            Reader::Format(format) => format.name,
            Reader::Custom(_) => custom::NAME,
        }
    }

    /// Turns one line (not blank, no line ending) into events.
    pub fn decode(&self, line: &str, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
        match self {
            Reader::Format(format) => (format.decode)(line, out),
            Reader::Custom(mapping) => mapping.decode(line, out),
        }
    }
}

/// What became of a line that is not in trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its meaning is known, and what it moves, states or shows stands in the sink.
    Understood,
    /// Left out by a rule with this name.
    Ignored(&'static str),
}

/// Takes the events of one line and gives each its origin.
pub struct Sink<'a> {
    /// The line's place.
    pub origin: Origin,
    /// Where events go.
    pub events: &'a mut Vec<Event>,
    /// What the lines of this log have in common.
    pub habits: &'a mut Habits,
}

impl Sink<'_> {
    /// Reads the line, or an object that stands in it.
    #[inline(always)]
    pub fn read<'t, T: Deserialize<'t>>(&mut self, text: &'t str) -> Result<T, Trouble> {
        json::read_by(text, self.habits)
    }

    /// Adds a fact.
    pub fn push(&mut self, at: Time, fact: Fact) {
        self.events.push(Event { at, origin: self.origin, fact });
    }
}

/// The bot's own account of its trades: the one log that nothing replaces.
pub const OWN_ACCOUNT: &str = "logs/attribution.jsonl";

/// The name of the log that states the broker's whole book, cycle by cycle.
pub const BROKERS_BOOKS: &str = "portfolio_state";

/// Every log, in the order of the report's sources.
pub const ALL: &[LogFormat] = &[
    attribution::FORMAT,
    audit_positions_autofix::FORMAT,
    data_integrity::FORMAT,
    displacement::FORMAT,
    eod_flatten::FORMAT,
    exit::FORMAT,
    exit_attribution::FORMAT,
    health_check::FORMAT,
    orders::FORMAT,
    portfolio_state::FORMAT,
    position_flip::FORMAT,
    position_reconciliation_v2::FORMAT,
    reconcile::FORMAT,
    reload::FORMAT,
    run::FORMAT,
    run_once::FORMAT,
];

/// Rules by which lines are left out. Their names stand in the report.
pub mod rule {
    /// Every rule: a case under `corpus/` shows each.
    pub const ALL: [&str; 8] = [BLANK, DUPLICATE, MADE_UP, TEST_SYMBOL, DRY_RUN, DIAGNOSTIC, UNKNOWN_MESSAGE, ECHO];

    /// Nothing but white space.
    pub const BLANK: &str = "blank";
    /// The same line stood in this file before.
    pub const DUPLICATE: &str = "duplicate_line";
    /// Made up later from daily totals, or without prices (`formats.md` T9, 3.4, 5).
    pub const MADE_UP: &str = "made_up";
    /// A symbol of the bot's own tests.
    pub const TEST_SYMBOL: &str = "test_symbol";
    /// A dry run: nothing reached the broker.
    pub const DRY_RUN: &str = "dry_run";
    /// A note of the bot's innards that neither moves nor states nor shows anything ran.
    pub const DIAGNOSTIC: &str = "diagnostic";
    /// A message that no version of the formats knows.
    pub const UNKNOWN_MESSAGE: &str = "unknown_message";
    /// Says again what another record of the same moment says.
    pub const ECHO: &str = "echo";
}
