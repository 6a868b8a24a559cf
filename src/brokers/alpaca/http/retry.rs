//! What is worth asking again, and when (alpaca.md 6.5: all our requests are GETs, so asking again is safe).

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// What became of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Answered,
    KeysRefused,
    NotFound,
    NotAccepted,
    Redirected,
    RateLimited,
    BrokerTrouble,
}

impl Outcome {
    /// alpaca.md 6.1: the status first, the code second, the message never.
    pub(super) fn of(status: u16) -> Self {
        match status {
            200 => Self::Answered,
            300..=399 => Self::Redirected,
            401 | 403 => Self::KeysRefused,
            404 => Self::NotFound,
            429 => Self::RateLimited,
            408 | 425 | 500..=599 => Self::BrokerTrouble,
            _ => Self::NotAccepted,
        }
    }
}

/// The waits between tries when the broker names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first try; it doubles with each further one.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Backoff {
    /// The wait after try number `tries`: between half of the doubled wait and all of it, so that clients that failed
    /// together do not come back together.
    pub(super) fn wait(&self, tries: u32) -> Duration {
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1)));
        let whole = doubled.min(self.longest);
        whole / 2 + (whole / 2).mul_f64(fraction())
    }
}

/// A number in 0..1. Not for secrets: only to spread waits, so the seed of a hash map will do.
fn fraction() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 32;
    f64::from(u32::try_from(bits).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
}

/// What the broker's headers say of the next request (alpaca.md 6.2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RateHeaders {
    pub(super) retry_after: Option<String>,
    pub(super) reset: Option<String>,
    pub(super) remaining: Option<String>,
}

impl RateHeaders {
    /// The wait that a 429 asks for: `Retry-After` (seconds or a date), else the reset, else nothing said.
    pub(super) fn wait(&self, now: DateTime<Utc>) -> Option<Duration> {
        let after = self.retry_after.as_deref().and_then(|text| seconds_or_date(text.trim(), now));
        after.or_else(|| self.until_reset(now))
    }

    /// The wait until the reset, when no more than `reserve` requests remain: the last of the minute are the bot's.
    pub(super) fn wait_for_the_bot(&self, reserve: u64, now: DateTime<Utc>) -> Option<Duration> {
        let remaining: u64 = self.remaining.as_deref()?.trim().parse().ok()?;
        if remaining <= reserve { self.until_reset(now) } else { None }
    }

    fn until_reset(&self, now: DateTime<Utc>) -> Option<Duration> {
        let seconds: i64 = self.reset.as_deref()?.trim().parse().ok()?;
        Some(until(DateTime::from_timestamp(seconds, 0)?, now))
    }
}

fn seconds_or_date(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(u64::from(seconds)));
    }
    http_date(text).map(|at| until(at, now))
}

/// An HTTP date in the one form that is written today (`Sun, 06 Nov 1994 08:49:37 GMT`).
pub(super) fn http_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text.trim()).ok().map(|at| at.to_utc())
}

fn until(at: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (at - now).to_std().unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(retry_after: &str, reset: &str, remaining: &str) -> RateHeaders {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        RateHeaders { retry_after: some(retry_after), reset: some(reset), remaining: some(remaining) }
    }

    #[test]
    fn a_429_names_its_wait_in_three_ways() {
        let now = http_date("Sun, 22 Nov 2026 12:00:00 GMT").unwrap();
        let reset = (now.timestamp() + 9).to_string();
        let wait = |after: &str, reset: &str| headers(after, reset, "").wait(now).map(|wait| wait.as_secs());
        assert_eq!(wait("7", &reset), Some(7));
        assert_eq!(wait("Sun, 22 Nov 2026 12:00:05 GMT", &reset), Some(5));
        assert_eq!(wait("Sun, 22 Nov 2026 11:00:05 GMT", ""), Some(0));
        assert_eq!(wait("soon", &reset), Some(9));
        assert_eq!(wait("-3", "x"), None);
        assert_eq!(wait("", ""), None);
    }

    #[test]
    fn the_last_requests_of_the_minute_are_the_bots() {
        let now = http_date("Sun, 22 Nov 2026 12:00:00 GMT").unwrap();
        let reset = (now.timestamp() + 9).to_string();
        let wait = |remaining: &str| headers("", &reset, remaining).wait_for_the_bot(5, now).map(|wait| wait.as_secs());
        assert_eq!(wait("6"), None);
        assert_eq!(wait("5"), Some(9));
        assert_eq!(wait("many"), None);
    }

    #[test]
    fn backoff_doubles_to_its_limit_with_jitter() {
        let backoff = Backoff { first: Duration::from_millis(100), longest: Duration::from_millis(300) };
        for (tries, whole) in [(1, 100), (2, 200), (3, 300), (40, 300)] {
            let wait = backoff.wait(tries);
            assert!(wait >= Duration::from_millis(whole / 2) && wait <= Duration::from_millis(whole), "{tries}: {wait:?}");
        }
    }

    #[test]
    fn statuses_are_sorted_as_the_reference_says() {
        for status in [408, 425, 500, 502, 503, 504] {
            assert_eq!(Outcome::of(status), Outcome::BrokerTrouble);
        }
        for status in [400, 405, 422, 451, 204, 100] {
            assert_eq!(Outcome::of(status), Outcome::NotAccepted);
        }
        assert_eq!(Outcome::of(403), Outcome::KeysRefused);
        assert_eq!(Outcome::of(302), Outcome::Redirected);
    }
}
