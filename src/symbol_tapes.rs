//! The tapes of single symbols: what the whole tape says of each, for folding it alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{Claim, Event, Fact, Form, Holding, Pulse, Statement};
use crate::ledger::Ledger;
use crate::position::Symbol;
use crate::witness::{Standing, Witness};

/// The tapes of some symbols, made in one pass. A whole book becomes its row about the symbol; one that repeats the last without a
/// movement between tells nothing new and is left out: what a book costs is its rows, and the symbols that have something new.
pub fn of(events: &[Event], symbols: BTreeSet<Symbol>) -> BTreeMap<Symbol, Vec<Event>> {
    // Symbols whose last event is other than a book without them: to these, a book that does not list them is news.
    let mut listed: BTreeSet<Symbol> = symbols.clone();
    let mut tapes: BTreeMap<Symbol, Vec<Event>> = symbols.into_iter().map(|symbol| (symbol, Vec::new())).collect();
    for event in events {
        match &event.fact {
            Fact::Statement(Statement { witness, claim: Claim::WholeBook(holdings) })
                if witness.standing() != Standing::Judged =>
            {
                let rows: BTreeMap<&Symbol, &Holding> = holdings.iter().map(|holding| (&holding.symbol, holding)).collect();
                let unlisted: Vec<Symbol> = listed.iter().filter(|symbol| !rows.contains_key(symbol)).cloned().collect();
                let said = |row: Option<&Holding>| {
                    let claim = Claim::WholeBook(row.cloned().into_iter().collect());
                    let fact = Fact::Statement(Statement { witness: *witness, claim });
                    Event { at: event.at, origin: event.origin, fact }
                };
                for (symbol, row) in rows {
                    let Some(own) = tapes.get_mut(symbol) else { continue };
                    listed.insert(symbol.clone());
                    if !repeats(own.last(), Some(row)) {
                        own.push(said(Some(row)));
                    }
                }
                for symbol in unlisted {
                    let Some(own) = tapes.get_mut(&symbol) else { continue };
                    if !repeats(own.last(), None) {
                        own.push(said(None));
                    }
                    listed.remove(&symbol);
                }
            }
            Fact::Pulse(Pulse::DegradedEntered | Pulse::DegradedExited | Pulse::NoSnapshot) => {
                tapes.values_mut().for_each(|own| own.push(event.clone()));
                listed.extend(tapes.keys().cloned());
            }
            Fact::Movement(_) | Fact::Statement(_) | Fact::Pulse(_) => {
                if let Some((symbol, own)) = event.symbol().and_then(|symbol| Some((symbol, tapes.get_mut(symbol)?))) {
                    own.push(event.clone());
                    listed.insert(symbol.clone());
                }
            }
        }
    }
    tapes
}

/// A count says of a symbol that it is flat without naming it: on the symbol's own tape it does.
pub fn add_counts(tapes: &mut BTreeMap<Symbol, Vec<Event>>, ledger: &Ledger) {
    for (at, origin, symbol) in &ledger.counted_flat {
        let Some(own) = tapes.get_mut(symbol) else { continue };
        let statement = Statement { witness: Witness::Reconciler, claim: Claim::Symbol(symbol.clone(), Form::NotHeld) };
        let place = own.partition_point(|event| event.at <= *at);
        own.insert(place, Event { at: *at, origin: *origin, fact: Fact::Statement(statement) });
    }
}

/// Whether a book's row, or its lack of one, has the quantity of the book just before it.
fn repeats(last: Option<&Event>, row: Option<&Holding>) -> bool {
    let Some(Fact::Statement(Statement { claim: Claim::WholeBook(before), .. })) = last.map(|event| &event.fact) else {
        return false;
    };
    before.first().map(|row| row.quantity) == row.map(|row| row.quantity)
}
