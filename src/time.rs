//! Timestamps: every spelling the bot and the broker use, read as UTC (`formats.md` 1.2).

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::America::New_York;

/// A moment, in UTC.
pub type Time = DateTime<Utc>;

/// Years outside of these are a broken clock or a broken line, not a time of a trade.
const PLAUSIBLE_YEARS: std::ops::RangeInclusive<i32> = 2000..=2199;

/// Epoch values above this are milliseconds, not seconds (in seconds they would lie after the year 5000).
const EPOCH_IS_MILLIS_ABOVE: f64 = 1e11;

/// Reads a timestamp as it stands in a record: a string in any of the spellings of `formats.md` 1.2, or an epoch number.
///
/// A naive value is UTC. Returns `None` for anything that is not a plausible time.
#[inline]
pub fn parse(raw_json: &str) -> Option<Time> {
    if let [b'"', text @ .., b'"'] = raw_json.as_bytes()
        && let Some(time) = in_places(text)
    {
        return plausible(time);
    }
    spelt_otherwise(raw_json)
}

#[inline(never)]
fn spelt_otherwise(raw_json: &str) -> Option<Time> {
    let text = raw_json.trim();
    let inner = match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None => return plausible(epoch(text)?),
    };
    parse_text(inner)
}

/// Reads a timestamp from plain text (no quotes).
pub fn parse_text(text: &str) -> Option<Time> {
    let text = text.trim();
    let time = iso(text).or_else(|| epoch(text))?;
    plausible(time)
}

/// The time, if it can be one of a trade.
pub fn plausible(time: Time) -> Option<Time> {
    use chrono::Datelike;
    PLAUSIBLE_YEARS.contains(&time.year()).then_some(time)
}

/// What the bot's own spelling has at each place: a zero stands for any digit.
const PLACES: &[u8; 32] = b"0000-00-00T00:00:00.000000+00:00";

/// The bot's own spelling, `2026-01-08T14:40:50.715546+00:00`, read by its places: most of what is ever read.
#[inline]
fn in_places(text: &[u8]) -> Option<Time> {
    let text: &[u8; 32] = text.try_into().ok()?;
    let mut digits = [0; 32];
    let mut wrong = false;
    for place in 0..32 {
        digits[place] = text[place] ^ PLACES[place];
        // A digit with the bits of a zero turned is what it counts.
        let most = if PLACES[place] == b'0' && place < 26 { 9 } else { 0 };
        wrong |= digits[place] > most;
    }
    if wrong {
        return None;
    }
    let two = |place: usize| u32::from(digits[place]) * 10 + u32::from(digits[place + 1]);
    let date = NaiveDate::from_ymd_opt((two(0) * 100 + two(2)).cast_signed(), two(5), two(8))?;
    date.and_hms_micro_opt(two(11), two(14), two(17), two(20) * 10_000 + two(22) * 100 + two(24)).map(|naive| naive.and_utc())
}

/// A time with its offset.
fn aware(text: &str) -> Option<Time> {
    in_places(text.as_bytes()).or_else(|| DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc)))
}

fn iso(text: &str) -> Option<Time> {
    if let Some(time) = aware(text) {
        return Some(time);
    }
    // `…+00:00Z` is written by scripts that append a Z to an aware time (formats.md 1.2).
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    let text = match text.strip_suffix('Z') {
        Some(rest) if rest.contains('+') => return aware(rest),
        Some(rest) => rest,
        None => text,
    };
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .map(|naive| naive.and_utc())
}

fn epoch(text: &str) -> Option<Time> {
    let value: f64 = text.parse().ok()?;
    if !value.is_finite() || value <= 0.0 {
        return None;
    }
    let seconds = if value > EPOCH_IS_MILLIS_ABOVE { value / 1000.0 } else { value };
    if seconds > EPOCH_IS_MILLIS_ABOVE {
        return None;
    }
    // Microseconds are what Python's floats of this size carry.
    DateTime::from_timestamp_micros((seconds * 1e6).round() as i64)
}

/// `2026-02-05T18:05:33.120Z`: as many digits of the fraction as the time has, at least none.
pub fn show(time: Time) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

/// `18:05:33` in UTC, for tables of one day.
pub fn clock(time: Time) -> String {
    time.format("%H:%M:%S").to_string()
}

/// `02-05 18:05:33` in UTC, for lines that may span days.
pub fn stamp(time: Time) -> String {
    time.format("%m-%d %H:%M:%S").to_string()
}

/// The exchange day (America/New_York) that a moment belongs to.
pub fn exchange_day(time: Time) -> NaiveDate {
    time.with_timezone(&New_York).date_naive()
}

/// First moment of an exchange day, midnight in New York. DST changes never fall on a midnight there.
pub fn day_begins(day: NaiveDate) -> Option<Time> {
    New_York.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest().map(|local| local.with_timezone(&Utc))
}

/// First moment after an exchange day.
pub fn day_ends(day: NaiveDate) -> Option<Time> {
    day_begins(day.succ_opt()?)
}

/// The broker's beginning-of-day run, when corporate actions that carry only a date reach positions (`alpaca.md` 6.4: about 02:15 in New York).
pub fn beginning_of_day_run(day: NaiveDate) -> Option<Time> {
    day_begins(day).map(|midnight| midnight + Duration::minutes(135))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_the_bot_is_one_moment() {
        let expected = parse("\"2026-01-08T14:40:50.715546+00:00\"");
        assert!(expected.is_some());
        for spelling in [
            "\"2026-01-08T14:40:50.715546Z\"",
            "\"2026-01-08T14:40:50.715546\"",
            "\"2026-01-08 14:40:50.715546 UTC\"",
            "\"2026-01-08 14:40:50.715546\"",
            "\"2026-01-08T14:40:50.715546+00:00Z\"",
            "\"2026-01-08T09:40:50.715546-05:00\"",
            "1767883250.715546",
            "1767883250715.546",
            "\"1767883250.715546\"",
        ] {
            assert_eq!(parse(spelling), expected, "{spelling}");
        }
    }

    #[test]
    fn what_is_read_by_its_places_is_what_the_library_reads() {
        let library = |text: &str| DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc));
        for spelling in [
            "2026-01-08T14:40:50.715546+00:00",
            "2024-02-29T23:59:59.999999+00:00",
            "2023-02-29T00:00:00.000000+00:00",
            "2026-01-08T24:00:00.000000+00:00",
            "2026-01-08T14:60:00.000000+00:00",
        ] {
            assert_eq!(in_places(spelling.as_bytes()), library(spelling), "{spelling}");
            for (place, other) in (0..spelling.len()).flat_map(|place| b"0129:;/+-T. pZ\xff".map(|other| (place, other))) {
                let mut text = spelling.as_bytes().to_vec();
                text[place] = other;
                if let Some(time) = in_places(&text) {
                    assert_eq!(Some(time), library(&String::from_utf8_lossy(&text)), "{spelling} {place}");
                }
            }
        }
        assert!(in_places(b"2026-01-08T14:40:50.715546+00:00").is_some());
        assert_eq!(in_places(b"2026-01-08T14:40:50.71554+00:00"), None);
    }

    #[test]
    fn what_is_not_a_time_is_none() {
        for spelling in
            ["\"x\"", "null", "true", "-5", "0", "NaN", "1e300", "\"2026-13-01T00:00:00Z\"", "\"0001-01-01T00:00:00Z\"", "\""]
        {
            assert_eq!(parse(spelling), None, "{spelling}");
        }
    }

    #[test]
    fn an_exchange_day_is_new_yorks() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 8).unwrap();
        assert_eq!(show(day_begins(day).unwrap()), "2026-03-08T05:00:00Z");
        assert_eq!(show(day_ends(day).unwrap()), "2026-03-09T04:00:00Z");
    }
}
