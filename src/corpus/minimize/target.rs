//! The break that must stay, and what "the same break" means.

use itertools::Itertools;
use std::collections::BTreeSet;

use crate::breaks::{Break, Kind, Severity};
use crate::position::Symbol;
use crate::report::Report;

/// Which break of a report is meant. What is not said may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Its id, or the beginning of it.
    pub id: Option<String>,
    /// Its symbol.
    pub symbol: Option<Symbol>,
    /// Its kind.
    pub kind: Option<Kind>,
    /// The code of its cause.
    pub cause: Option<String>,
}

impl Choice {
    /// The worst break where nothing is said, else the earliest of those that are meant.
    pub fn of<'a>(&self, report: &'a Report) -> Option<&'a Break> {
        if *self == Choice::default() {
            return report.breaks.first();
        }
        report.breaks.iter().filter(|found| self.means(found)).min_by_key(|found| (found.first_failed_at, found.id()))
    }

    fn means(&self, found: &Break) -> bool {
        self.id.as_ref().is_none_or(|id| found.id().starts_with(id))
            && self.symbol.as_ref().is_none_or(|symbol| found.symbol.as_ref() == Some(symbol))
            && self.kind.is_none_or(|kind| found.kind == kind)
            && self.cause.as_ref().is_none_or(|cause| found.cause.code == cause)
    }
}

/// A break in a line, for messages.
pub fn line(found: &Break) -> String {
    let symbol = found.symbol.as_ref().map_or("*", Symbol::as_str);
    format!("{symbol} {}, cause {} ({})", found.kind.code(), found.cause.code, found.id())
}

/// The breaks of a report, for someone who must choose one.
pub fn listed(report: &Report) -> String {
    const SHOWN: usize = 8;
    let more = report.breaks.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("{}{rest}", report.breaks.iter().take(SHOWN).map(line).join("; "))
}

/// What is found in one place for one reason.
type Sort = (Option<Symbol>, &'static str, &'static str, &'static str, &'static str);

fn sort(found: &Break) -> Sort {
    (found.symbol.clone(), found.kind.code(), found.book.code(), found.witness, found.cause.code)
}

/// The break that must stay.
#[derive(Clone, Debug)]
pub struct Target {
    /// As the whole report has it.
    pub found: Break,
    /// The sorts of break that the whole report has.
    sorts: BTreeSet<Sort>,
}

impl Target {
    /// A break of this report.
    pub fn of(found: &Break, report: &Report) -> Target {
        Target { found: found.clone(), sorts: report.breaks.iter().map(sort).collect() }
    }

    /// Whether a report shows the same break, and no break that the whole report has not: what was never there is an artefact of what was
    /// cut, and would be taken for a part of the incident.
    pub fn is_in(&self, report: &Report) -> bool {
        let counts = |severity: Severity| match severity {
            Severity::Break | Severity::Warning => true,
            Severity::Note => false,
        };
        let invented = |found: &Break| counts(found.severity) && !self.sorts.contains(&sort(found));
        report.breaks.iter().any(|found| self.is(found)) && !report.breaks.iter().any(invented)
    }

    /// The same symbol, kind, books and first failure, which its id stands for; the same quantities on both sides; and the same cause, as
    /// well proved. How it ended may change: what came after it is the first to go.
    fn is(&self, found: &Break) -> bool {
        let same_side = (&found.expected, &found.actual) == (&self.found.expected, &self.found.actual);
        let (cause, wanted) = (&found.cause, &self.found.cause);
        let same_cause = (cause.code, cause.proved, &cause.alternatives) == (wanted.code, wanted.proved, &wanted.alternatives);
        found.id() == self.found.id() && found.severity == self.found.severity && same_side && same_cause
    }
}
