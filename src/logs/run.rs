//! `logs/run.jsonl`: ends of main-loop cycles, two to three rows each (`formats.md` 9.1).

use serde::Deserialize;

use super::{LogFormat, Outcome, Sink, rule};
use crate::event::{Fact, Pulse};
use crate::json::{self, Field, Text};
use crate::trouble::Trouble;

pub const FORMAT: LogFormat = LogFormat { name: "run", paths: &["logs/run.jsonl"], decode };

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    ts: Field<'a>,
    #[serde(borrow)]
    msg: Option<Text<'a>>,
    #[serde(borrow)]
    event_type: Field<'a>,
    #[serde(borrow)]
    market_open: Field<'a>,
    #[serde(borrow)]
    error: Field<'a>,
    #[serde(borrow)]
    freeze_active: Field<'a>,
    #[serde(borrow)]
    risk_freeze: Field<'a>,
    #[serde(borrow)]
    engine_status: Option<Text<'a>>,
    #[serde(borrow)]
    metrics: Option<Metrics<'a>>,
}

#[derive(Deserialize, Default)]
struct Metrics<'a> {
    #[serde(borrow)]
    error: Field<'a>,
    #[serde(borrow)]
    freeze_active: Field<'a>,
    #[serde(borrow)]
    risk_freeze: Field<'a>,
}

fn decode(line: &str, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let row: Row = out.read(line)?;
    // Intents are emitted again at closes and scale-outs: never entries (formats.md 9.1).
    if row.event_type.is_some() || !matches!(row.msg.as_deref(), Some("complete" | "cycle_complete")) {
        return Ok(Outcome::Ignored(rule::DIAGNOSTIC));
    }
    let at = json::moment(row.ts)?;
    let metrics = row.metrics.unwrap_or_default();
    let stopped = [row.error, row.freeze_active, row.risk_freeze, metrics.error, metrics.freeze_active, metrics.risk_freeze];
    let healthy = !stopped.into_iter().any(json::is_set) && row.engine_status.as_deref().is_none_or(|status| status == "ok");
    let market_open = row.market_open.and_then(|raw| match raw.get() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    });
    out.push(at, Fact::Pulse(Pulse::Cycle { market_open, healthy }));
    Ok(Outcome::Understood)
}
