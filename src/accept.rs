//! Accept rules: breaks that somebody has looked at and lives with until a day. They stay in every report, and do not count.

use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

use crate::breaks::{Break, Kind, Severity};
use crate::position::Symbol;
use crate::report::Report;
use crate::time::{self, Time};

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The breaks of this symbol,
    pub symbol: Symbol,
    /// if they are of this kind,
    pub kind: Option<Kind>,
    /// and have this cause.
    pub cause: Option<&'static str>,
    /// Why they are accepted.
    pub reason: String,
    /// The last exchange day on which they are.
    pub until: NaiveDate,
    /// Its line in the file of settings.
    pub line: u32,
}

/// What became of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It accepts at least one break.
    Applied,
    /// Its last day is over: what it accepted counts again.
    Expired,
    /// There is no break that it would accept.
    Unused,
    /// Its symbol was not asked for.
    LeftOut,
}

impl State {
    /// The code that the JSON report uses.
    pub fn code(self) -> &'static str {
        match self {
            State::Applied => "applied",
            State::Expired => "expired",
            State::Unused => "unused",
            State::LeftOut => "left_out",
        }
    }
}

/// A rule, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The rule.
    pub rule: Rule,
    /// What became of it.
    pub state: State,
    /// How many breaks and warnings it fits.
    pub breaks: usize,
}

/// All rules, and the breaks that they accept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acceptance {
    /// In the order of the file.
    pub rules: Vec<Judged>,
    /// By a break's id, the place of its rule.
    accepted: BTreeMap<String, usize>,
}

impl Rule {
    fn fits(&self, found: &Break) -> bool {
        found.symbol.as_ref() == Some(&self.symbol)
            && found.severity > Severity::Note
            && self.kind.is_none_or(|kind| kind == found.kind)
            && self.cause.is_none_or(|cause| cause == found.cause.code)
    }

    /// Whether its last day is over. Where nothing tells what day it is, it is.
    fn is_over(&self, as_of: Option<Time>) -> bool {
        as_of.zip(time::day_ends(self.until)).is_none_or(|(as_of, ends)| as_of >= ends)
    }
}

impl Acceptance {
    /// Holds the rules against the breaks, as of a moment. `symbols` are those that were asked for; all if empty.
    pub fn judge(rules: &[Rule], breaks: &[Break], as_of: Option<Time>, symbols: &BTreeSet<Symbol>) -> Acceptance {
        let mut acceptance = Acceptance::default();
        for rule in rules {
            let fitting: Vec<&Break> = breaks.iter().filter(|found| rule.fits(found)).collect();
            let state = match (rule.is_over(as_of), fitting.is_empty()) {
                (_, true) if !symbols.is_empty() && !symbols.contains(&rule.symbol) => State::LeftOut,
                (true, _) => State::Expired,
                (false, true) => State::Unused,
                (false, false) => State::Applied,
            };
            if state == State::Applied {
                let place = acceptance.rules.len();
                for found in &fitting {
                    acceptance.accepted.entry(found.id()).or_insert(place);
                }
            }
            acceptance.rules.push(Judged { rule: rule.clone(), state, breaks: fitting.len() });
        }
        acceptance
    }

    /// The rule that accepts a break.
    pub fn of(&self, found: &Break) -> Option<&Rule> {
        if self.accepted.is_empty() {
            return None;
        }
        self.accepted.get(&found.id()).map(|place| &self.rules[*place].rule)
    }

    /// The rules that somebody should look at: what they accepted counts again, or there is nothing to accept any more.
    pub fn stale(&self) -> impl Iterator<Item = &Judged> {
        self.rules.iter().filter(|judged| match judged.state {
            State::Expired | State::Unused => true,
            State::Applied | State::LeftOut => false,
        })
    }
}

impl Report {
    /// Where a rule stands, as `file:line`.
    pub fn place_of(&self, rule: &Rule) -> String {
        format!("{}:{}", self.asked.settings.as_deref().unwrap_or_default(), rule.line)
    }
}
