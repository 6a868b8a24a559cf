//! `logs/data_integrity.jsonl`: among notes on attributions, the closes that got none (`formats.md` 7.5).

use super::reload::Message;
use super::{LogFormat, Outcome, Sink, rule};
use crate::event::{Action, Exit, Fact, Movement, Sighting};
use crate::json;
use crate::trouble::{Reason, Trouble};

pub const FORMAT: LogFormat = LogFormat { name: "data_integrity", paths: &["logs/data_integrity.jsonl"], decode };

fn decode(line: &str, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let row: Message = out.read(line)?;
    if row.msg.as_deref().ok_or(Reason::MissingField("msg"))? != "exit_fill_missing_skip_attribution" {
        return Ok(Outcome::Ignored(rule::DIAGNOSTIC));
    }
    let at = json::moment(row.ts)?;
    let exit = Exit { order_id: row.exit_order_id.as_deref().map(Into::into), ..Exit::default() };
    let movement = Movement {
        symbol: json::symbol(&row.symbol)?,
        action: Action::Exit(exit),
        sighting: Sighting::DataIntegrity,
        joined: Vec::new(),
    };
    out.push(at, Fact::moved(movement));
    Ok(Outcome::Understood)
}
