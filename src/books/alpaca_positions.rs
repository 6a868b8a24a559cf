//! `state/alpaca_positions.json`: the bot's copy of the broker's last answer (`formats.md` 10.3).

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::BookFormat;
use crate::event::{Claim, Fact, Holding, Statement};
use crate::json::{self, Field, Text};
use crate::position::Side;
use crate::time::Time;
use crate::trouble::{Reason, Trouble};
use crate::witness::Witness;

/// The bot's copy, as a state file.
pub const FORMAT: BookFormat =
    BookFormat { name: "alpaca_positions", path: "state/alpaca_positions.json", required: false, read };

/// The broker's answer as the bot keeps it, alone.
#[derive(serde::Deserialize)]
struct Snapshot<'a> {
    #[serde(borrow)]
    timestamp: Field<'a>,
    #[serde(borrow)]
    positions: Option<Vec<&'a RawValue>>,
}

/// The broker's answer in a row of `portfolio_state.jsonl`: all on one line.
#[derive(serde::Deserialize)]
pub struct OnOneLine<'a> {
    #[serde(borrow)]
    positions: Option<Listed<'a>>,
}

/// Rows as holdings, or what is wrong with the first that is none.
struct Listed<'a>(Result<Vec<Holding>, Trouble>, PhantomData<Row<'a>>);

/// Room for so many rows at first: what is larger takes longer to allocate.
const ROOM: usize = 9;

impl<'de: 'a, 'a> Deserialize<'de> for Listed<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor;
        impl<'de> Visitor<'de> for ListVisitor {
            type Value = Result<Vec<Holding>, Trouble>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Self::Value, A::Error> {
                let mut holdings = Vec::with_capacity(ROOM);
                let mut trouble = None;
                while let Some(row) = rows.next_element::<Row<'de>>()? {
                    match holding(&row, 0) {
                        Ok(held) => holdings.extend(held),
                        Err(wrong) => trouble = trouble.or(Some(wrong)),
                    }
                }
                Ok(trouble.map_or(Ok(holdings), Err))
            }
        }
        deserializer.deserialize_seq(ListVisitor).map(|listed| Listed(listed, PhantomData))
    }
}

#[derive(serde::Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    symbol: Option<Text<'a>>,
    #[serde(borrow)]
    qty: Field<'a>,
    #[serde(borrow)]
    side: Option<Text<'a>>,
    #[serde(borrow)]
    avg_entry_price: Field<'a>,
    #[serde(borrow)]
    current_price: Field<'a>,
}

impl OnOneLine<'_> {
    /// The holdings, or `None` where the answer is `{}`.
    pub fn holdings(self, line: u32) -> Result<Option<Arc<[Holding]>>, Trouble> {
        let Some(Listed(listed, _)) = self.positions else { return Ok(None) };
        let mut holdings = listed?;
        holdings.iter_mut().for_each(|holding| holding.line = line);
        Ok(Some(holdings.into()))
    }
}

/// One row; a quantity of zero is a position that is gone (`alpaca.md` 2.2).
#[inline]
fn holding(row: &Row<'_>, line: u32) -> Result<Option<Holding>, Trouble> {
    let quantity = json::float(row.qty, "qty")?.ok_or(Reason::MissingField("qty"))?;
    let quantity = signed(quantity, row.side.as_deref())?;
    Ok((!quantity.is_zero()).then_some(Holding {
        price: json::float(row.avg_entry_price, "avg_entry_price")?,
        market_price: json::float(row.current_price, "current_price")?,
        ..Holding::of(json::symbol(&row.symbol)?, quantity, line)
    }))
}

/// A quantity with its sign checked against the side: magnitude and `short` is short, a negative long is bad data
/// (`alpaca.md` section 0, fact 2).
pub fn signed(quantity: Decimal, side: Option<&str>) -> Result<Decimal, Trouble> {
    match side.and_then(Side::parse) {
        Some(Side::Short) => Ok(Side::Short.signed(quantity)),
        Some(Side::Long) if quantity.is_sign_negative() && !quantity.is_zero() => Err(Reason::SideContradictsSign.into()),
        Some(Side::Long) | None => Ok(quantity),
    }
}

fn read(text: &str) -> Result<Vec<(Time, Fact)>, Trouble> {
    let snapshot: Snapshot = json::read(text)?;
    let Some(rows) = &snapshot.positions else { return Ok(Vec::new()) };
    let mut holdings = Vec::with_capacity(rows.len());
    for raw in rows {
        holdings.extend(holding(&json::read(raw.get())?, json::line_of(text, (*raw).into()))?);
    }
    let at = json::moment(snapshot.timestamp)?;
    let statement = Statement { witness: Witness::AlpacaPositionsFile, claim: Claim::WholeBook(holdings.into()) };
    Ok(vec![(at, Fact::Statement(statement))])
}
