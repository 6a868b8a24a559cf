//! The books side by side: what differs first, and how, in words and numbers.

use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

use super::lives::{Life, Standing};
use super::scale::Clock;
use crate::breaks::{BookName, Break, Severity};
use crate::event::Holding;
use crate::outputs::text::{signed, situation};
use crate::position::{Position, Quantity, Side, Symbol, plain};
use crate::report::{Book, BookRow, Report};

/// Rows shown before the rest is folded.
const SHOWN: usize = 40;

/// The table.
pub(super) struct Books {
    pub(super) columns: Vec<Column>,
    pub(super) shown: Vec<Line>,
    pub(super) folded: Vec<Line>,
    pub(super) differing: usize,
}

/// A book: its name, and as of when it speaks.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
    pub(super) as_of: String,
}

/// What each book has of one symbol.
pub(super) struct Line {
    pub(super) symbol: String,
    standing: Standing,
    pub(super) class: &'static str,
    pub(super) sign: &'static str,
    pub(super) cells: Vec<String>,
    pub(super) provenance: String,
    pub(super) agree: String,
    pub(super) differences: Vec<String>,
}

/// The order of the columns.
const ORDER: [BookName; 4] = [BookName::Expected, BookName::Executor, BookName::Broker, BookName::Metadata];

pub(super) fn of(report: &Report, lives: &[Life<'_>], clock: Clock) -> Books {
    let books: BTreeMap<BookName, &Book> = report.books.iter().map(|book| (book.name, book)).collect();
    let by_symbol: BTreeMap<&Symbol, &Life<'_>> = lives.iter().map(|life| (life.symbol, life)).collect();
    let symbols: BTreeSet<&Symbol> = report.books.iter().flat_map(|book| book.rows.iter().map(|(symbol, _)| symbol)).collect();
    let open = lives.iter().filter(|life| life.standing == Standing::Broken).map(|life| life.symbol);
    let symbols: BTreeSet<&Symbol> = symbols.into_iter().chain(open).collect();
    let mut lines: Vec<Line> = symbols.into_iter().map(|symbol| line(report, symbol, by_symbol.get(symbol), &books)).collect();
    lines.sort_by_key(|line| (line.standing != Standing::Broken, line.differences.is_empty(), line.standing));
    let differing = lines.iter().filter(|line| !line.differences.is_empty()).count();
    let folded = lines.split_off(lines.len().min(SHOWN.max(differing.min(SHOWN * 5))));
    let columns = ORDER.iter().filter_map(|name| books.get(name)).map(|book| column(book, clock)).collect();
    Books { columns, shown: lines, folded, differing }
}

fn column(book: &Book, clock: Clock) -> Column {
    let (name, meaning) = match book.name {
        BookName::Expected => ("Expected", "what the bot's own records add up to"),
        BookName::Executor => ("Executor", "what the bot believes: executor_state.json"),
        BookName::Broker => ("Broker", "what the broker says"),
        BookName::Metadata => ("Metadata", "what the bot knows of its entries: position_metadata.json"),
    };
    let as_of = match book.as_of {
        Some(at) => format!("as of {}", clock.moment(at).shown),
        None if book.complete => "undated".to_owned(),
        None => "not stated".to_owned(),
    };
    Column { name, meaning, as_of }
}

fn find<'a>(book: Option<&&'a Book>, symbol: &Symbol) -> Option<&'a BookRow> {
    let rows = &book?.rows;
    let place = rows.binary_search_by(|(other, _)| other.cmp(symbol)).ok()?;
    rows.get(place).map(|(_, row)| row)
}

fn line(report: &Report, symbol: &Symbol, life: Option<&&Life<'_>>, books: &BTreeMap<BookName, &Book>) -> Line {
    let tolerance = report.asked.equality.tolerance_quantity;
    let standing = life.map_or(Standing::Agrees, |life| life.standing);
    let breaks = life.map_or(&[][..], |life| &life.breaks);
    let row = |name: BookName| find(books.get(&name), symbol);
    let is_stated = |name: BookName| books.get(&name).is_some_and(|book| book.as_of.is_some() || book.complete);
    let cells = ORDER.iter().map(|name| cell(row(*name), is_stated(*name))).collect();
    let position = match row(BookName::Expected) {
        Some(BookRow::Expected(position)) => Some(position),
        Some(BookRow::Stated(_)) | None => None,
    };
    let complete = books.get(&BookName::Expected).is_some_and(|book| book.complete);
    let expected = position.map_or(if complete { Quantity::FLAT } else { Quantity::UNKNOWN }, |position| position.quantity);
    let mut differences = Vec::new();
    for name in [BookName::Broker, BookName::Executor, BookName::Metadata].into_iter().filter(|name| is_stated(*name)) {
        let holding = match row(name) {
            Some(BookRow::Stated(holding)) => Some(holding),
            Some(BookRow::Expected(_)) | None => None,
        };
        differences.extend(match name {
            BookName::Metadata => annotation(expected, holding),
            BookName::Broker => quantity("broker", expected, holding, tolerance),
            BookName::Executor | BookName::Expected => quantity("executor", expected, holding, tolerance),
        });
    }
    let open: Vec<&&Break> = breaks.iter().filter(|found| found.is_open() && found.severity > Severity::Note).collect();
    if !differences.is_empty() && open.is_empty() {
        differences.push("no open break: stated at another moment, or the tape cannot tell".to_owned());
    }
    differences.extend(open.into_iter().map(|found| open_break(report, found)));
    let others: Vec<&str> =
        ORDER.iter().filter(|name| **name != BookName::Expected && is_stated(**name)).map(|name| name.code()).collect();
    let (class, sign) = sign(standing, differences.len(), others.len(), expected);
    let agree = match (class, others.len()) {
        ("alone", 0) => "nobody else states it".to_owned(),
        ("alone", _) => "what should be held is not known".to_owned(),
        (_, 3) => "agree".to_owned(),
        (_, _) => format!("agrees with {}; the others are not stated", others.join(" and ")),
    };
    let provenance = position.map(provenance).unwrap_or_default();
    Line { symbol: symbol.to_string(), standing, class, sign, cells, provenance, agree, differences }
}

/// Equal only where somebody else states what is known.
fn sign(standing: Standing, differences: usize, others: usize, expected: Quantity) -> (&'static str, &'static str) {
    let known = expected.low().is_some() || expected.high().is_some();
    match (standing, differences) {
        (Standing::Broken, _) => ("broken", "✕"),
        (Standing::Warned | Standing::Accepted, 1..) => ("warned", "!"),
        (Standing::Mended | Standing::Agrees, 1..) => ("differs", "≠"),
        (Standing::Mended | Standing::Agrees | Standing::Warned | Standing::Accepted, 0) if others == 0 || !known => {
            ("alone", "?")
        }
        (Standing::Mended | Standing::Agrees | Standing::Warned | Standing::Accepted, 0) => ("agrees", "="),
    }
}

/// `orphan, open since 14:15:04 (-5)`: the situation and its number.
fn open_break(report: &Report, found: &Break) -> String {
    let difference = found.difference().map(|difference| format!(" ({})", signed(difference))).unwrap_or_default();
    let standing = if report.acceptance.of(found).is_some() { "accepted" } else { "open" };
    format!("{standing} {}: {}{difference}", found.severity.code(), situation(found))
}

fn cell(row: Option<&BookRow>, stated: bool) -> String {
    match row {
        Some(BookRow::Expected(position)) => position.quantity.to_string(),
        Some(BookRow::Stated(Holding { quantity: Some(quantity), .. })) => plain(*quantity),
        Some(BookRow::Stated(holding)) => holding.side().map_or_else(|| "row".to_owned(), |side| side.to_string()),
        None if stated => "–".to_owned(),
        None => "?".to_owned(),
    }
}

/// How much of a position is logged, confirmed, adopted, unknown; nothing where all of it is confirmed.
fn provenance(position: &Position) -> String {
    let parts = position.provenance;
    let parts = [
        (parts.confirmed, "confirmed"),
        (parts.logged, "only logged"),
        (parts.adopted, "adopted"),
        (parts.unknown, "there before"),
    ];
    let told: Vec<String> =
        parts.iter().filter(|(part, _)| !part.is_zero()).map(|(part, word)| format!("{} {word}", plain(*part))).collect();
    if told.len() == 1 && !parts[0].0.is_zero() { String::new() } else { told.join(", ") }
}

/// How a book's quantity differs from what should be held; nothing where it is one that may be.
fn quantity(who: &str, expected: Quantity, holding: Option<&Holding>, tolerance: Decimal) -> Option<String> {
    let stated = holding.map_or(Some(Decimal::ZERO), |holding| holding.quantity)?;
    if expected.allows(stated, tolerance) {
        return None;
    }
    let Some(known) = expected.known() else { return Some(format!("the {who} has {}, expected {expected}", plain(stated))) };
    let difference = signed(stated - known);
    let told = match (Side::of(known), Side::of(stated)) {
        (None, _) => format!("the {who} holds {}, nothing expected ({difference})", plain(stated)),
        (_, None) => format!("the {who} does not hold it ({difference})"),
        (one, two) if one != two => format!("the {who} is on the other side ({difference})"),
        (_, _) => {
            let more = if stated.abs() > known.abs() { "more" } else { "less" };
            format!("the {who} holds {} {more} ({difference})", plain((stated - known).abs()))
        }
    };
    Some(told)
}

/// Of the metadata only its rows are held against the others.
fn annotation(expected: Quantity, holding: Option<&Holding>) -> Option<String> {
    match holding {
        None if expected.is_open() => Some("the metadata has no row".to_owned()),
        Some(_) if expected.is_flat() => Some("the metadata still has a row".to_owned()),
        Some(holding) if holding.side().zip(expected.side()).is_some_and(|(one, two)| one != two) => {
            Some("the metadata is on the other side".to_owned())
        }
        None | Some(_) => None,
    }
}
