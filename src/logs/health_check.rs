//! `logs/health_check.jsonl`: the broker's symbols against the metadata's (`formats.md` 7.2).

use serde::Deserialize;

use super::audit_positions_autofix::parsed;
use super::{LogFormat, Outcome, Sink, rule};
use crate::event::{Claim, Fact, Form, Statement};
use crate::json::{self, Field, Text};
use crate::trouble::{Reason, Trouble};
use crate::witness::Witness;

pub const FORMAT: LogFormat = LogFormat { name: "health_check", paths: &["logs/health_check.jsonl"], decode };

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    ts: Field<'a>,
    #[serde(borrow)]
    msg: Option<Text<'a>>,
    #[serde(borrow)]
    missing: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    orphaned: Option<Vec<Text<'a>>>,
}

fn decode(line: &str, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let row: Row = out.read(line)?;
    let at = json::moment(row.ts)?;
    match row.msg.as_deref().ok_or(Reason::MissingField("msg"))? {
        "position_divergence_detected_pending_confirmation" => {
            // `missing` are the broker's symbols without metadata, `orphaned` the metadata's without a position.
            for (names, form) in [(&row.missing, Form::Held), (&row.orphaned, Form::NotHeld)] {
                for symbol in parsed(names.as_deref().unwrap_or_default())? {
                    out.push(
                        at,
                        Fact::Statement(Statement { witness: Witness::HealthCheck, claim: Claim::Symbol(symbol, form) }),
                    );
                }
            }
            Ok(Outcome::Understood)
        }
        "position_divergence_confirmed_fixing" | "position_divergence_auto_fixed" => Ok(Outcome::Ignored(rule::ECHO)),
        _ => Ok(Outcome::Ignored(rule::DIAGNOSTIC)),
    }
}
