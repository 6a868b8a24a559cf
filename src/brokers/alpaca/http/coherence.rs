//! Whether two looks at the account agree (alpaca.md 6.3). Nothing here is judged: what cannot be understood is left to
//! the parser, and only compared as text.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::time::{Time, plausible};

/// What is held and what is open, by symbol, as of one look.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    held: BTreeMap<String, BTreeSet<String>>,
    open: BTreeMap<String, BTreeSet<String>>,
}

impl Look {
    /// From the bodies of positions and of open orders.
    pub(super) fn read(positions: &str, open_orders: &[String]) -> Self {
        let mut look = Self::default();
        for row in rows(positions) {
            if let Some(symbol) = row.symbol() {
                look.held.entry(symbol).or_default().insert(row.told(&[row.qty, row.side]));
            }
        }
        for row in open_orders.iter().flat_map(|page| rows(page)).flat_map(Row::with_legs) {
            if let Some(symbol) = row.symbol() {
                look.open.entry(symbol).or_default().insert(row.told(&[row.id, row.status, row.qty, row.filled_qty]));
            }
        }
        look
    }

    /// The symbols whose quantity or open orders differ.
    pub(super) fn moved(&self, later: &Self) -> BTreeSet<String> {
        let mut symbols = differing(&self.held, &later.held);
        symbols.extend(differing(&self.open, &later.open));
        symbols
    }
}

/// When each symbol was last touched, by what the pages of orders and activities say: fills, what was created, and what
/// was submitted.
pub(super) fn last_touched<'a>(pages: impl Iterator<Item = &'a String>) -> BTreeMap<String, DateTime<Utc>> {
    let mut touched = BTreeMap::new();
    for row in pages.flat_map(|page| rows(page)).flat_map(Row::with_legs) {
        let times = [row.transaction_time, row.filled_at, row.submitted_at, row.created_at];
        let latest = times.into_iter().flatten().filter_map(time).max();
        if let (Some(symbol), Some(latest)) = (row.symbol(), latest) {
            let entry = touched.entry(symbol).or_insert(latest);
            *entry = latest.max(*entry);
        }
    }
    touched
}

/// The broker's time in the body of its clock (alpaca.md 5).
pub(super) fn clock_time(body: &str) -> Option<DateTime<Utc>> {
    #[derive(Deserialize)]
    struct Wire {
        timestamp: String,
    }
    moment(&serde_json::from_str::<Wire>(body).ok()?.timestamp)
}

/// A paper account's number starts with `PA` (alpaca.md 2.1).
pub(super) fn is_paper_account(body: &str) -> Option<bool> {
    #[derive(Deserialize)]
    struct Wire {
        account_number: String,
    }
    Some(serde_json::from_str::<Wire>(body).ok()?.account_number.starts_with("PA"))
}

/// A row of positions, orders or activities. Every value is kept as text, whatever its type.
#[derive(Debug, Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    symbol: Option<&'a RawValue>,
    #[serde(borrow)]
    qty: Option<&'a RawValue>,
    #[serde(borrow)]
    side: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    filled_qty: Option<&'a RawValue>,
    #[serde(borrow)]
    transaction_time: Option<&'a RawValue>,
    #[serde(borrow)]
    filled_at: Option<&'a RawValue>,
    #[serde(borrow)]
    submitted_at: Option<&'a RawValue>,
    #[serde(borrow)]
    created_at: Option<&'a RawValue>,
    #[serde(borrow)]
    legs: Option<&'a RawValue>,
}

impl<'a> Row<'a> {
    /// `BTC/USD` and `BTCUSD` are one instrument (alpaca.md 0, fact 6). The parent of a spread has no symbol
    /// (alpaca.md 3.2).
    fn symbol(&self) -> Option<String> {
        let symbol: String = serde_json::from_str(self.symbol?.get()).ok()?;
        let symbol = symbol.trim().replace('/', "").to_ascii_uppercase();
        Some(symbol).filter(|symbol| !symbol.is_empty())
    }

    fn told(&self, values: &[Option<&RawValue>]) -> String {
        let told: Vec<_> = values.iter().map(|value| value.map_or("", RawValue::get)).collect();
        told.join(" ")
    }

    /// The row and its legs, one level deep (alpaca.md 3.2).
    fn with_legs(self) -> Vec<Row<'a>> {
        let mut all = self.legs.map(|legs| rows(legs.get())).unwrap_or_default();
        all.push(self);
        all
    }
}

fn rows(body: &str) -> Vec<Row<'_>> {
    let raw: Vec<&RawValue> = serde_json::from_str(body).unwrap_or_default();
    raw.into_iter().filter_map(|row| serde_json::from_str(row.get()).ok()).collect()
}

fn time(raw: &RawValue) -> Option<DateTime<Utc>> {
    moment(&serde_json::from_str::<String>(raw.get()).ok()?)
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    text.parse().ok().filter(|moment: &DateTime<Utc>| plausible(Time::from(*moment)).is_some())
}

fn differing(one: &BTreeMap<String, BTreeSet<String>>, other: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let symbols = one.keys().chain(other.keys());
    symbols.filter(|symbol| one.get(*symbol) != other.get(*symbol)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(one: (&str, &str), other: (&str, &str)) -> Vec<String> {
        let look = |(positions, orders): (&str, &str)| Look::read(positions, &[orders.to_owned()]);
        look(one).moved(&look(other)).into_iter().collect()
    }

    #[test]
    fn what_moves_is_named() {
        let held = r#"[{"symbol":"A","qty":"1","side":"long"},{"symbol":"BTCUSD","qty":0.5,"side":"long"}]"#;
        let open = r#"[{"id":"o1","symbol":"BTC/USD","status":"new","filled_qty":"0"}]"#;
        assert_eq!(moved((held, open), (held, open)), [""; 0]);
        assert_eq!(moved((held, open), (held, "[]")), ["BTCUSD"]);
        assert_eq!(moved((held, open), ("[]", open)), ["A", "BTCUSD"]);
        assert_eq!(moved((held, open), (&held.replace("\"1\"", "\"2\""), &open.replace("new", "filled"))), ["A", "BTCUSD"]);
        assert_eq!(moved((held, open), (&held.replace("\"long\"},", "\"long\",\"current_price\":\"3\"},"), open)), [""; 0]);
    }

    #[test]
    fn legs_count_and_odd_rows_do_no_harm() {
        let parent = r#"[7, null, {"symbol":""}, {"id":"p","symbol":"A","status":"filled","legs":[{"id":"l","symbol":"A","status":"held"}]}]"#;
        assert_eq!(moved(("[]", parent), ("[]", &parent.replace("held", "new"))), ["A"]);
    }

    #[test]
    fn the_last_touch_is_the_latest_time() {
        let pages = [
            r#"[{"symbol":"A","transaction_time":"2026-11-20T15:04:12.893417Z"},{"symbol":"A","submitted_at":"2026-11-20T11:00:00-05:00"}]"#.to_owned(),
            r#"[{"symbol":"B","created_at":7,"filled_at":null}]"#.to_owned(),
        ];
        let touched = last_touched(pages.iter());
        assert_eq!(touched.len(), 1);
        assert_eq!(touched["A"].to_rfc3339(), "2026-11-20T16:00:00+00:00");
    }
}
