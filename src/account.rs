//! One symbol of the ledger: its position, and how movements change it. Knows nothing of other symbols.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

use crate::bounds::scaled;
use crate::breaks::Evidence;
use crate::event::{Action, Change, CorporateAction, Entry, Event, Exit, Form, Holding, Movement, ScaleOut};
use crate::origin::Origin;
use crate::position::{Position, Quantity, Side, Symbol};
use crate::time::Time;
use crate::witness::Witness;
use crate::words::{reads_of, stated, told};

/// Movements between agreements that are kept as evidence; more of them than this tell nothing more.
const MOST_MOVEMENTS_KEPT: usize = 40;

/// The ledger's state of one symbol.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    /// What should be held.
    pub position: Position,
    /// It was known to be flat when the tape first named it: a whole book or a count had been stated.
    pub began_flat: bool,
    /// The quantity before each movement of the last seconds, for the grace.
    pub before: VecDeque<(Time, Quantity)>,
    /// The last statement that held.
    pub last_agreed: Option<Agreement>,
    /// The ledger's index of symbols that are not surely flat has it as flat.
    pub is_indexed_flat: bool,
    /// When a witness last saw it held without saying how much.
    pub seen_at: Option<Time>,
    /// The last movement.
    pub last_moved: Option<Time>,
    /// The last fill at the broker.
    pub last_fill: Option<Time>,
    /// The broker's positions hold only for the time before the last movement, which was less than the grace ago.
    pub unconfirmed: bool,
    /// The last exit.
    pub last_exit: Option<(Time, Origin)>,
    /// Movements since the last agreement.
    pub moved: Vec<Moved>,
    /// Indices of breaks of the expected book that are open.
    pub open: Vec<usize>,
    /// Indices of all breaks of severity `break`, open and resolved: what a fix may have repaired.
    pub faults: Vec<usize>,
    /// Index of the open `missing_entry_score`.
    pub score_lost: Option<usize>,
    /// Index of the note that an entry's range was settled away from what was logged.
    pub partly: Option<usize>,
    /// The pending entry that no witness has spoken of.
    pub pending: Option<Evidence>,
    /// The executor's word that disagreed, until the broker's decides.
    pub doubted: Option<Doubt>,
    /// What the broker last said, with its price: to hold the executor's price against.
    pub broker: Option<Stated>,
    /// What the executor last said, likewise.
    pub executor: Option<Stated>,
    /// Latest price seen of the market.
    pub price: Option<Decimal>,
}

/// A movement that no statement has agreed with yet. Its words are made when they are asked for: most never are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// When.
    pub at: Time,
    /// Where.
    pub origin: Origin,
    symbol: Symbol,
    /// As far as words tell it.
    action: Action,
}

impl Moved {
    fn of(at: Time, origin: Origin, movement: &Movement) -> Moved {
        let action = match &movement.action {
            // Ids are long, and no word of evidence.
            Action::Exit(exit) => Action::Exit(Exit { side: exit.side, ..Exit::default() }),
            action @ (Action::Entry(_) | Action::ScaleOut(_) | Action::Fill(_) | Action::CorporateAction(_)) => action.clone(),
        };
        Moved { at, origin, symbol: movement.symbol.clone(), action }
    }

    /// In words.
    pub fn evidence(&self) -> Evidence {
        let Moved { at, origin, symbol, action } = self;
        Evidence { at: *at, origin: *origin, says: told(symbol, action), reads: reads_of(action) }
    }
}

/// A statement that held. Its words are made when they are asked for: most never are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// When.
    pub at: Time,
    /// Where.
    pub origin: Origin,
    /// Who said it.
    pub witness: Witness,
    /// What was said.
    pub form: Form,
}

impl Agreement {
    fn evidence(&self) -> Evidence {
        stated(self.at, self.origin, self.witness, &self.form)
    }
}

/// The executor's word on one symbol, in doubt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Doubt {
    /// When and where it was said.
    pub evidence: Evidence,
    /// Signed quantity; zero if it has no row.
    pub quantity: Decimal,
    /// What the expected book said at that moment.
    pub expected: Quantity,
}

/// A quantity and a price as a book stated them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stated {
    /// When.
    pub at: Time,
    /// Where.
    pub origin: Origin,
    /// Signed quantity.
    pub quantity: Decimal,
    /// Average entry price.
    pub price: Option<Decimal>,
}

impl Account {
    /// An account with the position it begins with: flat, or unknown where the tape starts in mid-life.
    pub fn beginning(position: Position) -> Account {
        Account {
            began_flat: position.quantity.is_flat(),
            is_indexed_flat: position.quantity.is_flat(),
            position,
            before: VecDeque::new(),
            last_agreed: None,
            seen_at: None,
            last_moved: None,
            last_fill: None,
            unconfirmed: false,
            last_exit: None,
            moved: Vec::new(),
            open: Vec::new(),
            faults: Vec::new(),
            score_lost: None,
            partly: None,
            pending: None,
            doubted: None,
            broker: None,
            executor: None,
            price: None,
        }
    }

    /// Most of what is ever stated: the same as before, with nothing waiting for it. It is remembered as the last agreement.
    pub fn agrees(&mut self, event: &Event, form: &Form, witness: Witness) -> bool {
        let is_settled = self.is_settled_as(form);
        if is_settled {
            self.last_agreed = Some(Agreement { at: event.at, origin: event.origin, witness, form: *form });
            self.unconfirmed &= witness != Witness::BrokerPositions;
        }
        is_settled
    }

    /// Remembers what the broker said, with its price; tells whether there is an executor's price to hold it against.
    pub fn note_price(&mut self, event: &Event, holding: &Holding) -> bool {
        if holding.price.is_some() && self.position.quantity.is_open() {
            self.position.average_entry_price = holding.price;
        }
        let quantity = holding.quantity.unwrap_or(Decimal::ZERO);
        self.broker = Some(Stated { at: event.at, origin: event.origin, quantity, price: holding.price });
        self.executor.is_some()
    }

    /// Whether a statement says just what is held, and nothing waits to be settled, confirmed or resolved by it.
    fn is_settled_as(&self, form: &Form) -> bool {
        let stated = match form {
            Form::Equals(quantity) => *quantity,
            Form::NotHeld => Decimal::ZERO,
            Form::AtLeast(_) | Form::Held | Form::ScoreLost(_) => return false,
        };
        let waits = !self.moved.is_empty() || !self.open.is_empty() || self.pending.is_some() || self.doubted.is_some();
        !waits && self.position.is_exactly(stated)
    }

    /// Applies a movement at its time. `at` never goes back.
    pub fn take(&mut self, at: Time, origin: Origin, movement: &Movement) {
        self.before.push_back((at, self.position.quantity));
        self.last_moved = Some(at);
        self.position.take(movement, at);
        let moved = Moved::of(at, origin, movement);
        match &movement.action {
            Action::Entry(entry) => {
                self.price = entry.price.or(self.price);
                self.pending = entry.pending.then(|| moved.evidence()).or(self.pending.take());
            }
            Action::ScaleOut(scale_out) => self.price = scale_out.price.or(self.price),
            Action::Exit(exit) => {
                self.price = exit.price.or(self.price);
                self.last_exit = Some((at, origin));
                self.pending = None;
                self.partly = None;
            }
            Action::CorporateAction(_) | Action::Fill(_) => {}
        }
        if self.moved.len() < MOST_MOVEMENTS_KEPT {
            self.moved.push(moved);
        }
    }

    /// What bears on a failure: the last agreement (unless it is the same record), the movements since, and the failed statement.
    pub fn bracket(&self, failed: Evidence) -> Vec<Evidence> {
        let first = self.moved.first().map_or(failed.origin, |moved| moved.origin);
        let agreed = self.last_agreed.iter().filter(|agreed| agreed.origin != first);
        agreed.map(Agreement::evidence).chain(self.moved.iter().map(Moved::evidence)).chain([failed.clone()]).collect()
    }

    /// Forgets what lies before the grace of `at`.
    pub fn forget_before(&mut self, earliest: Time) {
        while self.before.front().is_some_and(|(at, _)| *at < earliest) {
            self.before.pop_front();
        }
    }
}

impl Position {
    /// Moves by the bot's intent: a scale-out reduces, an exit makes flat (design, rule 1).
    pub fn take(&mut self, movement: &Movement, at: Time) {
        match &movement.action {
            Action::Entry(entry) => self.enter(entry, at),
            Action::ScaleOut(scale_out) => self.scale_out(scale_out),
            Action::Exit(_) => *self = Position::flat(),
            Action::CorporateAction(corporate) => self.corporate_action(corporate),
            Action::Fill(_) => {}
        }
    }

    fn enter(&mut self, entry: &Entry, at: Time) {
        let Some(side) = entry.side else {
            self.quantity = Quantity::UNKNOWN;
            return;
        };
        let range = ordered(entry);
        let claimed = entry.logged.or(entry.requested).unwrap_or(Decimal::ZERO);
        if self.quantity.is_flat() {
            self.entry_time = Some(at);
            self.average_entry_price = None;
        }
        self.average_entry_price = average(self.claimed.abs(), self.average_entry_price, claimed, entry.price);
        let signed = if side == Side::Long { range } else { range.negated() };
        self.quantity = self.quantity.plus(&signed);
        if self.opening_unknown {
            self.moved = self.moved.plus(&signed);
            self.entered = self.entered.plus(&signed);
        }
        self.claimed += side.signed(claimed);
        if let (Some(low), Some(high)) = (range.low(), range.high()) {
            self.unfilled += side.signed(high - low);
        }
        self.provenance.logged += range.low().unwrap_or(Decimal::ZERO);
        self.entry_score = entry.score.or(self.entry_score);
    }

    /// A scale-out cannot reduce what is not there: it stops at flat, and leaves a position of the other side alone.
    fn scale_out(&mut self, scale_out: &ScaleOut) {
        let Some(side) = scale_out.reduces.or(self.quantity.side()) else { return };
        if self.quantity.side().is_some_and(|held| held != side) || self.quantity.is_flat() {
            return;
        }
        let taken = match scale_out.quantity {
            Some(quantity) => Quantity::exact(-side.signed(quantity)),
            None => {
                let all = if side == Side::Long { self.quantity.high() } else { self.quantity.low() };
                all.map_or(Quantity::UNKNOWN, |all| Quantity::between(Decimal::ZERO, -all))
            }
        };
        let moved = self.quantity.plus(&taken);
        self.seen = false;
        let own_side =
            if side == Side::Long { Quantity::at_least(Decimal::ZERO) } else { Quantity::at_least(Decimal::ZERO).negated() };
        self.quantity = moved.narrowed(&own_side).unwrap_or(Quantity::FLAT);
        let quantity = scale_out.quantity.unwrap_or(Decimal::ZERO);
        if self.opening_unknown {
            self.moved = self.moved.plus(&taken);
        }
        self.claimed -= side.signed(quantity);
        self.provenance.reduce(quantity);
    }

    fn corporate_action(&mut self, corporate: &CorporateAction) {
        match corporate.change {
            Change::Delta(delta) => {
                self.seen = false;
                self.quantity = self.quantity.plus(&Quantity::exact(delta));
                self.claimed += delta;
                self.settle_provenance();
            }
            Change::Ratio { .. } => {
                // A pending entry may be nothing yet; what it claims has a side.
                let side = self.quantity.side().or(Side::of(self.claimed));
                let Some(factor) = side.and_then(|side| corporate.factor(side)) else { return };
                self.quantity = self.quantity.times(factor);
                self.claimed = scaled(self.claimed, factor);
                self.unfilled = scaled(self.unfilled, factor);
                self.average_entry_price = self.average_entry_price.and_then(|price| price.checked_div(factor));
                self.provenance.scale(factor);
            }
        }
    }

    /// What would be held if every order that was not cancelled filled; `None` where none is waited for, or the range is open.
    fn far_end(&self) -> Option<Decimal> {
        match (Side::of(self.unfilled)?, self.quantity.known()) {
            (_, Some(known)) => Some(known + self.unfilled),
            (Side::Long, None) => self.quantity.high(),
            (Side::Short, None) => self.quantity.low(),
        }
    }

    /// A witness said that at least `quantity` is held: what is possible becomes less, and with it what may still fill.
    pub fn narrow(&mut self, quantity: Decimal) {
        let far = self.far_end();
        self.quantity = self.quantity.narrowed(&Quantity::at_least(quantity)).unwrap_or(self.quantity);
        if let Some(known) = self.quantity.known() {
            self.unfilled = far.map_or(Decimal::ZERO, |far| far - known);
        }
    }

    /// A witness said exactly `quantity`, and it was possible: the range becomes this, and what may still fill is remembered.
    pub fn settle(&mut self, quantity: Decimal) {
        if self.quantity.known() != Some(quantity) {
            let is_open_ended = self.quantity.low().is_none() || self.quantity.high().is_none();
            let own = is_open_ended && self.opening_unknown && self.moved.allows(quantity, Decimal::ZERO);
            let far = match Side::of(self.unfilled) {
                // The bot's own entries explain all of it: what they may still bring stays possible.
                Some(Side::Long) if own => self.moved.high(),
                Some(Side::Short) if own => self.moved.low(),
                _ => self.far_end(),
            };
            self.quantity = Quantity::exact(quantity);
            self.unfilled = far.filter(|_| own || !is_open_ended).map_or(Decimal::ZERO, |far| far - quantity);
            if is_open_ended {
                self.provenance.unknown += (quantity.abs() - self.provenance.total()).max(Decimal::ZERO);
                if !own {
                    self.claimed = quantity;
                }
            }
        }
        self.opening_unknown = false;
        self.seen = false;
        self.moved = Quantity::FLAT;
        self.entered = Quantity::FLAT;
        self.provenance.confirm();
        self.settle_provenance();
    }

    /// The broker's quantity is taken over after a failed statement (design, rule 6).
    pub fn adopt(&mut self, quantity: Quantity) {
        let flipped = self.quantity.side().zip(quantity.side()).is_some_and(|(one, two)| one != two);
        let was_flat = self.quantity.is_flat();
        self.quantity = quantity;
        self.unfilled = Decimal::ZERO;
        self.opening_unknown = false;
        self.seen = false;
        self.moved = Quantity::FLAT;
        self.entered = Quantity::FLAT;
        self.provenance.confirm();
        if flipped {
            self.provenance = crate::provenance::Provenance::default();
        }
        if was_flat {
            self.average_entry_price = None;
            self.entry_score = None;
        }
        if let Some(held) = quantity.known() {
            self.claimed = held;
            let total = self.provenance.total();
            self.provenance.adopted += (held.abs() - total).max(Decimal::ZERO);
            self.provenance.reduce((total - held.abs()).max(Decimal::ZERO));
        }
    }

    /// Parts add up to the quantity again: what a witness confirmed beyond what was logged is confirmed.
    fn settle_provenance(&mut self) {
        let Some(held) = self.quantity.known().map(|held| held.abs()) else { return };
        if self.provenance.adds_up_to(held) {
            return;
        }
        let total = self.provenance.total();
        self.provenance.confirmed += (held - total).max(Decimal::ZERO);
        self.provenance.reduce((total - held).max(Decimal::ZERO));
    }
}

/// The unsigned quantity an entry may have brought: pending, nothing to all; a market order, the logged part to all
/// (`formats.md` T7); anything else, what was logged.
fn ordered(entry: &Entry) -> Quantity {
    let most = entry.requested.map(|requested| entry.logged.map_or(requested, |logged| requested.max(logged)));
    match (entry.logged.filter(|_| !entry.pending), most) {
        (Some(logged), Some(most)) => Quantity::between(logged, most),
        (Some(logged), None) => Quantity::exact(logged),
        (None, Some(most)) => Quantity::between(Decimal::ZERO, most),
        (None, None) => Quantity::at_least(Decimal::ZERO),
    }
}

fn average(held: Decimal, price: Option<Decimal>, added: Decimal, at: Option<Decimal>) -> Option<Decimal> {
    match (price, at) {
        (Some(price), Some(at)) => {
            let cost = held.checked_mul(price)?.checked_add(added.checked_mul(at)?)?;
            cost.checked_div(held + added).map(|average| average.round_dp(9)).or(Some(price))
        }
        (price, at) => at.or(price),
    }
}
