//! `tapecheck schema`: the JSON Schema of the report and of announcements, generated from the types that they are written from.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use super::document::Document;
use crate::breaks::Kind;
use crate::causes;
use crate::checks;
use crate::outcome::Fix;

/// A decimal number as a string, signed, without an exponent.
pub(super) const DECIMAL: &str = r"^-?[0-9]+(\.[0-9]+)?$";

/// A code of the contract, or of `tapecheck explain`.
pub(super) const CODE: &str = "^[a-z0-9_]+$";

/// What names a break.
pub(super) const ID: &str = "^[0-9a-f]{12}$";

/// A fingerprint.
pub(super) const HASH: &str = "^[0-9a-f]{32}$";

/// The books, by their keys.
pub(super) const BOOKS: [&str; 4] = ["expected", "executor", "metadata", "broker"];

/// The report's schema, draft 2020-12, with a line feed at its end.
pub fn report() -> Result<String, serde_json::Error> {
    of::<Document<'static>>("tapecheck.report/1")
}

/// The schema of a document under its title.
pub(super) fn of<Shape: JsonSchema>(title: &str) -> Result<String, serde_json::Error> {
    let settings = SchemaSettings::draft2020_12().for_serialize().with_transform(RecursiveTransform(unfolded));
    let mut schema = settings.into_generator().into_root_schema_for::<Shape>();
    schema.insert("title".to_owned(), json!(title));
    let mut text = serde_json::to_string_pretty(&schema)?;
    text.push('\n');
    Ok(text)
}

/// A description is one line, however its source is folded.
fn unfolded(schema: &mut Schema) {
    if let Some(text) = schema.get("description").and_then(Value::as_str).map(|text| text.replace('\n', " ")) {
        schema.insert("description".to_owned(), text.into());
    }
}

/// A schema of one of these words.
pub(super) fn one_of(words: &[&str]) -> Value {
    json!({ "enum": words })
}

/// The kinds of break that there are now.
pub(super) fn kinds() -> Vec<&'static str> {
    Kind::ALL.iter().map(|kind| kind.code()).collect()
}

/// The causes that there are now.
pub(super) fn causes() -> Vec<&'static str> {
    causes::ALL.iter().map(|cause| cause.code).collect()
}

/// The checks that there are now.
pub(super) fn checks() -> Vec<&'static str> {
    checks::ALL.iter().map(|check| check.id).collect()
}

/// What hindsight may say of a fix.
pub(super) fn fixes() -> [&'static str; 4] {
    Fix::VERDICTS
}
