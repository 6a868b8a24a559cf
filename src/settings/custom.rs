//! `[logs.custom.NAME]`: how the records of a format of its own are read.

use chrono_tz::Tz;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::file::{TOP, one_of};
use super::problem::Problem;
use super::table::{Table, Written};
use super::{Custom, limits};
use crate::layout::CustomLog;
use crate::logs::custom::{Book, Fields, Kind, KindOf, Mapping, Path, SpeaksFor, TimeFormat, Word};

fn path(text: &str) -> Result<Path, String> {
    Path::parse(text).ok_or_else(|| "the keys that lead to a field, such as order.symbol".to_owned())
}

/// One of some names.
fn named<T: Copy>(what: &'static str, all: &'static [(&'static str, T)]) -> impl Fn(&str) -> Result<T, String> {
    move |text| {
        let found = all.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        found.ok_or_else(|| one_of(what, text, all.iter().map(|(name, _)| *name)))
    }
}

/// Reads one table. `None`: it cannot be one; why stands in the problems.
pub(super) fn read(
    name: String,
    line: &dyn Fn(usize) -> u32,
    mut table: Table<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Custom> {
    let lines = |table: &Table<'_>| table.written().into_iter().map(|(key, value, byte)| (key, value, line(byte))).collect();
    let before = problems.len();
    let files = table.list("files", problems, limits::words).map(|(files, _)| files);
    let document = table.truth("document", problems).is_some_and(|(document, _)| document);
    let mut written = vec![(String::new(), lines(&table))];
    let mut tables: Vec<(&'static str, Table<'_>)> = Vec::new();
    for key in ["kinds", "sides", "book"] {
        if let Some(table) = table.table(key, problems) {
            written.push((key.to_owned(), lines(&table)));
            tables.push((key, table));
        }
    }
    let mapping = mapping(&mut table, &mut tables, problems);
    let at = table.at.clone();
    for (_, table) in tables {
        table.finish(&TOP, problems);
    }
    let full = table.name.clone();
    table.finish(&TOP, problems);
    if files.as_ref().is_none_or(Vec::is_empty) && problems.len() == before {
        problems
            .push(Problem { at, says: format!("[{full}] must say where its `files` are, such as files = \"trades/*.jsonl\"") });
    }
    let log = CustomLog { files: files?, document, mapping: Arc::new(mapping?) };
    (problems.len() == before).then_some(Custom { name, log, written })
}

fn mapping(table: &mut Table<'_>, tables: &mut [(&'static str, Table<'_>)], problems: &mut Vec<Problem>) -> Option<Mapping> {
    let fields = fields(table, problems);
    let time = table.text("time", problems, path).map(|(time, _)| time);
    let time_format = time_format(table, problems);
    let mut field = |key: &'static str| table.text(key, problems, path).map(|(path, _)| path);
    let (price, profit, score, order_id) = (field("price"), field("profit"), field("score"), field("order_id"));
    let pending = field("pending");
    let pending_when = table.list("pending_when", problems, limits::words).map_or_else(Vec::new, |(words, _)| words);
    let speaks_for = table.text("speaks_for", problems, named("whose word it is", &SpeaksFor::ALL)).map(|(speaks, _)| speaks);
    let mut sides = BTreeMap::new();
    let mut spelt = BTreeMap::new();
    let mut book = None;
    for (key, inner) in tables {
        match *key {
            "sides" => sides = words(inner, &Word::ALL, problems),
            "kinds" => spelt = words(inner, &Kind::ALL, problems),
            _ => book = self::book(inner, problems),
        }
    }
    let kind = kind_of(table, spelt, problems);
    let at = table.at.clone();
    let mut lacks = |is_there: bool, says: &str| {
        if !is_there {
            problems.push(Problem { at: at.clone(), says: format!("[{}] {says}", table.name) });
        }
    };
    let does = |wanted: fn(Kind) -> bool| match &kind {
        Some(KindOf::Every(kind)) => wanted(*kind),
        Some(KindOf::Told(_, spelt)) => spelt.values().any(|kind| wanted(*kind)),
        None => false,
    };
    lacks(time.is_some(), "must say which field is the `time`");
    lacks(
        !does(Kind::states) || speaks_for.is_some(),
        "states what is held, and must say whose word that is: speaks_for = \"broker\" or \"bot\"",
    );
    lacks(
        !does(|kind| kind == Kind::Book) || book.is_some(),
        "states whole books, and must say in a table `book` where their `positions` are",
    );
    let names_symbols = does(|kind| kind.moves() || kind == Kind::Position);
    lacks(!names_symbols || fields.symbol.is_some(), "must say which field is the `symbol`");
    let counts = does(|kind| matches!(kind, Kind::Entry | Kind::ScaleOut | Kind::Position));
    lacks(!counts || fields.quantity.is_some(), "must say which field is the `quantity`");
    lacks(pending_when.is_empty() || pending.is_some(), "must say which field is `pending`, if it has words for it");
    Some(Mapping {
        time: time?,
        time_format: time_format?,
        kind: kind?,
        fields,
        pending: pending.map(|path| (path, pending_when)),
        sides,
        price,
        profit,
        score,
        order_id,
        book,
        speaks_for: speaks_for.unwrap_or(SpeaksFor::Bot),
    })
}

fn fields(table: &mut Table<'_>, problems: &mut Vec<Problem>) -> Fields {
    let mut field = |key: &'static str| table.text(key, problems, path).map(|(path, _)| path);
    Fields { symbol: field("symbol"), quantity: field("quantity"), side: field("side") }
}

fn book(table: &mut Table<'_>, problems: &mut Vec<Problem>) -> Option<Book> {
    let row = fields(table, problems);
    let mut field = |key: &'static str| table.text(key, problems, path).map(|(path, _)| path);
    let (positions, price, market_price) = (field("positions"), field("price"), field("market_price"));
    Some(Book { positions: positions?, row, price, market_price })
}

/// Words by what they mean. One word cannot mean two things.
fn words<T: Copy + PartialEq>(
    table: &mut Table<'_>,
    all: &'static [(&'static str, T)],
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, T> {
    let mut spelt: BTreeMap<String, T> = BTreeMap::new();
    for (key, meaning) in all {
        let Some((words, at)) = table.list(key, problems, |text| Ok(text.to_owned())) else { continue };
        for word in words {
            let says = format!("\"{word}\" stands here, and under another key of [{}]", table.name);
            if spelt.insert(word, *meaning).is_some_and(|other| other != *meaning) {
                problems.push(Problem { at: at.clone(), says });
            }
        }
    }
    spelt
}

/// Either a field tells what a record does, or all of them do the same.
fn kind_of(table: &mut Table<'_>, spelt: BTreeMap<String, Kind>, problems: &mut Vec<Problem>) -> Option<KindOf> {
    let told = table.text("kind", problems, path);
    let every = table.text("every_line", problems, named("what every line does", &Kind::ALL));
    let says = match (told, every) {
        (Some((path, _)), None) if !spelt.is_empty() => return Some(KindOf::Told(path, spelt)),
        (None, Some((kind, _))) if spelt.is_empty() => return Some(KindOf::Every(kind)),
        (Some(_), None) => "has a `kind`, and must say in a table `kinds` how the kinds are spelt",
        (None, Some(_)) => "does the same in `every_line`, and cannot have `kinds`",
        (Some(_), Some(_)) => "has a `kind`, or does the same in `every_line`, not both",
        (None, None) => "must say which field is the `kind`, or what `every_line` does",
    };
    problems.push(Problem { at: table.at.clone(), says: format!("[{}] {says}", table.name) });
    None
}

fn time_format(table: &mut Table<'_>, problems: &mut Vec<Problem>) -> Option<TimeFormat> {
    let zone = table.text("zone", problems, |text| {
        text.parse::<Tz>().map_err(|_| "a zone of the tz database, such as UTC or America/New_York".to_owned())
    });
    let zone = zone.map_or(Tz::UTC, |(zone, _)| zone);
    let Some((format, _)) = table.text("time_format", problems, |text| format_of(text, zone)) else {
        // A wrong one is told, and stays wrong.
        return Some(TimeFormat::Any(zone));
    };
    Some(format)
}

fn format_of(text: &str, zone: Tz) -> Result<TimeFormat, String> {
    const ALLOWED: &str = "any, seconds, milliseconds, microseconds, nanoseconds, or as strftime has it: %d.%m.%Y %H:%M:%S";
    match text {
        "any" => Ok(TimeFormat::Any(zone)),
        "seconds" => Ok(TimeFormat::Epoch(1)),
        "milliseconds" => Ok(TimeFormat::Epoch(1_000)),
        "microseconds" => Ok(TimeFormat::Epoch(1_000_000)),
        "nanoseconds" => Ok(TimeFormat::Epoch(1_000_000_000)),
        _ => {
            let is_wrong = chrono::format::StrftimeItems::new(text).any(|item| item == chrono::format::Item::Error);
            if is_wrong || !text.contains('%') { Err(ALLOWED.to_owned()) } else { Ok(TimeFormat::Spelt(text.to_owned(), zone)) }
        }
    }
}

impl Custom {
    /// Its keys as they are written, table by table.
    pub(super) fn written(&self) -> &[(String, Vec<(String, Written, u32)>)] {
        &self.written
    }
}
