//! `logs/run_once.jsonl`: beginnings of cycles (`formats.md` 9.2).

use super::reload::Message;
use super::{LogFormat, Outcome, Sink, rule};
use crate::event::{Fact, Pulse};
use crate::json;
use crate::trouble::{Reason, Trouble};

pub const FORMAT: LogFormat = LogFormat { name: "run_once", paths: &["logs/run_once.jsonl"], decode };

fn decode(line: &str, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let row: Message = out.read(line)?;
    let at = json::moment(row.ts)?;
    match row.msg.as_deref().ok_or(Reason::MissingField("msg"))? {
        "started" => out.push(at, Fact::Pulse(Pulse::CycleStarted)),
        "error" | "fatal_import_error" => out.push(at, Fact::Pulse(Pulse::Cycle { market_open: None, healthy: false })),
        _ => return Ok(Outcome::Ignored(rule::DIAGNOSTIC)),
    }
    Ok(Outcome::Understood)
}
