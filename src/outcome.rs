//! Outcome: what became of statements and of the reconciler's fixes, counted and kept.

use crate::constant::{self, Word};
use crate::event::Form;
use crate::origin::Origin;
use crate::position::{Quantity, Symbols};
use crate::time::Time;
use crate::witness::Witness;
use serde::{Deserialize, Serialize};

/// What became of a statement about one symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Held,
    /// It holds for one side of a movement less than the grace away.
    HeldWithinGrace,
    /// It does not hold.
    Failed,
    /// It does not hold, and belongs to a break that is already open.
    FailedAgain,
    /// It proves nothing: it was made while the reconciler had lost the broker.
    ProvesNothing,
}

/// What an event did to one symbol: a row of its biography.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Place of the event in the tape.
    pub place: usize,
    /// The expected quantity after it.
    pub expected: Quantity,
    /// What the witness said, if it is a statement about the symbol.
    pub stated: Option<(Witness, Form)>,
    /// What became of it.
    pub outcome: Option<Outcome>,
}

/// A fix of the reconciler, and whether what it said was news.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fix {
    /// When.
    pub at: Time,
    /// Where.
    pub origin: Origin,
    /// Which.
    #[serde(with = "constant")]
    pub event: Word,
    /// Which symbols.
    pub symbols: Symbols,
    /// What it stated contradicted the expected book, or repeated a contradiction of the same moment.
    pub contradicted: bool,
    /// It was made while the reconciler had lost the broker.
    pub degraded: bool,
    /// What it contradicted has a proved cause.
    pub cause_known: bool,
}

/// Counts of the fold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Movements of the bot, and of both parties.
    pub movements: u64,
    /// Statements.
    pub statements: u64,
    /// Statements of which every part held.
    pub statements_held: u64,
    /// Statements of which a part failed.
    pub statements_failed: u64,
    /// Pulses.
    pub pulses: u64,
    /// Broker fills.
    pub fills: u64,
}

impl Fix {
    /// What hindsight may say.
    pub const VERDICTS: [&str; 4] = ["routine", "right", "masking", "harmful"];

    /// Hindsight (design, rule 5): what agreed with the tape was routine; what did not repaired a fault whose cause is proved, or
    /// overwrote a book without it being known; what was made without the broker moved the book away from it.
    pub fn verdict(&self) -> &'static str {
        match (self.contradicted, self.degraded) {
            (true, true) => "harmful",
            (true, false) if self.cause_known => "right",
            (true, false) => "masking",
            (false, _) => "routine",
        }
    }
}
