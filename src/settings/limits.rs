//! What a setting may be: the same for a flag and for a key of the file.

use chrono::NaiveDate;
use rust_decimal::Decimal;

/// Seconds of grace.
pub fn grace(text: &str) -> Result<f64, String> {
    seconds(text, 0.0)
}

/// Seconds for a live read.
pub fn timeout(text: &str) -> Result<f64, String> {
    seconds(text, 0.1)
}

fn seconds(text: &str, least: f64) -> Result<f64, String> {
    let allowed = || format!("seconds from {least} to 86400");
    let seconds: f64 = text.parse().map_err(|_| allowed())?;
    if (least..=86_400.0).contains(&seconds) { Ok(seconds) } else { Err(allowed()) }
}

/// Where numbers that are further apart are equal, nothing is checked.
const MOST_TOLERANT: u32 = 1_000_000;

/// How far apart two numbers may be and still be equal.
pub fn tolerance(text: &str) -> Result<Decimal, String> {
    let value =
        Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).map_err(|_| "a decimal number".to_owned())?;
    if value.is_sign_negative() {
        Err("not below zero".to_owned())
    } else if value > Decimal::from(MOST_TOLERANT) {
        Err(format!("{MOST_TOLERANT} at most"))
    } else {
        Ok(value)
    }
}

/// A day that exists.
pub fn day(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| "a date looks like 2026-02-05, and must exist".to_owned())
}

/// An account's number, or the end of it: so much that it cannot be another's by chance.
pub fn account(text: &str) -> Result<String, String> {
    let is_number = text.len() >= 4 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_number {
        Ok(text.to_owned())
    } else {
        Err("an account's number, or its last four letters and digits at least".to_owned())
    }
}

/// Words that say something.
pub fn words(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("some words".to_owned()) } else { Ok(text.to_owned()) }
}
