//! How long the broker's whole books lag behind the bot's records of what it traded.

use chrono::Duration;
use rust_decimal::Decimal;
use std::sync::Arc;

use crate::Replay;
use crate::biographies::{Row, What};
use crate::event::{Action, Claim, Fact, Holding, Statement};
use crate::position::Symbol;
use crate::time::Time;
use crate::witness::Standing;

/// The lags of movements: from the record to the first whole book of the broker that shows what it came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lags {
    /// In order. Zero where the book before the record showed it.
    pub shown: Vec<Duration>,
    /// No book showed them until the records ended.
    pub never: usize,
    /// The symbol moved again before the next book.
    pub overtaken: usize,
    /// What they came to is not known exactly.
    pub unknown: usize,
}

/// Whole books of the broker, in order.
type Books<'a> = Vec<(Time, &'a Arc<[Holding]>)>;

impl Lags {
    /// Those of a replay that kept its tape and its biographies.
    pub(super) fn of(replay: &Replay) -> Lags {
        let mut lags = Lags::default();
        let books: Books<'_> = replay.tape.events.iter().filter_map(|event| Some((event.at, book(&event.fact)?))).collect();
        let tolerance = replay.report.asked.equality.tolerance_quantity;
        let biographies = replay.ledger.biographies.iter().flat_map(|biographies| &biographies.of);
        for (symbol, biography) in biographies {
            let moved: Vec<&Row> = biography.rows.iter().filter(|row| is_moved(row)).collect();
            for (place, row) in moved.iter().enumerate() {
                let next = moved.get(place + 1).map(|next| next.at);
                let Some(quantity) = row.expected.known() else {
                    lags.unknown += 1;
                    continue;
                };
                let shows = |held: &[Holding]| (held_of(held, symbol) - quantity).abs() <= tolerance;
                lags.take(row.at, next, &books, shows);
            }
        }
        lags
    }

    fn take(&mut self, at: Time, next: Option<Time>, books: &Books<'_>, shows: impl Fn(&[Holding]) -> bool) {
        let later = books.partition_point(|(stated, _)| *stated <= at);
        if later > 0 && shows(books[later - 1].1) {
            self.shown.push(Duration::zero());
            return;
        }
        let until = next.map_or(books.len(), |next| books.partition_point(|(stated, _)| *stated < next));
        let own = books.get(later..until).unwrap_or_default();
        match own.iter().find(|(_, held)| shows(held)) {
            Some((stated, _)) => self.shown.push(*stated - at),
            None if own.is_empty() && next.is_some() => self.overtaken += 1,
            None => self.never += 1,
        }
    }

    pub(super) fn add(&mut self, other: Lags) {
        self.shown.extend(other.shown);
        self.never += other.never;
        self.overtaken += other.overtaken;
        self.unknown += other.unknown;
    }

    pub(super) fn sort(&mut self) {
        self.shown.sort_unstable();
    }

    /// All movements that were looked at.
    pub fn count(&self) -> usize {
        self.shown.len() + self.never + self.overtaken + self.unknown
    }
}

fn book(fact: &Fact) -> Option<&Arc<[Holding]>> {
    let Fact::Statement(Statement { witness, claim: Claim::WholeBook(holdings) }) = fact else { return None };
    matches!(witness.standing(), Standing::Broker | Standing::BrokerUnlessDegraded).then_some(holdings)
}

fn is_moved(row: &Row) -> bool {
    match &row.what {
        What::Moved(movement) => match movement.action {
            Action::Entry(_) | Action::ScaleOut(_) | Action::Exit(_) => true,
            Action::Fill(_) | Action::CorporateAction(_) => false,
        },
        What::Stated(..) | What::Several(_) => false,
    }
}

fn held_of(held: &[Holding], symbol: &Symbol) -> Decimal {
    held.iter().rev().find(|row| row.symbol == *symbol).and_then(|row| row.quantity).unwrap_or_default()
}
