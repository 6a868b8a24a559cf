//! `logs/eod_flatten.jsonl`: positions closed at the end of the day; no other log tells of it (`formats.md` 2, 7.5).

use super::reload::Message;
use super::{LogFormat, Outcome, Sink, rule};
use crate::event::{Action, Claim, Exit, Fact, Form, Movement, Pulse, Sighting, Statement};
use crate::json;
use crate::position::Side;
use crate::trouble::{Reason, Trouble};
use crate::witness::Witness;

pub const FORMAT: LogFormat = LogFormat { name: "eod_flatten", paths: &["logs/eod_flatten.jsonl"], decode };

fn decode(line: &str, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let row: Message = out.read(line)?;
    let at = json::moment(row.ts)?;
    match row.msg.as_deref().ok_or(Reason::MissingField("msg"))? {
        "closing_position" => {
            let symbol = json::symbol(&row.symbol)?;
            let quantity = json::float(row.qty, "qty")?.ok_or(Reason::MissingField("qty"))?;
            let claim = Claim::Symbol(symbol.clone(), Form::Equals(quantity));
            out.push(at, Fact::Statement(Statement { witness: Witness::FlattenRecord, claim }));
            let exit = Exit { side: Side::of(quantity), ..Exit::default() };
            let movement =
                Movement { symbol, action: Action::Exit(exit), sighting: Sighting::EndOfDayFlatten, joined: Vec::new() };
            out.push(at, Fact::moved(movement));
        }
        message @ "close_failed" => out.push(at, Fact::Pulse(Pulse::Failure(json::symbol(&row.symbol)?, message.into()))),
        _ => return Ok(Outcome::Ignored(rule::DIAGNOSTIC)),
    }
    Ok(Outcome::Understood)
}
