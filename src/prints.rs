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
    /// Of each line, in order, so many together, but for the first that are forgotten: they are many, and none is moved when there are more.
    all: VecDeque<Block>,
    /// Of lines that tell no moment, which are never forgotten.
    timeless: Vec<u128>,
    /// The youngest moment of all lines.
    newest: Option<Time>,
    /// The fingerprints of the last few lines, each with the youngest moment of it and of all lines before it: a ring.
    recent: Vec<(Option<Time>, u128)>,
    /// Where the oldest of them is, if there are as many as there may be.
    oldest: usize,
    /// The youngest moment of the lines before these.
    newest_before: Option<Time>,
    /// The first so many of all, to be looked for.
    #[serde(skip)]
    found: HashSet<u128, BuildHasherDefault<Fingerprint>>,
    #[serde(skip)]
    indexed: usize,
}

/// Fingerprints of lines that follow each other.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Block {
    prints: Vec<u128>,
    /// The youngest moment of them and of all before.
    newest: Option<Time>,
}

/// So many lines are looked at one by one: more than two threads that write at once put out of order.
const RECENT: usize = if cfg!(test) { 2 } else { 64 };

/// So many fingerprints are kept together.
const TOGETHER: usize = if cfg!(test) { 4 } else { 1 << 12 };

impl Prints {
    /// Whether a line with this fingerprint, whose youngest event is of that moment, is the first of its text. It is remembered.
    pub fn is_new(&mut self, print: u128, at: Option<Time>) -> bool {
        let new = if at > self.newest {
            true
        } else if at > self.newest_before {
            // What comes before lines that are all older is of another moment, and of another text.
            let (newer, older) = self.recent.split_at(self.oldest);
            let mut as_young = newer.iter().rev().chain(older.iter().rev()).take_while(|(newest, _)| *newest >= at);
            !as_young.any(|(_, other)| *other == print)
        } else {
            if self.indexed == 0 {
                self.found.extend(&self.timeless);
            }
            let blocks = self.all.iter().skip(self.indexed / TOGETHER);
            for print in blocks.flat_map(|block| &block.prints).skip(self.indexed % TOGETHER) {
                self.found.insert(*print);
                self.indexed += 1;
            }
            !self.found.contains(&print)
        };
        if new {
            self.remember(print, at);
        }
        new
    }

    /// Whether blocks and ring are such as are made here, where this was read from bytes.
    pub fn is_sound(&self) -> bool {
        let is_ring = self.recent.len() <= RECENT && self.oldest <= self.recent.len().saturating_sub(1);
        let last = self.all.len().saturating_sub(1);
        let mut blocks = self.all.iter().enumerate();
        is_ring
            && blocks.all(|(place, block)| {
                let length = block.prints.len();
                if place == last { length <= TOGETHER } else { length == TOGETHER }
            })
    }

    /// Forgets blocks at the beginning that are older than a moment. A line of them that comes again is taken for new then: who forgets must
    /// look at what comes that is so old.
    pub fn forget_before(&mut self, moment: Time) {
        let before = self.all.len();
        while self.all.len() > 1 && self.all.front().is_some_and(|block| block.newest.is_some_and(|newest| newest < moment)) {
            self.all.pop_front();
        }
        if self.all.len() < before {
            (self.found, self.indexed) = (HashSet::default(), 0);
        }
    }

    fn remember(&mut self, print: u128, at: Option<Time>) {
        self.newest = self.newest.max(at);
        match self.all.back_mut() {
            Some(last) if last.prints.len() < TOGETHER => {
                last.prints.push(print);
                last.newest = self.newest;
            }
            last => {
                // A short log has one block, which grows; the next will be full.
                let mut prints = Vec::with_capacity(if last.is_some() { TOGETHER } else { 1 });
                prints.push(print);
                self.all.push_back(Block { prints, newest: self.newest });
            }
        }
        if at.is_none() {
            self.timeless.push(print);
        }
        let last = (self.newest, print);
        if self.recent.len() < RECENT {
            self.recent.push(last);
        } else if let Some(oldest) = self.recent.get_mut(self.oldest) {
            (self.newest_before, _) = std::mem::replace(oldest, last);
            self.oldest = (self.oldest + 1) % RECENT;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines in order and in disorder, texts that come again at once, after a while, and much later: as a set of all texts tells it.
    #[test]
    fn a_line_is_new_as_a_set_of_all_lines_tells_it() {
        for disorder in [0, 3, 500, 40_000] {
            let (mut prints, mut all, mut chance) = (Prints::default(), HashSet::new(), 1u64);
            let mut draw = |below: u64| {
                chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (chance >> 33) % below
            };
            for place in 0..12_500u64 {
                let moment = match draw(4) {
                    0 => place.saturating_sub(draw(disorder + 1)),
                    _ => place,
                };
                let at = (!moment.is_multiple_of(97)).then(|| Time::of_seconds(moment.cast_signed()));
                // A text is of one moment.
                assert_eq!(prints.is_new(u128::from(moment), at), all.insert(moment), "{place} of {disorder}");
            }
        }
    }
}
