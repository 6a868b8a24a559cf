//! The verdict of a report: what a case must give again, and nothing of its wording.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What counts of a report. It is read from the report's JSON, so that reports of other builds can be held against each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// `clean`, `breaks` or `could_not_check`.
    pub verdict: String,
    /// xxh3-128 of breaks, causes and books; empty in reports of builds that had none.
    pub hash: String,
    /// The breaks, worst first.
    pub breaks: Vec<Break>,
    /// What each book holds, by book and symbol.
    pub books: BTreeMap<(String, String), Row>,
    /// Status of each check, by its id.
    pub checks: BTreeMap<String, String>,
    /// How often each reason of distrust stands in each source.
    pub integrity: BTreeMap<Distrust, u64>,
    /// Paths of the sources.
    pub sources: Vec<String>,
    /// Number of events.
    pub events: u64,
    /// First and last moment of the window.
    pub window: (Option<String>, Option<String>),
}

/// A break, as far as it counts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Break {
    /// A function of symbol, kind, books and first failure.
    pub id: String,
    /// The symbol; `None` where the whole book or a file is meant.
    pub symbol: Option<String>,
    /// Code of the kind.
    pub kind: String,
    /// `break`, `warning` or `note`.
    pub severity: String,
    /// Which book is contradicted.
    pub book: String,
    /// Who says so.
    pub witness: String,
    /// What the contradicted book says.
    pub expected: Option<String>,
    /// What the witness says.
    pub actual: Option<String>,
    /// When it began, RFC 3339.
    pub opened_at: String,
    /// The first statement that failed, RFC 3339.
    pub first_failed_at: String,
    /// When it ended, RFC 3339; `None` while it is open.
    #[serde(default)]
    pub resolved_at: Option<String>,
    /// Why.
    pub cause: Cause,
    /// Where it can be seen.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
}

/// Why a break is there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Cause {
    /// Code of the cause.
    pub code: String,
    /// Whether it was proved.
    pub proved: bool,
}

/// A line that bears on a break.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Evidence {
    /// Path of the source.
    pub source: String,
    /// Line, counted from 1; 0 where there is none.
    #[serde(default)]
    pub line: u32,
    /// When it was said, RFC 3339.
    #[serde(default)]
    pub ts: Option<String>,
    /// What stands there, in words.
    #[serde(default)]
    pub says: Option<String>,
}

/// One row of a book.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Row {
    symbol: String,
    /// Quantity; `None` if unknown or a range.
    pub qty: Option<String>,
    /// Lower end of a range.
    #[serde(default)]
    pub low: Option<String>,
    /// Upper end of a range.
    #[serde(default)]
    pub high: Option<String>,
    /// Average entry price.
    #[serde(default)]
    pub avg_entry_price: Option<String>,
    /// Entry score.
    #[serde(default)]
    pub entry_score: Option<String>,
}

impl Row {
    /// What is held, in words.
    pub fn says(&self) -> String {
        let end = |end: &Option<String>| end.clone().unwrap_or_else(|| "?".to_owned());
        match (&self.qty, &self.low, &self.high) {
            (Some(quantity), _, _) => quantity.clone(),
            (None, None, None) => "held".to_owned(),
            (None, low, high) => format!("{} to {}", end(low), end(high)),
        }
    }
}

/// Something in a source that could not be trusted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Distrust {
    /// Path of the source.
    pub source: String,
    /// Code of the reason.
    pub reason: String,
}

/// The JSON is not a report.
#[derive(Debug, thiserror::Error)]
#[error("not a report of this tool: {0}")]
pub struct NotAReport(pub String);

/// The keys of the report that count.
#[derive(Deserialize)]
struct Wire {
    verdict: String,
    #[serde(default)]
    verdict_hash: String,
    breaks: Vec<Break>,
    books: BTreeMap<String, BookWire>,
    #[serde(default)]
    checks: Vec<CheckWire>,
    #[serde(default)]
    integrity: Vec<Distrust>,
    #[serde(default)]
    sources: Vec<SourceWire>,
    #[serde(default)]
    stats: StatsWire,
    window: WindowWire,
}

#[derive(Deserialize)]
struct BookWire {
    positions: Vec<Row>,
}

#[derive(Deserialize)]
struct CheckWire {
    id: String,
    status: String,
}

#[derive(Deserialize)]
struct SourceWire {
    path: String,
}

#[derive(Deserialize, Default)]
struct StatsWire {
    events: u64,
}

#[derive(Deserialize)]
struct WindowWire {
    from: Option<String>,
    until: Option<String>,
}

impl Verdict {
    /// The verdict of a report in JSON.
    pub fn of(report: &Value) -> Result<Verdict, NotAReport> {
        let wire = Wire::deserialize(report).map_err(|error| NotAReport(error.to_string()))?;
        let mut books = BTreeMap::new();
        for (book, rows) in wire.books {
            books.extend(rows.positions.into_iter().map(|row| ((book.clone(), row.symbol.clone()), row)));
        }
        let mut integrity: BTreeMap<Distrust, u64> = BTreeMap::new();
        for distrust in wire.integrity {
            *integrity.entry(distrust).or_default() += 1;
        }
        Ok(Verdict {
            verdict: wire.verdict,
            hash: wire.verdict_hash,
            breaks: wire.breaks,
            books,
            checks: wire.checks.into_iter().map(|check| (check.id, check.status)).collect(),
            integrity,
            sources: wire.sources.into_iter().map(|source| source.path).collect(),
            events: wire.stats.events,
            window: (wire.window.from, wire.window.until),
        })
    }
}
