//! Where in large logs a window begins and ends: records are nearly in order of time, so the places are found by bisecting the bytes, and what
//! lies before and after is not read. The opening balance is the whole book that the broker stated before.

use chrono::Duration;
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;

use crate::cutter::{self, Cutter, Log};
use crate::event::{Claim, Event, Fact, Statement};
use crate::lines::Lines;
use crate::logs::{self, Reader};
use crate::origin::{Origin, SourceId};
use crate::read::{Readings, Text};
use crate::source::{self, Decoded, LONGEST_LINE, Piece, PieceText};
use crate::tape::DISORDER;
use crate::time::Time;
use crate::witness::Witness;

/// Logs that are smaller than this together are read from their beginnings: it takes no time, and tells more about what is held.
pub const WORTHWHILE: u64 = 64 << 20;

/// So long before the window a whole book is looked for to begin with: what was stated since then is held against it, so that a copy of
/// an old answer (`formats.md` 1.5) does not go into the window.
const BEFORE: Duration = Duration::hours(12);

/// Movements are joined and fills are waited for this long around a statement: the tape begins so much before it.
const AROUND: Duration = Duration::minutes(10);

/// Places of a log at which its order is looked at before it is trusted.
const SAMPLES: u64 = 32;

/// Bytes that are not worth another step.
const NEAR: u64 = 64 << 10;

/// Where a replay begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// The tape begins here.
    pub at: Time,
    /// The record that states the opening balance, and when.
    pub stated: (Time, Origin),
    /// From which byte to which each log is read; logs that are in disorder, or compressed, are read whole.
    pub parts: BTreeMap<SourceId, Range<u64>>,
}

/// Finds where to begin for a window from `from` on, and where to end so that nothing that bears on `until` is left out, if the logs have
/// `worthwhile` bytes together. `None`: the logs are read whole.
pub fn beginning(readings: &Readings, from: Time, until: Option<Time>, worthwhile: u64) -> Option<Beginning> {
    let logs: Vec<Searched<'_>> = readings.logs_at_hand().filter_map(Searched::of).collect();
    if logs.iter().map(|log| log.length).sum::<u64>() < worthwhile {
        return None;
    }
    let (at, mut stated) = logs.iter().filter_map(|log| log.last_whole_book(from - BEFORE)).max_by_key(|(at, _)| *at)?;
    let begins = at - AROUND;
    let part = |log: &Searched<'_>| {
        let (start, _) = log.around(begins - DISORDER)?;
        let end = match until {
            Some(until) => log.around(until + AROUND + DISORDER)?.1,
            None => log.length,
        };
        Some((log.id, start..end.max(start)))
    };
    let parts: BTreeMap<SourceId, Range<u64>> = logs.iter().filter_map(part).collect();
    // Its number counts, as those of all lines do, from where the log is read.
    let start = parts.get(&stated.source).map_or(0, |part| part.start);
    let log = logs.iter().find(|log| log.id == stated.source)?;
    let between = log.text.open_at(start).ok()?.take(stated.offset.saturating_sub(start));
    stated.line = cutter::lines(between).ok()? + 1;
    Some(Beginning { at: begins, stated: (at, stated), parts })
}

/// A log that can be read from anywhere.
struct Searched<'a> {
    id: SourceId,
    reader: &'a Reader,
    text: &'a Text,
    length: u64,
}

/// How far back a whole book is looked for: a night, a weekend, a holiday.
const BACK: [Duration; 4] = [Duration::hours(1), Duration::hours(24), Duration::days(4), Duration::days(14)];

fn states_book(event: &Event) -> bool {
    matches!(&event.fact, Fact::Statement(Statement { witness: Witness::PortfolioHistory, claim: Claim::WholeBook(_) }))
}

impl<'a> Searched<'a> {
    fn of((id, reader, text): (SourceId, &'a Reader, &'a Text)) -> Option<Searched<'a>> {
        Some(Searched { id, reader, text, length: text.length_if_seekable()? })
    }

    /// Two lines around `at`: the place of one a little before the first line since then, and of one a little after it, or the log's end.
    /// `None`: the log is in disorder, or cannot be read.
    fn around(&self, at: Time) -> Option<(u64, u64)> {
        if !self.is_in_order() {
            return None;
        }
        let (mut low, mut high, mut after) = (0, self.length, self.length);
        let (mut earliest, mut latest): (Option<Time>, Option<Time>) = (None, None);
        while high - low > NEAR {
            let middle = low + (high - low) / 2;
            let Some((told, place)) = self.dated_after(middle, high).ok()? else {
                high = middle;
                continue;
            };
            let in_order = earliest.is_none_or(|earliest| earliest - DISORDER <= told)
                && latest.is_none_or(|latest| told <= latest + DISORDER);
            if !in_order {
                return None;
            }
            if told < at {
                (low, earliest) = (place, Some(told));
            } else {
                (high, after, latest) = (middle, place, Some(told));
            }
        }
        Some((low, after))
    }

    /// Whether the times at its beginning, at its end and at places between them are in order: a log that was put together wrongly would
    /// lead the search astray, and what it hides would be missing without a word.
    fn is_in_order(&self) -> bool {
        let end = self.length.saturating_sub(NEAR);
        let mut newest: Option<Time> = None;
        for place in (0..=SAMPLES).map(|sample| end / SAMPLES * sample) {
            let Ok(dated) = self.dated_after(place, self.length) else { return false };
            let Some((told, _)) = dated else { continue };
            if newest.is_some_and(|newest| told < newest - DISORDER) {
                return false;
            }
            newest = newest.max(Some(told));
        }
        true
    }

    /// The broker's last whole book before a moment, not weeks before it.
    fn last_whole_book(&self, until: Time) -> Option<(Time, Origin)> {
        if self.reader.name() != logs::BROKERS_BOOKS {
            return None;
        }
        BACK.into_iter().find_map(|back| {
            let (offset, _) = self.around(until - back)?;
            let open = Box::new(move || self.text.open_at(offset));
            let log = Log { id: self.id, reader: self.reader, open, offset, line: 1, compressed: false };
            let pieces = Cutter::of(log).map(|piece| source::decode(self.id, self.reader, piece));
            let near = pieces.take_while(|decoded| decoded.oldest().is_none_or(|oldest| oldest < until));
            let books = near.flat_map(Decoded::into_events).filter(|event| event.at < until && states_book(event));
            books.map(|event| (event.at, event.origin)).max()
        })
    }

    /// The first line that begins after an offset, or at zero, and before `until`, and tells a time.
    fn dated_after(&self, offset: u64, until: u64) -> io::Result<Option<(Time, u64)>> {
        let opened = self.text.open_at(offset.saturating_sub(1)).map_err(|reason| io::Error::other(reason.to_string()))?;
        let mut text = BufReader::with_capacity(NEAR as usize, opened);
        let mut place = offset;
        if offset > 0 {
            place = offset - 1 + text.skip_until(b'\n')? as u64;
        }
        let mut line = Vec::new();
        while place < until {
            line.clear();
            let read = (&mut text).take(LONGEST_LINE as u64).read_until(b'\n', &mut line)? as u64;
            if read == 0 {
                break;
            }
            let piece = Piece { offset: place, line: 1, text: PieceText::Lines(Lines::of(std::mem::take(&mut line))) };
            let decoded = source::decode(self.id, self.reader, piece);
            if let Some(at) = decoded.newest() {
                return Ok(Some((at, place)));
            }
            place += read;
        }
        Ok(None)
    }
}
