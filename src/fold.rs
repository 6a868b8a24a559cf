//! What is drawn from the tape while it passes by: the ledger, what ran, what was earned, and the tape itself as far as it is kept.

use crate::cause::Known;
use crate::checks::activity::Activity;
use crate::event::{Claim, Event, Fact, Statement};
use crate::ledger::Ledger;
use crate::profit::Reckoner;
use crate::tape::{Tape, Woven};
use crate::ties::Ties;
use crate::time::Time;
use crate::witness::Witness;

/// A tape of so many events is kept whole in memory; of a longer one, what is asked for again is read again.
pub const KEPT: usize = 100_000;

/// A tape that passes by.
pub struct Fold {
    /// The ledger.
    pub ledger: Ledger,
    /// What ran.
    pub activity: Activity,
    /// What was earned.
    pub reckoner: Reckoner,
    /// Ties.
    pub ties: Ties,
    /// Events so far.
    pub events: u64,
    /// The first event's moment, of those that have one.
    pub first: Option<Time>,
    last: Option<Time>,
    metadata: Option<Event>,
    kept: Vec<Event>,
    most_kept: usize,
    from: Option<Time>,
    formats: Vec<&'static str>,
}

impl Fold {
    /// Nothing has passed by yet. At most so many events are kept. `from`: what was earned before is not asked for. `formats` of the
    /// sources, by their ids.
    pub fn new(ledger: Ledger, most_kept: usize, from: Option<Time>, formats: Vec<&'static str>) -> Fold {
        Fold {
            ledger,
            activity: Activity::default(),
            reckoner: Reckoner::default(),
            ties: Ties::default(),
            events: 0,
            first: None,
            last: None,
            metadata: None,
            kept: Vec::new(),
            most_kept,
            from,
            formats,
        }
    }

    /// Takes the next event of the tape.
    pub fn take(&mut self, event: Event) {
        self.events += 1;
        self.first = self.first.or(Some(event.at).filter(|at| *at != Time::UNIX_EPOCH));
        self.last = Some(event.at);
        self.activity.take(&event, self.formats.get(usize::from(event.origin.source.0)).copied().unwrap_or_default());
        if self.from.is_none_or(|from| event.at >= from) {
            self.reckoner.take(&event);
        }
        self.ties.take(&event);
        if states_metadata(&event) {
            self.metadata = Some(event.clone());
        }
        if self.events <= self.most_kept as u64 {
            self.kept.push(event.clone());
        } else {
            self.kept = Vec::new();
        }
        self.ledger.push(event);
    }

    /// The tape has ended. Gives it, if it was kept.
    pub fn finish(&mut self, woven: Woven) -> (Tape, bool) {
        let end = self.last.unwrap_or(Time::UNIX_EPOCH);
        self.ledger.finish(self.metadata.as_ref(), &woven.missing_sightings, end);
        let whole = self.events == self.kept.len() as u64;
        (Tape { events: std::mem::take(&mut self.kept), woven }, whole)
    }

    /// What explaining asks of the whole tape.
    pub fn known(&self, executions_from: Option<Time>) -> Known {
        Known { executions_from, tied: self.ties.symbols.clone() }
    }
}

fn states_metadata(event: &Event) -> bool {
    matches!(&event.fact, Fact::Statement(Statement { witness: Witness::Metadata, claim: Claim::WholeBook(_) }))
}
