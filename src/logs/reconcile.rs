//! `logs/reconcile.jsonl`: what each cycle restored from the broker (`formats.md` 7.1).

use rust_decimal::Decimal;
use serde::Deserialize;

use super::{LogFormat, Outcome, Sink, rule};
use crate::event::{Claim, Fact, Form, Statement};
use crate::json::{self, Field, Text};
use crate::position::Side;
use crate::trouble::{Reason, Trouble};
use crate::witness::Witness;

pub const FORMAT: LogFormat = LogFormat { name: "reconcile", paths: &["logs/reconcile.jsonl"], decode };

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    ts: Field<'a>,
    #[serde(borrow)]
    msg: Option<Text<'a>>,
    #[serde(borrow)]
    symbol: Option<Text<'a>>,
    #[serde(borrow)]
    side: Option<Text<'a>>,
    #[serde(borrow)]
    qty: Field<'a>,
    #[serde(borrow)]
    positions_restored: Field<'a>,
}

fn decode(line: &str, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let row: Row = out.read(line)?;
    let restored = json::count(row.positions_restored)?;
    // The raw summary of the start-up has neither msg nor ts (formats.md 7.1).
    let Some(message) = row.msg.as_deref() else { return Ok(Outcome::Ignored(rule::DIAGNOSTIC)) };
    let at = json::moment(row.ts)?;
    let claim = match message {
        "position_restored" => {
            let symbol = json::symbol(&row.symbol)?;
            let quantity = json::float(row.qty, "qty")?.ok_or(Reason::MissingField("qty"))?;
            let side = row.side.as_deref().and_then(Side::parse);
            // The quantity is cut to whole shares, and a fraction of one share becomes 0 with the wrong side: the row
            // says no more than "at least so many" or "held" (formats.md D9).
            let form = match side {
                Some(side) if quantity > Decimal::ZERO => Form::AtLeast(side.signed(quantity)),
                _ => Form::Held,
            };
            Claim::Symbol(symbol, form)
        }
        "complete" => Claim::Count(restored.ok_or(Reason::MissingField("positions_restored"))?),
        "no_positions_found" => Claim::Count(0),
        _ => return Ok(Outcome::Ignored(rule::DIAGNOSTIC)),
    };
    out.push(at, Fact::Statement(Statement { witness: Witness::ReconcileLog, claim }));
    Ok(Outcome::Understood)
}
