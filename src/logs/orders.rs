//! `logs/orders.jsonl`: what was sent to the broker, and the final row of each entry (`formats.md` section 8).

use serde::Deserialize;

use super::{LogFormat, Outcome, Sink, rule};
use crate::event::{Action, Entry, Exit, Fact, Movement, Pulse, ScaleOut, Sighting};
use crate::json::{self, Field, Text};
use crate::position::{Side, Symbol};
use crate::time::Time;
use crate::trouble::Trouble;

pub const FORMAT: LogFormat = LogFormat { name: "orders", paths: &["logs/orders.jsonl"], decode };

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    ts: Field<'a>,
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    action: Option<Text<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    symbol: Option<Text<'a>>,
    #[serde(borrow)]
    side: Option<Text<'a>>,
    #[serde(borrow)]
    qty: Field<'a>,
    #[serde(borrow)]
    price: Field<'a>,
    #[serde(borrow)]
    score: Field<'a>,
    #[serde(borrow)]
    order_type: Option<Text<'a>>,
    #[serde(borrow)]
    dry_run: Field<'a>,
    #[serde(borrow)]
    order_id: Option<Text<'a>>,
    #[serde(borrow)]
    filled_qty: Field<'a>,
    #[serde(borrow)]
    filled_avg_price: Field<'a>,
}

fn decode(line: &str, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let row: Row = out.read(line)?;
    // Rejections of the trade guard and log_event rows have no `type` (formats.md 8, foreign rows).
    if row.kind.as_deref() != Some("order") {
        return Ok(Outcome::Ignored(rule::DIAGNOSTIC));
    }
    if json::is_true(row.dry_run) || row.action.as_deref().is_some_and(|action| action.starts_with("audit_dry_run")) {
        return Ok(Outcome::Ignored(rule::DRY_RUN));
    }
    let at = json::moment(row.ts)?;
    let symbol = json::symbol(&row.symbol)?;
    if symbol.is_test() {
        return Ok(Outcome::Ignored(rule::TEST_SYMBOL));
    }
    match row.action.as_deref() {
        Some("scale_out") => {
            let quantity = json::float(row.qty, "qty")?.map(|quantity| quantity.abs());
            push_movement(out, at, symbol, Action::ScaleOut(ScaleOut { quantity, ..ScaleOut::default() }));
        }
        Some("close_position") => {
            let exit = Exit {
                filled: json::float(row.filled_qty, "filled_qty")?.map(|quantity| quantity.abs()),
                price: json::float(row.filled_avg_price, "filled_avg_price")?,
                order_id: row.order_id.as_deref().map(Into::into),
                ..Exit::default()
            };
            push_movement(out, at, symbol, Action::Exit(exit));
        }
        Some(action @ ("scale_out_failed" | "close_position_failed")) => {
            out.push(at, Fact::Pulse(Pulse::Failure(symbol, action.into())));
        }
        Some("limit_retry_failed" | "limit_final_failed" | "market_fail") => {
            out.push(at, Fact::Pulse(Pulse::EntryFailed(symbol, Box::new(ordered(&row)?))));
        }
        Some(action) => out.push(at, Fact::Pulse(Pulse::Intention(symbol, action.into()))),
        None => return final_row(at, symbol, &row, out),
    }
    Ok(Outcome::Understood)
}

fn push_movement(out: &mut Sink<'_>, at: Time, symbol: Symbol, action: Action) {
    out.push(at, Fact::moved(Movement { symbol, action, sighting: Sighting::OrderLog, joined: Vec::new() }));
}

/// The row without `action` that ends an entry: filled, submitted, or an error.
fn final_row(at: Time, symbol: Symbol, row: &Row<'_>, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let pending = match row.status.as_deref() {
        Some("filled") => false,
        Some("submitted_unfilled") => true,
        _ => {
            out.push(at, Fact::Pulse(Pulse::EntryFailed(symbol, Box::new(ordered(row)?))));
            return Ok(Outcome::Understood);
        }
    };
    let entry = ordered(row)?;
    let quantity = entry.requested;
    let entry = Entry { logged: quantity.filter(|_| !pending), requested: quantity.filter(|_| pending), pending, ..entry };
    push_movement(out, at, symbol, Action::Entry(entry));
    Ok(Outcome::Understood)
}

/// What an order row says was ordered.
fn ordered(row: &Row<'_>) -> Result<Entry, Trouble> {
    Ok(Entry {
        side: row.side.as_deref().and_then(Side::parse),
        requested: json::float(row.qty, "qty")?.map(|quantity| quantity.abs()),
        market: row.order_type.as_deref() == Some("market"),
        price: json::float(row.price, "price")?,
        score: json::float(row.score, "score")?,
        ..Entry::default()
    })
}
