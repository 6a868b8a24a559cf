//! The stages of a replay, each with its input made ready: what is measured is the stage alone, on one thread.

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use super::made::{self, Plan};
use tapecheck::cause::{self, Known};
use tapecheck::cutter::{Cutter, Log, Room};
use tapecheck::event::Event;
use tapecheck::fold::Fold;
use tapecheck::json::Habits;
use tapecheck::layout::Layout;
use tapecheck::ledger::{Ledger, Settings};
use tapecheck::logs::Reader;
use tapecheck::origin::SourceId;
use tapecheck::outputs::paint::Look;
use tapecheck::outputs::{json, text};
use tapecheck::read::{self, Readings};
use tapecheck::report::Report;
use tapecheck::source::{self, Account, Decoded, Piece, PieceText};
use tapecheck::tape::{Cut, Tape, Weaver};
use tapecheck::time::Time;
use tapecheck::{Replay, Request, excerpts};

/// Every stage, in the order of the pipeline. A log that is named is decoded alone.
pub const STAGES: [&str; 18] = [
    "cut",
    "decode attribution",
    "decode audit_positions_autofix",
    "decode exit",
    "decode exit_attribution",
    "decode orders",
    "decode portfolio_state",
    "decode position_reconciliation_v2",
    "decode run",
    "decode run_once",
    "account",
    "weave",
    "fold",
    "ledger",
    "causes",
    "excerpts, 8 times",
    "report json, 8 times",
    "report text, 8 times",
];

/// What begins with a report is done so many times: a whole replay makes it, on threads whose instructions vary a little.
const TIMES: usize = 8;

/// How much is measured on: enough that what is done once does not count.
const MEGABYTES: u64 = 5;

/// One scale-out in so many is wrong, so that there are breaks to explain and to tell.
const WRONG: u64 = 10;

/// A stage with its input: run once, it gives what came of it.
pub type Ready = Box<dyn FnOnce() -> Box<dyn Any>>;

/// The bot's logs in memory, and how far a stage before has come.
pub struct Work {
    readings: Rc<Readings>,
    bytes: BTreeMap<&'static str, u64>,
    total: u64,
}

impl Work {
    /// Reads the logs.
    pub fn new() -> io::Result<Work> {
        let folder = made::directory(&Plan { wrong: WRONG, ..made::plain(MEGABYTES) })?;
        let mut files = Vec::new();
        for (path, file) in read::files(&folder, &Layout::default()) {
            files.push((path, contents(&file)?));
        }
        let readings = read::texts(files, &Layout::default());
        let lengths: Vec<(&'static str, u64)> = readings
            .logs_at_hand()
            .map(|(_, format, text)| {
                (format.name(), text.open().ok().and_then(|mut text| io::copy(&mut text, &mut io::sink()).ok()))
            })
            .map(|(name, length)| (name, length.unwrap_or_default()))
            .collect();
        let total = lengths.iter().map(|(_, length)| length).sum();
        Ok(Work { readings: Rc::new(readings), bytes: lengths.into_iter().collect(), total })
    }

    /// The bytes of text behind a stage's input.
    pub fn bytes(&self, stage: &str) -> u64 {
        stage.strip_prefix("decode ").map_or(self.total, |log| self.bytes.get(log).copied().unwrap_or_default())
    }

    /// Makes a stage's input ready.
    pub fn ready(&self, stage: &str) -> Ready {
        match stage {
            "cut" => {
                let readings = Rc::clone(&self.readings);
                run(move || {
                    let mut room = Room::default();
                    readings.logs_at_hand().map(|log| cut_into(&mut room, Cutter::of(log_of(log)))).sum::<usize>()
                })
            }
            "account" => {
                let logs: Vec<_> = self.logs().map(|(id, reader)| (reader.clone(), self.decoded(id, &reader))).collect();
                run(move || logs.into_iter().map(|(format, pieces)| account(&format, pieces)).collect::<Vec<_>>())
            }
            "weave" => {
                let (events, batches) = (self.readings.events.clone(), self.batches());
                run(move || weave(events, batches))
            }
            "fold" => {
                let (events, mut fold) = (self.tape().events, fold());
                run(move || {
                    events.into_iter().for_each(|event| fold.take(event));
                    fold
                })
            }
            "ledger" => {
                let events = self.tape().events;
                run(move || ledger(events))
            }
            "causes" => {
                let events = self.tape().events;
                let mut ledger = ledger(events.clone());
                run(move || {
                    cause::explain(&mut ledger, &events, &Known::default());
                    ledger
                })
            }
            "excerpts, 8 times" => {
                let (report, readings) = (self.report(), Rc::clone(&self.readings));
                run(move || (0..TIMES).map(|_| excerpts::fetch(&report, &readings.texts).0.len()).sum::<usize>())
            }
            "report json, 8 times" => {
                let report = self.report();
                run(move || (0..TIMES).filter_map(|_| Some(json::write(&report).ok()?.len())).sum::<usize>())
            }
            "report text, 8 times" => {
                let report = self.report();
                run(move || (0..TIMES).map(|_| text::write(&report, &Look::plain()).len()).sum::<usize>())
            }
            _ => self.decode(stage.trim_start_matches("decode ")),
        }
    }

    fn decode(&self, name: &str) -> Ready {
        let logs: Vec<_> = self.logs().filter(|(_, reader)| reader.name() == name).collect();
        let pieces: Vec<_> =
            logs.into_iter().flat_map(|(id, format)| self.pieces(id).map(move |piece| (id, format.clone(), piece))).collect();
        run(move || {
            let mut habits = Habits::default();
            let decode = |(id, format, piece): (SourceId, Reader, Piece)| source::decode_by(id, &format, &piece, &mut habits);
            pieces.into_iter().map(decode).collect::<Vec<_>>()
        })
    }

    fn logs(&self) -> impl Iterator<Item = (SourceId, Reader)> {
        self.readings.logs_at_hand().map(|(id, reader, _)| (id, reader.clone()))
    }

    fn pieces(&self, wanted: SourceId) -> impl Iterator<Item = Piece> {
        self.readings.logs_at_hand().filter(move |(id, _, _)| *id == wanted).flat_map(|log| Cutter::of(log_of(log)))
    }

    fn decoded(&self, id: SourceId, format: &Reader) -> Vec<Decoded> {
        self.pieces(id).map(|piece| source::decode(id, format, piece)).collect()
    }

    /// The events of all pieces in the order in which they are given out when all logs are read together, and what was reached with each.
    fn batches(&self) -> Vec<(Vec<Event>, Time)> {
        let mut batches: Vec<(Time, SourceId, Vec<Event>)> = Vec::new();
        for (id, format) in self.logs() {
            for decoded in self.decoded(id, &format) {
                let newest = decoded.newest().unwrap_or(Time::UNIX_EPOCH);
                batches.push((newest, id, decoded.into_events()));
            }
        }
        batches.sort_by_key(|(newest, id, _)| (*newest, *id));
        batches.into_iter().map(|(newest, _, events)| (events, newest)).collect()
    }

    fn tape(&self) -> Tape {
        let mut events = self.readings.events.clone();
        events.extend(self.batches().into_iter().flat_map(|(events, _)| events));
        tapecheck::tape::make(events, &cut())
    }

    fn report(&self) -> Report {
        let files = self.readings.sources.iter().zip(&self.readings.texts);
        let texts = files.filter_map(|(source, text)| Some((source.path.clone(), io::read_to_string(text.open().ok()?).ok()?)));
        let Replay { report, .. } = tapecheck::judge(&Request::default(), read::texts(texts.collect(), &Layout::default()), None);
        report
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench reads its own files")]
fn contents(file: &std::path::Path) -> io::Result<String> {
    std::fs::read_to_string(file)
}

fn run<T: 'static>(stage: impl FnOnce() -> T + 'static) -> Ready {
    Box::new(move || Box::new(stage()))
}

fn log_of<'a>((id, reader, text): (SourceId, &'a Reader, &'a read::Text)) -> Log<'a> {
    Log { id, reader, open: Box::new(move || text.open()), offset: 0, line: 1, compressed: false }
}

fn account(format: &Reader, pieces: Vec<Decoded>) -> (Account, Vec<Event>) {
    let mut account = Account::new(format, String::new());
    let events = pieces.into_iter().flat_map(|piece| account.take(piece)).collect();
    (account, events)
}

/// Counts pieces, each of which is read where the last one was.
fn cut_into(room: &mut Room, mut cutter: Cutter<'_>) -> usize {
    let mut pieces = 0;
    while let Some(piece) = cutter.next_in(room) {
        pieces += 1;
        if let PieceText::Lines(lines) = piece.text {
            room.take(lines);
        }
    }
    pieces
}

/// Pieces that overlap in time are woven as far as the one before has come.
fn weave(events: Vec<Event>, batches: Vec<(Vec<Event>, Time)>) -> usize {
    let mut weaver = Weaver::new(cut(), events);
    let mut woven = 0;
    let oldest: Vec<Time> = batches.iter().map(|(events, at)| events.iter().map(|event| event.at).min().unwrap_or(*at)).collect();
    let mut comes_yet = oldest.clone();
    for place in (1..comes_yet.len()).rev() {
        comes_yet[place - 1] = comes_yet[place - 1].min(comes_yet[place]);
    }
    for (place, (events, _)) in batches.into_iter().enumerate() {
        if weaver.take(events).is_err() {
            return 0;
        }
        if let Some(reached) = comes_yet.get(place + 1) {
            weaver.weave(*reached, &mut |_| woven += 1);
        }
    }
    weaver.finish(&mut |_| woven += 1);
    woven
}

fn ledger(events: Vec<Event>) -> Ledger {
    let mut ledger = Ledger::new(Settings::default());
    events.into_iter().for_each(|event| ledger.push(event));
    ledger.drain();
    ledger
}

fn fold() -> Fold {
    Fold::new(Ledger::new(Settings::default()), tapecheck::fold::KEPT, None, Vec::new())
}

fn cut() -> Cut {
    let Settings { grace, tolerance_quantity, .. } = Settings::default();
    Cut { from: None, until: None, symbols: Default::default(), grace, tolerance: tolerance_quantity }
}
