//! `data/audit_positions_autofix.jsonl`: the reconciler's journal. Mostly the broker's echo (design, rule 5; `formats.md` section 6).

use serde::Deserialize;
use smallvec::{SmallVec, smallvec};

use super::{LogFormat, Outcome, Sink, rule};
use crate::event::{Claim, Fact, Form, Pulse, Statement};
use crate::json::{self, Field, Text};
use crate::position::{Symbol, Symbols};
use crate::time::Time;
use crate::trouble::{Reason, Trouble};
use crate::witness::Witness;

pub const FORMAT: LogFormat =
    LogFormat { name: "audit_positions_autofix", paths: &["data/audit_positions_autofix.jsonl"], decode };

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    event: Option<Text<'a>>,
    #[serde(borrow)]
    ts: Field<'a>,
    #[serde(borrow)]
    details: Option<Details<'a>>,
}

#[derive(Default, Deserialize)]
struct Details<'a> {
    #[serde(borrow)]
    positions_count: Field<'a>,
    #[serde(borrow)]
    symbols: Option<SmallVec<[Text<'a>; 1]>>,
    #[serde(borrow)]
    symbol: Option<Text<'a>>,
    #[serde(borrow)]
    details: Option<Vec<Mismatch<'a>>>,
}

/// One quantity that the reconciler found changed; the same object stands in other logs (`formats.md` 7.4, 10.4).
#[derive(Deserialize)]
pub(super) struct Mismatch<'a> {
    #[serde(borrow)]
    pub(super) symbol: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) alpaca_qty: Field<'a>,
}

fn decode(line: &str, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let row: Row = out.read(line)?;
    let at = json::moment(row.ts)?;
    let event = row.event.as_deref().ok_or(Reason::MissingField("event"))?;
    let details = row.details.unwrap_or_default();
    let positions = json::count(details.positions_count)?;
    match event {
        "reconciliation_clean" => {
            let count = positions.ok_or(Reason::MissingField("positions_count"))?;
            state(out, at, Claim::Count(count));
            out.push(at, Fact::Pulse(Pulse::Reconciled));
        }
        "autonomous_reconciliation_complete" => out.push(at, Fact::Pulse(Pulse::Reconciled)),
        "missing_injected" => {
            let symbols = parsed(details.symbols.as_deref().ok_or(Reason::MissingField("symbols"))?)?;
            for symbol in &symbols {
                state(out, at, Claim::Symbol(symbol.clone(), Form::Held));
            }
            out.push(at, Fact::Pulse(Pulse::Fix { event: "missing_injected", symbols }));
        }
        "orphan_purged" => {
            let symbol = json::symbol(&details.symbol)?;
            state(out, at, Claim::Symbol(symbol.clone(), Form::NotHeld));
            out.push(at, Fact::Pulse(Pulse::Fix { event: "orphan_purged", symbols: smallvec![symbol] }));
        }
        "quantity_reconciled" => {
            let symbols =
                quantities(at, details.details.as_deref().ok_or(Reason::MissingField("details"))?, Witness::Reconciler, out)?;
            out.push(at, Fact::Pulse(Pulse::Fix { event: "quantity_reconciled", symbols }));
        }
        "position_missing_entry_score" => state(out, at, Claim::Symbol(json::symbol(&details.symbol)?, Form::ScoreLost(true))),
        "entry_score_recovered" => state(out, at, Claim::Symbol(json::symbol(&details.symbol)?, Form::ScoreLost(false))),
        "broker_unreachable_max_retries" => out.push(at, Fact::Pulse(Pulse::BrokerUnreachable)),
        "degraded_mode_entered" => out.push(at, Fact::Pulse(Pulse::DegradedEntered)),
        "degraded_mode_exited" => out.push(at, Fact::Pulse(Pulse::DegradedExited)),
        "metadata_save_failed" => return Ok(Outcome::Ignored(rule::DIAGNOSTIC)),
        _ => return Ok(Outcome::Ignored(rule::UNKNOWN_MESSAGE)),
    }
    Ok(Outcome::Understood)
}

fn state(out: &mut Sink<'_>, at: Time, claim: Claim) {
    out.push(at, Fact::Statement(Statement { witness: Witness::Reconciler, claim }));
}

pub(super) fn parsed(names: &[Text<'_>]) -> Result<Symbols, Trouble> {
    names.iter().map(|name| Symbol::parse(name).ok_or_else(|| Reason::BadSymbol.into())).collect()
}

/// States the broker's quantity of each mismatch and gives the symbols.
pub(super) fn quantities(
    at: Time,
    mismatches: &[Mismatch<'_>],
    witness: Witness,
    out: &mut Sink<'_>,
) -> Result<Symbols, Trouble> {
    let mut symbols = Symbols::with_capacity(mismatches.len());
    for mismatch in mismatches {
        let symbol = json::symbol(&mismatch.symbol)?;
        let quantity = json::float(mismatch.alpaca_qty, "alpaca_qty")?.ok_or(Reason::MissingField("alpaca_qty"))?;
        let claim = Claim::Symbol(symbol.clone(), Form::Equals(quantity));
        out.push(at, Fact::Statement(Statement { witness, claim }));
        symbols.push(symbol);
    }
    Ok(symbols)
}
