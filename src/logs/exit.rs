//! `logs/exit.jsonl` (and `exits.jsonl`): closes, partials, failures and intentions (`formats.md` section 4).

use rust_decimal::Decimal;
use serde::Deserialize;
use smallvec::SmallVec;
use std::sync::Arc;

use super::{LogFormat, Outcome, Sink, rule};
use crate::event::{Action, Claim, Exit, Fact, Form, Movement, Pulse, ScaleOut, Sighting, Statement};
use crate::json::{self, Field, Text};
use crate::position::{Side, Symbol, Symbols};
use crate::time::Time;
use crate::trouble::{Reason, Trouble};
use crate::witness::Witness;

pub const FORMAT: LogFormat = LogFormat { name: "exit", paths: &["logs/exit.jsonl", "logs/exits.jsonl"], decode };

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    ts: Field<'a>,
    #[serde(borrow)]
    msg: Option<Text<'a>>,
    #[serde(borrow)]
    symbol: Option<Text<'a>>,
    #[serde(borrow)]
    symbols: Option<SmallVec<[Text<'a>; 1]>>,
    #[serde(borrow)]
    pnl_usd: Field<'a>,
    #[serde(borrow)]
    exit_order_id: Option<Text<'a>>,
    #[serde(borrow)]
    order_id: Option<Text<'a>>,
    #[serde(borrow)]
    qty: Field<'a>,
    #[serde(borrow)]
    success: Field<'a>,
}

/// The position was closed, as far as the bot believes (class C).
const CLOSED: &[&str] = &["close_position_success", "close_position_verify_failed_assume_closed"];

/// Echoes of a close (class A), and the check that precedes its success message.
const CLOSE_ECHOED: &[&str] = &["attribution_logged", "close_position_verified"];

/// An attempt failed, or its end is not known (class F).
const FAILED: &[&str] = &[
    "close_position_failed",
    "close_position_still_open",
    "close_position_verification_failed",
    "close_position_verify_error",
    "close_position_all_attempts_failed",
    "close_position_not_verified",
    "close_position_exception_keep_tracking",
    "forced_flatten_close_failed",
];

/// A trigger fired or an order was sent (class D, with a symbol).
const INTENDED: &[&str] = &[
    "regime_safety_trigger",
    "adaptive_exit_urgent",
    "time_exit_stale",
    "stale_trade_exit",
    "profit_taking_acceleration",
    "profit_targets_reinitialized",
    "close_position_api_called",
    "close_order_pending_fill",
    "close_position_retry",
    "v2_exit_triggered",
    "exit_pressure_triggered",
    "stale_alpha_cutoff_exit",
    "stale_trade_exit_regime_aware",
    "underwater_time_decay_trigger",
    "stagnant_time_in_trade_trigger",
    "dynamic_atr_trailing_stop_hit",
    "offense_atr_trailing_stop_hit",
    "hold_floor_skipped",
    "b2_suppressed_signal_decay_exit",
];

/// The hard-coded liquidation of one symbol writes rows without a symbol (`formats.md` 2 and 4.2).
const FORCE_CLOSED_SYMBOL: &str = "V";

fn decode(line: &str, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let row: Row = out.read(line)?;
    let at = json::moment(row.ts)?;
    let message = row.msg.as_deref().ok_or(Reason::MissingField("msg"))?;
    match message {
        "positions_to_close" => positions_to_close(at, &row, out),
        "scale_out_attribution_logged" => {
            let action = Action::ScaleOut(ScaleOut::default());
            push_movement(out, at, json::symbol(&row.symbol)?, action, Sighting::ExitLog);
            Ok(Outcome::Understood)
        }
        "force_close_v_verified" => {
            let symbol = Symbol::parse(FORCE_CLOSED_SYMBOL).ok_or(Reason::BadSymbol)?;
            push_movement(out, at, symbol, Action::Exit(Exit::default()), Sighting::ExitLog);
            Ok(Outcome::Understood)
        }
        "forced_flatten" => forced_flatten(at, &row, out),
        "forced_flatten_complete" => {
            if json::is_true(row.success) {
                let claim = Claim::WholeBook(Arc::default());
                out.push(at, Fact::Statement(Statement { witness: Witness::FlattenRecord, claim }));
            }
            Ok(Outcome::Understood)
        }
        _ if CLOSED.contains(&message) => closed(at, &row, Sighting::ExitLog, out),
        _ if CLOSE_ECHOED.contains(&message) => closed(at, &row, Sighting::ExitLogEcho, out),
        _ if FAILED.contains(&message) => {
            out.push(at, Fact::Pulse(Pulse::Failure(json::symbol(&row.symbol)?, message.into())));
            Ok(Outcome::Understood)
        }
        _ if message.starts_with("force_close_v_") || INTENDED.contains(&message) => {
            out.push(at, Fact::Pulse(Pulse::Intention(symbol_or_forced(&row)?, message.into())));
            Ok(Outcome::Understood)
        }
        _ if is_diagnostic(message) => {
            out.push(at, Fact::Pulse(Pulse::Evaluation));
            Ok(Outcome::Understood)
        }
        _ => Ok(Outcome::Ignored(rule::UNKNOWN_MESSAGE)),
    }
}

/// Class D rows without a trade in them: they show that exits were evaluated, and nothing else.
fn is_diagnostic(message: &str) -> bool {
    const NAMED: &[&str] = &[
        "close_reason_fallback",
        "close_reason_missing",
        "close_reason_normalized",
        "metadata_corrupted",
        "exception_in_eval",
        "invalid_entry_price",
        "invalid_trail_stop",
        "opens_info_not_dict",
        "evaluate_exits_exception",
        "forced_flatten_poll",
        "forced_flatten_cancel_all_orders",
    ];
    NAMED.contains(&message) || message.ends_with("_error") || message.ends_with("_failed")
}

fn symbol_or_forced(row: &Row<'_>) -> Result<Symbol, Trouble> {
    match &row.symbol {
        Some(_) => json::symbol(&row.symbol),
        None => Symbol::parse(FORCE_CLOSED_SYMBOL).ok_or_else(|| Reason::BadSymbol.into()),
    }
}

fn push_movement(out: &mut Sink<'_>, at: Time, symbol: Symbol, action: Action, sighting: Sighting) {
    out.push(at, Fact::moved(Movement { symbol, action, sighting, joined: Vec::new() }));
}

fn closed(at: Time, row: &Row<'_>, sighting: Sighting, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let symbol = json::symbol(&row.symbol)?;
    if symbol.is_test() {
        return Ok(Outcome::Ignored(rule::TEST_SYMBOL));
    }
    let exit = Exit {
        profit: json::float(row.pnl_usd, "pnl_usd")?,
        order_id: row.exit_order_id.as_deref().map(Into::into),
        ..Exit::default()
    };
    push_movement(out, at, symbol, Action::Exit(exit), sighting);
    Ok(Outcome::Understood)
}

fn positions_to_close(at: Time, row: &Row<'_>, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let named = row.symbols.as_ref().ok_or(Reason::MissingField("symbols"))?;
    let mut symbols = named.iter().map(|name| Symbol::parse(name).ok_or(Reason::BadSymbol)).collect::<Result<Symbols, _>>()?;
    // The list may repeat a symbol (formats.md 4.1).
    symbols.sort();
    symbols.dedup();
    for symbol in symbols {
        out.push(at, Fact::Pulse(Pulse::Intention(symbol, "positions_to_close".into())));
    }
    Ok(Outcome::Understood)
}

fn forced_flatten(at: Time, row: &Row<'_>, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let symbol = json::symbol(&row.symbol)?;
    let quantity = json::float(row.qty, "qty")?;
    if let Some(quantity) = quantity.filter(|quantity| !quantity.is_zero()) {
        let claim = Claim::Symbol(symbol.clone(), Form::Equals(quantity));
        out.push(at, Fact::Statement(Statement { witness: Witness::FlattenRecord, claim }));
    }
    let exit = Exit {
        side: quantity.and_then(Side::of),
        filled: quantity.map(|quantity: Decimal| quantity.abs()),
        order_id: row.order_id.as_deref().map(Into::into),
        ..Exit::default()
    };
    push_movement(out, at, symbol, Action::Exit(exit), Sighting::ExitLog);
    Ok(Outcome::Understood)
}
