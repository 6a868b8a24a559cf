//! An announcement as one line of JSON, and its published schema.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;

use super::shown;
use crate::alarms::sight::{Condition, Eye, Subject, Why};
use crate::alarms::{Announcement, Turn};
use crate::outputs::schema;
use crate::position::{Symbol, plain};
use crate::time;

/// A turn in the life of something that a watch looks after: it was confirmed, it changed by much, it still stands, it is over. One JSON
/// object a line. Keys are always present; times are RFC 3339 in UTC; quantities, prices and money are decimal strings.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields)]
pub(in crate::outputs) struct Document {
    /// The version of this shape: it changes when a key goes or changes its meaning.
    #[schemars(extend("const" = VERSION))]
    schema: &'static str,
    /// Counts from 1 as long as the watch keeps its memory: who gets an announcement twice knows it by its number.
    number: u64,
    /// The moment of the look.
    #[schemars(extend("format" = "date-time"))]
    at: String,
    /// `opened`: it was confirmed. `changed`: it differs by much from what was told of it. `standing`: it is there still, after a long
    /// time. `resolved`: a later look agreed. `withdrawn`: it is not seen any more, and no record says that it was resolved. `passed`: it came and
    /// went, and the records have it.
    #[schemars(extend("enum" = Turn::ALL.map(Turn::code)))]
    turn: &'static str,
    /// What it is about.
    subject: SubjectDocument,
    /// How much it matters: `break`, `warning` or `note`.
    #[schemars(extend("enum" = ["break", "warning", "note"]))]
    severity: &'static str,
    /// The report's id of the break.
    #[schemars(regex(pattern = schema::ID))]
    id: Option<String>,
    /// What the contradicted book says: a decimal, a range or a word.
    expected: Option<String>,
    /// What the witness says: a decimal, a range or a word. Of blindness: what is not seen.
    actual: Option<String>,
    /// Who contradicts the book.
    #[schemars(regex(pattern = schema::CODE))]
    witness: Option<String>,
    /// Actual minus expected, where both are numbers.
    #[schemars(regex(pattern = schema::DECIMAL))]
    difference: Option<String>,
    /// USD that the difference is worth at the latest price.
    #[schemars(regex(pattern = schema::DECIMAL))]
    money_at_stake: Option<String>,
    /// Why, where that was looked for.
    cause: Option<CauseDocument>,
    /// Since when it is known to have been there.
    #[schemars(extend("format" = "date-time"))]
    since: String,
    /// When it was over, at an end.
    #[schemars(extend("format" = "date-time"))]
    until: Option<String>,
    /// How long it has been there, in seconds.
    #[schemars(regex(pattern = schema::DECIMAL))]
    lasted_seconds: String,
    /// USD times seconds that it was there, at an end, where it is worth money.
    #[schemars(regex(pattern = schema::DECIMAL))]
    exposure_usd_seconds: Option<String>,
    /// How it stood when it was last told, where that is another.
    before: Option<BeforeDocument>,
    /// The records that say so, as `file:line`.
    evidence: Vec<String>,
    /// In words.
    says: String,
    /// A command that shows more.
    next: Option<String>,
    /// The bot's directory.
    directory: String,
}

const VERSION: &str = "tapecheck.announcement/1";

/// What an announcement is about. Exactly one of `book`, `check` and `blind` is not null.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Subject")]
struct SubjectDocument {
    /// What it is known by: `HOOD/quantity/executor`, `check/main_loop`, `blind/broker`.
    key: String,
    /// The symbol; null where a whole book or a file is meant.
    symbol: Option<String>,
    /// The kind of break: a code that `tapecheck explain` knows. New ones may be added.
    #[schemars(regex(pattern = schema::CODE), extend("examples" = schema::kinds()))]
    kind: Option<&'static str>,
    /// The book that is contradicted, of a break.
    book: Option<&'static str>,
    /// The check that fails.
    check: Option<String>,
    /// What is looked with and does not see: `broker`, `logs`, `witnesses`, `checks`.
    blind: Option<&'static str>,
}

/// Why two books parted, as far as that is proved.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Cause")]
struct CauseDocument {
    /// A code that `tapecheck explain` knows. New ones may be added.
    #[schemars(regex(pattern = schema::CODE), extend("examples" = schema::causes()))]
    code: String,
    /// The edited tape gives what the witness says, and no other story is as good.
    proved: bool,
    /// The edit, in words.
    edit: Option<String>,
}

/// How it stood when it was last told.
#[derive(JsonSchema, Serialize)]
#[schemars(deny_unknown_fields, rename = "Before")]
struct BeforeDocument {
    /// How much it mattered.
    #[schemars(extend("enum" = ["break", "warning", "note"]))]
    severity: &'static str,
    /// What the contradicted book said.
    expected: Option<String>,
    /// What the witness said.
    actual: Option<String>,
    /// Actual minus expected, where both were numbers.
    #[schemars(regex(pattern = schema::DECIMAL))]
    difference: Option<String>,
    /// USD that the difference was worth.
    #[schemars(regex(pattern = schema::DECIMAL))]
    money_at_stake: Option<String>,
    /// Why.
    cause: Option<CauseDocument>,
    /// In words.
    says: String,
}

/// The announcement as one JSON object without a line feed. Whatever came of logs and paths is harmless in it, for who prints it.
pub fn line(told: &Announcement, directory: &str) -> Result<String, serde_json::Error> {
    serde_json::to_string(&document(told, directory))
}

/// The schema of an announcement, draft 2020-12, with a line feed at its end.
pub fn published() -> Result<String, serde_json::Error> {
    schema::of::<Document>(VERSION)
}

fn document(told: &Announcement, directory: &str) -> Document {
    let condition = &told.condition;
    Document {
        schema: VERSION,
        number: told.number,
        at: time::show(told.at),
        turn: told.turn.code(),
        subject: subject(&told.subject),
        severity: condition.severity.code(),
        id: condition.id.clone(),
        expected: condition.expected.as_deref().map(shown),
        actual: condition.actual.as_deref().map(shown),
        witness: condition.witness.as_deref().map(shown),
        difference: condition.difference.map(plain),
        money_at_stake: condition.money.map(plain),
        cause: condition.cause.as_ref().map(cause),
        since: time::show(told.since),
        until: told.until.map(time::show),
        lasted_seconds: plain(Decimal::new(told.lasted().num_milliseconds(), 3)),
        exposure_usd_seconds: told.exposure.map(plain),
        before: told.before.as_ref().map(before),
        evidence: condition.evidence.iter().map(|record| shown(record)).collect(),
        says: shown(&condition.says),
        next: condition.next.as_deref().map(shown),
        directory: shown(directory),
    }
}

fn subject(subject: &Subject) -> SubjectDocument {
    let key = shown(&subject.to_string());
    let nothing = SubjectDocument { key, symbol: None, kind: None, book: None, check: None, blind: None };
    match subject {
        Subject::Blind(eye) => SubjectDocument { blind: Some(Eye::code(*eye)), ..nothing },
        Subject::Check(id) => SubjectDocument { check: Some(shown(id)), ..nothing },
        Subject::Break(symbol, kind, book) => SubjectDocument {
            symbol: symbol.as_ref().map(Symbol::as_str).map(shown),
            kind: Some(kind.code()),
            book: Some(book.code()),
            ..nothing
        },
    }
}

fn cause(why: &Why) -> CauseDocument {
    CauseDocument { code: shown(&why.code), proved: why.proved, edit: why.edit.as_deref().map(shown) }
}

fn before(condition: &Condition) -> BeforeDocument {
    BeforeDocument {
        severity: condition.severity.code(),
        expected: condition.expected.as_deref().map(shown),
        actual: condition.actual.as_deref().map(shown),
        difference: condition.difference.map(plain),
        money_at_stake: condition.money.map(plain),
        cause: condition.cause.as_ref().map(cause),
        says: shown(&condition.says),
    }
}
