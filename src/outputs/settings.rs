//! `tapecheck config`: the settings as a file of them, each with where its value comes from, or as JSON.

use serde_json::{Value, json};
use std::fmt::Write as _;

use crate::settings::{Row, Section, Settings, Whence, Written};
use crate::source::visible;

/// As a file that gives the same settings, its comments saying where each value comes from.
pub fn text(settings: &Settings) -> String {
    let mut out = match &settings.file {
        Some(file) => format!("# settings of {}\n", visible(file)),
        None => "# no tapecheck.toml was found or named\n".to_owned(),
    };
    for section in settings.sections() {
        match (section.name.as_str(), section.is_one_of_several) {
            ("", _) => {}
            (name, true) => out.push_str(&format!("\n[[{name}]]\n")),
            (name, false) => out.push_str(&format!("\n[{name}]\n")),
        }
        let lines: Vec<(String, String)> = section.rows.iter().map(|row| (line(row), whence(row.whence, settings))).collect();
        let widest = lines.iter().map(|(line, _)| line.chars().count()).filter(|width| *width <= WIDEST).max().unwrap_or(0);
        for (line, whence) in lines {
            let _ = writeln!(out, "{line:<widest$}  # {whence}");
        }
    }
    out
}

/// Longer values do not push the others' comments away.
const WIDEST: usize = 48;

fn line(row: &Row) -> String {
    match &row.value {
        Some(value) => format!("{} = {value}", row.key),
        None => format!("# {} is not set", row.key),
    }
}

fn whence(whence: Whence, settings: &Settings) -> String {
    match whence {
        Whence::Default => "default".to_owned(),
        Whence::Line(line) => format!("{}:{line}", visible(name(settings))),
        Whence::Flag(flag) => flag.to_owned(),
    }
}

/// The file's name: where it lies stands at the top.
fn name(settings: &Settings) -> &str {
    let file = settings.file.as_deref().unwrap_or_default();
    file.rsplit('/').next().unwrap_or(file)
}

/// For programs: `tapecheck.config/1`.
pub fn json(settings: &Settings) -> String {
    let rows: Vec<Value> =
        settings.sections().iter().flat_map(|section| section.rows.iter().map(|row| of(section, row))).collect();
    let document = json!({"schema": "tapecheck.config/1", "file": settings.file, "settings": rows});
    format!("{document:#}\n")
}

fn of(section: &Section, row: &Row) -> Value {
    let value = match &row.value {
        None => Value::Null,
        Some(Written::Text(text) | Written::Bare(text)) => Value::from(text.as_str()),
        Some(Written::Truth(truth)) => Value::from(*truth),
        Some(Written::List(items)) => Value::from(items.clone()),
    };
    let mut document = json!({"table": section.name, "key": row.key, "value": value});
    match row.whence {
        Whence::Default => document["from"] = json!("default"),
        Whence::Line(line) => {
            document["from"] = json!("file");
            document["line"] = json!(line);
        }
        Whence::Flag(flag) => {
            document["from"] = json!("flag");
            document["flag"] = json!(flag);
        }
    }
    document
}
