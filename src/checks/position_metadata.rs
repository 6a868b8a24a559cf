//! Every position of the broker has metadata: an entry score above zero, components, and an entry time.

use itertools::Itertools;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

use super::{Check, Detail, Finding, Status, View, is_held};
use crate::breaks::BookName;
use crate::event::Holding;
use crate::position::Symbol;
use crate::time::{self, Time};
use crate::witness::Witness;

pub(super) const CHECK: Check = Check {
    id: "position_metadata",
    meaning: "Every position of the broker has a row with an entry score above zero, components and an entry time that is its own.",
    outcomes: &[Status::Pass, Status::Warn, Status::CouldNotCheck],
    case: "entry-times-made-up-together",
    now: "2026-05-20T15:30:30Z",
    run,
};

/// The name of its format.
const BOOK: &str = "position_metadata";

fn run(view: &View<'_>) -> Finding {
    let path = view.path_of_book(BOOK);
    let Some(broker) = view.book(BookName::Broker).filter(|book| book.witness == Witness::BrokerPositions) else {
        return Finding::new(CHECK.id, Status::CouldNotCheck, "the broker's positions are not known");
    };
    if let Some(entry) = view.trouble(BOOK) {
        return Finding::new(CHECK.id, Status::CouldNotCheck, format!("{path}: {}", entry.trouble.reason));
    }
    if !view.has_source(BOOK) && !view.lacks(BOOK) {
        return Finding::new(CHECK.id, Status::CouldNotCheck, format!("this bot keeps no {path}"));
    }
    if view.book(BookName::Metadata).is_none() && !view.lacks(BOOK) {
        return Finding::new(CHECK.id, Status::CouldNotCheck, format!("{path} describes a later time than now"));
    }
    let rows: BTreeMap<&Symbol, &Holding> =
        view.book(BookName::Metadata).iter().flat_map(|book| book.holdings.iter()).map(|row| (&row.symbol, row)).collect();
    let held: Vec<&Symbol> = broker.holdings.iter().filter(|row| is_held(row)).map(|row| &row.symbol).sorted().collect();
    let lacking: Vec<String> = held.iter().filter_map(|symbol| lacks(symbol, rows.get(symbol).copied())).collect();
    let invented = invented(&rows);
    let mut wrong = Vec::new();
    if !lacking.is_empty() {
        wrong.push(format!("lacking: {}", lacking.join("; ")));
    }
    if !invented.is_empty() {
        wrong.push(format!("entry times made up together, and not to be trusted: {}", invented.join("; ")));
    }
    let (status, summary) = match wrong.as_slice() {
        [] => (Status::Pass, format!("score, components and entry time are there for every position ({})", held.len())),
        wrong => (Status::Warn, wrong.join("; ")),
    };
    Finding::new(CHECK.id, status, summary)
        .with("positions", Detail::Count(held.len() as u64))
        .with("lacking", Detail::List(lacking))
        .with("entry_times_invented_together", Detail::List(invented))
}

/// What a position's row lacks, named.
fn lacks(symbol: &Symbol, row: Option<&Holding>) -> Option<String> {
    let Some(row) = row else { return Some(format!("{symbol} row")) };
    let fields = [
        ("entry_score", row.further().score.is_none_or(|score| score <= Decimal::ZERO)),
        ("components", !row.further().annotated),
        ("entry_ts", row.further().entry_time.is_none()),
    ];
    let named = fields.iter().filter(|(_, lacks)| *lacks).map(|(name, _)| *name).join(", ");
    (!named.is_empty()).then(|| format!("{symbol} {named}"))
}

/// Entry times in one millisecond were made up when the rows were injected (incident 25).
fn invented(rows: &BTreeMap<&Symbol, &Holding>) -> Vec<String> {
    let by_time =
        rows.iter().filter_map(|(symbol, row)| Some((row.further().entry_time?.milliseconds(), *symbol))).into_group_map();
    let groups = by_time.into_iter().filter(|(_, symbols)| symbols.len() > 1).sorted();
    let words = groups.map(|(milliseconds, symbols)| {
        let at = Time::of_nanoseconds(milliseconds * 1_000_000);
        format!("{} at {}", symbols.iter().join(", "), time::show(at))
    });
    words.collect()
}
