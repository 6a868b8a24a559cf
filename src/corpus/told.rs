//! A run of the corpus as text, as tests for CI, and as findings for code hosts.

use itertools::Itertools;
use owo_colors::Style;
use std::path::Path;

use super::accept::{Acceptable, Before};
use super::case::{ACCEPTED, Given, MANIFEST};
use super::changes::Change;
use super::differences::Difference;
use super::run::{Compared, Outcome, Status};
use super::verdict::{Break, Verdict};
use crate::outputs::junit::{self, Test};
use crate::outputs::paint::{Look, shown as safe};
use crate::outputs::sarif::{self, Found, Level, Place};
use crate::source::visible;

/// Differences of one case that are shown before the rest is folded.
const SHOWN: usize = 12;

/// For people: what changed, and how many did not.
pub fn text(outcomes: &[Outcome], strict: bool, look: &Look) -> String {
    let mut out = String::new();
    if !look.quiet {
        for outcome in outcomes {
            one(outcome, strict, look, &mut out);
        }
    }
    out.push_str(&summary(outcomes, strict, look));
    out
}

fn one(outcome: &Outcome, strict: bool, look: &Look, out: &mut String) {
    let status = outcome.status(strict);
    let (word, style) = match status {
        Status::Same => ("same   ", Style::new().green()),
        Status::Changed => ("CHANGED", Style::new().red().bold()),
        Status::CouldNotCheck => ("?      ", Style::new().yellow().bold()),
    };
    let head = format!("{}  {}\n", look.paint(word, style), visible(&outcome.name));
    match &outcome.result {
        Err(error) => {
            out.push_str(&head);
            wrapped(out, look, "could not check: ", &error.to_string());
        }
        Ok(compared) if compared.differences.is_empty() && compared.changes.is_empty() => {
            if look.verbose {
                out.push_str(&head);
            }
        }
        Ok(compared) => {
            out.push_str(&head);
            what_changed(&compared.changes, &compared.differences, look, out);
        }
    }
}

/// The changes in the domain's words, then the differences of the reports.
fn what_changed(changes: &[Change], differences: &[Difference], look: &Look, out: &mut String) {
    for change in changes {
        wrapped(out, look, "", &change.to_string());
    }
    if differences.is_empty() {
        return;
    }
    let remark = if changes.is_empty() { "the verdict is the same; the report differs:" } else { "in the report:" };
    wrapped(out, look, "", remark);
    let shown = if look.verbose { differences.len() } else { SHOWN };
    for difference in differences.iter().take(shown) {
        wrapped(out, look, "  ", &difference.to_string());
    }
    if differences.len() > shown {
        wrapped(out, look, "  ", &format!("(+{} more: --verbose)", differences.len() - shown));
    }
}

/// Indented text that goes on below itself.
pub(super) fn wrapped(out: &mut String, look: &Look, before: &str, text: &str) {
    out.push_str(&folded(&format!("  {before}{text}"), look));
    out.push('\n');
}

/// Text that goes on below itself. Times and names are not parted at their hyphens, and what begins indented keeps that.
pub fn folded(text: &str, look: &Look) -> String {
    // A break in it is data's, and would begin a line that says what data likes.
    let text = text.replace('\n', "\\u{a}");
    let text = safe(&text, look.colour);
    let indent = " ".repeat(text.len() - text.trim_start().len());
    let below = format!("{indent}    ");
    let options = textwrap::Options::new(look.width)
        .initial_indent(&indent)
        .subsequent_indent(&below)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .word_separator(textwrap::WordSeparator::AsciiSpace);
    textwrap::fill(text.trim_start(), options)
}

fn summary(outcomes: &[Outcome], strict: bool, look: &Look) -> String {
    let count = |status: Status| outcomes.iter().filter(|outcome| outcome.status(strict) == status).count();
    let (same, changed, unchecked) = (count(Status::Same), count(Status::Changed), count(Status::CouldNotCheck));
    let style = match (changed, unchecked) {
        (0, 0) => Style::new().green().bold(),
        (0, _) => Style::new().yellow().bold(),
        (_, _) => Style::new().red().bold(),
    };
    let cases = if outcomes.len() == 1 { "case" } else { "cases" };
    let mut text = format!("{} {cases}: {same} same, {changed} changed, {unchecked} could not be checked", outcomes.len());
    let remarks = outcomes.iter().filter(|outcome| has_remark(outcome, strict)).count();
    if remarks > 0 {
        text.push_str(&format!("; {remarks} with the same verdict in another report (--strict refuses these)"));
    }
    let filled = textwrap::fill(&text, textwrap::Options::new(look.width).subsequent_indent("  "));
    format!("{}\n", look.paint(&filled, style))
}

fn has_remark(outcome: &Outcome, strict: bool) -> bool {
    let differs = outcome.result.as_ref().is_ok_and(|compared| !compared.differences.is_empty());
    differs && outcome.status(strict) == Status::Same
}

/// For CI: a test for each case.
pub fn junit(outcomes: &[Outcome], strict: bool) -> Result<String, junit::CannotWrite> {
    let test = |outcome: &Outcome| {
        let mut text = String::new();
        let plain = Look { verbose: true, ..Look::plain() };
        let result = match &outcome.result {
            Err(error) => junit::Outcome::Error { message: error.to_string() },
            Ok(compared) => {
                what_changed(&compared.changes, &compared.differences, &plain, &mut text);
                match outcome.status(strict) {
                    Status::Same | Status::CouldNotCheck => junit::Outcome::Passed,
                    Status::Changed => {
                        let first = compared.changes.first();
                        let sort = first.map_or("report_changed", Change::code).to_owned();
                        junit::Outcome::Failed { sort, message: compared.changes.iter().join("; ") }
                    }
                }
            }
        };
        let class = outcome.folder.parent().map(shown).filter(|parent| !parent.is_empty());
        Test { name: outcome.name.clone(), class: class.unwrap_or_else(|| "corpus".to_owned()), outcome: result, text }
    };
    junit::suite("corpus", outcomes.iter().map(test).collect())
}

/// For code hosts: each change on the line that shows it. What did not change is not told.
pub fn sarif(outcomes: &[Outcome], strict: bool) -> Result<String, serde_json::Error> {
    let mut found = Vec::new();
    let mut unchecked = Vec::new();
    for outcome in outcomes {
        match &outcome.result {
            Err(error) => {
                unchecked.push(error.to_string());
                found.push(not_checked(outcome, error.to_string()));
            }
            Ok(compared) => {
                found.extend(compared.changes.iter().map(|change| changed(compared, change)));
                if outcome.status(strict) == Status::Changed && compared.changes.is_empty() {
                    found.push(differing(compared));
                }
            }
        }
    }
    sarif::document(&found, &|rule| meaning(rule).map(str::to_owned), &unchecked)
}

fn meaning(rule: &str) -> Option<&'static str> {
    Some(match rule {
        "verdict_changed" => "The case has another verdict than the accepted one.",
        "break_appeared" => "A break is found that was not accepted.",
        "break_vanished" => "An accepted break is not found any more.",
        "break_changed" => "An accepted break is told otherwise.",
        "cause_changed" => "An accepted break is given another cause.",
        "position_changed" => "A book holds something else than was accepted.",
        "check_changed" => "A check comes out otherwise than was accepted.",
        "integrity_changed" => "Another number of lines or files is distrusted than was accepted.",
        "report_changed" => "The verdict is the accepted one, and the report differs.",
        "could_not_check" => "The case could not be replayed.",
        _ => return None,
    })
}

fn not_checked(outcome: &Outcome, message: String) -> Found {
    let manifest = outcome.folder.join(MANIFEST);
    let place = Place { path: shown(&manifest), line: 0, says: None };
    Found {
        rule: "could_not_check".to_owned(),
        level: Level::Error,
        message,
        places: vec![place],
        same_as: format!("{}/could_not_check", outcome.name),
        accepted: None,
    }
}

fn differing(compared: &Compared) -> Found {
    let message = compared.differences.iter().take(SHOWN).join("; ");
    let name = compared.case.name();
    let places = vec![accepted(compared, None)];
    let same_as = format!("{name}/report_changed");
    Found {
        rule: "report_changed".to_owned(),
        level: Level::Error,
        message: format!("{name}: {message}"),
        places,
        same_as,
        accepted: None,
    }
}

fn changed(compared: &Compared, change: &Change) -> Found {
    let name = compared.case.name();
    let evidence = |found: &Break| {
        let mut places: Vec<Place> = found.evidence.iter().map(|line| evidence(compared, line)).collect();
        // What did it comes first, if that is known; else the statement that failed, which stands last.
        let main = found.evidence.iter().position(|line| line.ts.as_ref() == Some(&found.opened_at));
        let main = main.unwrap_or(places.len().saturating_sub(1));
        places.get_mut(..=main).unwrap_or_default().rotate_right(1);
        places
    };
    let places = match change {
        Change::BreakAppeared(found) => evidence(found),
        Change::BreakChanged { is, .. } | Change::CauseChanged { is, .. } => evidence(is),
        Change::BreakVanished(found) => vec![accepted(compared, Some(&found.id))],
        Change::Verdict { .. } | Change::Position { .. } | Change::Check { .. } | Change::Integrity { .. } => Vec::new(),
    };
    let places = if places.is_empty() { vec![accepted(compared, None)] } else { places };
    let about = change.subject().map_or_else(|| change.to_string(), |found| found.id.clone());
    Found {
        rule: change.code().to_owned(),
        level: Level::Error,
        message: format!("{name}: {change}"),
        places,
        same_as: format!("{name}/{}/{about}", change.code()),
        accepted: None,
    }
}

fn evidence(compared: &Compared, evidence: &super::verdict::Evidence) -> Place {
    Place { path: shown(&compared.case.file_of(&evidence.source)), line: evidence.line, says: evidence.says.clone() }
}

/// The accepted report: on the line of a break's id, if one is given.
fn accepted(compared: &Compared, id: Option<&str>) -> Place {
    let line = id.and_then(|id| line_of(&compared.accepted, &format!("\"id\": \"{id}\"")));
    Place { path: shown(&compared.case.folder.join(ACCEPTED)), line: line.unwrap_or(1), says: None }
}

fn line_of(given: &Given, what: &str) -> Option<u32> {
    let place = given.text().lines().position(|line| line.contains(what))?;
    u32::try_from(place + 1).ok()
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// What accepting a case would change.
pub fn acceptable(case: &Acceptable, look: &Look, out: &mut String) {
    out.push_str(&format!("{}\n", visible(case.case.name())));
    match &case.before {
        Before::Same => {}
        Before::Nothing => wrapped(out, look, "", &format!("is new: {}", gives(&case.now.verdict))),
        Before::Damaged(why) => {
            wrapped(out, look, "", &format!("its expected.json is damaged ({why}); it gives {}", gives(&case.now.verdict)));
        }
        Before::Other { changes, differences } => what_changed(changes, differences, look, out),
    }
}

/// A verdict in a line.
fn gives(verdict: &Verdict) -> String {
    let breaks = verdict.breaks.iter().map(|found| {
        let symbol = found.symbol.as_deref().unwrap_or("*");
        format!("{symbol} {} ({})", found.kind, found.cause.code)
    });
    let breaks = breaks.collect_vec();
    let told = if breaks.is_empty() { String::new() } else { format!(": {}", breaks.join(", ")) };
    format!("{}{told}", verdict.verdict)
}
