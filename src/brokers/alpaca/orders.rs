//! `GET /v2/orders` (`alpaca.md` section 3): what may still fill, and who sent what.

use compact_str::CompactString;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{HashMap, HashSet};

use super::{Body, required};
use crate::event::{BrokerOrder, Fact, Pulse};
use crate::json::{self, Field, Text};
use crate::position::{Side, Symbol};
use crate::time::Time;
use crate::trouble::{Reason, Trouble};

/// What the orders tell the other parsers.
#[derive(Default)]
pub(super) struct Orders {
    /// Signed quantity per symbol that open orders may still fill.
    pub(super) in_flight: HashMap<Symbol, Decimal>,
    /// Client order id per order id.
    pub(super) client_ids: HashMap<CompactString, CompactString>,
}

/// Terminal for fills (`alpaca.md` 3.3). Anything else, known or not, is in flight.
const CLOSED: &[&str] = &["filled", "canceled", "expired", "rejected", "replaced", "calculated"];

/// Legs of legs of legs: Alpaca's have none (alpaca.md 3.2), and each level is read once more.
const DEEPEST: u32 = 3;

/// Dormant children of a bracket: they fill only after their sibling or parent (`alpaca.md` 3.3).
const DORMANT: &str = "held";

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    client_order_id: Option<Text<'a>>,
    #[serde(borrow)]
    symbol: Option<Text<'a>>,
    #[serde(borrow)]
    side: Option<Text<'a>>,
    #[serde(borrow)]
    qty: Field<'a>,
    #[serde(borrow)]
    filled_qty: Field<'a>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    submitted_at: Field<'a>,
    #[serde(borrow)]
    created_at: Field<'a>,
    #[serde(borrow)]
    legs: Option<Vec<&'a RawValue>>,
}

pub(super) fn parse(body: &mut Body<'_>, read_began: Time) -> Orders {
    let mut orders = Orders::default();
    let mut seen = HashSet::new();
    let mut waiting: Vec<(&RawValue, u32)> = body.rows().into_iter().map(|row| (row, 0)).collect();
    waiting.reverse();
    while let Some((raw, depth)) = waiting.pop() {
        match order(raw, read_began) {
            Ok((_, _, legs)) if depth >= DEEPEST && !legs.is_empty() => body.quarantine(raw, Reason::WrongShape.into()),
            Ok((at, order, legs)) => {
                waiting.extend(legs.into_iter().rev().map(|leg| (leg, depth + 1)));
                // Pages overlap, and a leg may be listed beside its parent (alpaca.md 3.1, 3.4).
                let Some(order) = order.filter(|order| seen.insert(order.id.clone())) else { continue };
                if order.open && order.status != DORMANT {
                    let remaining = order.quantity.map_or(Decimal::ZERO, |quantity| quantity - order.filled);
                    *orders.in_flight.entry(order.symbol.clone()).or_default() += remaining;
                }
                if let Some(client) = &order.client_order_id {
                    orders.client_ids.insert(order.id.clone(), client.clone());
                }
                body.push(raw, at, Fact::Pulse(Pulse::BrokerOrder(Box::new(order))));
            }
            Err(trouble) => body.quarantine(raw, trouble),
        }
    }
    orders
}

type Parsed<'a> = (Time, Option<BrokerOrder>, Vec<&'a RawValue>);

fn order(raw: &RawValue, read_began: Time) -> Result<Parsed<'_>, Trouble> {
    let row: Row = json::read(raw.get())?;
    let at = [row.submitted_at, row.created_at].into_iter().find_map(json::moment_if_any).unwrap_or(read_began);
    let legs = row.legs.unwrap_or_default();
    // The parent of a multi-leg order has no symbol of its own (alpaca.md 3.2).
    if row.symbol.as_deref().is_none_or(str::is_empty) && !legs.is_empty() {
        return Ok((at, None, legs));
    }
    let symbol = Symbol::parse(required(row.symbol.as_deref())?).ok_or(Reason::BadSymbol)?;
    let side = row.side.as_deref().and_then(Side::parse).ok_or(Reason::MissingField("side"))?;
    let status = row.status.as_deref().unwrap_or("unknown");
    let order = BrokerOrder {
        symbol,
        id: row.id.as_deref().ok_or(Reason::MissingField("id"))?.into(),
        client_order_id: row.client_order_id.as_deref().map(Into::into),
        quantity: json::decimal(row.qty, "qty")?.map(|quantity| side.signed(quantity)),
        filled: json::decimal(row.filled_qty, "filled_qty")?.map_or(Decimal::ZERO, |filled| side.signed(filled)),
        status: status.into(),
        open: !CLOSED.contains(&status),
    };
    Ok((at, Some(order), legs))
}
