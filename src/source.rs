//! A source of facts and the account of what became of each of its lines: understood, ignored by a named rule, or quarantined.

use std::collections::{BTreeMap, HashSet};
use xxhash_rust::xxh3::xxh3_128;

use crate::event::Event;
use crate::json;
use crate::logs::{LogFormat, Outcome, Sink, rule};
use crate::origin::{Origin, SourceId};
use crate::time::{self, Time};
use crate::trouble::{Reason, Trouble};

/// One file or answer that was read, with the account of its lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    /// Path below the bot's directory, or below the recording.
    pub path: String,
    /// Name of the format.
    pub format: &'static str,
    /// Bytes of text (after decompression).
    pub bytes: u64,
    /// Lines read.
    pub lines: u64,
    /// Lines whose meaning is known.
    pub understood: u64,
    /// Lines left out, by rule.
    pub ignored: BTreeMap<&'static str, u64>,
    /// Lines in trouble.
    pub quarantined: u64,
    /// Events that came of it.
    pub events: u64,
    /// Earliest event.
    pub first: Option<Time>,
    /// Latest event.
    pub last: Option<Time>,
    /// Lines older than a line before them.
    pub out_of_order: u64,
    /// Lines that stood in this source before.
    pub duplicates: u64,
}

/// A line or a whole file that could not be understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Quarantined {
    /// Where it is.
    pub origin: Origin,
    /// What is wrong with it.
    pub trouble: Trouble,
    /// Its beginning, made harmless for a terminal.
    pub excerpt: String,
    /// The time that it says itself, as far as that can be read, or else of the last good line before it: it was not written before this.
    pub after: Option<Time>,
    /// Time of the next good line, if there is one: it was written before this.
    pub before: Option<Time>,
}

/// What a source gave: its account, its events, and what it had to quarantine.
#[derive(Debug, Default)]
pub struct Harvest {
    /// The account.
    pub source: Source,
    /// The events, in the order of the text.
    pub events: Vec<Event>,
    /// The quarantine.
    pub quarantined: Vec<Quarantined>,
}

/// No record of any log comes near this; a longer "line" is a damaged file, and is not kept in memory.
pub const LONGEST_LINE: usize = 16 << 20;

/// Characters of a quarantined line that a report shows.
const EXCERPT: usize = 120;

/// Reads the lines of one log and keeps the account.
pub struct LineReader<'a> {
    id: SourceId,
    format: &'a LogFormat,
    harvest: Harvest,
    newest: Option<Time>,
    seen: HashSet<u128>,
    awaiting_next: usize,
}

impl<'a> LineReader<'a> {
    /// A reader for one source of one format.
    pub fn new(id: SourceId, format: &'a LogFormat, path: String) -> LineReader<'a> {
        let source = Source { path, format: format.name, ..Source::default() };
        LineReader {
            id,
            format,
            harvest: Harvest { source, ..Harvest::default() },
            newest: None,
            seen: HashSet::new(),
            awaiting_next: 0,
        }
    }

    /// Takes one line, without its line feed. `ended` says whether the line feed was there.
    pub fn line(&mut self, bytes: &[u8], offset: u64, ended: bool) {
        self.harvest.source.lines += 1;
        let line = u32::try_from(self.harvest.source.lines).unwrap_or(u32::MAX);
        let origin = Origin { source: self.id, offset, line };
        let text = match std::str::from_utf8(without_frame(bytes, line)) {
            Ok(text) => text.trim(),
            Err(error) => {
                let frame = without_frame(bytes, line).as_ptr() as usize - bytes.as_ptr() as usize;
                let column = u32::try_from(frame + error.valid_up_to() + 1).ok();
                return self.quarantine(origin, Trouble { column, reason: Reason::BadUtf8 }, bytes);
            }
        };
        if text.is_empty() {
            return self.ignore(rule::BLANK);
        }
        if self.seen.contains(&xxh3_128(text.as_bytes())) {
            self.harvest.source.duplicates += 1;
            return self.ignore(rule::DUPLICATE);
        }
        let first = self.harvest.events.len();
        match self.decode(text, origin) {
            Ok(Outcome::Understood) => self.understood(text, first),
            Ok(Outcome::Ignored(rule)) => {
                self.harvest.events.truncate(first);
                self.ignore(rule);
            }
            Err(mut trouble) => {
                self.harvest.events.truncate(first);
                // Columns count from the line's first byte, blanks and byte order mark included.
                let leading = u32::try_from(text.as_ptr() as usize - bytes.as_ptr() as usize).unwrap_or(0);
                trouble.column = trouble.column.map(|column| column.saturating_add(leading));
                if !ended && trouble.reason == Reason::NotJson {
                    trouble.reason = Reason::TornLine;
                }
                self.quarantine(origin, trouble, bytes);
            }
        }
    }

    /// A line longer than any record.
    pub fn gigantic(&mut self, beginning: &[u8], offset: u64) {
        self.harvest.source.lines += 1;
        let line = u32::try_from(self.harvest.source.lines).unwrap_or(u32::MAX);
        self.quarantine(Origin { source: self.id, offset, line }, Reason::GiganticLine.into(), beginning);
    }

    /// The rest of the source cannot be read.
    pub fn broken_off(&mut self, reason: Reason, offset: u64) {
        self.gigantic(b"", offset);
        if let Some(last) = self.harvest.quarantined.last_mut() {
            last.trouble = reason.into();
        }
    }

    /// The harvest, with the bytes that were read.
    pub fn finish(mut self, bytes: u64) -> Harvest {
        self.harvest.source.bytes = bytes;
        self.harvest.source.events = self.harvest.events.len() as u64;
        self.harvest.source.first = self.harvest.events.iter().map(|event| event.at).min();
        self.harvest.source.last = self.newest;
        self.harvest
    }

    /// Strictly first; what a strict reader refuses is read once more as Python would (`formats.md` 1.3).
    fn decode(&mut self, text: &str, origin: Origin) -> Result<Outcome, Trouble> {
        let strict = (self.format.decode)(text, &mut Sink { origin, events: &mut self.harvest.events });
        let Err(trouble) = strict else { return strict };
        if !matches!(trouble.reason, Reason::NotJson | Reason::WrongShape) {
            return Err(trouble);
        }
        let Some(repaired) = json::repaired(text) else { return Err(trouble) };
        (self.format.decode)(&repaired, &mut Sink { origin, events: &mut self.harvest.events }).map_err(|_| trouble)
    }

    fn understood(&mut self, text: &str, first: usize) {
        self.seen.insert(xxh3_128(text.as_bytes()));
        self.harvest.source.understood += 1;
        let Some(at) = self.harvest.events[first..].iter().map(|event| event.at).max() else { return };
        if self.newest.is_some_and(|newest| at < newest) {
            self.harvest.source.out_of_order += 1;
        }
        for quarantined in &mut self.harvest.quarantined[self.awaiting_next..] {
            quarantined.before = Some(at);
        }
        self.awaiting_next = self.harvest.quarantined.len();
        self.newest = self.newest.max(Some(at));
    }

    fn ignore(&mut self, rule: &'static str) {
        *self.harvest.source.ignored.entry(rule).or_default() += 1;
    }

    fn quarantine(&mut self, origin: Origin, trouble: Trouble, bytes: &[u8]) {
        self.harvest.source.quarantined += 1;
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * EXCERPT)]);
        let after = self.newest.max(time_said(&text));
        let excerpt = harmless(&text, EXCERPT);
        self.harvest.quarantined.push(Quarantined { origin, trouble, excerpt, after, before: None });
    }
}

/// The time at the beginning of a line that is no record: a torn one often still has it.
fn time_said(text: &str) -> Option<Time> {
    let (_, rest) = text.split_once("\"ts\":")?;
    let (stamp, _) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
    time::parse_text(stamp)
}

/// A line without its carriage return and, on the first line, without a byte order mark (`formats.md` T11).
fn without_frame(bytes: &[u8], line: u32) -> &[u8] {
    let bytes = if line == 1 { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes) } else { bytes };
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

/// Text that cannot move a cursor, colour a terminal or turn a line around: control and format characters are escaped,
/// and what is longer than `most` characters ends in `…`.
pub fn harmless(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most * 2));
    let trimmed = text.trim();
    for (place, character) in trimmed.chars().enumerate() {
        if place == most {
            out.push('…');
            break;
        }
        let hidden =
            matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if character.is_control() || hidden {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_shown_escaped() {
        assert_eq!(harmless("a\u{1b}[31mb\u{202e}c", 80), "a\\u{1b}[31mb\\u{202e}c");
        assert_eq!(harmless("abcdef", 3), "abc…");
    }
}
