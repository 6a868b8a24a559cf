//! Timestamps: every spelling the bot and the broker use, read as UTC (`formats.md` 1.2).

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::America::New_York;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, AddAssign, Range, Sub};
use std::str::FromStr;

/// A moment: nanoseconds since 1970, in UTC. As one number, it is sooner held against others than a date and a time of day, and a fold does that
/// all day. A leap second is the first of the next minute; what is centuries away from any trade is the nearest moment that can be counted.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(i64);

impl Time {
    /// The beginning of 1970: also of what tells no time of its own.
    pub const UNIX_EPOCH: Time = Time(0);
    /// Before all others.
    pub const MIN: Time = Time(i64::MIN);
    /// After all others.
    pub const MAX: Time = Time(i64::MAX);

    /// So many nanoseconds after the beginning of 1970.
    pub const fn of_nanoseconds(nanoseconds: i64) -> Time {
        Time(nanoseconds)
    }

    /// So many seconds after the beginning of 1970.
    pub const fn of_seconds(seconds: i64) -> Time {
        Time(seconds.saturating_mul(SECOND))
    }

    /// Nanoseconds since the beginning of 1970.
    pub const fn nanoseconds(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the beginning of 1970.
    pub const fn milliseconds(self) -> i64 {
        self.0.div_euclid(SECOND / 1_000)
    }

    /// Whole seconds since the beginning of 1970.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// As a date and a time of day, in UTC.
    pub const fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_nanos(self.0)
    }
}

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;
/// Seconds of a day.
const DAY: i64 = 86_400;

/// Nanoseconds of a span of time.
#[inline]
fn nanoseconds(span: Duration) -> i64 {
    span.num_nanoseconds().unwrap_or(if span < Duration::zero() { i64::MIN } else { i64::MAX })
}

impl From<DateTime<Utc>> for Time {
    fn from(time: DateTime<Utc>) -> Time {
        let nearest = if time < DateTime::UNIX_EPOCH { Time::MIN } else { Time::MAX };
        time.timestamp_nanos_opt().map_or(nearest, Time)
    }
}

impl Add<Duration> for Time {
    type Output = Time;

    #[inline]
    fn add(self, span: Duration) -> Time {
        Time(self.0.saturating_add(nanoseconds(span)))
    }
}

impl AddAssign<Duration> for Time {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Sub<Duration> for Time {
    type Output = Time;

    #[inline]
    fn sub(self, span: Duration) -> Time {
        Time(self.0.saturating_sub(nanoseconds(span)))
    }
}

impl Sub for Time {
    type Output = Duration;

    #[inline]
    fn sub(self, earlier: Time) -> Duration {
        Duration::nanoseconds(self.0.saturating_sub(earlier.0))
    }
}

/// It is no time, or none of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no time of a trade")]
pub struct NoTime;

impl FromStr for Time {
    type Err = NoTime;

    /// In any spelling that a record may have.
    fn from_str(text: &str) -> Result<Time, NoTime> {
        parse_text(text).ok_or(NoTime)
    }
}

impl fmt::Display for Time {
    /// As reports [show] it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&show(*self))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What lies outside of the years 2000 to 2199 is a broken clock or a broken line, not a time of a trade.
const PLAUSIBLE: Range<Time> = Time::of_seconds(946_684_800)..Time::of_seconds(7_258_118_400);

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
#[inline]
pub fn plausible(time: Time) -> Option<Time> {
    PLAUSIBLE.contains(&time).then_some(time)
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
    let naive = date.and_hms_micro_opt(two(11), two(14), two(17), two(20) * 10_000 + two(22) * 100 + two(24))?;
    naive.and_utc().timestamp_micros().checked_mul(SECOND / 1_000_000).map(Time)
}

/// A time with its offset.
fn aware(text: &str) -> Option<Time> {
    in_places(text.as_bytes()).or_else(|| DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc().into()))
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
        .map(|naive| naive.and_utc().into())
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
    DateTime::from_timestamp_micros((seconds * 1e6).round() as i64).map(Time::from)
}

/// `2026-02-05T18:05:33.120Z`: as many digits of the fraction as the time has, at least none.
pub fn show(time: Time) -> String {
    time.utc().to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

/// Shows moments as [`show`] does, of which most are of the day of the one before: only its hour is worked out.
#[derive(Debug, Default)]
pub struct Shown {
    day: Option<i64>,
    /// `2026-02-05T`.
    date: String,
}

impl Shown {
    /// Adds what a moment is shown as.
    pub fn add(&mut self, time: Time, text: &mut Vec<u8>) {
        let (seconds, fraction) = (time.0.div_euclid(SECOND), time.0.rem_euclid(SECOND));
        let (day, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        if self.day != Some(day) {
            let whole = show(time);
            self.date = whole.split_inclusive('T').next().unwrap_or_default().to_owned();
            self.day = Some(day);
        }
        text.extend_from_slice(self.date.as_bytes());
        let digit = |number: i64| b'0' + (number % 10) as u8;
        let two = |number: i64| [digit(number / 10), digit(number)];
        let ([h, h2], [m, m2], [s, s2]) = (two(second / 3600), two(second / 60 % 60), two(second % 60));
        text.extend_from_slice(&[h, h2, b':', m, m2, b':', s, s2]);
        let digits = match fraction {
            0 => 0,
            _ if fraction % 1_000_000 == 0 => 3,
            _ if fraction % 1_000 == 0 => 6,
            _ => 9,
        };
        if digits > 0 {
            text.push(b'.');
            text.extend((0..digits).map(|place| digit(fraction / 10i64.pow(8 - place))));
        }
        text.push(b'Z');
    }
}

/// `18:05:33` in UTC, for tables of one day.
pub fn clock(time: Time) -> String {
    time.utc().format("%H:%M:%S").to_string()
}

/// `02-05 18:05:33` in UTC, for lines that may span days.
pub fn stamp(time: Time) -> String {
    time.utc().format("%m-%d %H:%M:%S").to_string()
}

/// The exchange day (America/New_York) that a moment belongs to.
pub fn exchange_day(time: Time) -> NaiveDate {
    time.utc().with_timezone(&New_York).date_naive()
}

/// First moment of an exchange day, midnight in New York. DST changes never fall on a midnight there.
pub fn day_begins(day: NaiveDate) -> Option<Time> {
    New_York.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest().map(|local| local.to_utc().into())
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
        let library = |text: &str| DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc().into());
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
    fn a_moment_is_a_date_and_a_time_of_day_and_the_other_way_round() {
        for text in [
            "1969-12-31T23:59:59.999999999Z",
            "2000-01-01T00:00:00Z",
            "2199-12-31T23:59:59.123Z",
            "2262-04-11T23:47:16.854775807Z",
        ] {
            let time = DateTime::parse_from_rfc3339(text).unwrap().to_utc();
            assert_eq!(show(time.into()), text);
            assert_eq!(Time::from(time).utc(), time);
            assert_eq!(Time::from(time).seconds(), time.timestamp());
            assert_eq!(Time::from(time).milliseconds(), time.timestamp_millis());
            let week = Duration::weeks(1) + Duration::nanoseconds(1);
            assert_eq!(Time::from(time) - week, Time::from(time - week));
            assert_eq!(Time::from(time) - (Time::from(time) - week), week);
        }
        let leap = parse("\"2016-12-31T23:59:60.500000Z\"");
        assert!(leap.is_some());
        assert_eq!(leap, parse("\"2017-01-01T00:00:00.500000Z\""));
    }

    #[test]
    fn what_cannot_be_counted_is_the_nearest_that_can() {
        assert_eq!((Time::from(DateTime::<Utc>::MIN_UTC), Time::from(DateTime::<Utc>::MAX_UTC)), (Time::MIN, Time::MAX));
        assert_eq!((Time::MAX + Duration::seconds(1), Time::MIN - Duration::MAX), (Time::MAX, Time::MIN));
        assert!(Time::MAX - Time::MIN > Duration::weeks(10_000) && Time::MIN - Time::MAX < Duration::weeks(-10_000));
        assert_eq!((plausible(Time::MAX), plausible(Time::UNIX_EPOCH)), (None, None));
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
