//! What really happened, and which witness could have shown it: worked out from the simulation alone.

use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

use super::broker::Symbol;
use super::moment::{Moment, SECOND};
use super::plan::{Age, Fault, Plan};

/// Within so much of a movement the broker's endpoints may still disagree: nothing that is said then can show it.
pub const GRACE: Moment = 10 * SECOND;

/// A fault that happened.
#[derive(Clone, Debug)]
pub struct Episode {
    /// What went wrong.
    pub fault: Fault,
    /// Of which symbol; several for a state reset.
    pub symbols: Vec<Symbol>,
    /// When it happened.
    pub at: Moment,
    /// When the last execution that belongs to it was.
    pub settled_at: Moment,
    /// Other names that are as true.
    pub also: Vec<&'static str>,
    /// What is true because of it, and does not name it.
    pub consequences: Vec<&'static str>,
    /// A witness that was kept could have shown it.
    pub witnessed: bool,
}

/// The answer sheet of a day.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// What went wrong.
    pub episodes: Vec<Episode>,
    /// Symbols of which a warning about score or metadata is true without a fault.
    pub tolerated: BTreeSet<Symbol>,
    /// Held before the tape began.
    pub night: BTreeSet<Symbol>,
    /// Moments of which a witness that was kept states the broker's whole book.
    pub books: Vec<Moment>,
    /// When the bot traded what.
    pub traded: BTreeMap<Symbol, Vec<Moment>>,
    /// The last record of any log: what ends a cycle, or the reconciler's.
    pub last_record: Moment,
    /// When the broker was read, if it was.
    pub read_at: Option<Moment>,
    /// What the broker held at the end.
    pub held: BTreeMap<Symbol, Decimal>,
    /// Entered so shortly before the read that the positions endpoint did not show it.
    pub not_yet: Vec<Symbol>,
    /// From when on the reconciler wrote nothing.
    pub stale_from: Option<Moment>,
    /// Lines that are no records were put in.
    pub broken_lines: bool,
    /// What was planned and found no place.
    pub unplaced: Vec<Fault>,
}

impl Truth {
    /// The bot traded a symbol.
    pub fn trade(&mut self, symbol: Symbol, at: Moment) {
        self.traded.entry(symbol).or_default().push(at);
    }

    fn traded_between(&self, symbol: Symbol, after: Moment, until: Moment) -> bool {
        self.traded.get(symbol).is_some_and(|times| times.iter().any(|at| *at > after && *at <= until))
    }

    /// Which episodes a witness could have shown.
    pub fn weigh(&mut self, plan: &Plan) {
        for place in 0..self.episodes.len() {
            let witnessed = self.could_be_shown(&self.episodes[place], plan);
            self.episodes[place].witnessed = witnessed;
        }
    }

    fn could_be_shown(&self, episode: &Episode, plan: &Plan) -> bool {
        let symbol = episode.symbols.first().copied().unwrap_or("");
        let of_the_end = self.held.contains_key(symbol) && (plan.witnesses.broker || plan.witnesses.portfolio);
        match episode.fault {
            // The rows made anew must still be there, and the log or the book must tell that the broker's was another.
            Fault::StateReset => {
                let still = episode.symbols.iter().filter(|symbol| !self.traded_between(symbol, episode.at, Moment::MAX));
                let told = plan.witnesses.autofix || plan.witnesses.portfolio || plan.age == Age::Newer;
                told && still.count() >= 3
            }
            // Within the grace after a trade the files may be late.
            Fault::MetadataLost | Fault::TrackingLost => {
                of_the_end && !self.traded_between(symbol, episode.at - GRACE, Moment::MAX)
            }
            Fault::ScoreLost | Fault::ScaleOutNotApplied => of_the_end,
            Fault::StaleState => self.traded.values().flatten().any(|at| *at > episode.at + GRACE),
            Fault::ExitQueued => self.read_at.is_some_and(|read| read > episode.at + GRACE),
            Fault::OpeningBalanceUnknown => {
                !self.books.iter().any(|stated| *stated <= episode.at) && self.stated_after(symbol, episode)
            }
            _ => self.known_before(episode.at) && self.stated_after(symbol, episode),
        }
    }

    /// What was held before the fault is known: a whole book was stated. That the tape tells of nothing before is not enough.
    fn known_before(&self, at: Moment) -> bool {
        self.books.iter().any(|stated| *stated <= at)
    }

    /// A whole book is stated late enough, and before the bot trades the symbol again.
    fn stated_after(&self, symbol: Symbol, episode: &Episode) -> bool {
        let read = self.read_at.filter(|_| !self.not_yet.contains(&symbol));
        self.books
            .iter()
            .copied()
            .chain(read)
            .any(|stated| stated > episode.settled_at + GRACE && !self.traded_between(symbol, episode.settled_at, stated))
    }

    /// The symbol is part of an episode.
    pub fn is_hurt(&self, symbol: &str) -> bool {
        self.episodes.iter().any(|episode| episode.symbols.contains(&symbol))
    }
}
