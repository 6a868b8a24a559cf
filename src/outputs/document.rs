//! The shape of the JSON report (contract, section 2), apart from how it is filled: keys in the order of the contract.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

use super::findings::{BreakDocument, CheckDocument, FixDocument, IntegrityDocument, ProfitDocument, RuleDocument, TieDocument};
use super::schema;
use crate::blocks::Blocks;
use crate::outcome::Fix;
use crate::report::Report;

/// A list whose rows are made while they are written: the fixes of a year are many, and none is kept twice.
pub(super) struct Rows<'a, T, D> {
    pub(super) of: &'a Blocks<T>,
    pub(super) report: &'a Report,
    pub(super) row: fn(&'a T, &'a Report) -> D,
}

impl<T, D: Serialize> Serialize for Rows<'_, T, D> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.of.iter().map(|one| (self.row)(one, self.report)))
    }
}

/// The report of a replay or an audit. Keys are always present unless they are not `required`; times are RFC 3339 in UTC;
/// quantities and prices are decimal strings, signed, short below zero; the same input gives the same bytes.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields)]
pub(super) struct Document<'a> {
    /// The version of this shape: it changes when a key goes or changes its meaning.
    #[schemars(extend("const" = "tapecheck.report/1"))]
    pub(super) schema: &'static str,
    /// `clean`: everything that was asked was checked and agrees. `breaks`: at least one break. `could_not_check`: no break was
    /// found, but something could not be checked.
    #[schemars(extend("enum" = ["clean", "breaks", "could_not_check"]))]
    pub(super) verdict: &'static str,
    /// Fingerprint of verdict, breaks, causes and books: equal hashes, equal findings, wherever the files lie and however they
    /// are worded.
    #[schemars(regex(pattern = schema::HASH))]
    pub(super) verdict_hash: String,
    /// Why it could not be checked, in words; empty if it could.
    pub(super) unchecked: &'a [String],
    /// The part of time that was asked for.
    pub(super) window: WindowDocument,
    /// The broker's side.
    pub(super) broker: BrokerDocument<'a>,
    /// The account of every file and answer that was read, by path.
    pub(super) sources: Vec<SourceDocument<'a>>,
    /// What each party holds at the end of the window.
    #[schemars(extend("propertyNames" = schema::one_of(&schema::BOOKS), "required" = schema::BOOKS))]
    pub(super) books: BTreeMap<&'static str, BookDocument>,
    /// Statements that do not hold, worst first.
    pub(super) breaks: Vec<BreakDocument<'a>>,
    /// The settings file that counted, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) settings_file: Option<&'a str>,
    /// The rules by which breaks are accepted, and what became of each; left out where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) accept_rules: Vec<RuleDocument<'a>>,
    /// What the reconciler changed, judged in hindsight, in the order of time.
    #[schemars(with = "Vec<FixDocument<'a>>")]
    pub(super) fixes: Rows<'a, Fix, FixDocument<'a>>,
    /// The checks of an audit, in its order; empty for a replay.
    pub(super) checks: Vec<CheckDocument<'a>>,
    /// What was not understood, or is not there, and what follows.
    pub(super) integrity: Vec<IntegrityDocument<'a>>,
    /// Records of one moment of which another order would give other breaks.
    pub(super) order_sensitive: Vec<TieDocument<'a>>,
    /// Profit and loss of the window's exits, as logged and as their own prices and quantities say.
    pub(super) profit_and_loss: ProfitDocument<'a>,
    /// Counts of the run.
    pub(super) stats: StatsDocument,
    /// What wrote the report.
    pub(super) producer: Producer,
}

/// The part of time that was asked for, its ends filled in from the tape.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Window")]
pub(super) struct WindowDocument {
    /// Breaks that were resolved before this are not reported.
    #[schemars(extend("format" = "date-time"))]
    pub(super) from: Option<String>,
    /// The last moment that is part of it.
    #[schemars(extend("format" = "date-time"))]
    pub(super) until: Option<String>,
    /// `--at`, or the moment of the audit.
    #[schemars(extend("format" = "date-time"))]
    pub(super) at: Option<String>,
    /// The time zone of `--day`.
    pub(super) timezone: &'static str,
    /// The whole book that stated what was held when the window began, where what lies before it was passed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) opened_by: Option<OpeningDocument>,
}

/// The whole book that stated what was held when the window began, where what lies before it was passed over.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Opening")]
pub(super) struct OpeningDocument {
    /// Path of the record.
    pub(super) source: String,
    /// Its line, counted from 1.
    pub(super) line: u32,
    /// Its time.
    #[schemars(extend("format" = "date-time"))]
    pub(super) ts: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The broker's side: how it was read, when, and what of it was not.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Broker")]
pub(super) struct BrokerDocument<'a> {
    /// How it was read.
    #[schemars(extend("enum" = ["live", "recorded", "none"]))]
    pub(super) kind: &'static str,
    /// When the read began: an answer says nothing of what is newer.
    #[schemars(extend("format" = "date-time"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) read_began: Option<String>,
    /// When the read ended.
    #[schemars(extend("format" = "date-time"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) read_ended: Option<String>,
    /// What says when it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) read_time_from: Option<&'static str>,
    /// Number of the account, its beginning hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<&'a str>,
    /// Whether it is a paper account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) paper: Option<bool>,
    /// Where it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) base_url: Option<&'a str>,
    /// Symbols that kept moving while they were read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) unstable: Vec<&'a str>,
    /// What was asked and not answered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) unread: Vec<UnreadDocument<'a>>,
}

/// Something that was asked of the broker and not answered.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Unread")]
pub(super) struct UnreadDocument<'a> {
    /// What was asked; null where it is all of it.
    pub(super) endpoint: Option<&'static str>,
    /// Why there is no answer, in words.
    pub(super) why: &'a str,
}

/// The account of one file or answer: lines = understood + ignored + quarantined.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Source")]
pub(super) struct SourceDocument<'a> {
    /// Path below the bot's directory, or below the recording.
    pub(super) path: &'a str,
    /// Name of the format.
    pub(super) format: &'static str,
    /// Bytes of text, after decompression.
    pub(super) bytes: u64,
    /// Bytes beside these that lie outside of the window and were not read.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) passed_over: u64,
    /// Lines read.
    pub(super) lines: u64,
    /// Lines whose meaning is known.
    pub(super) understood: u64,
    /// Lines left out, by the name of the rule.
    pub(super) ignored: &'a BTreeMap<&'static str, u64>,
    /// Lines in trouble.
    pub(super) quarantined: u64,
    /// Events that came of it.
    pub(super) events: u64,
    /// Earliest event.
    #[schemars(extend("format" = "date-time"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_ts: Option<String>,
    /// Latest event.
    #[schemars(extend("format" = "date-time"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_ts: Option<String>,
    /// Lines older than a line before them.
    pub(super) out_of_order: u64,
    /// Lines that stood in this source before.
    pub(super) duplicates: u64,
}

/// What one party holds.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Book")]
pub(super) struct BookDocument {
    /// As of when; null where the book was not there, describes a later time, or has no time.
    #[schemars(extend("format" = "date-time"))]
    pub(super) as_of: Option<String>,
    /// It states all that is held: what is not listed is not held.
    pub(super) complete: bool,
    /// What is held, by symbol.
    pub(super) positions: Vec<PositionDocument>,
}

/// One position of one book.
#[derive(JsonSchema, Serialize, Default)]
#[schemars(deny_unknown_fields, rename = "Position")]
pub(super) struct PositionDocument {
    /// What is held.
    pub(super) symbol: String,
    /// Signed quantity; null if it is unknown or a range.
    #[schemars(regex(pattern = schema::DECIMAL))]
    pub(super) qty: Option<String>,
    /// Lower end of a range, if it has one.
    #[schemars(regex(pattern = schema::DECIMAL))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) low: Option<String>,
    /// Upper end of a range, if it has one.
    #[schemars(regex(pattern = schema::DECIMAL))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) high: Option<String>,
    /// Average entry price.
    #[schemars(regex(pattern = schema::DECIMAL))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) avg_entry_price: Option<String>,
    /// Entry score.
    #[schemars(regex(pattern = schema::DECIMAL))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) entry_score: Option<String>,
    /// When it was entered.
    #[schemars(extend("format" = "date-time"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) entry_ts: Option<String>,
    /// How sure that is; of the expected book only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provenance: Option<ProvenanceDocument>,
    /// How much of it is traced to fills for the bot's records, from 0 to 1; of the broker's book only.
    #[schemars(regex(pattern = schema::DECIMAL))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) explained_share: Option<String>,
}

/// How much of a position is known from where, unsigned.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Provenance")]
pub(super) struct ProvenanceDocument {
    /// Logged by the bot.
    #[schemars(regex(pattern = schema::DECIMAL))]
    pub(super) logged: String,
    /// Logged, and confirmed by a witness.
    #[schemars(regex(pattern = schema::DECIMAL))]
    pub(super) confirmed: String,
    /// Taken over from the broker after a statement that failed.
    #[schemars(regex(pattern = schema::DECIMAL))]
    pub(super) adopted: String,
    /// From nowhere that is known.
    #[schemars(regex(pattern = schema::DECIMAL))]
    pub(super) unknown: String,
}

/// Counts of the run.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Stats")]
pub(super) struct StatsDocument {
    /// Events on the tape.
    pub(super) events: u64,
    /// Movements among them.
    pub(super) movements: u64,
    /// Statements among them.
    pub(super) statements: u64,
    /// Statements that held.
    pub(super) statements_held: u64,
    /// Statements that failed.
    pub(super) statements_failed: u64,
    /// Pulses among them.
    pub(super) pulses: u64,
    /// The broker's fills among the movements.
    pub(super) fills: u64,
    /// Records joined to another's movement.
    pub(super) sightings_joined: u64,
    /// Symbols named on the tape.
    pub(super) symbols: u64,
    /// Symbols that `--symbol` left out.
    pub(super) symbols_left_out: u64,
    /// Breaks of every severity that are open at the end of the window.
    pub(super) breaks_open: u64,
    /// Breaks of every severity that are not.
    pub(super) breaks_resolved: u64,
    /// Breaks that a rule accepts; left out where there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) breaks_accepted: u64,
}

/// What wrote the report.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields)]
pub(super) struct Producer {
    /// Name of the program.
    pub(super) name: &'static str,
    /// Its version.
    pub(super) version: &'static str,
}
