//! What the text report says of breaks that somebody accepted: in the verdict's line, below the window, and at each of them.

use owo_colors::Style;

use super::paint::Look;
use super::text::{line, plural, wrapped};
use crate::accept::{Judged, State};
use crate::breaks::Break;
use crate::report::{Report, Verdict};
use crate::source::visible;

/// Rules that somebody should look at that are shown before the rest is folded.
const SHOWN: usize = 5;

/// The verdict's word. Clean but for what was accepted is not as clean as clean, and says so.
pub(super) fn verdict(report: &Report, word: &str, style: Style) -> (String, Style) {
    let accepted = report.breaks.iter().filter(|found| report.acceptance.of(found).is_some()).count();
    match (accepted, report.verdict) {
        (1.., Verdict::Clean) => (format!("{word} BUT FOR {accepted} ACCEPTED"), Style::new().yellow().bold()),
        (_, Verdict::Clean | Verdict::Breaks | Verdict::CouldNotCheck) => (word.to_owned(), style),
    }
}

/// How many there are, after the other counts.
pub(super) fn count(report: &Report) -> String {
    let accepted = report.breaks.iter().filter(|found| report.acceptance.of(found).is_some()).count();
    if accepted == 0 { String::new() } else { format!(", {accepted} accepted") }
}

/// Which file the settings are from, and which of its rules somebody should look at.
pub(super) fn header(report: &Report, look: &Look, out: &mut String) {
    if let Some(file) = &report.asked.settings {
        wrapped(out, look, &format!("settings  {file}"), "        ");
    }
    let stale = report.acceptance.stale().count();
    let shown = if look.verbose { stale } else { stale.min(SHOWN) };
    for judged in report.acceptance.stale().take(shown) {
        let text =
            textwrap::fill(&visible(&to_look_at(report, judged)), textwrap::Options::new(look.width).subsequent_indent("    "));
        line(out, &look.paint(&text, Style::new().yellow()));
    }
    if stale > shown {
        line(out, &format!("(+{} more accept rules that ended or accept nothing: --verbose)", stale - shown));
    }
}

/// What somebody should look at of a rule.
pub(super) fn to_look_at(report: &Report, judged: &Judged) -> String {
    let rule = &judged.rule;
    let about = [Some(rule.symbol.as_str()), rule.kind.map(|kind| kind.code()), rule.cause];
    let about = about.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let says = match (judged.state, judged.breaks) {
        (State::Expired, 0) => format!("ended on {}, and there is no such break any more", rule.until),
        (State::Expired, count) => {
            let s = if count == 1 { "s" } else { "" };
            format!("ended on {}: {} count{s} again", rule.until, plural(count, "break"))
        }
        (State::Unused | State::Applied | State::LeftOut, _) => "accepts nothing: there is no such break".to_owned(),
    };
    format!("accept rule {} ({about}) {says}", report.place_of(rule))
}

/// Why a break does not count, in words.
pub(super) fn reason(report: &Report, found: &Break) -> Option<String> {
    let rule = report.acceptance.of(found)?;
    Some(format!("accepted until {} ({}): {}", rule.until, report.place_of(rule), rule.reason))
}

/// Why a break does not count.
pub(super) fn of_break(report: &Report, found: &Break, look: &Look, out: &mut String) {
    if let Some(reason) = reason(report, found) {
        wrapped(out, look, &format!("  {reason}"), "    ");
    }
}
