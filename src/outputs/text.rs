//! `--format text`: the verdict first, then the books side by side, the breaks, and the account of every line read.

use itertools::Itertools;
use owo_colors::Style;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::paint::{Look, shown};
use super::table::Rows;
use super::{accepted, audit, evidence, trust};
use crate::breaks::{BookName, Break, Kind, Severity};
use crate::checks::Status;
use crate::position::{Symbol, plain};
use crate::report::{BookRow, Report, Verdict};
use crate::source::visible;
use crate::time::{self, Time};

/// Breaks and warnings shown before the rest is folded.
pub(super) const SHOWN: usize = 12;
/// Notes shown before the rest is folded.
const NOTES_SHOWN: usize = 5;
/// Rows of the books shown before the rest is folded.
const ROWS_SHOWN: usize = 40;

/// The report as text.
pub fn write(report: &Report, look: &Look) -> String {
    let mut out = String::new();
    verdict(report, look, &mut out);
    if !look.quiet {
        books(report, look, &mut out);
        audit::write(report, look, &mut out);
        breaks(report, look, &mut out);
        fixes(report, look, &mut out);
        profit(report, look, &mut out);
        ties(report, look, &mut out);
        trust::write(report, look, &mut out);
    }
    out
}

pub(super) fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

/// A line that goes on below itself where it is longer than the width.
pub(super) fn wrapped(out: &mut String, look: &Look, text: &str, below: &str) {
    line(out, &filled(look, text, "", below));
}

/// Text folded at the width, in the alphabet that may be written.
pub(super) fn filled(look: &Look, text: &str, first: &str, below: &str) -> String {
    let options = textwrap::Options::new(look.width).initial_indent(first).subsequent_indent(below).break_words(false);
    // What has a hyphen is a date, a path or a host more often than a word.
    let options = options.word_splitter(textwrap::WordSplitter::NoHyphenation);
    // It is one line: a break in it is data's, and would begin a line that says what data likes.
    let text = text.replace('\n', "\\u{a}");
    textwrap::fill(&look.spelt(&shown(&text, look.colour)), options).replace('\u{a0}', " ")
}

/// `1 break`, `2 breaks`.
pub(super) fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn verdict(report: &Report, look: &Look, out: &mut String) {
    let (word, style) = match report.verdict {
        Verdict::Clean => ("CLEAN", Style::new().green().bold()),
        Verdict::Breaks => ("BREAKS", Style::new().red().bold()),
        Verdict::CouldNotCheck => ("COULD NOT CHECK", Style::new().yellow().bold()),
    };
    let counted = |found: &&Break| report.acceptance.of(found).is_none();
    let of = move |severity: Severity| report.breaks.iter().filter(counted).filter(move |found| found.severity == severity);
    let open = of(Severity::Break).filter(|found| found.is_open()).count();
    let resolved = of(Severity::Break).count() - open;
    let counts = [
        plural(open, "open break"),
        format!("{resolved} resolved"),
        plural(of(Severity::Warning).count(), "warning"),
        plural(of(Severity::Note).count(), "note"),
    ];
    let failed = report.checks.iter().filter(|check| check.status == Status::Fail).count();
    let checks = if failed == 0 { String::new() } else { format!(", {}", plural(failed, "failed check")) };
    let (word, style) = accepted::verdict(report, word, style);
    let counted = format!("{}  {}{}{checks}", look.paint(&word, style), counts.join(", "), accepted::count(report));
    wrapped(out, look, &counted, "  ");
    if look.quiet {
        return;
    }
    let window = |at: Option<Time>| at.map_or_else(|| "?".to_owned(), time::show);
    wrapped(out, look, &format!("window  {} to {}", window(report.window.from), window(report.window.until)), "        ");
    wrapped(out, look, &format!("broker  {}", broker(report)), "        ");
    accepted::header(report, look, out);
    for reason in &report.unchecked {
        let text = filled(look, &format!("could not check: {reason}"), "", "    ");
        line(out, &look.paint(&text, Style::new().yellow()));
    }
}

pub(super) fn broker(report: &Report) -> String {
    let broker = &report.broker;
    let Some(began) = broker.read_began else { return "none".to_owned() };
    let state = if broker.has_answered() { "as of" } else { "NOT READ at" };
    let mut text = format!("{}, {state} {}", broker.kind, time::show(began));
    if let Some(source) = broker.time_source.filter(|_| broker.has_answered()) {
        let _ = write!(text, " (by {})", source.says());
    }
    if let Some(number) = broker.account.as_ref().and_then(|account| account.masked_number.as_deref()) {
        let _ = write!(text, ", account {number}");
    }
    match broker.paper {
        Some(true) => text.push_str(", paper"),
        Some(false) => text.push_str(", LIVE"),
        None => {}
    }
    if let Some(url) = &broker.base_url {
        let host = url.split_once("://").map_or(url.as_str(), |(_, host)| host);
        let _ = write!(text, ", {host}");
    }
    text
}

/// The books side by side, rows that differ first.
fn books(report: &Report, look: &Look, out: &mut String) {
    let rows = side_by_side(report);
    if rows.is_empty() {
        line(out, "\nno book holds anything");
        return;
    }
    let broken: BTreeSet<&Symbol> = report
        .breaks
        .iter()
        .filter(|found| found.is_open() && found.severity > Severity::Note && report.acceptance.of(found).is_none())
        .filter_map(|found| found.symbol.as_ref())
        .collect();
    let mut table = Rows::under(&["symbol", "expected", "executor", "broker", "metadata"], 1);
    let ordered = rows.iter().sorted_by_key(|(symbol, _)| (!broken.contains(*symbol), (*symbol).clone()));
    let shown = if look.verbose { rows.len() } else { rows.len().min(ROWS_SHOWN) };
    for (symbol, cells) in ordered.take(shown) {
        let style = broken.contains(symbol).then(|| Style::new().red());
        table.push(style, std::iter::once(symbol.to_string()).chain(cells.iter().cloned()).collect());
    }
    line(out, "");
    table.write(look, out);
    if rows.len() > shown {
        line(out, &format!("  (+{} more rows: --verbose)", rows.len() - shown));
    }
    let as_of = report.books.iter().map(|book| match book.as_of {
        Some(at) => format!("{} as of {}", book.name.code(), time::clock(at)),
        None if book.complete => format!("{} undated", book.name.code()),
        None => format!("{} not stated", book.name.code()),
    });
    wrapped(out, look, &format!("  {} (UTC)", as_of.collect::<Vec<_>>().join(", ")), "  ");
}

fn side_by_side(report: &Report) -> BTreeMap<Symbol, [String; 4]> {
    let mut rows: BTreeMap<Symbol, [String; 4]> = BTreeMap::new();
    for book in &report.books {
        let place = match book.name {
            BookName::Expected => 0,
            BookName::Executor => 1,
            BookName::Broker => 2,
            BookName::Metadata => 3,
        };
        for (symbol, row) in &book.rows {
            let cells = rows.entry(symbol.clone()).or_insert_with(|| ["-", "-", "-", "-"].map(str::to_owned));
            cells[place] = match row {
                BookRow::Expected(position) => position.quantity.to_string(),
                BookRow::Stated(holding) => match (holding.quantity, holding.side()) {
                    (Some(quantity), _) => plain(quantity),
                    (None, Some(side)) => side.to_string(),
                    (None, None) => "row".to_owned(),
                },
            };
        }
    }
    // A column that nobody stated is unknown, not empty.
    for book in report.books.iter().filter(|book| book.as_of.is_none() && !book.complete) {
        let place = [BookName::Expected, BookName::Executor, BookName::Broker, BookName::Metadata]
            .iter()
            .position(|name| *name == book.name);
        for cells in rows.values_mut() {
            if let Some(cell) = place.and_then(|place| cells.get_mut(place)) {
                "?".clone_into(cell);
            }
        }
    }
    rows
}

fn breaks(report: &Report, look: &Look, out: &mut String) {
    let (notes, others): (Vec<&Break>, Vec<&Break>) = report.breaks.iter().partition(|found| found.severity == Severity::Note);
    for (list, most, noun) in [(others, SHOWN, "breaks and warnings"), (notes, NOTES_SHOWN, "notes")] {
        let shown = if look.verbose { list.len() } else { list.len().min(most) };
        for found in &list[..shown] {
            one_break(report, found, look, out);
        }
        if list.len() > shown {
            line(out, "");
            wrapped(out, look, &format!("(+{} more {noun}: --verbose, or --format json)", list.len() - shown), "  ");
        }
    }
}

fn one_break(report: &Report, found: &Break, look: &Look, out: &mut String) {
    let style = match found.severity {
        Severity::Break => Style::new().red().bold(),
        Severity::Warning => Style::new().yellow().bold(),
        Severity::Note => Style::new().cyan(),
    };
    let symbol = found.symbol.as_ref().map(|symbol| format!("{symbol} ")).unwrap_or_default();
    line(out, "");
    let (word, style) = match report.acceptance.of(found) {
        Some(_) => (format!("accepted {}", found.severity.code()), Style::new().cyan()),
        None => (found.severity.code().to_owned(), style),
    };
    wrapped(out, look, &format!("{} {symbol}{}", look.paint(&word, style), situation(found)), "  ");
    accepted::of_break(report, found, look, out);
    if let Some(values) = values(found) {
        wrapped(out, look, &format!("  {values}"), "    ");
    }
    wrapped(out, look, &format!("  {}", life(found)), "    ");
    if found.order_sensitive {
        wrapped(out, look, "  order-sensitive: records of one moment, in another order, would change this", "    ");
    }
    if let Some(edit) = &found.cause.edit {
        wrapped(out, look, &format!("  cause {}: {edit}", found.cause.code), "    ");
    } else if found.severity == Severity::Break {
        line(out, &format!("  cause {}", found.cause.code));
    }
    evidence::write(report, found, look, out);
    if let Some(next) = found.next(&report.asked).filter(|_| found.severity > Severity::Note) {
        line(out, &format!("  next: {}", visible(&next)));
    }
}

/// A break in a line, for outputs that have no more room.
pub(super) fn one_line(found: &Break) -> String {
    let symbol = found.symbol.as_ref().map(|symbol| format!("{symbol} ")).unwrap_or_default();
    let values = values(found).map(|values| format!("; {values}")).unwrap_or_default();
    let edit = found.cause.edit.as_ref().map(|edit| format!(": {edit}")).unwrap_or_default();
    format!("{symbol}{}{values}; cause {}{edit}", situation(found), found.cause.code)
}

/// What is the case, in words.
pub(super) fn situation(found: &Break) -> String {
    let book = match found.book {
        BookName::Expected => "the tape",
        BookName::Executor => "the executor",
        BookName::Metadata => "the metadata",
        BookName::Broker => "the broker",
    };
    let witness = match found.witness {
        "tape" => "the tape".to_owned(),
        "broker" | "executor" | "metadata" | "reconciler" => format!("the {}", found.witness),
        code => format!("the {}", code.replace('_', " ")),
    };
    match found.kind {
        Kind::Missing => format!("missing: held by {witness}, not by {book}"),
        Kind::Orphan => format!("orphan: held by {book}, not by {witness}"),
        Kind::Quantity => format!("quantity: {book} and {witness} hold different quantities"),
        Kind::Side => format!("side: {book} and {witness} are on different sides"),
        Kind::EntryPrice => format!("entry price: {book} and {witness} have different prices"),
        Kind::Count => format!("count: {witness} counts another number of positions"),
        Kind::MissingMetadata => "missing metadata: held, and the metadata has no row".to_owned(),
        Kind::OrphanMetadata => "orphan metadata: not held, and the metadata has a row".to_owned(),
        Kind::MissingEntryScore => "missing entry score: held, and its score is gone".to_owned(),
        Kind::EntryWhileOpen => "entry while open: entered although the tape has it open".to_owned(),
        Kind::ExitWithoutEntry => "exit without entry: closed although the tape has it flat".to_owned(),
        Kind::ExitQuantity => "exit quantity: the exit record had another quantity than the tape".to_owned(),
        Kind::ScaleOutWithoutEntry => "scale-out without entry: reduced although the tape has it flat".to_owned(),
        Kind::MissingSighting => "missing sighting: a record that should be there is not".to_owned(),
        Kind::StaleState => "stale state: a file is older than what it should describe".to_owned(),
        Kind::UnresolvedPending => "unresolved pending: no witness tells whether this entry filled".to_owned(),
    }
}

fn values(found: &Break) -> Option<String> {
    let (expected, actual) = (found.expected.text(), found.actual.text());
    let mut parts = Vec::new();
    if let (Some(expected), Some(actual)) = (&expected, &actual) {
        parts.push(format!("expected {expected}, actual {actual}"));
    }
    if let Some(difference) = found.difference() {
        parts.push(format!("difference {}", signed(difference)));
    }
    if let Some(money) = found.money_at_stake().filter(|money| !money.is_zero()) {
        parts.push(format!("{} USD at stake", money.round_dp(2)));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

pub(super) fn signed(value: Decimal) -> String {
    if value.is_sign_negative() { plain(value) } else { format!("+{}", plain(value)) }
}

fn life(found: &Break) -> String {
    let mut parts = Vec::new();
    if let Some(agreed) = found.last_agreed_at {
        parts.push(format!("agreed {}", time::stamp(agreed)));
    }
    if found.opened_at != found.first_failed_at {
        parts.push(format!("opened {}", time::stamp(found.opened_at)));
    }
    parts.push(format!("failed {}", time::stamp(found.first_failed_at)));
    parts.push(match found.resolved_at {
        Some(resolved) if resolved == found.first_failed_at => "settled at once".to_owned(),
        Some(resolved) => format!("resolved {}", time::stamp(resolved)),
        None => "still open".to_owned(),
    });
    // A moment stays on one line.
    parts.iter().map(|part| part.replace(' ', "\u{a0}")).join(", ")
}

fn fixes(report: &Report, look: &Look, out: &mut String) {
    if report.fixes.is_empty() {
        return;
    }
    let counts = report.fixes.iter().counts_by(|fix| fix.verdict());
    let told = counts.iter().sorted().map(|(verdict, count)| format!("{count} {verdict}")).join(", ");
    line(out, "");
    wrapped(out, look, &format!("fixes by the reconciler: {told}"), "  ");
}

/// Ties of which the other order would give other breaks.
fn ties(report: &Report, look: &Look, out: &mut String) {
    for tie in &report.ties {
        let records =
            tie.origins.iter().map(|origin| format!("{}:{}", report.path_of(*origin), report.line_of(*origin))).join(", ");
        let text = format!(
            "order-sensitive: {} at {}: another order of {records} would give other breaks",
            tie.symbol,
            time::show(tie.at)
        );
        line(out, "");
        wrapped(out, look, &text, "  ");
    }
}

/// Profit and loss, where the log is not what its own prices say.
fn profit(report: &Report, look: &Look, out: &mut String) {
    let profit = &report.profit;
    if profit.differing.is_empty() {
        return;
    }
    let why = profit.differing.iter().counts_by(|difference| difference.why.code());
    let why = why.iter().sorted().map(|(why, count)| format!("{count} {why}")).join(", ");
    let (logged, recomputed) = (profit.logged.round_dp(2), profit.recomputed.round_dp(2));
    line(out, "");
    wrapped(out, look, &format!("profit and loss: {logged} USD logged, {recomputed} USD recomputed"), "  ");
    let exits = plural(profit.exits as usize, "exit");
    wrapped(out, look, &format!("  {} of {exits} differ ({why})", profit.differing.len()), "    ");
}
