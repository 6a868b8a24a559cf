//! What the script knows: the rows behind the picture and the biographies, and the tape. Every text stands there once.

use serde::Serialize;
use std::collections::HashMap;

use super::Told;
use super::escape::inside_script;
use super::lives::{Life, columns, outcome, says};
use super::scale::{Clock, Span, since};
use crate::biographies::Row;
use crate::breaks::Severity;
use crate::origin::Origin;
use crate::outputs::stages;
use crate::outputs::text::situation;
use crate::position::Symbol;
use crate::report::Report;
use crate::source::{harmless, visible};

/// Letters of an event's words; a whole book of thousands of symbols is cut, and says so by its last letter.
const WORDS: usize = 400;

/// Texts, each once, by number.
#[derive(Default)]
struct Texts {
    all: Vec<String>,
    places: HashMap<String, usize>,
}

impl Texts {
    fn place(&mut self, text: &str) -> usize {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = self.all.len();
        self.all.push(visible(text));
        self.places.insert(text.to_owned(), place);
        place
    }
}

#[derive(Serialize)]
struct Data<'a> {
    /// Milliseconds since 1970 at the left edge of the picture, and its width.
    from: i64,
    span: i64,
    /// Letters of a date that are left out of a time.
    left_out: usize,
    sources: Vec<String>,
    symbols: Vec<&'a str>,
    /// Class, sign and word of each thing that can become of a row.
    outcomes: Vec<(&'static str, &'static str, &'static str)>,
    lives: Vec<LifeRows>,
    texts: Vec<String>,
}

#[derive(Serialize)]
struct LifeRows {
    rows: Vec<RowData>,
    fixes: Vec<MarkData>,
    breaks: Vec<OpenData>,
}

/// Time, the three columns, what became of it, its words, source, line; and if it stands for several: how many more, and the last.
type RowData = (Option<i64>, [usize; 3], usize, usize, usize, u32, Option<(u32, Option<i64>, usize, u32)>);

/// Time, words, source, line.
type MarkData = (Option<i64>, usize, usize, u32);

/// Opened, resolved, words.
type OpenData = (Option<i64>, Option<i64>, usize);

/// An event of the tape: time, sort, symbol, words, source, line.
type EventData = (Option<i64>, usize, Option<usize>, usize, usize, u32);

#[derive(Serialize)]
struct TapeData {
    events: Vec<EventData>,
    texts: Vec<String>,
}

/// The rows, as JSON for a script element.
pub(super) fn rows(told: &Told<'_>, lives: &[Life<'_>], span: Span) -> Result<String, serde_json::Error> {
    let mut texts = Texts::default();
    let mut outcomes = Vec::new();
    let report = told.report;
    let rows = |life: &Life<'_>, texts: &mut Texts, outcomes: &mut Vec<_>| -> Vec<RowData> {
        life.rows().iter().map(|row| self::row(report, row, span, texts, outcomes)).collect()
    };
    let all = lives.iter().map(|life| LifeRows {
        rows: rows(life, &mut texts, &mut outcomes),
        fixes: life.fixes.iter().map(|fix| fixed(report, fix, span, &mut texts)).collect(),
        breaks: opened(life, span, &mut texts),
    });
    let data = Data {
        lives: all.collect(),
        from: span.from.milliseconds(),
        span: (span.until - span.from).num_milliseconds().max(1),
        left_out: Clock::of(Some(span)).left_out(),
        sources: report.sources.iter().map(|source| visible(&source.path)).collect(),
        symbols: lives.iter().map(|life| life.symbol.as_str()).collect(),
        outcomes,
        texts: texts.all,
    };
    Ok(inside_script(&serde_json::to_string(&data)?))
}

fn source(origin: Origin) -> usize {
    usize::from(origin.source.0)
}

fn row(
    report: &Report,
    row: &Row,
    span: Span,
    texts: &mut Texts,
    outcomes: &mut Vec<(&'static str, &'static str, &'static str)>,
) -> RowData {
    let outcome = outcome(row);
    let became = outcomes.iter().position(|other| *other == outcome).unwrap_or_else(|| {
        outcomes.push(outcome);
        outcomes.len() - 1
    });
    let (last_at, last) = row.last;
    let more = row.events() - 1;
    let last = (more > 0).then(|| (more, since(span, last_at), source(last), report.line_of(last)));
    (
        since(span, row.at),
        columns(row).map(|column| texts.place(&column)),
        became,
        texts.place(&says(row)),
        source(row.origin),
        report.line_of(row.origin),
        last,
    )
}

fn fixed(report: &Report, fix: &crate::outcome::Fix, span: Span, texts: &mut Texts) -> MarkData {
    let words = format!("the reconciler's {}: {}", fix.event, fix.verdict());
    (since(span, fix.at), texts.place(&words), source(fix.origin), report.line_of(fix.origin))
}

fn opened(life: &Life<'_>, span: Span, texts: &mut Texts) -> Vec<OpenData> {
    let found = life.breaks.iter().filter(|found| found.severity > Severity::Note);
    found
        .map(|found| {
            let words = format!("{} {}; cause {}", found.severity.code(), situation(found), found.cause.code);
            let resolved = found.resolved_at.and_then(|at| since(span, at));
            (since(span, found.opened_at), resolved, texts.place(&words))
        })
        .collect()
}

/// The whole tape, as JSON for a script element; `None` where it was not kept.
pub(super) fn tape(told: &Told<'_>, lives: &[Life<'_>], span: Span) -> Result<Option<(String, usize)>, serde_json::Error> {
    let report = told.report;
    if told.tape.len() as u64 != report.stats.events {
        return Ok(None);
    }
    let places: HashMap<&Symbol, usize> = lives.iter().enumerate().map(|(place, life)| (life.symbol, place)).collect();
    let mut texts = Texts::default();
    let from = report.asked.window.from;
    let within = told.tape.iter().filter(|event| from.is_none_or(|from| event.at >= from));
    let events: Vec<EventData> = within
        .map(|event| {
            let symbol = event.symbol().and_then(|symbol| places.get(symbol)).copied();
            let words = harmless(&stages::words(event), WORDS);
            let (sort, words) = (texts.place(stages::sort(event)), texts.place(&words));
            (since(span, event.at), sort, symbol, words, source(event.origin), report.line_of(event.origin))
        })
        .collect();
    let count = events.len();
    let data = TapeData { events, texts: texts.all };
    Ok(Some((inside_script(&serde_json::to_string(&data)?), count)))
}
