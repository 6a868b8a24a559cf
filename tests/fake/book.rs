//! What the fake holds: the bodies of a recording, and the rows of its lists.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde_json::Value;
use serde_json::value::RawValue;

/// A folder's bodies. Rows are served as they are spelt.
#[derive(Debug, Clone, Default)]
pub struct Book {
    pub account: String,
    pub positions: String,
    pub clock: String,
    pub calendar: String,
    pub orders: Vec<Row>,
    pub activities: Vec<Row>,
}

/// A row of a list, and what it is found by.
#[derive(Debug, Clone)]
pub struct Row {
    pub raw: String,
    pub id: String,
    pub symbol: String,
    pub status: String,
    pub at: Option<DateTime<Utc>>,
    pub legs: Vec<Row>,
}

impl Book {
    /// Reads a folder; what is missing is empty.
    pub fn load(folder: &Path) -> std::io::Result<Self> {
        if !folder.is_dir() {
            return Err(std::io::Error::new(std::io::ErrorKind::NotFound, format!("{}: no such folder", folder.display())));
        }
        let text = |name: &str, missing: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_else(|_| missing.to_owned());
        Ok(Self {
            account: text("account.json", "{}"),
            positions: text("positions.json", "[]"),
            clock: text("clock.json", "{}"),
            calendar: text("calendar.json", "[]"),
            orders: rows(&text("orders.json", "[]"), &["submitted_at", "created_at"]),
            activities: rows(&text("activities.json", "[]"), &["created_at", "transaction_time"]),
        })
    }

    /// A book of nothing but what a quiet account has.
    pub fn quiet() -> Self {
        Self {
            account: r#"{"id":"7a6d1c0e-2b3f-4c55-8e11-5d0f9b1a2c33","account_number":"PA3EXAMPLE01","status":"ACTIVE"}"#
                .to_owned(),
            positions: r#"[{"symbol":"AAPL","qty":"12.5","side":"long"},{"symbol":"TSLA","qty":"-7","side":"short"}]"#.to_owned(),
            clock: format!(r#"{{"timestamp":"{}","is_open":true}}"#, Utc::now().to_rfc3339()),
            calendar: r#"[{"date":"2026-11-25","open":"09:30","close":"16:00"}]"#.to_owned(),
            ..Self::default()
        }
    }
}

/// The rows of a list; `times` are the keys that may hold a row's time, the first that does counts.
pub fn rows(text: &str, times: &[&str]) -> Vec<Row> {
    let raw: Vec<Box<RawValue>> = serde_json::from_str(text).unwrap_or_default();
    raw.iter().map(|raw| row(raw.get(), times)).collect()
}

fn row(raw: &str, times: &[&str]) -> Row {
    #[derive(serde::Deserialize)]
    struct Legs {
        legs: Option<Box<RawValue>>,
    }
    let value: Value = serde_json::from_str(raw).unwrap_or_default();
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let legs = serde_json::from_str::<Legs>(raw).ok().and_then(|row| row.legs);
    Row {
        raw: raw.to_owned(),
        id: text("id"),
        symbol: text("symbol"),
        status: text("status"),
        at: times.iter().find_map(|key| text(key).parse().ok()),
        legs: legs.map(|legs| rows(legs.get(), times)).unwrap_or_default(),
    }
}

/// Rows as the body of an answer.
pub fn body<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let raw: Vec<&str> = rows.map(|row| row.raw.as_str()).collect();
    format!("[{}]", raw.join(","))
}
