//! Redaction that keeps joins: the same id has the same replacement, wherever it stands.
//!
//! It works on the text itself. Only the strings that are ids change; every other byte, the spelling of numbers too,
//! stays as it was sent.

use std::collections::{BTreeMap, HashMap};

use serde::de::IgnoredAny;
use thiserror::Error;

/// The keys whose values are ids (alpaca.md 2.1, 2.2, 3.2, 4.2, 4.3; `formats.md` 16). A number is never one of
/// them: it stays.
const ID_KEYS: [&str; 22] = [
    "account",
    "account_id",
    "account_number",
    "alpaca_order_id",
    "api_key",
    "asset_id",
    "client_order_id",
    "entry_order_id",
    "execution_id",
    "exit_order_id",
    "group_id",
    "id",
    "order_id",
    "order_ids",
    "parent_order_id",
    "previous_id",
    "ref_id",
    "replaced_by",
    "replaces",
    "request_id",
    "secret_key",
    "token",
];
/// A spread's parent may carry this instead of an asset's id (alpaca.md 1.4); it tells nothing.
const NIL: &str = "00000000-0000-0000-0000-000000000000";
/// Replacements begin so, in the shape of a UUID: easy to recognise, and not the beginning of any real one so far.
const UUID_PREFIX: &str = "5edac7ed-0000-4000-8000";
/// The bot's own orders are told from others by the beginning of their client order ids (`formats.md` 8): it stays, or a redacted day
/// would have other causes.
const OF_THE_BOT: &str = "uwbot-";
/// Shorter originals are not looked for in free text: they would be found inside innocent words.
const FREE_TEXT_MINIMUM: usize = 8;

/// Text that is not JSON has no keys to go by.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not JSON, so it cannot be redacted: {reason}")]
pub struct RedactError {
    /// What is wrong with it.
    pub reason: String,
}

/// Remembers what was replaced by what.
#[derive(Debug, Default)]
pub struct Redactor {
    replacements: BTreeMap<String, String>,
}

impl Redactor {
    /// A redactor that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The JSON text with its ids replaced.
    pub fn json(&mut self, text: &str) -> Result<String, RedactError> {
        serde_json::from_str::<IgnoredAny>(text).map_err(|error| RedactError { reason: error.to_string() })?;
        let mut redacted = String::with_capacity(text.len());
        let mut key = String::new();
        let mut rest = text;
        while let Some(start) = rest.find('"') {
            let (before, from) = rest.split_at(start);
            let (literal, after) = from.split_at(literal_length(from));
            redacted.push_str(before);
            let is_key = after.trim_start().starts_with(':');
            let value: String = serde_json::from_str(literal).unwrap_or_default();
            if is_key {
                redacted.push_str(literal);
                key = value;
            } else if ID_KEYS.contains(&key.as_str()) {
                redacted.push_str(&self.replaced_literal(literal, &value));
            } else {
                redacted.push_str(literal);
            }
            rest = after;
        }
        redacted.push_str(rest);
        Ok(redacted)
    }

    /// One id's replacement: a UUID stays a UUID, the time before an activity's id stays, an account's number keeps the
    /// letters it starts with.
    pub fn id(&mut self, original: &str) -> String {
        if original.is_empty() || original == NIL {
            return original.to_owned();
        }
        // An activity's id is a time and a UUID (alpaca.md 4.1); only the UUID tells anything.
        if let Some((time, unique)) = original.split_once("::").filter(|(time, _)| is_digits(time)) {
            return format!("{time}::{}", self.id(unique));
        }
        let number = self.replacements.len() + 1;
        let replacement = || replacement(original, number);
        self.replacements.entry(original.to_owned()).or_insert_with(replacement).clone()
    }

    /// Free text, such as a bot's log, with the ids replaced that were met so far: where several begin in one place, the longest.
    ///
    /// One pass over the text, however many ids there are.
    pub fn text(&self, text: &str) -> String {
        let mut met: HashMap<&[u8], Vec<(&str, &str)>> = HashMap::new();
        for (original, replacement) in &self.replacements {
            if let Some(beginning) = original.as_bytes().get(..FREE_TEXT_MINIMUM) {
                met.entry(beginning).or_default().push((original, replacement));
            }
        }
        let mut out = String::with_capacity(text.len());
        let (mut copied, mut place) = (0, 0);
        while let Some(beginning) = text.as_bytes().get(place..place + FREE_TEXT_MINIMUM) {
            let candidates = met.get(beginning).into_iter().flatten();
            let longest = candidates.filter(|(original, _)| text.as_bytes()[place..].starts_with(original.as_bytes()));
            match longest.max_by_key(|(original, _)| original.len()) {
                Some((original, replacement)) => {
                    out.push_str(&text[copied..place]);
                    out.push_str(replacement);
                    place += original.len();
                    copied = place;
                }
                None => place += 1,
            }
        }
        out.push_str(&text[copied..]);
        out
    }

    /// Free text as above, and what has the shape of an id or a key though it was not met anywhere: a torn line still tells whose it is.
    pub fn stray(&mut self, text: &str) -> String {
        let text = self.text(text);
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        let in_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        while let Some(start) = rest.find(in_word) {
            let (before, from) = rest.split_at(start);
            let (word, after) = from.split_at(from.find(|letter| !in_word(letter)).unwrap_or(from.len()));
            out.push_str(before);
            if is_ours(word) || !tells_whose(word) {
                out.push_str(word);
            } else {
                out.push_str(&self.id(word));
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// How many ids were replaced.
    pub fn count(&self) -> usize {
        self.replacements.len()
    }

    fn replaced_literal(&mut self, literal: &str, value: &str) -> String {
        let replacement = self.id(value);
        if replacement == value { literal.to_owned() } else { format!("\"{replacement}\"") }
    }
}

/// Replacements are plain ASCII, so they need no escapes.
fn replacement(original: &str, number: usize) -> String {
    if is_uuid(original) {
        return format!("{UUID_PREFIX}-{number:012x}");
    }
    let is_account_number =
        original.len() <= 16 && original.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if is_account_number {
        // `PA` tells a paper account (alpaca.md 2.1).
        let letters = if original.starts_with("PA") { "PA" } else { "" };
        return format!("{letters}REDACTED{number:04}");
    }
    let beginning = if original.starts_with(OF_THE_BOT) { OF_THE_BOT } else { "" };
    format!("{beginning}redacted-{number:06}")
}

/// A replacement is not replaced again.
fn is_ours(word: &str) -> bool {
    word == NIL || word.starts_with(UUID_PREFIX) || word.contains("REDACTED")
}

/// The shape of an order's id, of a paper account's number, of a key or of its secret (alpaca.md 1.2, 2.1): nothing else in these logs looks so.
fn tells_whose(word: &str) -> bool {
    let shouts = word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
    let is_number = word.len() == 12 && word.starts_with("PA");
    let is_key = (20..=26).contains(&word.len()) && ["PK", "AK", "CK"].iter().any(|letters| word.starts_with(letters));
    // A hash is as long and has one case only.
    let both_cases =
        [u8::is_ascii_uppercase, u8::is_ascii_lowercase].iter().all(|is_case| word.bytes().any(|byte| is_case(&byte)));
    let is_secret = (40..=44).contains(&word.len()) && both_cases && has_digit && !word.contains('-');
    is_uuid(word) || is_secret || (shouts && has_digit && (is_number || is_key))
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    let lengths: Vec<_> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12] && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The length of the string literal that the text begins with, quotes and all. The text is known to be JSON.
fn literal_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "reads a sample, where there is one")]

    use super::*;

    const UUID: &str = "b1d2c3a4-0001-4e10-9a01-aa0000000001";

    #[test]
    fn only_ids_change() {
        let mut redactor = Redactor::new();
        let text = format!(
            r#" [ {{"id" : "{UUID}", "qty":1.50E-9, "n":12345678901234567890123456789012, "replaced_by":null, "symbol":"A\"B", "legs":[{{"order_id":"{UUID}","side":"buy"}}]}} ] "#
        );
        let fake = format!("{UUID_PREFIX}-000000000001");
        assert_eq!(redactor.json(&text).unwrap(), text.replace(UUID, &fake));
        assert_eq!(redactor.text(&format!("order {UUID} filled")), format!("order {fake} filled"));
    }

    #[test]
    fn shapes_are_kept() {
        let mut redactor = Redactor::new();
        let order = redactor.id(UUID);
        assert!(is_uuid(&order));
        assert_eq!(redactor.id(&format!("20261120100412893::{UUID}")), format!("20261120100412893::{order}"));
        assert_eq!(redactor.id("PA3EXAMPLE01"), "PAREDACTED0002");
        assert_eq!(redactor.id("meanrev-20261120-AAPL-7"), "redacted-000003");
        assert_eq!(redactor.id("uwbot-4d50d478"), "uwbot-redacted-000004");
        assert_eq!(redactor.id("PA3EXAMPLE01"), "PAREDACTED0002");
        assert_eq!((redactor.id(""), redactor.id(NIL)), (String::new(), NIL.to_owned()));
    }

    #[test]
    fn of_ids_that_begin_alike_the_longest_is_replaced() {
        let mut redactor = Redactor::new();
        let (short, long) = (redactor.id("order-été"), redactor.id("order-été-2"));
        let text = "é order-été order-été-2 order-été";
        assert_eq!(redactor.text(text), format!("é {short} {long} {short}"));
        assert_eq!(redactor.text("order"), "order");
    }

    #[test]
    fn what_was_not_met_is_known_by_its_shape() {
        let mut redactor = Redactor::new();
        let met = redactor.json(&format!(r#"{{"order_id":"{UUID}"}}"#)).unwrap();
        let torn = format!(
            "\"order_id\": \"{UUID}\", \"b\": \"c0ffee00-0001-4e10-9a01-aa0000000002\", PA3EXAMPLE01 PKEXAMPLE0EXAMPLE0EX aEXAMPLE0aEXAMPLE0aEXAMPLE0aEXAMPLE0aEXA AAPL"
        );
        let redacted = redactor.stray(&torn);
        assert!(redacted.contains(met.split('"').nth(3).unwrap()), "{redacted}");
        assert!(!redacted.contains("c0ffee") && !redacted.contains("EXAMPLE") && redacted.ends_with(" AAPL"), "{redacted}");
        assert_eq!(redactor.stray(&redacted), redacted);
        assert_eq!(redactor.count(), 5);
    }

    #[test]
    fn escaped_and_plain_spellings_are_one_id() {
        let mut redactor = Redactor::new();
        let text = redactor.json(r#"{"client_order_id":"a\/b-long","order_id":"a/b-long"}"#).unwrap();
        assert_eq!(text, r#"{"client_order_id":"redacted-000001","order_id":"redacted-000001"}"#);
        assert!(redactor.json("{\"id\":").is_err());
    }

    #[test]
    fn nothing_of_the_samples_shines_through() {
        let Ok(account) =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/samples/clean-day/broker/account.json"))
        else {
            return;
        };
        let redacted = Redactor::new().json(&account).unwrap();
        assert!(!redacted.contains("PA3SIMULATED") && !redacted.contains("e6fe16f3"), "{redacted}");
        assert_eq!(redacted.lines().count(), account.lines().count());
    }
}
