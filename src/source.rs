//! A source of facts and the account of what became of each of its lines: understood, ignored by a named rule, or quarantined.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twox_hash::XxHash3_128;

use crate::constant::{self, Word};
use crate::event::Event;
use crate::json::{self, Habits};
use crate::lines::{self, Lines};
use crate::logs::{Outcome, Reader, Sink, rule};
use crate::origin::{Origin, SourceId};
use crate::prints::Prints;
use crate::time::{self, Time};
use crate::trouble::{Reason, Trouble};

/// One file or answer that was read, with the account of its lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Path below the bot's directory, or below the recording.
    pub path: String,
    /// Name of the format.
    #[serde(with = "constant")]
    pub format: Word,
    /// Bytes of text (after decompression).
    pub bytes: u64,
    /// Bytes beside these that lie before or after the window, and were not read.
    pub passed_over: u64,
    /// Lines that lie there, where they were counted: lines read are numbered from the next.
    pub lines_before: u32,
    /// Lines read.
    pub lines: u64,
    /// Lines whose meaning is known.
    pub understood: u64,
    /// Lines left out, by rule.
    #[serde(with = "constant")]
    pub ignored: BTreeMap<Word, u64>,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Lines in trouble of a log that are told one by one. A log that is nothing but such lines is told as one.
const MOST_TOLD: usize = 10_000;

/// So many lines tell how long the others of a piece are, and how many events they have.
const FIRST_LINES: usize = 16;

/// Characters of a quarantined line that a report shows.
const EXCERPT: usize = 120;

/// A piece of a log, cut where a line ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Byte offset of its first byte in the decoded text.
    pub offset: u64,
    /// Number of its first line.
    pub line: u32,
    /// What it is.
    pub text: PieceText,
}

impl Piece {
    fn end(&self) -> u64 {
        match &self.text {
            PieceText::Lines(lines) => self.offset + lines.text().len() as u64,
            PieceText::Gigantic(bytes) => self.offset + bytes.len() as u64,
            PieceText::BrokenOff(_) => self.offset,
        }
    }
}

/// What a piece of a log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PieceText {
    /// Whole lines.
    Lines(Lines),
    /// The beginning of a line longer than any record, whose rest was passed over.
    Gigantic(Vec<u8>),
    /// The rest of the log cannot be read.
    BrokenOff(Reason),
}

/// Lines that were decoded, each by itself: before it is known which of them stood there before.
#[derive(Debug, PartialEq)]
pub struct Decoded {
    pub(crate) lines: Vec<Line>,
    pub(crate) events: Vec<Event>,
    /// Byte offset of its end.
    pub(crate) end: u64,
}

/// What became of one line.
#[derive(Debug, PartialEq)]
pub(crate) struct Line {
    /// Fingerprint of its text.
    pub(crate) print: u128,
    /// How many of the events are its.
    pub(crate) events: u32,
    pub(crate) became: Became,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Became {
    Understood,
    Ignored(&'static str),
    Quarantined(Box<Refused>),
}

/// A line that could not be understood.
#[derive(Debug, PartialEq)]
pub(crate) struct Refused {
    origin: Origin,
    trouble: Trouble,
    excerpt: String,
    /// The time that it says itself.
    said: Option<Time>,
}

impl Decoded {
    /// Its events.
    pub fn into_events(self) -> Vec<Event> {
        self.events
    }

    /// The earliest moment of its events.
    pub fn oldest(&self) -> Option<Time> {
        self.events.iter().map(|event| event.at).min()
    }

    /// The latest moment of its events: how far the log was read.
    pub fn newest(&self) -> Option<Time> {
        self.events.iter().map(|event| event.at).max()
    }
}

/// Decodes a piece: the work that needs to know nothing of other pieces, and is done on all cores.
pub fn decode(id: SourceId, reader: &Reader, piece: Piece) -> Decoded {
    decode_by(id, reader, &piece, &mut Habits::default())
}

/// The same of a log of which pieces were decoded before: what their lines have in common was seen there.
pub fn decode_by(id: SourceId, reader: &Reader, piece: &Piece, habits: &mut Habits) -> Decoded {
    let decoded = Decoded { lines: Vec::new(), events: Vec::new(), end: piece.end() };
    let mut decoder = Decoder { id, reader, decoded, habits };
    let whole = Origin { source: id, offset: piece.offset, line: piece.line };
    match &piece.text {
        PieceText::Lines(lines) => decoder.lines(lines, whole),
        PieceText::Gigantic(beginning) => decoder.quarantine(whole, Reason::GiganticLine.into(), beginning),
        PieceText::BrokenOff(reason) => decoder.quarantine(whole, reason.clone().into(), b""),
    }
    decoder.decoded
}

struct Decoder<'a> {
    id: SourceId,
    reader: &'a Reader,
    decoded: Decoded,
    habits: &'a mut Habits,
}

impl Decoder<'_> {
    fn lines(&mut self, lines: &Lines, first: Origin) {
        // The whole piece is checked at once; only where that fails, each line by itself.
        let text = simdutf8::basic::from_utf8(lines.text()).ok();
        let mut number = first.line;
        for lines::Line { start, bytes, ended } in lines.iter() {
            let origin = Origin { source: self.id, offset: first.offset + start as u64, line: number };
            self.line(bytes, text.and_then(|text| text.get(start..start + bytes.len())), origin, ended);
            number = number.saturating_add(1);
            if self.decoded.lines.len() == FIRST_LINES {
                self.make_room(lines.feeds() / FIRST_LINES);
            }
        }
    }

    /// Makes room for all lines at once, if there are so many times as many, and they are like the first of them.
    fn make_room(&mut self, times: usize) {
        let Decoded { lines, events, .. } = &mut self.decoded;
        lines.reserve(lines.len() * times);
        events.reserve(events.len() * times);
    }

    /// Takes one line, without its line feed. `ended` says whether the line feed was there.
    fn line(&mut self, bytes: &[u8], text: Option<&str>, origin: Origin, ended: bool) {
        let text = match text.map_or_else(|| std::str::from_utf8(bytes), Ok) {
            Ok(text) => framed(text, origin),
            Err(error) => {
                let column = u32::try_from(error.valid_up_to() + 1).ok();
                return self.quarantine(origin, Trouble { column, reason: Reason::BadUtf8 }, bytes);
            }
        };
        if text.is_empty() {
            return self.became(0, 0, Became::Ignored(rule::BLANK));
        }
        let first = self.decoded.events.len();
        match self.strictly_then_leniently(text, origin) {
            Ok(Outcome::Understood) => {
                let events = self.decoded.events.len() - first;
                self.became(XxHash3_128::oneshot(text.as_bytes()), u32::try_from(events).unwrap_or(u32::MAX), Became::Understood);
            }
            Ok(Outcome::Ignored(rule)) => {
                self.decoded.events.truncate(first);
                self.became(0, 0, Became::Ignored(rule));
            }
            Err(mut trouble) => {
                self.decoded.events.truncate(first);
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

    /// Strictly first; what a strict reader refuses is read once more as Python would (`formats.md` 1.3).
    fn strictly_then_leniently(&mut self, text: &str, origin: Origin) -> Result<Outcome, Trouble> {
        let mut sink = Sink { origin, events: &mut self.decoded.events, habits: self.habits };
        let strict = self.reader.decode(text, &mut sink);
        let Err(trouble) = strict else { return strict };
        if !matches!(trouble.reason, Reason::NotJson | Reason::WrongShape) {
            return Err(trouble);
        }
        let Some(repaired) = json::repaired(text) else { return Err(trouble) };
        self.reader.decode(&repaired, &mut sink).map_err(|_| trouble)
    }

    fn quarantine(&mut self, origin: Origin, trouble: Trouble, bytes: &[u8]) {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * EXCERPT)]);
        let excerpt = harmless(&text, EXCERPT);
        self.became(0, 0, Became::Quarantined(Box::new(Refused { origin, trouble, excerpt, said: time_said(&text) })));
    }

    fn became(&mut self, print: u128, events: u32, became: Became) {
        self.decoded.lines.push(Line { print, events, became });
    }
}

/// The account of one log, kept while its pieces arrive in the order of the text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    /// The counts.
    pub source: Source,
    /// The quarantine.
    pub quarantined: Vec<Quarantined>,
    prints: Prints,
    awaiting_next: usize,
}

impl Account {
    /// An account of nothing read yet.
    pub fn new(reader: &Reader, path: String) -> Account {
        let source = Source { path, format: reader.name(), ..Source::default() };
        Account { source, quarantined: Vec::new(), prints: Prints::default(), awaiting_next: 0 }
    }

    /// The number of the line that comes next.
    pub fn next_line(&self) -> u32 {
        u32::try_from(self.source.lines).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Whether what is named by its number is there, where this was read from bytes.
    pub fn is_sound(&self) -> bool {
        self.awaiting_next <= self.quarantined.len() && self.prints.is_sound()
    }

    /// Forgets lines that are older than a moment: one of them that comes again is given as if it were new.
    pub fn forget_before(&mut self, moment: Time) {
        self.prints.forget_before(moment);
    }

    /// Accounts for the next piece's lines; gives their events, without those of lines that stood in this log before.
    pub fn take(&mut self, decoded: Decoded) -> Vec<Event> {
        let Decoded { lines, mut events, end } = decoded;
        self.source.bytes = end;
        let (mut first, mut again) = (0, Vec::new());
        for line in lines {
            self.source.lines += 1;
            let until = first + line.events as usize;
            match line.became {
                Became::Understood => {
                    let ends = ends(&events[first..until]);
                    if self.prints.is_new(line.print, ends.map(|(_, last)| last)) {
                        self.understood(ends);
                    } else {
                        self.source.duplicates += 1;
                        self.ignore(rule::DUPLICATE);
                        again.push(first..until);
                    }
                }
                Became::Ignored(rule) => self.ignore(rule),
                Became::Quarantined(what) => self.quarantine(*what),
            }
            first = until;
        }
        for range in again.into_iter().rev() {
            events.drain(range);
        }
        self.source.events += events.len() as u64;
        events
    }

    /// `ends`: the first and the last moment of the line's events.
    fn understood(&mut self, ends: Option<(Time, Time)>) {
        self.source.understood += 1;
        let Some((from, at)) = ends else { return };
        if self.source.last.is_some_and(|newest| at < newest) {
            self.source.out_of_order += 1;
        }
        for quarantined in &mut self.quarantined[self.awaiting_next..] {
            quarantined.before = Some(at);
        }
        self.awaiting_next = self.quarantined.len();
        self.source.last = self.source.last.max(Some(at));
        self.source.first = Some(self.source.first.map_or(from, |first| first.min(from)));
    }

    fn ignore(&mut self, rule: &'static str) {
        *self.source.ignored.entry(rule).or_default() += 1;
    }

    fn quarantine(&mut self, refused: Refused) {
        self.source.quarantined += 1;
        let Refused { origin, trouble, excerpt, said } = refused;
        let after = self.source.last.max(said);
        if self.quarantined.len() < MOST_TOLD || trouble.reason.is_failed_read() {
            self.quarantined.push(Quarantined { origin, trouble, excerpt, after, before: None });
            return;
        }
        // The last that is told stands for all that follow: it says nothing before all of them could have.
        self.awaiting_next = self.awaiting_next.min(MOST_TOLD - 1);
        let last = &mut self.quarantined[MOST_TOLD - 1];
        let more = if let Reason::AndMore(more) = last.trouble.reason { more } else { 1 };
        last.trouble = Reason::AndMore(more + 1).into();
        (last.after, last.before) = (last.after.max(after), None);
    }
}

/// The first and the last moment of some events.
fn ends(events: &[Event]) -> Option<(Time, Time)> {
    if let [one] = events {
        return Some((one.at, one.at));
    }
    let moments = events.iter().map(|event| event.at);
    moments.clone().min().zip(moments.max())
}

/// The time at the beginning of a line that is no record: a torn one often still has it.
fn time_said(text: &str) -> Option<Time> {
    let (_, rest) = text.split_once("\"ts\":")?;
    let (stamp, _) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
    time::parse_text(stamp)
}

/// The byte order mark that a first line may begin with (`formats.md` T11).
const MARK: &str = "\u{feff}";

/// A line without byte order mark, carriage return and blanks (`formats.md` T11).
fn framed(text: &str, origin: Origin) -> &str {
    let text = if origin.offset == 0 { text.strip_prefix(MARK).unwrap_or(text) } else { text };
    // Most lines begin and end with a brace: nothing to look for.
    if text.starts_with('{') && text.ends_with('}') { text } else { text.trim() }
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
        if is_hidden(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out
}

/// The same, at its whole length and with its blanks: text for a person, wherever it is shown.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out
}

/// Whether a character is not seen where it stands, or changes how others are: a control character, a mark of direction, a blank of no
/// width, a separator of lines, a tag.
pub fn is_hidden(character: char) -> bool {
    let marks = matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}');
    let others = matches!(character, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    character.is_control() || marks || others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_shown_escaped() {
        assert_eq!(harmless("a\u{1b}[31mb\u{202e}c", 80), "a\\u{1b}[31mb\\u{202e}c");
        assert_eq!(harmless("abcdef", 3), "abc…");
        assert_eq!(visible(" <b>\u{200f}\n"), " <b>\\u{200f}\\u{a}");
    }
}
