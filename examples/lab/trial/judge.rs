//! Holds a report against what really happened.

use tapecheck::breaks::{BookName, Break, Kind, Severity};
use tapecheck::report::{Report, Verdict};
use tapecheck::time;

use super::moment::{MILLI, Moment};
use super::plan::{Fault, Plan};
use super::truth::{Episode, GRACE, Truth};

/// The broker's clock and the bot's may be so far apart.
const CLOCKS_APART: Moment = 300 * MILLI;

/// What the tool made of one fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which.
    pub fault: Fault,
    /// A witness that was kept could have shown it.
    pub witnessed: bool,
    /// The report has an entry about it.
    pub found: bool,
    /// The entry's last agreement and first failure have the fault between them.
    pub bracketed: bool,
    /// Its proved cause is what happened.
    pub named: bool,
    /// What happened is among several that the report cannot tell apart.
    pub ambiguous: bool,
    /// Its proved cause is not what happened.
    pub misnamed: bool,
}

/// What the tool made of a day.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// One for each fault.
    pub seen: Vec<Seen>,
    /// What the tool says of each of them, in words.
    pub said: Vec<String>,
    /// Entries about nothing that happened, in words.
    pub false_alarms: Vec<String>,
    /// Nothing was wrong and everything was there, and still it is not called clean.
    pub withheld: bool,
}

impl Judgement {
    /// What is wrong with the tool, in words; empty if nothing is.
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = self.false_alarms.clone();
        for (seen, said) in self.seen.iter().zip(&self.said) {
            let name = format!("{} ({said})", seen.fault.name());
            if seen.witnessed && !seen.found {
                complaints.push(format!("missed: {name}"));
            } else if seen.witnessed && !seen.bracketed {
                complaints.push(format!("not bracketed: {name}"));
            }
            if seen.misnamed {
                complaints.push(format!("misnamed: {name}"));
            }
        }
        if self.withheld {
            complaints.push("withheld: a clean day is not called clean".to_owned());
        }
        complaints
    }
}

/// Judges a report.
pub fn judge(plan: &Plan, truth: &Truth, report: &Report) -> Judgement {
    let mut explained = vec![false; report.breaks.len()];
    let (mut seen, mut said) = (Vec::new(), Vec::new());
    for episode in &truth.episodes {
        let about: Vec<usize> = (0..report.breaks.len()).filter(|place| tells_of(&report.breaks[*place], episode)).collect();
        let within: Vec<usize> =
            about.iter().copied().filter(|place| brackets(&report.breaks[*place], episode, truth.last_record)).collect();
        for place in about.iter().filter(|place| within.contains(place) || report.breaks[**place].severity < Severity::Break) {
            explained[*place] = true;
        }
        said.push(about.iter().map(|place| words(&report.breaks[*place])).collect::<Vec<_>>().join(" and "));
        let entries: Vec<&Break> = within.iter().map(|place| &report.breaks[*place]).collect();
        seen.push(look(episode, !about.is_empty(), &entries));
    }
    let unexplained = report.breaks.iter().zip(&explained).filter(|(found, explained)| !**explained && !is_true(found, truth));
    let mut false_alarms: Vec<String> = unexplained.map(|(found, _)| format!("false alarm: {}", words(found))).collect();
    if truth.episodes.is_empty() && report.verdict == Verdict::Breaks && false_alarms.is_empty() {
        false_alarms.push("false alarm: the verdict".to_owned());
    }
    let all_there = plan.witnesses.broker && !truth.broken_lines && truth.unplaced.is_empty();
    let withheld = truth.episodes.is_empty() && all_there && report.verdict == Verdict::CouldNotCheck;
    Judgement { seen, said, false_alarms, withheld }
}

fn look(episode: &Episode, found: bool, entries: &[&Break]) -> Seen {
    let right = |code: &str| code == episode.fault.cause() || episode.also.contains(&code);
    let proved = |entry: &&&Break| entry.cause.proved;
    let named = entries.iter().filter(proved).any(|entry| right(entry.cause.code));
    let ambiguous = !named && entries.iter().any(|entry| entry.cause.alternatives.iter().any(|code| right(code)));
    let true_too = |code: &str| right(code) || episode.consequences.contains(&code);
    let misnamed = entries.iter().filter(proved).any(|entry| !true_too(entry.cause.code));
    Seen { fault: episode.fault, witnessed: episode.witnessed, found, bracketed: !entries.is_empty(), named, ambiguous, misnamed }
}

fn is_about_notes(found: &Break) -> bool {
    let kind = matches!(found.kind, Kind::MissingMetadata | Kind::OrphanMetadata | Kind::MissingEntryScore);
    // A row keeps the side of the entry it was written for.
    let side = found.kind == Kind::Side && found.book == BookName::Metadata;
    kind || side || ["metadata_lost", "score_lost", "state_reset"].contains(&found.cause.code)
}

/// The entry may be about the fault: the same symbol, and both about what is held, or both about what is noted of it.
fn tells_of(found: &Break, episode: &Episode) -> bool {
    let symbol = found.symbol.as_ref().map(|symbol| symbol.as_str());
    let same = symbol.is_some_and(|symbol| episode.symbols.contains(&symbol));
    match episode.fault {
        Fault::StateReset => is_about_notes(found) && (same || symbol.is_none()),
        Fault::StaleState => found.kind == Kind::StaleState,
        Fault::OpeningBalanceUnknown => same && found.cause.code == episode.fault.cause(),
        fault => same && fault.is_annotation() == is_about_notes(found),
    }
}

/// The fault lies between the last agreement and the first failure.
fn brackets(found: &Break, episode: &Episode, last_record: Moment) -> bool {
    let moment = |time: tapecheck::time::Time| -> Moment { time.nanoseconds().div_euclid(1_000) };
    // What is said of notes and files has no agreement of its own: the last one is about what is held.
    let of_a_file = is_about_notes(found) || found.book != BookName::Expected;
    let agreed_before = found.last_agreed_at.is_none_or(|agreed| moment(agreed) <= episode.settled_at + GRACE);
    // The metadata has no time of its own: it is held against what the tape ends with, and what happened to it since is dated by that.
    let at = if is_about_notes(found) { episode.at.min(last_record) } else { episode.at };
    (agreed_before || of_a_file) && moment(found.first_failed_at) >= at - CLOCKS_APART
}

/// It is about no fault of the day, and true all the same.
fn is_true(found: &Break, truth: &Truth) -> bool {
    let Some(symbol) = found.symbol.as_ref().map(|symbol| symbol.as_str()) else { return false };
    let soft = found.severity < Severity::Break;
    // The reconciler made a row without a score: after an entry that it was not told of, or after a fault.
    let unscored = is_about_notes(found) && (truth.tolerated.contains(symbol) || truth.is_hurt(symbol));
    let from_before = found.cause.code == "opening_balance_unknown" && truth.night.contains(symbol);
    soft && (unscored || from_before)
}

fn words(found: &Break) -> String {
    let symbol = found.symbol.as_ref().map_or("*", |symbol| symbol.as_str());
    let (book, agreed) = (found.book.code(), found.last_agreed_at.map_or_else(|| "never".to_owned(), time::clock));
    let (severity, kind, cause, witness) = (found.severity.code(), found.kind.code(), found.cause.code, found.witness);
    format!("{severity} {symbol} {kind} of {book} by {witness} [{agreed}, {}]: {cause}", time::clock(found.first_failed_at))
}
