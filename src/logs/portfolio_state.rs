//! `state/portfolio_state.jsonl`: the broker's whole book at each cycle (`formats.md` 10.4). The best witness the bot keeps.

use serde::Deserialize;

use super::{LogFormat, Outcome, Sink};
use crate::books::alpaca_positions;
use crate::event::{Claim, Fact, Pulse, Statement};
use crate::json::{self, Field};
use crate::trouble::Trouble;
use crate::witness::Witness;

pub const FORMAT: LogFormat = LogFormat { name: super::BROKERS_BOOKS, paths: &["state/portfolio_state.jsonl"], decode };

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    ts: Field<'a>,
    #[serde(borrow)]
    alpaca: alpaca_positions::OnOneLine<'a>,
}

fn decode(line: &str, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    let row: Row = out.read(line)?;
    let at = json::moment(row.ts)?;
    // `{}` is what a degraded start leaves: no answer, so no statement (formats.md 10.3).
    let Some(holdings) = row.alpaca.holdings(out.origin.line)? else {
        out.push(at, Fact::Pulse(Pulse::NoSnapshot));
        return Ok(Outcome::Understood);
    };
    out.push(at, Fact::Statement(Statement { witness: Witness::PortfolioHistory, claim: Claim::WholeBook(holdings) }));
    Ok(Outcome::Understood)
}
