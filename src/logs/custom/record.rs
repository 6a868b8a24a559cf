//! A record of such a log: its fields, by the keys that lead to them, and its times.

use chrono::{DateTime, NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use std::borrow::Cow;

use super::{Path, TimeFormat};
use crate::json::{self, Field, Raw, Rows};
use crate::time::{self, Time};
use crate::trouble::Trouble;

/// One object, and the text that it was read from.
pub(super) struct Record<'a> {
    pub(super) text: &'a str,
    pub(super) rows: Rows<'a>,
}

impl<'a> Record<'a> {
    /// A field; `None` where it is not there.
    pub(super) fn field(&self, path: &Path) -> Result<Field<'a>, Trouble> {
        let Some((first, rest)) = path.0.split_first() else { return Ok(None) };
        let mut field = last(&self.rows, first);
        for key in rest {
            let Some(raw) = field else { return Ok(None) };
            field = match raw.get().as_bytes().first() {
                Some(b'{') => last(&json::read::<Rows<'a>>(raw.get())?, key),
                Some(b'[') => {
                    let items: Vec<Raw<'a>> = json::read(raw.get())?;
                    key.parse().ok().and_then(|place: usize| items.get(place).copied())
                }
                Some(_) | None => None,
            };
        }
        Ok(field)
    }

    pub(super) fn word(&self, path: &Path) -> Result<Option<Cow<'a, str>>, Trouble> {
        Ok(word(self.field(path)?))
    }

    pub(super) fn number(&self, path: Option<&Path>, name: &'static str) -> Result<Option<Decimal>, Trouble> {
        let Some(path) = path else { return Ok(None) };
        json::float(self.field(path)?, name)
    }
}

/// Of equal keys the last, as everywhere.
fn last<'a>(rows: &Rows<'a>, key: &str) -> Field<'a> {
    rows.0.iter().rev().find(|(name, _)| name == key).map(|(_, raw)| *raw)
}

/// A string's text, or a number or truth as it is spelt.
pub(super) fn word(field: Field<'_>) -> Option<Cow<'_, str>> {
    let raw = field?.get();
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str::<Cow<'_, str>>(raw).ok(),
        b'{' | b'[' | b'n' => None,
        _ => Some(Cow::Borrowed(raw)),
    }
}

/// What has no offset, in its zone. The hour that is there twice is the first of them.
fn in_zone(naive: NaiveDateTime, zone: Tz) -> Option<Time> {
    zone.from_local_datetime(&naive).earliest().map(|local| local.to_utc().into())
}

fn epoch(text: &str, in_a_second: i64) -> Option<Time> {
    let value = Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok()?;
    let nanoseconds = value.checked_mul(Decimal::from(1_000_000_000))?.checked_div(Decimal::from(in_a_second))?;
    nanoseconds.round().to_i64().map(Time::of_nanoseconds)
}

/// A time as a log spells it.
pub(super) fn moment(text: &str, format: &TimeFormat) -> Option<Time> {
    let read = match format {
        TimeFormat::Any(zone) => ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
            .map_or_else(|| time::parse_text(text), |naive| in_zone(naive, *zone)),
        TimeFormat::Epoch(in_a_second) => epoch(text, *in_a_second),
        TimeFormat::Spelt(format, zone) => match DateTime::parse_from_str(text, format) {
            Ok(time) => Some(time.to_utc().into()),
            Err(_) => NaiveDateTime::parse_from_str(text, format).ok().and_then(|naive| in_zone(naive, *zone)),
        },
    };
    read.and_then(time::plausible)
}
