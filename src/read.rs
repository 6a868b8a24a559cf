//! The edge of the bot's directory: which files there are, decompressed, cut into lines, harvested.

#![expect(clippy::disallowed_methods, reason = "the edge: here the bot's files are found and opened")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cache::Cache;
use crate::cutter::{self, Cutter, Log};
use crate::documents::{whole, whole_in_trouble};
use crate::event::{Event, Fact};
use crate::layout::{self, DOCUMENT, Format, Layout, Missing};
use crate::logs::Reader;
use crate::open::{self, Found};
use crate::origin::SourceId;
use crate::position::Symbol;
use crate::progress::{Observer, Progress};
use crate::source::{self, Account, Harvest, Quarantined, Source};
use crate::stream::{self, Given, Go};
use crate::time::Time;
use crate::trouble::{Reason, Trouble};

/// The newest record of a log is looked for in so many of its last bytes first.
const END: u64 = 256 << 10;

/// A state file larger than this is not one.
pub const LARGEST_BOOK: u64 = 256 << 20;

/// So many files there may be at most: what is rotated daily reaches it in a century.
pub const MOST_FILES: usize = 40_000;

/// What became of the lines of the logs.
pub type Accounts = BTreeMap<SourceId, Account>;

/// Everything that was read, of the bot and of the broker, and the logs that are to be read.
#[derive(Clone, Debug, Default)]
pub struct Readings {
    /// One account per source, sorted by path.
    pub sources: Vec<Source>,
    /// Where the text of each source can be fetched again.
    pub texts: Vec<Text>,
    /// The events of the state files and of the broker's answers, source by source.
    pub events: Vec<Event>,
    /// What could not be understood.
    pub quarantined: Vec<Quarantined>,
    /// Files that cannot be done without, and that are not there.
    pub missing: Vec<Missing>,
    /// Logs, whose lines are read as a stream.
    logs: Vec<(SourceId, Reader)>,
    /// Logs of which only a part is read, from one byte to another; the rest is passed over.
    parts: BTreeMap<SourceId, Range<u64>>,
    /// Who is told how far the reading of the logs has come.
    pub observer: Observer,
    /// Pieces of logs that need not be decoded again.
    pub cache: Option<Arc<Cache>>,
}

/// To count the lines of so many bytes takes longer than to begin a thread.
const WORTH_A_THREAD: u64 = 1 << 20;

/// So many logs' progress is told with every piece.
const MOST_TOLD_AT_ONCE: usize = 200;

/// How far in time the logs have been read that others wait for.
struct Reached {
    of: BTreeMap<SourceId, Option<Time>>,
    in_order: BTreeSet<(Option<Time>, SourceId)>,
}

impl Reached {
    /// Nothing of them was read yet.
    fn nothing(logs: impl Iterator<Item = SourceId>) -> Reached {
        let of: BTreeMap<SourceId, Option<Time>> = logs.map(|id| (id, None)).collect();
        Reached { in_order: of.iter().map(|(id, at)| (*at, *id)).collect(), of }
    }

    /// A log has come so far; `None`: nobody waits for it.
    fn now(&mut self, id: SourceId, at: Option<Time>) {
        let before = if at.is_some() { self.of.insert(id, at) } else { self.of.remove(&id) };
        if let Some(before) = before {
            self.in_order.remove(&(before, id));
        }
        self.in_order.extend(at.map(|at| (Some(at), id)));
    }

    /// What all of them have reached.
    fn by_all(&self) -> Option<Time> {
        self.in_order.first().and_then(|(at, _)| *at)
    }
}

/// Where the text of a source is.
#[derive(Clone, Debug)]
pub enum Text {
    /// In a file, which may be compressed, as it was found.
    File(PathBuf, Found),
    /// An answer of the broker's, as sent: live and recorded ones alike.
    Memory(String),
}

impl Text {
    /// Reads it again.
    pub fn open(&self) -> Result<Box<dyn Read + Send + '_>, Reason> {
        match self {
            Text::File(file, found) => open::open(file, found),
            Text::Memory(text) => Ok(Box::new(text.as_bytes())),
        }
    }

    /// Reads it from a byte on, which is passed over to where it can be: a file that is not compressed.
    pub fn open_at(&self, offset: u64) -> Result<Box<dyn Read + Send + '_>, Reason> {
        match (self, self.length_if_seekable()) {
            (Text::File(file, found), Some(_)) if offset > 0 => Ok(Box::new(open::plain(file, found, offset)?)),
            _ => self.open(),
        }
    }

    /// Its length in bytes, if it can be read from anywhere: a file that is not compressed.
    pub fn length_if_seekable(&self) -> Option<u64> {
        match self {
            Text::File(file, found) if !self.is_compressed() && file.is_file() => Some(found.length),
            Text::File(..) | Text::Memory(_) => None,
        }
    }

    /// Its length in bytes, as it lies there.
    pub fn length(&self) -> u64 {
        match self {
            Text::File(_, found) => found.length,
            Text::Memory(text) => text.len() as u64,
        }
    }

    /// Its last part, from the beginning of a line on, where that can be had without reading all of it.
    fn end(&self) -> Option<Box<dyn Read + Send + '_>> {
        let length = self.length_if_seekable().filter(|length| *length > END)?;
        let mut end = BufReader::new(self.open_at(length - END).ok()?);
        end.skip_until(b'\n').ok()?;
        Some(Box::new(end))
    }

    fn is_compressed(&self) -> bool {
        match self {
            Text::File(file, _) => file.extension().is_some_and(|extension| extension == "gz" || extension == "zst"),
            Text::Memory(_) => false,
        }
    }
}

/// Why a directory could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum CannotRead {
    /// There is no such directory.
    #[error("{0} cannot be read: {1}; give the bot's directory, the one that holds logs/, data/ and state/")]
    NoDirectory(PathBuf, io::Error),
    /// None of the bot's files is in it.
    #[error(
        "{0} holds none of the bot's files (looked for {1} and others){hint}: give the directory that holds them",
        hint = .2.as_ref().map_or_else(String::new, |near| format!(", but {} does", near.display()))
    )]
    NothingThere(PathBuf, String, Option<PathBuf>),
    /// More files than are read.
    #[error("{0} holds {1} files that are the bot's, and {MOST_FILES} are read at most: move old ones to another directory")]
    TooMany(PathBuf, usize),
}

/// Reads the bot's directory: every log and state file that is there.
pub fn bot(directory: &Path, layout: &Layout) -> Result<Readings, CannotRead> {
    fs::read_dir(directory).map_err(|error| CannotRead::NoDirectory(directory.to_owned(), error))?;
    let found = layout.find(directory);
    let missing = layout.missing(found.iter().map(|found| found.path.as_str()));
    if found.is_empty() {
        let looked_for = missing.first().map_or_else(String::new, |missing| missing.path.clone());
        return Err(CannotRead::NothingThere(directory.to_owned(), looked_for, nearby(directory, layout)));
    }
    if found.len() > MOST_FILES {
        return Err(CannotRead::TooMany(directory.to_owned(), found.len()));
    }
    let mut readings = Readings { missing, ..Readings::default() };
    for layout::Found { path, file, format } in found {
        // A state file is replaced at any time, and read at once: whatever is there then is what it says.
        let as_found = if matches!(format, Format::Log(_)) { Found::at(&file) } else { Found::ANYTHING };
        readings.find(path, format, Text::File(file, as_found));
    }
    Ok(readings)
}

/// A directory near one that holds nothing, which was probably meant: the one above it, or one in it.
fn nearby(directory: &Path, layout: &Layout) -> Option<PathBuf> {
    let whole = fs::canonicalize(directory).ok();
    let above = whole.as_deref().and_then(Path::parent).map(Path::to_owned);
    let mut below: Vec<PathBuf> = fs::read_dir(directory).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    below.sort();
    above.into_iter().chain(below).find(|near| !layout.find(near).is_empty())
}

/// Reads what would be the files of a directory, each a path below it and its text, uncompressed. Files that no format claims are passed
/// over, as in a directory.
pub fn texts(files: Vec<(String, String)>, layout: &Layout) -> Readings {
    let claims = layout.claims(files.iter().map(|(path, _)| path.as_str()));
    let mut files: Vec<(String, String, Format)> =
        files.into_iter().zip(claims).filter_map(|((path, text), format)| Some((path, text, format?))).collect();
    files.sort_by(|one, two| one.0.cmp(&two.0));
    let missing = layout.missing(files.iter().map(|(path, _, _)| path.as_str()));
    let mut readings = Readings { missing, ..Readings::default() };
    for (path, text, format) in files {
        readings.find(path, format, Text::Memory(text));
    }
    readings
}

impl Readings {
    /// Adds a file of the bot's: a state file is read, a log is to be read.
    fn find(&mut self, path: String, format: Format, text: Text) {
        let id = self.next_id();
        match format {
            Format::Book(format) => {
                let harvest = book(id, format.name, format.read, &path, &text);
                self.take(harvest, text);
            }
            Format::Document(mapping) => {
                let harvest = book(id, DOCUMENT, |text| mapping.read(text), &path, &text);
                self.take(harvest, text);
            }
            Format::Log(reader) => {
                let source = Account::new(&reader, path).source;
                self.logs.push((id, reader));
                self.take(Harvest { source, ..Harvest::default() }, text);
            }
        }
    }

    /// Reads the logs, a piece at a time, until they end or `take` says to stop. `take` gets each piece's events, and the moment that
    /// all logs have reached: what comes later is not older, where the logs are in order.
    pub fn logs(&self, take: impl FnMut(Vec<Event>, Option<Time>) -> Go) -> Accounts {
        self.logs_further(self.accounts(), take)
    }

    /// Accounts of logs of which nothing was read yet.
    pub fn accounts(&self) -> Accounts {
        let path = |id: &SourceId| self.sources[usize::from(id.0)].path.clone();
        self.logs.iter().map(|(id, reader)| (*id, Account::new(reader, path(id)))).collect()
    }

    /// The same, from where these accounts end.
    pub fn logs_further(&self, mut accounts: Accounts, mut take: impl FnMut(Vec<Event>, Option<Time>) -> Go) -> Accounts {
        let logs = self.logs.iter().map(|log| Log { line: accounts.get(&log.0).map_or(1, Account::next_line), ..self.log(log) });
        let logs: Vec<Log<'_>> = logs.collect();
        let mut reached = Reached::nothing(self.logs.iter().map(|(id, _)| *id));
        let mut ended = BTreeSet::new();
        // To tell how far all logs have come takes longer, the more there are.
        let mut untold = 0;
        // A part of a log is cut in other places, and is little.
        let cache = self.cache.as_deref().filter(|_| self.parts.is_empty());
        stream::read(logs, cache, |given| {
            let mut events = Vec::new();
            match given {
                Given::Piece(id, decoded) => {
                    if let Some(account) = accounts.get_mut(&id) {
                        events = account.take(decoded);
                        // A log that has told no time yet keeps nobody waiting.
                        reached.now(id, account.source.last);
                    }
                }
                Given::End(id, bytes) => {
                    reached.now(id, None);
                    ended.insert(id);
                    if let Some(account) = accounts.get_mut(&id) {
                        account.source.bytes = bytes.max(account.source.bytes);
                    }
                }
            }
            untold += MOST_TOLD_AT_ONCE;
            if untold >= accounts.len() {
                untold = 0;
                self.observer.tell(|| self.progress(&accounts, &ended));
            }
            take(events, reached.by_all())
        });
        accounts
    }

    /// How far the logs have been read. What is compressed counts when it ends: nobody knows how much more it is.
    fn progress(&self, accounts: &Accounts, ended: &BTreeSet<SourceId>) -> Progress {
        let mut progress = Progress::default();
        for (id, account) in accounts {
            let text = &self.texts[usize::from(id.0)];
            let part = self.part(*id);
            let length = text.length().min(part.end).saturating_sub(part.start);
            let read = match (ended.contains(id), text.is_compressed()) {
                (true, _) => length,
                (false, true) => 0,
                (false, false) => account.source.bytes.saturating_sub(part.start).min(length),
            };
            progress.add(&account.source.path, read, length, ended.contains(id));
        }
        progress
    }

    fn part(&self, id: SourceId) -> Range<u64> {
        self.parts.get(&id).cloned().unwrap_or(0..u64::MAX)
    }

    fn log<'a>(&'a self, (id, reader): &'a (SourceId, Reader)) -> Log<'a> {
        let text = &self.texts[usize::from(id.0)];
        let part = self.part(*id);
        let offset = part.start;
        let open = move || Ok(Box::new(text.open_at(part.start)?.take(part.end - part.start)) as Box<dyn Read + Send>);
        Log { id: *id, reader, open: Box::new(open), offset, line: 1, compressed: text.is_compressed() }
    }

    /// A log from a byte on, which is the beginning of the line of that number.
    pub fn log_from<'a>(&'a self, id: SourceId, reader: &'a Reader, offset: u64, line: u32) -> Log<'a> {
        let text = &self.texts[usize::from(id.0)];
        Log { id, reader, open: Box::new(move || text.open_at(offset)), offset, line, compressed: text.is_compressed() }
    }

    /// The logs, with where their texts are.
    pub fn logs_at_hand(&self) -> impl Iterator<Item = (SourceId, &Reader, &Text)> {
        self.logs.iter().map(|(id, reader)| (*id, reader, &self.texts[usize::from(id.0)]))
    }

    /// Reads only these parts of the logs, each from the beginning of a line to the beginning of another.
    pub fn only(&mut self, parts: BTreeMap<SourceId, Range<u64>>) {
        self.parts = parts;
    }

    /// Counts the lines that were passed over in a log, so that its lines have their numbers.
    pub fn lines_before(&self, id: SourceId) -> Result<u32, Reason> {
        let passed_over = self.parts.get(&id).map_or(0, |part| part.start);
        cutter::lines_before(passed_over, WORTH_A_THREAD, |from| self.texts[usize::from(id.0)].open_at(from))
    }

    /// Takes over what became of the logs' lines.
    pub fn account_for(&mut self, told: impl IntoIterator<Item = (SourceId, Source, Vec<Quarantined>)>) {
        for (id, mut source, quarantined) in told {
            if let (Some(part), Some(length)) = (self.parts.get(&id), self.texts[usize::from(id.0)].length_if_seekable()) {
                source.bytes = source.bytes.saturating_sub(part.start);
                source.passed_over = part.start + length.saturating_sub(part.end);
            }
            self.sources[usize::from(id.0)] = source;
            self.quarantined.extend(quarantined);
        }
    }

    /// The first and the last moment that is told, found at the beginnings and the ends of the logs.
    pub fn span(&self) -> Option<(Time, Time)> {
        let mut moments: Vec<Time> = self.events.iter().map(|event| event.at).filter(|at| *at != Time::UNIX_EPOCH).collect();
        for log in &self.logs {
            moments.extend(Cutter::of(self.log(log)).find_map(|piece| source::decode(log.0, &log.1, piece).oldest()));
            moments.extend(self.newest(log));
        }
        Some((*moments.iter().min()?, *moments.iter().max()?))
    }

    fn newest(&self, log: &(SourceId, Reader)) -> Option<Time> {
        let newest = |pieces: Cutter<'_>| pieces.filter_map(|piece| source::decode(log.0, &log.1, piece).newest()).max();
        let end = self.texts[usize::from(log.0.0)].end().map(|end| Log { open: Box::new(|| Ok(end)), ..self.log(log) });
        end.and_then(|end| newest(Cutter::of(end))).or_else(|| newest(Cutter::of(self.log(log))))
    }

    /// The symbols that the bot's records name.
    pub fn named(&self) -> BTreeSet<Symbol> {
        let mut named: BTreeSet<Symbol> = self.events.iter().filter_map(|event| event.symbol().cloned()).collect();
        self.logs(|events, _| {
            named.extend(events.iter().filter_map(|event| event.symbol().cloned()));
            Go::On
        });
        named
    }

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
pub fn files(directory: &Path, layout: &Layout) -> Vec<(String, PathBuf)> {
    layout.find(directory).into_iter().map(|found| (found.path, found.file)).collect()
}

/// Opens a file as it is at this moment: what is appended while it is read belongs to the next run.
pub fn open(file: &Path) -> Result<Box<dyn Read + Send>, Reason> {
    open::open(file, &Found::at(file))
}

fn book(
    id: SourceId,
    format: &'static str,
    read: impl Fn(&str) -> Result<Vec<(Time, Fact)>, Trouble>,
    path: &str,
    text: &Text,
) -> Harvest {
    let reader = match text.open() {
        Ok(reader) => reader,
        Err(reason) => return whole_in_trouble(id, format, path, "", reason.into()),
    };
    let mut bytes = Vec::new();
    if let Err(error) = reader.take(LARGEST_BOOK + 1).read_to_end(&mut bytes) {
        return whole_in_trouble(id, format, path, "", Reason::Unreadable(error.to_string()).into());
    }
    if bytes.len() as u64 > LARGEST_BOOK {
        return whole_in_trouble(id, format, path, "", Reason::TooLarge(LARGEST_BOOK).into());
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => whole(id, format, path, text, read),
        Err(_) => whole_in_trouble(id, format, path, &String::from_utf8_lossy(&bytes), Reason::BadUtf8.into()),
    }
}
