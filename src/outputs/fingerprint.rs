//! `verdict_hash`: a short name for what a report found. It stays the same wherever the files lie and however the findings are worded.

use itertools::Itertools;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use twox_hash::XxHash3_128;

use super::document::BookDocument;
use super::findings::BreakDocument;

/// xxh3-128, in hexadecimal, of the verdict's word, of breaks, causes and books: a line a fact, its fields parted by `|`, absent ones
/// as `-`.
pub(super) fn of(verdict: &str, breaks: &[BreakDocument<'_>], books: &BTreeMap<&'static str, BookDocument>) -> String {
    let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let mut canonical = format!("verdict|{verdict}\n");
    for found in breaks.iter().sorted_by_key(|found| (&found.first_failed_at, &found.id)) {
        let fields = [
            "break",
            &found.id,
            found.symbol.unwrap_or("-"),
            found.kind,
            found.severity,
            found.book,
            found.witness,
            &or_none(&found.expected),
            &or_none(&found.actual),
            &found.opened_at,
            &found.first_failed_at,
            &or_none(&found.resolved_at),
            found.cause.code,
            if found.cause.proved { "proved" } else { "-" },
        ];
        let accepted = if found.accepted.is_some() { "|accepted" } else { "" };
        let _ = writeln!(canonical, "{}{accepted}", fields.join("|"));
    }
    for (name, book) in books {
        for row in &book.positions {
            let numbers = [&row.qty, &row.low, &row.high, &row.avg_entry_price, &row.entry_score];
            let _ = writeln!(canonical, "book|{name}|{}|{}", row.symbol, numbers.into_iter().map(or_none).join("|"));
        }
    }
    format!("{:032x}", XxHash3_128::oneshot(canonical.as_bytes()))
}
