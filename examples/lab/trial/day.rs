//! A day of the bot and its broker, minute by minute: the reconciler looks, the bot trades, the cycle ends.

use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

use super::broker::{Broker, Symbol, is_option};
use super::chance::Chance;
use super::moment::{MILLI, MINUTE, Moment, SECOND, aware, sign};
use super::plan::{Age, Fault, Plan};
use super::truth::{Episode, Truth};

const SHARES: [Symbol; 16] =
    ["AAPL", "MSFT", "NVDA", "AMD", "TSLA", "META", "AMZN", "SOFI", "PLTR", "NIO", "RIVN", "F", "BAC", "JPM", "XOM", "KO"];
const OPTIONS: [Symbol; 2] = ["XLF260619P00051500", "SPY260618C00600000"];

/// Logs that were cut in place, so that they begin in the middle of the day; those of the trades are not.
const CUT: [&str; 4] = [
    "state/portfolio_state.jsonl",
    "data/audit_positions_autofix.jsonl",
    "logs/reconcile.jsonl",
    "logs/position_reconciliation_v2.jsonl",
];

/// What the bot notes about a position.
#[derive(Clone, Debug)]
pub struct Note {
    /// As spelt in the file.
    pub entered: String,
    /// Entry price.
    pub price: Decimal,
    /// Signed.
    pub quantity: Decimal,
    /// In the bot's words at the time: `buy`, `sell`, `long`, `short`.
    pub side: &'static str,
    /// Zero if it is lost.
    pub score: Decimal,
    /// The reconciler made the row.
    pub reconciled: bool,
    /// As spelt in the file.
    pub updated: String,
}

/// How far a wiped state is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Degraded {
    /// It never was.
    Never,
    /// The broker cannot be reached, until this cycle; whether the log says so already.
    Since(Moment, i64, bool),
    /// It can be reached again, and the log does not say so yet.
    Over,
    /// It was over at this moment.
    Left(Moment),
}

/// A day under way.
pub struct Day {
    /// What it shall be.
    pub plan: Plan,
    /// Its chance.
    pub chance: Chance,
    /// The broker's side.
    pub broker: Broker,
    /// Lines by file.
    pub lines: BTreeMap<&'static str, Vec<String>>,
    /// The bot's metadata.
    pub notes: BTreeMap<Symbol, Note>,
    /// What the reconciler last saw: what the bot believes to hold.
    pub believed: BTreeMap<Symbol, Decimal>,
    /// The answer sheet.
    pub truth: Truth,
    /// State files by name, as last written.
    pub states: BTreeMap<&'static str, String>,
    /// Rows of the executor's state, with its time.
    pub executor: (Moment, BTreeMap<Symbol, String>),
    /// Whether the broker can be reached.
    pub degraded: Degraded,
    /// Held to the end.
    pub keep: BTreeSet<Symbol>,
    /// Traded in this cycle.
    pub used: BTreeSet<Symbol>,
    /// When the logs begin that were cut.
    pub seen_from: Moment,
    /// It is earlier than that.
    pub unseen: bool,
    /// Symbols of the day.
    pub symbols: Vec<Symbol>,
    prices: BTreeMap<Symbol, Decimal>,
    start: Moment,
    again: Vec<(i64, Symbol)>,
    quiet: bool,
}

impl Day {
    /// Simulates the day of a plan.
    pub fn play(plan: &Plan, chance: Chance) -> Day {
        let mut day = Day::begin(plan.clone(), chance);
        let mut due = day.schedule();
        let mut cycle = 0;
        let mut end = day.start;
        while cycle < day.plan.cycles || (!(due.is_empty() && day.is_settled()) && cycle < day.plan.cycles + 20) {
            end = day.cycle(cycle, &mut due);
            cycle += 1;
        }
        day.truth.unplaced.extend(due.iter().map(|(_, fault)| *fault));
        day.finish(end);
        let plan = day.plan.clone();
        day.truth.weigh(&plan);
        day
    }

    /// The day does not end while the broker cannot be reached.
    fn is_settled(&self) -> bool {
        matches!(self.degraded, Degraded::Never | Degraded::Left(_))
    }

    fn begin(plan: Plan, mut chance: Chance) -> Day {
        // Winter days without a holiday: 5 to 9 January, or 2 to 6 and 23 to 27 February 2026.
        let first = if plan.age == Age::January { 20_458 } else { chance.one(&[20_486, 20_507]).unwrap_or(20_486) };
        let midnight = (first + chance.between(0, 5)) * 86_400 * SECOND;
        let open = midnight + 14 * 60 * MINUTE + 30 * MINUTE;
        let start = match plan.faults.contains(&Fault::ExitQueued) {
            true => midnight + (21 * 60 - plan.cycles - 22) * MINUTE,
            false => open + chance.between(0, 300) * MINUTE,
        };
        let mut symbols = chance.some(&SHARES, 9);
        symbols.extend(chance.one(&OPTIONS).filter(|_| chance.percent(30)));
        let prices = symbols.iter().map(|symbol| (*symbol, Decimal::new(chance.between(2_000, 40_000), 2))).collect();
        let ahead = if chance.percent(30) { chance.between(-300, 301) * MILLI } else { 0 };
        let mut day = Day {
            plan,
            chance,
            broker: Broker::ahead(ahead),
            // The bot makes these when it starts, whether it trades or not.
            lines: ["logs/attribution.jsonl", "logs/exit.jsonl", "logs/orders.jsonl"].map(|path| (path, Vec::new())).into(),
            notes: BTreeMap::new(),
            believed: BTreeMap::new(),
            truth: Truth::default(),
            states: BTreeMap::new(),
            executor: (start, BTreeMap::new()),
            degraded: Degraded::Never,
            keep: BTreeSet::new(),
            used: BTreeSet::new(),
            seen_from: start - SECOND,
            unseen: false,
            symbols,
            prices,
            start,
            again: Vec::new(),
            quiet: false,
        };
        let unseen = day.plan.faults.contains(&Fault::OpeningBalanceUnknown);
        if unseen {
            day.seen_from = start + day.chance.between(4, day.plan.cycles) * MINUTE;
        }
        if unseen || day.chance.percent(35) {
            day.night_before();
        }
        day
    }

    /// Positions that were entered on the day before.
    fn night_before(&mut self) {
        let count = if self.chance.percent(50) { 2 } else { 4 };
        for symbol in self.chance.some(&self.symbols.clone(), count) {
            let quantity = if is_option(symbol) { self.chance.shares(1, 4) } else { self.chance.shares(2, 60) };
            let price = self.quote(symbol);
            let entered = self.start - 20 * 60 * MINUTE + self.chance.between(0, 60 * MINUTE);
            self.broker.hold(symbol, quantity, price);
            self.believed.insert(symbol, quantity);
            self.truth.night.insert(symbol);
            let score = self.score();
            self.note(symbol, entered, price, quantity, score);
        }
    }

    /// When which fault shall happen; some in the last minutes.
    fn schedule(&mut self) -> Vec<(i64, Fault)> {
        let cycles = self.plan.cycles;
        let faults = self.plan.faults.clone();
        let mut due = Vec::new();
        for fault in faults.into_iter().filter(|fault| !fault.is_last()) {
            if fault == Fault::OpeningBalanceUnknown {
                due.push((self.chance.between(0, 3), fault));
                continue;
            }
            let late = fault != Fault::StateReset && self.chance.percent(10);
            let at = if late { cycles - self.chance.between(1, 3) } else { self.chance.between(2, cycles - 3) };
            due.push((at, fault));
        }
        due
    }

    fn cycle(&mut self, cycle: i64, due: &mut Vec<(i64, Fault)>) -> Moment {
        let at = self.start + cycle * MINUTE + self.chance.between(0, 1_000) * MILLI;
        self.used.clear();
        if self.is_stale(cycle) {
            self.broker.until(at, &mut self.chance);
        } else {
            self.reset_if_due(cycle, at, due);
            self.reconcile(at);
        }
        let down = matches!(self.degraded, Degraded::Since(..));
        let end = if down { at } else { self.trade(cycle, at, due) };
        self.quiet = end == at && self.broker.last_to_come().is_none();
        self.complete(end + 8 * MILLI, true);
        end
    }

    /// The reconciler stops so many cycles before the end.
    fn is_stale(&mut self, cycle: i64) -> bool {
        let stale = self.plan.faults.contains(&Fault::StaleState) && cycle >= self.plan.cycles - 5;
        if stale && self.truth.stale_from.is_none() {
            let last = self.executor.0;
            self.truth.stale_from = Some(last);
            self.happened(Fault::StaleState, Vec::new(), last);
        }
        stale
    }

    fn reset_if_due(&mut self, cycle: i64, at: Moment, due: &mut Vec<(i64, Fault)>) {
        match self.degraded {
            Degraded::Since(_, until, _) if cycle >= until => self.degraded = Degraded::Over,
            Degraded::Never => {
                let symbols = self.scored();
                let ready = self.quiet && symbols.len() >= 3;
                let Some(place) = due.iter().position(|(when, what)| *what == Fault::StateReset && *when <= cycle) else {
                    return;
                };
                if ready {
                    due.remove(place);
                    let until = cycle + self.chance.between(1, 4);
                    self.degraded = Degraded::Since(at, until, false);
                    self.notes.clear();
                    self.happened(Fault::StateReset, symbols, at);
                }
            }
            Degraded::Since(..) | Degraded::Over | Degraded::Left(_) => {}
        }
    }

    fn trade(&mut self, cycle: i64, began: Moment, due: &mut Vec<(i64, Fault)>) -> Moment {
        let mut at = began;
        let calm = |due: &[(i64, Fault)]| due.iter().any(|(when, what)| *what == Fault::StateReset && *when <= cycle + 1);
        if calm(due) && self.scored().len() >= 3 {
            return at;
        }
        let now: Vec<Fault> = due.iter().filter(|(when, _)| *when <= cycle).map(|(_, fault)| *fault).collect();
        for fault in now.iter().copied().filter(|fault| *fault != Fault::StateReset) {
            let when = at + self.gap();
            if let Some(end) = self.go_wrong(fault, when, began) {
                at = at.max(end);
                due.retain(|(_, other)| *other != fault);
            }
        }
        // What goes wrong needs something that is held: there shall be more of it.
        let wanting = !due.is_empty() && due.iter().any(|(when, _)| *when <= cycle + 1);
        at = self.scale_outs(at);
        at = self.exits(cycle, began, at);
        self.entries(cycle, at, wanting)
    }

    fn scale_outs(&mut self, at: Moment) -> Moment {
        let may: Vec<Symbol> =
            self.held_alone(3).into_iter().filter(|symbol| self.plan.age == Age::Newer || self.is_long(symbol)).collect();
        match self.chance.one(&may).filter(|_| self.chance.percent(12)) {
            Some(symbol) => self.scale_out(at + 60 * MILLI, symbol, true, false),
            None => at,
        }
    }

    fn exits(&mut self, cycle: i64, began: Moment, at: Moment) -> Moment {
        let may: Vec<Symbol> =
            self.tracked().into_iter().filter(|symbol| self.broker.quantity(symbol).abs() >= Decimal::ONE).collect();
        let Some(symbol) = self.chance.one(&may).filter(|_| self.chance.percent(18)) else { return at };
        let gap = self.gap();
        let mut end = self.exit(at + gap, symbol, began, super::exits::How::Plain);
        match self.chance.between(0, 10) {
            0 => {
                self.broker.until(end, &mut self.chance);
                let quantity = self.chance.shares(1, 60);
                end = self.entry(super::entries::Entry::plain(end + 300 * MILLI, symbol, quantity));
            }
            1 => self.again.push((cycle + 1, symbol)),
            2 => self.again.push((cycle + 2, symbol)),
            _ => {}
        }
        end
    }

    fn entries(&mut self, cycle: i64, at: Moment, wanting: bool) -> Moment {
        let mut at = at;
        let again: Vec<Symbol> = self.again.iter().filter(|(when, _)| *when == cycle).map(|(_, symbol)| *symbol).collect();
        for symbol in again {
            if self.absent().contains(&symbol) {
                at = self.some_entry(at, symbol);
            }
        }
        let held = self.broker.held.len();
        let mut count = i64::from(self.chance.percent(25)) + i64::from(self.chance.percent(5));
        if cycle == 0 && held < 3 {
            count = self.chance.between(2, 5);
        }
        if wanting && held < 5 {
            count = count.max(2);
        }
        if self.plan.age == Age::January && self.chance.percent(5) {
            at = self.add(at);
        }
        for _ in 0..if held < 7 { count } else { 0 } {
            let Some(symbol) = self.chance.one(&self.absent()) else { break };
            at = self.some_entry(at, symbol);
        }
        at
    }

    /// The older bot adds to what it holds.
    fn add(&mut self, at: Moment) -> Moment {
        let may = self.unhurt(1);
        let Some(symbol) = self.chance.one(&may) else { return at };
        let quantity = Decimal::from(self.chance.between(1, 30)) * sign(self.broker.quantity(symbol));
        let gap = self.gap();
        self.entry(super::entries::Entry::plain(at + gap, symbol, quantity))
    }

    // What may be traded.

    /// Held as the bot believes, and not traded in this cycle.
    pub fn tracked(&self) -> Vec<Symbol> {
        let free = |symbol: &&Symbol| !self.used.contains(**symbol) && !self.keep.contains(**symbol);
        let held = self.broker.held.iter().filter(|(symbol, lot)| self.believed.get(*symbol) == Some(&lot.quantity));
        held.map(|(symbol, _)| symbol).filter(free).copied().filter(|symbol| !self.broker.expects(symbol)).collect()
    }

    /// Whole shares of at least so many, tracked and untouched by any other fault.
    pub fn held_alone(&self, least: i64) -> Vec<Symbol> {
        let fits = |symbol: &Symbol| {
            let quantity = self.broker.quantity(symbol);
            quantity.abs() >= Decimal::from(least) && quantity.is_integer() && !is_option(symbol)
        };
        self.tracked().into_iter().filter(fits).collect()
    }

    /// The same, and no other fault has touched it.
    pub fn unhurt(&self, least: i64) -> Vec<Symbol> {
        let reset = |symbol: &Symbol| self.truth.episodes.iter().any(|episode| episode.symbols.contains(symbol));
        self.held_alone(least).into_iter().filter(|symbol| !reset(symbol)).collect()
    }

    /// Held, its row has a score, and always had.
    pub fn scored(&self) -> Vec<Symbol> {
        let scored = |symbol: &&Symbol| self.notes.get(*symbol).is_some_and(|note| !note.score.is_zero());
        let scored = |symbol: &&Symbol| scored(symbol) && !self.truth.tolerated.contains(*symbol);
        self.broker.held.keys().filter(scored).copied().collect()
    }

    /// Neither held, nor believed to be, nor traded in this cycle, nor hurt.
    pub fn absent(&self) -> Vec<Symbol> {
        let free = |symbol: &Symbol| {
            !self.broker.held.contains_key(symbol)
                && !self.believed.contains_key(symbol)
                && !self.notes.contains_key(symbol)
                && !self.used.contains(symbol)
                && !self.truth.is_hurt(symbol)
                && !self.broker.expects(symbol)
        };
        self.symbols.iter().copied().filter(free).collect()
    }

    /// Held long.
    pub fn is_long(&self, symbol: &str) -> bool {
        self.broker.held.get(symbol).is_some_and(|lot| lot.quantity.is_sign_positive())
    }

    // Small things.

    /// A fault happened.
    pub fn happened(&mut self, fault: Fault, symbols: Vec<Symbol>, at: Moment) {
        self.used.extend(symbols.iter().copied());
        // A row that is made anew has no score.
        let consequences = if fault == Fault::StateReset { vec!["score_lost"] } else { Vec::new() };
        let also = Vec::new();
        self.truth.episodes.push(Episode { fault, symbols, at, settled_at: at, also, consequences, witnessed: false });
    }

    /// A line of a log. What is cut off a log's beginning is not there.
    pub fn line(&mut self, path: &'static str, line: String) {
        if self.unseen && CUT.contains(&path) {
            return;
        }
        self.lines.entry(path).or_default().push(line);
    }

    /// Time between two trades of a cycle.
    pub fn gap(&mut self) -> Moment {
        self.chance.between(50, 600) * MILLI
    }

    /// A price near the last one.
    pub fn quote(&mut self, symbol: Symbol) -> Decimal {
        let price = self.prices.get(symbol).copied().unwrap_or(Decimal::ONE_HUNDRED);
        let step = Decimal::new(10_000 + self.chance.between(-60, 61), 4);
        (price * step).round_dp(2).max(Decimal::new(1, 2))
    }

    /// The market's price changes, as in a split.
    pub fn divide_price(&mut self, symbol: Symbol, ratio: Decimal) {
        if let Some(price) = self.prices.get_mut(symbol) {
            *price = (*price / ratio).round_dp(2);
        }
    }

    /// A score that an entry may have.
    pub fn score(&mut self) -> Decimal {
        Decimal::new(self.chance.between(26_000, 55_000), 4)
    }

    /// The rows that end a cycle.
    pub fn complete(&mut self, at: Moment, open: bool) {
        self.truth.last_record = self.truth.last_record.max(at);
        let seconds = at / SECOND;
        let market = format!(r#""market_open": {open}, "metrics": {{"clusters": 3}}"#);
        let row = |at: Moment, middle: &str| {
            format!(r#"{{"ts": "{}", {middle}"msg": "complete", "clusters": 3, "orders": 0, {market}}}"#, aware(at))
        };
        if self.plan.age == Age::January && open {
            let bare = r#""metrics": {"clusters": 3}"#;
            self.line("logs/run.jsonl", row(at, "").replace(&market, bare));
            self.line("logs/run.jsonl", row(at + 130, &format!(r#""_ts": {seconds}, "#)).replace(&market, bare));
            self.line("logs/run.jsonl", row(at + 9 * MILLI, &format!(r#""_ts": {seconds}, "#)));
        } else {
            self.line("logs/run.jsonl", row(at, &format!(r#""_ts": {seconds}, "#)));
        }
    }
}
