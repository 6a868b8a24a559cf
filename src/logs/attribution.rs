//! `logs/attribution.jsonl`: the bot's account of its entries, scale-outs and exits (`formats.md` section 3).

use rust_decimal::{Decimal, RoundingStrategy};
use serde::Deserialize;

use super::{LogFormat, Outcome, Sink, rule};
use crate::event::{Action, Claim, Entry, Exit, Fact, Form, Movement, ScaleOut, Sighting, Statement};
use crate::json::{self, Field, Text};
use crate::position::{Side, Symbol};
use crate::time::Time;
use crate::trouble::{Reason, Trouble};
use crate::witness::Witness;

pub const FORMAT: LogFormat = LogFormat { name: "attribution", paths: &["logs/attribution.jsonl"], decode };

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    ts: Field<'a>,
    #[serde(borrow)]
    trade_id: Option<Text<'a>>,
    #[serde(borrow)]
    symbol: Option<Text<'a>>,
    #[serde(borrow)]
    pnl_usd: Field<'a>,
    #[serde(borrow, rename = "_reconciled_from")]
    reconciled_from: Field<'a>,
    #[serde(borrow, rename = "_reconciled_at")]
    reconciled_at: Field<'a>,
    #[serde(borrow)]
    context: Option<Box<Context<'a>>>,
}

#[derive(Deserialize, Default)]
struct Context<'a> {
    #[serde(borrow)]
    direction: Option<Text<'a>>,
    #[serde(borrow)]
    side: Option<Text<'a>>,
    #[serde(borrow)]
    position_side: Option<Text<'a>>,
    #[serde(borrow)]
    order_type: Option<Text<'a>>,
    #[serde(borrow)]
    entry_status: Option<Text<'a>>,
    #[serde(borrow)]
    close_reason: Option<Text<'a>>,
    #[serde(borrow)]
    exit_order_id: Option<Text<'a>>,
    #[serde(borrow)]
    pending_fill: Field<'a>,
    #[serde(borrow)]
    requested_qty: Field<'a>,
    #[serde(borrow)]
    qty: Field<'a>,
    #[serde(borrow)]
    entry_qty: Field<'a>,
    #[serde(borrow)]
    exit_qty: Field<'a>,
    #[serde(borrow)]
    entry_price: Field<'a>,
    #[serde(borrow)]
    exit_price: Field<'a>,
    #[serde(borrow)]
    position_size_usd: Field<'a>,
    #[serde(borrow)]
    score: Field<'a>,
    #[serde(borrow)]
    entry_ts: Field<'a>,
}

fn decode(line: &str, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let row: Row = out.read(line)?;
    if row.reconciled_from.is_some() || row.reconciled_at.is_some() {
        return Ok(Outcome::Ignored(rule::MADE_UP));
    }
    let id = row.trade_id.as_deref().ok_or(Reason::MissingField("trade_id"))?;
    let kind = id.as_bytes().split(|byte| *byte == b'_').next().unwrap_or_default();
    if kind == b"reconciled" {
        return Ok(Outcome::Ignored(rule::MADE_UP));
    }
    let symbol = json::symbol(&row.symbol)?;
    if symbol.is_test() {
        return Ok(Outcome::Ignored(rule::TEST_SYMBOL));
    }
    let at = json::moment(row.ts)?;
    let context = row.context.as_ref().ok_or(Reason::MissingField("context"))?;
    match kind {
        b"open" => entry(at, symbol, context, out),
        b"scale" => scale_out(at, symbol, context, out),
        b"close" => exit(at, symbol, &row, context, out),
        _ => Ok(Outcome::Ignored(rule::UNKNOWN_MESSAGE)),
    }
}

fn push_movement(out: &mut Sink<'_>, at: Time, symbol: Symbol, action: Action) {
    out.push(at, Fact::moved(Movement { symbol, action, sighting: Sighting::Attribution, joined: Vec::new() }));
}

fn push_statement(out: &mut Sink<'_>, at: Time, symbol: Symbol, witness: Witness, form: Form) {
    out.push(at, Fact::Statement(Statement { witness, claim: Claim::Symbol(symbol, form) }));
}

fn entry(at: Time, symbol: Symbol, context: &Context<'_>, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let status = context.entry_status.as_deref();
    if status == Some("dry_run") {
        return Ok(Outcome::Ignored(rule::DRY_RUN));
    }
    let side = [&context.position_side, &context.side].into_iter().find_map(|side| side.as_deref().and_then(Side::parse));
    let pending = json::is_true(context.pending_fill) || status.is_some_and(|status| status != "filled");
    let price = json::float(context.entry_price, "entry_price")?;
    let size_usd = json::float(context.position_size_usd, "position_size_usd")?;
    let mut entry = Entry {
        side: side.or_else(|| side_of_direction(context)),
        pending,
        market: context.order_type.as_deref() == Some("market"),
        price,
        size_usd,
        score: json::float(context.score, "score")?,
        one_per_symbol: status.is_some(),
        ..Entry::default()
    };
    if pending {
        entry.requested = json::float(context.requested_qty, "requested_qty")?;
    } else if status.is_some() {
        let logged = json::float(context.qty.or(context.entry_qty), "qty")?;
        entry.logged = Some(logged.ok_or(Reason::MissingField("qty"))?);
        entry.requested = entry.market.then(|| ordered_quantity(size_usd, price)).flatten();
    }
    if entry.one_per_symbol && entry.side.is_none() {
        return Err(Reason::MissingField("position_side").into());
    }
    push_movement(out, at, symbol, Action::Entry(entry));
    Ok(Outcome::Understood)
}

/// At age J the direction is the only hint of the side (`formats.md` 3.1).
fn side_of_direction(context: &Context<'_>) -> Option<Side> {
    match context.direction.as_deref()? {
        "bullish" => Some(Side::Long),
        "bearish" => Some(Side::Short),
        _ => None,
    }
}

/// The ordered quantity of a market entry: its size in money over its price, in whole shares (`formats.md` T7: right in 392 of 423).
pub(super) fn ordered_quantity(size_usd: Option<Decimal>, price: Option<Decimal>) -> Option<Decimal> {
    let price = price.filter(|price| *price > Decimal::ZERO)?;
    let quantity = size_usd?.checked_div(price)?;
    Some(quantity.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero))
}

fn scale_out(at: Time, symbol: Symbol, context: &Context<'_>, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let spelt = context.side.as_deref();
    let reduces = spelt.or(context.position_side.as_deref()).and_then(Side::parse);
    let quantity = json::float(context.qty, "qty")?.map(|quantity| quantity.abs());
    let price = json::float(context.exit_price, "exit_price")?;
    if let Some((side, quantity)) = reduces.zip(quantity) {
        push_statement(out, at, symbol.clone(), Witness::ScaleOutRecord, Form::AtLeast(side.signed(quantity)));
    }
    let action = Action::ScaleOut(ScaleOut { reduces, quantity, price, spelt_long: spelt == Some("long") });
    push_movement(out, at, symbol, action);
    Ok(Outcome::Understood)
}

fn exit(at: Time, symbol: Symbol, row: &Row<'_>, context: &Context<'_>, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    if context.close_reason.as_deref().is_some_and(|reason| reason == "dryrun_exit" || reason.starts_with("audit_")) {
        return Ok(Outcome::Ignored(rule::DRY_RUN));
    }
    let exit = Exit {
        side: [&context.position_side, &context.side].into_iter().find_map(|side| side.as_deref().and_then(Side::parse)),
        filled: json::float(context.exit_qty.or(context.qty), "exit_qty")?.map(|quantity| quantity.abs()),
        entry_price: json::float(context.entry_price, "entry_price")?,
        price: json::float(context.exit_price, "exit_price")?,
        profit: json::float(row.pnl_usd, "pnl_usd")?,
        order_id: context.exit_order_id.as_deref().map(Into::into),
        entry_time: json::moment_if_any(context.entry_ts),
    };
    if exit.entry_price.is_none() && exit.price.is_none() {
        return Ok(Outcome::Ignored(rule::MADE_UP));
    }
    if let Some(form) = stated_by_exit(&exit, context)? {
        push_statement(out, at, symbol.clone(), Witness::ExitRecord, form);
    }
    push_movement(out, at, symbol, Action::Exit(exit));
    Ok(Outcome::Understood)
}

/// What an exit record says was held (design, section 1): `entry_qty`, unless it is the default 1 of a lot
/// whose quantity the bot had lost (`formats.md` D2).
fn stated_by_exit(exit: &Exit, context: &Context<'_>) -> Result<Option<Form>, Trouble> {
    let signed = |quantity: Decimal| exit.side.map(|side| side.signed(quantity));
    let entry_quantity = json::float(context.entry_qty, "entry_qty")?;
    let exit_quantity = json::float(context.exit_qty, "exit_qty")?;
    let form = match (entry_quantity, exit_quantity) {
        (Some(entry), Some(exit)) if entry == Decimal::ONE && exit > entry => signed(exit).map(Form::AtLeast),
        (Some(entry), _) => signed(entry).map(Form::Equals),
        // Age J: an integer 1 is the default, a float is the broker's quantity (formats.md 3.2).
        (None, _) => match (json::float(context.qty, "qty")?, context.qty) {
            (Some(_), Some(raw)) if raw.get() == "1" => Some(Form::Held),
            (Some(quantity), _) => signed(quantity).map(Form::Equals),
            (None, _) => None,
        },
    };
    Ok(form)
}
