//! Alpaca: the raw bodies of a read, parsed into statements and movements (`alpaca.md`).
//!
//! One parser reads live and recorded answers alike. Every field but the few we need is optional; a row that cannot be
//! understood is quarantined with its line, and the book that lacks it is no longer called whole.

mod account;
mod activities;
mod calendar;
pub mod http;
pub mod live;
mod orders;
mod positions;

use serde_json::value::RawValue;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;

use super::{Endpoint, Recording};
use crate::calendar::Session;
use crate::documents::whole_in_trouble;
use crate::event::{Event, Fact};
use crate::json;
use crate::origin::{Origin, SourceId};
use crate::position::Symbol;
use crate::read::{Readings, Text};
use crate::source::{Harvest, Quarantined, Source, harmless};
use crate::time::Time;
use crate::trouble::{Reason, Trouble};

pub use account::{Account, of_another_account};

/// What a parsed read tells beside its events.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The account, if it was read.
    pub account: Option<Account>,
    /// The positions were read, every row of them was understood, and no symbol kept moving.
    pub positions_whole: bool,
    /// The exchange days of the broker's calendar, if it was read.
    pub calendar: Vec<Session>,
}

/// Parses a recording: its bodies become sources of `readings`, their rows events.
pub fn parse(recording: &Recording, readings: &mut Readings) -> Answer {
    let mut answer = Answer::default();
    let mut orders = orders::Orders::default();
    let unstable: BTreeSet<Symbol> = recording.unstable.iter().filter_map(|name| Symbol::parse(name)).collect();
    for endpoint in [Endpoint::Account, Endpoint::Calendar, Endpoint::Orders, Endpoint::Activities, Endpoint::Positions] {
        let Some(body) = recording.bodies.get(&endpoint) else { continue };
        let mut rows = Body::new(readings.next_id(), endpoint, &body.file, &body.text);
        match endpoint {
            Endpoint::Account => answer.account = rows.object(account::parse),
            Endpoint::Orders => orders = orders::parse(&mut rows, recording.read_began),
            Endpoint::Activities => activities::parse(&mut rows, &orders),
            Endpoint::Positions => {
                let moving = positions::Moving { unstable: &unstable, named: named(&unstable, readings) };
                answer.positions_whole = positions::parse(&mut rows, &orders, recording.read_began, &moving);
            }
            Endpoint::Calendar => answer.calendar = calendar::parse(&mut rows),
            Endpoint::Clock => {}
        }
        readings.take(rows.harvest(), Text::Memory(body.text.clone()));
    }
    answer
}

/// The symbols that the bot's records name: of these a read that kept moving can still say that they are not held.
fn named(unstable: &BTreeSet<Symbol>, readings: &Readings) -> BTreeSet<Symbol> {
    if unstable.is_empty() { BTreeSet::new() } else { readings.named() }
}

/// One body while it is parsed: its rows, their lines, and the account of them.
struct Body<'a> {
    id: SourceId,
    format: &'static str,
    path: String,
    text: &'a str,
    harvest: Harvest,
    failed_whole: Option<Trouble>,
    /// The row whose place was looked for last, and its line: the next one stands behind it, most of the time.
    last: Cell<(usize, u32)>,
}

impl<'a> Body<'a> {
    fn new(id: SourceId, endpoint: Endpoint, file: &Path, text: &'a str) -> Body<'a> {
        let format = match endpoint {
            Endpoint::Account => "broker_account",
            Endpoint::Positions => "broker_positions",
            Endpoint::Orders => "broker_orders",
            Endpoint::Activities => "broker_activities",
            Endpoint::Clock => "broker_clock",
            Endpoint::Calendar => "broker_calendar",
        };
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Body {
            id,
            format,
            path: format!("broker/{name}"),
            text,
            harvest: Harvest::default(),
            failed_whole: None,
            last: Cell::new((0, 1)),
        }
    }

    /// The rows of an array, raw.
    fn rows(&mut self) -> Vec<&'a RawValue> {
        match json::read::<Vec<&'a RawValue>>(self.text) {
            Ok(rows) => rows,
            Err(trouble) => {
                self.failed_whole = Some(trouble);
                Vec::new()
            }
        }
    }

    /// The body as one object.
    fn object<T>(&mut self, parse: impl Fn(&'a str) -> Result<T, Trouble>) -> Option<T> {
        parse(self.text).map_err(|trouble| self.failed_whole = Some(trouble)).ok()
    }

    fn origin(&self, row: &RawValue) -> Origin {
        let offset = (row.get().as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let (known, line) = self.last.get();
        let line = match self.text.as_bytes().get(known..offset) {
            Some(between) => {
                let breaks = memchr::memchr_iter(b'\n', between).count();
                line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX))
            }
            None => json::line_of(self.text, row.into()),
        };
        self.last.set((offset, line));
        Origin { source: self.id, offset: offset as u64, line }
    }

    fn push(&mut self, row: &RawValue, at: Time, fact: Fact) {
        let origin = self.origin(row);
        self.harvest.events.push(Event { at, origin, fact });
    }

    fn quarantine(&mut self, row: &RawValue, trouble: Trouble) {
        let origin = self.origin(row);
        let excerpt = harmless(row.get(), 120);
        self.harvest.quarantined.push(Quarantined { origin, trouble, excerpt, after: None, before: None });
    }

    fn ignore(&mut self, rule: &'static str) {
        *self.harvest.source.ignored.entry(rule).or_default() += 1;
    }

    /// The account: every line of the body belongs to a row, and is understood unless its row is in trouble or left out.
    fn harvest(mut self) -> Harvest {
        if let Some(trouble) = self.failed_whole {
            return whole_in_trouble(self.id, self.format, &self.path, self.text, trouble);
        }
        let quarantined = self.harvest.quarantined.len() as u64;
        let ignored: u64 = self.harvest.source.ignored.values().sum();
        let lines = (self.text.lines().count() as u64).max(quarantined + ignored);
        self.harvest.source = Source {
            path: self.path,
            format: self.format,
            bytes: self.text.len() as u64,
            lines,
            understood: lines - quarantined - ignored,
            quarantined,
            events: self.harvest.events.len() as u64,
            first: self.harvest.events.iter().map(|event| event.at).min(),
            last: self.harvest.events.iter().map(|event| event.at).max(),
            ..self.harvest.source
        };
        self.harvest
    }
}

/// A row's symbol and nothing more: to name what a row in trouble was about.
fn required(field: Option<&str>) -> Result<&str, Trouble> {
    field.filter(|text| !text.is_empty()).ok_or_else(|| Reason::BadSymbol.into())
}
