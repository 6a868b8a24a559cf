//! Event: Movement | Statement | Pulse. One vocabulary for every log, state file and broker answer.

use compact_str::CompactString;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::sync::Arc;

use crate::compact;
use crate::order_id::OrderId;
use crate::origin::Origin;
use crate::position::{Side, Symbol, Symbols};
use crate::time::Time;
use crate::witness::Witness;

/// One fact, with its moment and its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When it happened, by the clock of who wrote it.
    pub at: Time,
    /// Where it was written.
    pub origin: Origin,
    /// What was written.
    pub fact: Fact,
}

/// The three sorts of event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    /// Changes what is held.
    Movement(Box<Movement>),
    /// Says what is held; moves nothing.
    Statement(Statement),
    /// Says that something ran, was tried or was meant.
    Pulse(Pulse),
}

/// A change of one symbol's position, or one record's sighting of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Movement {
    /// What moved.
    pub symbol: Symbol,
    /// How it moved.
    pub action: Action,
    /// Which record saw it.
    pub sighting: Sighting,
    /// The other records of the same real event, joined when the tape is made.
    pub joined: Vec<(Sighting, Time, Origin)>,
}

/// What a movement does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// The bot opened a position, or asked to.
    Entry(Entry),
    /// The bot reduced a position, or meant to.
    ScaleOut(ScaleOut),
    /// The bot made a position flat, or meant to.
    Exit(Exit),
    /// The broker executed something: moves the broker's book alone.
    Fill(Fill),
    /// Shares appeared, vanished or were multiplied at the broker: moves both books.
    CorporateAction(CorporateAction),
}

/// An entry as far as its record tells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Side of the position it opens. `None` only at age J, where an order row may still tell.
    pub side: Option<Side>,
    /// Filled quantity as logged, unsigned (`formats.md` T7: too small for market orders).
    #[serde(with = "compact")]
    pub logged: Option<Decimal>,
    /// Ordered quantity, unsigned: as logged for a pending entry, else the position's size over its price.
    #[serde(with = "compact")]
    pub requested: Option<Decimal>,
    /// Submitted, not known to be filled.
    pub pending: bool,
    /// A market order: what was not filled at once was not cancelled (`formats.md` T7).
    pub market: bool,
    /// Price of the fill, or the reference price.
    #[serde(with = "compact")]
    pub price: Option<Decimal>,
    /// Money the order was sized at (`position_size_usd`), to work out `requested` where only an order row has the price.
    #[serde(with = "compact")]
    pub size_usd: Option<Decimal>,
    /// Entry score.
    #[serde(with = "compact")]
    pub score: Option<Decimal>,
    /// Written by a bot that opens one position per symbol (since 2026-01-13, `formats.md` 17): told by `entry_status`.
    pub one_per_symbol: bool,
}

/// A scale-out as far as its record tells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScaleOut {
    /// Side of the position it means to reduce.
    pub reduces: Option<Side>,
    /// Quantity, unsigned.
    #[serde(with = "compact")]
    pub quantity: Option<Decimal>,
    /// Price when it was decided.
    #[serde(with = "compact")]
    pub price: Option<Decimal>,
    /// The row says `side: long`, which the exit code of the bot turns into a buy (`formats.md` T3).
    pub spelt_long: bool,
}

/// An exit as far as its record tells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Exit {
    /// Side of the position it closes.
    pub side: Option<Side>,
    /// Quantity the first poll saw filled, unsigned (`formats.md` T6: 35 % too small).
    #[serde(with = "compact")]
    pub filled: Option<Decimal>,
    /// Entry price the bot reckons with.
    #[serde(with = "compact")]
    pub entry_price: Option<Decimal>,
    /// Price of the exit.
    #[serde(with = "compact")]
    pub price: Option<Decimal>,
    /// Profit in USD as logged.
    #[serde(with = "compact")]
    pub profit: Option<Decimal>,
    /// The broker's order id.
    pub order_id: Option<OrderId>,
    /// The lot's entry time as the metadata had it: joins an exit to its attribution (`formats.md` 16).
    pub entry_time: Option<Time>,
}

/// One execution at the broker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fill {
    /// Signed quantity of this execution.
    pub quantity: Decimal,
    /// Price of this execution.
    pub price: Option<Decimal>,
    /// The order it belongs to.
    pub order_id: Option<CompactString>,
    /// The order's client order id, where the orders were read.
    pub client_order_id: Option<CompactString>,
}

/// A change of quantity that no order made (`alpaca.md` 4.3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CorporateAction {
    /// `SPLIT`, `SPIN`, `OPEXP`, ….
    pub code: CompactString,
    /// What the position was and became, where both legs name this symbol; else only the change.
    pub change: Change,
}

/// How a corporate action changes a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Change {
    /// From one quantity to another: the ratio applies to whatever is held. A long position gives up the minus leg and gets the
    /// plus leg, a short one the other way round.
    Ratio {
        /// Quantity of the minus leg, unsigned.
        minus: Decimal,
        /// Quantity of the plus leg, unsigned.
        plus: Decimal,
    },
    /// Signed quantity that is added.
    Delta(Decimal),
}

/// Which record saw a movement. The order is the order of trust when several saw the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Sighting {
    /// A log that the settings map: the account of a bot with a format of its own.
    CustomLog,
    /// `attribution.jsonl`: the bot's own account.
    Attribution,
    /// `exit_attribution.jsonl`.
    ExitAttribution,
    /// `exit.jsonl`, the close itself.
    ExitLog,
    /// `exit.jsonl`, the echo that the accounting was done.
    ExitLogEcho,
    /// `orders.jsonl`.
    OrderLog,
    /// `displacement.jsonl`.
    Displacement,
    /// `position_flip.jsonl`.
    PositionFlip,
    /// `data_integrity.jsonl`: closed, and no attribution was written.
    DataIntegrity,
    /// `eod_flatten.jsonl`.
    EndOfDayFlatten,
    /// The broker's activities.
    BrokerActivities,
}

impl Sighting {
    /// The name that reports use.
    pub fn name(self) -> &'static str {
        match self {
            Sighting::CustomLog => "custom log",
            Sighting::Attribution => "attribution",
            Sighting::ExitAttribution => "exit attribution",
            Sighting::ExitLog => "exit log",
            Sighting::ExitLogEcho => "exit log (accounting)",
            Sighting::OrderLog => "order log",
            Sighting::Displacement => "displacement log",
            Sighting::PositionFlip => "flip log",
            Sighting::DataIntegrity => "data integrity log",
            Sighting::EndOfDayFlatten => "end-of-day log",
            Sighting::BrokerActivities => "broker activities",
        }
    }
}

/// A witness saying what is held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// Who says it.
    pub witness: Witness,
    /// What is said.
    pub claim: Claim,
}

/// What a statement claims: no more than the witness knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Claim {
    /// Something about one symbol.
    Symbol(Symbol, Form),
    /// So many symbols are held.
    Count(u32),
    /// All that is held: a symbol that is not listed is not held.
    WholeBook(Arc<[Holding]>),
}

/// The form of a statement about one symbol.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Form {
    /// Held in exactly this signed quantity.
    Equals(#[serde(with = "compact")] Decimal),
    /// Held on this side, at least so much; signed.
    AtLeast(#[serde(with = "compact")] Decimal),
    /// Held; quantity unknown.
    Held,
    /// Not held.
    NotHeld,
    /// Held, and its entry score is gone (true) or back (false). An annotation: says nothing of the quantity.
    ScoreLost(bool),
}

/// One row of a whole book.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Holding {
    /// What is held.
    pub symbol: Symbol,
    /// Signed quantity. `None` where the book does not state one that can be relied on (metadata, `formats.md` 10.2).
    #[serde(with = "compact")]
    pub quantity: Option<Decimal>,
    /// Average entry price.
    #[serde(with = "compact")]
    pub price: Option<Decimal>,
    /// Last price of the market, where the witness gives one.
    #[serde(with = "compact")]
    pub market_price: Option<Decimal>,
    /// The row's line in its file.
    pub line: u32,
    /// What else it tells, if it does: the broker's books of all cycles, which are nearly all there are, do not.
    pub further: Option<Box<Further>>,
}

/// What rows of some books tell beside quantity and prices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Further {
    /// The side, where it is all that can be relied on.
    pub side: Option<Side>,
    /// Entry score; `None` where the book has no such column or the cell is empty.
    #[serde(with = "compact")]
    pub score: Option<Decimal>,
    /// Whether the row's components are there.
    pub annotated: bool,
    /// Entry time as the book has it.
    pub entry_time: Option<Time>,
    /// Signed quantity of open orders at the broker that may still change this row.
    #[serde(with = "compact")]
    pub in_flight: Decimal,
}

impl Further {
    /// Nothing is told.
    pub const NOTHING: Further = Further { side: None, score: None, annotated: true, entry_time: None, in_flight: Decimal::ZERO };
}

impl Holding {
    /// A row that states a quantity and nothing else.
    pub fn of(symbol: Symbol, quantity: Decimal, line: u32) -> Holding {
        Holding { symbol, quantity: Some(quantity), price: None, market_price: None, line, further: None }
    }

    /// What else it tells.
    pub fn further(&self) -> &Further {
        self.further.as_deref().unwrap_or(&Further::NOTHING)
    }

    /// The side, by the quantity if there is one.
    pub fn side(&self) -> Option<Side> {
        self.quantity.map_or(self.further().side, Side::of)
    }

    /// What the row claims of its symbol.
    pub fn form(&self) -> Form {
        self.quantity.filter(|quantity| !quantity.is_zero()).map_or(Form::NotHeld, Form::Equals)
    }
}

/// What a fix of the reconciler may be.
pub const FIXES: [&str; 3] = ["missing_injected", "orphan_purged", "quantity_reconciled"];

/// One of [`FIXES`].
pub type FixName = &'static str;

fn fix<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FixName, D::Error> {
    let name = <&str>::deserialize(deserializer)?;
    FIXES.into_iter().find(|fix| *fix == name).ok_or_else(|| de::Error::custom("no fix has this name"))
}

/// Something ran, was tried, or was meant. Moves and states nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Pulse {
    /// A main-loop cycle ended.
    Cycle {
        /// The market was open, as far as the row says.
        market_open: Option<bool>,
        /// No error, no freeze.
        healthy: bool,
    },
    /// A cycle began (`run_once.jsonl`).
    CycleStarted,
    /// Exits were evaluated.
    Evaluation,
    /// The reconciler looked and found its two copies equal, or finished a round of fixes.
    Reconciled,
    /// A fix of the reconciler, as the log words it; the statements it makes stand beside it.
    Fix {
        /// One of [`FIXES`].
        #[serde(deserialize_with = "fix")]
        event: FixName,
        /// The symbols it touched.
        symbols: Symbols,
    },
    /// The reconciler lost the broker and goes on with an old copy.
    DegradedEntered,
    /// The reconciler has the broker again.
    DegradedExited,
    /// The reconciler had neither the broker nor a copy of its answer: what its cycle says is about an empty book.
    NoSnapshot,
    /// The reconciler could not read the broker.
    BrokerUnreachable,
    /// The bot meant to do something: a trigger, an order sent, `positions_to_close`.
    Intention(Symbol, CompactString),
    /// The bot tried and failed, or does not know.
    Failure(Symbol, CompactString),
    /// An order of an entry failed as far as the bot knows, who may not have seen that it was accepted; with what its row tells.
    EntryFailed(Symbol, Box<Entry>),
    /// An order row of an entry that no attribution row tells of: the bot ordered, and then perhaps crashed. Evidence, not a movement.
    UnloggedEntry(Symbol, Box<Entry>),
    /// An order at the broker: evidence for causes.
    BrokerOrder(Box<BrokerOrder>),
}

/// One order as the broker reports it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BrokerOrder {
    /// What it trades.
    pub symbol: Symbol,
    /// The broker's id.
    pub id: CompactString,
    /// The id its sender gave it: the bot's begin with `uwbot-` (`formats.md` 8).
    pub client_order_id: Option<CompactString>,
    /// Signed ordered quantity.
    pub quantity: Option<Decimal>,
    /// Signed filled quantity.
    pub filled: Decimal,
    /// `new`, `filled`, `canceled`, …, as sent.
    pub status: CompactString,
    /// May still fill (`alpaca.md` 3.3).
    pub open: bool,
}

impl CorporateAction {
    /// The factor that a held quantity is multiplied by, where the action is a ratio.
    pub fn factor(&self, side: Side) -> Option<Decimal> {
        let Change::Ratio { minus, plus } = self.change else { return None };
        match side {
            Side::Long => plus.checked_div(minus),
            Side::Short => minus.checked_div(plus),
        }
    }
}

impl Fact {
    /// A movement as a fact. It is far larger than the other facts, so it has a place of its own.
    pub fn moved(movement: Movement) -> Fact {
        Fact::Movement(Box::new(movement))
    }
}

impl Event {
    /// The symbol an event is about, if it is about one.
    pub fn symbol(&self) -> Option<&Symbol> {
        match &self.fact {
            Fact::Movement(movement) => Some(&movement.symbol),
            Fact::Statement(Statement { claim: Claim::Symbol(symbol, _), .. }) => Some(symbol),
            Fact::Statement(Statement { claim: Claim::Count(_) | Claim::WholeBook(_), .. }) => None,
            Fact::Pulse(Pulse::Intention(symbol, _) | Pulse::Failure(symbol, _)) => Some(symbol),
            Fact::Pulse(Pulse::EntryFailed(symbol, _) | Pulse::UnloggedEntry(symbol, _)) => Some(symbol),
            Fact::Pulse(Pulse::BrokerOrder(order)) => Some(&order.symbol),
            Fact::Pulse(
                Pulse::Cycle { .. }
                | Pulse::CycleStarted
                | Pulse::Evaluation
                | Pulse::Reconciled
                | Pulse::Fix { .. }
                | Pulse::DegradedEntered
                | Pulse::DegradedExited
                | Pulse::NoSnapshot
                | Pulse::BrokerUnreachable,
            ) => None,
        }
    }

    /// What it does, if it is a movement.
    pub fn action(&self) -> Option<&Action> {
        match &self.fact {
            Fact::Movement(movement) => Some(&movement.action),
            Fact::Statement(_) | Fact::Pulse(_) => None,
        }
    }

    /// Whether it is one of the bot's or both parties' movements, which move the expected book.
    pub fn moves_expected(&self) -> bool {
        match &self.fact {
            Fact::Movement(movement) => match movement.action {
                Action::Entry(_) | Action::ScaleOut(_) | Action::Exit(_) | Action::CorporateAction(_) => true,
                Action::Fill(_) => false,
            },
            Fact::Statement(_) | Fact::Pulse(_) => false,
        }
    }
}
