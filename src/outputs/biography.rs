//! `show biography`: every event of one symbol in order, with what should be held, what the bot and what the broker said.

use owo_colors::Style;
use serde::Serialize;

use super::paint::Look;
use super::sparkline;
use super::stages::{sort, words};
use super::text::plural;
use crate::biographies::is_brokers;
use crate::event::{Action, Event, Fact, Form};
use crate::origin::Origin;
use crate::outcome::{Mark, Outcome};
use crate::position::{Symbol, plain};
use crate::report::Report;
use crate::source::visible;
use crate::tape::Tape;
use crate::time::{self, Time};

#[derive(Serialize)]
struct Row<'a> {
    ts: String,
    sort: &'static str,
    expected: String,
    bot: Option<String>,
    broker: Option<String>,
    outcome: Option<&'static str>,
    first_failed: bool,
    says: String,
    source: &'a str,
    line: u32,
}

fn rows<'a>(tape: &Tape, marks: &[Mark], symbol: &Symbol, report: &'a Report) -> Vec<Row<'a>> {
    let mut failed = false;
    let rows = marks.iter().filter_map(|mark| {
        let event = tape.events.get(mark.place)?;
        let (bot, broker) = columns(event, mark);
        let first_failed = mark.outcome == Some(Outcome::Failed) && !std::mem::replace(&mut failed, true);
        let line = line_in(event, symbol).unwrap_or(event.origin.line);
        let line = report.line_of(Origin { line, ..event.origin });
        Some(Row {
            ts: time::show(event.at),
            sort: sort(event),
            expected: mark.expected.to_string(),
            bot,
            broker,
            outcome: mark.outcome.map(outcome),
            first_failed,
            says: mark.stated.map_or_else(|| words(event), |(witness, form)| crate::words::says(witness, &form)),
            source: report.path_of(event.origin),
            line,
        })
    });
    rows.collect()
}

/// A row of a whole book has its own line.
fn line_in(event: &Event, symbol: &Symbol) -> Option<u32> {
    let Fact::Statement(statement) = &event.fact else { return None };
    let crate::event::Claim::WholeBook(holdings) = &statement.claim else { return None };
    holdings.iter().find(|holding| holding.symbol == *symbol).map(|holding| holding.line)
}

fn columns(event: &Event, mark: &Mark) -> (Option<String>, Option<String>) {
    if let Some((witness, form)) = mark.stated {
        let said = Some(form_text(&form));
        return if is_brokers(witness) { (None, said) } else { (said, None) };
    }
    match &event.fact {
        Fact::Movement(movement) => match &movement.action {
            Action::Fill(fill) => {
                (None, Some(format!("{}{}", if fill.quantity.is_sign_negative() { "" } else { "+" }, plain(fill.quantity))))
            }
            Action::CorporateAction(_) => (None, Some("corporate".to_owned())),
            Action::Entry(_) | Action::ScaleOut(_) | Action::Exit(_) => (Some("moves".to_owned()), None),
        },
        Fact::Statement(_) | Fact::Pulse(_) => (None, None),
    }
}

pub(super) fn form_text(form: &Form) -> String {
    match form {
        Form::Equals(quantity) => plain(*quantity),
        Form::AtLeast(quantity) => format!("{}+", plain(*quantity)),
        Form::Held => "held".to_owned(),
        Form::NotHeld => "none".to_owned(),
        Form::ScoreLost(true) => "no score".to_owned(),
        Form::ScoreLost(false) => "score".to_owned(),
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Held => "held",
        Outcome::HeldWithinGrace => "held_within_grace",
        Outcome::Failed => "failed",
        Outcome::FailedAgain => "failed_again",
        Outcome::ProvesNothing => "proves_nothing",
    }
}

/// The biography as a table. Runs of statements that say the same and hold are folded into one row, unless `verbose`.
pub fn text(tape: &Tape, marks: &[Mark], symbol: &Symbol, report: &Report, look: &Look) -> String {
    let rows = rows(tape, marks, symbol, report);
    if rows.is_empty() {
        return format!("{symbol}: nothing on the tape\n");
    }
    let mut out = format!("{symbol}: {}\n", plural(rows.len(), "event"));
    out.push_str(&drawn(tape, marks, look).unwrap_or_default());
    out.push_str("  time (UTC)      expected     bot  broker\n");
    let mut place = 0;
    while let Some(row) = rows.get(place) {
        let mut last = place;
        while !look.verbose && is_quiet(row) && rows.get(last + 1).is_some_and(|next| is_quiet(next) && says_same(row, next)) {
            last += 1;
        }
        let again = last - place;
        let sign = if row.first_failed {
            ">>"
        } else if row.outcome == Some("failed") || row.outcome == Some("failed_again") {
            " >"
        } else {
            "  "
        };
        let more = if again == 0 { String::new() } else { format!(" ({again} more like it)") };
        let bot = row.bot.as_deref().unwrap_or("");
        let broker = row.broker.as_deref().unwrap_or("");
        let when = row.ts.get(5..19).unwrap_or(&row.ts).replace('T', " ");
        let text =
            format!("{sign}{when} {:>9} {bot:>7} {broker:>7}  {}{more}  [{}:{}]", row.expected, row.says, row.source, row.line);
        let style = row_style(row);
        out.push_str(&look.painted(&look.fitted(&look.spelt(&visible(&text))), style));
        out.push('\n');
        place = last + 1;
    }
    out
}

/// What should be held over time.
fn drawn(tape: &Tape, marks: &[Mark], look: &Look) -> Option<String> {
    let dated = marks.iter().filter_map(|mark| Some((tape.events.get(mark.place)?.at, mark)));
    let dated: Vec<(Time, &Mark)> = dated.filter(|(at, _)| *at != Time::UNIX_EPOCH).collect();
    let failed = dated.iter().find(|(_, mark)| mark.outcome == Some(Outcome::Failed)).map(|(at, _)| *at);
    let points: Vec<_> = dated.iter().map(|(at, mark)| (*at, mark.expected.known())).collect();
    sparkline::of(&points, failed, look)
}

/// The signs at the left say it, too.
fn row_style(row: &Row<'_>) -> Option<Style> {
    match row.outcome {
        Some("failed") => Some(Style::new().red().bold()),
        Some("failed_again") => Some(Style::new().red()),
        _ if row.sort == "pulse" => Some(Style::new().dimmed()),
        _ => None,
    }
}

fn is_quiet(row: &Row<'_>) -> bool {
    row.sort == "statement" && row.outcome == Some("held")
}

fn says_same(one: &Row<'_>, two: &Row<'_>) -> bool {
    one.expected == two.expected && one.bot == two.bot && one.broker == two.broker
}

/// The biography as JSON, an object a line.
pub fn json(tape: &Tape, marks: &[Mark], symbol: &Symbol, report: &Report) -> Result<String, serde_json::Error> {
    let mut out = String::new();
    for row in rows(tape, marks, symbol, report) {
        out.push_str(&serde_json::to_string(&row)?);
        out.push('\n');
    }
    Ok(out)
}
