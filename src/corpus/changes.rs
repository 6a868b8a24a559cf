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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn broken(id: &str, symbol: &str, at: &str, cause: &str) -> Value {
        json!({"id": id, "symbol": symbol, "kind": "quantity", "severity": "break", "book": "expected", "witness": "broker",
            "expected": "7", "actual": "9", "opened_at": at, "first_failed_at": at, "cause": {"code": cause, "proved": true}})
    }

    fn verdict(word: &str, breaks: &[Value], quantity: &str, status: &str, reasons: &[&str]) -> Verdict {
        let integrity: Vec<Value> = reasons.iter().map(|reason| json!({"source": "logs/run.jsonl", "reason": reason})).collect();
        let report = json!({"verdict": word, "breaks": breaks, "window": {"from": null, "until": null},
            "books": {"broker": {"positions": [{"symbol": "DAL", "qty": quantity, "avg_entry_price": "1"}]}},
            "checks": [{"id": "main_loop", "status": status}], "integrity": integrity});
        Verdict::of(&report).unwrap()
    }

    fn told(was: &Verdict, is: &Verdict) -> Vec<String> {
        changes(was, is).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_change_is_told_in_the_words_of_the_domain() {
        let was = verdict("breaks", &[broken("a", "DAL", "2026-03-11T14:00:00Z", "side_flip")], "7", "pass", &["torn_line"]);
        let is =
            verdict("clean", &[broken("b", "KO", "2026-03-11T14:00:00Z", "unknown")], "9", "fail", &["not_json", "not_json"]);
        assert_eq!(
            told(&was, &is),
            [
                "the verdict was breaks and is clean",
                "a break vanished: DAL quantity (break, expected against broker): expected 7, actual 9, first failed \
                 2026-03-11T14:00:00Z, cause side_flip",
                "a break appeared: KO quantity (break, expected against broker): expected 7, actual 9, first failed \
                 2026-03-11T14:00:00Z, cause unknown",
                "the position of DAL in the broker book was 7 and is 9",
                "the check main_loop was pass and is fail",
                "not_json appeared in logs/run.jsonl (2)",
                "torn_line vanished from logs/run.jsonl (was 1)",
            ]
        );
        assert!(told(&was, &was).is_empty());
    }

    #[test]
    fn a_break_is_paired_by_its_id_then_by_its_time_then_by_what_it_is_about() {
        let (early, late) = ("2026-03-11T14:00:00Z", "2026-03-11T15:00:00Z");
        let was =
            verdict("breaks", &[broken("a", "DAL", early, "side_flip"), broken("b", "DAL", late, "unknown")], "7", "pass", &[]);
        // The first is gone; the second, which is the same, must not be taken for it.
        let is = verdict("breaks", &[broken("b", "DAL", late, "unknown")], "7", "pass", &[]);
        assert!(matches!(&changes(&was, &is)[..], [Change::BreakVanished(found)] if found.id == "a"));
        let is = verdict(
            "breaks",
            &[broken("b", "DAL", late, "unknown"), broken("c", "DAL", early, "partial_fill")],
            "7",
            "pass",
            &[],
        );
        assert_eq!(told(&was, &is), ["the cause of DAL quantity was side_flip and is partial_fill"]);
        let is =
            verdict("breaks", &[broken("b", "DAL", late, "unknown"), broken("c", "DAL", late, "side_flip")], "7", "pass", &[]);
        assert_eq!(
            told(&was, &is),
            [format!("the break DAL quantity changed: opened was {early}, is {late}; first failed was {early}, is {late}")]
        );
    }

    #[test]
    fn what_a_book_says_of_a_position_is_told_field_by_field() {
        let was = verdict("clean", &[], "7", "pass", &[]);
        let mut is = was.clone();
        let row = is.books.values_mut().next().unwrap();
        row.avg_entry_price = Some("2".to_owned());
        row.entry_score = Some("0".to_owned());
        let says = "the entry price of DAL in the broker book was 1 and is 2; \
                    the entry score of DAL in the broker book was unknown and is 0";
        assert_eq!(told(&was, &is), [says]);
        is.books.clear();
        assert_eq!(told(&was, &is), ["the position of DAL in the broker book was 7 and is nothing"]);
    }
}
