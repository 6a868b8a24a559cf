//! Random bot days: a small simulator of the bot and its broker, written from the formats alone. It never calls the ledger.
//!
//! One step is one minute: the reconciler looks, then at most one trade happens, then the cycle ends. A fault makes the broker do
//! something else than the bot writes.

use flate2::{Compression, write::GzEncoder};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

const SYMBOLS: [&str; 4] = ["AAA", "BBB", "CCC", "DDD"];

/// What the broker does with an order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    None,
    NotExecuted,
    OtherSide,
    Unlogged,
}

/// One minute.
#[derive(Clone, Debug)]
pub struct Step {
    pub symbol: usize,
    pub shares: i64,
    pub short: bool,
    pub market: bool,
    pub scale: bool,
    pub idle: bool,
    pub fault: Fault,
}

/// Random minutes; about one trade in six goes wrong.
pub fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let fault = prop_oneof![
        10 => Just(Fault::None),
        1 => Just(Fault::NotExecuted),
        1 => Just(Fault::OtherSide),
        1 => Just(Fault::Unlogged),
    ];
    let step = (0..SYMBOLS.len(), 1i64..40, any::<bool>(), any::<bool>(), any::<bool>(), prop::bool::weighted(0.3), fault);
    vec(step, 1..most).prop_map(|steps| {
        steps
            .into_iter()
            .map(|(symbol, shares, short, market, scale, idle, fault)| Step { symbol, shares, short, market, scale, idle, fault })
            .collect()
    })
}

/// A bot's directory, and the broker's answers under `broker/`, as they would lie on disk.
#[derive(Clone, Debug, Default)]
pub struct Day {
    pub files: BTreeMap<String, Vec<u8>>,
    /// What the broker held at the end.
    pub broker: BTreeMap<&'static str, i64>,
}

/// Logs: one record a line.
pub const LOGS: [&str; 6] = [
    "logs/attribution.jsonl",
    "logs/orders.jsonl",
    "logs/exit.jsonl",
    "logs/exit_attribution.jsonl",
    "logs/run.jsonl",
    "data/audit_positions_autofix.jsonl",
];

impl Day {
    /// Plays the minutes.
    pub fn of(steps: &[Step]) -> Day {
        let mut simulation = Simulation::default();
        for (minute, step) in steps.iter().enumerate() {
            simulation.reconcile(minute);
            if !step.idle {
                simulation.trade(minute, step);
            }
            let row = format!(
                r#"{{"ts": "{}", "msg": "complete", "clusters": 1, "orders": 0, "market_open": true, "metrics": {{}}}}"#,
                aware(minute, 4_000)
            );
            simulation.line("logs/run.jsonl", row);
        }
        simulation.reconcile(steps.len());
        simulation.finish(steps.len())
    }

    /// Writes everything below a directory.
    pub fn write(&self, directory: &Path) {
        for (path, bytes) in &self.files {
            let file = directory.join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, bytes).unwrap();
        }
    }

    /// The lines of a log, without their line feeds.
    pub fn lines(&self, path: &str) -> Vec<Vec<u8>> {
        let bytes = self.files.get(path).map(Vec::as_slice).unwrap_or_default();
        let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec);
        let mut lines: Vec<Vec<u8>> = lines.collect();
        if lines.last().is_some_and(Vec::is_empty) {
            lines.pop();
        }
        lines
    }

    /// Puts lines back into a log.
    pub fn set_lines(&mut self, path: &str, lines: &[Vec<u8>]) {
        let mut bytes = Vec::new();
        for line in lines {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
        self.files.insert(path.to_owned(), bytes);
    }
}

/// `2026-03-02T15:MM:SS.mmm000`, beginning at 15:00 UTC, in the middle of the exchange's day.
fn moment(minute: usize, millis: u32) -> String {
    format!("2026-03-02T{:02}:{:02}:{:02}.{:03}000", 15 + minute / 60, minute % 60, millis / 1000, millis % 1000)
}

fn aware(minute: usize, millis: u32) -> String {
    moment(minute, millis) + "+00:00"
}

fn zulu(minute: usize, millis: u32) -> String {
    moment(minute, millis) + "Z"
}

#[derive(Default)]
struct Simulation {
    lines: BTreeMap<&'static str, Vec<String>>,
    /// What the bot believes it holds: signed shares and the minute of the entry.
    bot: BTreeMap<&'static str, (i64, usize)>,
    broker: BTreeMap<&'static str, i64>,
    seen: BTreeMap<&'static str, i64>,
    fills: Vec<String>,
}

fn side(shares: i64) -> &'static str {
    if shares < 0 { "short" } else { "long" }
}

impl Simulation {
    fn line(&mut self, path: &'static str, line: String) {
        self.lines.entry(path).or_default().push(line);
    }

    fn fill(&mut self, minute: usize, symbol: &'static str, shares: i64) {
        *self.broker.entry(symbol).or_default() += shares;
        self.broker.retain(|_, held| *held != 0);
        let side = if shares < 0 { "sell" } else { "buy" };
        self.fills.push(format!(
            r#"{{"id": "{minute}::{}", "activity_type": "FILL", "transaction_time": "{}", "type": "fill", "price": "10", "qty": "{}", "side": "{side}", "symbol": "{symbol}", "leaves_qty": "0", "order_id": "o{minute}"}}"#,
            self.fills.len(),
            zulu(minute, 2_000),
            shares.abs()
        ));
    }

    /// The reconciler writes the broker's whole book, and what changed since the last look.
    fn reconcile(&mut self, minute: usize) {
        let rows: Vec<String> = self
            .broker
            .iter()
            .map(|(symbol, held)| {
                format!(r#"{{"symbol": "{symbol}", "qty": {held}.0, "side": "{}", "avg_entry_price": 10.0}}"#, side(*held))
            })
            .collect();
        let at = zulu(minute, 500);
        let row = format!(r#"{{"ts": "{at}", "alpaca": {{"timestamp": "{at}", "positions": [{}]}}}}"#, rows.join(", "));
        self.line("state/portfolio_state.jsonl", row);
        let at = zulu(minute, 600);
        let mut fixes = Vec::new();
        for symbol in SYMBOLS {
            let (before, now) = (self.seen.get(symbol).copied(), self.broker.get(symbol).copied());
            match (before, now) {
                (None, Some(_)) => fixes.push(format!(
                    r#"{{"event": "missing_injected", "ts": "{at}", "details": {{"count": 1, "symbols": ["{symbol}"]}}}}"#
                )),
                (Some(held), None) => fixes.push(format!(
                    r#"{{"event": "orphan_purged", "ts": "{at}", "details": {{"symbol": "{symbol}", "qty": {held}.0}}}}"#
                )),
                (Some(held), Some(now)) if held != now => fixes.push(format!(
                    r#"{{"event": "quantity_reconciled", "ts": "{at}", "details": {{"count": 1, "details": [{{"symbol": "{symbol}", "alpaca_qty": {now}.0, "bot_qty": {held}.0}}]}}}}"#
                )),
                _ => {}
            }
        }
        if fixes.is_empty() {
            let count = self.broker.len();
            fixes
                .push(format!(r#"{{"event": "reconciliation_clean", "ts": "{at}", "details": {{"positions_count": {count}}}}}"#));
        }
        for fix in fixes {
            self.line("data/audit_positions_autofix.jsonl", fix);
        }
        self.seen = self.broker.clone();
        // The bot takes over what the broker holds.
        self.bot = self.broker.iter().map(|(symbol, held)| (*symbol, (*held, minute))).collect();
    }

    fn trade(&mut self, minute: usize, step: &Step) {
        let symbol = SYMBOLS[step.symbol];
        match self.bot.get(symbol).copied() {
            None => self.enter(minute, symbol, step),
            Some((held, _)) if step.scale && held.abs() > 3 => self.scale_out(minute, symbol, held, step.fault),
            Some((held, entered)) => self.exit(minute, symbol, held, entered, step.fault),
        }
    }

    /// What reaches the broker of an order, and whether the bot writes of it.
    fn order(&mut self, minute: usize, symbol: &'static str, shares: i64, fault: Fault) -> bool {
        match fault {
            Fault::None | Fault::Unlogged => self.fill(minute, symbol, shares),
            Fault::OtherSide => self.fill(minute, symbol, -shares),
            Fault::NotExecuted => {}
        }
        fault != Fault::Unlogged
    }

    fn enter(&mut self, minute: usize, symbol: &'static str, step: &Step) {
        let shares = if step.short { -step.shares } else { step.shares };
        if !self.order(minute, symbol, shares, step.fault) {
            return;
        }
        let (at, quantity) = (aware(minute, 2_100), step.shares);
        // A market order's first poll may see a part only; its size in money tells the rest.
        let logged = if step.market { (quantity + 1) / 2 } else { quantity };
        let order_type = if step.market { "market" } else { "limit" };
        let order_side = if step.short { "sell" } else { "buy" };
        self.line(
            "logs/orders.jsonl",
            format!(
                r#"{{"ts": "{}", "type": "order", "symbol": "{symbol}", "qty": {logged}, "side": "{order_side}", "score": 3.5, "price": 10.0, "order_type": "{order_type}", "status": "filled"}}"#,
                aware(minute, 2_099)
            ),
        );
        self.line(
            "logs/attribution.jsonl",
            format!(
                r#"{{"ts": "{at}", "type": "attribution", "trade_id": "open_{symbol}_{at}", "symbol": "{symbol}", "pnl_usd": 0.0, "context": {{"score": 3.5, "order_type": "{order_type}", "entry_status": "filled", "pending_fill": false, "position_side": "{}", "position_size_usd": {quantity}0.0, "qty": {logged}, "entry_qty": {logged}, "entry_price": 10.0}}}}"#,
                side(shares)
            ),
        );
    }

    fn scale_out(&mut self, minute: usize, symbol: &'static str, held: i64, fault: Fault) {
        let quantity = held.abs() / 3;
        if !self.order(minute, symbol, -held.signum() * quantity, fault) {
            return;
        }
        let at = aware(minute, 2_100);
        let order = format!(
            r#"{{"ts": "{}", "type": "order", "action": "scale_out", "symbol": "{symbol}", "qty": {quantity}, "fraction": 0.3}}"#,
            aware(minute, 2_098)
        );
        self.line("logs/orders.jsonl", order);
        let row = format!(
            r#"{{"ts": "{at}", "type": "attribution", "trade_id": "scale_{symbol}_{at}", "symbol": "{symbol}", "pnl_usd": 1.0, "context": {{"close_reason": "profit_target(2%)", "exit_price": 10.0, "side": "{}", "qty": {quantity}, "fraction": 0.3}}}}"#,
            side(held)
        );
        self.line("logs/attribution.jsonl", row);
        let echo = format!(
            r#"{{"ts": "{}", "msg": "scale_out_attribution_logged", "symbol": "{symbol}", "fraction": 0.3}}"#,
            aware(minute, 2_105)
        );
        self.line("logs/exit.jsonl", echo);
    }

    fn exit(&mut self, minute: usize, symbol: &'static str, held: i64, entered: usize, fault: Fault) {
        if !self.order(minute, symbol, -held, fault) {
            return;
        }
        let (at, entry, quantity, word) = (aware(minute, 2_100), aware(entered, 500), held.abs(), side(held));
        let id = format!("o{minute}");
        self.line(
            "logs/exit.jsonl",
            format!(r#"{{"ts": "{}", "msg": "close_position_success", "symbol": "{symbol}"}}"#, aware(minute, 2_095)),
        );
        self.line(
            "logs/orders.jsonl",
            format!(
                r#"{{"ts": "{}", "type": "order", "action": "close_position", "symbol": "{symbol}", "order_id": "{id}", "filled_qty": {quantity}, "filled_avg_price": 10.0}}"#,
                aware(minute, 2_097)
            ),
        );
        self.line(
            "logs/attribution.jsonl",
            format!(
                r#"{{"ts": "{at}", "type": "attribution", "trade_id": "close_{symbol}_{at}", "symbol": "{symbol}", "pnl_usd": 1.0, "context": {{"close_reason": "trail", "entry_price": 10.0, "exit_price": 10.0, "position_side": "{word}", "side": "{word}", "qty": {quantity}, "entry_qty": {quantity}.0, "exit_qty": {quantity}, "exit_order_id": "{id}", "entry_ts": "{entry}"}}}}"#
            ),
        );
        self.line(
            "logs/exit_attribution.jsonl",
            format!(
                r#"{{"symbol": "{symbol}", "timestamp": "{}", "entry_timestamp": "{entry}", "exit_reason": "trail", "pnl": 1.0, "entry_price": 10.0, "exit_price": 10.0, "qty": {quantity}.0}}"#,
                aware(minute, 2_099)
            ),
        );
        self.line(
            "logs/exit.jsonl",
            format!(r#"{{"ts": "{}", "msg": "attribution_logged", "symbol": "{symbol}", "pnl_usd": 1.0}}"#, aware(minute, 2_105)),
        );
    }

    fn finish(self, minute: usize) -> Day {
        let mut day = Day { broker: self.broker.clone(), ..Day::default() };
        for (path, lines) in &self.lines {
            let lines: Vec<Vec<u8>> = lines.iter().map(|line| line.clone().into_bytes()).collect();
            day.set_lines(path, &lines);
        }
        let opens: Vec<String> = self
            .broker
            .iter()
            .map(|(symbol, held)| {
                let quantity = held.abs();
                format!(
                    "\n    \"{symbol}\": {{\"entry_price\": 10.0, \"qty\": {quantity}.0, \"side\": \"{}\", \"entry_score\": 3.5}}",
                    side(*held)
                )
            })
            .collect();
        let executor = format!("{{\n  \"timestamp\": \"{}\",\n  \"opens\": {{{}}}\n}}\n", zulu(minute, 400), opens.join(","));
        let rows: Vec<String> = self
            .broker
            .iter()
            .map(|(symbol, held)| {
                format!(
                    "\n  \"{symbol}\": {{\"entry_ts\": \"{}\", \"qty\": 1, \"side\": \"{}\", \"entry_score\": 3.5, \"components\": {{\"flow\": 1.0}}, \"updated_at\": \"{}\"}}",
                    moment(minute, 300),
                    side(*held),
                    moment(minute, 300)
                )
            })
            .collect();
        let positions: Vec<String> = self
            .broker
            .iter()
            .map(|(symbol, held)| {
                format!(
                    "\n  {{\"symbol\": \"{symbol}\", \"qty\": \"{held}\", \"side\": \"{}\", \"avg_entry_price\": \"10\"}}",
                    side(*held)
                )
            })
            .collect();
        for (path, text) in [
            ("state/executor_state.json", executor),
            ("state/position_metadata.json", format!("{{{}\n}}\n", rows.join(","))),
            ("broker/positions.json", format!("[{}\n]\n", positions.join(","))),
            ("broker/activities.json", format!("[\n{}\n]\n", self.fills.join(",\n"))),
            ("broker/orders.json", "[]\n".to_owned()),
            (
                "broker/recording.json",
                format!(
                    "{{\"schema\": \"tapecheck.recording/1\", \"read_began\": \"{}\", \"read_ended\": \"{}\", \"base_url\": \"https://paper\", \"paper\": true}}\n",
                    zulu(minute, 30_000),
                    zulu(minute, 30_400)
                ),
            ),
        ] {
            day.files.insert(path.to_owned(), text.into_bytes());
        }
        day
    }
}

/// Something that happens to the files of a live directory.
#[derive(Clone, Debug)]
pub enum Dirt {
    FlipBit(prop::sample::Index),
    Truncate(prop::sample::Index),
    Insert(prop::sample::Index, &'static [u8]),
    Crlf,
    ByteOrderMark,
    Replace(&'static str, &'static str),
    Empty,
    Directory,
    Gzip,
    CutGzip,
    Zstd,
    Rotate,
    Absent,
}

const JUNK: [&[u8]; 9] = [
    b"\n\n  \n",
    b"\nnull\n[]\n3\n\"x\"\n",
    b"\n{\"ts\": NaN, \"symbol\": Infinity, \"qty\": -Infinity}\n",
    b"\xff\xfe\n",
    b"\x00\x1b[31m",
    b"\n{\"event\": \"reconciliation_clean\", \"ts\": \"2026-03-02T15:00:00Z\"}\n",
    b"\n{\"ts\": 1e999, \"msg\": \"close_position_success\", \"symbol\": \"AAA\"}\n",
    b"\n{\"ts\": \"2026-03-02T15:00:00\", \"ts\": 1772463600.5, \"msg\": \"complete\"}\n",
    b"[[[[[[[[[[[[[[[[",
];

const SWAPS: [(&str, &str); 7] = [
    ("\"qty\": ", "\"qty\": NaN, \"qty\": "),
    ("+00:00\"", "\""),
    ("+00:00\"", "+00:00Z\""),
    ("\"entry_price\": 10.0", "\"entry_price\": \"10.0\""),
    ("\"side\": \"long\"", "\"side\": \"short\""),
    ("\"ts\": \"2026-03-02T15:0", "\"ts\": 1772463600.25, \"was\": \"2026-03-02T15:0"),
    ("\"symbol\": \"AAA\"", "\"symbol\": \"\\u001b[31m\""),
];

pub fn dirt() -> impl Strategy<Value = Dirt> {
    prop_oneof![
        4 => any::<prop::sample::Index>().prop_map(Dirt::FlipBit),
        2 => any::<prop::sample::Index>().prop_map(Dirt::Truncate),
        4 => (any::<prop::sample::Index>(), prop::sample::select(JUNK.to_vec())).prop_map(|(at, junk)| Dirt::Insert(at, junk)),
        1 => Just(Dirt::Crlf),
        1 => Just(Dirt::ByteOrderMark),
        3 => prop::sample::select(SWAPS.to_vec()).prop_map(|(one, other)| Dirt::Replace(one, other)),
        1 => Just(Dirt::Empty),
        1 => Just(Dirt::Directory),
        1 => Just(Dirt::Gzip),
        1 => Just(Dirt::CutGzip),
        1 => Just(Dirt::Zstd),
        1 => Just(Dirt::Rotate),
        1 => Just(Dirt::Absent),
    ]
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

impl Day {
    /// Soils one file. A directory is made of it when it is written: see [`Day::write_soiled`].
    pub fn soil(&mut self, file: prop::sample::Index, dirt: &Dirt) {
        let paths: Vec<String> = self.files.keys().cloned().collect();
        let path = &paths[file.index(paths.len())];
        let Some(mut bytes) = self.files.remove(path) else { return };
        let mut name = path.clone();
        match dirt {
            Dirt::FlipBit(at) if !bytes.is_empty() => {
                let bit = at.index(bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            Dirt::FlipBit(_) => {}
            Dirt::Truncate(at) => bytes.truncate(at.index(bytes.len() + 1)),
            Dirt::Insert(at, junk) => {
                let at = at.index(bytes.len() + 1);
                bytes.splice(at..at, junk.iter().copied());
            }
            Dirt::Crlf => bytes = String::from_utf8_lossy(&bytes).replace('\n', "\r\n").into_bytes(),
            Dirt::ByteOrderMark => bytes.splice(0..0, *b"\xef\xbb\xbf").for_each(drop),
            Dirt::Replace(one, other) => bytes = String::from_utf8_lossy(&bytes).replacen(one, other, 2).into_bytes(),
            Dirt::Empty => bytes.clear(),
            Dirt::Directory => name.push('/'),
            Dirt::Gzip => (name, bytes) = (format!("{path}.gz"), gzip(&bytes)),
            Dirt::CutGzip => {
                (name, bytes) = (format!("{path}.gz"), gzip(&bytes));
                bytes.truncate(bytes.len() / 2);
            }
            Dirt::Zstd => (name, bytes) = (format!("{path}.zst"), zstd(&bytes)),
            Dirt::Rotate => name.push_str(".1"),
            Dirt::Absent => return,
        }
        self.files.insert(name, bytes);
    }

    /// Writes everything; a name that ends in a slash becomes a directory.
    pub fn write_soiled(&self, directory: &Path) {
        for (path, bytes) in &self.files {
            let file = directory.join(path);
            if path.ends_with('/') {
                std::fs::create_dir_all(file).unwrap();
                continue;
            }
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, bytes).unwrap();
        }
    }
}
