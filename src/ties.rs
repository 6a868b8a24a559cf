//! Ties: movements of one symbol at one moment, whose order nobody knows (design, rule 8). Where the other order would give other breaks,
//! the report says so.

use itertools::Itertools;
use std::collections::BTreeSet;

use crate::breaks::{Kind, Severity, Tie};
use crate::event::{Event, Fact, Standing, Statement};
use crate::ledger::Ledger;
use crate::position::Symbol;
use crate::time::Time;

/// The symbols that have movements of different records at one moment. Ties are rare: clocks have microseconds.
pub fn tied_symbols(events: &[Event]) -> BTreeSet<Symbol> {
    let movements = events.iter().filter(|event| event.moves_expected());
    let moments = movements.chunk_by(|event| event.at);
    let mut tied = BTreeSet::new();
    for (_, group) in &moments {
        let group: Vec<&Event> = group.collect();
        for (one, two) in group.iter().tuple_combinations() {
            if let (Some(symbol), true) = (one.symbol(), one.symbol() == two.symbol() && one.origin != two.origin) {
                tied.insert(symbol.clone());
            }
        }
    }
    tied
}

/// Folds each tie of a symbol's tape in the other order too; gives those that matter, and marks the breaks that come or go with them.
pub fn sensitive(symbol: &Symbol, events: &[Event], beginning: &Ledger, ledger: &mut Ledger) -> Vec<Tie> {
    let as_folded = breaks_of(events, beginning);
    let mut ties = Vec::new();
    for (from, until) in tied_stretches(events) {
        let swapped = breaks_of(&in_other_order(events, from, until), beginning);
        if swapped == as_folded {
            continue;
        }
        let changed: BTreeSet<&(Time, Kind)> = as_folded.symmetric_difference(&swapped).collect();
        for found in ledger.breaks.iter_mut().filter(|found| found.symbol.as_ref() == Some(symbol)) {
            found.order_sensitive |= changed.contains(&(found.first_failed_at, found.kind));
        }
        let origins = events[from..until].iter().map(|event| event.origin).dedup().collect();
        ties.push(Tie { symbol: symbol.clone(), at: events[from].at, origins });
    }
    ties
}

/// Stretches of bot's records at one moment, with more than one movement among them.
fn tied_stretches(events: &[Event]) -> Vec<(usize, usize)> {
    let mut stretches = Vec::new();
    let mut from = 0;
    while from < events.len() {
        let at = events[from].at;
        let until =
            events[from..].iter().position(|event| event.at != at || !is_bots(event)).map_or(events.len(), |steps| from + steps);
        let movements = events[from..until].iter().filter(|event| event.moves_expected());
        if movements.map(|event| event.origin).unique().count() > 1 {
            stretches.push((from, until));
        }
        from = until.max(from + 1);
    }
    stretches
}

fn is_bots(event: &Event) -> bool {
    match &event.fact {
        Fact::Statement(Statement { witness, .. }) => witness.standing() == Standing::Bot,
        Fact::Movement(_) => true,
        Fact::Pulse(_) => false,
    }
}

/// The records of a stretch in reverse; what one record says stays together.
fn in_other_order(events: &[Event], from: usize, until: usize) -> Vec<Event> {
    let records = events[from..until].chunk_by(|one, two| one.origin == two.origin).rev();
    let swapped = records.flat_map(|record| record.iter().cloned());
    events[..from].iter().cloned().chain(swapped).chain(events[until..].iter().cloned()).collect()
}

fn breaks_of(events: &[Event], beginning: &Ledger) -> BTreeSet<(Time, Kind)> {
    let mut ledger = beginning.clone();
    for event in events {
        ledger.push(event.clone());
    }
    ledger.drain();
    let found = ledger.breaks.iter().filter(|found| found.severity >= Severity::Warning && !found.withdrawn);
    found.map(|found| (found.first_failed_at, found.kind)).collect()
}
