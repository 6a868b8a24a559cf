//! Moments, and how the bot and the broker spell them and their numbers.

use chrono::{DateTime, Datelike, Timelike};
use rust_decimal::Decimal;

/// Microseconds since 1970, UTC.
pub type Moment = i64;

/// A millisecond.
pub const MILLI: Moment = 1_000;
/// A second.
pub const SECOND: Moment = 1_000_000;
/// A minute, which is a cycle of the bot.
pub const MINUTE: Moment = 60 * SECOND;

fn spelt(at: Moment, zone: &str) -> String {
    let time = DateTime::from_timestamp_micros(at).unwrap_or_default();
    let (year, month, day) = (time.year(), time.month(), time.day());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:06}{zone}", time.timestamp_subsec_micros())
}

/// `2026-01-08T14:40:50.715546+00:00`, as the logs have it.
pub fn aware(at: Moment) -> String {
    spelt(at, "+00:00")
}

/// `2026-01-08T14:40:50.715546Z`, as the reconciler and the broker have it.
pub fn zulu(at: Moment) -> String {
    spelt(at, "Z")
}

/// `2026-01-08T14:40:50.715546`, as the bot's metadata has it.
pub fn naive(at: Moment) -> String {
    spelt(at, "")
}

/// `2026-01-08 14:40:50`, as the telemetry has it.
pub fn local(at: Moment) -> String {
    spelt(at, "").chars().take(19).map(|letter| if letter == 'T' { ' ' } else { letter }).collect()
}

/// `7.0`, as Python writes a float.
pub fn float(value: Decimal) -> String {
    let text = value.normalize().to_string();
    if text.contains('.') { text } else { text + ".0" }
}

/// `7` or `0.75`: a whole number where it is one.
pub fn number(value: Decimal) -> String {
    value.normalize().to_string()
}

/// `long` or `short`.
pub fn side(quantity: Decimal) -> &'static str {
    if quantity.is_sign_negative() { "short" } else { "long" }
}

/// `buy` or `sell`.
pub fn order_side(quantity: Decimal) -> &'static str {
    if quantity.is_sign_negative() { "sell" } else { "buy" }
}

/// `bullish` or `bearish`.
pub fn direction(quantity: Decimal) -> &'static str {
    if quantity.is_sign_negative() { "bearish" } else { "bullish" }
}

/// 1, or -1 of what is short.
pub fn sign(quantity: Decimal) -> Decimal {
    if quantity.is_sign_negative() { -Decimal::ONE } else { Decimal::ONE }
}
