//! Ties: movements of one symbol at one moment, whose order nobody knows (design, rule 8). Where the other order would give other breaks,
//! the report says so.

use itertools::Itertools;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use crate::breaks::{Kind, Severity, Tie};
use crate::event::{Event, Fact, Statement};
use crate::ledger::Ledger;
use crate::origin::Origin;
use crate::position::Symbol;
use crate::time::Time;
use crate::witness::Standing;

/// Finds the symbols that have movements of different records at one moment, while the tape passes by. Ties are rare: clocks have
/// microseconds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ties {
    moment: Option<Time>,
    moved: Vec<(Symbol, Origin)>,
    /// The symbols found so far.
    pub symbols: BTreeSet<Symbol>,
}

impl Ties {
    /// Takes the next event of the tape.
    pub fn take(&mut self, event: &Event) {
        let (true, Some(symbol)) = (event.moves_expected(), event.symbol()) else { return };
        if self.moment != Some(event.at) {
            self.moment = Some(event.at);
            self.moved.clear();
        }
        if self.moved.iter().any(|(other, origin)| other == symbol && *origin != event.origin) {
            self.symbols.insert(symbol.clone());
        }
        self.moved.push((symbol.clone(), event.origin));
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Action, Claim, Entry, Exit, Form, Movement, Sighting};
    use crate::ledger::Settings;
    use crate::origin::SourceId;
    use crate::position::Side;
    use crate::time::Time;
    use crate::witness::Witness;
    use chrono::Duration;
    use rust_decimal::Decimal;

    fn at(minute: i64, line: u32, fact: Fact) -> Event {
        let begins: Time = "2026-03-11T14:00:00Z".parse().unwrap();
        Event { at: begins + Duration::minutes(minute), origin: Origin { source: SourceId(0), offset: 0, line }, fact }
    }

    fn moves(symbol: &Symbol, action: Action) -> Fact {
        Fact::moved(Movement { symbol: symbol.clone(), action, sighting: Sighting::Attribution, joined: Vec::new() })
    }

    fn says(symbol: &Symbol, form: Form) -> Fact {
        Fact::Statement(Statement { witness: Witness::BrokerPositions, claim: Claim::Symbol(symbol.clone(), form) })
    }

    fn tape(apart: i64) -> Vec<Event> {
        let Some(symbol) = Symbol::parse("DAL") else { return Vec::new() };
        let entry = Entry { side: Some(Side::Long), logged: Some(Decimal::TEN), ..Entry::default() };
        vec![
            at(0, 1, says(&symbol, Form::NotHeld)),
            at(5, 2, moves(&symbol, Action::Entry(entry))),
            at(5 + apart, 3, moves(&symbol, Action::Exit(Exit::default()))),
            at(20, 4, says(&symbol, Form::Equals(Decimal::TEN))),
        ]
    }

    fn ties(events: &[Event]) -> (Vec<Tie>, Ledger) {
        let mut ledger = Ledger::new(Settings::default());
        for event in events {
            ledger.push(event.clone());
        }
        ledger.drain();
        let mut found = Vec::new();
        let mut tied = Ties::default();
        events.iter().for_each(|event| tied.take(event));
        for symbol in tied.symbols {
            found.extend(sensitive(&symbol, events, &Ledger::new(Settings::default()), &mut ledger));
        }
        (found, ledger)
    }

    #[test]
    fn a_tie_that_decides_a_break_is_told() {
        let (found, ledger) = ties(&tape(0));
        assert_eq!(found.iter().map(|tie| tie.origins.len()).collect::<Vec<_>>(), [2]);
        assert!(ledger.breaks.iter().all(|found| found.order_sensitive));
        assert_eq!(ledger.breaks.len(), 1);
    }

    #[test]
    fn what_is_not_tied_has_one_order() {
        let (found, ledger) = ties(&tape(1));
        assert_eq!((found.len(), ledger.breaks.len()), (0, 1));
        assert!(!ledger.breaks[0].order_sensitive);
    }
}
