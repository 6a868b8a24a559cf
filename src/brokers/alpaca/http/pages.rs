//! Lists that come in pages: read to their end, or not at all.

use std::collections::HashSet;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::brokers::Endpoint;
use crate::brokers::alpaca::http::body::Shape;
use crate::brokers::alpaca::http::client::{Request, Session};
use crate::brokers::alpaca::http::refusal::{Asked, ClientError};

/// The most orders that a page may have (alpaca.md 3.1).
const ORDERS_PER_PAGE: usize = 500;
/// The most activities that a page may have (alpaca.md 4.1).
const ACTIVITIES_PER_PAGE: usize = 100;
/// 100,000 activities, four times the largest window we promise to read: beyond this the pages do not end.
const PAGES_LIMIT: usize = 1_000;

/// The stretch of time that a list is read for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    pub(super) after: DateTime<Utc>,
    pub(super) until: Option<DateTime<Utc>>,
}

impl Stretch {
    fn query(self) -> Vec<(&'static str, String)> {
        let until = self.until.map(|until| ("until", written(until)));
        [("after", written(self.after))].into_iter().chain(until).collect()
    }
}

/// All activities of the stretch, oldest first, so that what happens meanwhile comes last (alpaca.md 4.1).
pub(super) async fn activities(session: &Session<'_>, stretch: Stretch) -> Result<Vec<String>, ClientError> {
    let mut list = List::new(Endpoint::Activities);
    loop {
        let mut query = stretch.query();
        query.push(("direction", "asc".to_owned()));
        query.push(("page_size", ACTIVITIES_PER_PAGE.to_string()));
        if let Some(token) = &list.last_id {
            query.push(("page_token", token.clone()));
        }
        let rows = list.add(session.get(&request(Endpoint::Activities, query)).await?)?;
        if rows < ACTIVITIES_PER_PAGE {
            return Ok(list.pages);
        }
    }
}

/// All orders that were submitted in the stretch, oldest first, legs inside their parents (alpaca.md 3.1); only those
/// of `symbols`, unless that is empty.
pub(super) async fn orders(session: &Session<'_>, stretch: Stretch, symbols: &[String]) -> Result<Vec<String>, ClientError> {
    let mut list = List::new(Endpoint::Orders);
    let mut by_id = true;
    let mut position = stretch.query();
    loop {
        let mut query = orders_query("all", true);
        query.extend(position.iter().cloned());
        if !symbols.is_empty() {
            query.push(("symbols", symbols.join(",")));
        }
        let rows = match session.get(&request(Endpoint::Orders, query)).await {
            Ok(body) => list.add(body)?,
            // The cursor came in 2026 (alpaca.md 3.1); where it is not understood, the times still are.
            Err(ClientError::NotAccepted { .. }) if by_id && list.last_id.is_some() => {
                by_id = false;
                position = list.after_last_time(stretch)?;
                continue;
            }
            Err(error) => return Err(error),
        };
        if rows < ORDERS_PER_PAGE || list.is_past(stretch.until) {
            return Ok(list.pages);
        }
        position = if by_id { list.after_last_id()? } else { list.after_last_time(stretch)? };
    }
}

/// The orders that are open now, flat: with `nested` the live legs of a filled parent are not listed (alpaca.md 3.4).
/// An account with more than 500 of them is read by cursor.
pub(super) async fn open_orders(session: &Session<'_>) -> Result<Vec<String>, ClientError> {
    let mut list = List::new(Endpoint::Orders);
    let mut position = Vec::new();
    loop {
        let mut query = orders_query("open", false);
        query.append(&mut position);
        let rows = list.add(session.get(&request(Endpoint::Orders, query)).await?)?;
        if rows < ORDERS_PER_PAGE {
            return Ok(list.pages);
        }
        position = list.after_last_id()?;
    }
}

fn orders_query(status: &'static str, nested: bool) -> Vec<(&'static str, String)> {
    vec![
        ("status", status.to_owned()),
        ("limit", ORDERS_PER_PAGE.to_string()),
        ("direction", "asc".to_owned()),
        ("nested", nested.to_string()),
    ]
}

fn request(endpoint: Endpoint, query: Vec<(&'static str, String)>) -> Request {
    Request { endpoint: endpoint.path(), query, shape: Shape::Array }
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// The pages so far, and the guards against pages that do not end.
struct List {
    endpoint: Endpoint,
    pages: Vec<String>,
    seen: HashSet<String>,
    last_id: Option<String>,
    last_time: Option<DateTime<Utc>>,
}

/// What of a row is needed to go on from it.
#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    submitted_at: Option<&'a RawValue>,
}

impl List {
    fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, pages: Vec::new(), seen: HashSet::new(), last_id: None, last_time: None }
    }

    /// Takes a page; gives the number of its rows. A full page must end in an id and must bring something new.
    fn add(&mut self, body: String) -> Result<usize, ClientError> {
        let rows: Vec<&RawValue> =
            serde_json::from_str(&body).map_err(|error| self.endless(format!("a page is no list: {error}")))?;
        let count = rows.len();
        let mut new = 0;
        let mut last = (None, None);
        for row in rows {
            let row: Option<Row<'_>> = serde_json::from_str(row.get()).ok();
            let id = row.as_ref().and_then(|row| text(row.id?));
            let time = row.as_ref().and_then(|row| text(row.submitted_at?)?.parse().ok());
            // Rows without an id cannot be told apart, so they count as new.
            new += usize::from(id.as_ref().is_none_or(|id| self.seen.insert(id.clone())));
            last = (id, time);
        }
        // Duplicate ids are allowed inside a page (alpaca.md 4.1), a page of nothing else is not.
        if count > 0 && new == 0 && self.pages_repeat(count) {
            return Err(self.endless("a page repeats".to_owned()));
        }
        if self.pages.len() >= PAGES_LIMIT {
            return Err(self.endless(format!("there are more than {PAGES_LIMIT} pages")));
        }
        if count > 0 {
            (self.last_id, self.last_time) = last;
        }
        if count > 0 || self.pages.is_empty() {
            self.pages.push(body);
        }
        Ok(count)
    }

    /// A short page of known rows ends the list and does no harm; a full one would come for ever.
    fn pages_repeat(&self, count: usize) -> bool {
        match self.endpoint {
            Endpoint::Orders => count >= ORDERS_PER_PAGE,
            _ => count >= ACTIVITIES_PER_PAGE,
        }
    }

    fn after_last_id(&self) -> Result<Vec<(&'static str, String)>, ClientError> {
        let id = self.last_id.clone().ok_or_else(|| self.endless("the last row of a full page has no id".to_owned()))?;
        Ok(vec![("after_order_id", id)])
    }

    /// A millisecond of overlap, because children share their parent's time (alpaca.md 3.1).
    fn after_last_time(&self, stretch: Stretch) -> Result<Vec<(&'static str, String)>, ClientError> {
        let time = self.last_time.ok_or_else(|| self.endless("the last row of a full page has no submitted_at".to_owned()))?;
        Ok(Stretch { after: time - TimeDelta::milliseconds(1), ..stretch }.query())
    }

    /// The cursor cannot be combined with `until` (alpaca.md 3.1), so the end is found here.
    fn is_past(&self, until: Option<DateTime<Utc>>) -> bool {
        matches!((self.last_time, until), (Some(last), Some(until)) if last > until)
    }

    fn endless(&self, reason: String) -> ClientError {
        let tries = u32::try_from(self.pages.len() + 1).unwrap_or(u32::MAX);
        ClientError::Endless { asked: Asked { endpoint: self.endpoint.path(), tries }, reason }
    }
}

fn text(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(ids: std::ops::Range<usize>) -> String {
        let rows: Vec<_> = ids.map(|id| format!("{{\"id\":\"{id}\"}}")).collect();
        format!("[{}]", rows.join(","))
    }

    #[test]
    fn a_full_page_without_anything_new_is_an_error() {
        let mut list = List::new(Endpoint::Activities);
        assert_eq!(list.add(page(0..100)), Ok(100));
        assert!(matches!(list.add(page(0..100)), Err(ClientError::Endless { .. })));
        assert_eq!(list.add(page(90..100)), Ok(10));
    }

    #[test]
    fn an_empty_last_page_is_not_kept() {
        let mut list = List::new(Endpoint::Activities);
        assert_eq!(list.add(page(0..100)), Ok(100));
        assert_eq!(list.add("[]".to_owned()), Ok(0));
        assert_eq!((list.pages.len(), list.last_id.as_deref()), (1, Some("99")));
        let mut nothing = List::new(Endpoint::Activities);
        assert_eq!(nothing.add("[]".to_owned()), Ok(0));
        assert_eq!(nothing.pages, ["[]"]);
    }

    #[test]
    fn a_full_page_must_end_in_an_id() {
        let mut list = List::new(Endpoint::Orders);
        let rows = vec!["{}"; ORDERS_PER_PAGE].join(",");
        assert_eq!(list.add(format!("[{rows}]")), Ok(ORDERS_PER_PAGE));
        assert!(matches!(list.after_last_id(), Err(ClientError::Endless { .. })));
    }
}
