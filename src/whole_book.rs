//! Whole books held against the expected book, row by row; what they do not list is not held.

use itertools::Either::{Left, Right};
use rust_decimal::Decimal;
use std::sync::Arc;

use crate::breaks::BookName;
use crate::event::{Event, Form, Holding};
use crate::ledger::{LastBook, Ledger, is_held};
use crate::position::Symbol;
use crate::witness::{Standing, Witness};

impl Ledger {
    /// Holds a whole book against the expected one: what it lists is held, and nothing else.
    pub(crate) fn whole_book(&mut self, place: usize, event: &Event, witness: Witness, holdings: &Arc<[Holding]>) -> bool {
        let book = LastBook { at: event.at, witness, holdings: Arc::clone(holdings) };
        match witness.standing() {
            Standing::Judged => {
                let name = if witness == Witness::Metadata { BookName::Metadata } else { BookName::Executor };
                self.books.insert(name, book);
                if name == BookName::Executor {
                    self.executor_written = Some(event.origin);
                }
                return name == BookName::Metadata || self.judge_executor(place, event, holdings);
            }
            Standing::Broker | Standing::BrokerUnlessDegraded => {
                self.books.insert(BookName::Broker, book);
            }
            Standing::Bot => {}
        }
        let mut held = true;
        let listed = by_symbol(holdings);
        let unlisted = self.unlisted(&listed);
        for holding in &listed {
            let outcome = self.assert_row(place, event, holding, witness);
            held &= is_held(outcome);
        }
        for symbol in &unlisted {
            self.note_absence(event, symbol, witness);
            let outcome = self.assert_symbol(event, symbol, &Form::NotHeld, witness, Decimal::ZERO);
            held &= is_held(outcome);
            self.mark(place, event, symbol, Some((witness, Form::NotHeld)), Some(outcome));
        }
        if witness.standing() != Standing::Bot {
            self.nothing_else_is_held();
            self.count_settled(event.at, held);
        }
        held
    }

    /// The symbols that a book, whose rows are in order, should list or deny, and does not list.
    fn unlisted(&self, listed: &[&Holding]) -> Vec<Symbol> {
        let mut rows = listed.iter().peekable();
        let mut is_listed = |symbol: &Symbol| {
            while rows.next_if(|row| row.symbol < *symbol).is_some() {}
            rows.peek().is_some_and(|row| row.symbol == *symbol)
        };
        // Mostly nothing is broken.
        let asked =
            if self.broken.is_empty() { Left(self.not_flat().iter()) } else { Right(self.not_flat().union(&self.broken)) };
        asked.filter(|symbol| !is_listed(symbol)).cloned().collect()
    }
}

/// The rows of a book by their symbols; of two rows of one symbol the last counts.
fn by_symbol(holdings: &[Holding]) -> Vec<&Holding> {
    let mut rows: Vec<&Holding> = holdings.iter().collect();
    if !rows.is_sorted_by(|one, two| one.symbol < two.symbol) {
        rows.sort_by(|one, two| one.symbol.cmp(&two.symbol));
        rows.dedup_by(|later, kept| {
            let again = later.symbol == kept.symbol;
            if again {
                *kept = later;
            }
            again
        });
    }
    rows
}
