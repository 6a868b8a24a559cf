//! `GET /v2/positions` (`alpaca.md` 2.2), or the bot's `alpaca_positions.json` in its place: the broker's whole book.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

use super::{Body, orders::Orders, required};
use crate::books::alpaca_positions::signed;
use crate::event::{Claim, Fact, Form, Further, Holding, Statement};
use crate::json::{self, Field, Text};
use crate::position::Symbol;
use crate::time::Time;
use crate::trouble::{Reason, Trouble};
use crate::witness::Witness;

#[derive(Deserialize)]
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

#[derive(Deserialize)]
struct BotsCopy<'a> {
    #[serde(borrow)]
    positions: Option<Vec<&'a RawValue>>,
}

/// What is known of symbols that moved while they were read.
pub(super) struct Moving<'a> {
    /// Nothing firm can be said of these.
    pub(super) unstable: &'a BTreeSet<Symbol>,
    /// What the bot's records name, where anything is unstable.
    pub(super) named: BTreeSet<Symbol>,
}

/// States the book; whether it is whole.
pub(super) fn parse(body: &mut Body<'_>, orders: &Orders, read_began: Time, moving: &Moving<'_>) -> bool {
    let text = body.text;
    let rows = match json::read::<BotsCopy<'_>>(text) {
        Ok(copy) if text.trim_start().starts_with('{') => match copy.positions {
            Some(rows) => rows,
            None => {
                body.failed_whole = Some(Reason::MissingField("positions").into());
                return false;
            }
        },
        Ok(_) | Err(_) => body.rows(),
    };
    if body.failed_whole.is_some() {
        return false;
    }
    let mut holdings: Vec<Holding> = Vec::with_capacity(rows.len());
    for raw in &rows {
        match holding(raw, body.origin(raw).line, orders) {
            Ok(Some(holding)) => add(&mut holdings, holding),
            Ok(None) => {}
            Err(trouble) => body.quarantine(raw, trouble),
        }
    }
    state(body, holdings, read_began, moving)
}

/// A book with rows in trouble is not whole: what it does list is stated row by row, and nothing follows from what it does not. Nor is
/// one whose symbols kept moving: of these nothing is said, of the others what the book lists and that it does not list them.
fn state(body: &mut Body<'_>, mut holdings: Vec<Holding>, read_began: Time, moving: &Moving<'_>) -> bool {
    let understood = body.harvest.quarantined.is_empty();
    let whole = understood && moving.unstable.is_empty();
    let origin = crate::origin::Origin { source: body.id, offset: 0, line: 1 };
    let claims = if whole {
        vec![Claim::WholeBook(holdings.into())]
    } else {
        holdings.retain(|holding| !moving.unstable.contains(&holding.symbol));
        let listed: BTreeSet<Symbol> = holdings.iter().map(|holding| holding.symbol.clone()).collect();
        let absent =
            moving.named.iter().filter(|symbol| understood && !listed.contains(symbol) && !moving.unstable.contains(symbol));
        let not_held = absent.map(|symbol| Claim::Symbol(symbol.clone(), Form::NotHeld));
        let equals = |holding: Holding| holding.quantity.map(|quantity| Claim::Symbol(holding.symbol, Form::Equals(quantity)));
        holdings.into_iter().filter_map(equals).chain(not_held).collect()
    };
    for claim in claims {
        let fact = Fact::Statement(Statement { witness: Witness::BrokerPositions, claim });
        body.harvest.events.push(crate::event::Event { at: read_began, origin, fact });
    }
    whole
}

/// One symbol may have two rows after a reverse split under a new asset id (`alpaca.md` section 9, case 22): they add up.
fn add(holdings: &mut Vec<Holding>, holding: Holding) {
    match holdings.iter_mut().find(|other| other.symbol == holding.symbol) {
        Some(other) => other.quantity = other.quantity.zip(holding.quantity).map(|(one, two)| one + two),
        None => holdings.push(holding),
    }
}

fn holding(raw: &RawValue, line: u32, orders: &Orders) -> Result<Option<Holding>, Trouble> {
    let row: Row = json::read(raw.get())?;
    let symbol = Symbol::parse(required(row.symbol.as_deref())?).ok_or(Reason::BadSymbol)?;
    let quantity = json::decimal(row.qty, "qty")?.ok_or(Reason::MissingField("qty"))?;
    let quantity = signed(quantity, row.side.as_deref())?;
    let in_flight = orders.in_flight.get(&symbol).copied().unwrap_or(Decimal::ZERO);
    Ok((!quantity.is_zero()).then_some(Holding {
        price: json::decimal(row.avg_entry_price, "avg_entry_price")?,
        market_price: json::decimal(row.current_price, "current_price")?,
        further: (!in_flight.is_zero()).then(|| Box::new(Further { in_flight, ..Further::NOTHING })),
        ..Holding::of(symbol, quantity, line)
    }))
}
