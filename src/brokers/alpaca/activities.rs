//! `GET /v2/account/activities` (`alpaca.md` section 4): fills, and the corporate actions that change quantities.

use compact_str::CompactString;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashSet;

use super::{Body, orders::Orders, required};
use crate::event::{Action, Change, CorporateAction, Fact, Fill, Movement, Sighting};
use crate::json::{self, Field, Text};
use crate::logs::rule;
use crate::position::Symbol;
use crate::time::{self, Time};
use crate::trouble::{Reason, Trouble};

/// Activities that change quantities (`alpaca.md` 4.3); the `qty` of each row is the signed change.
const CHANGES_QUANTITY: &[&str] = &[
    "SPLIT", "SPIN", "MA", "NC", "REORG", "REO", "VOF", "ACATS", "JNLS", "FOPT", "OPASN", "OPEXC", "OPXRC", "OPEXP", "OPTRD",
    "OPCA", "CFEE", "OCT", "FIMAT", "SC", "SSO", "SSP", "DIV",
];

/// Left out: only cash moves.
const CASH_ONLY: &str = "cash_only";
/// Left out: a type that `alpaca.md` 4.3 does not know. New ones appear any day; where one changes a quantity, the positions show it.
const UNKNOWN: &str = "unknown_activity";
/// Left out: taken back by the broker.
const CANCELED: &str = "canceled";

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    activity_type: Option<Text<'a>>,
    #[serde(borrow)]
    activity_sub_type: Option<Text<'a>>,
    #[serde(borrow)]
    transaction_time: Field<'a>,
    #[serde(borrow)]
    created_at: Field<'a>,
    #[serde(borrow)]
    date: Option<Text<'a>>,
    #[serde(borrow)]
    symbol: Option<Text<'a>>,
    #[serde(borrow)]
    side: Option<Text<'a>>,
    #[serde(borrow)]
    qty: Field<'a>,
    #[serde(borrow)]
    price: Field<'a>,
    #[serde(borrow)]
    order_id: Option<Text<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    group_id: Option<Text<'a>>,
}

/// One leg of a corporate action, before legs of one event are brought together.
struct Leg<'a> {
    raw: &'a RawValue,
    at: Time,
    group: String,
    code: CompactString,
    symbol: Symbol,
    quantity: Decimal,
}

pub(super) fn parse(body: &mut Body<'_>, orders: &Orders) {
    let mut seen = HashSet::new();
    let mut legs: Vec<Leg<'_>> = Vec::new();
    for raw in body.rows() {
        let row: Row = match json::read(raw.get()) {
            Ok(row) => row,
            Err(trouble) => {
                body.quarantine(raw, trouble);
                continue;
            }
        };
        // Pages overlap; legs of one event may share an id (alpaca.md 4.1), so the whole row is the key.
        if !seen.insert(raw.get()) {
            body.ignore(rule::DUPLICATE);
            continue;
        }
        match row.activity_type.as_deref().unwrap_or_default() {
            "FILL" => match fill(&row, orders) {
                Ok((at, fact)) => body.push(raw, at, fact),
                Err(trouble) => body.quarantine(raw, trouble),
            },
            // A dividend moves shares only when it is paid in them.
            "DIV" if row.activity_sub_type.as_deref() != Some("SDIV") => body.ignore(CASH_ONLY),
            kind if CHANGES_QUANTITY.contains(&kind) && row.status.as_deref() == Some("canceled") => body.ignore(CANCELED),
            kind if CHANGES_QUANTITY.contains(&kind) => match leg(raw, &row) {
                Ok(leg) => legs.extend(leg),
                Err(trouble) => body.quarantine(raw, trouble),
            },
            kind if is_cash_only(kind) => body.ignore(CASH_ONLY),
            _ => body.ignore(UNKNOWN),
        }
    }
    corporate_actions(body, &legs);
}

/// The types that move cash and nothing else (`alpaca.md` 4.3).
fn is_cash_only(kind: &str) -> bool {
    const NAMED: &[&str] = &[
        "CSD", "CSW", "TRANS", "MISC", "JNL", "JNLC", "PTC", "PTR", "CGD", "OPCSH", "ACATC", "MEM", "SWP", "WH", "EXTRD", "FXTRD",
    ];
    NAMED.contains(&kind) || ["INT", "FEE", "DIV"].iter().any(|family| kind.starts_with(family))
}

fn fill(row: &Row<'_>, orders: &Orders) -> Result<(Time, Fact), Trouble> {
    let at = json::moment(row.transaction_time)?;
    let symbol = Symbol::parse(required(row.symbol.as_deref())?).ok_or(Reason::BadSymbol)?;
    let quantity = json::decimal(row.qty, "qty")?.ok_or(Reason::MissingField("qty"))?.abs();
    // Anything that begins with `sell` is minus, with `buy` plus; a sign of the quantity itself is not to be trusted (alpaca.md 4.2).
    let quantity = match row.side.as_deref() {
        Some(side) if side.starts_with("sell") => -quantity,
        Some(side) if side.starts_with("buy") => quantity,
        _ => return Err(Reason::MissingField("side").into()),
    };
    let order_id: Option<CompactString> = row.order_id.as_deref().map(Into::into);
    let client_order_id = order_id.as_ref().and_then(|id| orders.client_ids.get(id)).cloned();
    let fill = Fill { quantity, price: json::decimal(row.price, "price")?, order_id, client_order_id };
    Ok((at, movement(symbol, Action::Fill(fill))))
}

fn movement(symbol: Symbol, action: Action) -> Fact {
    Fact::moved(Movement { symbol, action, sighting: Sighting::BrokerActivities, joined: Vec::new() })
}

fn leg<'a>(raw: &'a RawValue, row: &Row<'_>) -> Result<Option<Leg<'a>>, Trouble> {
    let Some(quantity) = json::decimal(row.qty, "qty")?.filter(|quantity| !quantity.is_zero()) else { return Ok(None) };
    let code = row.activity_type.as_deref().unwrap_or_default();
    let day = || row.date.as_deref().and_then(|date| date.parse().ok()).and_then(time::beginning_of_day_run);
    let at = [row.transaction_time, row.created_at]
        .into_iter()
        .find_map(json::moment_if_any)
        .or_else(day)
        .ok_or(Reason::BadTimestamp)?;
    let group = match row.group_id.as_deref() {
        Some(group) => group.to_owned(),
        None => format!("{code} {}", row.date.as_deref().or(row.id.as_deref()).unwrap_or_default()),
    };
    let symbol = Symbol::parse(required(row.symbol.as_deref())?).ok_or(Reason::BadSymbol)?;
    Ok(Some(Leg { raw, at, group, code: code.into(), symbol, quantity }))
}

/// Two legs of one event in one symbol, minus the old and plus the new quantity, are a ratio (`alpaca.md` 4.3); a leg alone is a change.
fn corporate_actions(body: &mut Body<'_>, legs: &[Leg<'_>]) {
    let mut used = vec![false; legs.len()];
    for (place, leg) in legs.iter().enumerate() {
        if std::mem::replace(&mut used[place], true) {
            continue;
        }
        let twin = (place + 1..legs.len()).find(|other| {
            let other_leg = &legs[*other];
            let opposite = other_leg.quantity.is_sign_negative() != leg.quantity.is_sign_negative();
            !used[*other] && other_leg.group == leg.group && other_leg.symbol == leg.symbol && opposite
        });
        let is_split = leg.code == "SPLIT";
        let change = match twin.filter(|_| is_split) {
            Some(other) => {
                used[other] = true;
                ratio(leg, &legs[other])
            }
            None => Change::Delta(leg.quantity),
        };
        let action = Action::CorporateAction(CorporateAction { code: leg.code.clone(), change });
        body.push(leg.raw, leg.at, movement(leg.symbol.clone(), action));
    }
}

/// The two legs without their signs. Which is the old one only the position's side tells: a long position gives up the minus leg,
/// a short one the plus leg.
fn ratio(one: &Leg<'_>, two: &Leg<'_>) -> Change {
    let (minus, plus) = if one.quantity.is_sign_negative() { (one, two) } else { (two, one) };
    Change::Ratio { minus: minus.quantity.abs(), plus: plus.quantity.abs() }
}
