//! What goes wrong, by name.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::book::{Book, rows};
use super::http::{Answer, Seen};
use super::query;

/// The symbol and order that the books ahead and behind are about.
const MOVER: &str = "ZZMOVE";
const MOVER_ORDER: &str = "b1d2c3a4-0001-4e10-9a01-aa00000000ff";
/// For so many visits the late endpoint is late.
const LATE_VISITS: usize = 2;

/// A fault, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    Ok,
    /// 403 for everything: keys of the other environment.
    Forbidden,
    /// 429 with `Retry-After`, at the first visit of positions.
    LimitedWithWait,
    /// 429 without, at the first visit of positions.
    LimitedBare,
    /// 500 with a page, at the first visit of positions.
    HtmlOnce,
    /// 500 with a page, always.
    HtmlAlways,
    /// Positions take a minute.
    Slow,
    /// Half a body, at the first visit of positions.
    Truncated,
    /// No answer at all, at the first visit of positions.
    Reset,
    /// A redirect, always, to `/stolen` of the same host.
    Redirect,
    /// An empty body, at the first visit of positions.
    Empty,
    /// Positions change with each visit.
    NeverConverging,
    /// Positions hold what orders and activities do not show yet.
    PositionsAhead,
    /// Activities show what positions do not hold yet.
    FillsAhead,
    /// Each page of activities is the first one.
    LoopToken,
    /// There is always one more page of activities.
    EndlessPages,
    /// The cursor of orders is not known (it came in 2026).
    NoOrderCursor,
    /// Nobody listens.
    Down,
}

/// What is done with a request.
pub enum Step {
    Answer(Answer),
    Slow(Answer, Duration),
    Truncate(Answer),
    Reset,
}

impl Scenario {
    /// All of them, by the names that the command line takes.
    pub const NAMED: [(&'static str, Self); 18] = [
        ("ok", Self::Ok),
        ("forbidden", Self::Forbidden),
        ("429-retry-after", Self::LimitedWithWait),
        ("429", Self::LimitedBare),
        ("html-once", Self::HtmlOnce),
        ("html-always", Self::HtmlAlways),
        ("slow", Self::Slow),
        ("truncated", Self::Truncated),
        ("reset", Self::Reset),
        ("redirect", Self::Redirect),
        ("empty", Self::Empty),
        ("never-converging", Self::NeverConverging),
        ("positions-ahead", Self::PositionsAhead),
        ("fills-ahead", Self::FillsAhead),
        ("loop-token", Self::LoopToken),
        ("endless-pages", Self::EndlessPages),
        ("no-order-cursor", Self::NoOrderCursor),
        ("down", Self::Down),
    ];

    pub fn refuses_all(self) -> bool {
        self == Self::Forbidden
    }

    /// What goes wrong with the sending of an answer. `visit` counts from 1.
    pub fn fault(self, request: &Seen, visit: usize, answer: Answer) -> Step {
        let page = Answer::error(500, "<html><h1>500 Internal Server Error</h1></html>");
        let limited = Answer::error(429, "{\"code\":42910000,\"message\":\"rate limit exceeded\"}");
        let positions = request.path == "/v2/positions";
        let first = positions && visit == 1;
        match self {
            Self::LimitedWithWait if first => Step::Answer(limited.with("Retry-After", "1")),
            Self::LimitedBare if first => Step::Answer(limited),
            Self::HtmlOnce if first => Step::Answer(page),
            Self::HtmlAlways => Step::Answer(page),
            Self::Slow if positions => Step::Slow(answer, Duration::from_secs(60)),
            Self::Truncated if first => Step::Truncate(answer),
            Self::Reset if first => Step::Reset,
            Self::NoOrderCursor if request.parameter("after_order_id").is_some() => {
                Step::Answer(Answer::error(422, "{\"code\":40010001,\"message\":\"after_order_id is not known\"}"))
            }
            Self::Redirect => Step::Answer(Answer::error(302, "").with("Location", "/stolen")),
            Self::Empty if first => Step::Answer(Answer { body: String::new(), ..answer }),
            _ => Step::Answer(answer),
        }
    }

    /// What a book that moves answers; `None` where it answers as usual.
    pub fn book_answer(self, book: &Book, request: &Seen, visit: usize) -> Option<Answer> {
        let path = request.path.as_str();
        match (self, path) {
            (Self::NeverConverging, "/v2/positions") => Some(positions_with(book, visit)),
            (Self::PositionsAhead, "/v2/positions") => Some(positions_with(book, 5)),
            (Self::FillsAhead, "/v2/positions") => Some(positions_with(book, if visit > LATE_VISITS { 5 } else { 0 })),
            (Self::PositionsAhead, "/v2/orders") => {
                let late = visit <= LATE_VISITS && request.parameter("symbols").is_none();
                Some(orders_with(book, request, late))
            }
            (Self::FillsAhead, "/v2/orders") => Some(orders_with(book, request, false)),
            (Self::PositionsAhead | Self::FillsAhead, "/v2/account/activities") => {
                // The first reading of the list is the only one that is late: looking again asks for another stretch.
                let late = self == Self::PositionsAhead && request.parameter("after").is_some_and(|after| is_old(book, after));
                Some(if late { query::activities(book, request) } else { activities_with(book, request) })
            }
            (Self::LoopToken, "/v2/account/activities") => Some(Answer::json(numbered_page(0))),
            (Self::EndlessPages, "/v2/account/activities") => {
                let token = request.parameter("page_token").and_then(|token| token.parse::<usize>().ok());
                Some(Answer::json(numbered_page(token.map_or(0, |token| token + 1))))
            }
            _ => None,
        }
    }
}

fn numbered_page(from: usize) -> String {
    let rows: Vec<Value> = (from..from + 100).map(|number| json!({"id": number.to_string(), "activity_type": "FEE"})).collect();
    Value::from(rows).to_string()
}

/// The time that the book's clock shows.
fn clock(book: &Book) -> DateTime<Utc> {
    let value: Value = serde_json::from_str(&book.clock).unwrap_or_default();
    value["timestamp"].as_str().and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn is_old(book: &Book, after: &str) -> bool {
    after.parse::<DateTime<Utc>>().is_ok_and(|after| clock(book) - after > TimeDelta::hours(1))
}

fn positions_with(book: &Book, quantity: usize) -> Answer {
    let mut rows: Vec<Value> = serde_json::from_str(&book.positions).unwrap_or_default();
    if quantity > 0 {
        rows.push(json!({"symbol": MOVER, "qty": quantity.to_string(), "side": "long"}));
    }
    Answer::json(Value::from(rows).to_string())
}

fn orders_with(book: &Book, request: &Seen, open: bool) -> Answer {
    let at = clock(book).to_rfc3339();
    let (status, filled) = if open { ("accepted", "0") } else { ("filled", "5") };
    let order = json!([{
        "id": MOVER_ORDER, "client_order_id": "mover", "symbol": MOVER, "side": "buy", "qty": "5", "filled_qty": filled,
        "status": status, "created_at": at, "submitted_at": at
    }]);
    let mut book = book.clone();
    book.orders.extend(rows(&order.to_string(), &["submitted_at"]));
    query::orders(&book, request)
}

fn activities_with(book: &Book, request: &Seen) -> Answer {
    let at = clock(book).to_rfc3339();
    let fill = json!([{
        "id": "20261120100412893::0f6a2b1c-1111-4a01-8b01-0000000000a2", "activity_type": "FILL", "transaction_time": at,
        "type": "fill", "price": "10", "qty": "5", "side": "buy", "symbol": MOVER, "order_id": MOVER_ORDER
    }]);
    let mut book = book.clone();
    book.activities.extend(rows(&fill.to_string(), &["transaction_time"]));
    query::activities(&book, request)
}
