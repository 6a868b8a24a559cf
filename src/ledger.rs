//! The ledger: folds the tape. Movements move the expected book, statements are held against it, breaks open and resolve.
//!
//! The ledger does not know that files exist: it takes events and gives breaks. It can stop at any event and go on; what comes within
//! the grace after a statement is waited for, so a prefix and then the rest give the same as all at once.

use chrono::Duration;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use crate::account::Account;
use crate::accounts::Accounts;
use crate::biographies::Biographies;
use crate::blocks::Blocks;
use crate::breaks::{BookName, Break, Tie};
use crate::event::{Action, Claim, Event, Fact, Form, Holding, Movement, Pulse, Statement};
use crate::origin::Origin;
use crate::outcome::{Fix, Mark, Outcome, Tally};
use crate::position::{Position, Quantity, Symbol};
use crate::time::Time;
use crate::witness::{Standing, Witness};

/// What equality means in this run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The time around a movement in which either side of it is accepted (design, rule 4).
    pub grace: Duration,
    /// Quantities that differ by no more are equal.
    pub tolerance_quantity: Decimal,
    /// Entry prices that differ by no more USD, or by no more than 0.01 %, are equal.
    pub tolerance_price: Decimal,
}

impl Default for Settings {
    /// The contract's defaults: 10 s, nine decimals, one cent.
    fn default() -> Settings {
        Settings { grace: Duration::seconds(10), tolerance_quantity: Decimal::new(1, 9), tolerance_price: Decimal::new(1, 2) }
    }
}

/// What is known of symbols that the tape has not named yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Opening {
    /// The tape may have started in mid-life: anything may be held.
    Unknown,
    /// A whole book was stated: what it did not list is not held.
    Flat,
}

/// A whole book as it was last stated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastBook {
    /// As of when.
    pub at: Time,
    /// By whom.
    pub witness: Witness,
    /// What is held.
    pub holdings: Arc<[Holding]>,
}

/// The state of the fold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ledger {
    #[serde(skip)]
    pub(crate) settings: Settings,
    pub(crate) accounts: Accounts,
    opening: Opening,
    pub(crate) just_entered: BTreeSet<usize>,
    pub(crate) degraded: bool,
    /// The reconciler's last cycle had no answer of the broker.
    no_snapshot: bool,
    upcoming: VecDeque<(usize, Event)>,
    next_place: usize,
    /// Symbols that are not surely flat, so that a whole book need not ask all that ever were.
    not_flat: BTreeSet<Symbol>,
    /// Symbols with an open break of the expected book.
    pub(crate) broken: BTreeSet<Symbol>,
    /// Symbols moved within the grace, for counts.
    pub(crate) lately_moved: VecDeque<(Time, Symbol)>,
    /// All breaks, open and resolved.
    pub breaks: Vec<Break>,
    /// The open break of the count, if there is one.
    pub(crate) count_open: Option<usize>,
    /// Symbols that a count showed to be flat, which no statement named.
    pub(crate) counted_flat: Vec<(Time, Origin, Symbol)>,
    /// Ties of which another order would give other breaks.
    pub ties: Vec<Tie>,
    /// Share of each position at the broker that is traced to executions for the bot's records.
    pub explained: BTreeMap<Symbol, Decimal>,
    /// All fixes.
    pub fixes: Blocks<Fix>,
    pub(crate) contradicted: HashMap<Origin, Time>,
    /// Counts.
    pub tally: Tally,
    /// The last whole book of the broker, of the executor, of the metadata.
    pub books: BTreeMap<BookName, LastBook>,
    /// Ends of cycles with the market open, each cycle once.
    pub(crate) cycles: Vec<Time>,
    /// Where the executor's last book stands.
    pub(crate) executor_written: Option<Origin>,
    /// The last record of the bot's logs.
    pub(crate) last_of_bot: Option<(Time, Origin)>,
    /// Time of the last event folded.
    pub last: Option<Time>,
    follow: Option<Symbol>,
    /// The biography of the symbol that is followed.
    #[serde(skip)]
    pub marks: Vec<Mark>,
    /// Every symbol's biography, where they are told.
    #[serde(skip)]
    pub biographies: Option<Biographies>,
}

/// Rows that end one cycle come within seconds; cycles are a minute apart (`formats.md` 9.1).
const ONE_CYCLE: Duration = Duration::seconds(30);

impl Ledger {
    /// An empty ledger.
    pub fn new(settings: Settings) -> Ledger {
        Ledger {
            settings,
            accounts: Accounts::default(),
            opening: Opening::Unknown,
            just_entered: BTreeSet::new(),
            degraded: false,
            no_snapshot: false,
            upcoming: VecDeque::new(),
            next_place: 0,
            not_flat: BTreeSet::new(),
            broken: BTreeSet::new(),
            lately_moved: VecDeque::new(),
            breaks: Vec::new(),
            count_open: None,
            counted_flat: Vec::new(),
            ties: Vec::new(),
            explained: BTreeMap::new(),
            fixes: Blocks::default(),
            contradicted: HashMap::new(),
            tally: Tally::default(),
            books: BTreeMap::new(),
            cycles: Vec::new(),
            executor_written: None,
            last_of_bot: None,
            last: None,
            follow: None,
            marks: Vec::new(),
            biographies: None,
        }
    }

    /// Keeps the biography of one symbol.
    pub fn following(mut self, symbol: Option<Symbol>) -> Ledger {
        self.follow = symbol;
        self
    }

    /// Takes the next event of the tape. It is folded once the grace after it is over.
    pub fn push(&mut self, event: Event) {
        let over = event.at - self.settings.grace;
        self.upcoming.push_back((self.next_place, event));
        self.next_place += 1;
        while self.upcoming.front().is_some_and(|(_, first)| first.at < over) {
            self.fold_first();
        }
    }

    /// Folds what is still waited for. The tape has ended.
    pub fn drain(&mut self) {
        while !self.upcoming.is_empty() {
            self.fold_first();
        }
    }

    fn fold_first(&mut self) {
        let Some((place, event)) = self.upcoming.pop_front() else { return };
        if !self.contradicted.is_empty() && self.last.is_none_or(|last| last < event.at) {
            self.contradicted.retain(|_, at| *at >= event.at);
        }
        self.last = Some(event.at);
        if is_of_bot(&event) {
            self.last_of_bot = Some((event.at, event.origin));
        }
        match event.fact {
            Fact::Movement(ref movement) => self.movement(place, &event, movement),
            Fact::Statement(ref statement) => self.statement(place, &event, statement),
            Fact::Pulse(pulse) => self.pulse(event.at, event.origin, pulse),
        }
    }

    pub(crate) fn account(&mut self, symbol: &Symbol) -> &mut Account {
        let (opening, not_flat) = (self.opening, &mut self.not_flat);
        self.accounts.of(symbol, || {
            Account::beginning(match opening {
                Opening::Unknown => {
                    not_flat.insert(symbol.clone());
                    Position::unknown()
                }
                Opening::Flat => Position::flat(),
            })
        })
    }

    fn movement(&mut self, place: usize, event: &Event, movement: &Movement) {
        if let Action::Fill(fill) = &movement.action {
            self.tally.fills += 1;
            let account = self.account(&movement.symbol);
            account.price = fill.price.or(account.price);
            account.last_fill = Some(event.at);
            self.mark(place, event, &movement.symbol, None, None);
            return;
        }
        self.tally.movements += 1;
        if let Action::Entry(entry) = &movement.action
            && entry.one_per_symbol
        {
            self.entered_while_open(event, &movement.symbol);
        }
        let earliest = event.at - self.settings.grace;
        let account = self.account(&movement.symbol);
        account.forget_before(earliest);
        let before = account.position.quantity;
        let price = account.price;
        account.take(event.at, event.origin, movement);
        let after = account.position.quantity;
        self.lately_moved.push_back((event.at, movement.symbol.clone()));
        while self.lately_moved.front().is_some_and(|(at, _)| *at < earliest) {
            self.lately_moved.pop_front();
        }
        self.keep_index(&movement.symbol);
        if let Action::CorporateAction(_) = &movement.action {
            self.note_corporate_action(event, movement, before, after, price);
        }
        if let Action::Exit(_) = &movement.action {
            self.resolve_score(&movement.symbol, event.at);
        }
        self.mark(place, event, &movement.symbol, None, None);
    }

    fn pulse(&mut self, at: Time, origin: Origin, pulse: Pulse) {
        self.tally.pulses += 1;
        match pulse {
            Pulse::DegradedEntered => self.degraded = true,
            Pulse::DegradedExited => self.degraded = false,
            Pulse::NoSnapshot => self.no_snapshot = true,
            Pulse::Cycle { market_open, .. } => {
                let new = self.cycles.last().is_none_or(|last| at - *last > ONE_CYCLE);
                if market_open != Some(false) && new {
                    self.cycles.push(at);
                }
            }
            Pulse::Fix { event, symbols } => {
                let contradicted =
                    self.contradicted.contains_key(&origin) || symbols.iter().any(|symbol| self.was_broken(symbol, at));
                self.fixes.push(Fix { at, origin, event, symbols, contradicted, degraded: self.degraded, cause_known: false });
            }
            Pulse::CycleStarted
            | Pulse::Evaluation
            | Pulse::Reconciled
            | Pulse::BrokerUnreachable
            | Pulse::Intention(..)
            | Pulse::Failure(..)
            | Pulse::EntryFailed(..)
            | Pulse::UnloggedEntry(..)
            | Pulse::BrokerOrder(_) => {}
        }
    }

    /// Sets what a symbol began with: an edit of the opening balance.
    pub(crate) fn begin_with(&mut self, symbol: &Symbol, quantity: Decimal) {
        let account = self.account(symbol);
        account.position = Position { quantity: Quantity::exact(quantity), claimed: quantity, ..Position::flat() };
        self.keep_index(symbol);
    }

    fn statement(&mut self, place: usize, event: &Event, statement: &Statement) {
        self.tally.statements += 1;
        let witness = statement.witness;
        if witness == Witness::PortfolioHistory {
            self.no_snapshot = false;
        }
        if (self.degraded || self.no_snapshot) && witness.standing() == Standing::BrokerUnlessDegraded {
            if let Claim::Symbol(symbol, form) = &statement.claim {
                let contradicts = !self.fits(symbol, form);
                self.remember_contradiction(event, contradicts);
                self.mark(place, event, symbol, Some((witness, *form)), Some(Outcome::ProvesNothing));
            }
            return;
        }
        let held = match &statement.claim {
            Claim::Symbol(symbol, form) => {
                let outcome = self.assert_symbol(event, symbol, form, witness, Decimal::ZERO);
                self.mark(place, event, symbol, Some((witness, *form)), Some(outcome));
                is_held(outcome)
            }
            Claim::Count(count) => self.assert_count(event, *count, witness),
            Claim::WholeBook(holdings) => self.whole_book(place, event, witness, holdings),
        };
        if held {
            self.tally.statements_held += 1;
        } else {
            self.tally.statements_failed += 1;
        }
    }

    /// Every symbol that is not listed anywhere is flat: a count agreed with what is surely held.
    pub(crate) fn nothing_else_is_held(&mut self) {
        self.opening = Opening::Flat;
    }

    /// Whether symbols that the tape has not named may be held.
    pub(crate) fn may_hold_more(&self) -> bool {
        self.opening == Opening::Unknown
    }

    pub(crate) fn keep_index(&mut self, symbol: &Symbol) {
        let Some(account) = self.accounts.get_mut(symbol) else { return };
        let is_flat = account.position.quantity.is_flat();
        let was_flat = std::mem::replace(&mut account.is_indexed_flat, is_flat);
        if is_flat && !was_flat {
            self.not_flat.remove(symbol);
        } else if was_flat && !is_flat {
            self.not_flat.insert(symbol.clone());
        }
    }

    /// The symbols that are not surely flat.
    pub(crate) fn not_flat(&self) -> &BTreeSet<Symbol> {
        &self.not_flat
    }

    /// The movements of a symbol that come within the grace after `at`, not folded yet.
    pub(crate) fn soon(&self, symbol: &Symbol, at: Time) -> impl Iterator<Item = (Time, &Movement)> {
        let until = at + self.settings.grace;
        self.upcoming.iter().take_while(move |(_, event)| event.at <= until).filter_map(move |(_, event)| match &event.fact {
            Fact::Movement(movement) if movement.symbol == *symbol && event.moves_expected() => Some((event.at, &**movement)),
            _ => None,
        })
    }

    /// The symbols that move within the grace after `at`.
    pub(crate) fn soon_moved(&self, at: Time) -> BTreeSet<Symbol> {
        let until = at + self.settings.grace;
        let soon = self.upcoming.iter().take_while(move |(_, event)| event.at <= until);
        soon.filter(|(_, event)| event.moves_expected()).filter_map(|(_, event)| event.symbol().cloned()).collect()
    }

    /// Keeps what an event did to a symbol, for those who ask for biographies.
    pub(crate) fn mark(
        &mut self,
        place: usize,
        event: &Event,
        symbol: &Symbol,
        stated: Option<(Witness, Form)>,
        outcome: Option<Outcome>,
    ) {
        let follows = self.follow.as_ref() == Some(symbol);
        if !follows && self.biographies.is_none() {
            return;
        }
        let expected = self.account(symbol).position.quantity;
        if follows {
            self.marks.push(Mark { place, expected, stated, outcome });
        }
        if let Some(biographies) = &mut self.biographies {
            biographies.take(event, symbol, expected, stated, outcome);
        }
    }
}

/// Whether the bot wrote it, not the broker.
fn is_of_bot(event: &Event) -> bool {
    match &event.fact {
        Fact::Movement(movement) => !matches!(movement.action, Action::Fill(_) | Action::CorporateAction(_)),
        Fact::Statement(statement) => statement.witness.standing() != Standing::Broker,
        Fact::Pulse(pulse) => !matches!(pulse, Pulse::BrokerOrder(_)),
    }
}

pub(crate) fn is_held(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Held | Outcome::HeldWithinGrace)
}

/// A row of a whole book has its own line.
pub(crate) fn at_line(event: &Event, line: u32) -> Event {
    let fact = Fact::Pulse(Pulse::Evaluation);
    Event { at: event.at, origin: Origin { line, ..event.origin }, fact }
}
