//! Which lines a case needs: those of its window, and what came before as far as it sets the opening balance.

use chrono::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::Request;
use crate::event::{Claim, Event, Fact, Statement};
use crate::position::Symbol;
use crate::read::Readings;
use crate::time::{self, Time};
use crate::witness::Standing;

/// How far a case goes back, and what of that it keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// What bears on the symbols, from here on, up to the end of the window.
    Since {
        /// The first moment; `None` for all that came before.
        from: Option<Time>,
        /// The last moment; `None` for all that came after.
        until: Option<Time>,
        /// The symbols; all if empty.
        symbols: BTreeSet<Symbol>,
    },
    /// Every line of every file.
    Everything,
}

impl Reach {
    /// Whether a fact of this time about this symbol is needed. What has no time belongs to every time.
    pub fn needs(&self, at: Option<Time>, symbol: Option<&Symbol>) -> bool {
        match self {
            Reach::Everything => true,
            Reach::Since { from, until, symbols } => {
                let at = at.filter(|at| *at != Time::UNIX_EPOCH);
                let in_time = at.is_none_or(|at| from.is_none_or(|from| at >= from) && until.is_none_or(|until| at <= until));
                in_time && symbol.is_none_or(|symbol| symbols.is_empty() || symbols.contains(symbol))
            }
        }
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reach::Everything => f.write_str("every line of every file"),
            Reach::Since { from: Some(from), .. } => write!(f, "what bears on it since {}", time::show(*from)),
            Reach::Since { from: None, .. } => f.write_str("what bears on it since the first line"),
        }
    }
}

/// Where every fact stands: by source and line.
pub struct Lines {
    paths: Vec<String>,
    facts: BTreeMap<(u16, u32), Vec<(Time, Option<Symbol>)>>,
    troubled: Vec<((u16, u32), Option<Time>, Option<Time>)>,
    whole_books: Vec<Time>,
}

/// A whole book that the broker stated: all that is held follows from it and from what came after.
fn is_whole_book(event: &Event) -> bool {
    match &event.fact {
        Fact::Statement(Statement { witness, claim: Claim::WholeBook(_) }) => match witness.standing() {
            Standing::Broker | Standing::BrokerUnlessDegraded => true,
            Standing::Bot | Standing::Judged => false,
        },
        Fact::Statement(_) | Fact::Movement(_) | Fact::Pulse(_) => false,
    }
}

impl Lines {
    /// The places of what was read.
    pub fn of(readings: &Readings) -> Lines {
        let mut facts: BTreeMap<(u16, u32), Vec<(Time, Option<Symbol>)>> = BTreeMap::new();
        for event in &readings.events {
            let place = (event.origin.source.0, event.origin.line);
            facts.entry(place).or_default().push((event.at, event.symbol().cloned()));
        }
        let troubled = readings.quarantined.iter();
        let troubled = troubled.map(|line| ((line.origin.source.0, line.origin.line), line.after, line.before)).collect();
        let whole_books = readings.events.iter().filter(|event| is_whole_book(event)).map(|event| event.at).collect();
        let paths = readings.sources.iter().map(|source| source.path.clone()).collect();
        Lines { paths, facts, troubled, whole_books }
    }

    /// The tries, from the smallest case to the whole directory.
    pub fn reaches(&self, request: &Request) -> Vec<Reach> {
        let until = request.window.until.into_iter().chain(request.window.at).min();
        let since = |from: Option<Time>| Reach::Since { from, until, symbols: request.symbols.clone() };
        let mut reaches = Vec::new();
        if let Some(from) = request.window.from {
            // Either side of a movement is accepted within the grace: the book's neighbourhood goes with it.
            let margin = request.settings.grace + Duration::minutes(1);
            let book = self.whole_books.iter().filter(|at| **at <= from && **at != Time::UNIX_EPOCH).max();
            let nearest = book.map(|at| *at - margin);
            let further =
                [Duration::hours(1), Duration::days(1), Duration::days(7), Duration::days(30)].map(|back| Some(from - back));
            let mut earliest = None;
            for start in [nearest].into_iter().chain(further).flatten() {
                if earliest.is_none_or(|earliest| start < earliest) {
                    reaches.push(since(Some(start)));
                    earliest = Some(start);
                }
            }
        }
        reaches.extend([since(None), Reach::Everything]);
        reaches
    }

    /// The lines of a source that are kept; `None` for all of them.
    pub fn kept(&self, path: &str, reach: &Reach) -> Option<BTreeSet<u32>> {
        if *reach == Reach::Everything {
            return None;
        }
        let Some(source) = self.paths.iter().position(|other| other == path).and_then(|place| u16::try_from(place).ok()) else {
            return Some(BTreeSet::new());
        };
        let facts = self.facts.range((source, 0)..=(source, u32::MAX));
        let needed = |facts: &[(Time, Option<Symbol>)]| facts.iter().any(|(at, symbol)| reach.needs(Some(*at), symbol.as_ref()));
        let mut lines: BTreeSet<u32> = facts.filter(|(_, facts)| needed(facts)).map(|((_, line), _)| *line).collect();
        let troubled = self.troubled.iter().filter(|((other, _), _, _)| *other == source);
        // What a line in trouble may have said happened between its good neighbours.
        let may_matter = |after: Option<Time>, before: Option<Time>| match reach {
            Reach::Everything => true,
            Reach::Since { from, until, .. } => {
                let ends_before = before.zip(*from).is_some_and(|(before, from)| before < from);
                let begins_after = after.zip(*until).is_some_and(|(after, until)| after > until);
                !ends_before && !begins_after
            }
        };
        lines.extend(troubled.filter(|(_, after, before)| may_matter(*after, *before)).map(|((_, line), _, _)| *line));
        Some(lines)
    }

    /// When a source's first fact is.
    pub fn first(&self, path: &str) -> Option<Time> {
        let source = u16::try_from(self.paths.iter().position(|other| other == path)?).ok()?;
        let facts = self.facts.range((source, 0)..=(source, u32::MAX)).flat_map(|(_, facts)| facts);
        facts.map(|(at, _)| *at).filter(|at| *at != Time::UNIX_EPOCH).min()
    }
}
