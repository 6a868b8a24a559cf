//! Break cards: what is wrong, why, the proof with its sums, the bracket, the records, what to do, and what to type.

use rust_decimal::Decimal;

use super::Place;
use super::scale::{Clock, Moment};
use crate::breaks::{Break, Severity};
use crate::catalogue::{self, Entry};
use crate::checks::span;
use crate::outputs::text::{signed, situation};
use crate::outputs::{accepted, evidence};
use crate::position::Symbol;
use crate::report::Report;

/// Breaks and warnings with a card; more of them are told in a line each.
const CARDS: usize = 200;

/// Cards that are open when the page is.
const OPEN: usize = 3;

/// Records of one break that are shown before its middle is folded.
const EVIDENCE: usize = 16;

/// All breaks.
pub(super) struct Cards {
    pub(super) cards: Vec<Card>,
    pub(super) notes: Vec<Card>,
    pub(super) lines: Vec<Card>,
}

/// One break.
pub(super) struct Card {
    pub(super) id: String,
    pub(super) symbol: Option<String>,
    pub(super) open: bool,
    pub(super) class: &'static str,
    pub(super) sign: &'static str,
    pub(super) severity: &'static str,
    pub(super) kind: &'static str,
    pub(super) situation: String,
    pub(super) state: String,
    pub(super) counts: bool,
    /// Why it does not count, where somebody accepted it.
    pub(super) accepted: Option<String>,
    pub(super) expected: Option<String>,
    pub(super) expected_by: String,
    pub(super) actual: Option<String>,
    pub(super) actual_by: String,
    pub(super) difference: Option<String>,
    pub(super) at_stake: Option<String>,
    pub(super) exposure: Option<String>,
    pub(super) order_sensitive: bool,
    pub(super) cause: &'static str,
    pub(super) certainty: &'static str,
    pub(super) edit: Option<String>,
    pub(super) meaning: &'static str,
    pub(super) kind_meaning: &'static str,
    pub(super) alternatives: String,
    pub(super) remedy: &'static str,
    pub(super) bracket: Vec<Step>,
    pub(super) evidence: Vec<Record>,
    pub(super) more_evidence: Vec<Record>,
    pub(super) commands: Vec<Command>,
}

/// A moment of a break's life.
pub(super) struct Step {
    pub(super) word: &'static str,
    pub(super) at: Option<Moment>,
    pub(super) after: String,
}

/// A record that bears on a break.
pub(super) struct Record {
    pub(super) at: Moment,
    pub(super) says: String,
    pub(super) place: Place,
    /// What stands before the bytes that matter, they, and what stands behind them.
    pub(super) excerpt: [String; 3],
    /// `actual 13`, where it is a side of the break.
    pub(super) side: Option<String>,
}

/// What to type.
pub(super) struct Command {
    pub(super) what: &'static str,
    pub(super) line: String,
}

pub(super) fn of(report: &Report, clock: Clock) -> Cards {
    let (notes, others): (Vec<&Break>, Vec<&Break>) = report.breaks.iter().partition(|found| found.severity == Severity::Note);
    let codes = catalogue::entries();
    let mut cards: Vec<Card> = others.iter().map(|found| card(report, found, &codes, clock)).collect();
    let mut lines = cards.split_off(cards.len().min(CARDS));
    let mut notes: Vec<Card> = notes.iter().map(|found| card(report, found, &codes, clock)).collect();
    lines.extend(notes.split_off(notes.len().min(CARDS)));
    cards.iter_mut().take(OPEN).filter(|card| card.severity == Severity::Break.code()).for_each(|card| card.open = true);
    Cards { cards, notes, lines }
}

fn card(report: &Report, found: &Break, codes: &[Entry], clock: Clock) -> Card {
    let (class, sign) = match found.severity {
        Severity::Break => ("break", "✕"),
        Severity::Warning => ("warning", "!"),
        Severity::Note => ("note", "i"),
    };
    let cause = codes.iter().find(|entry| entry.sort == "cause" && entry.code == found.cause.code);
    let records = (0..found.evidence.len()).filter_map(|place| record(report, found, place, clock));
    let mut shown: Vec<Record> = records.collect();
    let mut more_evidence = shown.split_off(shown.len().min(EVIDENCE));
    // The failed statement comes last and is never folded.
    shown.extend(more_evidence.pop());
    Card {
        id: found.id(),
        symbol: found.symbol.as_ref().map(Symbol::to_string),
        open: false,
        class,
        sign,
        severity: found.severity.code(),
        kind: found.kind.code(),
        situation: situation(found),
        state: state(found),
        counts: report.counts(found),
        accepted: accepted::reason(report, found),
        expected: found.expected.text(),
        expected_by: format!("the {} book", found.book.code()),
        actual: found.actual.text(),
        actual_by: found.witness.replace('_', " "),
        difference: found.difference().map(signed),
        at_stake: found.money_at_stake().filter(|money| !money.is_zero()).map(usd),
        exposure: exposure(report, found),
        order_sensitive: found.order_sensitive,
        cause: found.cause.code,
        certainty: certainty(found),
        edit: found.cause.edit.clone(),
        meaning: cause.map_or("", |entry| entry.meaning),
        kind_meaning: found.kind.meaning(),
        alternatives: found.cause.alternatives.join(", "),
        remedy: cause.and_then(|entry| entry.remedy).unwrap_or_default(),
        bracket: bracket(found, clock),
        evidence: shown,
        more_evidence,
        commands: commands(report, found),
    }
}

/// `settled at once`, `resolved after 46 s`, `still open`.
fn state(found: &Break) -> String {
    match found.resolved_at {
        Some(at) if at == found.first_failed_at => "settled at once".to_owned(),
        Some(at) => format!("resolved after {}", span(at - found.opened_at)),
        None => "still open".to_owned(),
    }
}

fn certainty(found: &Break) -> &'static str {
    match (found.cause.code, found.cause.proved) {
        ("unknown", _) => "not known",
        ("ambiguous", _) => "several explain as much",
        (_, true) => "proved",
        (_, false) => "likely, not proved",
    }
}

/// Money, with two digits.
pub(super) fn usd(value: Decimal) -> String {
    format!("{:.2} USD", value.round_dp(2))
}

/// USD times seconds mean little to a reader: the factors are told.
fn exposure(report: &Report, found: &Break) -> Option<String> {
    let exposure = found.exposure(report.window.until).filter(|exposure| !exposure.is_zero())?;
    let open = found.resolved_at.or(report.window.until)? - found.opened_at;
    let stake = found.money_at_stake()?;
    Some(format!("{} for {} ({exposure} USD·s)", usd(stake), span(open)))
}

fn bracket(found: &Break, clock: Clock) -> Vec<Step> {
    let moments = [
        ("last agreed", found.last_agreed_at),
        ("opened", Some(found.opened_at).filter(|opened| *opened != found.first_failed_at)),
        ("first failed", Some(found.first_failed_at)),
        ("resolved", found.resolved_at.filter(|at| *at != found.first_failed_at)),
    ];
    let mut steps: Vec<Step> = Vec::new();
    let mut before = None;
    for (word, at) in moments.into_iter().filter_map(|(word, at)| Some((word, at?))) {
        let after = before.filter(|before| *before < at).map(|before| later(at - before)).unwrap_or_default();
        steps.push(Step { word, at: Some(clock.moment(at)), after });
        before = Some(at);
    }
    if found.is_open() {
        steps.push(Step { word: "still open", at: None, after: String::new() });
    }
    steps
}

/// `0.3 s later`, `46 s later`, `65 min later`.
fn later(after: chrono::Duration) -> String {
    if after < chrono::Duration::seconds(10) {
        return format!("{} s later", Decimal::new(after.num_milliseconds(), 3).round_dp(1).normalize());
    }
    format!("{} later", span(after))
}

fn record(report: &Report, found: &Break, place: usize, clock: Clock) -> Option<Record> {
    let record = found.evidence.get(place)?;
    let text = || report.excerpts.get(&record.origin).cloned().unwrap_or_default();
    let excerpt = match evidence::spot(report, found, record) {
        Some(spot) => [spot.before.clone(), spot.bytes.clone(), spot.after.clone()],
        None => [text(), String::new(), String::new()],
    };
    Some(Record {
        at: clock.moment(record.at),
        says: record.says.clone(),
        place: Place::of(report, record.origin),
        excerpt,
        side: evidence::side(report, found, place),
    })
}

fn commands(report: &Report, found: &Break) -> Vec<Command> {
    let mut commands = vec![Command { what: "see it again", line: report.asked.again(found.symbol.as_ref()) }];
    commands.extend(found.next(&report.asked).map(|line| Command { what: "its biography", line }));
    let code = if found.cause.code == "unknown" { found.kind.code() } else { found.cause.code };
    commands.push(Command { what: "what the code means", line: format!("tapecheck explain {code}") });
    commands
}

/// What counts for the verdict, the worst first, in a sentence each, with the id of its card.
pub(super) fn headlines(cards: &[Card]) -> impl Iterator<Item = (String, String)> {
    cards.iter().filter(|card| card.counts).map(|card| (format!("break-{}", card.id), headline(card)))
}

fn headline(card: &Card) -> String {
    let symbol = card.symbol.as_ref().map(|symbol| format!("{symbol}: ")).unwrap_or_default();
    let numbers = match (&card.expected, &card.actual, &card.difference) {
        (Some(expected), Some(actual), Some(difference)) => format!(" {expected} expected, {actual} stated ({difference})."),
        (Some(expected), Some(actual), None) => format!(" {expected} expected, {actual} stated."),
        (_, _, _) => String::new(),
    };
    let why = card.edit.clone().unwrap_or_else(|| card.situation.clone());
    format!("{symbol}{why}.{numbers}")
}

/// The cards of a symbol: their ids and what they are of, for links to them.
pub(super) fn of_symbol(cards: &[Card], symbol: &Symbol) -> Vec<(String, String)> {
    let own = cards.iter().filter(|card| card.symbol.as_deref() == Some(symbol.as_str()));
    own.map(|card| (card.id.clone(), format!("{} {}", card.severity, card.kind.replace('_', " ")))).collect()
}
