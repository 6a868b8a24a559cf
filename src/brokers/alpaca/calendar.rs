//! `GET /v2/calendar` (`alpaca.md` section 5): the days the exchange is open, and their hours in New York.

use chrono::{NaiveDate, NaiveTime};
use serde::Deserialize;

use super::Body;
use crate::calendar::Session;
use crate::json::{self, Text};
use crate::trouble::{Reason, Trouble};

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    date: Option<Text<'a>>,
    #[serde(borrow)]
    open: Option<Text<'a>>,
    #[serde(borrow)]
    close: Option<Text<'a>>,
}

/// The sessions, none where a row is in trouble: a calendar with a hole would call an open day a holiday.
pub(super) fn parse(body: &mut Body<'_>) -> Vec<Session> {
    let mut sessions = Vec::new();
    for raw in body.rows() {
        match session(raw.get()) {
            Ok(session) => sessions.push(session),
            Err(trouble) => body.quarantine(raw, trouble),
        }
    }
    if body.harvest.quarantined.is_empty() { sessions } else { Vec::new() }
}

fn session(text: &str) -> Result<Session, Trouble> {
    let row: Row = json::read(text)?;
    let day: Option<NaiveDate> = row.date.as_deref().and_then(|date| date.parse().ok());
    let (open, close) = (row.open.as_deref().and_then(hour), row.close.as_deref().and_then(hour));
    let (Some(day), Some((open, close))) = (day, open.zip(close)) else { return Err(Reason::BadTimestamp.into()) };
    Session::new(day, open, close).ok_or_else(|| Reason::BadTimestamp.into())
}

/// `09:30` or `0930` (`alpaca.md` 1.4).
fn hour(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").or_else(|_| NaiveTime::parse_from_str(text, "%H%M")).ok()
}
