//! `logs/displacement.jsonl`: a position closed to make room for another (`formats.md` 7.5).

use super::reload::Message;
use super::{LogFormat, Outcome, Sink, rule};
use crate::event::{Action, Exit, Fact, Movement, Pulse, Sighting};
use crate::json;
use crate::trouble::{Reason, Trouble};

pub const FORMAT: LogFormat = LogFormat { name: "displacement", paths: &["logs/displacement.jsonl"], decode };

fn decode(line: &str, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    closes(line, Sighting::Displacement, out)
}

/// Rows of `displacement` and `position_flip` alike: a close is `close_position_success`; a failure may follow a real close,
/// so it is evidence and moves nothing.
pub(super) fn closes(line: &str, sighting: Sighting, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let row: Message = out.read(line)?;
    let at = json::moment(row.ts)?;
    let message = row.msg.as_deref().ok_or(Reason::MissingField("msg"))?;
    match message {
        "close_position_success" | "closed_success" | "close_position_verify_failed_assume_closed" => {
            let exit = Exit { order_id: row.exit_order_id.as_deref().map(Into::into), ..Exit::default() };
            let movement =
                Movement { symbol: json::symbol(&row.symbol)?, action: Action::Exit(exit), sighting, joined: Vec::new() };
            out.push(at, Fact::moved(movement));
        }
        "close_position_failed" | "close_failed" | "failed" | "close_position_not_verified" | "close_position_still_open" => {
            out.push(at, Fact::Pulse(Pulse::Failure(json::symbol(&row.symbol)?, message.into())));
        }
        _ if row.symbol.is_some() => out.push(at, Fact::Pulse(Pulse::Intention(json::symbol(&row.symbol)?, message.into()))),
        _ => return Ok(Outcome::Ignored(rule::DIAGNOSTIC)),
    }
    Ok(Outcome::Understood)
}
