//! What a look shows: what stands against the books and the bot, what is over, and what the look was blind for.

use chrono::Duration;
use itertools::Itertools;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::rules::Rules;
use crate::breaks::{BookName, Break, Kind, Severity};
use crate::brokers::Endpoint;
use crate::checks::{Finding, Status};
use crate::position::Symbol;
use crate::report::Report;
use crate::time::Time;

/// What alarms are about. There is one life for each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Subject {
    /// Something cannot be seen.
    Blind(Eye),
    /// A check that fails.
    Check(String),
    /// A kind of break of one symbol in one book; of no symbol, where a whole book or a file is meant.
    Break(Option<Symbol>, Kind, BookName),
}

/// What is looked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Eye {
    /// The broker's answers.
    Broker,
    /// The bot's logs and state files.
    Logs,
    /// What they say together: no witness decides.
    Witnesses,
    /// The checks of what runs.
    Checks,
}

impl Eye {
    /// Every one.
    pub const ALL: [Eye; 4] = [Eye::Broker, Eye::Logs, Eye::Witnesses, Eye::Checks];

    /// The code that announcements carry.
    pub fn code(self) -> &'static str {
        match self {
            Eye::Broker => "broker",
            Eye::Logs => "logs",
            Eye::Witnesses => "witnesses",
            Eye::Checks => "checks",
        }
    }
}

impl Subject {
    /// What is blind.
    pub fn eye(&self) -> Option<Eye> {
        match self {
            Subject::Blind(eye) => Some(*eye),
            Subject::Check(_) | Subject::Break(..) => None,
        }
    }
}

impl fmt::Display for Subject {
    /// `HOOD/quantity/executor`, `check/main_loop`, `blind/broker`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Blind(eye) => write!(formatter, "blind/{}", eye.code()),
            Subject::Check(id) => write!(formatter, "check/{id}"),
            Subject::Break(symbol, kind, book) => {
                let symbol = symbol.as_ref().map_or("*", Symbol::as_str);
                write!(formatter, "{symbol}/{}/{}", kind.code(), book.code())
            }
        }
    }
}

/// How a subject stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// How much it matters.
    pub severity: Severity,
    /// The report's id of the break.
    pub id: Option<String>,
    /// What the contradicted book says.
    pub expected: Option<String>,
    /// What the witness says.
    pub actual: Option<String>,
    /// Who says so: a witness's code.
    pub witness: Option<String>,
    /// Actual minus expected, where both are numbers.
    pub difference: Option<Decimal>,
    /// USD at stake.
    pub money: Option<Decimal>,
    /// Why, where that was looked for.
    pub cause: Option<Why>,
    /// Since when it is so, by the records.
    pub since: Time,
    /// In words.
    pub says: String,
    /// The records that say so, as `file:line`.
    pub evidence: Vec<String>,
    /// What to type to see more.
    pub next: Option<String>,
}

/// The cause of a break, as far as it was proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// The code.
    pub code: String,
    /// It was proved.
    pub proved: bool,
    /// The edit, in words.
    pub edit: Option<String>,
}

impl Condition {
    /// What is told in words alone. `which`: what is meant, where it is one of several states of affairs.
    fn in_words(severity: Severity, since: Time, says: String, which: Option<String>) -> Condition {
        Condition {
            severity,
            id: None,
            expected: None,
            actual: which,
            witness: None,
            difference: None,
            money: None,
            cause: None,
            since,
            says,
            evidence: Vec::new(),
            next: None,
        }
    }

    /// Whether it is the same state of affairs: two such looks in a row confirm each other.
    pub fn is_as(&self, other: &Condition) -> bool {
        self.severity == other.severity && self.expected == other.expected && self.actual == other.actual
    }

    /// Whether what is known now must be told to one who was told `before`.
    pub fn is_worth_telling_after(&self, before: &Condition, rules: &Rules) -> bool {
        let by_much = |now: Option<Decimal>, before: Option<Decimal>| match (now, before) {
            (Some(now), Some(before)) => {
                let share = before.abs().checked_mul(rules.material).unwrap_or_default();
                now != before && (now - before).abs() >= share
            }
            (None, None) => false,
            (Some(_), None) | (None, Some(_)) => true,
        };
        let cause = |condition: &Condition| condition.cause.as_ref().map(|why| (why.code.clone(), why.proved));
        let another_cause = cause(self).is_some() && cause(before).is_some() && cause(self) != cause(before);
        let by_words = self.difference.is_none() && !self.is_as(before);
        // A price that comes or goes is no news.
        let money = self.money.is_some() && before.money.is_some() && by_much(self.money, before.money);
        self.severity > before.severity || by_much(self.difference, before.difference) || money || another_cause || by_words
    }
}

/// How a break ended, as the records have it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Over {
    /// When a later statement agreed.
    pub at: Time,
    /// USD times seconds.
    pub exposure: Option<Decimal>,
}

/// A break that the records have from its beginning to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Passed {
    /// What it was about.
    pub subject: Subject,
    /// How it stood.
    pub condition: Condition,
    /// How it ended.
    pub over: Over,
}

impl Passed {
    /// What ended longer ago is not shown.
    pub const LATELY: Duration = Duration::hours(24);
}

/// What one look shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sight {
    /// The moment that counts as now.
    pub at: Time,
    /// What stands.
    pub standing: BTreeMap<Subject, Condition>,
    /// Breaks that the records have as resolved.
    pub over: BTreeMap<Subject, Over>,
    /// Those of them that count and ended lately, each by itself.
    pub passed: Vec<Passed>,
    /// Breaks that are open and do not count: they are accepted, or matter too little.
    pub set_aside: BTreeSet<Subject>,
    /// Symbols of which nothing firm can be said: they kept moving while they were read.
    pub unstable: BTreeSet<Symbol>,
    /// Checks that could not be made.
    pub unjudged: BTreeSet<String>,
    /// Logs were cut or replaced since the look before: what is not seen any more may have stood in what is gone.
    pub cut: bool,
}

impl Sight {
    /// What the report of an audit shows, as of `at`. `explained`: its causes were looked for.
    pub fn of(report: &Report, at: Time, explained: bool) -> Sight {
        let mut sight = Sight { at, ..Sight::default() };
        for found in &report.breaks {
            sight.take(report, found, explained);
        }
        let strict = report.asked.strict;
        let fails = |check: &&Finding| check.status == Status::Fail || (strict && check.status == Status::Warn);
        // What this check finds is told break by break.
        let own = |check: &&Finding| check.id != RECONCILIATION;
        for check in report.checks.iter().filter(fails).filter(own) {
            sight.standing.insert(Subject::Check(check.id.to_owned()), of_check(check, at));
        }
        let unjudged = report.checks.iter().filter(|check| check.status == Status::CouldNotCheck).filter(own);
        sight.unjudged = unjudged.map(|check| check.id.to_owned()).collect();
        sight.unstable = report.broker.unstable.iter().cloned().collect();
        let blind = Eye::ALL.into_iter().filter_map(|eye| Some((Subject::Blind(eye), of_eye(eye, report, at)?)));
        sight.standing.extend(blind);
        // Without the broker or the logs checks cannot be made: that is told already.
        if sight.is_blind() {
            sight.standing.remove(&Subject::Blind(Eye::Checks));
        }
        sight
    }

    /// A look that found no logs at all.
    pub fn of_no_logs(at: Time, why: &str) -> Sight {
        let blind = Condition::in_words(Severity::Break, at, why.to_owned(), None);
        Sight { at, standing: BTreeMap::from([(Subject::Blind(Eye::Logs), blind)]), ..Sight::default() }
    }

    fn take(&mut self, report: &Report, found: &Break, explained: bool) {
        let subject = Subject::Break(found.symbol.clone(), found.kind, found.book);
        if let Some(resolved) = found.resolved_at {
            let ended = Over { at: resolved, exposure: found.exposure(None) };
            if report.would_count(found) && self.at - resolved < Passed::LATELY {
                let condition = of_break(report, found, explained);
                self.passed.push(Passed { subject: subject.clone(), condition, over: ended.clone() });
            }
            let known = self.over.entry(subject).or_insert_with(|| ended.clone());
            if known.at < resolved {
                *known = ended;
            }
        } else if report.counts(found) {
            // Worst first: of several of one subject the first is told.
            self.standing.entry(subject).or_insert_with(|| of_break(report, found, explained));
        } else {
            self.set_aside.insert(subject);
        }
    }

    /// Whether the look does not see what the bot and the broker did.
    pub fn is_blind(&self) -> bool {
        [Eye::Broker, Eye::Logs, Eye::Witnesses].into_iter().any(|eye| self.standing.contains_key(&Subject::Blind(eye)))
    }

    /// Whether the look says nothing about a subject: what is not seen then need not be gone.
    pub fn is_blind_for(&self, subject: &Subject) -> bool {
        let blind = |eye: Eye| self.standing.contains_key(&Subject::Blind(eye));
        let is_seen = self.standing.contains_key(subject);
        match subject {
            Subject::Blind(Eye::Checks) => self.is_blind(),
            Subject::Blind(_) => false,
            Subject::Check(id) => self.unjudged.contains(id) || (!is_seen && blind(Eye::Logs)),
            Subject::Break(Some(symbol), ..) if self.unstable.contains(symbol) => true,
            Subject::Break(..) => !is_seen && self.is_blind(),
        }
    }
}

/// The check that sums up the breaks.
const RECONCILIATION: &str = "reconciliation";

/// Records that an announcement names.
const NAMED: usize = 3;

fn of_break(report: &Report, found: &Break, explained: bool) -> Condition {
    let symbol = found.symbol.as_ref().map_or("the whole book", Symbol::as_str);
    let (expected, actual) = (found.expected.text(), found.actual.text());
    let sides = match (&expected, &actual) {
        (Some(expected), Some(actual)) => format!(": {} {expected}, {} {actual}", found.book.code(), found.witness),
        _ => String::new(),
    };
    let cause =
        explained.then(|| Why { code: found.cause.code.to_owned(), proved: found.cause.proved, edit: found.cause.edit.clone() });
    // The last records are those that failed; the first may be days old.
    let last = found.evidence.iter().rev().take(NAMED).rev();
    let at_line = |origin: crate::origin::Origin| format!("{}:{}", report.file_of(report.path_of(origin)), origin.line);
    Condition {
        severity: found.severity,
        id: Some(found.id()),
        witness: Some(found.witness.to_owned()),
        difference: found.difference(),
        money: found.money_at_stake(),
        cause,
        since: found.opened_at,
        says: format!("{symbol} {}{sides}", found.kind.code()),
        evidence: last.map(|record| at_line(record.origin)).collect(),
        next: found.next(&report.asked),
        expected,
        actual,
    }
}

fn of_check(check: &Finding, at: Time) -> Condition {
    let severity = if check.status == Status::Fail { Severity::Break } else { Severity::Warning };
    Condition::in_words(severity, at, check.summary.clone(), None)
}

/// What an eye does not see, if it is blind.
fn of_eye(eye: Eye, report: &Report, at: Time) -> Option<Condition> {
    let (says, which): (Vec<String>, Vec<String>) = match eye {
        Eye::Broker => {
            // What kept moving is no blindness, but for its symbol.
            let broker = &report.broker;
            let incomplete = !broker.whole && broker.unstable.is_empty();
            let reasons = if incomplete { broker.unchecked() } else { broker.not_answered() };
            let unread = broker.unread.iter().map(|unread| unread.endpoint.map_or("keys", Endpoint::name).to_owned());
            (reasons, unread.collect())
        }
        Eye::Logs => {
            let told = report.integrity.iter().filter(|entry| entry.forbids_clean);
            told.map(|entry| (format!("{}: {}", entry.source, entry.says), format!("{} {}", entry.source, entry.reason))).unzip()
        }
        // These change with what happens: two looks confirm each other where they say the same.
        Eye::Witnesses => (report.undecided(), report.undecided()),
        Eye::Checks => {
            let unjudged = report.checks.iter().filter(|check| check.status == Status::CouldNotCheck);
            let own = unjudged.filter(|check| check.id != RECONCILIATION);
            let told: Vec<String> = own.map(|check| format!("{}: {}", check.id, check.summary)).collect();
            (told.clone(), told)
        }
    };
    let which = which.into_iter().sorted().dedup().join(", ");
    (!says.is_empty()).then(|| {
        Condition::in_words(
            Severity::Break,
            at,
            says.into_iter().dedup().join("; "),
            Some(which).filter(|which| !which.is_empty()),
        )
    })
}
