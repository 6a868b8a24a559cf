//! Break: a statement that does not hold, with its life, its evidence and its cause.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use crate::constant::{self, Word, Words};
use crate::origin::Origin;
use crate::position::{Quantity, Symbol, plain};
use crate::time::{self, Time};

/// The kinds of break. Codes and meanings are fixed by the contract, section 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// The witness holds it, the book does not.
    Missing,
    /// The book holds it, the witness does not.
    Orphan,
    /// Both hold it, in different quantities.
    Quantity,
    /// Both hold it, on different sides.
    Side,
    /// Both hold it, at different average entry prices.
    EntryPrice,
    /// The witness holds another number of symbols.
    Count,
    /// Held, and the metadata has no row.
    MissingMetadata,
    /// Not held, and the metadata has a row.
    OrphanMetadata,
    /// Held, and its entry score is gone.
    MissingEntryScore,
    /// An entry of a bot that enters only what it does not hold, while it is held.
    EntryWhileOpen,
    /// An exit of what is not held.
    ExitWithoutEntry,
    /// An exit of another quantity than is held.
    ExitQuantity,
    /// A scale-out of what is not held.
    ScaleOutWithoutEntry,
    /// A record that one of its kind always has beside it is not there.
    MissingSighting,
    /// A file is older than what it should describe.
    StaleState,
    /// An entry is pending, and no witness has told whether it filled.
    UnresolvedPending,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 16] = [
        Kind::Missing,
        Kind::Orphan,
        Kind::Quantity,
        Kind::Side,
        Kind::EntryPrice,
        Kind::Count,
        Kind::MissingMetadata,
        Kind::OrphanMetadata,
        Kind::MissingEntryScore,
        Kind::EntryWhileOpen,
        Kind::ExitWithoutEntry,
        Kind::ExitQuantity,
        Kind::ScaleOutWithoutEntry,
        Kind::MissingSighting,
        Kind::StaleState,
        Kind::UnresolvedPending,
    ];

    /// The code of the contract.
    pub fn code(self) -> &'static str {
        match self {
            Kind::Missing => "missing",
            Kind::Orphan => "orphan",
            Kind::Quantity => "quantity",
            Kind::Side => "side",
            Kind::EntryPrice => "entry_price",
            Kind::Count => "count",
            Kind::MissingMetadata => "missing_metadata",
            Kind::OrphanMetadata => "orphan_metadata",
            Kind::MissingEntryScore => "missing_entry_score",
            Kind::EntryWhileOpen => "entry_while_open",
            Kind::ExitWithoutEntry => "exit_without_entry",
            Kind::ExitQuantity => "exit_quantity",
            Kind::ScaleOutWithoutEntry => "scale_out_without_entry",
            Kind::MissingSighting => "missing_sighting",
            Kind::StaleState => "stale_state",
            Kind::UnresolvedPending => "unresolved_pending",
        }
    }
}

impl Kind {
    /// What it means, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Kind::Missing => "The witness holds the symbol, the contradicted book does not.",
            Kind::Orphan => "The contradicted book holds the symbol, the witness does not.",
            Kind::Quantity => "Both hold the symbol, in different quantities.",
            Kind::Side => "Both hold the symbol, one long and one short.",
            Kind::EntryPrice => "Both hold the symbol, at average entry prices that differ by more than the tolerance.",
            Kind::Count => "The witness counts another number of positions, and no better witness says which.",
            Kind::MissingMetadata => "The symbol is held and position_metadata has no row for it.",
            Kind::OrphanMetadata => "The symbol is not held and position_metadata still has a row for it.",
            Kind::MissingEntryScore => "The symbol is held and its entry score is 0 or gone.",
            Kind::EntryWhileOpen => "A bot that opens one position per symbol entered a symbol that should be held already.",
            Kind::ExitWithoutEntry => "An exit record closes a symbol that should not be held.",
            Kind::ExitQuantity => "An exit record had another quantity than should be held.",
            Kind::ScaleOutWithoutEntry => "A scale-out reduces a symbol that should not be held.",
            Kind::MissingSighting => {
                "A log that always has a record of such a movement, and was being written, has none of this one."
            }
            Kind::StaleState => "A state file, or the bot's whole log, is older than what it should describe.",
            Kind::UnresolvedPending => {
                "An entry was submitted more than an hour before the end, and no witness tells whether it filled."
            }
        }
    }
}

impl Kind {
    /// The case under `corpus/` that shows it.
    pub fn case(self) -> &'static str {
        match self {
            Kind::Missing => "crash-between-order-and-log",
            Kind::Orphan => "closed-without-a-record",
            Kind::Quantity => "scale-out-that-bought",
            Kind::Side => "entry-on-the-wrong-side",
            Kind::EntryPrice => "entry-price-of-before-the-split",
            Kind::Count => "one-more-counted-than-logged",
            Kind::MissingMetadata => "metadata-row-gone",
            Kind::OrphanMetadata => "metadata-row-left-behind",
            Kind::MissingEntryScore => "score-defaulted-to-zero",
            Kind::EntryWhileOpen => "entered-again-without-an-exit",
            Kind::ExitWithoutEntry => "exit-of-an-entry-never-logged",
            Kind::ExitQuantity => "exit-that-says-less-was-held",
            Kind::ScaleOutWithoutEntry => "scale-out-of-nothing",
            Kind::MissingSighting => "exit-that-the-exit-log-missed",
            Kind::StaleState => "reconciler-stopped",
            Kind::UnresolvedPending => "pending-for-hours",
        }
    }
}

/// How much a break matters (contract, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// Explains itself.
    Note,
    /// A lost annotation, a missing sighting, a stale file.
    Warning,
    /// A difference in what is held.
    Break,
}

impl Severity {
    /// The code of the contract.
    pub fn code(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Break => "break",
        }
    }
}

/// The books that are held against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum BookName {
    /// What the bot's own movements add up to.
    Expected,
    /// `executor_state.json`.
    Executor,
    /// `position_metadata.json`.
    Metadata,
    /// The broker's answer.
    Broker,
}

impl BookName {
    /// The code of the contract.
    pub fn code(self) -> &'static str {
        match self {
            BookName::Expected => "expected",
            BookName::Executor => "executor",
            BookName::Metadata => "metadata",
            BookName::Broker => "broker",
        }
    }
}

/// One record that bears on a break.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// When.
    pub at: Time,
    /// Where; the excerpt is fetched from there when the report is made.
    pub origin: Origin,
    /// What it says, in words.
    pub says: String,
    /// The fields of the record that say it, the best first; none where the record names the symbol, and that is all.
    #[serde(with = "constant")]
    pub reads: Words,
}

impl Evidence {
    /// A record that names the symbol, and that is all that matters of it.
    pub fn naming(at: Time, origin: Origin, says: String) -> Evidence {
        Evidence { at, origin, says, reads: &[] }
    }
}

/// Why two books parted, as far as it is proved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// A code of `design.md`, section 3, or `unknown`.
    #[serde(with = "constant")]
    pub code: Word,
    /// The edit was re-folded: it makes the failed statement hold and no other fail.
    pub proved: bool,
    /// The edit, in words.
    pub edit: Option<String>,
    /// Other causes whose edits are as small.
    #[serde(with = "constant")]
    pub alternatives: Vec<Word>,
}

impl Cause {
    /// No cause is known.
    pub fn unknown() -> Cause {
        Cause { code: "unknown", proved: false, edit: None, alternatives: Vec::new() }
    }
}

/// A quantity as one side of a break puts it: a number, a range, or a word.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Said {
    /// A quantity, exact, a range, or unknown.
    Quantity(Quantity),
    /// Held, in an unknown quantity.
    Held,
    /// A number of symbols.
    Count(Decimal),
    /// A price.
    Price(Decimal),
    /// Nothing that has a value.
    Nothing,
}

impl Said {
    /// The number, if it is one.
    pub fn number(&self) -> Option<Decimal> {
        match self {
            Said::Quantity(quantity) => quantity.known(),
            Said::Count(value) | Said::Price(value) => Some(*value),
            Said::Held | Said::Nothing => None,
        }
    }

    /// As the report spells it; `None` is null.
    pub fn text(&self) -> Option<String> {
        match self {
            Said::Quantity(quantity) => Some(quantity.to_string()),
            Said::Count(value) | Said::Price(value) => Some(plain(*value)),
            Said::Held => Some("held".to_owned()),
            Said::Nothing => None,
        }
    }
}

/// A statement that does not hold (design, rule 7).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Break {
    /// The symbol; `None` where the whole book or a file is meant.
    pub symbol: Option<Symbol>,
    /// What kind of difference.
    pub kind: Kind,
    /// How much it matters.
    pub severity: Severity,
    /// Which book is contradicted.
    pub book: BookName,
    /// Who says so: a witness's code, or `tape`.
    #[serde(with = "constant")]
    pub witness: Word,
    /// What the contradicted book says.
    pub expected: Said,
    /// What the witness says.
    pub actual: Said,
    /// The last statement about the symbol that held.
    pub last_agreed_at: Option<Time>,
    /// The event that caused it, where proved, else `first_failed_at`.
    pub opened_at: Time,
    /// The first statement that failed.
    pub first_failed_at: Time,
    /// When a later statement agreed again.
    pub resolved_at: Option<Time>,
    /// Latest price of the market that was seen, to put the difference into money.
    pub price: Option<Decimal>,
    /// What must have been held when the tape began, where that explains it.
    pub opening: Option<Decimal>,
    /// It turned out to be nothing, or to be part of another: kept in its place, left out of the report.
    pub withdrawn: bool,
    /// Another legal order of tied events would change it.
    pub order_sensitive: bool,
    /// Why.
    pub cause: Cause,
    /// What bears on it, in tape order.
    pub evidence: Vec<Evidence>,
}

impl Break {
    /// Actual minus expected, where both are numbers.
    pub fn difference(&self) -> Option<Decimal> {
        Some(self.actual.number()? - self.expected.number()?)
    }

    /// Stable for the same tape: a function of symbol, kind, books and the first failure.
    pub fn id(&self) -> String {
        let symbol = self.symbol.as_ref().map_or("*", Symbol::as_str);
        let failed = time::show(self.first_failed_at);
        let key = format!("{symbol}|{}|{}|{}|{failed}", self.kind.code(), self.book.code(), self.witness);
        format!("{:012x}", XxHash3_64::oneshot(key.as_bytes()) >> 16)
    }

    /// USD that the difference is worth at the latest price, if it is a difference in what is held.
    pub fn money_at_stake(&self) -> Option<Decimal> {
        let (symbol, price) = (self.symbol.as_ref()?, self.price?);
        let quantity = match self.kind {
            Kind::EntryPrice | Kind::Count => return None,
            _ => self.difference()?,
        };
        quantity.abs().checked_mul(price)?.checked_mul(symbol.multiplier())
    }
}

/// A tie whose order matters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tie {
    /// The symbol.
    pub symbol: Symbol,
    /// The moment.
    pub at: Time,
    /// The records that are tied, in the order in which they were folded.
    pub origins: Vec<Origin>,
}
