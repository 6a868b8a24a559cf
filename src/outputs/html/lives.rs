//! Every symbol that the page speaks of, the worst first: its biography, its breaks, the fixes that touched it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::Told;
use crate::biographies::{Biography, Row, What, is_brokers};
use crate::breaks::{Break, Severity};
use crate::event::Action;
use crate::outcome::{Fix, Outcome};
use crate::outputs::biography::form_text;
use crate::outputs::stages;
use crate::position::{Symbol, plain};
use crate::report::Report;

/// One symbol.
pub(super) struct Life<'a> {
    pub(super) symbol: &'a Symbol,
    pub(super) standing: Standing,
    pub(super) biography: Option<&'a Biography>,
    pub(super) breaks: Vec<&'a Break>,
    pub(super) fixes: Vec<&'a Fix>,
}

/// How a symbol stands at the end, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// A break is open.
    Broken,
    /// Breaks were resolved.
    Mended,
    /// Only warnings.
    Warned,
    /// Only breaks and warnings that somebody accepted.
    Accepted,
    /// Nothing worse than a note.
    Agrees,
}

impl Standing {
    fn of(report: &Report, all: &[&Break]) -> Standing {
        let (accepted, breaks): (Vec<&Break>, Vec<&Break>) = all.iter().partition(|found| report.acceptance.of(found).is_some());
        let any =
            |severity: Severity, open: bool| breaks.iter().any(|found| found.severity == severity && found.is_open() >= open);
        if any(Severity::Break, true) {
            Standing::Broken
        } else if any(Severity::Break, false) {
            Standing::Mended
        } else if any(Severity::Warning, false) {
            Standing::Warned
        } else if !accepted.is_empty() {
            Standing::Accepted
        } else {
            Standing::Agrees
        }
    }

    /// The class of what shows it.
    pub(super) fn class(self) -> &'static str {
        match self {
            Standing::Broken => "broken",
            Standing::Mended => "mended",
            Standing::Warned => "warned",
            Standing::Accepted => "accepted",
            Standing::Agrees => "agrees",
        }
    }

    /// In a word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Standing::Broken => "open break",
            Standing::Mended => "break, resolved",
            Standing::Warned => "warning",
            Standing::Accepted => "accepted",
            Standing::Agrees => "no break",
        }
    }
}

/// All of them: those with breaks by the money at stake, the others by name.
pub(super) fn all<'a>(told: &Told<'a>) -> Vec<Life<'a>> {
    let report = told.report;
    let mut breaks: BTreeMap<&Symbol, Vec<&Break>> = BTreeMap::new();
    for found in &report.breaks {
        if let Some(symbol) = &found.symbol {
            breaks.entry(symbol).or_default().push(found);
        }
    }
    let mut fixes: BTreeMap<&Symbol, Vec<&Fix>> = BTreeMap::new();
    for fix in &report.fixes {
        fix.symbols.iter().for_each(|symbol| fixes.entry(symbol).or_default().push(fix));
    }
    let held = report.books.iter().flat_map(|book| &book.rows).map(|(symbol, _)| symbol);
    let symbols: BTreeSet<&Symbol> = told.biographies.of.keys().chain(breaks.keys().copied()).chain(held).collect();
    let mut lives: Vec<Life<'_>> = symbols
        .into_iter()
        .map(|symbol| {
            let breaks = breaks.remove(symbol).unwrap_or_default();
            let fixes = fixes.remove(symbol).unwrap_or_default();
            Life { symbol, standing: Standing::of(report, &breaks), biography: told.biographies.of.get(symbol), breaks, fixes }
        })
        .filter(|life| life.biography.is_some_and(|biography| !biography.rows.is_empty()) || life.is_named_otherwise(told))
        .collect();
    lives.sort_by_cached_key(|life| {
        let stake = life.breaks.iter().filter_map(|found| found.money_at_stake()).max();
        (life.standing, Reverse(stake), life.symbol)
    });
    lives
}

impl Life<'_> {
    fn is_named_otherwise(&self, told: &Told<'_>) -> bool {
        let held = told.report.books.iter().any(|book| book.rows.binary_search_by(|(symbol, _)| symbol.cmp(self.symbol)).is_ok());
        held || !self.breaks.is_empty()
    }

    /// Its rows.
    pub(super) fn rows(&self) -> &[Row] {
        self.biography.map_or(&[], |biography| &biography.rows)
    }
}

/// The three columns of a row: what should be held, what the bot said or did, what the broker said or did.
pub(super) fn columns(row: &Row) -> [String; 3] {
    let (bot, broker) = match &row.what {
        What::Stated(witness, form) if is_brokers(*witness) => (String::new(), form_text(form)),
        What::Stated(_, form) => (form_text(form), String::new()),
        What::Moved(movement) => match &movement.action {
            Action::Entry(entry) => {
                let quantity = entry.logged.or(entry.requested).zip(entry.side).map(|(quantity, side)| side.signed(quantity));
                (quantity.map_or_else(|| "enters".to_owned(), signed), String::new())
            }
            Action::ScaleOut(scale_out) => {
                let quantity = scale_out.quantity.zip(scale_out.reduces).map(|(quantity, side)| -side.signed(quantity));
                (quantity.map_or_else(|| "reduces".to_owned(), signed), String::new())
            }
            Action::Exit(_) => ("closes".to_owned(), String::new()),
            Action::Fill(fill) => (String::new(), signed(fill.quantity)),
            Action::CorporateAction(_) => (String::new(), "corporate".to_owned()),
        },
        What::Several(_) => (String::new(), String::new()),
    };
    [row.expected.to_string(), bot, broker]
}

fn signed(value: rust_decimal::Decimal) -> String {
    if value.is_sign_negative() { plain(value) } else { format!("+{}", plain(value)) }
}

/// What a row says, in words.
pub(super) fn says(row: &Row) -> String {
    match &row.what {
        What::Moved(movement) => stages::moved(movement),
        What::Stated(witness, form) => crate::words::says(*witness, form),
        What::Several(several) => {
            let parts = [
                (several.movements, "movements"),
                (several.held, "statements that hold"),
                (several.failed_again, "statements that fail as one before them did"),
                (several.proves_nothing, "statements that prove nothing"),
            ];
            let parts: Vec<String> =
                parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
            format!("drawn together, for there is so much: {}", parts.join(", "))
        }
    }
}

/// What became of a row: its class, its sign and its word.
pub(super) fn outcome(row: &Row) -> (&'static str, &'static str, &'static str) {
    match (&row.what, row.outcome) {
        (What::Several(_), _) => ("several", "…", "several"),
        (What::Moved(movement), _) if matches!(movement.action, Action::Fill(_)) => ("filled", "▏", "broker filled"),
        (What::Moved(_), _) => ("moved", "▎", "moves"),
        (What::Stated(..), Some(Outcome::Failed)) => ("failed", "■", "fails"),
        (What::Stated(..), Some(Outcome::FailedAgain)) => ("again", "▪", "fails again"),
        (What::Stated(..), Some(Outcome::ProvesNothing)) => ("nothing", "◌", "proves nothing"),
        (What::Stated(..), Some(Outcome::HeldWithinGrace)) => ("grace", "◌", "within the grace"),
        (What::Stated(..), Some(Outcome::Held) | None) if row.confirms => ("confirms", "◉", "confirms"),
        (What::Stated(..), Some(Outcome::Held) | None) => ("held", "●", "holds"),
    }
}
