//! A log's text, cut into pieces where lines end, and its lines counted.

use std::io::{self, Read};
use std::ops::Range;

use crate::lines::Lines;
use crate::logs::Reader;
use crate::open::LARGEST_DECODED;
use crate::origin::SourceId;
use crate::source::{LONGEST_LINE, Piece, PieceText};
use crate::trouble::Reason;

/// Bytes of a piece: enough that handing it over costs nothing beside decoding it, and few enough that the pieces of all logs that are
/// on their way stay small. A longer line makes a longer piece.
const PIECE: usize = 128 << 10;

/// Bytes of a buffer for a piece, with the beginning of the line that ends in the next.
const ROOM: usize = 2 * PIECE;

/// Room for a piece: that of one whose content is not needed any more.
#[derive(Debug, Default)]
pub struct Room {
    text: Vec<u8>,
    feeds: Vec<u32>,
}

impl Room {
    /// Takes that of a piece. The room of a gigantic line is given back.
    pub fn take(&mut self, lines: Lines) {
        let (text, feeds) = lines.into_room();
        if text.capacity() <= ROOM {
            *self = Room { text, feeds };
        }
    }
}

/// Bytes of a gigantic line that are kept.
const BEGINNING: usize = 1 << 10;

/// How a log is opened, when its first piece is asked for.
pub type Open<'a> = Box<dyn FnOnce() -> Result<Box<dyn Read + Send + 'a>, Reason> + Send + 'a>;

/// A log to be read.
pub struct Log<'a> {
    /// The id of its source.
    pub id: SourceId,
    /// How its lines are read.
    pub reader: &'a Reader,
    /// Opens its decoded text, or tells why it cannot be opened.
    pub open: Open<'a>,
    /// Byte offset at which the text begins, where what lies before it is passed over.
    pub offset: u64,
    /// Number of the first line.
    pub line: u32,
    /// Whether the text is decompressed while it is read: then a failure means damage.
    pub compressed: bool,
}

/// Cuts a log's text into pieces, in order.
pub struct Cutter<'a> {
    /// The id of its source.
    pub(crate) id: SourceId,
    /// How its lines are read.
    pub(crate) reader: &'a Reader,
    open: Option<Open<'a>>,
    text: Option<Box<dyn Read + Send + 'a>>,
    /// Why it cannot be read on, to be told as its last piece.
    closed: Option<Reason>,
    compressed: bool,
    /// The beginning of a line whose end has not been read.
    rest: Vec<u8>,
    /// Byte offset of the next piece.
    pub(crate) offset: u64,
    line: u32,
    /// The last piece was cut from a whole block: it stays as it is when the log is appended to.
    pub(crate) stays: bool,
}

impl<'a> Cutter<'a> {
    /// A cutter at the beginning of a log.
    pub fn of(log: Log<'a>) -> Cutter<'a> {
        let Log { id, reader, open, compressed, offset, line } = log;
        let (text, closed, rest) = (None, None, Vec::new());
        Cutter { id, reader, open: Some(open), text, closed, compressed, rest, offset, line, stays: false }
    }

    fn opened(&mut self) {
        match self.open.take().map(|open| open()) {
            Some(Ok(text)) => self.text = Some(text),
            Some(Err(reason)) => self.closed = Some(reason),
            None => {}
        }
    }

    fn piece(&mut self, text: PieceText, bytes: usize, lines: usize) -> Piece {
        let piece = Piece { offset: self.offset, line: self.line, text };
        self.offset += bytes as u64;
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        piece
    }

    /// What was read of a line that does not end, and the failure after it, if there was one.
    fn last(&mut self) -> Option<Piece> {
        if self.rest.is_empty() {
            let reason = self.closed.take()?;
            return Some(self.piece(PieceText::BrokenOff(reason), 0, 1));
        }
        let rest = std::mem::take(&mut self.rest);
        let bytes = rest.len();
        Some(self.piece(PieceText::Lines(Lines::of(rest)), bytes, 1))
    }

    fn failed(&mut self, error: &io::Error) {
        self.text = None;
        self.closed = Some(match error.kind() {
            io::ErrorKind::FileTooLarge => Reason::TooLarge(LARGEST_DECODED),
            _ if self.compressed => Reason::BadCompression(error.to_string()),
            _ => Reason::Unreadable(error.to_string()),
        });
    }

    /// Passes over the rest of a line that is too long.
    fn gigantic(&mut self, mut beginning: Vec<u8>) -> Piece {
        let mut bytes = beginning.len();
        beginning.truncate(BEGINNING);
        let mut block = vec![0; PIECE];
        while let Some(text) = &mut self.text {
            match text.read(&mut block) {
                Ok(0) => self.text = None,
                Ok(read) => match memchr::memchr(b'\n', &block[..read]) {
                    Some(end) => {
                        self.rest = block[end + 1..read].to_vec();
                        bytes += end + 1;
                        break;
                    }
                    None => bytes += read,
                },
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.failed(&error),
            }
        }
        self.piece(PieceText::Gigantic(beginning), bytes, 1)
    }

    /// The next piece, for which this room is taken, if there is one.
    pub fn next_in(&mut self, room: &mut Room) -> Option<Piece> {
        self.opened();
        let mut begun = self.rest.len();
        let mut bytes = std::mem::take(&mut room.text);
        // Once and for all: a buffer that grows is moved.
        bytes.reserve_exact(ROOM.saturating_sub(bytes.len()));
        bytes.splice(..begun.min(bytes.len()), self.rest.drain(..));
        loop {
            let Some(text) = &mut self.text else {
                self.rest.extend_from_slice(&bytes[..begun]);
                room.text = bytes;
                return self.last();
            };
            let most = PIECE.min(LONGEST_LINE - begun);
            let read = fill(text, &mut bytes, begun..begun + most);
            self.stays = matches!(read, Ok(read) if read == most);
            match read {
                Ok(0) => self.text = None,
                Ok(_) => {}
                Err(error) => {
                    // What was read of the line it broke off in tells nothing.
                    bytes.truncate(memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1));
                    self.failed(&error);
                }
            }
            if let Some(end) = bytes.get(begun..).and_then(|new| memchr::memrchr(b'\n', new)) {
                let end = begun + end + 1;
                self.rest.extend_from_slice(&bytes[end..]);
                bytes.truncate(end);
                let lines = Lines::in_room(bytes, std::mem::take(&mut room.feeds));
                let feeds = lines.feeds();
                return Some(self.piece(PieceText::Lines(lines), end, feeds));
            }
            begun = bytes.len();
            if begun >= LONGEST_LINE {
                return Some(self.gigantic(bytes));
            }
        }
    }
}

/// Reads into this place of a buffer until it is full, or the text ends or fails; the buffer ends there. What the buffer has there already is
/// written over: only what it is longer by must be made first.
fn fill(text: &mut impl Read, bytes: &mut Vec<u8>, place: Range<usize>) -> io::Result<usize> {
    bytes.resize(place.end.max(bytes.len()), 0);
    let mut filled = place.start;
    let mut failed = None;
    while filled < place.end && failed.is_none() {
        match text.read(&mut bytes[filled..place.end]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => failed = Some(error),
        }
    }
    bytes.truncate(filled);
    failed.map_or(Ok(filled - place.start), Err)
}

impl Iterator for Cutter<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        self.next_in(&mut Room::default())
    }
}

/// Counts the lines before a byte, on all cores: each counts in a part of the text, of at least so many bytes.
pub fn lines_before<R: Read>(end: u64, least: u64, open: impl Fn(u64) -> Result<R, Reason> + Sync) -> Result<u32, Reason> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let length = end.div_ceil(cores).max(least);
    let count = |from: u64| {
        let text = open(from)?.take(length.min(end - from));
        lines(text).map_err(|error| Reason::Unreadable(error.to_string()))
    };
    std::thread::scope(|scope| {
        let parts = (1..cores).map(|part| part * length).take_while(|from| *from < end);
        let others: Vec<_> = parts.map(|from| scope.spawn(move || count(from))).collect();
        let first = if end > 0 { count(0) } else { Ok(0) };
        let others = others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        others.fold(first, |before, counted| Ok(before?.saturating_add(counted?)))
    })
}

/// Counts lines.
pub fn lines(mut text: impl Read) -> io::Result<u32> {
    let mut block = vec![0; PIECE];
    let mut lines = 0u32;
    loop {
        match text.read(&mut block) {
            Ok(0) => return Ok(lines),
            Ok(read) => {
                let more = memchr::memchr_iter(b'\n', &block[..read]).count();
                lines = lines.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_in_parts_as_in_one() {
        let text = "a\n\nbcd\ne\n\n\nfghijklmno\n";
        for (end, least) in (0..=text.len() as u64).flat_map(|end| (1..40).map(move |least| (end, least))) {
            let open = |from| Ok(&text.as_bytes()[usize::try_from(from).unwrap()..]);
            let counted = lines_before(end, least, open).unwrap();
            assert_eq!(counted as usize, text[..usize::try_from(end).unwrap()].matches('\n').count(), "{end} {least}");
        }
    }
}
