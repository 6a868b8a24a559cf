//! Lines that stood in their log before: found by their fingerprints.

use serde::{Deserialize, Serialize};
use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use crate::time::Time;

/// The fingerprints of the lines that were understood: they tell a line that stood there before.
///
/// The same text is of the same moment. So a line that is younger than all before it did not stand there before, and one that is only
/// younger than all but the last few can stand among these alone. All others are looked for only once a line comes that is older.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Prints {
    /// Of each line, in order, but for the first that are forgotten.
    all: Vec<u128>,
    /// Here and there among them, the youngest moment of all lines before.
    milestones: Vec<(usize, Time)>,
    /// Of lines that tell no moment, which are never forgotten.
    timeless: Vec<u128>,
    /// The youngest moment of all lines.
    newest: Option<Time>,
    /// The moments of the last few lines.
    recent: VecDeque<Option<Time>>,
    /// The youngest moment of the lines before these.
    newest_before: Option<Time>,
    /// The first so many of all, to be looked for.
    #[serde(skip)]
    found: HashSet<u128, BuildHasherDefault<Fingerprint>>,
    #[serde(skip)]
    indexed: usize,
}

/// A milestone stands after so many lines.
const MILE: usize = if cfg!(test) { 4 } else { 1 << 10 };

/// So many lines are looked at one by one: more than two threads that write at once put out of order.
const RECENT: usize = if cfg!(test) { 2 } else { 64 };

impl Prints {
    /// Whether a line with this fingerprint, whose youngest event is of that moment, is the first of its text. It is remembered.
    pub fn is_new(&mut self, print: u128, at: Option<Time>) -> bool {
        let new = if at > self.newest {
            true
        } else if at > self.newest_before {
            !self.all[self.all.len() - self.recent.len()..].contains(&print)
        } else {
            if self.indexed == 0 {
                self.found.extend(&self.timeless);
            }
            self.found.extend(&self.all[self.indexed..]);
            self.indexed = self.all.len();
            !self.found.contains(&print)
        };
        if new {
            self.remember(print, at);
        }
        new
    }

    /// Whether the numbers fit, where this was read from bytes.
    pub fn is_sound(&self) -> bool {
        let in_order = self.milestones.is_sorted() && self.milestones.iter().all(|(place, _)| *place <= self.all.len());
        in_order && self.recent.len() <= self.all.len()
    }

    /// Forgets lines at the beginning that are older than a moment. One that comes again is taken for new then: who forgets must look at
    /// what comes that is so old.
    pub fn forget_before(&mut self, moment: Time) {
        let passed = self.milestones.partition_point(|(_, newest)| *newest < moment);
        let Some((lines, _)) = passed.checked_sub(1).and_then(|last| self.milestones.get(last)).copied() else { return };
        // The last few are looked at one by one.
        let lines = lines.min(self.all.len().saturating_sub(RECENT));
        self.milestones.drain(..passed);
        self.milestones.iter_mut().for_each(|(place, _)| *place -= lines);
        self.all.drain(..lines);
        self.all.shrink_to_fit();
        (self.found, self.indexed) = (HashSet::default(), 0);
    }

    fn remember(&mut self, print: u128, at: Option<Time>) {
        self.all.push(print);
        self.newest = self.newest.max(at);
        match (at, self.newest) {
            (None, _) => self.timeless.push(print),
            (Some(_), Some(newest)) if self.all.len().is_multiple_of(MILE) => self.milestones.push((self.all.len(), newest)),
            (Some(_), _) => {}
        }
        self.recent.push_back(at);
        if self.recent.len() > RECENT {
            self.newest_before = self.newest_before.max(self.recent.pop_front().flatten());
        }
    }
}

/// A fingerprint is a good hash already: half of it is taken.
#[derive(Clone, Debug, Default)]
struct Fingerprint(u64);

impl Hasher for Fingerprint {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, print: u128) {
        self.0 = print as u64;
    }
}
