//! The tapes of single symbols: what the whole tape says of each, for folding it alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{Claim, Event, Fact, Form, Holding, Pulse, Statement};
use crate::ledger::Ledger;
use crate::position::Symbol;
use crate::witness::{Standing, Witness};

/// The tapes of some symbols, made while the whole tape passes by. A whole book becomes its row about the symbol; one that repeats the last
/// without a movement between tells nothing new and is left out: what a book costs is its rows, and the symbols that have something new.
pub struct SymbolTapes {
    tapes: BTreeMap<Symbol, Vec<Event>>,
    /// Symbols whose last event is other than a book without them: to these, a book that does not list them is news.
    listed: BTreeSet<Symbol>,
}

impl SymbolTapes {
    /// Nothing has passed by yet.
    pub fn of(symbols: BTreeSet<Symbol>) -> SymbolTapes {
        let tapes = symbols.iter().map(|symbol| (symbol.clone(), Vec::new())).collect();
        SymbolTapes { tapes, listed: symbols }
    }

    /// Takes the next event of the whole tape.
    pub fn take(&mut self, event: &Event) {
        match &event.fact {
            Fact::Statement(Statement { witness, claim: Claim::WholeBook(holdings) }) => {
                if witness.standing() != Standing::Judged {
                    self.book(event, *witness, holdings);
                }
            }
            Fact::Pulse(Pulse::DegradedEntered | Pulse::DegradedExited | Pulse::NoSnapshot) => {
                self.tapes.values_mut().for_each(|own| own.push(event.clone()));
                self.listed.extend(self.tapes.keys().cloned());
            }
            Fact::Movement(_) | Fact::Statement(_) | Fact::Pulse(_) => {
                if let Some((symbol, own)) = event.symbol().and_then(|symbol| Some((symbol, self.tapes.get_mut(symbol)?))) {
                    own.push(event.clone());
                    self.listed.insert(symbol.clone());
                }
            }
        }
    }

    fn book(&mut self, event: &Event, witness: Witness, holdings: &[Holding]) {
        let rows: BTreeMap<&Symbol, &Holding> = holdings.iter().map(|holding| (&holding.symbol, holding)).collect();
        let unlisted: Vec<Symbol> = self.listed.iter().filter(|symbol| !rows.contains_key(symbol)).cloned().collect();
        let said = |row: Option<&Holding>| {
            let claim = Claim::WholeBook(row.cloned().into_iter().collect());
            Event { at: event.at, origin: event.origin, fact: Fact::Statement(Statement { witness, claim }) }
        };
        for (symbol, row) in rows {
            let Some(own) = self.tapes.get_mut(symbol) else { continue };
            self.listed.insert(symbol.clone());
            if !repeats(own.last(), Some(row)) {
                own.push(said(Some(row)));
            }
        }
        for symbol in unlisted {
            let Some(own) = self.tapes.get_mut(&symbol) else { continue };
            if !repeats(own.last(), None) {
                own.push(said(None));
            }
            self.listed.remove(&symbol);
        }
    }

    /// All has passed by.
    pub fn finish(self) -> BTreeMap<Symbol, Vec<Event>> {
        self.tapes
    }
}

/// The tapes of some symbols, of a whole tape that is at hand.
pub fn of(events: &[Event], symbols: BTreeSet<Symbol>) -> BTreeMap<Symbol, Vec<Event>> {
    let mut tapes = SymbolTapes::of(symbols);
    events.iter().for_each(|event| tapes.take(event));
    tapes.finish()
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
