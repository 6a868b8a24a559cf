//! `state/internal_positions.json`: the reconciler's copy, compared with the broker a cycle later (`formats.md` 10.4).

use serde::Deserialize;

use super::{BookFormat, alpaca_positions::signed};
use crate::event::{Claim, Fact, Holding, Statement};
use crate::json::{self, Field, Rows, Text};
use crate::position::Symbol;
use crate::time::Time;
use crate::trouble::{Reason, Trouble};
use crate::witness::Witness;

pub const FORMAT: BookFormat =
    BookFormat { name: "internal_positions", path: "state/internal_positions.json", required: false, read };

#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    timestamp: Field<'a>,
    #[serde(borrow)]
    positions: Option<Rows<'a>>,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    qty: Field<'a>,
    #[serde(borrow)]
    side: Option<Text<'a>>,
    #[serde(borrow)]
    avg_entry_price: Field<'a>,
}

fn read(text: &str) -> Result<Vec<(Time, Fact)>, Trouble> {
    let whole: Whole = json::read(text)?;
    let Some(rows) = whole.positions else { return Ok(Vec::new()) };
    let mut holdings = Vec::new();
    for (name, raw) in rows.last_of_each() {
        let row: Row = json::read(raw.get())?;
        let symbol = Symbol::parse(name).ok_or(Reason::BadSymbol)?;
        let quantity = signed(json::float(row.qty, "qty")?.ok_or(Reason::MissingField("qty"))?, row.side.as_deref())?;
        if !quantity.is_zero() {
            let price = json::float(row.avg_entry_price, "avg_entry_price")?;
            holdings.push(Holding { price, ..Holding::of(symbol, quantity, json::line_of(text, raw)) });
        }
    }
    let statement = Statement { witness: Witness::InternalPositions, claim: Claim::WholeBook(holdings.into()) };
    Ok(vec![(json::moment(whole.timestamp)?, Fact::Statement(statement))])
}
