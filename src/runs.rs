//! Events on their way to the tape: runs that are in order by themselves, and are merged where they go on it.
//!
//! What comes out of a piece of a log mostly is in order already, so to merge costs less than to sort, and no event is moved before it is its turn.

use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::collections::binary_heap::{BinaryHeap, PeekMut};

use crate::event::{Claim, Event, Fact, Pulse, Statement};
use crate::origin::Origin;
use crate::time::Time;
use crate::witness::Standing;

/// Runs of events, each in the order of the tape.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Event>", into = "Vec<Event>")]
pub struct Runs(Vec<VecDeque<Event>>);

/// What the tape is ordered by: the moment, what counts first in it, and where it was written.
type Key = (Time, u8, Origin);

fn key(event: &Event) -> Key {
    (event.at, rank(event), event.origin)
}

impl Runs {
    /// Adds events, in any order. Of those that nothing orders, what was added first comes first.
    pub fn add(&mut self, mut events: Vec<Event>) {
        put_in_order(&mut events);
        if !events.is_empty() {
            self.0.push(events.into());
        }
    }

    /// All events, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Event> {
        self.0.iter().flatten()
    }

    /// Gives out what is older than `before`, or all, in order.
    pub fn give_out(&mut self, before: Option<Time>, mut out: impl FnMut(Event)) {
        let first = |(run, events): (usize, &VecDeque<Event>)| Some(Reverse((key(events.front()?), run)));
        let mut heads: BinaryHeap<Reverse<(Key, usize)>> = self.0.iter().enumerate().filter_map(first).collect();
        while let Some(mut head) = heads.peek_mut() {
            let Reverse(((at, ..), run)) = *head;
            if before.is_some_and(|before| at >= before) {
                break;
            }
            let run = &mut self.0[run];
            let event = run.pop_front();
            match run.front() {
                Some(next) => head.0.0 = key(next),
                None => drop(PeekMut::pop(head)),
            }
            event.into_iter().for_each(&mut out);
        }
        self.0.retain(|run| !run.is_empty());
    }
}

impl From<Vec<Event>> for Runs {
    fn from(events: Vec<Event>) -> Runs {
        let mut runs = Runs::default();
        runs.add(events);
        runs
    }
}

impl From<Runs> for Vec<Event> {
    fn from(runs: Runs) -> Vec<Event> {
        runs.0.into_iter().flatten().collect()
    }
}

/// Sorts events that mostly are sorted: by their moments where they are not, and within each.
fn put_in_order(events: &mut [Event]) {
    if !events.is_sorted_by_key(|event| event.at) {
        // Of a key far less is moved than of an event.
        events.sort_by_cached_key(|event| event.at);
    }
    for moment in events.chunk_by_mut(|one, other| one.at == other.at).filter(|moment| moment.len() > 1) {
        moment.sort_by_key(|event| (rank(event), event.origin));
    }
}

/// Design, rule 8: of events at one moment, first what changes whose word counts, then the bot's own account in the order it was
/// written, then the broker's whole books, single statements, counts, the books that are judged, and other pulses.
fn rank(event: &Event) -> u8 {
    match &event.fact {
        Fact::Pulse(Pulse::DegradedEntered | Pulse::DegradedExited | Pulse::NoSnapshot) => 0,
        Fact::Movement(_) => 1,
        Fact::Statement(Statement { witness, claim }) => match (witness.standing(), claim) {
            (Standing::Bot, _) => 1,
            (Standing::Judged, _) => 5,
            (Standing::Broker | Standing::BrokerUnlessDegraded, Claim::WholeBook(_)) => 2,
            (Standing::Broker | Standing::BrokerUnlessDegraded, Claim::Symbol(..)) => 3,
            (Standing::Broker | Standing::BrokerUnlessDegraded, Claim::Count(_)) => 4,
        },
        Fact::Pulse(_) => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::SourceId;
    use chrono::Duration;

    /// Runs in order and in disorder, which meet in one moment, at one place and in one rank: merged bit by bit as all of them are sorted at once.
    #[test]
    fn runs_are_merged_as_they_would_be_sorted() {
        let mut chance = 1u64;
        let mut draw = |below: u64| {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (chance >> 33) % below
        };
        for disorder in [1, 3, 60] {
            let (mut runs, mut all, mut merged) = (Runs::default(), Vec::new(), Vec::new());
            for round in 0..40u64 {
                for source in 0..draw(5) {
                    let source = SourceId(u16::try_from(source % 2).unwrap());
                    let count = draw(20);
                    let event = |_| {
                        let at = Time::UNIX_EPOCH + Duration::seconds((100 * round + draw(disorder) + draw(3)).cast_signed());
                        let pulse = [Pulse::DegradedEntered, Pulse::Reconciled, Pulse::CycleStarted]
                            [usize::try_from(draw(3)).unwrap()]
                        .clone();
                        Event { at, origin: Origin { source, offset: draw(2), line: 1 }, fact: Fact::Pulse(pulse) }
                    };
                    let run: Vec<Event> = (0..count).map(event).collect();
                    all.extend(run.iter().cloned());
                    runs.add(run);
                }
                let before = Time::UNIX_EPOCH + Duration::seconds((100 * round + draw(60)).cast_signed());
                if draw(4) == 0 {
                    // As they are stored.
                    runs = Runs::from(Vec::from(runs));
                }
                runs.give_out(Some(before), |event| merged.push(event));
                assert!(merged.iter().all(|event| event.at < before) && runs.iter().all(|event| event.at >= before));
            }
            runs.give_out(None, |event| merged.push(event));
            all.sort_by_key(key);
            assert!(merged == all && all.len() > 100, "{disorder}");
        }
    }
}
