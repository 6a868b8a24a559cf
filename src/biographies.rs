//! Biographies: what became of every symbol, row by row, for those who draw it. Kept plainly while the tape passes by, since a long tape
//! is not kept; what says the same is one row, and beyond a bound quiet rows are drawn together, which each such row says of itself.

use std::collections::BTreeMap;

use crate::event::{Action, Event, Fact, Form, Movement};
use crate::origin::Origin;
use crate::outcome::Outcome;
use crate::position::{Quantity, Symbol};
use crate::time::Time;
use crate::witness::{Standing, Witness};

/// So many rows of all symbols together are kept one by one.
pub const KEPT: usize = 100_000;

/// So many rows before a failure stay single, and a few after it: they are what one looks at.
const BEFORE_A_FAILURE: usize = 12;
const AFTER_A_FAILURE: usize = 4;

/// Every symbol's biography.
#[derive(Clone, Debug)]
pub struct Biographies {
    /// By symbol.
    pub of: BTreeMap<Symbol, Biography>,
    from: Option<Time>,
    rows: usize,
    most: usize,
}

/// One symbol's biography.
#[derive(Clone, Debug)]
pub struct Biography {
    /// What should have been held when it begins.
    pub opening: Quantity,
    /// In tape order.
    pub rows: Vec<Row>,
    moved: bool,
}

/// What an event did to one symbol, or what several did that say the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// When; of several, the first.
    pub at: Time,
    /// Where; of several, the first.
    pub origin: Origin,
    /// The expected quantity after it.
    pub expected: Quantity,
    /// What it is.
    pub what: What,
    /// What became of it, if it is a statement.
    pub outcome: Option<Outcome>,
    /// The first statement that agrees exactly since the last movement.
    pub confirms: bool,
    /// As many more like it follow.
    pub more: u32,
    /// When and where the last of them is.
    pub last: (Time, Origin),
}

/// What a row is.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Something was traded, or meant to be.
    Moved(Box<Movement>),
    /// A witness spoke.
    Stated(Witness, Form),
    /// Rows in which nothing failed for the first time, drawn together.
    Several(Several),
}

/// What was drawn together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Several {
    /// Movements.
    pub movements: u32,
    /// Statements that held.
    pub held: u32,
    /// Statements that failed as one before them had.
    pub failed_again: u32,
    /// Statements that prove nothing.
    pub proves_nothing: u32,
}

impl Row {
    /// Events that it stands for.
    pub fn events(&self) -> u32 {
        match &self.what {
            What::Moved(_) | What::Stated(..) => 1 + self.more,
            What::Several(several) => several.movements + several.held + several.failed_again + several.proves_nothing,
        }
    }

    fn sum(&self) -> Several {
        let events = self.events();
        match (&self.what, self.outcome) {
            (What::Several(several), _) => *several,
            (What::Moved(_), _) => Several { movements: events, ..Several::default() },
            (What::Stated(..), Some(Outcome::Failed | Outcome::FailedAgain)) => {
                Several { failed_again: events, ..Several::default() }
            }
            (What::Stated(..), Some(Outcome::ProvesNothing)) => Several { proves_nothing: events, ..Several::default() },
            (What::Stated(..), Some(Outcome::Held | Outcome::HeldWithinGrace) | None) => {
                Several { held: events, ..Several::default() }
            }
        }
    }

    fn is_loud(&self) -> bool {
        self.outcome == Some(Outcome::Failed)
    }

    /// Whether a row that comes after it tells nothing new: the same is said on the same side, of the same, and came to the same.
    fn says_the_same(&self, next: &Row) -> bool {
        let (What::Stated(one, form), What::Stated(two, other)) = (&self.what, &next.what) else { return false };
        let same = form == other && is_brokers(*one) == is_brokers(*two) && self.expected == next.expected;
        same && self.outcome == next.outcome && !self.is_loud() && !next.confirms
    }

    fn and(self, next: &Row) -> Row {
        let (one, two) = (self.sum(), next.sum());
        let several = Several {
            movements: one.movements + two.movements,
            held: one.held + two.held,
            failed_again: one.failed_again + two.failed_again,
            proves_nothing: one.proves_nothing + two.proves_nothing,
        };
        Row {
            expected: next.expected,
            what: What::Several(several),
            outcome: None,
            confirms: false,
            more: 0,
            last: next.last,
            ..self
        }
    }
}

/// Whether a witness speaks for the broker.
pub fn is_brokers(witness: Witness) -> bool {
    matches!(witness.standing(), Standing::Broker | Standing::BrokerUnlessDegraded)
}

impl Biographies {
    /// None yet. Of what came before `from`, only what should have been held then is kept.
    pub fn since(from: Option<Time>) -> Biographies {
        Biographies { of: BTreeMap::new(), from, rows: 0, most: KEPT }
    }

    /// Takes what an event did to a symbol, which should be held in the `expected` quantity after it. `event` has the line of the
    /// symbol's own row.
    pub(crate) fn take(
        &mut self,
        event: &Event,
        symbol: &Symbol,
        expected: Quantity,
        stated: Option<(Witness, Form)>,
        outcome: Option<Outcome>,
    ) {
        let what = match (stated, &event.fact) {
            (Some((witness, form)), _) => What::Stated(witness, form),
            (None, Fact::Movement(movement)) => What::Moved(movement.clone()),
            (None, Fact::Statement(_) | Fact::Pulse(_)) => return,
        };
        if !self.of.contains_key(symbol) {
            self.of.insert(symbol.clone(), Biography { opening: Quantity::UNKNOWN, rows: Vec::new(), moved: false });
        }
        let Some(biography) = self.of.get_mut(symbol) else { return };
        // A state file without a time of its own belongs to the end.
        if event.at != Time::UNIX_EPOCH && self.from.is_some_and(|from| event.at < from) {
            biography.opening = expected;
            return;
        }
        let confirms = biography.confirms(&what, outcome);
        let last = (event.at, event.origin);
        let row = Row { at: event.at, origin: event.origin, expected, what, outcome, confirms, more: 0, last };
        match biography.rows.last_mut() {
            Some(before) if before.says_the_same(&row) => {
                before.more += 1;
                before.last = last;
            }
            Some(_) | None => {
                biography.rows.push(row);
                self.rows += 1;
            }
        }
        if self.rows > self.most {
            self.draw_together();
        }
    }

    /// Halves the rows that nobody looks at one by one.
    fn draw_together(&mut self) {
        self.of.values_mut().for_each(Biography::draw_together);
        self.rows = self.of.values().map(|biography| biography.rows.len()).sum();
        // What is left are failures and what is near them: the report has each of them as a break, too.
        self.most = KEPT.max(self.rows * 2);
    }
}

impl Biography {
    fn confirms(&mut self, what: &What, outcome: Option<Outcome>) -> bool {
        match what {
            What::Moved(movement) => {
                self.moved |= !matches!(movement.action, Action::Fill(_));
                false
            }
            What::Stated(_, Form::Equals(_) | Form::NotHeld) => match outcome {
                Some(Outcome::Held) => std::mem::take(&mut self.moved),
                Some(Outcome::Failed | Outcome::FailedAgain) => {
                    self.moved = false;
                    false
                }
                Some(Outcome::HeldWithinGrace | Outcome::ProvesNothing) | None => false,
            },
            What::Stated(_, Form::AtLeast(_) | Form::Held | Form::ScoreLost(_)) | What::Several(_) => false,
        }
    }

    fn draw_together(&mut self) {
        let single = self.near_failures();
        let mut drawn: Vec<Row> = Vec::with_capacity(self.rows.len());
        let mut open = false;
        for (place, row) in std::mem::take(&mut self.rows).into_iter().enumerate() {
            let quiet = !single.get(place).copied().unwrap_or(false);
            match drawn.pop() {
                Some(before) if open && quiet => {
                    drawn.push(before.and(&row));
                    open = false;
                }
                before => {
                    drawn.extend(before);
                    drawn.push(row);
                    open = quiet;
                }
            }
        }
        self.rows = drawn;
    }

    fn near_failures(&self) -> Vec<bool> {
        let mut near = vec![false; self.rows.len()];
        for (place, _) in self.rows.iter().enumerate().filter(|(_, row)| row.is_loud()) {
            let end = (place + AFTER_A_FAILURE + 1).min(near.len());
            near[place.saturating_sub(BEFORE_A_FAILURE)..end].fill(true);
        }
        near
    }

    /// What all its rows stand for, and how many of them failed for the first time.
    pub fn sum(&self) -> (Several, u32) {
        let mut sum = Several::default();
        for row in &self.rows {
            let of = row.sum();
            sum.movements += of.movements;
            sum.held += of.held;
            sum.failed_again += of.failed_again;
            sum.proves_nothing += of.proves_nothing;
        }
        let failed = self.rows.iter().filter(|row| row.is_loud()).count();
        let failed = u32::try_from(failed).unwrap_or(u32::MAX);
        (Several { failed_again: sum.failed_again.saturating_sub(failed), ..sum }, failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Entry, Sighting};
    use crate::origin::SourceId;
    use crate::position::Side;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    fn event(second: i64, fact: Fact) -> Event {
        let line = u32::try_from(second).unwrap();
        let origin = Origin { source: SourceId(0), offset: 0, line };
        Event { at: crate::time::Time::of_seconds(1_770_000_000 + second), origin, fact }
    }

    fn entry(symbol: &Symbol) -> Fact {
        let action = Action::Entry(Entry { side: Some(Side::Long), logged: Some(Decimal::ONE), ..Entry::default() });
        Fact::Movement(Box::new(Movement { symbol: symbol.clone(), action, sighting: Sighting::Attribution, joined: Vec::new() }))
    }

    /// Takes a row for each number: a movement, or a statement that came to something.
    fn told(numbers: &[u8], most: usize) -> Biographies {
        let symbol = Symbol::parse("DAL").unwrap();
        let mut biographies = Biographies { most, ..Biographies::since(None) };
        for (second, number) in (0i64..).zip(numbers) {
            let stated = Some((Witness::PortfolioHistory, Form::Equals(Decimal::from(number % 3))));
            let pulse = || event(second, Fact::Pulse(crate::event::Pulse::Evaluation));
            let (event, stated, outcome) = match number % 5 {
                0 => (event(second, entry(&symbol)), None, None),
                1 | 2 => (pulse(), stated, Some(Outcome::Held)),
                3 => (pulse(), stated, Some(Outcome::FailedAgain)),
                _ => (pulse(), stated, Some(Outcome::Failed)),
            };
            biographies.take(&event, &symbol, Quantity::exact(Decimal::ONE), stated, outcome);
        }
        biographies
    }

    proptest! {
        /// However few rows are kept, they stand for every event, and no first failure is drawn together with anything.
        #[test]
        fn nothing_is_left_out(numbers in prop::collection::vec(0u8..30, 0..300), most in 1usize..400) {
            let symbol = Symbol::parse("DAL").unwrap();
            let events = |biographies: &Biographies| -> u32 {
                biographies.of.get(&symbol).map_or(0, |biography| biography.rows.iter().map(Row::events).sum())
            };
            let (few, all) = (told(&numbers, most), told(&numbers, usize::MAX));
            prop_assert_eq!(events(&few) as usize, numbers.len());
            prop_assert_eq!(events(&all) as usize, numbers.len());
            let sums = |biographies: &Biographies| biographies.of.get(&symbol).map(Biography::sum);
            prop_assert_eq!(sums(&few), sums(&all));
            let failed = numbers.iter().filter(|number| *number % 5 == 4).count();
            let loud = few.of.get(&symbol).map_or(0, |biography| biography.rows.iter().filter(|row| row.is_loud()).count());
            prop_assert_eq!(loud, failed);
        }
    }

    #[test]
    fn what_says_the_same_is_one_row_and_what_confirms_begins_one() {
        let biographies = told(&[0, 1, 1, 1, 0, 1], usize::MAX);
        let rows = &biographies.of.values().next().unwrap().rows;
        let told: Vec<(bool, u32)> = rows.iter().map(|row| (row.confirms, row.more)).collect();
        assert_eq!(told, [(false, 0), (true, 2), (false, 0), (true, 0)]);
        assert_eq!(rows[1].last.1.line, 3);
    }
}
