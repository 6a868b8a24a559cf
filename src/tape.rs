//! The tape: the events of all sources in one total order, each real event once.

use chrono::Duration;
use rust_decimal::Decimal;
use std::collections::BTreeSet;

use crate::event::{Claim, Event, Fact, Pulse, Standing, Statement};
use crate::fills;
use crate::position::Symbol;
use crate::sightings::{self, MissingSighting};
use crate::time::Time;

/// The totally ordered stream of events.
#[derive(Debug, Default)]
pub struct Tape {
    /// In order.
    pub events: Vec<Event>,
    /// Records that became sightings of another's movement.
    pub joined: u64,
    /// Sightings that should be there and are not.
    pub missing_sightings: Vec<MissingSighting>,
    /// Symbols that `--symbol` left out.
    pub symbols_left_out: BTreeSet<Symbol>,
}

/// What part of the events becomes the tape.
#[derive(Clone, Debug, Default)]
pub struct Cut {
    /// The tape stops here: later events are not on it.
    pub until: Option<Time>,
    /// Only these symbols; all if empty.
    pub symbols: BTreeSet<Symbol>,
    /// The grace around a movement (design, rule 4).
    pub grace: Duration,
    /// Quantities that differ by no more are equal.
    pub tolerance: Decimal,
}

/// Puts events in order, joins sightings, and adds what follows from the broker's activities.
pub fn make(events: Vec<Event>, cut: &Cut) -> Tape {
    let mut tape = Tape::default();
    let events = events.into_iter().filter_map(|event| only_symbols(event, cut, &mut tape.symbols_left_out)).collect();
    let joined = sightings::join(events);
    tape.joined = joined.joined;
    tape.missing_sightings = joined.missing;
    tape.events = joined.events;
    let stated = fills::statements(&tape.events, cut.grace, cut.tolerance);
    tape.events.extend(stated);
    if let Some(until) = cut.until {
        tape.events.retain(|event| event.at <= until);
        tape.missing_sightings.retain(|missing| missing.at <= until);
    }
    tape.events.sort_by_key(|event| (event.at, rank(event), event.origin));
    say_once(&mut tape.events);
    tape
}

/// Design, rule 8: of events at one moment, first what changes whose word counts, then the bot's own account in the order it was
/// written, then the broker's whole books, single statements, counts, the books that are judged, and other pulses.
fn rank(event: &Event) -> u8 {
    match &event.fact {
        Fact::Pulse(Pulse::DegradedEntered | Pulse::DegradedExited | Pulse::NoSnapshot) => 0,
        Fact::Movement(_) => 1,
        Fact::Statement(Statement { witness, claim }) => match (witness.standing(), claim) {
            (Standing::Bot, _) => 1,
            (Standing::Judged, _) => 5,
            (Standing::Broker | Standing::BrokerUnlessDegraded, Claim::WholeBook(_)) => 2,
            (Standing::Broker | Standing::BrokerUnlessDegraded, Claim::Symbol(..)) => 3,
            (Standing::Broker | Standing::BrokerUnlessDegraded, Claim::Count(_)) => 4,
        },
        Fact::Pulse(_) => 6,
    }
}

/// The same statement of the same witness at the same moment, written twice in different spellings, is said once.
fn say_once(events: &mut Vec<Event>) {
    let mut moment: Option<Time> = None;
    let mut said: Vec<Statement> = Vec::new();
    events.retain(|event| {
        if moment != Some(event.at) {
            moment = Some(event.at);
            said.clear();
        }
        let Fact::Statement(statement) = &event.fact else { return true };
        if matches!(statement.claim, Claim::WholeBook(_)) {
            return true;
        }
        let new = !said.contains(statement);
        if new {
            said.push(statement.clone());
        }
        new
    });
}

/// Leaves out symbols that were not asked for. A count of the whole book cannot be checked against part of it, and goes too.
fn only_symbols(mut event: Event, cut: &Cut, left_out: &mut BTreeSet<Symbol>) -> Option<Event> {
    if cut.symbols.is_empty() {
        return Some(event);
    }
    if let Some(symbol) = event.symbol().filter(|symbol| !cut.symbols.contains(*symbol)) {
        left_out.insert(symbol.clone());
        return None;
    }
    match &mut event.fact {
        Fact::Statement(Statement { claim: Claim::Count(_), .. }) => return None,
        Fact::Statement(Statement { claim: Claim::WholeBook(holdings), .. }) => {
            let (kept, others): (Vec<_>, Vec<_>) =
                std::mem::take(holdings).into_iter().partition(|row| cut.symbols.contains(&row.symbol));
            left_out.extend(others.into_iter().map(|row| row.symbol));
            *holdings = kept.into_boxed_slice();
        }
        Fact::Pulse(Pulse::Fix { symbols, .. }) => {
            symbols.retain(|symbol| cut.symbols.contains(symbol));
            if symbols.is_empty() {
                return None;
            }
        }
        Fact::Statement(Statement { claim: Claim::Symbol(..), .. }) | Fact::Movement(_) | Fact::Pulse(_) => {}
    }
    Some(event)
}
