//! Evidence as compilers show it: the place, what it says, the line, and under it the bytes that matter, with the side that they are on.

use owo_colors::Style;
use rust_decimal::Decimal;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::paint::Look;
use super::text::{line, plural, wrapped};
use crate::breaks::{BookName, Break, Evidence, Kind};
use crate::report::Report;
use crate::source::visible;
use crate::spots::Spot;
use crate::time;

/// Evidence of one break shown before its middle is folded; the two sides are always shown.
const SHOWN: usize = 6;

/// Columns of a line's number.
const NUMBER: usize = 5;

/// Writes the evidence of a break.
pub(super) fn write(report: &Report, found: &Break, look: &Look, out: &mut String) {
    let all = &found.evidence;
    let folded = !look.verbose && all.len() > SHOWN;
    let (expected, actual) = sides(report, found);
    let is_shown = |place: usize| {
        let at_an_end = place < SHOWN / 2 || place + SHOWN / 2 >= all.len();
        !folded || at_an_end || [expected, actual].contains(&Some(place))
    };
    let mut hidden = 0;
    for place in 0..all.len() {
        if !is_shown(place) {
            hidden += 1;
            continue;
        }
        if hidden > 0 {
            line(out, &format!("    ... {}: --verbose", plural(std::mem::take(&mut hidden), "more record")));
        }
        record(report, found, place, look, out);
    }
}

fn record(report: &Report, found: &Break, place: usize, look: &Look, out: &mut String) {
    let evidence = &found.evidence[place];
    let number = report.line_of(evidence.origin);
    let path = format!("{}:{number}", visible(report.path_of(evidence.origin)));
    line(out, &format!("    --> {}", look.paint(&path, Style::new().blue())));
    wrapped(out, look, &format!("      {}  {}", time::stamp(evidence.at), evidence.says), "        ");
    let label = label(report, found, place);
    let spot = spot(report, found, evidence);
    let gutter = Gutter { number, look };
    match (spot, report.excerpts.get(&evidence.origin).filter(|text| !text.is_empty())) {
        (Some(spot), _) => underlined(spot, label.as_ref(), &gutter, out),
        (None, text) => {
            if let Some(text) = text {
                gutter.source([&look.cut(&look.spelt(text), gutter.width()), "", ""], Style::new(), out);
            }
            if let Some(label) = &label {
                let note = format!("= {}", label.text);
                gutter.note(&look.paint(&note, label.style), out);
            }
        }
    }
}

/// What stands at the left of an excerpt: the line's number, and a bar.
struct Gutter<'a> {
    number: u32,
    look: &'a Look,
}

impl Gutter<'_> {
    fn width(&self) -> usize {
        self.number.to_string().len().max(NUMBER) + 3
    }

    /// A line before, in and behind the bytes that matter.
    fn source(&self, [before, bytes, after]: [&str; 3], style: Style, out: &mut String) {
        let dimmed = |text: &str| if text.is_empty() { String::new() } else { self.look.paint(text, Style::new().dimmed()) };
        let bytes = if bytes.is_empty() { String::new() } else { self.look.paint(bytes, style) };
        let before = format!("{:>NUMBER$} {} {before}", self.number, self.look.bar());
        line(out, &format!("{}{bytes}{}", dimmed(&before), dimmed(after.trim_end())));
    }

    /// Below the source.
    fn note(&self, text: &str, out: &mut String) {
        let bar = self.look.paint(self.look.bar(), Style::new().dimmed());
        line(out, &format!("{}{bar} {text}", " ".repeat(self.width() - 2)));
    }
}

/// Which side of the break a record is on.
struct Label {
    text: String,
    style: Style,
    /// Under one of the two sides that part; the others are underlined less.
    is_side: bool,
}

/// The side that a record is on, in words: `actual 13`.
pub(super) fn side(report: &Report, found: &Break, place: usize) -> Option<String> {
    label(report, found, place).map(|label| label.text)
}

/// The record that the contradicted book follows from is the expected side, the one that contradicts it the actual one.
fn label(report: &Report, found: &Break, place: usize) -> Option<Label> {
    let (expected, actual) = sides(report, found);
    let told = |side: &str, text: Option<String>| text.map(|text| format!("{side} {text}"));
    let green = Style::new().green();
    let mut label = if Some(place) == actual {
        Some(Label { text: told("actual", found.actual.text())?, style: Style::new().red().bold(), is_side: true })
    } else if Some(place) == expected {
        told("expected", found.expected.text()).map(|text| Label { text, style: green.bold(), is_side: true })
    } else {
        None
    };
    let agreed = evidence_of_agreement(found);
    if Some(place) == agreed && Some(place) != actual {
        let and = label.as_ref().map(|label| format!(", {}", label.text)).unwrap_or_default();
        label = Some(Label { text: format!("agreed{and}"), style: green, is_side: !and.is_empty() });
    }
    label
}

/// The place of the record that agreed last. The metadata has no time of its own that could agree.
fn evidence_of_agreement(found: &Break) -> Option<usize> {
    let at = found.last_agreed_at.filter(|_| found.book != BookName::Metadata)?;
    found.evidence.iter().position(|record| record.at == at)
}

/// The places of the expected and of the actual side among the evidence.
fn sides(report: &Report, found: &Break) -> (Option<usize>, Option<usize>) {
    let evidence = &found.evidence;
    let before = |place: usize| place.checked_sub(1);
    let failed = |record: &Evidence| record.at >= found.first_failed_at;
    // Of those that failed, a later one may be the first to say how much it is.
    let states = |record: &Evidence| {
        let said = spot(report, found, record).and_then(|spot| number(&spot.bytes));
        said.is_some() && said == found.actual.number().map(|actual| actual.abs())
    };
    match (found.kind, found.book) {
        // The executor's own record comes first, whenever it was written.
        (Kind::EntryPrice, _) => (Some(0), Some(1)),
        // Its own record is the last of the moment: the broker's word of the same cycle comes before it.
        (_, BookName::Executor) => {
            let own = evidence.iter().rposition(|record| record.at == found.first_failed_at);
            (own, own.and_then(before))
        }
        (_, BookName::Expected | BookName::Broker) => {
            let first = evidence.iter().position(failed);
            let exact = evidence.iter().position(|record| failed(record) && states(record));
            (first.and_then(before), exact.or(first))
        }
        (_, BookName::Metadata) => (None, None),
    }
}

pub(super) fn spot<'a>(report: &'a Report, found: &Break, evidence: &Evidence) -> Option<&'a Spot> {
    report.spots.get(&(evidence.origin, found.symbol.clone(), evidence.reads))
}

/// The number that a field states, without its sign.
fn number(field: &str) -> Option<Decimal> {
    let (_, value) = field.rsplit_once(':')?;
    value.trim().trim_matches('"').parse::<Decimal>().ok().map(|value| value.abs())
}

/// The line around the bytes that matter, and they underlined.
fn underlined(spot: &Spot, label: Option<&Label>, gutter: &Gutter<'_>, out: &mut String) {
    let look = gutter.look;
    let room = look.width.saturating_sub(gutter.width());
    let (before, bytes, after) = fitted(spot, room, look);
    let style = label.map_or(Style::new(), |label| label.style);
    gutter.source([&before, &bytes, &after], style, out);
    let mark = if label.is_some_and(|label| label.is_side) { "^" } else { "-" };
    let marks = mark.repeat(bytes.width().max(1));
    let text = label.map_or("", |label| label.text.as_str());
    let indent = before.width();
    let (free, taken) = (indent, text.width() + 1);
    if text.is_empty() {
        gutter.note(&format!("{}{}", " ".repeat(indent), look.paint(&marks, style)), out);
    } else if indent + marks.len() + taken <= room {
        gutter.note(&format!("{}{}", " ".repeat(indent), look.paint(&format!("{marks} {text}"), style)), out);
    } else if taken <= free {
        gutter.note(&format!("{}{}", " ".repeat(free - taken), look.paint(&format!("{text} {marks}"), style)), out);
    } else {
        gutter.note(&format!("{}{}", " ".repeat(indent), look.paint(&marks, style)), out);
        let indent = indent.min(room.saturating_sub(text.width()));
        gutter.note(&format!("{}{}", " ".repeat(indent), look.paint(text, style)), out);
    }
}

/// As much of the line as there is room for, more of it behind the bytes than before them.
fn fitted(spot: &Spot, room: usize, look: &Look) -> (String, String, String) {
    let [before, bytes, after] = [&spot.before, &spot.bytes, &spot.after].map(|text| look.spelt(text).into_owned());
    let bytes = if bytes.width() > room / 2 { look.cut(&bytes, look.width.saturating_sub(room / 2)) } else { bytes };
    let free = room.saturating_sub(bytes.width());
    let left = before.width().min((free * 2 / 5).max(free.saturating_sub(after.width())));
    let right = after.width().min(free - left);
    (last(&before, left, look.ellipsis()), bytes, first(&after, right, look.ellipsis()))
}

/// The first columns of a text.
fn first(text: &str, room: usize, ellipsis: &str) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let room = room.saturating_sub(ellipsis.width());
    let mut taken = 0;
    let fits = |character: &char| {
        taken += character.width().unwrap_or(0);
        taken <= room
    };
    let kept: String = text.chars().take_while(fits).collect();
    format!("{kept}{ellipsis}")
}

/// The last columns of a text.
fn last(text: &str, room: usize, ellipsis: &str) -> String {
    let reversed: String = text.chars().rev().collect();
    let ellipsis: String = ellipsis.chars().rev().collect();
    first(&reversed, room, &ellipsis).chars().rev().collect()
}
