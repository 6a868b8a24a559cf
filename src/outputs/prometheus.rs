//! `--format prometheus`: the run as metrics, for a textfile collector. All are gauges: a snapshot, written anew by each run.

use chrono::Duration;
use itertools::Itertools;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::breaks::{BookName, Break, Severity};
use crate::checks::Status;
use crate::position::plain;
use crate::report::{Report, Verdict};
use crate::source::{Source, visible};
use crate::time::Time;

/// A sample: its labels beside `directory`, and its value.
pub(super) type Sample = (Vec<(&'static str, String)>, String);

/// The report as metrics, as of `now`: when the check was made.
pub fn write(report: &Report, now: Time) -> String {
    let mut page = Page::of(&report.asked.directory);
    verdict(report, now, &mut page);
    breaks(report, &mut page);
    checks(report, &mut page);
    ages(report, &mut page);
    broker(report, &mut page);
    read(report, &mut page);
    page.text
}

/// Metrics that are written below each other, each with the label of the bot's directory.
pub(super) struct Page {
    directory: String,
    pub(super) text: String,
}

impl Page {
    pub(super) fn of(directory: &str) -> Page {
        Page { directory: directory.to_owned(), text: String::new() }
    }

    /// One gauge with its samples; none where nothing is known.
    pub(super) fn metric(&mut self, name: &str, help: &str, samples: impl IntoIterator<Item = Sample>) {
        self.of_type("gauge", name, help, samples);
    }

    /// One counter, whose name ends in `_total`.
    pub(super) fn counter(&mut self, name: &str, help: &str, samples: impl IntoIterator<Item = Sample>) {
        self.of_type("counter", name, help, samples);
    }

    fn of_type(&mut self, kind: &str, name: &str, help: &str, samples: impl IntoIterator<Item = Sample>) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        let _ = writeln!(self.text, "# HELP tapecheck_{name} {help}\n# TYPE tapecheck_{name} {kind}");
        for (labels, value) in samples {
            let directory = [("directory", self.directory.clone())];
            let labels = directory.into_iter().chain(labels).map(|(label, value)| format!("{label}=\"{}\"", escaped(&value)));
            let _ = writeln!(self.text, "tapecheck_{name}{{{}}} {value}", labels.format(","));
        }
    }

    /// A metric of one sample without labels of its own.
    pub(super) fn value(&mut self, name: &str, help: &str, value: impl Into<Option<String>>) {
        self.metric(name, help, value.into().map(|value| (Vec::new(), value)));
    }
}

/// A label's value as the format has it; what hides is shown.
fn escaped(text: &str) -> String {
    let shown = text.split('\n').map(visible).join("\n");
    shown.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n")
}

pub(super) fn seconds(span: Duration) -> String {
    plain(Decimal::new(span.num_milliseconds(), 3))
}

pub(super) fn moment(at: Time) -> String {
    plain(Decimal::new(at.milliseconds(), 3))
}

fn truth(holds: bool) -> String {
    u8::from(holds).to_string()
}

fn verdict(report: &Report, now: Time, page: &mut Page) {
    page.metric(
        "build_info",
        "The version that checked.",
        [(vec![("version", env!("CARGO_PKG_VERSION").to_owned())], truth(true))],
    );
    page.value("check_timestamp_seconds", "When the check was made.", moment(now));
    let is = |verdict: Verdict| (vec![("verdict", verdict.code().to_owned())], truth(report.verdict == verdict));
    page.metric(
        "verdict",
        "1 for the verdict of the check, 0 for the others.",
        [Verdict::Clean, Verdict::Breaks, Verdict::CouldNotCheck].map(is),
    );
    page.value("unchecked_reasons", "Why it could not all be checked: so many reasons.", report.unchecked.len().to_string());
}

fn breaks(report: &Report, page: &mut Page) {
    // What somebody accepted wakes nobody.
    let state = |found: &Break| match report.acceptance.of(found) {
        Some(_) => "accepted",
        None if found.is_open() => "open",
        None => "resolved",
    };
    let states = ["open", "resolved", "accepted"];
    let counts = report.breaks.iter().counts_by(|found| (found.severity, state(found)));
    let severities = [Severity::Break, Severity::Warning, Severity::Note];
    let samples = severities.into_iter().cartesian_product(states).map(|(severity, state)| {
        let count = counts.get(&(severity, state)).copied().unwrap_or(0);
        (vec![("severity", severity.code().to_owned()), ("state", state.to_owned())], count.to_string())
    });
    page.metric("breaks", "Statements that do not hold.", samples);
    let kinds = report.breaks.iter().counts_by(|found| (found.kind.code(), found.severity.code(), state(found)));
    let samples = kinds.into_iter().sorted().map(|((kind, severity, state), count)| {
        let labels = [("kind", kind), ("severity", severity), ("state", state)];
        (labels.map(|(label, value)| (label, value.to_owned())).to_vec(), count.to_string())
    });
    page.metric("breaks_by_kind", "Statements that do not hold, by kind: those that there are.", samples);
    let sum = |wanted: &str, of: &dyn Fn(&Break) -> Option<Decimal>| {
        let differences = report.breaks.iter().filter(|found| found.severity == Severity::Break && state(found) == wanted);
        differences.filter_map(of).fold(Decimal::ZERO, Decimal::saturating_add)
    };
    let each = |of: &dyn Fn(&Break) -> Option<Decimal>| {
        states.map(|state| (vec![("state", state.to_owned())], plain(sum(state, of)))).to_vec()
    };
    page.metric(
        "money_at_stake_usd",
        "Differences in what is held, at the latest prices.",
        each(&|found: &Break| found.money_at_stake()),
    );
    page.metric(
        "exposure_usd_seconds",
        "Differences in what is held, times how long they were open.",
        each(&|found: &Break| found.exposure(report.window.until)),
    );
}

fn checks(report: &Report, page: &mut Page) {
    let statuses = [Status::Pass, Status::Warn, Status::Fail, Status::CouldNotCheck];
    let samples = report.checks.iter().cartesian_product(statuses).map(|(check, status)| {
        let labels = vec![("check", check.id.to_owned()), ("status", status.code().to_owned())];
        (labels, truth(check.status == status))
    });
    page.metric("check_status", "1 for how a check of the audit came out, 0 for the other ways.", samples);
}

/// How long ago the bot did what it should do again and again.
fn ages(report: &Report, page: &mut Page) {
    let Some(audit) = &report.audit else { return };
    let activity = &audit.activity;
    let told = [
        ("last_cycle", "the last cycle of the main loop", activity.cycles.last().copied()),
        ("last_reconcile", "the reconciler's last round", activity.last_reconciled),
        ("last_entry", "the last entry", activity.last_entry.as_ref().map(|entry| entry.at)),
        ("last_exit", "the last exit", activity.last_exit.as_ref().map(|(at, _)| *at)),
    ];
    for (name, what, at) in told {
        page.value(&format!("{name}_timestamp_seconds"), &format!("When {what} was."), at.map(moment));
        page.value(
            &format!("{name}_age_seconds"),
            &format!("How long {what} was ago, as of the check."),
            at.map(|at| seconds(audit.now - at)),
        );
    }
}

fn broker(report: &Report, page: &mut Page) {
    let broker = &report.broker;
    let kind = vec![("kind", broker.kind.to_owned())];
    page.metric("broker_read", "Whether the broker's answer was had.", [(kind, truth(broker.has_answered()))]);
    let began = broker.read_began.filter(|_| broker.has_answered());
    page.value("broker_read_timestamp_seconds", "When the broker was read.", began.map(moment));
    let known = report.books.iter().filter(|book| book.complete || book.as_of.is_some() || book.name == BookName::Expected);
    let samples = known.map(|book| (vec![("book", book.name.code().to_owned())], book.rows.len().to_string()));
    page.metric("positions", "Positions in each book that was stated.", samples);
}

fn read(report: &Report, page: &mut Page) {
    let sum = |of: fn(&Source) -> u64| report.sources.iter().map(of).sum::<u64>().to_string();
    let became: BTreeMap<&str, String> = BTreeMap::from([
        ("understood", sum(|source| source.understood)),
        ("ignored", sum(|source| source.ignored.values().sum())),
        ("quarantined", sum(|source| source.quarantined)),
    ]);
    let samples = became.into_iter().map(|(became, count)| (vec![("became", became.to_owned())], count));
    page.metric("lines", "Lines read, by what became of them.", samples);
    page.value("read_bytes", "Bytes of text that were read.", sum(|source| source.bytes));
    page.value("sources", "Files and answers that were read.", report.sources.len().to_string());
    page.value("events", "Events on the tape.", report.stats.events.to_string());
    page.value("symbols", "Symbols on the tape.", report.stats.symbols.to_string());
    page.value("window_end_timestamp_seconds", "The last moment that was checked.", report.window.until.map(moment));
}
