//! Logs as a stream: cut into pieces where lines end, decoded on all cores, and given out in the order of each log's text.
//!
//! The log that is furthest behind in time is read first, so that the moments of all logs pass by together and what was given out can be
//! forgotten. How the pieces of different logs interleave depends on the machine; nothing that is made of them may.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::cache::Cache;
use crate::cutter::{Cutter, Log, Room};
use crate::json::Habits;
use crate::origin::SourceId;
use crate::source::{self, Decoded, PieceText};
use crate::time::Time;

/// Pieces of one log that are on their way at once: what is decoded takes far less room than its text, and more than [`WAITING`] pieces
/// in all never wait.
const AHEAD: u64 = 32;

/// So many logs may be open at once; of more than these, one is read to its end before the next, as far as it goes.
const MOST_OPEN: usize = 200;

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
    room: Room,
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
    let piece = task.cutter.next_in(&mut worker.room);
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
            if let PieceText::Lines(lines) = piece.text {
                worker.room.take(lines);
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
