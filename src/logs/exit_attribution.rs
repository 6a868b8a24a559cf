//! `logs/exit_attribution.jsonl`: one row per exit whose attribution succeeded (`formats.md` section 5).

use serde::Deserialize;

use super::{LogFormat, Outcome, Sink, rule};
use crate::event::{Action, Exit, Fact, Movement, Sighting};
use crate::json::{self, Field, Text};
use crate::position::Side;
use crate::trouble::Trouble;

pub const FORMAT: LogFormat = LogFormat { name: "exit_attribution", paths: &["logs/exit_attribution.jsonl"], decode };

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    symbol: Option<Text<'a>>,
    #[serde(borrow)]
    timestamp: Field<'a>,
    #[serde(borrow)]
    entry_timestamp: Field<'a>,
    #[serde(borrow)]
    position_side: Option<Text<'a>>,
    #[serde(borrow)]
    side: Option<Text<'a>>,
    #[serde(borrow)]
    pnl: Field<'a>,
    #[serde(borrow)]
    entry_price: Field<'a>,
    #[serde(borrow)]
    exit_price: Field<'a>,
    #[serde(borrow)]
    qty: Field<'a>,
    #[serde(borrow)]
    exit_order_id: Option<Text<'a>>,
    #[serde(borrow)]
    smoke_test: Field<'a>,
}

fn decode(line: &str, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let row: Row = out.read(line)?;
    if row.smoke_test.is_some() {
        return Ok(Outcome::Ignored(rule::DRY_RUN));
    }
    let symbol = json::symbol(&row.symbol)?;
    if symbol.is_test() {
        return Ok(Outcome::Ignored(rule::TEST_SYMBOL));
    }
    let at = json::moment(row.timestamp)?;
    let exit = Exit {
        side: [&row.position_side, &row.side].into_iter().find_map(|side| side.as_deref().and_then(Side::parse)),
        filled: json::float(row.qty, "qty")?.map(|quantity| quantity.abs()),
        entry_price: json::float(row.entry_price, "entry_price")?,
        price: json::float(row.exit_price, "exit_price")?,
        profit: json::float(row.pnl, "pnl")?,
        order_id: row.exit_order_id.as_deref().map(Into::into),
        entry_time: json::moment_if_any(row.entry_timestamp),
    };
    // Rows of tests and repairs carry no prices (formats.md 5).
    if exit.entry_price.is_none() || exit.price.is_none() {
        return Ok(Outcome::Ignored(rule::MADE_UP));
    }
    let movement = Movement { symbol, action: Action::Exit(exit), sighting: Sighting::ExitAttribution, joined: Vec::new() };
    out.push(at, Fact::moved(movement));
    Ok(Outcome::Understood)
}
