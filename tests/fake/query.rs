//! Limits, filters and pages of the two lists (alpaca.md 3.1, 4.1).

use chrono::{DateTime, Utc};

use super::book::{Book, Row, body};
use super::http::{Answer, Seen};

/// Which orders count as closed (alpaca.md 3.3; `held` children were listed as closed, 3.4).
const CLOSED: [&str; 6] = ["filled", "canceled", "expired", "rejected", "replaced", "held"];

/// `/v2/orders` (alpaca.md 3.1).
pub fn orders(book: &Book, request: &Seen) -> Answer {
    let cursor = request.parameter("after_order_id");
    if cursor.is_some() && (request.parameter("after").is_some() || request.parameter("until").is_some()) {
        return Answer::error(422, "{\"code\":40010001,\"message\":\"after_order_id cannot be combined with after or until\"}");
    }
    let bounds = Bounds::of(request);
    let nested = request.parameter("nested") == Some("true");
    let flat = book
        .orders
        .iter()
        .flat_map(|order| if nested { vec![order] } else { std::iter::once(order).chain(&order.legs).collect() });
    let symbols: Option<Vec<&str>> = request.parameter("symbols").map(|symbols| symbols.split(',').collect());
    let wanted = |order: &&Row| {
        let closed = CLOSED.contains(&order.status.as_str());
        let status = match request.parameter("status").unwrap_or("open") {
            "all" => true,
            "closed" => closed,
            _ => !closed,
        };
        let symbol = order.symbol.replace('/', "");
        status && bounds.hold(order) && symbols.as_ref().is_none_or(|symbols| symbols.contains(&symbol.as_str()))
    };
    let found = directed(flat.filter(wanted).collect(), request);
    page(found, cursor, number(request, "limit", 50).min(500))
}

/// `/v2/account/activities` (alpaca.md 4.1).
pub fn activities(book: &Book, request: &Seen) -> Answer {
    let bounds = Bounds::of(request);
    let found = book.activities.iter().filter(|activity| bounds.hold(activity)).collect();
    page(directed(found, request), request.parameter("page_token"), number(request, "page_size", 100).min(100))
}

/// The exclusive bounds of a request.
struct Bounds {
    after: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

impl Bounds {
    fn of(request: &Seen) -> Self {
        let bound = |name: &str| request.parameter(name).and_then(|text| text.parse().ok());
        Self { after: bound("after"), until: bound("until") }
    }

    /// A row without a time is in every window.
    fn hold(&self, row: &Row) -> bool {
        let Some(at) = row.at else { return true };
        self.after.is_none_or(|after| at > after) && self.until.is_none_or(|until| at < until)
    }
}

fn directed<'a>(mut rows: Vec<&'a Row>, request: &Seen) -> Vec<&'a Row> {
    rows.sort_by_key(|row| row.at);
    if request.parameter("direction") != Some("asc") {
        rows.reverse();
    }
    rows
}

fn page(rows: Vec<&Row>, after: Option<&str>, limit: usize) -> Answer {
    let start = after.and_then(|after| rows.iter().rposition(|row| row.id == after));
    let skipped = start.map_or(0, |start| start + 1);
    Answer::json(body(rows.into_iter().skip(skipped).take(limit)))
}

fn number(request: &Seen, name: &str, default: usize) -> usize {
    request.parameter(name).and_then(|text| text.parse().ok()).unwrap_or(default)
}
