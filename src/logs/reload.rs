//! `logs/reload.jsonl` and `reload_positions.jsonl`: exits are about to be evaluated (`formats.md` 7.3).
//!
//! A removal here is not a close: after a failed read of the broker every symbol is "no longer open".

use serde::Deserialize;

use super::{LogFormat, Outcome, Sink, rule};
use crate::event::{Fact, Pulse};
use crate::json::{self, Field, Text};
use crate::trouble::{Reason, Trouble};

pub const FORMAT: LogFormat = LogFormat { name: "reload", paths: &["logs/reload.jsonl", "logs/reload_positions.jsonl"], decode };

/// The shape of `log_event` rows that are about one symbol or none.
#[derive(Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) ts: Field<'a>,
    #[serde(borrow)]
    pub(super) msg: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) symbol: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) exit_order_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) qty: Field<'a>,
}

fn decode(line: &str, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let row: Message = out.read(line)?;
    let at = json::moment(row.ts)?;
    match row.msg.as_deref().ok_or(Reason::MissingField("msg"))? {
        message @ ("position_added_from_metadata" | "position_removed_no_longer_open") => {
            out.push(at, Fact::Pulse(Pulse::Intention(json::symbol(&row.symbol)?, message.into())));
            out.push(at, Fact::Pulse(Pulse::Evaluation));
        }
        "metadata_reload_failed" | "metadata_corrupted" | "metadata_load_error" | "list_positions_error" => {
            out.push(at, Fact::Pulse(Pulse::Evaluation));
        }
        _ => return Ok(Outcome::Ignored(rule::UNKNOWN_MESSAGE)),
    }
    Ok(Outcome::Understood)
}
