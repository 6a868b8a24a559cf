//! What changed between two verdicts of one case, in the domain's words.

use itertools::Itertools;
use std::collections::BTreeSet;
use std::fmt;

use super::verdict::{Break, Cause, Distrust, Row, Verdict};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Another verdict word.
    Verdict {
        /// As it was accepted.
        was: String,
        /// As it is now.
        is: String,
    },
    /// A break that was not accepted.
    BreakAppeared(Break),
    /// A break that was accepted, and is not found any more.
    BreakVanished(Break),
    /// The same break, told otherwise.
    BreakChanged {
        /// As it was accepted.
        was: Break,
        /// As it is now.
        is: Break,
    },
    /// The same break, for another reason.
    CauseChanged {
        /// As it was accepted.
        was: Break,
        /// As it is now.
        is: Break,
    },
    /// A book holds something else.
    Position {
        /// The book.
        book: String,
        /// The symbol.
        symbol: String,
        /// The accepted row.
        was: Option<Row>,
        /// The row now.
        is: Option<Row>,
    },
    /// A check came out otherwise.
    Check {
        /// Its id.
        id: String,
        /// The accepted status; `None` if it was not run.
        was: Option<String>,
        /// The status now.
        is: Option<String>,
    },
    /// Another number of lines or files is distrusted.
    Integrity {
        /// Where, and why.
        distrust: Distrust,
        /// How often it was.
        was: u64,
        /// How often it is.
        is: u64,
    },
}

/// Everything that changed; empty if the two verdicts are the same.
pub fn changes(accepted: &Verdict, now: &Verdict) -> Vec<Change> {
    let mut found = Vec::new();
    if accepted.verdict != now.verdict {
        found.push(Change::Verdict { was: accepted.verdict.clone(), is: now.verdict.clone() });
    }
    breaks(accepted, now, &mut found);
    books(accepted, now, &mut found);
    for id in keys(accepted.checks.keys(), now.checks.keys()) {
        let (was, is) = (accepted.checks.get(id), now.checks.get(id));
        if was != is {
            found.push(Change::Check { id: id.clone(), was: was.cloned(), is: is.cloned() });
        }
    }
    for distrust in keys(accepted.integrity.keys(), now.integrity.keys()) {
        let count = |verdict: &Verdict| verdict.integrity.get(distrust).copied().unwrap_or(0);
        let (was, is) = (count(accepted), count(now));
        if was != is {
            found.push(Change::Integrity { distrust: distrust.clone(), was, is });
        }
    }
    found
}

fn keys<'a, T: Ord>(one: impl Iterator<Item = &'a T>, two: impl Iterator<Item = &'a T>) -> BTreeSet<&'a T> {
    one.chain(two).collect()
}

/// What makes two breaks candidates for being the same one.
fn about(found: &Break) -> (Option<&str>, &str, &str) {
    (found.symbol.as_deref(), &found.kind, &found.book)
}

/// Breaks about the same symbol, kind and book are paired: by their ids, then by the first failure, then in the order of time.
fn breaks(accepted: &Verdict, now: &Verdict, found: &mut Vec<Change>) {
    let mut was: Vec<&Break> = accepted.breaks.iter().sorted_by_key(|one| &one.first_failed_at).collect();
    let mut is: Vec<&Break> = now.breaks.iter().sorted_by_key(|one| &one.first_failed_at).collect();
    let same: [fn(&Break, &Break) -> bool; 3] =
        [|one, two| one.id == two.id, |one, two| one.first_failed_at == two.first_failed_at, |_, _| true];
    for same in same {
        was.retain(|one| match is.iter().position(|two| about(one) == about(two) && same(one, two)) {
            Some(place) => {
                pair(one, is.remove(place), found);
                false
            }
            None => true,
        });
    }
    found.extend(was.into_iter().cloned().map(Change::BreakVanished));
    found.extend(is.into_iter().cloned().map(Change::BreakAppeared));
}

fn pair(was: &Break, is: &Break, found: &mut Vec<Change>) {
    if !differences(was, is).is_empty() {
        found.push(Change::BreakChanged { was: was.clone(), is: is.clone() });
    }
    if was.cause != is.cause {
        found.push(Change::CauseChanged { was: was.clone(), is: is.clone() });
    }
}

/// What differs between two tellings of a break, its cause apart.
fn differences(was: &Break, is: &Break) -> Vec<String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    let ended = |value: &Option<String>| value.clone().unwrap_or_else(|| "never".to_owned());
    let told = [
        ("severity", was.severity.clone(), is.severity.clone()),
        ("witness", was.witness.clone(), is.witness.clone()),
        ("expected", text(&was.expected), text(&is.expected)),
        ("actual", text(&was.actual), text(&is.actual)),
        ("opened", was.opened_at.clone(), is.opened_at.clone()),
        ("first failed", was.first_failed_at.clone(), is.first_failed_at.clone()),
        ("resolved", ended(&was.resolved_at), ended(&is.resolved_at)),
    ];
    told.into_iter().filter(|(_, was, is)| was != is).map(|(name, was, is)| format!("{name} was {was}, is {is}")).collect()
}

fn books(accepted: &Verdict, now: &Verdict, found: &mut Vec<Change>) {
    for key in keys(accepted.books.keys(), now.books.keys()) {
        let (was, is) = (accepted.books.get(key), now.books.get(key));
        if was != is {
            let (book, symbol) = key.clone();
            found.push(Change::Position { book, symbol, was: was.cloned(), is: is.cloned() });
        }
    }
}

impl Change {
    /// The break that is told of, as it is now or, if it vanished, as it was.
    pub fn subject(&self) -> Option<&Break> {
        match self {
            Change::BreakAppeared(found) | Change::BreakVanished(found) => Some(found),
            Change::BreakChanged { is, .. } | Change::CauseChanged { is, .. } => Some(is),
            Change::Verdict { .. } | Change::Position { .. } | Change::Check { .. } | Change::Integrity { .. } => None,
        }
    }

    /// What sort of change it is: a word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Change::Verdict { .. } => "verdict_changed",
            Change::BreakAppeared(_) => "break_appeared",
            Change::BreakVanished(_) => "break_vanished",
            Change::BreakChanged { .. } => "break_changed",
            Change::CauseChanged { .. } => "cause_changed",
            Change::Position { .. } => "position_changed",
            Change::Check { .. } => "check_changed",
            Change::Integrity { .. } => "integrity_changed",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Verdict { was, is } => write!(f, "the verdict was {was} and is {is}"),
            Change::BreakAppeared(found) => write!(f, "a break appeared: {}", told(found)),
            Change::BreakVanished(found) => write!(f, "a break vanished: {}", told(found)),
            Change::BreakChanged { was, is } => {
                write!(f, "the break {} changed: {}", named(is), differences(was, is).join("; "))
            }
            Change::CauseChanged { was, is } => {
                write!(f, "the cause of {} was {} and is {}", named(is), cause(&was.cause), cause(&is.cause))
            }
            Change::Position { book, symbol, was, is } => position(f, book, symbol, was.as_ref(), is.as_ref()),
            Change::Check { id, was, is } => {
                let word = |status: &Option<String>| status.clone().unwrap_or_else(|| "not run".to_owned());
                write!(f, "the check {id} was {} and is {}", word(was), word(is))
            }
            Change::Integrity { distrust: Distrust { source, reason }, was: 0, is } => {
                write!(f, "{reason} appeared in {source} ({is})")
            }
            Change::Integrity { distrust: Distrust { source, reason }, was, is: 0 } => {
                write!(f, "{reason} vanished from {source} (was {was})")
            }
            Change::Integrity { distrust: Distrust { source, reason }, was, is } => {
                write!(f, "{reason} in {source}: was {was} times and is {is}")
            }
        }
    }
}

fn named(found: &Break) -> String {
    format!("{} {}", found.symbol.as_deref().unwrap_or("*"), found.kind)
}

fn told(found: &Break) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    format!(
        "{} ({}, {} against {}): expected {}, actual {}, first failed {}, cause {}",
        named(found),
        found.severity,
        found.book,
        found.witness,
        text(&found.expected),
        text(&found.actual),
        found.first_failed_at,
        cause(&found.cause)
    )
}

fn cause(cause: &Cause) -> String {
    format!("{}{}", cause.code, if cause.proved { "" } else { " (not proved)" })
}

fn position(f: &mut fmt::Formatter<'_>, book: &str, symbol: &str, was: Option<&Row>, is: Option<&Row>) -> fmt::Result {
    let says = |row: Option<&Row>| row.map_or_else(|| "nothing".to_owned(), Row::says);
    if says(was) != says(is) {
        return write!(f, "the position of {symbol} in the {book} book was {} and is {}", says(was), says(is));
    }
    let rows = was.zip(is);
    let detail = |field: fn(&Row) -> &Option<String>, name: &str| {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "unknown".to_owned());
        let (was, is) = rows.map(|(was, is)| (field(was), field(is)))?;
        (was != is).then(|| format!("the {name} of {symbol} in the {book} book was {} and is {}", text(was), text(is)))
    };
    let details = [detail(|row| &row.avg_entry_price, "entry price"), detail(|row| &row.entry_score, "entry score")];
    f.write_str(&details.into_iter().flatten().join("; "))
}
