//! The report: everything that was found, sorted, and the verdict.

use chrono::Duration;
use itertools::Itertools;
use rust_decimal::Decimal;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::accept::{Acceptance, Rule};
use crate::account::Account;
use crate::blocks::Blocks;
use crate::breaks::{BookName, Break, Severity, Tie};
use crate::brokers::BrokerRead;
use crate::checks::{self, Audit, Finding, Status, View};
use crate::integrity::{self, Integrity};
use crate::layout::Missing;
use crate::ledger::{LastBook, Ledger, Settings};
use crate::origin::Origin;
use crate::outcome::{Fix, Tally};
use crate::position::{Position, Symbol};
use crate::profit::Profit;
use crate::source::{Quarantined, Source};
use crate::spots::{Fields, Spot};
use crate::time::{self, Time};

/// The three verdicts (design, rule 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that was asked was checked and agrees.
    Clean,
    /// At least one break.
    Breaks,
    /// No break found, but something could not be checked.
    CouldNotCheck,
}

impl Verdict {
    /// The code of the contract.
    pub fn code(self) -> &'static str {
        match self {
            Verdict::Clean => "clean",
            Verdict::Breaks => "breaks",
            Verdict::CouldNotCheck => "could_not_check",
        }
    }

    /// Exit status, as `diff` has it (contract, section 1).
    pub fn exit_status(self) -> u8 {
        match self {
            Verdict::Clean => 0,
            Verdict::Breaks => 1,
            Verdict::CouldNotCheck => 2,
        }
    }
}

/// The part of time that was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Breaks that were resolved before this are not reported.
    pub from: Option<Time>,
    /// Last moment that is part of it.
    pub until: Option<Time>,
    /// `--at`.
    pub at: Option<Time>,
}

/// A book at the end of the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Book {
    /// Whose.
    pub name: BookName,
    /// As of when; `None` if it was not there or describes a later time.
    pub as_of: Option<Time>,
    /// It states all that is held.
    pub complete: bool,
    /// What is held, by symbol.
    pub rows: Vec<(Symbol, BookRow)>,
}

/// One row of a book.
#[derive(Clone, Debug, PartialEq)]
pub enum BookRow {
    /// A row of the expected book.
    Expected(Position),
    /// A row as a witness states it.
    Stated(crate::event::Holding),
}

/// An excerpt that evidence needs: which source, which byte, which line.
pub type Excerpts = BTreeMap<Origin, String>;

/// The bytes of a record that evidence of a break of a symbol speaks of.
pub type Spots = BTreeMap<(Origin, Option<Symbol>, Fields), Spot>;

/// Counts of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Events on the tape.
    pub events: u64,
    /// Counts of the fold.
    pub tally: Tally,
    /// Records joined to another's movement.
    pub sightings_joined: u64,
    /// Symbols named on the tape.
    pub symbols: u64,
    /// Symbols that `--symbol` left out.
    pub symbols_left_out: u64,
}

/// Everything that was found in one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it could not be checked, in words; empty if it could.
    pub unchecked: Vec<String>,
    /// Window, as asked for, with ends filled in from the tape.
    pub window: Window,
    /// The broker's side.
    pub broker: BrokerRead,
    /// Accounts of all sources.
    pub sources: Vec<Source>,
    /// Expected, executor, metadata, broker.
    pub books: Vec<Book>,
    /// Worst first, and those that are accepted after all others.
    pub breaks: Vec<Break>,
    /// The breaks of these that do not count, and why.
    pub acceptance: Acceptance,
    /// In tape order.
    pub fixes: Blocks<Fix>,
    /// In audit order; none for a replay.
    pub checks: Vec<Finding>,
    /// What an audit is beside a replay.
    pub audit: Option<Audit>,
    /// In source order.
    pub integrity: Vec<Integrity>,
    /// Counts.
    pub stats: Stats,
    /// Ties of which another order would give other breaks (design, rule 8).
    pub ties: Vec<Tie>,
    /// Share of each position at the broker that is traced to executions for the bot's records.
    pub explained: BTreeMap<Symbol, Decimal>,
    /// Profit and loss as logged, and as recomputed.
    pub profit: Profit,
    /// The record that states what was held when the window began, where what lies before it was passed over.
    pub opening: Option<(Time, Origin)>,
    /// Texts for the evidence.
    pub excerpts: Excerpts,
    /// What in them matters.
    pub spots: Spots,
    /// The bot's directory and flags as given, for the next command.
    pub asked: Asked,
}

/// What was asked, as far as a next command must repeat it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// The bot's directory.
    pub directory: String,
    /// `--broker`, unless it was `none`.
    pub broker: Option<String>,
    /// Warnings count as breaks.
    pub strict: bool,
    /// The file of settings that was read.
    pub settings: Option<String>,
    /// It was named by a flag.
    pub settings_named: bool,
    /// What runs was judged, too.
    pub audit: bool,
    /// Which part of time.
    pub window: Window,
    /// Only these symbols; all if empty.
    pub symbols: BTreeSet<Symbol>,
    /// What equality means.
    pub equality: Settings,
}

/// What a report is made of.
pub struct Parts<'a> {
    /// What was asked.
    pub asked: Asked,
    /// Which part of time.
    pub window: Window,
    /// Breaks that do not count.
    pub accept: &'a [Rule],
    /// The symbols that were asked for; all if empty.
    pub symbols: &'a BTreeSet<Symbol>,
    /// The broker's side.
    pub broker: BrokerRead,
    /// Accounts of all sources.
    pub sources: Vec<Source>,
    /// What could not be understood.
    pub quarantined: Vec<Quarantined>,
    /// Required files that are not there.
    pub missing: Vec<Missing>,
    /// The ledger, finished. The report takes its fixes: those of a year are many.
    pub ledger: &'a mut Ledger,
    /// Counts of the tape.
    pub stats: Stats,
    /// Profit and loss as logged, and as recomputed.
    pub profit: Profit,
    /// First event of the tape.
    pub first: Option<Time>,
    /// The record that states the opening balance, where what lies before the window was passed over.
    pub opening: Option<(Time, Origin)>,
    /// Now and what ran, for an audit.
    pub audit: Option<Audit>,
}

/// Makes the report.
pub fn make(parts: Parts<'_>) -> Report {
    let ledger = &*parts.ledger;
    let witnessed = last_whole_book(ledger);
    let integrity = integrity::account(&parts, witnessed);
    let mut breaks = sorted(in_window(&ledger.breaks, parts.window.from));
    let mut unchecked = unchecked(&parts, witnessed, &integrity);
    unchecked.sort();
    let as_of = parts.window.at.or(parts.window.until).or(ledger.last);
    let acceptance = Acceptance::judge(parts.accept, &breaks, as_of, parts.symbols);
    // What counts must not be folded away behind what does not.
    breaks.sort_by_key(|found| acceptance.of(found).is_some());
    let standing: Vec<&Break> = breaks.iter().filter(|found| acceptance.of(found).is_none()).collect();
    let checks = run_checks(&parts, &standing, &unchecked);
    let verdict = verdict(&parts, &standing, &checks, &unchecked);
    let (books, ties, explained) = (books(ledger), ledger.ties.clone(), ledger.explained.clone());
    let until = parts.window.until.or(ledger.last);
    let mut fixes = std::mem::take(&mut parts.ledger.fixes);
    fixes.retain(|fix| parts.window.from.is_none_or(|from| fix.at >= from));
    Report {
        verdict,
        unchecked,
        window: Window { from: parts.window.from.or(parts.first), until, at: parts.window.at },
        books,
        breaks,
        acceptance,
        fixes,
        checks,
        integrity,
        stats: parts.stats,
        audit: parts.audit,
        opening: parts.opening,
        excerpts: Excerpts::new(),
        spots: Spots::new(),
        ties,
        explained,
        profit: parts.profit,
        broker: parts.broker,
        sources: parts.sources,
        asked: parts.asked,
    }
}

fn run_checks(parts: &Parts<'_>, breaks: &[&Break], unchecked: &[String]) -> Vec<Finding> {
    let Some(audit) = &parts.audit else { return Vec::new() };
    checks::run(&View {
        audit,
        from: parts.window.from,
        ledger: parts.ledger,
        broker: &parts.broker,
        breaks,
        unchecked,
        sources: &parts.sources,
        quarantined: &parts.quarantined,
        missing: &parts.missing,
    })
}

/// A break that was resolved is the incident that a replay looks for, and history for an audit (contract, section 1).
fn counts(found: &Break, strict: bool, is_audit: bool) -> bool {
    let stands = !is_audit || found.is_open();
    stands && (found.severity == Severity::Break || (strict && found.severity == Severity::Warning))
}

fn verdict(parts: &Parts<'_>, breaks: &[&Break], checks: &[Finding], unchecked: &[String]) -> Verdict {
    let strict = parts.asked.strict;
    let fails = |check: &Finding| check.status == Status::Fail || (strict && check.status == Status::Warn);
    if breaks.iter().any(|found| counts(found, strict, parts.audit.is_some())) || checks.iter().any(fails) {
        Verdict::Breaks
    } else if unchecked.is_empty() && checks.iter().all(|check| check.status != Status::CouldNotCheck) {
        Verdict::Clean
    } else {
        Verdict::CouldNotCheck
    }
}

/// A break that was resolved before the window is history; one that was open in it is part of the incident (design, rule 7).
fn in_window(breaks: &[Break], from: Option<Time>) -> Vec<Break> {
    let within = |found: &&Break| {
        from.is_none_or(|from| found.first_failed_at >= from || found.resolved_at.is_none_or(|resolved| resolved >= from))
    };
    breaks.iter().filter(within).filter(|found| !found.withdrawn).cloned().collect()
}

fn sorted(mut breaks: Vec<Break>) -> Vec<Break> {
    breaks.sort_by_cached_key(|found| {
        let open = found.resolved_at.is_none();
        (
            Reverse(found.severity),
            Reverse(found.money_at_stake()),
            Reverse(open),
            found.first_failed_at,
            found.symbol.clone(),
            found.kind,
            found.book,
        )
    });
    breaks
}

/// The last moment for which a witness of the broker's standing stated the whole book.
fn last_whole_book(ledger: &Ledger) -> Option<Time> {
    ledger.books.get(&BookName::Broker).map(|book| book.at)
}

/// Why a clean verdict is not to be had, in words (design, rules 9 and 10).
fn unchecked(parts: &Parts<'_>, witnessed: Option<Time>, integrity: &[Integrity]) -> Vec<String> {
    let mut reasons = Vec::new();
    let ledger = &*parts.ledger;
    if let Some((from, last)) = parts.window.from.zip(ledger.last).filter(|(from, last)| last < from) {
        let (from, last) = (time::show(from), time::show(last));
        reasons.push(format!("nothing was recorded in the window: it begins at {from}, and the records end at {last}"));
    }
    match witnessed {
        None if parts.broker.kind == "none" => {
            reasons.push("no witness states the whole book: give --broker, or keep portfolio_state.jsonl".to_owned());
        }
        None => reasons.push("no witness states the whole book".to_owned()),
        Some(witnessed) => {
            let later = ledger.accounts.iter().filter(|(_, account)| account.last_moved > Some(witnessed));
            let later = later.map(|(symbol, _)| symbol.as_str()).join(", ");
            if !later.is_empty() {
                reasons.push(format!("no witness states the whole book after the last movements of {later}"));
            }
        }
    }
    let late = unconfirmed(ledger, parts.broker.read_began);
    if !late.is_empty() {
        reasons.push(format!(
            "{late} moved within the grace before the broker was read, and neither its positions nor its fills show it yet"
        ));
    }
    reasons.extend(parts.broker.unchecked());
    let unknown = ledger.accounts.iter().filter(|(_, account)| is_open_ended(account));
    let unknown = unknown.map(|(symbol, _)| symbol.as_str()).join(", ");
    if witnessed.is_some() && !unknown.is_empty() {
        reasons.push(format!("no witness tells how much is held of {unknown}"));
    }
    if integrity.iter().any(|entry| entry.forbids_clean) {
        reasons.push(integrity::NOT_UNDERSTOOD.to_owned());
    }
    if parts.stats.symbols == 0 {
        let first = parts.sources.iter().filter_map(|source| source.first).min();
        let last = parts.sources.iter().filter_map(|source| source.last).max();
        let span =
            first.zip(last).map(|(first, last)| format!("; the records go from {} to {}", time::show(first), time::show(last)));
        reasons.push(format!("no symbol is named in the window{}", span.unwrap_or_default()));
    }
    reasons
}

/// Symbols whose last movement the broker's positions do not show, which the grace excuses, and its fills do not show either, which
/// nothing excuses: they were read, and would.
fn unconfirmed(ledger: &Ledger, read_began: Option<Time>) -> String {
    let grace = ledger.settings.grace;
    let late = ledger.accounts.iter().filter(|(_, account)| {
        let filled = account.last_fill.zip(account.last_moved).is_some_and(|(filled, moved)| filled >= moved - grace);
        let recent = account.last_moved.zip(read_began).is_some_and(|(moved, began)| began - moved <= grace);
        account.unconfirmed && recent && !filled
    });
    if ledger.tally.fills == 0 { String::new() } else { late.map(|(symbol, _)| symbol.as_str()).join(", ") }
}

fn is_open_ended(account: &Account) -> bool {
    let quantity = account.position.quantity;
    quantity.low().is_none() || quantity.high().is_none()
}

fn books(ledger: &Ledger) -> Vec<Book> {
    let expected = Book {
        name: BookName::Expected,
        as_of: ledger.last,
        complete: !ledger.may_hold_more(),
        rows: ledger
            .not_flat()
            .iter()
            .filter_map(|symbol| Some((symbol.clone(), BookRow::Expected(ledger.accounts.get(symbol)?.position.clone()))))
            .collect(),
    };
    let stated = [BookName::Executor, BookName::Metadata, BookName::Broker].map(|name| match ledger.books.get(&name) {
        Some(book) => stated_book(name, book),
        None => Book { name, as_of: None, complete: false, rows: Vec::new() },
    });
    std::iter::once(expected).chain(stated).collect()
}

fn stated_book(name: BookName, book: &LastBook) -> Book {
    let held = book.holdings.iter().filter(|holding| holding.quantity.is_none_or(|quantity| !quantity.is_zero()));
    let rows =
        held.map(|holding| (holding.symbol.clone(), BookRow::Stated(holding.clone()))).sorted_by(|one, two| one.0.cmp(&two.0));
    let as_of = (book.at != Time::UNIX_EPOCH).then_some(book.at);
    Book { name, as_of, complete: true, rows: rows.collect() }
}

impl Report {
    /// Whether a break counts for the verdict.
    pub fn counts(&self, found: &Break) -> bool {
        self.acceptance.of(found).is_none() && counts(found, self.asked.strict, self.audit.is_some())
    }

    /// Whether it counts for a verdict on the whole window, or did while it was open.
    pub fn would_count(&self, found: &Break) -> bool {
        self.acceptance.of(found).is_none() && counts(found, self.asked.strict, false)
    }

    /// Where a source lies, as the one who asked would open it. An answer that was never a file keeps the name that a recording gives it.
    pub fn file_of(&self, source: &str) -> String {
        let recording = self.asked.broker.as_deref().filter(|broker| *broker != "live");
        match source.strip_prefix("broker/").zip(recording) {
            Some((name, recording)) if recording.ends_with(name) => recording.to_owned(),
            Some((name, recording)) => format!("{}/{name}", recording.trim_end_matches('/')),
            None if source.starts_with("broker/") || source.starts_with('/') => source.to_owned(),
            None => format!("{}/{source}", self.asked.directory.trim_end_matches('/')),
        }
    }

    /// The path of an origin's source.
    pub fn path_of(&self, origin: Origin) -> &str {
        self.sources.get(usize::from(origin.source.0)).map_or("", |source| &source.path)
    }
}

impl Break {
    /// USD-seconds that the difference was worth while it was open, until `end` if it still is.
    pub fn exposure(&self, end: Option<Time>) -> Option<Decimal> {
        let open: Duration = self.resolved_at.or(end)? - self.opened_at;
        let seconds = Decimal::new(open.num_milliseconds().max(0), 3);
        self.money_at_stake()?.checked_mul(seconds).map(|exposure| exposure.round_dp(2))
    }

    /// Whether it still stands at the end of the window.
    pub fn is_open(&self) -> bool {
        self.resolved_at.is_none()
    }
}
