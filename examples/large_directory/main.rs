//! Writes a bot's directory of any size, for measuring: trading days of one bot, minute by minute, in which every book agrees.
//!
//!     cargo run --release --example large_directory -- OUT --megabytes 1000
//!
//! The records have the shapes, and nearly the lengths, of the bot's own; the same arguments give the same bytes.

#![expect(clippy::disallowed_methods, reason = "an example that writes files")]

mod shapes;

use chrono::{DateTime, Datelike, Duration, NaiveDate, SecondsFormat, Utc, Weekday};
use clap::Parser;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use xxhash_rust::xxh3::xxh3_64;

/// Writes a bot's directory of any size, in which every book agrees.
#[derive(Parser)]
struct Arguments {
    /// Where to write; made when missing.
    out: PathBuf,
    /// How much to write, in millions of bytes; whole days are written.
    #[arg(long, default_value_t = 100)]
    megabytes: u64,
    /// How many symbols the bot trades.
    #[arg(long, default_value_t = 60)]
    symbols: u64,
    /// How many entries a minute it tries, in thousandths.
    #[arg(long, default_value_t = 700)]
    pace: u64,
    /// One scale-out in so many buys where it should sell; 0: none does.
    #[arg(long, default_value_t = 0)]
    wrong: u64,
}

/// Cycles of a day: a minute each, from the opening to the close.
const CYCLES: i64 = 390;

/// One open position.
struct Held {
    quantity: i64,
    cents: i64,
    entered: DateTime<Utc>,
    until: DateTime<Utc>,
}

/// The bot, its broker, who agree, and what is written.
struct Bot {
    arguments: Arguments,
    files: BTreeMap<&'static str, BufWriter<File>>,
    bytes: u64,
    held: BTreeMap<String, Held>,
    changed: Vec<(&'static str, String)>,
    drawn: u64,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    for folder in ["logs", "state", "data"] {
        fs::create_dir_all(arguments.out.join(folder))?;
    }
    let most = arguments.megabytes * 1_000_000;
    let mut bot = Bot { arguments, files: BTreeMap::new(), bytes: 0, held: BTreeMap::new(), changed: Vec::new(), drawn: 0 };
    let mut day = NaiveDate::from_ymd_opt(2001, 1, 2).unwrap_or_default();
    while bot.bytes < most {
        if !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
            bot.day(day)?;
        }
        day += Duration::days(1);
    }
    let written: Vec<_> = bot.files.keys().copied().collect();
    for file in bot.files.values_mut() {
        file.flush()?;
    }
    bot.state_files(day)?;
    let mut out = io::stdout().lock();
    writeln!(out, "{} bytes in {} logs, until {day}", bot.bytes, written.len())
}

impl Bot {
    /// What the bot believes in the end: nothing is held.
    fn state_files(&self, day: NaiveDate) -> io::Result<()> {
        let now = time(day.and_hms_opt(0, 0, 0).unwrap_or_default().and_utc());
        let state = self.arguments.out.join("state");
        fs::write(state.join("executor_state.json"), format!(r#"{{"timestamp": "{now}", "opens": {{}}}}"#))?;
        fs::write(state.join("position_metadata.json"), "{}")
    }

    /// A number below `below`, the same in every run.
    fn draw(&mut self, below: u64) -> i64 {
        self.drawn += 1;
        i64::try_from(xxh3_64(&self.drawn.to_le_bytes()) % below.max(1)).unwrap_or(0)
    }

    fn line(&mut self, path: &'static str, line: &str) -> io::Result<()> {
        let file = match self.files.remove(path) {
            Some(file) => file,
            None => BufWriter::with_capacity(1 << 20, File::create(self.arguments.out.join(path))?),
        };
        let file = self.files.entry(path).or_insert(file);
        self.bytes += line.len() as u64 + 1;
        writeln!(file, "{line}")
    }

    fn day(&mut self, day: NaiveDate) -> io::Result<()> {
        let opening = day.and_hms_opt(14, 30, 0).unwrap_or_default().and_utc();
        for cycle in 0..CYCLES {
            let now = opening + Duration::minutes(cycle);
            self.reconcile(now + Duration::milliseconds(500))?;
            let last = cycle + 3 > CYCLES;
            let due: Vec<String> =
                self.held.iter().filter(|(_, held)| last || held.until <= now).map(|(name, _)| name.clone()).collect();
            for name in due {
                self.exit(&name, now + Duration::seconds(12))?;
            }
            if cycle + 5 < CYCLES && self.draw(1_000) < i64::try_from(self.arguments.pace).unwrap_or(0) {
                self.enter(now + Duration::seconds(25))?;
            }
            let at = time(now + Duration::seconds(40));
            self.line("logs/run_once.jsonl", &format!(r#"{{"ts": "{at}", "msg": "started"}}"#))?;
            self.line("logs/run.jsonl", &format!(r#"{{"ts": "{at}", "_ts": {}, "msg": "complete", "clusters": 5, "orders": 0, "market_open": true, "metrics": {{"clusters": 3}}}}"#, now.timestamp()))?;
        }
        self.reconcile(opening + Duration::minutes(CYCLES))
    }

    /// The reconciler's minute: the broker's whole book, and what became of the bot's.
    fn reconcile(&mut self, at: DateTime<Utc>) -> io::Result<()> {
        let now = time(at);
        let row = |(name, held): (&String, &Held)| {
            let (side, price) = (if held.quantity > 0 { "long" } else { "short" }, dollars(held.cents));
            let value = dollars(held.quantity * held.cents);
            let broker = format!(
                r#"{{"symbol": "{name}", "qty": {}.0, "side": "{side}", "market_value": {value}, "avg_entry_price": {price}, "current_price": {price}, "unrealized_pl": 0.0, "unrealized_plpc": 0.0}}"#,
                held.quantity
            );
            let own = format!(
                r#""{name}": {{"qty": {}.0, "side": "{side}", "avg_entry_price": {price}, "current_price": {price}, "market_value": {value}, "unrealized_pl": 0.0, "unrealized_plpc": 0.0, "source": "alpaca_authoritative", "reconciled_at": "{now}"}}"#,
                held.quantity
            );
            (broker, own)
        };
        let (broker, own): (Vec<_>, Vec<_>) = self.held.iter().map(row).unzip();
        let (broker, own) = (broker.join(", "), own.join(", "));
        self.line("state/portfolio_state.jsonl", &format!(r#"{{"ts": "{now}", "alpaca": {{"timestamp": "{now}", "positions": [{broker}], "cash": 50000.0, "portfolio_value": 50000.0, "equity": 50000.0, "buying_power": 100000.0}}, "internal": {{"timestamp": "{now}", "positions": {{{own}}}}}, "diffs": []}}"#))?;
        let changed = std::mem::take(&mut self.changed);
        for (event, name) in &changed {
            let who = if *event == "orphan_purged" {
                format!(r#""symbol": "{name}""#)
            } else {
                format!(r#""count": 1, "symbols": ["{name}"]"#)
            };
            self.line(
                "data/audit_positions_autofix.jsonl",
                &format!(r#"{{"event": "{event}", "ts": "{now}", "details": {{{who}}}}}"#),
            )?;
        }
        let count = self.held.len();
        if changed.is_empty() {
            self.line(
                "data/audit_positions_autofix.jsonl",
                &format!(r#"{{"event": "reconciliation_clean", "ts": "{now}", "details": {{"positions_count": {count}}}}}"#),
            )?;
            self.line(
                "logs/position_reconciliation_v2.jsonl",
                &format!(r#"{{"ts": "{now}", "msg": "clean", "positions": {count}}}"#),
            )?;
        }
        Ok(())
    }

    fn enter(&mut self, at: DateTime<Utc>) -> io::Result<()> {
        let number = self.draw(self.arguments.symbols);
        let letter = |place: u32| char::from(b'A' + u8::try_from(number / 26i64.pow(place) % 26).unwrap_or(0));
        let name: String = ['S', letter(2), letter(1), letter(0)].iter().collect();
        if self.held.contains_key(&name) || self.changed.iter().any(|(_, changed)| *changed == name) {
            return Ok(());
        }
        let at = at + Duration::microseconds(self.draw(900_000));
        let sign = if self.draw(3) == 0 { -1 } else { 1 };
        let held = Held {
            quantity: sign * (1 + self.draw(60)),
            cents: 2_000 + self.draw(40_000),
            entered: at,
            until: at + Duration::minutes(2 + self.draw(14)),
        };
        let (side, position, direction) = if sign > 0 { ("buy", "long", "bullish") } else { ("sell", "short", "bearish") };
        let (shares, price, now, id) = (held.quantity.abs(), dollars(held.cents), time(at), self.drawn);
        let size = dollars(shares * held.cents);
        let components = shapes::COMPONENTS;
        self.line("logs/attribution.jsonl", &format!(
            r#"{{"ts": "{now}", "type": "attribution", "trade_id": "open_{name}_{now}", "symbol": "{name}", "pnl_usd": 0.0, "context": {{"direction": "{direction}", "gamma_regime": "negative", "market_regime": "mixed", "score": 4.0293, "order_type": "market", "intel_snapshot": {{}}, "entry_ts": "{now}", "entry_status": "filled", "pending_fill": false, "requested_qty": {shares}, "entry_score": 4.0293, {components}, "regime": "mixed", "position_side": "{position}", "position_size_usd": {size}, {}, "qty": {shares}, "entry_qty": {shares}, "side": "{side}", "entry_price": {price}, "entry_price_source": "alpaca.order.filled_avg_price"}}, "strategy_id": "equity"}}"#, shapes::WEIGHTS
        ))?;
        self.line("logs/orders.jsonl", &format!(r#"{{"ts": "{now}", "type": "order", "symbol": "{name}", "qty": {shares}, "side": "{side}", "score": 4.0293, "status": "filled", "order_id": "{id:032x}"}}"#))?;
        self.changed.push(("missing_injected", name.clone()));
        self.held.insert(name, held);
        Ok(())
    }

    fn exit(&mut self, name: &str, at: DateTime<Utc>) -> io::Result<()> {
        let Some(held) = self.held.remove(name) else { return Ok(()) };
        let at = at + Duration::microseconds(self.draw(900_000));
        let (position, side) = if held.quantity > 0 { ("long", "sell") } else { ("short", "buy") };
        let (shares, price, now, entered, id) =
            (held.quantity.abs(), dollars(held.cents), time(at), time(held.entered), self.drawn);
        let (components, close) = (shapes::COMPONENTS, shapes::CLOSE);
        self.line(
            "logs/exit.jsonl",
            &format!(r#"{{"ts": "{now}", "msg": "positions_to_close", "symbols": ["{name}"], "count": 1}}"#),
        )?;
        self.line(
            "logs/exit.jsonl",
            &format!(r#"{{"ts": "{now}", "msg": "close_position_success", "symbol": "{name}", "exit_order_id": "{id:032x}"}}"#),
        )?;
        self.line("logs/exit.jsonl", &format!(r#"{{"ts": "{now}", "msg": "attribution_logged", "symbol": "{name}", "pnl_usd": 0.0, "pnl_pct": 0.0, "hold_min": 12.0, "reason": "signal_decay(0.41)"}}"#))?;
        self.line("logs/attribution.jsonl", &format!(
            r#"{{"ts": "{now}", "type": "attribution", "trade_id": "close_{name}_{now}", "symbol": "{name}", "entry_score": 4.0293, "exit_pnl": 0.0, "market_regime": "mixed", "stealth_boost_applied": false, "pnl_usd": 0.0, "pnl_pct": 0.0, "hold_minutes": 12.0, "context": {{"close_reason": "signal_decay(0.41)", "entry_price": {price}, "exit_price": {price}, "pnl_pct": 0.0, "hold_minutes": 12.0, "side": "{side}", "position_side": "{position}", "order_side_raw": "{side}", "qty": {shares}, "entry_qty": {shares}, "exit_qty": {shares}, "entry_order_id": null, "exit_order_id": "{id:032x}", "entry_score": 4.0293, {components}, {close}, "entry_ts": "{entered}", "correlation_id": "uw_{id:016x}"}}, "strategy_id": "equity"}}"#
        ))?;
        self.line("logs/exit_attribution.jsonl", &format!(
            r#"{{"symbol": "{name}", "timestamp": "{now}", "entry_timestamp": "{entered}", "exit_reason": "signal_decay(0.41)", "pnl": 0.0, "pnl_pct": 0.0, "entry_price": {price}, "exit_price": {price}, "qty": {shares}.0, "time_in_trade_minutes": 12.0, {}}}"#, shapes::EXIT
        ))?;
        self.changed.push(("orphan_purged", name.to_owned()));
        Ok(())
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, false)
}

fn dollars(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}
