//! What stands below the breaks: the checks, the fixes, money, and the account of every line.

use itertools::Itertools;
use std::collections::BTreeMap;

use super::Place;
use super::cards::usd;
use super::scale::{Clock, Moment};
use crate::breaks::{BookName, Break};
use crate::checks::{Detail, Finding, Status};
use crate::integrity::Integrity;
use crate::outcome::Fix;
use crate::position::{Position, Symbol};
use crate::profit::{Difference, Why};
use crate::report::{BookRow, Report};
use crate::source::Source;
use crate::time;

/// Rows of a list that are on the page at all; the JSON report has the rest.
const MOST: usize = 1000;

/// One of the eight checks.
pub(super) struct Check {
    pub(super) id: &'static str,
    pub(super) class: &'static str,
    pub(super) sign: &'static str,
    pub(super) word: &'static str,
    pub(super) summary: String,
    pub(super) details: Vec<(String, String)>,
}

pub(super) fn checks(report: &Report) -> Vec<Check> {
    report.checks.iter().map(check).collect()
}

fn check(found: &Finding) -> Check {
    let (class, sign, word) = match found.status {
        Status::Pass => ("clean", "✓", "pass"),
        Status::Warn => ("warned", "!", "warn"),
        Status::Fail => ("broken", "✕", "fail"),
        Status::CouldNotCheck => ("unchecked", "?", "could not check"),
    };
    let details = found.details.iter().map(|(key, detail)| (key.replace('_', " "), self::detail(detail)));
    Check { id: found.id, class, sign, word, summary: found.summary.clone(), details: details.collect() }
}

/// What the broker holds, as an audit has it: quantity, entry, now, unrealised USD and %, held for, score.
pub(super) fn positions(report: &Report) -> Vec<(String, [String; 7])> {
    let Some(audit) = &report.audit else { return Vec::new() };
    let rows = |name: BookName| report.books.iter().filter(move |book| book.name == name).flat_map(|book| &book.rows);
    let expected: BTreeMap<&Symbol, &Position> = rows(BookName::Expected)
        .filter_map(|(symbol, row)| if let BookRow::Expected(position) = row { Some((symbol, position)) } else { None })
        .collect();
    let held = rows(BookName::Broker).filter_map(|(symbol, row)| match row {
        BookRow::Stated(holding) => {
            Some((symbol.to_string(), crate::outputs::audit::cells(holding, expected.get(symbol).copied(), audit)))
        }
        BookRow::Expected(_) => None,
    });
    held.collect()
}

fn detail(detail: &Detail) -> String {
    match detail {
        Detail::Text(text) => text.clone(),
        Detail::Count(count) => count.to_string(),
        Detail::Truth(truth) => if *truth { "yes" } else { "no" }.to_owned(),
        Detail::List(list) if list.is_empty() => "none".to_owned(),
        Detail::List(list) => list.join(", "),
        Detail::Moment(at) => at.map_or_else(|| "never".to_owned(), time::show),
        Detail::Minutes(minutes) => minutes.map_or_else(|| "not known".to_owned(), |minutes| format!("{minutes} min")),
    }
}

/// The reconciler's fixes.
pub(super) struct Fixes {
    pub(super) counts: Vec<(usize, &'static str, &'static str)>,
    pub(super) notable: Vec<Fixed>,
    pub(super) routine: Vec<Fixed>,
    pub(super) left_out: usize,
}

/// One fix.
pub(super) struct Fixed {
    pub(super) at: Moment,
    pub(super) event: &'static str,
    pub(super) symbols: String,
    pub(super) verdict: &'static str,
    pub(super) class: &'static str,
    pub(super) place: Place,
}

/// What each verdict means.
fn meaning(verdict: &str) -> (&'static str, &'static str) {
    match verdict {
        "routine" => ("agrees", "said what the tape had, too"),
        "right" => ("clean", "repaired a break whose cause is proved"),
        "masking" => ("warned", "overwrote a book without the cause being known"),
        _ => ("broken", "made without the broker: it moved the book away from it"),
    }
}

pub(super) fn fixes(report: &Report, clock: Clock) -> Fixes {
    let counts = report.fixes.iter().counts_by(|fix| fix.verdict());
    let counts = Fix::VERDICTS.iter().rev().filter_map(|verdict| Some((*counts.get(verdict)?, *verdict, meaning(verdict).1)));
    let (routine, notable): (Vec<&Fix>, Vec<&Fix>) = report.fixes.iter().partition(|fix| fix.verdict() == "routine");
    let left_out = routine.len().saturating_sub(MOST) + notable.len().saturating_sub(MOST);
    let shown = |fixes: Vec<&Fix>| fixes.into_iter().take(MOST).map(|fix| fixed(report, fix, clock)).collect();
    Fixes { counts: counts.collect(), notable: shown(notable), routine: shown(routine), left_out }
}

fn fixed(report: &Report, fix: &Fix, clock: Clock) -> Fixed {
    Fixed {
        at: clock.moment(fix.at),
        event: fix.event,
        symbols: fix.symbols.iter().join(", "),
        verdict: fix.verdict(),
        class: meaning(fix.verdict()).0,
        place: Place::of(report, fix.origin),
    }
}

/// Money: what the breaks were worth while they were open, and profits that are not what their own prices say.
pub(super) struct Money {
    pub(super) exposures: Vec<Exposure>,
    pub(super) exits: u64,
    pub(super) logged: String,
    pub(super) recomputed: String,
    pub(super) difference: String,
    pub(super) why: String,
    pub(super) differing: Vec<Differing>,
    pub(super) left_out: usize,
}

/// What one break was worth.
pub(super) struct Exposure {
    pub(super) id: String,
    pub(super) symbol: String,
    pub(super) at_stake: String,
    pub(super) exposure: String,
    pub(super) open: String,
}

/// One exit whose logged profit is wrong.
pub(super) struct Differing {
    pub(super) symbol: String,
    pub(super) at: Moment,
    pub(super) logged: String,
    pub(super) recomputed: String,
    pub(super) why: &'static str,
    pub(super) place: Place,
}

pub(super) fn money(report: &Report, clock: Clock) -> Money {
    let profit = &report.profit;
    let worth = report.breaks.iter().filter_map(|found| exposure(report, found));
    let why = profit.differing.iter().counts_by(|difference| difference.why.code());
    let exposures: Vec<Exposure> = worth.take(MOST).collect();
    Money {
        exposures,
        exits: profit.exits,
        logged: usd(profit.logged),
        recomputed: usd(profit.recomputed),
        difference: usd(profit.logged - profit.recomputed),
        why: why.iter().sorted().map(|(why, count)| format!("{count} {}", why.replace('_', " "))).join(", "),
        differing: profit.differing.iter().take(MOST).map(|difference| differing(report, difference, clock)).collect(),
        left_out: profit.differing.len().saturating_sub(MOST),
    }
}

fn exposure(report: &Report, found: &Break) -> Option<Exposure> {
    let stake = found.money_at_stake().filter(|money| !money.is_zero())?;
    let open = found.resolved_at.or(report.window.until)? - found.opened_at;
    Some(Exposure {
        id: found.id(),
        symbol: found.symbol.as_ref().map(Symbol::to_string).unwrap_or_default(),
        at_stake: usd(stake),
        exposure: found.exposure(report.window.until).map(|exposure| format!("{exposure} USD·s")).unwrap_or_default(),
        open: format!("{}{}", crate::checks::span(open), if found.is_open() { ", still open" } else { "" }),
    })
}

fn differing(report: &Report, difference: &Difference, clock: Clock) -> Differing {
    Differing {
        symbol: difference.symbol.to_string(),
        at: clock.moment(difference.at),
        logged: usd(difference.logged),
        recomputed: usd(difference.recomputed),
        why: match difference.why {
            Why::Sign => "the sign is the other one",
            Why::PartialFill => "only the first partial fill was counted",
            Why::Multiplier => "an option was reckoned per share",
            Why::Other => "not known",
        },
        place: Place::of(report, difference.origin),
    }
}

/// The account of every line.
pub(super) struct Account {
    pub(super) entries: Vec<Entry>,
    pub(super) left_out: usize,
    pub(super) sources: Vec<Row>,
    pub(super) total: Row,
    pub(super) ties: Vec<String>,
}

/// What could not be understood.
pub(super) struct Entry {
    pub(super) place: String,
    pub(super) reason: &'static str,
    pub(super) says: String,
    pub(super) excerpt: String,
    pub(super) consequence: &'static str,
    pub(super) forbids_clean: bool,
}

/// One source.
#[derive(Default)]
pub(super) struct Row {
    pub(super) path: String,
    pub(super) format: &'static str,
    pub(super) lines: u64,
    pub(super) understood: u64,
    pub(super) ignored: u64,
    pub(super) rules: String,
    pub(super) quarantined: u64,
    pub(super) events: u64,
    pub(super) remarks: String,
}

pub(super) fn account(report: &Report) -> Account {
    let sources: Vec<Row> = report.sources.iter().sorted_by(|one, two| one.path.cmp(&two.path)).map(row).collect();
    let total = Row {
        path: format!("{} files", sources.len()),
        lines: sources.iter().map(|row| row.lines).sum(),
        understood: sources.iter().map(|row| row.understood).sum(),
        ignored: sources.iter().map(|row| row.ignored).sum(),
        quarantined: sources.iter().map(|row| row.quarantined).sum(),
        events: sources.iter().map(|row| row.events).sum(),
        ..Row::default()
    };
    let ties = report.ties.iter().map(|tie| {
        let records = tie.origins.iter().map(|origin| format!("{}:{}", report.path_of(*origin), report.line_of(*origin)));
        format!("{} at {}: another order of {} would give other breaks", tie.symbol, time::show(tie.at), records.format(", "))
    });
    // What forbids a clean verdict first.
    let entries = report.integrity.iter().sorted_by_key(|entry| !entry.forbids_clean).take(MOST).map(entry).collect();
    Account { entries, left_out: report.integrity.len().saturating_sub(MOST), sources, total, ties: ties.collect() }
}

fn entry(entry: &Integrity) -> Entry {
    let column = entry.column.map(|column| format!(":{column}")).unwrap_or_default();
    Entry {
        place: if entry.line == 0 { entry.source.clone() } else { format!("{}:{}{column}", entry.source, entry.line) },
        reason: entry.reason,
        says: entry.says.clone(),
        excerpt: entry.excerpt.clone(),
        consequence: entry.consequence,
        forbids_clean: entry.forbids_clean,
    }
}

fn row(source: &Source) -> Row {
    let by_rule: &BTreeMap<&'static str, u64> = &source.ignored;
    let mut remarks = Vec::new();
    if source.out_of_order > 0 {
        remarks.push(format!("{} out of order", source.out_of_order));
    }
    if source.duplicates > 0 {
        remarks.push(format!("{} twice", source.duplicates));
    }
    if source.passed_over > 0 {
        remarks.push(format!("{} bytes outside of the window passed over", source.passed_over));
    }
    Row {
        path: source.path.clone(),
        format: source.format,
        lines: source.lines,
        understood: source.understood,
        ignored: by_rule.values().sum(),
        rules: by_rule.iter().map(|(rule, count)| format!("{count} {rule}")).join(", "),
        quarantined: source.quarantined,
        events: source.events,
        remarks: remarks.join(", "),
    }
}
