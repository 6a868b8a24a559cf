//! The shape of what was found, as the JSON report has it: breaks, fixes, checks, integrity, ties, profit and loss.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

use super::schema;

/// A statement that does not hold, with its life, its evidence and its cause.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Break")]
pub(super) struct BreakDocument<'a> {
    /// The same for the same tape: a function of symbol, kind, books and first failure.
    #[schemars(regex(pattern = schema::ID))]
    pub(super) id: String,
    /// The symbol; null where a whole book or a file is meant.
    pub(super) symbol: Option<&'a str>,
    /// What kind of difference: a code that `tapecheck explain` knows. New ones may be added.
    #[schemars(regex(pattern = schema::CODE), extend("examples" = schema::kinds()))]
    pub(super) kind: &'static str,
    /// `break`: a difference in what is held. `warning`: a lost annotation, a missing sighting, a stale file. `note`: it explains
    /// itself.
    #[schemars(extend("enum" = ["break", "warning", "note"]))]
    pub(super) severity: &'static str,
    /// The book that is contradicted.
    #[schemars(extend("enum" = schema::BOOKS))]
    pub(super) book: &'static str,
    /// Who contradicts it.
    #[schemars(regex(pattern = schema::CODE))]
    pub(super) witness: &'static str,
    /// What the contradicted book says: a decimal, a range or a word; null where it has no value.
    pub(super) expected: Option<String>,
    /// What the witness says: a decimal, a range or a word; null where it has no value.
    pub(super) actual: Option<String>,
    /// Actual minus expected, where both are numbers.
    #[schemars(regex(pattern = schema::DECIMAL))]
    pub(super) difference: Option<String>,
    /// The last statement about the symbol that held.
    #[schemars(extend("format" = "date-time"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_agreed_at: Option<String>,
    /// The event that caused it, where that is proved, else `first_failed_at`.
    #[schemars(extend("format" = "date-time"))]
    pub(super) opened_at: String,
    /// The first statement that failed.
    #[schemars(extend("format" = "date-time"))]
    pub(super) first_failed_at: String,
    /// When a later statement agreed again.
    #[schemars(extend("format" = "date-time"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resolved_at: Option<String>,
    /// USD that the difference is worth at the latest price.
    #[schemars(regex(pattern = schema::DECIMAL))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) money_at_stake: Option<String>,
    /// USD times seconds that it was open.
    #[schemars(regex(pattern = schema::DECIMAL))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exposure_usd_seconds: Option<String>,
    /// Another order of records of one moment would change it.
    pub(super) order_sensitive: bool,
    /// Why it does not count, where a rule accepts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) accepted: Option<AcceptedDocument<'a>>,
    /// Why.
    pub(super) cause: CauseDocument<'a>,
    /// Records that bear on it, in the order of the tape.
    pub(super) evidence: Vec<EvidenceDocument<'a>>,
    /// A command that shows more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

/// Why a break does not count.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Accepted")]
pub(super) struct AcceptedDocument<'a> {
    /// The reason that the rule gives.
    pub(super) reason: &'a str,
    /// The last day on which it is accepted.
    #[schemars(extend("format" = "date"))]
    pub(super) until: String,
    /// Where the rule stands.
    pub(super) rule: String,
}

/// A rule by which breaks are accepted, and what became of it.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Rule")]
pub(super) struct RuleDocument<'a> {
    /// Where it stands.
    pub(super) rule: String,
    /// The symbol whose breaks it accepts.
    pub(super) symbol: &'a str,
    /// Only of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'static str>,
    /// Only of this cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cause: Option<&'static str>,
    /// Why.
    pub(super) reason: &'a str,
    /// The last day on which it accepts.
    #[schemars(extend("format" = "date"))]
    pub(super) until: String,
    /// What became of it.
    #[schemars(regex(pattern = schema::CODE))]
    pub(super) state: &'static str,
    /// How many breaks it accepts.
    pub(super) breaks: u64,
}

/// Why two books parted, as far as that is proved.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Cause")]
pub(super) struct CauseDocument<'a> {
    /// A code that `tapecheck explain` knows. New ones may be added.
    #[schemars(regex(pattern = schema::CODE), extend("examples" = schema::causes()))]
    pub(super) code: &'static str,
    /// The edit was folded again: it makes the failed statement hold and no other fail.
    pub(super) proved: bool,
    /// The edit of the tape, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) edit: Option<&'a str>,
    /// Other causes that explain as much.
    pub(super) alternatives: &'a [&'static str],
}

/// One record that bears on a break.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Evidence")]
pub(super) struct EvidenceDocument<'a> {
    /// Path of its source.
    pub(super) source: &'a str,
    /// Its line, counted from 1.
    pub(super) line: u32,
    /// When it was written.
    #[schemars(extend("format" = "date-time"))]
    pub(super) ts: String,
    /// The beginning of the line, control characters escaped; empty if it is not there any more.
    pub(super) excerpt: &'a str,
    /// What it says, in words.
    pub(super) says: &'a str,
}

/// A fix by the reconciler, judged in hindsight.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Fix")]
pub(super) struct FixDocument<'a> {
    /// When.
    #[schemars(extend("format" = "date-time"))]
    pub(super) ts: String,
    /// What the reconciler calls it.
    pub(super) event: &'static str,
    /// What it touched.
    pub(super) symbols: Vec<&'a str>,
    /// `routine`: it confirmed a logged trade. `right`: it repaired a break whose cause is proved. `masking`: it overwrote a book
    /// without the cause being known. `harmful`: it moved the book away from the broker.
    #[schemars(extend("enum" = schema::fixes()))]
    pub(super) verdict: &'static str,
    /// Path of its record.
    pub(super) source: &'a str,
    /// Its line, counted from 1.
    pub(super) line: u32,
}

/// One check of an audit.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Check")]
pub(super) struct CheckDocument<'a> {
    /// Its name: a code that `tapecheck explain` knows.
    #[schemars(regex(pattern = schema::CODE), extend("examples" = schema::checks()))]
    pub(super) id: &'static str,
    /// How it came out.
    #[schemars(extend("enum" = ["pass", "warn", "fail", "could_not_check"]))]
    pub(super) status: &'static str,
    /// How it came out, in words.
    pub(super) summary: &'a str,
    /// What it looked at: counts, words, lists of words, times.
    pub(super) details: BTreeMap<&'static str, Value>,
}

/// A line or a file that was not understood, or is not there.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Integrity")]
pub(super) struct IntegrityDocument<'a> {
    /// Path of its source.
    pub(super) source: &'a str,
    /// Its line, counted from 1; 0 where the file as a whole is meant.
    pub(super) line: u32,
    /// The byte in the line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<u32>,
    /// What is wrong: a code that `tapecheck explain` knows. New ones may be added.
    #[schemars(regex(pattern = schema::CODE))]
    pub(super) reason: &'static str,
    /// The beginning of the line, control characters escaped.
    pub(super) excerpt: &'a str,
    /// What follows, in words.
    pub(super) consequence: &'static str,
}

/// Profit and loss of the window's exits, as logged and as their own prices and quantities say.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Profit")]
pub(super) struct ProfitDocument<'a> {
    /// Exits that log a profit.
    pub(super) exits: u64,
    /// USD as logged.
    #[schemars(regex(pattern = schema::DECIMAL))]
    pub(super) logged: String,
    /// USD as prices and quantities say.
    #[schemars(regex(pattern = schema::DECIMAL))]
    pub(super) recomputed: String,
    /// Exits whose log is not what its own prices say.
    pub(super) differing: Vec<DifferenceDocument<'a>>,
}

/// An exit whose log is not what its own prices say.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Difference")]
pub(super) struct DifferenceDocument<'a> {
    /// What was closed.
    pub(super) symbol: &'a str,
    /// When.
    #[schemars(extend("format" = "date-time"))]
    pub(super) ts: String,
    /// USD as logged.
    #[schemars(regex(pattern = schema::DECIMAL))]
    pub(super) logged: String,
    /// USD as prices and quantities say.
    #[schemars(regex(pattern = schema::DECIMAL))]
    pub(super) recomputed: String,
    /// What is wrong with the logged one: a code.
    #[schemars(regex(pattern = schema::CODE))]
    pub(super) why: &'static str,
    /// Path of its record.
    pub(super) source: &'a str,
    /// Its line, counted from 1.
    pub(super) line: u32,
}

/// Records of one moment of which another order would give other breaks.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Tie")]
pub(super) struct TieDocument<'a> {
    /// The symbol.
    pub(super) symbol: &'a str,
    /// The moment.
    #[schemars(extend("format" = "date-time"))]
    pub(super) ts: String,
    /// The records, as `file:line`.
    pub(super) records: Vec<String>,
}
