//! A bot and its broker, minute by minute, and what goes wrong with them.
//!
//! What happens is put on a list by its moment, and happens when that moment is reached: a fill at the broker, a line of a log, a state file.

#![expect(clippy::disallowed_methods, reason = "this writes a bot's files")]

use chrono::{DateTime, Datelike, Duration, NaiveDate, SecondsFormat, Utc, Weekday};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use twox_hash::XxHash3_64;

use super::fake::Fake;
use super::fake::book::rows;
use super::fake::scenario::Scenario;

type Time = DateTime<Utc>;

/// Minutes of a day on which the exchange is open, from 14:30 on: a winter's day in New York.
const OPEN_MINUTES: i64 = 390;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Somebody else trades; the reconciler takes it over within a minute.
    TradedByHand,
    /// The executor's file does not get a position that the bot has.
    ExecutorForgets,
    /// The bot does nothing.
    Frozen,
    /// The bot does nothing, and meanwhile somebody else trades.
    FrozenAndTraded,
    /// The broker refuses every request.
    Refused,
    /// The broker hangs up on every request.
    HangsUp,
    /// The bot's account of its trades is not there.
    LogGone,
    /// Logs are cut in place: no fault of the books.
    LogsCut,
    /// A log is rotated: no fault of the books.
    LogRotated,
    /// One request is refused for a second: no fault.
    Limited,
}

impl Fault {
    pub const ALL: [Fault; 10] = [
        Fault::TradedByHand,
        Fault::ExecutorForgets,
        Fault::Frozen,
        Fault::FrozenAndTraded,
        Fault::Refused,
        Fault::HangsUp,
        Fault::LogGone,
        Fault::LogsCut,
        Fault::LogRotated,
        Fault::Limited,
    ];

    /// Minutes that it lasts.
    fn lasts(self) -> i64 {
        match self {
            Fault::Limited | Fault::LogsCut | Fault::LogRotated => 1,
            Fault::TradedByHand => 12,
            Fault::ExecutorForgets | Fault::Frozen | Fault::FrozenAndTraded => 18,
            Fault::Refused | Fault::HangsUp | Fault::LogGone => 10,
        }
    }

    /// What should be told, as the beginning of a subject's name; nothing for what is no fault.
    pub fn told(self) -> &'static [&'static str] {
        match self {
            Fault::TradedByHand => &["HAND/"],
            Fault::ExecutorForgets => &["EXEC/"],
            Fault::Frozen => &["check/main_loop"],
            Fault::FrozenAndTraded => &["check/main_loop", "HAND/"],
            Fault::Refused | Fault::HangsUp => &["blind/broker"],
            Fault::LogGone => &["blind/logs"],
            Fault::LogsCut | Fault::LogRotated | Fault::Limited => &[],
        }
    }
}

/// A fault that was played.
#[derive(Clone, Debug)]
pub struct Played {
    pub fault: Fault,
    pub from: Time,
    pub until: Time,
}

enum Happens {
    Line(&'static str, String),
    Fill { symbol: String, change: i64, by_bot: bool },
    Reconciles,
    Cycle,
    Begins(Fault),
    Ends(Fault),
}

struct Held {
    quantity: i64,
    entered: Time,
}

pub struct World {
    folder: PathBuf,
    pub now: Time,
    to_come: BTreeMap<(Time, u64), Happens>,
    /// The broker's book.
    broker: BTreeMap<String, i64>,
    /// What the bot means to hold.
    own: BTreeMap<String, Held>,
    known: BTreeSet<String>,
    wrong: BTreeSet<&'static str>,
    gone: BTreeSet<&'static str>,
    count: u64,
    pub played: Vec<Played>,
    pub movements: u64,
    pub lines: u64,
}

impl World {
    pub fn new(folder: &Path, from: NaiveDate) -> World {
        for part in ["logs", "state", "data"] {
            fs::create_dir_all(folder.join(part)).expect("a folder");
        }
        let now = from.and_hms_opt(0, 0, 0).expect("midnight").and_utc();
        let world = World {
            folder: folder.to_owned(),
            now,
            to_come: BTreeMap::new(),
            broker: BTreeMap::new(),
            own: BTreeMap::new(),
            known: BTreeSet::new(),
            wrong: BTreeSet::new(),
            gone: BTreeSet::new(),
            count: 0,
            played: Vec::new(),
            movements: 0,
            lines: 0,
        };
        world.file("state/position_metadata.json", "{}");
        world.file("state/executor_state.json", &format!(r#"{{"timestamp": "{}", "opens": {{}}}}"#, zulu(now)));
        for log in ["logs/attribution.jsonl", "logs/exit.jsonl", "logs/run.jsonl", "logs/orders.jsonl"] {
            world.file(log, "");
        }
        world
    }

    fn draw(&mut self, below: u64) -> i64 {
        self.count += 1;
        i64::try_from(XxHash3_64::oneshot(&self.count.to_le_bytes()) % below.max(1)).unwrap_or(0)
    }

    fn at(&mut self, at: Time, what: Happens) {
        self.count += 1;
        self.to_come.insert((at, self.count), what);
    }

    /// Plans a day: a cycle each minute, trades, and faults that do not overlap.
    pub fn plan(&mut self, day: NaiveDate, faults: &[Fault]) {
        if matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
            return;
        }
        let opening = day.and_hms_opt(14, 30, 0).expect("a time").and_utc();
        for minute in 0..OPEN_MINUTES {
            let now = opening + Duration::minutes(minute);
            self.at(now + Duration::milliseconds(500), Happens::Reconciles);
            self.at(now + Duration::seconds(40), Happens::Cycle);
        }
        let between = OPEN_MINUTES / (i64::try_from(faults.len()).unwrap_or(0) + 1);
        for (place, fault) in faults.iter().enumerate() {
            let begins = opening
                + Duration::minutes(between * (i64::try_from(place).unwrap_or(0)) + 20)
                + Duration::seconds(self.draw(50));
            let ends = begins + Duration::minutes(fault.lasts());
            self.at(begins, Happens::Begins(*fault));
            self.at(ends, Happens::Ends(*fault));
            self.played.push(Played { fault: *fault, from: begins, until: ends });
        }
    }

    /// Lets everything happen until a moment.
    pub fn pass(&mut self, until: Time, fake: &Fake) {
        while self.to_come.first_key_value().is_some_and(|((at, _), _)| *at <= until) {
            if let Some(((at, _), what)) = self.to_come.pop_first() {
                self.now = at;
                self.happens(what, fake);
            }
        }
        self.now = until;
        self.tell_clock(fake);
    }

    fn happens(&mut self, what: Happens, fake: &Fake) {
        match what {
            Happens::Line(path, line) => self.line(path, &line),
            Happens::Fill { symbol, change, by_bot } => self.fill(&symbol, change, by_bot, fake),
            Happens::Reconciles => self.reconcile(),
            Happens::Cycle => self.cycle(),
            Happens::Begins(fault) => self.begins(fault, fake),
            Happens::Ends(fault) => self.ends(fault, fake),
        }
    }

    fn is_frozen(&self) -> bool {
        self.wrong.contains("frozen")
    }

    fn begins(&mut self, fault: Fault, fake: &Fake) {
        match fault {
            Fault::TradedByHand => self.fill("HAND", 7, false, fake),
            Fault::ExecutorForgets => {
                self.wrong.insert("executor");
                self.enter("EXEC".to_owned(), 11);
            }
            Fault::Frozen => drop(self.wrong.insert("frozen")),
            Fault::FrozenAndTraded => {
                self.wrong.insert("frozen");
                self.fill("HAND", 5, false, fake);
            }
            Fault::Refused => fake.change(|state| state.scenario = Scenario::Forbidden),
            Fault::HangsUp => fake.change(|state| state.scenario = Scenario::HtmlAlways),
            Fault::LogGone => {
                self.gone.insert("logs/attribution.jsonl");
                drop(fs::rename(self.folder.join("logs/attribution.jsonl"), self.folder.join("logs/moved-away")));
            }
            Fault::LogsCut => self.cut(&["logs/run.jsonl", "logs/exit.jsonl", "state/portfolio_state.jsonl"]),
            Fault::LogRotated => drop(fs::rename(self.folder.join("logs/run.jsonl"), self.folder.join("logs/run.jsonl.1"))),
            Fault::Limited => fake.change(|state| {
                state.seen.clear();
                state.scenario = Scenario::LimitedWithWait;
            }),
        }
    }

    fn ends(&mut self, fault: Fault, fake: &Fake) {
        match fault {
            Fault::TradedByHand => self.fill("HAND", -7, false, fake),
            Fault::ExecutorForgets => {
                self.wrong.remove("executor");
                self.exit("EXEC");
            }
            Fault::Frozen => drop(self.wrong.remove("frozen")),
            Fault::FrozenAndTraded => {
                self.fill("HAND", -5, false, fake);
                self.wrong.remove("frozen");
            }
            Fault::Refused | Fault::HangsUp | Fault::Limited => fake.change(|state| state.scenario = Scenario::Ok),
            Fault::LogGone => {
                self.gone.remove("logs/attribution.jsonl");
                drop(fs::rename(self.folder.join("logs/moved-away"), self.folder.join("logs/attribution.jsonl")));
            }
            Fault::LogsCut | Fault::LogRotated => {}
        }
    }

    /// In place, as the bot's supervisor does it: the last lines are kept.
    fn cut(&self, logs: &[&str]) {
        for log in logs {
            let text = fs::read_to_string(self.folder.join(log)).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            let kept = &lines[lines.len().saturating_sub(200)..];
            self.file(log, &kept.iter().map(|line| format!("{line}\n")).collect::<String>());
        }
    }

    fn fill(&mut self, symbol: &str, change: i64, by_bot: bool, fake: &Fake) {
        let held = self.broker.entry(symbol.to_owned()).or_default();
        *held += change;
        self.broker.retain(|_, quantity| *quantity != 0);
        self.count += 1;
        let (count, at) = (self.count, zulu(self.now));
        let id = format!("00000000-0000-4000-8000-{count:012x}");
        let (side, quantity) = (if change > 0 { "buy" } else { "sell" }, change.abs());
        let client = if by_bot { format!("uwbot-{symbol}-{side}-{count}") } else { format!("hand-{count}") };
        let fill = format!(
            r#"{{"id": "{}::{id}", "activity_type": "FILL", "transaction_time": "{at}", "type": "fill", "price": "50.00", "qty": "{quantity}", "side": "{side}", "symbol": "{symbol}", "order_id": "{id}"}}"#,
            self.now.format("%Y%m%d%H%M%S%3f")
        );
        let order = format!(
            r#"{{"id": "{id}", "client_order_id": "{client}", "symbol": "{symbol}", "side": "{side}", "type": "market", "qty": "{quantity}", "filled_qty": "{quantity}", "filled_avg_price": "50.00", "status": "filled", "submitted_at": "{at}", "filled_at": "{at}"}}"#
        );
        let positions = self.broker.iter().map(|(symbol, quantity)| {
            let side = if *quantity > 0 { "long" } else { "short" };
            format!(r#"{{"symbol": "{symbol}", "qty": "{quantity}", "side": "{side}", "avg_entry_price": "50.00", "current_price": "50.00"}}"#)
        });
        let positions = format!("[{}]", positions.collect::<Vec<String>>().join(", "));
        fake.change(|state| {
            state.book.positions = positions;
            state.book.activities.extend(rows(&format!("[{fill}]"), &["transaction_time"]));
            state.book.orders.extend(rows(&format!("[{order}]"), &["submitted_at"]));
        });
    }

    fn tell_clock(&self, fake: &Fake) {
        let now = self.now.to_rfc3339_opts(SecondsFormat::Micros, true);
        fake.change(|state| {
            state.book.clock = format!(r#"{{"timestamp": "{now}", "is_open": true}}"#);
            // What the fake remembers of requests would grow, and is looked through for each.
            if state.seen.len() > 200 && state.scenario == Scenario::Ok {
                state.seen.clear();
            }
        });
    }

    /// The reconciler: it copies the broker's book, and says what it put right.
    fn reconcile(&mut self) {
        if self.is_frozen() {
            return;
        }
        let now = zulu(self.now);
        let row = |(symbol, quantity): (&String, &i64)| {
            let side = if *quantity > 0 { "long" } else { "short" };
            format!(
                r#"{{"symbol": "{symbol}", "qty": {quantity}.0, "side": "{side}", "market_value": 1.0, "avg_entry_price": 50.0, "current_price": 50.0}}"#
            )
        };
        let rows: Vec<String> = self.broker.iter().map(row).collect();
        let book = format!(
            r#"{{"ts": "{now}", "alpaca": {{"timestamp": "{now}", "positions": [{}], "cash": 5.0}}, "internal": {{"timestamp": "{now}", "positions": {{}}}}, "diffs": []}}"#,
            rows.join(", ")
        );
        self.line("state/portfolio_state.jsonl", &book);
        let held: BTreeSet<String> = self.broker.keys().cloned().collect();
        let came: Vec<String> = held.difference(&self.known).cloned().collect();
        let went: Vec<String> = self.known.difference(&held).cloned().collect();
        let audit = "data/audit_positions_autofix.jsonl";
        for symbol in &went {
            self.line(audit, &format!(r#"{{"event": "orphan_purged", "ts": "{now}", "details": {{"symbol": "{symbol}", "qty": 1.0, "action": "removed_from_internal_state_only"}}}}"#));
        }
        if !came.is_empty() {
            let names = came.iter().map(|name| format!("\"{name}\"")).collect::<Vec<String>>().join(", ");
            self.line(
                audit,
                &format!(
                    r#"{{"event": "missing_injected", "ts": "{now}", "details": {{"count": {}, "symbols": [{names}]}}}}"#,
                    came.len()
                ),
            );
        }
        if came.is_empty() && went.is_empty() {
            self.line(
                audit,
                &format!(
                    r#"{{"event": "reconciliation_clean", "ts": "{now}", "details": {{"positions_count": {}}}}}"#,
                    held.len()
                ),
            );
        }
        if !(came.is_empty() && went.is_empty()) {
            let fixes = came.len() + went.len();
            self.line(audit, &format!(r#"{{"event": "autonomous_reconciliation_complete", "ts": "{now}", "details": {{"total_fixes": {fixes}, "missing_in_bot": {}, "orphaned_in_bot": {}, "quantity_mismatch": 0}}}}"#, came.len(), went.len()));
        }
        self.known = held;
        let forgotten = |symbol: &str| symbol == "EXEC" && self.wrong.contains("executor");
        let opens = self.broker.iter().filter(|(symbol, _)| !forgotten(symbol)).map(|(symbol, quantity)| {
            let (side, quantity) = (if *quantity > 0 { "buy" } else { "sell" }, quantity.abs());
            format!(r#""{symbol}": {{"ts": "{now}", "qty": {quantity}, "side": "{side}", "entry_price": 50.0, "high_water": 50.0, "entry_score": 4.0}}"#)
        });
        let opens = opens.collect::<Vec<String>>().join(", ");
        self.file("state/executor_state.json", &format!(r#"{{"timestamp": "{now}", "opens": {{{opens}}}}}"#));
        self.metadata();
    }

    fn metadata(&self) {
        let rows = self.broker.iter().map(|(symbol, quantity)| {
            let entered = self.own.get(symbol).map_or(self.now, |held| held.entered);
            let side = if *quantity > 0 { "buy" } else { "sell" };
            format!(
                r#""{symbol}": {{"side": "{side}", "entry_ts": "{}", "entry_price": 50.0, "entry_score": 4.0, "components": {{"flow": 1.0}}, "updated_at": "{}"}}"#,
                zulu(entered),
                zulu(self.now)
            )
        });
        self.file("state/position_metadata.json", &format!("{{{}}}", rows.collect::<Vec<String>>().join(", ")));
    }

    /// The bot's minute: it trades, evaluates exits, and says so.
    fn cycle(&mut self) {
        if self.is_frozen() {
            return;
        }
        let now = aware(self.now);
        self.line(
            "logs/run.jsonl",
            &format!(r#"{{"ts": "{now}", "msg": "complete", "clusters": 1, "orders": 0, "market_open": true, "metrics": {{}}}}"#),
        );
        let held = self.own.keys().next().cloned();
        if let Some(symbol) = &held {
            self.line("logs/exit.jsonl", &format!(r#"{{"ts": "{now}", "msg": "hold_floor_skipped", "symbol": "{symbol}"}}"#));
        }
        let due: Vec<String> = self
            .own
            .iter()
            .filter(|(name, held)| *name != "EXEC" && self.now - held.entered > Duration::minutes(25))
            .map(|(name, _)| name.clone())
            .collect();
        for name in due {
            self.exit(&name);
        }
        if self.draw(10) < 3 && self.own.len() < 8 && !self.gone.contains("logs/attribution.jsonl") {
            let name = format!("S{}", char::from(b'A' + u8::try_from(self.draw(26)).unwrap_or(0)));
            if !self.own.contains_key(&name) && !self.broker.contains_key(&name) {
                let quantity = (1 + self.draw(40)) * if self.draw(3) == 0 { -1 } else { 1 };
                self.enter(name, quantity);
            }
        }
    }

    /// The fill comes first; the record of it up to seconds later, as the bot polls.
    fn enter(&mut self, name: String, quantity: i64) {
        self.movements += 1;
        let filled = self.now + Duration::milliseconds(300);
        let written = filled + Duration::milliseconds(200 + self.draw(7_000));
        self.at(filled, Happens::Fill { symbol: name.clone(), change: quantity, by_bot: true });
        let (side, direction) = if quantity > 0 { ("buy", "bullish") } else { ("sell", "bearish") };
        let (shares, now) = (quantity.abs(), aware(written));
        self.at(written, Happens::Line("logs/attribution.jsonl", format!(r#"{{"ts": "{now}", "type": "attribution", "trade_id": "open_{name}_{now}", "symbol": "{name}", "pnl_usd": 0.0, "context": {{"direction": "{direction}", "score": 4.0, "order_type": "limit", "entry_status": "filled", "pending_fill": false, "requested_qty": {shares}, "qty": {shares}, "entry_qty": {shares}, "side": "{side}", "entry_price": 50.0, "entry_score": 4.0}}, "strategy_id": "equity"}}"#)));
        self.own.insert(name, Held { quantity, entered: written });
    }

    fn exit(&mut self, name: &str) {
        let Some(held) = self.own.remove(name) else { return };
        self.movements += 1;
        let filled = self.now + Duration::milliseconds(300);
        let written = filled + Duration::milliseconds(200 + self.draw(7_000));
        self.at(filled, Happens::Fill { symbol: name.to_owned(), change: -held.quantity, by_bot: true });
        let (side, position) = if held.quantity > 0 { ("sell", "long") } else { ("buy", "short") };
        let (shares, now, entered) = (held.quantity.abs(), aware(written), aware(held.entered));
        self.at(written, Happens::Line("logs/attribution.jsonl", format!(r#"{{"ts": "{now}", "type": "attribution", "trade_id": "close_{name}_{now}", "symbol": "{name}", "pnl_usd": 0.0, "pnl_pct": 0.0, "context": {{"close_reason": "time", "entry_price": 50.0, "exit_price": 50.0, "side": "{side}", "position_side": "{position}", "order_side_raw": "{side}", "qty": {shares}, "entry_qty": {shares}, "exit_qty": {shares}, "entry_ts": "{entered}"}}, "strategy_id": "equity"}}"#)));
    }

    fn line(&mut self, path: &'static str, line: &str) {
        self.lines += 1;
        let path = if self.gone.contains(path) { "logs/moved-away" } else { path };
        let mut file = OpenOptions::new().create(true).append(true).open(self.folder.join(path)).expect("a log");
        writeln!(file, "{line}").expect("a line");
    }

    fn file(&self, path: &str, text: &str) {
        fs::write(self.folder.join(path), text).expect("a file");
    }
}

fn aware(at: Time) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, false)
}

fn zulu(at: Time) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}
