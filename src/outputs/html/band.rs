//! The band at the top: the verdict, what was checked and what could not be, the account and the window.

use itertools::Itertools;

use super::Told;
use super::cards::{Card, headlines};
use super::lives::Life;
use crate::breaks::{Break, Severity};
use crate::checks::{Status, span};
use crate::outputs::text::{broker, plural};
use crate::report::{Report, Verdict};
use crate::time::{self, Time};

/// Breaks told in a sentence.
const HEADLINES: usize = 3;

/// The band.
pub(super) struct Band {
    pub(super) class: &'static str,
    pub(super) sign: &'static str,
    pub(super) verdict: String,
    pub(super) meaning: String,
    pub(super) counts: String,
    pub(super) headlines: Vec<(String, String)>,
    pub(super) more: usize,
    pub(super) breaks: usize,
    pub(super) audit: bool,
    /// Accept rules that somebody should look at.
    pub(super) stale: Vec<String>,
    pub(super) settings: Option<String>,
    pub(super) directory: String,
    pub(super) window: Option<[String; 3]>,
    pub(super) opened_by: Option<String>,
    pub(super) broker: String,
    pub(super) account: Option<String>,
    pub(super) checked: Vec<String>,
    pub(super) unchecked: Vec<String>,
    pub(super) again: String,
}

pub(super) fn of(told: &Told<'_>, lives: &[Life<'_>], cards: &[Card]) -> Band {
    let report = told.report;
    let accepted = accepted_breaks(report);
    let (class, sign, verdict) = match report.verdict {
        // Clean but for what was accepted is not as clean as clean.
        Verdict::Clean if accepted > 0 => ("unchecked", "!", "Clean"),
        Verdict::Clean => ("clean", "✓", "Clean"),
        Verdict::Breaks => ("breaks", "✕", "Breaks"),
        Verdict::CouldNotCheck => ("unchecked", "?", "Could not check"),
    };
    let mut headlines: Vec<(String, String)> = headlines(cards).chain(failed_checks(report)).collect();
    let more = headlines.split_off(headlines.len().min(HEADLINES)).len();
    Band {
        class,
        sign,
        verdict: match (accepted, report.verdict) {
            (1.., Verdict::Clean) => format!("{verdict} but for {accepted} accepted"),
            (_, Verdict::Clean | Verdict::Breaks | Verdict::CouldNotCheck) => verdict.to_owned(),
        },
        stale: report.acceptance.stale().map(|judged| crate::outputs::accepted::to_look_at(report, judged)).collect(),
        settings: report.asked.settings.clone(),
        meaning: meaning(report),
        counts: counts(report),
        more,
        headlines,
        breaks: report.breaks.iter().filter(|found| found.severity > Severity::Note).count(),
        audit: report.audit.is_some(),
        directory: report.asked.directory.clone(),
        window: report.window.from.zip(report.window.until).map(|(from, until)| window(from, until)),
        opened_by: report.opening.map(|(at, origin)| {
            let place = format!("{}:{}", report.path_of(origin), report.line_of(origin));
            format!("what was held before is what {place} states at {}; what lies before it was passed over", time::show(at))
        }),
        broker: broker(report),
        account: account(report),
        checked: checked(told, lives),
        unchecked: report.unchecked.clone(),
        again: report.asked.again(None),
    }
}

/// The checks that failed, with where they stand.
fn failed_checks(report: &Report) -> impl Iterator<Item = (String, String)> {
    let failed = report.checks.iter().filter(|check| check.status == Status::Fail);
    failed.map(|check| (format!("check-{}", check.id), format!("{}: {}.", check.id, check.summary)))
}

fn accepted_breaks(report: &Report) -> usize {
    report.breaks.iter().filter(|found| report.acceptance.of(found).is_some()).count()
}

fn meaning(report: &Report) -> String {
    let failed = report.checks.iter().filter(|check| check.status == Status::Fail).count();
    match report.verdict {
        Verdict::Clean if accepted_breaks(report) > 0 => {
            "Everything that was asked was checked, and what does not agree was accepted by a rule of the settings.".to_owned()
        }
        Verdict::Clean => "Everything that was asked was checked, and agrees.".to_owned(),
        Verdict::Breaks if failed > 0 => {
            format!("The books part, or what runs is not as it should be: {} failed.", plural(failed, "check"))
        }
        Verdict::Breaks => "The books part: at least one statement does not hold.".to_owned(),
        Verdict::CouldNotCheck => "No break was found, but not everything could be checked: this is not a clean day.".to_owned(),
    }
}

fn counts(report: &Report) -> String {
    let of = |severity: Severity| {
        report.breaks.iter().filter(move |found| found.severity == severity && report.acceptance.of(found).is_none())
    };
    let open = of(Severity::Break).filter(|found| found.is_open()).count();
    let resolved = of(Severity::Break).count() - open;
    let parts = [
        plural(open, "open break"),
        format!("{resolved} resolved"),
        plural(of(Severity::Warning).count(), "warning"),
        plural(of(Severity::Note).count(), "note"),
    ];
    let accepted = accepted_breaks(report);
    let accepted = if accepted == 0 { String::new() } else { format!(" · {accepted} accepted") };
    format!("{}{accepted}", parts.join(" · "))
}

/// From, until, and the same in New York with how long that is.
fn window(from: Time, until: Time) -> [String; 3] {
    let shown = |at: Time| at.utc().format("%Y-%m-%d %H:%M:%S").to_string();
    let is_one_day = from.utc().date_naive() == until.utc().date_naive();
    let end = if is_one_day { time::clock(until) } else { shown(until) };
    let local = |at: Time| at.utc().with_timezone(&chrono_tz::America::New_York).format("%a %b %-d, %H:%M").to_string();
    [shown(from), end, format!("{} to {} in New York, {}", local(from), local(until), span(until - from))]
}

fn account(report: &Report) -> Option<String> {
    let account = report.broker.account.as_ref()?;
    let status = account.status.as_deref().unwrap_or("of unknown status");
    let money = |value: Option<rust_decimal::Decimal>| value.map_or_else(|| "?".to_owned(), super::cards::usd);
    let blocks = if account.blocks.is_empty() { String::new() } else { format!(", {}", account.blocks.join(", ")) };
    Some(format!("{status}{blocks}, equity {}, cash {}", money(account.equity), money(account.cash)))
}

fn checked(told: &Told<'_>, lives: &[Life<'_>]) -> Vec<String> {
    let report = told.report;
    let stats = &report.stats;
    let sum = |of: fn(&crate::source::Source) -> u64| report.sources.iter().map(of).sum::<u64>();
    let ignored: u64 = report.sources.iter().flat_map(|source| source.ignored.values()).sum();
    let mut checked = vec![
        format!(
            "{} lines of {}: {} understood, {ignored} ignored by rule, {} not understood",
            sum(|source| source.lines),
            plural(report.sources.len(), "file"),
            sum(|source| source.understood),
            sum(|source| source.quarantined),
        ),
        format!("{} events on the tape, {}", stats.events, plural(lives.len(), "symbol")),
        format!(
            "{} statements by witnesses: {} hold, {} do not",
            stats.tally.statements, stats.tally.statements_held, stats.tally.statements_failed
        ),
    ];
    if stats.symbols_left_out > 0 {
        checked.push(format!("{} symbols were left out, as asked", stats.symbols_left_out));
    }
    if !report.checks.is_empty() {
        let counts = report.checks.iter().counts_by(|check| check.status.code());
        let told = counts.iter().sorted().map(|(status, count)| format!("{count} {}", status.replace('_', " "))).join(", ");
        checked.push(format!("{} checks of what runs: {told}", report.checks.len()));
    }
    let shares = |found: &&Break| found.order_sensitive;
    let sensitive = report.breaks.iter().filter(shares).count();
    if sensitive > 0 {
        checked.push(format!("{} would be other in another order of tied records", plural(sensitive, "break")));
    }
    checked
}
