//! A run of the corpus as JSON: schema `tapecheck.corpus/1`, described in `docs/corpus.md`.

use serde_json::{Map, Value, json};

use super::case::Given;
use super::changes::Change;
use super::differences::Difference;
use super::run::{Outcome, Status};

/// The schema of the document.
pub const SCHEMA: &str = "tapecheck.corpus/1";

/// What a run's document keeps of each report: what counts for the verdict.
const KEPT: [&str; 8] = ["books", "breaks", "checks", "integrity", "stats", "verdict", "verdict_hash", "window"];

/// The document, with a line feed at its end.
pub fn write(outcomes: &[Outcome], strict: bool) -> String {
    let count = |status: Status| outcomes.iter().filter(|outcome| outcome.status(strict) == status).count();
    let document = json!({
        "schema": SCHEMA,
        "strict": strict,
        "cases": outcomes.iter().map(|outcome| case(outcome, strict)).collect::<Vec<_>>(),
        "summary": {
            "cases": outcomes.len(),
            "same": count(Status::Same),
            "changed": count(Status::Changed),
            "could_not_check": count(Status::CouldNotCheck),
        },
        "producer": {"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")},
    });
    format!("{document:#}\n")
}

fn case(outcome: &Outcome, strict: bool) -> Value {
    let mut row = json!({
        "name": outcome.name,
        "path": outcome.folder.display().to_string(),
        "status": outcome.status(strict).code(),
    });
    match &outcome.result {
        Ok(compared) => {
            row["about"] = json!(compared.case.manifest.about);
            row["changes"] = compared.changes.iter().map(change).collect();
            row["differences"] = compared.differences.iter().map(difference).collect();
            row["report"] = Value::Object(kept(&compared.now));
        }
        Err(error) => row["why"] = json!(error.to_string()),
    }
    row
}

fn change(change: &Change) -> Value {
    let mut row = json!({"change": change.code(), "says": change.to_string()});
    if let Some(found) = change.subject() {
        row["break"] = json!(found.id);
        row["symbol"] = json!(found.symbol);
    }
    row
}

fn difference(difference: &Difference) -> Value {
    let mut row = json!({"path": difference.path});
    for (key, value) in [("was", &difference.was), ("is", &difference.is)] {
        if let Some(value) = value {
            row[key] = value.clone();
        }
    }
    row
}

fn kept(given: &Given) -> Map<String, Value> {
    let rows = given.report.as_object().into_iter().flatten();
    rows.filter(|(key, _)| KEPT.contains(&key.as_str())).map(|(key, value)| (key.clone(), value.clone())).collect()
}
