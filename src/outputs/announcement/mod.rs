//! An announcement of the alarms in words: lines for a person. `document.rs` is its JSON, `chat.rs` what chats take.

pub mod chat;
pub mod document;

use owo_colors::Style;
use std::fmt::Write as _;

use super::paint::Look;
use super::text::{line, signed, wrapped};
use crate::alarms::sight::{Condition, Subject, Why};
use crate::alarms::{Announcement, Turn};
use crate::breaks::Severity;
use crate::checks::span;
use crate::position::{Symbol, plain};
use crate::source::harmless;
use crate::time::{self, Time};

/// The most characters of one thing that is told: enough for any path and any command, and no log's line can flood a chat.
const LONGEST: usize = 1000;

/// What comes of logs, paths and answers, as it may be shown.
fn shown(text: &str) -> String {
    harmless(text, LONGEST)
}

/// The announcement for a person: what happened on a line, below it the records that say so and what to type next.
pub fn text(told: &Announcement, look: &Look) -> String {
    let (word, style) = word(told);
    let stamp = moment(told.at).replace(' ', "\u{a0}");
    let mut out = String::new();
    let head = format!("{stamp}  {}  {}", look.paint(&format!("{word:<11}"), style), happened(told));
    wrapped(&mut out, look, &head, "    ");
    if look.quiet || matches!(told.turn, Turn::Resolved | Turn::Withdrawn) {
        return out;
    }
    if !told.condition.evidence.is_empty() {
        let records: Vec<String> = told.condition.evidence.iter().map(|record| shown(record)).collect();
        wrapped(&mut out, look, &format!("    {}", records.join(", ")), "    ");
    }
    if let Some(next) = &told.condition.next {
        line(&mut out, &look.spelt(&format!("    next: {}", shown(next))));
    }
    out
}

/// `02-05 18:05:33Z`: a watch goes on for weeks, and nobody says in which zone a chat is read.
fn moment(at: Time) -> String {
    format!("{}Z", time::stamp(at))
}

/// The word that the line begins with, which says all that its colour does.
fn word(told: &Announcement) -> (&'static str, Style) {
    let worst = match told.condition.severity {
        Severity::Break => Style::new().red().bold(),
        Severity::Warning => Style::new().yellow().bold(),
        Severity::Note => Style::new().cyan(),
    };
    let unseen = Style::new().yellow().bold();
    let over = Style::new().green().bold();
    match (told.turn, &told.subject) {
        (Turn::Opened | Turn::Changed, Subject::Blind(_)) => ("BLIND", unseen),
        (Turn::Standing, Subject::Blind(_)) => ("STILL BLIND", unseen),
        (Turn::Resolved | Turn::Withdrawn, Subject::Blind(_)) => ("SEES AGAIN", over),
        (Turn::Opened, Subject::Check(_) | Subject::Break(..)) => ("OPENED", worst),
        (Turn::Changed, Subject::Check(_) | Subject::Break(..)) => ("CHANGED", worst),
        (Turn::Standing, Subject::Check(_) | Subject::Break(..)) => ("STANDING", worst),
        (Turn::Resolved, Subject::Check(_) | Subject::Break(..)) => ("RESOLVED", over),
        (Turn::Withdrawn, Subject::Check(_) | Subject::Break(..)) => ("WITHDRAWN", Style::new().cyan()),
        (Turn::Passed, _) => ("PASSED", worst),
    }
}

/// What happened, on a line.
fn happened(told: &Announcement) -> String {
    let lasted = span(told.lasted());
    match told.turn {
        Turn::Opened => stands(told),
        Turn::Changed => format!("{}{}", stands(told), before(told)),
        Turn::Standing => format!("{}; for {lasted}, since {}", stands(told), moment(told.since)),
        Turn::Resolved => format!("{}, after {lasted}{}", name(&told.subject), exposure(told)),
        Turn::Passed => {
            let until = told.until.map_or_else(String::new, |until| format!(" to {}", moment(until)));
            format!("{}; it came and went: {lasted}, from {}{until}{}", stands(told), moment(told.since), exposure(told))
        }
        Turn::Withdrawn if matches!(told.subject, Subject::Blind(_)) => format!("{}, after {lasted}", name(&told.subject)),
        Turn::Withdrawn => {
            format!("{}, after {lasted}: not seen any more, and no record says that it was resolved", name(&told.subject))
        }
    }
}

/// What it is about, without how it stands.
fn name(subject: &Subject) -> String {
    match subject {
        Subject::Blind(eye) => eye.code().to_owned(),
        Subject::Check(id) => format!("check {}", shown(id)),
        Subject::Break(symbol, kind, book) => {
            let symbol = symbol.as_ref().map_or("the whole book", Symbol::as_str);
            format!("{} {} ({})", shown(symbol), kind.code(), book.code())
        }
    }
}

/// How it stands.
fn stands(told: &Announcement) -> String {
    let condition = &told.condition;
    let mut out = match condition.severity {
        Severity::Break => String::new(),
        Severity::Warning | Severity::Note => format!("{} ", condition.severity.code()),
    };
    match &told.subject {
        Subject::Blind(_) | Subject::Check(_) => {
            let _ = write!(out, "{}: {}", name(&told.subject), shown(&condition.says));
        }
        Subject::Break(..) => out.push_str(&shown(&condition.says)),
    }
    let difference = condition.difference.map(signed);
    let money = condition.money.filter(|money| !money.is_zero());
    let money = money.map(|money| format!("{} USD at stake", plain(money.round_dp(2))));
    let worth: Vec<String> = difference.into_iter().chain(money).collect();
    if !worth.is_empty() {
        let _ = write!(out, " ({})", worth.join(", "));
    }
    if let Some(why) = &condition.cause {
        let _ = write!(out, "; {}", cause(why));
    }
    out
}

fn cause(why: &Why) -> String {
    let proved = if why.proved { " (proved)" } else { "" };
    let edit = why.edit.as_ref().map(|edit| format!(": {}", shown(edit))).unwrap_or_default();
    format!("{}{proved}{edit}", shown(&why.code))
}

/// What of it was told before, and is so no longer.
fn before(told: &Announcement) -> String {
    let Some(before) = &told.before else { return String::new() };
    let (now, mut parts) = (&told.condition, Vec::new());
    if before.severity != now.severity {
        parts.push(before.severity.code().to_owned());
    }
    if before.says != now.says {
        parts.push(shown(&before.says));
    }
    let money = |condition: &Condition| condition.money.map(|money| plain(money.round_dp(2)));
    if let Some(was) = money(before).filter(|was| Some(was) != money(now).as_ref()) {
        parts.push(format!("{was} USD at stake"));
    }
    let code = |condition: &Condition| condition.cause.as_ref().map(|why| (why.code.clone(), why.proved));
    if let (Some(why), true) = (&before.cause, code(before) != code(now)) {
        parts.push(cause(&Why { edit: None, ..why.clone() }));
    }
    if parts.is_empty() { String::new() } else { format!("; before: {}", parts.join(", ")) }
}

fn exposure(told: &Announcement) -> String {
    let exposure = told.exposure.filter(|exposure| !exposure.is_zero());
    exposure.map(|exposure| format!("; exposure {} USD seconds", plain(exposure.round()))).unwrap_or_default()
}
