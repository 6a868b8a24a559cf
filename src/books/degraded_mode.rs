//! `state/degraded_mode.json`: whether the reconciler goes on without the broker (`formats.md` 10.4).

use serde::Deserialize;

use super::BookFormat;
use crate::event::{Fact, Pulse};
use crate::json::{self, Field, Text};
use crate::time::Time;
use crate::trouble::{Reason, Trouble};

pub const FORMAT: BookFormat = BookFormat { name: "degraded_mode", path: "state/degraded_mode.json", required: false, read };

#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    mode: Option<Text<'a>>,
    #[serde(borrow)]
    since: Field<'a>,
}

fn read(text: &str) -> Result<Vec<(Time, Fact)>, Trouble> {
    let whole: Whole = json::read(text)?;
    let pulse = match whole.mode.as_deref() {
        Some("DEGRADED") => Pulse::DegradedEntered,
        Some("NORMAL") => Pulse::DegradedExited,
        _ => return Err(Reason::MissingField("mode").into()),
    };
    Ok(vec![(json::moment(whole.since)?, Fact::Pulse(pulse))])
}
