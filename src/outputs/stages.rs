//! `show tape` and `show book`: the stages, as text and JSON.

use itertools::Itertools;
use serde::Serialize;

use super::paint::Look;
use super::table::Rows;

use crate::event::{Action, Claim, Event, Fact, Movement, Pulse, Statement};
use crate::position::plain;
use crate::report::{BookRow, Report};
use crate::source::visible;
use crate::tape::Tape;
use crate::time;
use crate::words::{says, told};

#[derive(Serialize)]
struct Row<'a> {
    ts: String,
    sort: &'static str,
    symbol: Option<&'a str>,
    says: String,
    source: &'a str,
    line: u32,
}

/// The sort of an event.
pub fn sort(event: &Event) -> &'static str {
    match &event.fact {
        Fact::Movement(movement) => match movement.action {
            Action::Fill(_) => "fill",
            Action::Entry(_) | Action::ScaleOut(_) | Action::Exit(_) | Action::CorporateAction(_) => "movement",
        },
        Fact::Statement(_) => "statement",
        Fact::Pulse(_) => "pulse",
    }
}

/// An event in words.
pub fn words(event: &Event) -> String {
    match &event.fact {
        Fact::Movement(movement) => moved(movement),
        Fact::Statement(Statement { witness, claim }) => match claim {
            Claim::Symbol(_, form) => says(*witness, form),
            Claim::Count(count) => format!("{} counts {count} positions", witness.code()),
            Claim::WholeBook(holdings) => {
                let rows =
                    holdings.iter().map(|row| format!("{} {}", row.symbol, row.quantity.map_or_else(|| "row".to_owned(), plain)));
                format!(
                    "{} holds: {}",
                    witness.code(),
                    if holdings.is_empty() { "nothing".to_owned() } else { rows.collect::<Vec<_>>().join(", ") }
                )
            }
        },
        Fact::Pulse(pulse) => pulse_words(pulse),
    }
}

/// A movement in words, and which other logs saw it.
pub(super) fn moved(movement: &Movement) -> String {
    let joined = movement.joined.iter().map(|(sighting, _, _)| sighting.name()).unique().join(", ");
    let also = if joined.is_empty() { String::new() } else { format!(" (also in: {joined})") };
    format!("{}{also}", told(&movement.symbol, &movement.action))
}

fn pulse_words(pulse: &Pulse) -> String {
    match pulse {
        Pulse::Cycle { market_open, healthy } => {
            let market = match market_open {
                Some(true) => ", market open",
                Some(false) => ", market closed",
                None => "",
            };
            format!("a cycle ended{market}{}", if *healthy { "" } else { ", not healthy" })
        }
        Pulse::CycleStarted => "a cycle began".to_owned(),
        Pulse::Evaluation => "exits were evaluated".to_owned(),
        Pulse::Reconciled => "the reconciler ran".to_owned(),
        Pulse::Fix { event, symbols } => format!("fix {event}: {}", symbols.iter().join(", ")),
        Pulse::DegradedEntered => "the reconciler lost the broker: degraded".to_owned(),
        Pulse::DegradedExited => "the reconciler has the broker again".to_owned(),
        Pulse::NoSnapshot => "the reconciler had no answer of the broker, old or new".to_owned(),
        Pulse::BrokerUnreachable => "the reconciler could not reach the broker".to_owned(),
        Pulse::Intention(_, what) => format!("meant: {what}"),
        Pulse::Failure(_, what) => format!("failed: {what}"),
        Pulse::EntryFailed(symbol, entry) => {
            let tried =
                if entry.requested.is_some() { told(symbol, &Action::Entry((**entry).clone())) } else { "an entry".to_owned() };
            format!("failed: {tried}")
        }
        Pulse::UnloggedEntry(symbol, entry) => {
            format!("order row without attribution: {}", told(symbol, &Action::Entry((**entry).clone())))
        }
        Pulse::BrokerOrder(order) => {
            let ordered = order.quantity.map_or_else(|| "?".to_owned(), plain);
            format!("broker order of {ordered} {}: {}, {} filled", order.symbol, order.status, plain(order.filled))
        }
    }
}

/// The tape, a line an event.
pub fn tape_text(tape: &Tape, report: &Report, look: &Look) -> String {
    let mut out = String::new();
    for event in &tape.events {
        let place = format!("{}:{}", report.path_of(event.origin), report.line_of(event.origin));
        let symbol = event.symbol().map_or("", |symbol| symbol.as_str());
        let row = format!("{}  {:<9} {:<6} {}  [{place}]", time::show(event.at), sort(event), symbol, words(event));
        out.push_str(&look.fitted(&look.spelt(&visible(&row))));
        out.push('\n');
    }
    out
}

/// The tape as JSON, an object a line.
pub fn tape_json(tape: &Tape, report: &Report) -> Result<String, serde_json::Error> {
    let mut out = String::new();
    for event in &tape.events {
        let row = Row {
            ts: time::show(event.at),
            sort: sort(event),
            symbol: event.symbol().map(|symbol| symbol.as_str()),
            says: words(event),
            source: report.path_of(event.origin),
            line: report.line_of(event.origin),
        };
        out.push_str(&serde_json::to_string(&row)?);
        out.push('\n');
    }
    Ok(out)
}

/// The expected book with its provenance, as text.
pub fn book_text(report: &Report, look: &Look) -> String {
    let header = ["symbol", "quantity", "entry price", "since (UTC)", "logged", "confirmed", "adopted", "unknown"];
    let mut table = Rows::under(&header, 1);
    for (symbol, row) in report.books.iter().flat_map(|book| &book.rows) {
        let BookRow::Expected(position) = row else { continue };
        let provenance = &position.provenance;
        let cells = [
            symbol.to_string(),
            position.quantity.to_string(),
            position.average_entry_price.map_or_else(String::new, |price| plain(price.round_dp(4))),
            position.entry_time.map_or_else(String::new, time::stamp),
            plain(provenance.logged),
            plain(provenance.confirmed),
            plain(provenance.adopted),
            plain(provenance.unknown),
        ];
        table.push(None, cells.to_vec());
    }
    let until = report.window.until.map_or_else(|| "?".to_owned(), time::show);
    let mut out = format!("what should be held at {until}\n");
    table.write(look, &mut out);
    out
}

impl Look {
    /// A row cut at the width, where the width is a terminal's.
    pub fn fitted(&self, row: &str) -> String {
        if self.terminal { self.cut(row, 0) } else { row.to_owned() }
    }
}
