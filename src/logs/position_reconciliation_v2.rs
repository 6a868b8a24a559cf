//! `logs/position_reconciliation_v2.jsonl`: what the reconciler found, with quantities (`formats.md` 7.4).

use serde::Deserialize;

use super::audit_positions_autofix::{Mismatch, quantities};
use super::{LogFormat, Outcome, Sink, rule};
use crate::event::{Claim, Fact, Form, Pulse, Statement};
use crate::json::{self, Field, Text};
use crate::trouble::{Reason, Trouble};
use crate::witness::Witness;

pub const FORMAT: LogFormat =
    LogFormat { name: "position_reconciliation_v2", paths: &["logs/position_reconciliation_v2.jsonl"], decode };

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    ts: Field<'a>,
    #[serde(borrow)]
    msg: Option<Text<'a>>,
    #[serde(borrow)]
    positions: Field<'a>,
    #[serde(borrow)]
    plan: Option<Plan<'a>>,
}

#[derive(Deserialize)]
struct Plan<'a> {
    #[serde(borrow, default)]
    missing_in_bot: Vec<Mismatch<'a>>,
    #[serde(borrow, default)]
    orphaned_in_bot: Vec<Mismatch<'a>>,
    #[serde(borrow, default)]
    quantity_mismatch: Vec<Mismatch<'a>>,
}

fn decode(line: &str, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let row: Row = out.read(line)?;
    let at = json::moment(row.ts)?;
    let positions = json::count(row.positions)?;
    match row.msg.as_deref().ok_or(Reason::MissingField("msg"))? {
        "clean" => {
            let count = positions.ok_or(Reason::MissingField("positions"))?;
            out.push(at, Fact::Statement(Statement { witness: Witness::ReconciliationPlan, claim: Claim::Count(count) }));
        }
        "autonomous_fixed" => {
            let plan = row.plan.ok_or(Reason::MissingField("plan"))?;
            quantities(at, &plan.missing_in_bot, Witness::ReconciliationPlan, out)?;
            quantities(at, &plan.quantity_mismatch, Witness::ReconciliationPlan, out)?;
            for orphan in &plan.orphaned_in_bot {
                let claim = Claim::Symbol(json::symbol(&orphan.symbol)?, Form::NotHeld);
                out.push(at, Fact::Statement(Statement { witness: Witness::ReconciliationPlan, claim }));
            }
        }
        "error" => out.push(at, Fact::Pulse(Pulse::BrokerUnreachable)),
        _ => return Ok(Outcome::Ignored(rule::UNKNOWN_MESSAGE)),
    }
    Ok(Outcome::Understood)
}
