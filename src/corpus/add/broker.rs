//! The broker's answers as a case keeps them: the rows that bear on its symbols and its time, redacted.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::path::PathBuf;

use super::bot::Kept;
use super::reach::Reach;
use crate::brokers::recording::CannotWrite;
use crate::brokers::redact::Redactor;
use crate::brokers::{Body, Endpoint, Recording};
use crate::json::{self, Field};
use crate::position::Symbol;

/// What tells whether a row is needed: what it is about, and any time that it names.
#[derive(Deserialize)]
struct Row<'a> {
    symbol: Option<String>,
    #[serde(borrow)]
    transaction_time: Field<'a>,
    #[serde(borrow)]
    date: Field<'a>,
    #[serde(borrow)]
    submitted_at: Field<'a>,
    #[serde(borrow)]
    filled_at: Field<'a>,
    #[serde(borrow)]
    canceled_at: Field<'a>,
    #[serde(borrow)]
    expired_at: Field<'a>,
}

/// The recording with the rows that are needed, and no id of anybody's.
pub fn cut(recording: &Recording, reach: &Reach, redactor: &mut Redactor) -> Result<Recording, CannotWrite> {
    let mut cut = recording.clone();
    for (endpoint, body) in &mut cut.bodies {
        body.file = PathBuf::from(endpoint.file());
        match endpoint {
            Endpoint::Positions | Endpoint::Orders | Endpoint::Activities => body.text = rows(&body.text, reach),
            Endpoint::Account | Endpoint::Clock | Endpoint::Calendar => {}
        }
    }
    let mut cut = cut.redacted(redactor)?;
    for unread in &mut cut.unread {
        unread.why = redactor.stray(&unread.why);
    }
    Ok(cut)
}

/// A list, a row a line; what is no list stays as it is.
fn rows(text: &str, reach: &Reach) -> String {
    let Ok(rows) = serde_json::from_str::<Vec<&RawValue>>(text) else { return text.to_owned() };
    let total = rows.len();
    let kept: Vec<&str> = rows.into_iter().map(RawValue::get).filter(|row| is_needed(row, reach)).collect();
    if kept.len() == total { text.to_owned() } else { format!("[\n{}\n]\n", kept.join(",\n")) }
}

/// A row that cannot be understood is needed: it is in trouble, as before.
fn is_needed(row: &str, reach: &Reach) -> bool {
    let Ok(parsed) = serde_json::from_str::<Row<'_>>(row) else { return true };
    let symbol = parsed.symbol.as_deref().and_then(Symbol::parse);
    let times =
        [parsed.transaction_time, parsed.date, parsed.submitted_at, parsed.filled_at, parsed.canceled_at, parsed.expired_at];
    let times: Vec<_> = times.into_iter().filter_map(json::moment_if_any).collect();
    if times.is_empty() {
        return reach.needs(None, symbol.as_ref());
    }
    times.into_iter().any(|at| reach.needs(Some(at), symbol.as_ref()))
}

/// What was kept of each answer.
pub fn kept(cut: &Recording, whole: &Recording) -> Vec<Kept> {
    let rows = |recording: &Recording, endpoint: Endpoint| {
        let body = recording.bodies.get(&endpoint);
        body.map_or(0, |body| serde_json::from_str::<Vec<&RawValue>>(&body.text).map_or(1, |rows| rows.len() as u64))
    };
    let one = |(endpoint, body): (&Endpoint, &Body)| Kept {
        path: format!("broker/{}", endpoint.file()),
        unit: "rows",
        lines: rows(cut, *endpoint),
        of: rows(whole, *endpoint),
        bytes: body.text.len() as u64,
    };
    cut.bodies.iter().map(one).collect()
}
