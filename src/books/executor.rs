//! `state/executor_state.json`: what the executor believes, written by the reconciler alone (`formats.md` 10.1, T8).

use rust_decimal::Decimal;
use serde::Deserialize;

use super::BookFormat;
use crate::event::{Claim, Fact, Further, Holding, Statement};
use crate::json::{self, Field, Rows, Text};
use crate::position::{Side, Symbol};
use crate::time::Time;
use crate::trouble::{Reason, Trouble};
use crate::witness::Witness;

pub const FORMAT: BookFormat = BookFormat { name: "executor_state", path: "state/executor_state.json", required: true, read };

#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    timestamp: Field<'a>,
    #[serde(borrow)]
    opens: Option<Rows<'a>>,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    qty: Field<'a>,
    #[serde(borrow)]
    side: Option<Text<'a>>,
    #[serde(borrow)]
    entry_price: Field<'a>,
    #[serde(borrow)]
    entry_score: Field<'a>,
    #[serde(borrow)]
    high_water: Field<'a>,
    #[serde(borrow)]
    ts: Field<'a>,
}

fn read(text: &str) -> Result<Vec<(Time, Fact)>, Trouble> {
    let whole: Whole = json::read(text)?;
    let rows = whole.opens.ok_or(Reason::MissingField("opens"))?;
    let mut holdings = Vec::new();
    for (name, raw) in rows.last_of_each() {
        let row: Row = json::read(raw.get())?;
        let symbol = Symbol::parse(name).ok_or(Reason::BadSymbol)?;
        let quantity = json::float(row.qty, "qty")?.ok_or(Reason::MissingField("qty"))?;
        let side = row.side.as_deref().and_then(Side::parse).ok_or(Reason::MissingField("side"))?;
        if quantity.is_zero() {
            continue;
        }
        let further = Further {
            score: json::float(row.entry_score, "entry_score")?.or(Some(Decimal::ZERO)),
            entry_time: json::moment_if_any(row.ts),
            ..Further::NOTHING
        };
        holdings.push(Holding {
            price: json::float(row.entry_price, "entry_price")?,
            market_price: json::float(row.high_water, "high_water")?,
            further: Some(Box::new(further)),
            ..Holding::of(symbol, side.signed(quantity), json::line_of(text, raw))
        });
    }
    let statement = Statement { witness: Witness::ExecutorState, claim: Claim::WholeBook(holdings.into()) };
    Ok(vec![(json::moment(whole.timestamp)?, Fact::Statement(statement))])
}
