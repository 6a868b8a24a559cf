//! Broker, executor, metadata and expected book agree, each as of its own time. A break that was resolved is history here.

use itertools::Itertools;

use super::{Check, Detail, Finding, Status, View};
use crate::breaks::{Break, Severity};

pub(super) const CHECK: Check = Check {
    id: "reconciliation",
    meaning: "Broker, executor, metadata and the tape agree, each as of its own time: a break that was resolved does not count.",
    outcomes: &[Status::Pass, Status::Fail, Status::CouldNotCheck],
    case: "scale-out-that-bought-and-nobody-saw",
    now: "2026-07-08T15:10:30Z",
    run,
};

/// Breaks that the summary names.
const NAMED: usize = 5;

fn run(view: &View<'_>) -> Finding {
    let open =
        |severity: Severity| view.breaks.iter().copied().filter(move |found| found.severity == severity && found.is_open());
    let breaks: Vec<&Break> = open(Severity::Break).collect();
    let warnings: Vec<&Break> = open(Severity::Warning).collect();
    let (status, summary) = if !breaks.is_empty() {
        let more = if breaks.len() > NAMED { format!(" and {} more", breaks.len() - NAMED) } else { String::new() };
        let named = breaks.iter().take(NAMED).map(|found| name(found)).join("; ");
        (Status::Fail, format!("{} open: {named}{more}", breaks.len()))
    } else if !view.unchecked.is_empty() {
        (Status::CouldNotCheck, view.unchecked.join("; "))
    } else if !warnings.is_empty() {
        let kinds = warnings.iter().counts_by(|found| found.kind.code());
        let told = kinds.iter().sorted().map(|(kind, count)| format!("{count} {kind}")).join(", ");
        (Status::Pass, format!("what is held agrees; warnings: {told}"))
    } else {
        (Status::Pass, "broker, executor, metadata and the tape agree".to_owned())
    };
    let ids = |breaks: &[&Break]| Detail::List(breaks.iter().map(|found| found.id()).collect());
    Finding::new(CHECK.id, status, summary)
        .with("breaks", ids(&breaks))
        .with("warnings", ids(&warnings))
        .with("unchecked", Detail::List(view.unchecked.to_vec()))
}

/// `HOOD quantity (expected 3, actual 18)`.
fn name(found: &Break) -> String {
    let symbol = found.symbol.as_ref().map_or("", |symbol| symbol.as_str());
    let values = match (found.expected.text(), found.actual.text()) {
        (Some(expected), Some(actual)) => format!(" ({} {expected}, {} {actual})", found.book.code(), found.witness),
        _ => String::new(),
    };
    format!("{symbol} {}{values}", found.kind.code()).trim().to_owned()
}
