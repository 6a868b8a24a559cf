//! The edge of the bot's directory: which files there are, decompressed, cut into lines, harvested.

#![expect(clippy::disallowed_methods, reason = "the edge: here the bot's files are found and opened")]

use flate2::read::MultiGzDecoder;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::books::{self, BookFormat};
use crate::event::Event;
use crate::logs::{self, LogFormat};
use crate::origin::{Origin, SourceId};
use crate::source::{Harvest, LONGEST_LINE, LineReader, Quarantined, Source, harmless};
use crate::trouble::{Reason, Trouble};

/// Bytes asked of a file at once.
const BLOCK: usize = 1 << 20;

/// A state file larger than this is not one.
const LARGEST_BOOK: u64 = 256 << 20;

/// Everything that was read, of the bot and of the broker.
#[derive(Debug, Default)]
pub struct Readings {
    /// One account per source, sorted by path.
    pub sources: Vec<Source>,
    /// Where the text of each source can be fetched again.
    pub texts: Vec<Text>,
    /// The events of all sources, source by source.
    pub events: Vec<Event>,
    /// What could not be understood.
    pub quarantined: Vec<Quarantined>,
    /// State files that the audit cannot do without, and that are not there.
    pub missing: Vec<&'static str>,
}

/// Where the text of a source is.
#[derive(Clone, Debug)]
pub enum Text {
    /// In a file, which may be compressed.
    File(PathBuf),
    /// An answer of the broker's, as sent: live and recorded ones alike.
    Memory(String),
}

impl Text {
    /// Reads it again.
    pub fn open(&self) -> Result<Box<dyn Read + '_>, Reason> {
        match self {
            Text::File(file) => open(file).map(|reader| reader as Box<dyn Read>),
            Text::Memory(text) => Ok(Box::new(text.as_bytes())),
        }
    }
}

/// Why a directory could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum CannotRead {
    /// There is no such directory.
    #[error("{0} is not a directory that can be read: {1}")]
    NoDirectory(PathBuf, io::Error),
    /// None of the bot's files is in it.
    #[error("{0} holds none of the bot's files (looked for {1} and others): is it the bot's directory?")]
    NothingThere(PathBuf, &'static str),
}

enum Format {
    Log(&'static LogFormat),
    Book(&'static BookFormat),
}

struct Found {
    path: String,
    file: PathBuf,
    format: Format,
}

/// Reads the bot's directory: every log and state file that is there.
pub fn bot(directory: &Path) -> Result<Readings, CannotRead> {
    fs::read_dir(directory).map_err(|error| CannotRead::NoDirectory(directory.to_owned(), error))?;
    let (found, missing) = find(directory);
    if found.is_empty() {
        return Err(CannotRead::NothingThere(directory.to_owned(), "logs/attribution.jsonl"));
    }
    let mut readings = Readings { missing, ..Readings::default() };
    for (found, harvest) in found.iter().zip(harvest_all(&found)) {
        readings.take(harvest, Text::File(found.file.clone()));
    }
    Ok(readings)
}

/// Reads what would be the files of a directory, each a path below it and its text, uncompressed. Files that no format claims are passed
/// over, as in a directory.
pub fn texts(files: Vec<(String, String)>) -> Readings {
    let mut files: Vec<(String, String, Format)> =
        files.into_iter().filter_map(|(path, text)| format_of(&path).map(|format| (path, text, format))).collect();
    files.sort_by(|one, two| one.0.cmp(&two.0));
    let missing = missing(
        |path| files.iter().any(|(other, _, _)| other == path),
        |base| files.iter().any(|(other, _, _)| other.starts_with(base)),
    );
    let mut readings = Readings { missing, ..Readings::default() };
    for (path, text, format) in files {
        let id = readings.next_id();
        let reader = Box::new(text.as_bytes());
        let harvest = match format {
            Format::Log(format) => log(id, format, &path, reader),
            Format::Book(format) => book(id, format, &path, reader),
        };
        readings.take(harvest, Text::Memory(text));
    }
    readings
}

/// The format that claims a path below the bot's directory.
fn format_of(path: &str) -> Option<Format> {
    let is_log = |format: &&LogFormat| format.paths.iter().any(|base| path.strip_prefix(base).is_some_and(is_spelling));
    let book = books::ALL.iter().find(|format| format.path == path).map(Format::Book);
    book.or_else(|| logs::ALL.iter().find(is_log).map(Format::Log))
}

impl Readings {
    /// Adds one source.
    pub fn take(&mut self, harvest: Harvest, text: Text) {
        self.sources.push(harvest.source);
        self.texts.push(text);
        self.events.extend(harvest.events);
        self.quarantined.extend(harvest.quarantined);
    }

    /// The id that the next source must be harvested with.
    pub fn next_id(&self) -> SourceId {
        SourceId(u16::try_from(self.sources.len()).unwrap_or(u16::MAX))
    }
}

/// The bot's files that are there, by their paths below the directory: logs in all their spellings, and state files.
pub fn files(directory: &Path) -> Vec<(String, PathBuf)> {
    find(directory).0.into_iter().map(|found| (found.path, found.file)).collect()
}

/// The files that are there, sorted by path, and the required ones that are not.
fn find(directory: &Path) -> (Vec<Found>, Vec<&'static str>) {
    let mut found = Vec::new();
    for format in logs::ALL {
        for base in format.paths {
            for path in spellings(directory, base) {
                found.push(Found { file: directory.join(&path), path, format: Format::Log(format) });
            }
        }
    }
    for format in books::ALL {
        let file = directory.join(format.path);
        if fs::symlink_metadata(&file).is_ok() {
            found.push(Found { path: format.path.to_owned(), file, format: Format::Book(format) });
        }
    }
    found.sort_by(|one, two| one.path.cmp(&two.path));
    let missing = missing(
        |path| found.iter().any(|found| found.path == path),
        |base| found.iter().any(|found| found.path.starts_with(base)),
    );
    (found, missing)
}

/// The required files of which there is none. Without the bot's own account of its trades there is nothing to hold the other books against.
fn missing(is_there: impl Fn(&str) -> bool, begins_one: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let account = Some(logs::OWN_ACCOUNT).filter(|base| !begins_one(base));
    let books = books::ALL.iter().filter(|format| format.required && !is_there(format.path)).map(|format| format.path);
    account.into_iter().chain(books).collect()
}

/// `run.jsonl`, and beside it `run.jsonl.1`, `run.jsonl.gz`, `run.jsonl.2.zst`, ….
///
/// A folder that is not there has none. One that cannot be listed is not empty: the plain path is tried, so that opening it tells why.
fn spellings(directory: &Path, base: &str) -> Vec<String> {
    let (folder, name) = base.rsplit_once('/').unwrap_or(("", base));
    let listed = fs::read_dir(directory.join(folder)).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = match listed {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(_) => return vec![base.to_owned()],
    };
    let mut paths = Vec::new();
    for entry in entries {
        let file_name = entry.file_name();
        let Some(rest) = file_name.to_str().and_then(|file_name| file_name.strip_prefix(name)) else { continue };
        if is_spelling(rest) {
            paths.push(format!("{folder}/{name}{rest}"));
        }
    }
    paths
}

/// What may stand after a log's plain name: nothing, a rotation number, a compression.
fn is_spelling(rest: &str) -> bool {
    let known =
        |part: &str| part == "gz" || part == "zst" || (!part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    rest.is_empty() || rest.strip_prefix('.').is_some_and(|rest| rest.split('.').all(known))
}

/// Sources are independent of each other: as many are read at once as there are cores, and the results keep their order.
fn harvest_all(found: &[Found]) -> Vec<Harvest> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(found.len());
    let next = AtomicUsize::new(0);
    let mut harvests: Vec<(usize, Harvest)> = std::thread::scope(|scope| {
        let work = || {
            let mut mine = Vec::new();
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(one) = found.get(place) else { return mine };
                mine.push((place, harvest(SourceId(u16::try_from(place).unwrap_or(u16::MAX)), one)));
            }
        };
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        handles.into_iter().flat_map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    harvests.sort_by_key(|(place, _)| *place);
    harvests.into_iter().map(|(_, harvest)| harvest).collect()
}

fn harvest(id: SourceId, found: &Found) -> Harvest {
    let opened = open(&found.file);
    match (&found.format, opened) {
        (Format::Log(format), Ok(reader)) => log(id, format, &found.path, reader),
        (Format::Book(format), Ok(reader)) => book(id, format, &found.path, reader),
        (Format::Log(LogFormat { name, .. }) | Format::Book(BookFormat { name, .. }), Err(reason)) => {
            whole_in_trouble(id, name, &found.path, "", reason.into())
        }
    }
}

/// Opens a file as it is at this moment: what is appended while it is read belongs to the next run.
pub fn open(file: &Path) -> Result<Box<dyn Read>, Reason> {
    let unreadable = |error: io::Error| Reason::Unreadable(error.to_string());
    let metadata = fs::metadata(file).map_err(unreadable)?;
    // Asked before opening: to open a pipe is to wait for its other end.
    if !metadata.is_file() {
        return Err(Reason::NotAFile);
    }
    let plain = File::open(file).map_err(unreadable)?.take(metadata.len());
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => Ok(Box::new(MultiGzDecoder::new(BufReader::with_capacity(BLOCK, plain)))),
        Some("zst") => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(BufReader::with_capacity(BLOCK, plain))
                .map_err(|error| Reason::BadCompression(error.to_string()))?;
            Ok(Box::new(decoder))
        }
        _ => Ok(Box::new(plain)),
    }
}

fn log(id: SourceId, format: &LogFormat, path: &str, reader: Box<dyn Read + '_>) -> Harvest {
    let mut lines = LineReader::new(id, format, path.to_owned());
    let mut reader = BufReader::with_capacity(BLOCK, reader);
    let mut line = Vec::new();
    let mut offset = 0u64;
    loop {
        line.clear();
        let read = match (&mut reader).take(LONGEST_LINE as u64).read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(read) => read as u64,
            Err(error) => {
                lines.broken_off(read_failure(path, &error), offset);
                break;
            }
        };
        let ended = line.last() == Some(&b'\n');
        if !ended && line.len() >= LONGEST_LINE {
            lines.gigantic(&line[..line.len().min(1 << 10)], offset);
            match skip_line(&mut reader) {
                Ok(skipped) => offset += read + skipped,
                Err(error) => {
                    lines.broken_off(read_failure(path, &error), offset + read);
                    break;
                }
            }
            continue;
        }
        lines.line(line.strip_suffix(b"\n").unwrap_or(&line), offset, ended);
        offset += read;
    }
    lines.finish(offset)
}

fn read_failure(path: &str, error: &io::Error) -> Reason {
    let compressed = path.ends_with(".gz") || path.ends_with(".zst");
    if compressed { Reason::BadCompression(error.to_string()) } else { Reason::Unreadable(error.to_string()) }
}

/// Passes over the rest of a line without keeping it.
fn skip_line(reader: &mut impl BufRead) -> io::Result<u64> {
    let mut skipped = 0u64;
    loop {
        let block = reader.fill_buf()?;
        if block.is_empty() {
            return Ok(skipped);
        }
        let (used, found) = match memchr::memchr(b'\n', block) {
            Some(place) => (place + 1, true),
            None => (block.len(), false),
        };
        reader.consume(used);
        skipped += used as u64;
        if found {
            return Ok(skipped);
        }
    }
}

fn book(id: SourceId, format: &BookFormat, path: &str, reader: Box<dyn Read + '_>) -> Harvest {
    let mut bytes = Vec::new();
    if let Err(error) = reader.take(LARGEST_BOOK).read_to_end(&mut bytes) {
        return whole_in_trouble(id, format.name, path, "", Reason::Unreadable(error.to_string()).into());
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => whole(id, format.name, path, text, format.read),
        Err(_) => whole_in_trouble(id, format.name, path, &String::from_utf8_lossy(&bytes), Reason::BadUtf8.into()),
    }
}

/// Reads a document that is one record: a state file, or a body of the broker's. Its lines are understood, or quarantined, together.
pub fn whole(
    id: SourceId,
    format: &'static str,
    path: &str,
    text: &str,
    read: impl Fn(&str) -> Result<Vec<(crate::time::Time, crate::event::Fact)>, Trouble>,
) -> Harvest {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let facts = read(text).or_else(|trouble| match crate::json::repaired(text) {
        Some(repaired) => read(&repaired).map_err(|_| trouble),
        None => Err(torn(trouble)),
    });
    let facts = match facts {
        Ok(facts) => facts,
        Err(trouble) => return whole_in_trouble(id, format, path, text, trouble),
    };
    let origin = Origin { source: id, offset: 0, line: 1 };
    let events: Vec<Event> = facts.into_iter().map(|(at, fact)| Event { at, origin, fact }).collect();
    let lines = text.lines().count() as u64;
    let dated = || events.iter().map(|event| event.at).filter(|at| *at != crate::time::Time::UNIX_EPOCH);
    let source = Source {
        path: path.to_owned(),
        format,
        bytes: text.len() as u64,
        lines,
        understood: lines,
        events: events.len() as u64,
        first: dated().min(),
        last: dated().max(),
        ..Source::default()
    };
    Harvest { source, events, quarantined: Vec::new() }
}

/// A state file is written in place, without a lock (`formats.md` 1.5): one that is not JSON was caught half-way.
fn torn(trouble: Trouble) -> Trouble {
    match trouble.reason {
        Reason::NotJson => Trouble { reason: Reason::TornLine, ..trouble },
        _ => trouble,
    }
}

/// A document that could not be understood: all its lines are quarantined.
pub fn whole_in_trouble(id: SourceId, format: &'static str, path: &str, text: &str, trouble: Trouble) -> Harvest {
    let lines = (text.lines().count() as u64).max(1);
    let origin = Origin { source: id, offset: 0, line: 1 };
    let quarantined = Quarantined { origin, trouble, excerpt: harmless(text, 120), after: None, before: None };
    let source =
        Source { path: path.to_owned(), format, bytes: text.len() as u64, lines, quarantined: lines, ..Source::default() };
    Harvest { source, events: Vec::new(), quarantined: vec![quarantined] }
}
