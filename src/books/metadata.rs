//! `state/position_metadata.json`: the annotations of each position (`formats.md` 10.2).
//!
//! Rows with a score keep the quantity and price of the day they were written, so neither is stated here; that a row is there,
//! on which side, and with what score, is.

use rust_decimal::Decimal;
use serde::Deserialize;

use super::BookFormat;
use crate::event::{Claim, Fact, Further, Holding, Statement};
use crate::json::{self, Field, Rows, Text};
use crate::position::{Side, Symbol};
use crate::time::Time;
use crate::trouble::{Reason, Trouble};
use crate::witness::Witness;

pub const FORMAT: BookFormat =
    BookFormat { name: "position_metadata", path: "state/position_metadata.json", required: true, read };

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    side: Option<Text<'a>>,
    #[serde(borrow)]
    entry_ts: Field<'a>,
    #[serde(borrow)]
    updated_at: Field<'a>,
    #[serde(borrow)]
    reconciled_at: Field<'a>,
    #[serde(borrow)]
    entry_price: Field<'a>,
    #[serde(borrow)]
    entry_score: Field<'a>,
    #[serde(borrow)]
    components: Field<'a>,
}

fn read(text: &str) -> Result<Vec<(Time, Fact)>, Trouble> {
    let rows: Rows = json::read(text)?;
    let mut holdings = Vec::new();
    let mut newest: Option<Time> = None;
    for (name, raw) in rows.last_of_each() {
        // Keys that begin with an underscore are notes of scripts (formats.md 10.2).
        if name.starts_with('_') {
            continue;
        }
        let row: Row = json::read(raw.get())?;
        let symbol = Symbol::parse(name).ok_or(Reason::BadSymbol)?;
        let entry_time = json::moment_if_any(row.entry_ts);
        let written = [row.updated_at, row.reconciled_at].into_iter().filter_map(json::moment_if_any).max().or(entry_time);
        newest = newest.max(written);
        let further = Further {
            side: row.side.as_deref().and_then(Side::parse),
            score: json::float(row.entry_score, "entry_score")?.or(Some(Decimal::ZERO)),
            annotated: json::is_set(row.components),
            entry_time,
            in_flight: Decimal::ZERO,
        };
        holdings.push(Holding {
            symbol,
            quantity: None,
            price: json::float(row.entry_price, "entry_price")?,
            market_price: None,
            line: json::line_of(text, raw),
            further: Some(Box::new(further)),
        });
    }
    // Without a row there is no time to state it at: the ledger places an undated book at the end of the tape.
    let at = newest.unwrap_or(Time::UNIX_EPOCH);
    let statement = Statement { witness: Witness::Metadata, claim: Claim::WholeBook(holdings.into()) };
    Ok(vec![(at, Fact::Statement(statement))])
}
