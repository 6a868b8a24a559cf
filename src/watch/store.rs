//! What a guard must know when it is started again, in a folder of its own: `memory.json` (what was announced, and what is still to be told),
//! `fold.checkpoint` (the state of the fold, which can be made again from the logs), `announcements.jsonl` (everything that was announced,
//! each once), and a lock. Each file is written whole and put in its place, or appended to by whole lines.

#![expect(clippy::disallowed_methods, reason = "the edge: a folder of the guard's own, in which nothing of the bot's lies")]

use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use twox_hash::XxHash3_64;

use crate::Request;
use crate::alarms::{Alarms, Announcement};
use crate::follow::Follower;
use crate::whole::{self, Worth};

/// Announcements that wait for one who cannot be told; older ones are dropped, with a word.
const MOST_DUE: usize = 1_000;

/// The journal is put aside when it is longer; the one before it is dropped.
const LONGEST_JOURNAL: u64 = 8 << 20;

/// A memory larger than this is none.
const LARGEST: u64 = 256 << 20;

/// The version of `memory.json`.
const VERSION: u32 = 1;

const MEMORY: &str = "memory.json";
const CHECKPOINT: &str = "fold.checkpoint";
const JOURNAL: &str = "announcements.jsonl";

/// Why nothing can be stored.
#[derive(Debug, thiserror::Error)]
pub enum CannotStore {
    /// The folder, or a file in it.
    #[error("cannot store in {0}: {1}")]
    Io(PathBuf, io::Error),
    /// Another guard is beside the same bot.
    #[error("another tapecheck watch uses {0}: end it, or give each its own --state")]
    InUse(PathBuf),
}

/// An announcement, and who is still to be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Due {
    /// What.
    pub announcement: Announcement,
    /// Whom.
    pub to: Vec<String>,
}

impl Due {
    /// Nobody of these was told.
    pub fn new(announcement: &Announcement, to: &[&str]) -> Due {
        Due { announcement: announcement.clone(), to: to.iter().map(|who| (*who).to_owned()).collect() }
    }
}

/// What was announced, and what is still to be told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// The lives of what was seen.
    pub alarms: Alarms,
    /// In the order of their numbers.
    pub due: Vec<Due>,
}

impl Memory {
    /// Drops the oldest that could not be told for very long, and says so.
    pub(super) fn shorten(&mut self) -> Option<String> {
        let over = self.due.len().saturating_sub(MOST_DUE);
        self.due.drain(..over);
        (over > 0).then(|| format!("{over} announcements could not be told for too long and were dropped: they are in {JOURNAL}"))
    }
}

/// `memory.json`, with what guards it against damage.
#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    sum: String,
    memory: Memory,
}

/// The folder of one guard.
pub struct Store {
    folder: PathBuf,
    build: u128,
    /// Held as long as the guard lives.
    _lock: File,
}

impl Store {
    /// Opens the folder, and makes it if it is not there. A checkpoint is of one `build`.
    pub fn open(folder: &Path, build: u128) -> Result<Store, CannotStore> {
        let failed = |error| CannotStore::Io(folder.to_owned(), error);
        whole::make_folder(folder).map_err(failed)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Store { folder: folder.to_owned(), build, _lock: lock }),
            Err(fs::TryLockError::WouldBlock) => Err(CannotStore::InUse(folder.to_owned())),
            Err(fs::TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// What was remembered; nothing, with a word, where that cannot be read.
    pub(super) fn memory(&self, notices: &mut Vec<String>) -> Memory {
        let path = self.folder.join(MEMORY);
        let lost = match read(&path).map(|bytes| bytes.map(|bytes| parsed(&bytes))) {
            Ok(Some(Some(memory))) => return memory,
            Ok(None) => None,
            Ok(Some(None)) => Some("is damaged or of another version".to_owned()),
            Err(error) => Some(format!("cannot be read ({error})")),
        };
        notices.extend(lost.map(|why| format!("{} {why}: what stands is announced again", path.display())));
        // Numbers go on where the journal ends.
        let journal = File::open(self.folder.join(JOURNAL)).and_then(|mut file| whole_lines(&mut file));
        let announced = journal.ok().and_then(|(_, last)| last).unwrap_or_default();
        Memory { alarms: Alarms::counting_from(announced), due: Vec::new() }
    }

    pub(super) fn remember(&self, memory: &Memory) -> Result<(), CannotStore> {
        let sum = sum(memory).map_err(|error| self.failed(error.into()))?;
        let written = Written { version: VERSION, sum, memory: memory.clone() };
        let text = serde_json::to_vec(&written).map_err(|error| self.failed(error.into()))?;
        self.replace(MEMORY, &text)
    }

    /// A follower that goes on from the checkpoint, or a new one.
    pub(super) fn follower(&self, request: Request, notices: &mut Vec<String>) -> Follower {
        let path = self.folder.join(CHECKPOINT);
        let bytes = match read(&path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Follower::new(request),
            Err(why) => {
                notices.push(format!("{} is not used: {why}; the logs are read from their beginnings", path.display()));
                return Follower::new(request);
            }
        };
        match Follower::resumed(request.clone(), &bytes, self.build) {
            Ok(follower) => follower,
            Err(why) => {
                notices.push(format!("{} is not used: {why}; the logs are read from their beginnings", path.display()));
                Follower::new(request)
            }
        }
    }

    pub(super) fn keep(&self, follower: &Follower) -> Result<(), CannotStore> {
        match follower.checkpoint(self.build).map_err(|error| self.failed(io::Error::other(error)))? {
            Some(bytes) => self.replace(CHECKPOINT, &bytes),
            None => Ok(()),
        }
    }

    /// Appends an announcement to the journal, unless it is there already. `line` has no line feed.
    pub fn journal(&self, number: u64, line: &str) -> Result<(), CannotStore> {
        let path = self.folder.join(JOURNAL);
        let written = || -> io::Result<()> {
            let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path)?;
            let (whole, last) = whole_lines(&mut file)?;
            if last.is_some_and(|last| last >= number) {
                return Ok(());
            }
            if whole > LONGEST_JOURNAL {
                fs::rename(&path, self.folder.join("announcements.1.jsonl"))?;
                file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path)?;
            } else {
                // The beginning of a line whose writer was killed.
                file.set_len(whole)?;
            }
            file.seek(SeekFrom::End(0))?;
            file.write_all(format!("{line}\n").as_bytes())?;
            file.sync_data()
        };
        written().map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> CannotStore {
        CannotStore::Io(self.folder.clone(), error)
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), CannotStore> {
        let written = whole::replace(&self.folder.join(name), Worth::Lasting, |out| out.write_all(bytes));
        written.map_err(|error| self.failed(error))
    }
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

fn parsed(bytes: &[u8]) -> Option<Memory> {
    let written: Written = serde_json::from_slice(bytes).ok()?;
    (written.version == VERSION && sum(&written.memory).ok()? == written.sum).then_some(written.memory)
}

fn sum(memory: &Memory) -> serde_json::Result<String> {
    Ok(format!("{:016x}", XxHash3_64::oneshot(&serde_json::to_vec(memory)?)))
}

/// Where the whole lines of a journal end, and the number of the last.
fn whole_lines(file: &mut File) -> io::Result<(u64, Option<u64>)> {
    #[derive(Deserialize)]
    struct Numbered {
        number: u64,
    }
    // A line has a few kilobytes.
    const END: u64 = 1 << 20;
    let length = file.metadata()?.len();
    let from = length.saturating_sub(END);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(END).read_to_end(&mut bytes)?;
    let Some(end) = memchr::memrchr(b'\n', &bytes) else { return Ok((from, None)) };
    let begins = memchr::memrchr(b'\n', &bytes[..end]).map_or(0, |before| before + 1);
    let last = serde_json::from_slice(&bytes[begins..end]).ok().map(|numbered: Numbered| numbered.number);
    Ok((from + end as u64 + 1, last))
}
