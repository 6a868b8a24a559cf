//! How the bot writes down what it does: each function is one record of one log.

use chrono::{DateTime, SecondsFormat, Utc};

use super::shapes::{CLOSE, COMPONENTS, EXIT, INTEL, WEIGHTS, lively};

/// A trade, or a part of one.
pub struct Trade<'a> {
    pub name: &'a str,
    /// What is traded of the position; negative of a short one.
    pub quantity: i64,
    pub cents: i64,
    pub at: DateTime<Utc>,
    pub entered: DateTime<Utc>,
    pub order: u64,
}

impl Trade<'_> {
    fn is_long(&self) -> bool {
        self.quantity > 0
    }

    fn position(&self) -> &'static str {
        if self.is_long() { "long" } else { "short" }
    }

    fn enters(&self) -> &'static str {
        if self.is_long() { "buy" } else { "sell" }
    }

    fn leaves(&self) -> &'static str {
        if self.is_long() { "sell" } else { "buy" }
    }
}

pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, false)
}

fn dollars(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

/// `logs/run_once.jsonl`.
pub fn run_once(at: DateTime<Utc>) -> String {
    format!(r#"{{"ts": "{}", "msg": "started"}}"#, time(at))
}

/// `logs/run.jsonl`.
pub fn run(at: DateTime<Utc>) -> String {
    let metrics = r#""clusters": 5, "orders": 0, "market_open": true, "metrics": {"clusters": 3}"#;
    format!(r#"{{"ts": "{}", "_ts": {}, "msg": "complete", {metrics}}}"#, time(at), at.timestamp())
}

/// `state/portfolio_state.jsonl`: the broker's book and the bot's, each a symbol, a quantity and a price in cents.
pub fn portfolio<'a>(at: DateTime<Utc>, held: impl Iterator<Item = (&'a str, i64, i64)>) -> String {
    let now = time(at);
    let row = |(name, quantity, cents): (&str, i64, i64)| {
        let side = if quantity > 0 { "long" } else { "short" };
        let seconds = at.timestamp().cast_unsigned();
        // The market moves, and with it what is made of its price.
        let market = cents + i64::try_from((seconds / 60 * cents.cast_unsigned()) % 400).unwrap_or(0) - 200;
        let (price, market, value) = (dollars(cents), dollars(market), dollars(quantity * market));
        let first = format!(r#""qty": {quantity}.0, "side": "{side}""#);
        let prices = format!(r#""avg_entry_price": {price}, "current_price": {market}"#);
        let profit = lively(r#""unrealized_pl": ~-12.31, "unrealized_plpc": ~-0.00471"#, seconds ^ cents.cast_unsigned());
        let source = format!(r#""source": "alpaca_authoritative", "reconciled_at": "{now}""#);
        (
            format!(r#"{{"symbol": "{name}", {first}, "market_value": {value}, {prices}, {profit}}}"#),
            format!(r#""{name}": {{{first}, {prices}, "market_value": {value}, {profit}, {source}}}"#),
        )
    };
    let (broker, own): (Vec<_>, Vec<_>) = held.map(row).unzip();
    let (broker, own) = (broker.join(", "), own.join(", "));
    let money = r#""cash": ~50000.11, "portfolio_value": ~50000.11, "equity": ~50000.11, "buying_power": ~100000.21"#;
    let money = lively(money, at.timestamp().cast_unsigned());
    let broker = format!(r#"{{"timestamp": "{now}", "positions": [{broker}], {money}}}"#);
    let own = format!(r#"{{"timestamp": "{now}", "positions": {{{own}}}}}"#);
    format!(r#"{{"ts": "{now}", "alpaca": {broker}, "internal": {own}, "diffs": []}}"#)
}

/// `data/audit_positions_autofix.jsonl`, of a symbol that was put right.
pub fn fixed(at: DateTime<Utc>, event: &str, name: &str) -> String {
    let who = match event {
        "orphan_purged" => format!(r#""symbol": "{name}""#),
        _ => format!(r#""count": 1, "symbols": ["{name}"]"#),
    };
    format!(r#"{{"event": "{event}", "ts": "{}", "details": {{{who}}}}}"#, time(at))
}

/// `data/audit_positions_autofix.jsonl`, of a cycle in which the books agree.
pub fn clean(at: DateTime<Utc>, count: usize) -> String {
    let details = format!(r#"{{"positions_count": {count}}}"#);
    format!(r#"{{"event": "reconciliation_clean", "ts": "{}", "details": {details}}}"#, time(at))
}

/// `logs/position_reconciliation_v2.jsonl`, of the same.
pub fn clean_too(at: DateTime<Utc>, count: usize) -> String {
    format!(r#"{{"ts": "{}", "msg": "clean", "positions": {count}}}"#, time(at))
}

/// `logs/attribution.jsonl`, of an entry.
pub fn entered(trade: &Trade<'_>) -> String {
    let (name, now, shares, price) = (trade.name, time(trade.at), trade.quantity.abs(), dollars(trade.cents));
    let (size, side, position) = (dollars(shares * trade.cents), trade.enters(), trade.position());
    let direction = if trade.is_long() { "bullish" } else { "bearish" };
    let head = format!(r#""ts": "{now}", "type": "attribution", "trade_id": "open_{name}_{now}", "symbol": "{name}""#);
    let regime = r#""gamma_regime": "negative", "market_regime": "mixed", "score": ?4.0293, "order_type": "market""#;
    // Half of the bot's own have all of it, one in seventeen nothing.
    let intel = if trade.order.is_multiple_of(17) { INTEL[2] } else { INTEL[usize::from(trade.order.is_multiple_of(2))] };
    let status = format!(
        r#""intel_snapshot": {intel}, "entry_ts": "{now}", "entry_status": "filled", "pending_fill": false, "requested_qty": {shares}"#
    );
    let sizes = format!(r#""regime": "mixed", "position_side": "{position}", "position_size_usd": {size}"#);
    let fill = format!(r#""qty": {shares}, "entry_qty": {shares}, "side": "{side}", "entry_price": {price}"#);
    let source = r#""entry_price_source": "alpaca.order.filled_avg_price""#;
    let first = format!(r#""direction": "{direction}", {regime}, {status}, "entry_score": ?4.0293"#);
    let context = format!("{first}, {COMPONENTS}, {sizes}, {WEIGHTS}, {fill}, {source}");
    lively(&format!(r#"{{{head}, "pnl_usd": 0.0, "context": {{{context}}}, "strategy_id": "equity"}}"#), trade.order)
}

/// `logs/orders.jsonl`, of an entry.
pub fn ordered(trade: &Trade<'_>) -> String {
    let (now, name, shares, side, id) = (time(trade.at), trade.name, trade.quantity.abs(), trade.enters(), trade.order);
    let order = format!(r#""symbol": "{name}", "qty": {shares}, "side": "{side}", "score": 4.0293"#);
    format!(r#"{{"ts": "{now}", "type": "order", {order}, "status": "filled", "order_id": "{id:032x}"}}"#)
}

/// `logs/attribution.jsonl`, of a scale-out. One that is spelt `long` is bought by the exit code, not sold.
pub fn scaled_out(trade: &Trade<'_>, is_wrong: bool) -> String {
    let (name, now, shares, price) = (trade.name, time(trade.at), trade.quantity.abs(), dollars(trade.cents));
    let (side, entered) = (if is_wrong { trade.position() } else { trade.enters() }, time(trade.entered));
    let head = format!(r#""ts": "{now}", "type": "attribution", "trade_id": "scale_{name}_{now}", "symbol": "{name}""#);
    let prices = format!(r#""close_reason": "profit_target(2%)", "entry_price": {price}, "exit_price": {price}"#);
    let part = format!(r#""side": "{side}", "qty": {shares}, "fraction": 0.3, "entry_ts": "{entered}""#);
    let context = format!(r#"{{{prices}, "pnl_pct": ~0.0201, "hold_minutes": ~6.1, {part}, {COMPONENTS}}}"#);
    lively(&format!(r#"{{{head}, "pnl_usd": 0.0, "context": {context}, "strategy_id": "equity"}}"#), trade.order)
}

/// `logs/exit.jsonl`, of a scale-out.
pub fn scale_out_noted(trade: &Trade<'_>) -> String {
    let (now, name) = (time(trade.at), trade.name);
    format!(r#"{{"ts": "{now}", "msg": "scale_out_attribution_logged", "symbol": "{name}", "fraction": 0.3}}"#)
}

/// `logs/exit.jsonl`, of an exit: three records.
pub fn close_noted(trade: &Trade<'_>) -> [String; 3] {
    let (now, name, id) = (time(trade.at), trade.name, trade.order);
    let result = r#""pnl_usd": 0.0, "pnl_pct": 0.0, "hold_min": 12.0, "reason": "signal_decay(0.41)""#;
    let order = format!(r#""symbol": "{name}", "exit_order_id": "{id:032x}""#);
    [
        format!(r#"{{"ts": "{now}", "msg": "positions_to_close", "symbols": ["{name}"], "count": 1}}"#),
        format!(r#"{{"ts": "{now}", "msg": "close_position_success", {order}}}"#),
        format!(r#"{{"ts": "{now}", "msg": "attribution_logged", "symbol": "{name}", {result}}}"#),
    ]
}

/// `logs/attribution.jsonl`, of an exit.
pub fn exited(trade: &Trade<'_>) -> String {
    let (name, now, shares, price) = (trade.name, time(trade.at), trade.quantity.abs(), dollars(trade.cents));
    let (side, position, entered, id) = (trade.leaves(), trade.position(), time(trade.entered), trade.order);
    let head = format!(r#""ts": "{now}", "type": "attribution", "trade_id": "close_{name}_{now}", "symbol": "{name}""#);
    let result = r#""entry_score": ?4.0293, "exit_pnl": ~0.0964, "market_regime": "mixed", "stealth_boost_applied": false"#;
    let profit = r#""pnl_usd": 0.0, "pnl_pct": ~0.0964, "hold_minutes": ~12.8"#;
    let prices = format!(r#""close_reason": "signal_decay(~0.41)", "entry_price": {price}, "exit_price": {price}"#);
    let sides = format!(r#""side": "{side}", "position_side": "{position}", "order_side_raw": "{side}""#);
    let shares = format!(r#""qty": {shares}, "entry_qty": {shares}, "exit_qty": {shares}"#);
    let ids = format!(r#""entry_order_id": null, "exit_order_id": "{id:032x}", "entry_score": ?4.0293"#);
    let last = format!(r#""entry_ts": "{entered}", "correlation_id": "uw_{id:016x}""#);
    let first = format!(r#"{prices}, "pnl_pct": ~0.0964, "hold_minutes": ~12.8, {sides}, {shares}, {ids}"#);
    let context = format!("{first}, {COMPONENTS}, {CLOSE}, {last}");
    lively(&format!(r#"{{{head}, {result}, {profit}, "context": {{{context}}}, "strategy_id": "equity"}}"#), id)
}

/// `logs/exit_attribution.jsonl`.
pub fn exit_attributed(trade: &Trade<'_>) -> String {
    let (name, now, entered) = (trade.name, time(trade.at), time(trade.entered));
    let (shares, price) = (trade.quantity.abs(), dollars(trade.cents));
    let times = format!(r#""symbol": "{name}", "timestamp": "{now}", "entry_timestamp": "{entered}""#);
    let prices = format!(r#""entry_price": {price}, "exit_price": {price}, "qty": {shares}.0"#);
    let result = r#""exit_reason": "signal_decay(~0.41)", "pnl": 0.0, "pnl_pct": ~0.0964"#;
    lively(&format!(r#"{{{times}, {result}, {prices}, "time_in_trade_minutes": ~12.8239, {EXIT}}}"#), trade.order)
}

/// `state/executor_state.json`: one long share of each.
pub fn executor(now: &str, held: impl Iterator<Item = String>) -> String {
    let row = |name| format!(r#""{name}": {{"ts": "{now}", "qty": 1, "side": "buy", "entry_price": 50.0, "high_water": 50.0}}"#);
    let rows: Vec<String> = held.map(row).collect();
    format!(r#"{{"timestamp": "{now}", "opens": {{{}}}}}"#, rows.join(", "))
}
