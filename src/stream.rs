//! Logs as a stream: cut into pieces where lines end, decoded on all cores, and given out in the order of each log's text.
//!
//! The log that is furthest behind in time is read first, so that the moments of all logs pass by together and what was given out can be
//! forgotten. How the pieces of different logs interleave depends on the machine; nothing that is made of them may.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::cache::Cache;
use crate::json::Habits;
use crate::logs::Reader;
use crate::open::LARGEST_DECODED;
use crate::origin::SourceId;
use crate::source::{self, Decoded, LONGEST_LINE, Piece, PieceText};
use crate::time::Time;
use crate::trouble::Reason;

/// Bytes of a piece: enough that handing it over costs nothing beside decoding it, and few enough that the pieces of all logs that are
/// on their way stay small. A longer line makes a longer piece.
const PIECE: usize = 128 << 10;

/// Pieces of one log that are on their way at once: what is decoded takes far less room than its text, and more than [`WAITING`] pieces
/// in all never wait.
const AHEAD: u64 = 32;

/// So many logs may be open at once; of more than these, one is read to its end before the next, as far as it goes.
const MOST_OPEN: usize = 200;

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

/// What the stream gives out.
pub enum Given {
    /// The next piece of a log.
    Piece(SourceId, Decoded),
    /// The log has been given out to its end: so many bytes of text.
    End(SourceId, u64),
}

/// Pieces that wait to be given out: more than the one who takes them works through while none is decoded.
const WAITING: usize = 32;

/// Reads the logs to their ends, or until `take` says to stop. Whoever takes the pieces decodes, too, while there is none to take: so all
/// cores work, whichever of the two takes longer. What is in the `cache` is not decoded again.
pub fn read<'a>(logs: Vec<Log<'a>>, cache: Option<&'a Cache>, mut take: impl FnMut(Given) -> Go) {
    let helpers = std::thread::available_parallelism().map_or(1, usize::from) - 1;
    let desk = Desk::new(logs, cache);
    std::thread::scope(|scope| {
        let (send, receive) = mpsc::sync_channel(WAITING);
        for _ in 0..helpers {
            let (desk, send) = (&desk, send.clone());
            scope.spawn(move || help(desk, &send));
        }
        drop(send);
        give_out(&desk, &receive, &mut take);
        // Helpers that wait for the desk or for the channel are let go.
        desk.close();
        drop(receive);
    });
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Go {
    /// More, please.
    On,
    /// Enough.
    Stop,
}

/// A piece on its way from a worker: of the log at a place, its number in that log. `None`: the log ended before it, after so many bytes.
type OnItsWay = (usize, u64, Result<Decoded, u64>);

/// What whoever decodes keeps from piece to piece.
#[derive(Default)]
struct Worker {
    /// What the lines of each log have in common, by the names of their formats.
    habits: BTreeMap<&'static str, Habits>,
    /// The last piece's room, in which the next is read: it is in the core's cache already.
    room: Vec<u8>,
}

/// Puts what the helpers send back into the order of each log.
fn give_out(desk: &Desk<'_>, receive: &Receiver<OnItsWay>, take: &mut impl FnMut(Given) -> Go) {
    let mut early: BTreeMap<(usize, u64), Result<Decoded, u64>> = BTreeMap::new();
    let mut next: BTreeMap<usize, u64> = BTreeMap::new();
    let mut worker = Worker::default();
    while let Some((place, number, piece)) = another(desk, receive, &mut worker) {
        early.insert((place, number), piece);
        let next = next.entry(place).or_default();
        while let Some(piece) = early.remove(&(place, *next)) {
            *next += 1;
            let id = desk.ids[place];
            let given = match piece {
                Ok(decoded) => Given::Piece(id, decoded),
                Err(bytes) => Given::End(id, bytes),
            };
            desk.given_out(place);
            if take(given) == Go::Stop {
                return;
            }
        }
    }
}

/// A piece that a helper has decoded, or one that is decoded here, or else the next that a helper sends; `None` when all logs have ended.
fn another(desk: &Desk<'_>, receive: &Receiver<OnItsWay>, worker: &mut Worker) -> Option<OnItsWay> {
    if let Ok(sent) = receive.try_recv() {
        return Some(sent);
    }
    match desk.next_if_free() {
        Some(task) => Some(worked(desk, task, worker)),
        None => receive.recv().ok(),
    }
}

fn help(desk: &Desk<'_>, send: &SyncSender<OnItsWay>) {
    let mut worker = Worker::default();
    while let Some(task) = desk.next() {
        if send.send(worked(desk, task, &mut worker)).is_err() {
            return;
        }
    }
}

/// Cuts and decodes the next piece of a log.
fn worked<'a>(desk: &Desk<'a>, mut task: Task<'a>, worker: &mut Worker) -> OnItsWay {
    let piece = task.cutter.next_in(std::mem::take(&mut worker.room));
    let (place, number, id, reader) = (task.place, task.number, task.cutter.id, task.cutter.reader);
    match piece {
        Some(piece) => {
            let cache = desk.cache.filter(|_| task.cutter.stays);
            desk.put_back(task);
            let habits = worker.habits.entry(reader.name()).or_default();
            let decoded = match cache {
                Some(cache) => cache.decode(id, reader, &piece, habits),
                None => source::decode_by(id, reader, &piece, habits),
            };
            // The room of a gigantic line is given back.
            if let PieceText::Lines(room) = piece.text
                && room.capacity() <= 2 * PIECE
            {
                worker.room = room;
            }
            desk.reached(place, decoded.newest());
            (place, number, Ok(decoded))
        }
        None => {
            desk.ended(place);
            (place, number, Err(task.cutter.offset))
        }
    }
}

/// Where workers take their next piece.
struct Desk<'a> {
    ids: Vec<SourceId>,
    cache: Option<&'a Cache>,
    state: Mutex<State<'a>>,
    changed: Condvar,
}

struct State<'a> {
    logs: Vec<Waiting<'a>>,
    /// All logs before this one have ended.
    first: usize,
    /// So many have not.
    left: usize,
    closed: bool,
}

impl<'a> State<'a> {
    fn furthest_behind(&mut self) -> Option<Task<'a>> {
        let free = |log: &Waiting<'_>| log.cutter.is_some() && log.cut - log.given_out < AHEAD;
        while self.logs.get(self.first).is_some_and(|log| log.ended) {
            self.first += 1;
        }
        let mut those = self.logs.iter().enumerate().skip(self.first).filter(|(_, log)| free(log));
        let one_by_one = self.logs.len() > MOST_OPEN;
        let behind = if one_by_one { those.next() } else { those.min_by_key(|(_, log)| (log.newest, log.cut)) };
        let place = behind.map(|(place, _)| place)?;
        let log = &mut self.logs[place];
        let (cutter, number) = (log.cutter.take()?, log.cut);
        log.cut += 1;
        Some(Task { place, number, cutter })
    }
}

/// A log between two pieces.
struct Waiting<'a> {
    /// `None` while a worker cuts the next piece, and after the last.
    cutter: Option<Cutter<'a>>,
    ended: bool,
    /// Pieces taken to be cut, and given out.
    cut: u64,
    given_out: u64,
    newest: Option<Time>,
}

/// A log, taken to cut its next piece.
struct Task<'a> {
    place: usize,
    number: u64,
    cutter: Cutter<'a>,
}

impl<'a> Desk<'a> {
    fn new(logs: Vec<Log<'a>>, cache: Option<&'a Cache>) -> Desk<'a> {
        let ids = logs.iter().map(|log| log.id).collect();
        let waiting = |log| Waiting { cutter: Some(Cutter::of(log)), ended: false, cut: 0, given_out: 0, newest: None };
        let state = State { left: logs.len(), logs: logs.into_iter().map(waiting).collect(), first: 0, closed: false };
        Desk { ids, cache, state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State<'a>> {
        // A worker that panicked takes the scope down with it; the state it leaves is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log that is furthest behind, among those that are free, as soon as one is; `None` when all have ended.
    fn next(&self) -> Option<Task<'a>> {
        let mut state = self.lock();
        loop {
            if state.closed || state.left == 0 {
                self.changed.notify_all();
                return None;
            }
            if let Some(task) = state.furthest_behind() {
                return Some(task);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The same, if one is free now.
    fn next_if_free(&self) -> Option<Task<'a>> {
        self.lock().furthest_behind()
    }

    /// A log that has not ended goes back.
    fn put_back(&self, task: Task<'a>) {
        self.lock().logs[task.place].cutter = Some(task.cutter);
        self.changed.notify_all();
    }

    fn ended(&self, place: usize) {
        let mut state = self.lock();
        state.logs[place].ended = true;
        state.left -= 1;
        drop(state);
        self.changed.notify_all();
    }

    fn reached(&self, place: usize, newest: Option<Time>) {
        let log = &mut self.lock().logs[place];
        log.newest = log.newest.max(newest);
    }

    fn given_out(&self, place: usize) {
        self.lock().logs[place].given_out += 1;
        self.changed.notify_all();
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }
}

/// Cuts a log's text into pieces, in order.
pub struct Cutter<'a> {
    id: SourceId,
    reader: &'a Reader,
    open: Option<Open<'a>>,
    text: Option<Box<dyn Read + Send + 'a>>,
    /// Why it cannot be read on, to be told as its last piece.
    closed: Option<Reason>,
    compressed: bool,
    /// The beginning of a line whose end has not been read.
    rest: Vec<u8>,
    offset: u64,
    line: u32,
    /// The last piece was cut from a whole block: it stays as it is when the log is appended to.
    stays: bool,
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
        Some(self.piece(PieceText::Lines(rest), bytes, 1))
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

    /// The next piece, for which there is room in a buffer whose content is not needed any more.
    fn next_in(&mut self, mut bytes: Vec<u8>) -> Option<Piece> {
        self.opened();
        bytes.clear();
        bytes.append(&mut self.rest);
        loop {
            let Some(text) = &mut self.text else {
                self.rest = bytes;
                return self.last();
            };
            let begun = bytes.len();
            let most = PIECE.min(LONGEST_LINE - begun);
            bytes.reserve(most);
            match text.take(most as u64).read_to_end(&mut bytes) {
                Ok(0) => (self.text, self.stays) = (None, false),
                Ok(read) => self.stays = read == most,
                Err(error) => {
                    self.stays = false;
                    // What was read of the line it broke off in tells nothing.
                    bytes.truncate(memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1));
                    self.failed(&error);
                }
            }
            if let Some(end) = bytes.get(begun..).and_then(|new| memchr::memrchr(b'\n', new)) {
                let end = begun + end + 1;
                self.rest.extend_from_slice(&bytes[end..]);
                bytes.truncate(end);
                let lines = memchr::memchr_iter(b'\n', &bytes).count();
                return Some(self.piece(PieceText::Lines(bytes), end, lines));
            }
            if bytes.len() >= LONGEST_LINE {
                return Some(self.gigantic(bytes));
            }
        }
    }
}

impl Iterator for Cutter<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        self.next_in(Vec::new())
    }
}

/// Counts the lines before a byte, as far as they can be read, on all cores: each counts in a part of the text, of at least so many bytes.
pub fn lines_before<R: Read>(end: u64, least: u64, open: impl Fn(u64) -> Option<R> + Sync) -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let length = end.div_ceil(cores).max(least);
    let count = |from: u64| open(from).map_or(0, |text| lines(text.take(length.min(end - from))));
    std::thread::scope(|scope| {
        let parts = (1..cores).map(|part| part * length).take_while(|from| *from < end);
        let others: Vec<_> = parts.map(|from| scope.spawn(move || count(from))).collect();
        let first = if end > 0 { count(0) } else { 0 };
        let others = others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        others.fold(first, u32::saturating_add)
    })
}

/// Counts lines, as far as they can be read.
pub fn lines(mut text: impl Read) -> u32 {
    let mut block = vec![0; PIECE];
    let mut lines = 0u32;
    loop {
        match text.read(&mut block) {
            Ok(0) => return lines,
            Ok(read) => {
                let more = memchr::memchr_iter(b'\n', &block[..read]).count();
                lines = lines.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return lines,
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
            let counted = lines_before(end, least, |from| text.as_bytes().get(usize::try_from(from).unwrap()..));
            assert_eq!(counted as usize, text[..usize::try_from(end).unwrap()].matches('\n').count(), "{end} {least}");
        }
    }
}
