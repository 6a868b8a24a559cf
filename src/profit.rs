//! Profit and loss as logged, against what prices and quantities say (`formats.md` 3.2: wrong signs, first partial fills, options).

use foldhash::HashMap;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bounds::{is_countable, summed};
use crate::event::{Action, Claim, Event, Exit, Fact, Form, Statement};
use crate::origin::Origin;
use crate::position::{InstrumentClass, Symbol};
use crate::time::Time;
use crate::witness::Witness;

/// The bot itself corrects differences above this, and lets smaller ones stand (`formats.md` 3.2).
const TOLERANCE: Decimal = Decimal::from_parts(5, 0, 0, false, 2);

/// The day's profit and loss, twice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profit {
    /// Exits that log a profit and have what is needed to recompute it.
    pub exits: u64,
    /// Sum as logged, USD.
    pub logged: Decimal,
    /// Sum as recomputed, USD: price difference × quantity held × multiplier, without fees.
    pub recomputed: Decimal,
    /// The exits that differ, in tape order.
    pub differing: Vec<Difference>,
}

/// One exit whose logged profit is not what its own prices say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The symbol.
    pub symbol: Symbol,
    /// When.
    pub at: Time,
    /// Which record.
    pub origin: Origin,
    /// USD as logged.
    pub logged: Decimal,
    /// USD as recomputed.
    pub recomputed: Decimal,
    /// Why they differ, as far as it can be told.
    pub why: Why,
}

/// Why a logged profit is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// The sign is the other one: a long reckoned as a short.
    Sign,
    /// Only the first partial fill was counted (`formats.md` T6).
    PartialFill,
    /// An option reckoned per share.
    Multiplier,
    /// None of these.
    Other,
}

impl Why {
    /// Every reason.
    pub const ALL: [Why; 4] = [Why::Sign, Why::PartialFill, Why::Multiplier, Why::Other];

    /// The code that reports use.
    pub fn code(self) -> &'static str {
        match self {
            Why::Sign => "sign",
            Why::PartialFill => "partial_fill",
            Why::Multiplier => "multiplier",
            Why::Other => "other",
        }
    }
}

/// Recomputes the exits of a tape that passes by.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Reckoner {
    stated: HashMap<Origin, Decimal>,
    /// What was found so far.
    pub profit: Profit,
}

impl Reckoner {
    /// Takes the next event of the tape.
    pub fn take(&mut self, event: &Event) {
        match &event.fact {
            Fact::Statement(Statement { witness: Witness::ExitRecord, claim: Claim::Symbol(_, Form::Equals(quantity)) }) => {
                self.stated.insert(event.origin, quantity.abs());
            }
            Fact::Movement(movement) => {
                if let Action::Exit(exit) = &movement.action {
                    self.profit.add(event, &movement.symbol, exit, self.stated.remove(&event.origin));
                }
            }
            Fact::Statement(_) | Fact::Pulse(_) => {}
        }
    }
}

impl Profit {
    fn add(&mut self, event: &Event, symbol: &Symbol, exit: &Exit, stated: Option<Decimal>) {
        let (Some(logged), Some(filled), Some(side)) = (exit.profit, exit.filled, exit.side) else { return };
        let (Some(entry), Some(price)) = (exit.entry_price, exit.price) else { return };
        // The best estimate of what was held is the larger of what was stated and what was seen filled (formats.md 3.2).
        let held = stated.map_or(filled, |stated| stated.max(filled));
        let of = |quantity: Decimal| side.signed(quantity).checked_mul(price - entry);
        let (Some(per_unit), Some(per_fill)) = (of(held), of(filled)) else { return };
        let Some(recomputed) = per_unit.checked_mul(symbol.multiplier()).filter(is_countable) else { return };
        self.exits += 1;
        self.logged += logged;
        self.recomputed = summed(self.recomputed, recomputed);
        let near = |one: Decimal, two: Decimal| (one - two).abs() <= TOLERANCE;
        if near(logged, recomputed) {
            return;
        }
        let why = if symbol.class() == InstrumentClass::Option && near(logged, per_unit) {
            Why::Multiplier
        } else if near(logged, per_fill) {
            Why::PartialFill
        } else if near(logged, -per_fill) || near(logged, -per_unit) {
            Why::Sign
        } else {
            Why::Other
        };
        self.differing.push(Difference { symbol: symbol.clone(), at: event.at, origin: event.origin, logged, recomputed, why });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Movement, Sighting};
    use crate::origin::SourceId;
    use crate::position::Side;

    fn exit(symbol: &str, side: Side, filled: i64, held: i64, prices: (i64, i64), logged: i64) -> Vec<Event> {
        let origin = Origin { source: SourceId(0), offset: 0, line: 1 };
        let symbol = Symbol::parse(symbol).unwrap();
        let action = Action::Exit(Exit {
            side: Some(side),
            filled: Some(Decimal::from(filled)),
            entry_price: Some(Decimal::from(prices.0)),
            price: Some(Decimal::from(prices.1)),
            profit: Some(Decimal::from(logged)),
            ..Exit::default()
        });
        let stated = Claim::Symbol(symbol.clone(), Form::Equals(side.signed(Decimal::from(held))));
        let facts = [
            Fact::Statement(Statement { witness: Witness::ExitRecord, claim: stated }),
            Fact::moved(Movement { symbol, action, sighting: Sighting::Attribution, joined: Vec::new() }),
        ];
        facts.map(|fact| Event { at: Time::UNIX_EPOCH, origin, fact }).into()
    }

    #[test]
    fn a_wrong_profit_says_why() {
        let why = |events: Vec<Event>| {
            let mut reckoner = Reckoner::default();
            events.iter().for_each(|event| reckoner.take(event));
            reckoner.profit.differing.first().map(|difference| difference.why)
        };
        assert_eq!(why(exit("DAL", Side::Long, 5, 5, (10, 12), 10)), None);
        assert_eq!(why(exit("DAL", Side::Short, 5, 5, (10, 12), -10)), None);
        assert_eq!(why(exit("DAL", Side::Long, 5, 5, (10, 12), -10)), Some(Why::Sign));
        assert_eq!(why(exit("DAL", Side::Long, 2, 5, (10, 12), 4)), Some(Why::PartialFill));
        assert_eq!(why(exit("DAL260220C00051500", Side::Long, 5, 5, (10, 12), 10)), Some(Why::Multiplier));
        assert_eq!(why(exit("DAL", Side::Long, 5, 5, (10, 12), 77)), Some(Why::Other));
    }
}
