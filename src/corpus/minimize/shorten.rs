//! Shorter spellings of a value. Times and quantities are what a break is about, and ids join records: they stay.

use serde_json::Value;

use crate::time;

/// Strings up to here are short enough to be read at a glance.
const SHORT: usize = 12;

/// Decimals that a price has.
const CENTS: usize = 2;

/// The spellings to try, the shortest first; none for what must stay, or is short.
pub fn spellings(key: &str, raw: &str) -> Vec<String> {
    if is_quantity(key) || is_time(key) || is_id(key) {
        return Vec::new();
    }
    match serde_json::from_str::<String>(raw) {
        Ok(text) => strings(raw, &text),
        Err(_) => number(raw).into_iter().collect(),
    }
}

fn is_quantity(key: &str) -> bool {
    ["qty", "quantity", "shares", "size", "count", "amount"].iter().any(|word| key.to_ascii_lowercase().contains(word))
}

fn is_id(key: &str) -> bool {
    key == "id" || key.ends_with("_id") || key.ends_with("_ids")
}

fn is_time(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let ends = ["_at", "_ts", "_time", "_utc"].iter().any(|end| key.ends_with(end));
    ends || ["ts", "dt", "at", "time", "date", "_ts_epoch"].contains(&key.as_str()) || key.contains("timestamp")
}

/// Nothing, or less of it.
fn strings(raw: &str, text: &str) -> Vec<String> {
    let letters = text.chars().count();
    if letters <= SHORT || time::parse(raw).is_some() {
        return Vec::new();
    }
    let prefix = |length: usize| Value::from(text.chars().take(length).collect::<String>()).to_string();
    [0, SHORT, letters.div_ceil(2)].into_iter().filter(|length| *length < letters).map(prefix).collect()
}

/// To the cent; what is not written in plain digits stays.
fn number(raw: &str) -> Option<String> {
    let (whole, decimals) = raw.split_once('.')?;
    let is_plain = decimals.bytes().all(|byte| byte.is_ascii_digit());
    let exact = (is_plain && decimals.len() > CENTS).then(|| raw.parse::<rust_decimal::Decimal>().ok()).flatten();
    // What is less than a cent is not rounded to nothing.
    let rounded = exact?.round_dp(u32::try_from(CENTS).ok()?);
    let is_nothing = rounded.is_zero() || whole.len() + decimals.len() > 28;
    (!is_nothing).then(|| rounded.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_quantities_and_ids_stay() {
        for (key, raw) in [
            ("qty", "3.14159265"),
            ("entry_qty", "3.14159265"),
            ("ts", "1770300333.120"),
            ("timestamp", "\"2026-02-05T18:05:33.120000+00:00\""),
            ("note", "\"2026-02-05T18:05:33.120000+00:00\""),
            ("entry_ts", "1770300333.120"),
            ("trade_id", "\"open_HOOD_2026-02-05T17:24:41\""),
            ("side", "\"long\""),
            ("price", "48.2"),
            ("price", "1e-9"),
            ("score", "0.0012"),
            ("reconciled", "true"),
            ("note", "null"),
        ] {
            assert!(spellings(key, raw).is_empty(), "{key}: {raw}");
        }
    }

    #[test]
    fn the_rest_becomes_shorter() {
        assert_eq!(spellings("price", "47.973846"), ["47.97"]);
        assert_eq!(spellings("pnl", "-0.2300000000000182"), ["-0.23"]);
        let message = "\"the broker refused the order: insufficient qty\"";
        assert_eq!(spellings("message", message), ["\"\"", "\"the broker r\"", "\"the broker refused the \""]);
    }
}
