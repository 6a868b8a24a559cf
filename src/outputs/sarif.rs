//! `--format sarif`: findings as SARIF 2.1.0, which code hosts show on the lines that they are about.

use itertools::Itertools;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

use super::text;
use crate::breaks::{Break, Evidence, Severity};
use crate::catalogue;
use crate::checks::{Finding, Status};
use crate::report::Report;
use crate::source::{harmless, visible};

/// The schema that the document follows.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Characters of a message; viewers fold longer ones, and some refuse them.
const MESSAGE: usize = 1000;

/// How much a result matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It fails a run.
    Error,
    /// It deserves a look.
    Warning,
    /// It explains itself.
    Note,
}

impl Level {
    fn code(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        }
    }
}

/// A line that a result is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Path of the file, as the one who looks at the result would open it.
    pub path: String,
    /// Line, counted from 1; 0 where the file as a whole is meant.
    pub line: u32,
    /// What stands there, in words.
    pub says: Option<String>,
}

/// One result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Code of the rule.
    pub rule: String,
    /// How much it matters.
    pub level: Level,
    /// What is wrong.
    pub message: String,
    /// Where: the first is the one that is shown, the others are related.
    pub places: Vec<Place>,
    /// What makes it the same result tomorrow.
    pub same_as: String,
    /// Why somebody accepted it, if somebody did.
    pub accepted: Option<String>,
}

/// A whole document: its rules are those that its results name, `meanings` says what they mean. What could not be checked is told beside
/// the results, and then the run was not successful.
pub fn document(
    found: &[Found],
    meanings: &dyn Fn(&str) -> Option<String>,
    unchecked: &[String],
) -> Result<String, serde_json::Error> {
    let rules: Vec<&str> = found.iter().map(|found| found.rule.as_str()).sorted().dedup().collect();
    let places: BTreeMap<&str, usize> = rules.iter().enumerate().map(|(place, rule)| (*rule, place)).collect();
    let rule = |rule: &&str| {
        let meaning = meanings(rule).unwrap_or_else(|| (*rule).to_owned());
        let mut row = json!({"id": rule, "shortDescription": {"text": meaning}});
        if catalogue::entries().iter().any(|entry| entry.code == *rule) {
            row["help"] = json!({"text": format!("tapecheck explain {rule}")});
        }
        row
    };
    let told = |why: &String| json!({"level": "error", "message": {"text": harmless(why, MESSAGE)}});
    let run = json!({
        "tool": {"driver": {
            "name": env!("CARGO_PKG_NAME"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "version": env!("CARGO_PKG_VERSION"),
            "rules": rules.iter().map(rule).collect::<Vec<_>>(),
        }},
        "invocations": [{
            "executionSuccessful": unchecked.is_empty(),
            "toolExecutionNotifications": unchecked.iter().map(told).collect::<Vec<_>>(),
        }],
        "columnKind": "unicodeCodePoints",
        "results": found.iter().map(|found| result(found, &places)).collect::<Vec<_>>(),
    });
    let mut text = serde_json::to_string_pretty(&json!({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}))?;
    text.push('\n');
    Ok(text)
}

fn result(found: &Found, rules: &BTreeMap<&str, usize>) -> Value {
    let mut places = found.places.iter();
    let first: Vec<Value> = places.next().map(|place| location(place, None)).into_iter().collect();
    let related: Vec<Value> = places.enumerate().map(|(number, place)| location(place, Some(number + 1))).collect();
    let mut result = json!({
        "ruleId": found.rule,
        "ruleIndex": rules.get(found.rule.as_str()),
        "level": found.level.code(),
        "message": {"text": harmless(&found.message, MESSAGE)},
        "locations": first,
        "relatedLocations": related,
        "partialFingerprints": {"tapecheck/1": visible(&found.same_as)},
    });
    if let Some(why) = &found.accepted {
        result["suppressions"] = json!([{"kind": "external", "status": "accepted", "justification": harmless(why, MESSAGE)}]);
    }
    result
}

fn location(place: &Place, number: Option<usize>) -> Value {
    let mut physical = json!({"artifactLocation": {"uri": uri(&place.path)}});
    if place.line > 0 {
        physical["region"] = json!({"startLine": place.line});
    }
    let mut location = json!({"physicalLocation": physical});
    if let Some(number) = number {
        location["id"] = json!(number);
    }
    if let Some(says) = &place.says {
        location["message"] = json!({"text": harmless(says, MESSAGE)});
    }
    location
}

/// A path as a reference: a relative one stays relative, so that a checkout finds it.
fn uri(path: &str) -> String {
    let absolute = if Path::new(path).is_absolute() { "file://" } else { "" };
    let mut uri = absolute.to_owned();
    for byte in path.strip_prefix("./").unwrap_or(path).bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// A report: each break on the line that did it, each check that did not pass.
pub fn write(report: &Report) -> Result<String, serde_json::Error> {
    let breaks = report.breaks.iter().map(|found| broken(found, report));
    let checks = report.checks.iter().filter_map(check);
    let found: Vec<Found> = breaks.chain(checks).collect();
    let entries = catalogue::entries();
    let meaning = |code: &str| entries.iter().find(|entry| entry.code == code).map(|entry| entry.meaning.to_owned());
    let not_run = report.checks.iter().filter(|check| check.status == Status::CouldNotCheck);
    let not_run = not_run.map(|check| format!("{}: {}", check.id, check.summary));
    let unchecked: Vec<String> = report.unchecked.iter().cloned().chain(not_run).collect();
    document(&found, &meaning, &unchecked)
}

fn broken(found: &Break, report: &Report) -> Found {
    let place = |evidence: &Evidence| Place {
        path: report.file_of(report.path_of(evidence.origin)),
        line: report.line_of(evidence.origin),
        says: Some(evidence.says.clone()),
    };
    // What did it, if that is known; else the statement that failed, which comes last.
    let main = found.evidence.iter().position(|evidence| evidence.at == found.opened_at);
    let main = main.unwrap_or(found.evidence.len().saturating_sub(1));
    let others = found.evidence.iter().enumerate().filter(|(number, _)| *number != main).map(|(_, evidence)| place(evidence));
    Found {
        rule: found.kind.code().to_owned(),
        level: match found.severity {
            Severity::Break | Severity::Warning if report.acceptance.of(found).is_some() => Level::Note,
            Severity::Break => Level::Error,
            Severity::Warning => Level::Warning,
            Severity::Note => Level::Note,
        },
        message: text::one_line(found),
        places: found.evidence.get(main).map(place).into_iter().chain(others).collect(),
        same_as: found.id(),
        accepted: report.acceptance.of(found).map(|rule| format!("{} (until {})", rule.reason, rule.until)),
    }
}

fn check(finding: &Finding) -> Option<Found> {
    let level = match finding.status {
        Status::Pass => return None,
        Status::Warn | Status::CouldNotCheck => Level::Warning,
        Status::Fail => Level::Error,
    };
    let message = format!("{}: {}", finding.status.code(), finding.summary);
    Some(Found {
        rule: finding.id.to_owned(),
        level,
        message,
        places: Vec::new(),
        same_as: finding.id.to_owned(),
        accepted: None,
    })
}
