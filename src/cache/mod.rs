//! What was decoded of large logs, kept between runs: a second replay decodes only what was appended.
//!
//! What is kept are the decoded pieces of logs, each under a name made of its text, of its place in the log, and of the build that decoded
//! it. A log is read to its end in every run, and a piece is believed only where the text that was just read gives its name: so nothing is
//! believed that was not seen, and whatever happens to a log (appended to, cut, rotated, replaced, edited in its middle with its size and
//! time kept) finds just what is still true of it. There is nothing to invalidate. Reading and hashing a text takes a fraction of decoding
//! it.
//!
//! Everything after decoding runs as it always does. Nothing that goes wrong here changes a report: it is told, and the piece is decoded.

#![expect(clippy::disallowed_methods, reason = "the edge: here the user's folder for caches is read and written")]

mod folder;
pub mod payload;
mod sweep;

use std::fs::File;
use std::hash::Hasher;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use twox_hash::{XxHash3_64, XxHash3_128};

use crate::json::Habits;
use crate::logs::Reader;
use crate::origin::{Origin, SourceId};
use crate::source::{self, Decoded, Piece, PieceText};
use crate::time::Time;
use crate::whole::{self, Worth};

/// What is asked of the cache.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Where it is; `None`: the user has no folder for caches.
    pub folder: Option<PathBuf>,
    /// A fingerprint of the build that runs: another build may decode in another way. `None`: it cannot be had.
    pub build: Option<u128>,
    /// What time it is: what was not used for long goes.
    pub now: Time,
}

/// How many pieces of logs were taken and how many were decoded and kept, in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Pieces that were decoded in a run before.
    pub taken: u64,
    /// Pieces that were decoded, and kept for the next run.
    pub kept: u64,
}

/// The decoded pieces of logs of runs before.
#[derive(Debug)]
pub struct Cache {
    pieces: PathBuf,
    build: u128,
    now: SystemTime,
    taken: AtomicU64,
    kept: AtomicU64,
    damaged: AtomicU64,
    /// Why no more is kept in this run.
    failed: Mutex<Option<io::Error>>,
}

/// The name of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Name(u128);

impl Cache {
    /// The cache that is asked for, or why there is none. It is never in the bot's directory, where nothing is written.
    pub fn open(asked: &Asked, directory: &Path) -> Result<Cache, String> {
        let folder = asked.folder.as_ref().ok_or("neither XDG_CACHE_HOME nor HOME is set: give a folder with --cache-dir")?;
        let build = asked.build.ok_or("the program that runs cannot be read, and another one may decode in another way")?;
        let pieces = folder::prepared(folder, directory)?;
        let (taken, kept, damaged) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        Ok(Cache { pieces, build, now: asked.now.utc().into(), taken, kept, damaged, failed: Mutex::new(None) })
    }

    /// Decodes a piece that stays as it is while its log grows, unless that was done before.
    pub fn decode(&self, id: SourceId, reader: &Reader, piece: &Piece, habits: &mut Habits) -> Decoded {
        let PieceText::Lines(lines) = &piece.text else { return source::decode_by(id, reader, piece, habits) };
        let name = self.name(reader, piece, lines.text());
        let begins = Origin { source: id, offset: piece.offset, line: piece.line };
        let end = piece.offset + lines.text().len() as u64;
        if let Some(decoded) = self.found(name, begins, end) {
            self.taken.fetch_add(1, Ordering::Relaxed);
            return decoded;
        }
        let decoded = source::decode_by(id, reader, piece, habits);
        if let Some(bytes) = payload::bytes(&decoded, begins, name.0 as u64) {
            self.keep(name, &bytes);
        }
        decoded
    }

    /// The name of a piece: what it is decoded to depends on nothing else.
    fn name(&self, reader: &Reader, piece: &Piece, text: &[u8]) -> Name {
        let mut depends = XxHash3_64::new();
        depends.write(&self.build.to_le_bytes());
        depends.write(&piece.offset.to_le_bytes());
        depends.write(&piece.line.to_le_bytes());
        depends.write(reader.name().as_bytes());
        match reader {
            Reader::Format(_) => {}
            Reader::Custom(mapping) => depends.write(format!("{mapping:?}").as_bytes()),
        }
        Name(XxHash3_128::oneshot_with_seed(depends.finish(), text))
    }

    fn found(&self, name: Name, begins: Origin, end: u64) -> Option<Decoded> {
        let mut file = File::open(name.path(&self.pieces)).ok()?;
        let mut bytes = Vec::new();
        let decoded = file.read_to_end(&mut bytes).ok().and_then(|_| payload::decoded(&bytes, begins, end, name.0 as u64));
        if decoded.is_none() {
            self.damaged.fetch_add(1, Ordering::Relaxed);
        } else {
            sweep::mark_used(&file, self.now);
        }
        decoded
    }

    /// Keeps a piece: whole or not at all, whoever else keeps it at the same time.
    fn keep(&self, name: Name, bytes: &[u8]) {
        let failed = || self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed().is_some() {
            return;
        }
        match self.written(name, bytes) {
            Ok(()) => {
                self.kept.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => *failed() = Some(error),
        }
    }

    fn written(&self, name: Name, bytes: &[u8]) -> io::Result<()> {
        let path = name.path(&self.pieces);
        let shelf = path.parent().unwrap_or(&self.pieces);
        folder::make(shelf)?;
        // Nobody else may read it, and nobody finds it before it has its name.
        whole::replace(&path, Worth::Cached, |out: &mut dyn Write| out.write_all(bytes))
    }

    /// The end of a run: what was not used for long goes, and what went wrong is told.
    pub fn close(&self, notices: &mut Vec<String>) -> Count {
        sweep::sweep(&self.pieces, self.now);
        let damaged = self.damaged.load(Ordering::Relaxed);
        if damaged > 0 {
            notices.push(format!("the cache was damaged: {damaged} of its pieces were thrown away and decoded again"));
        }
        if let Some(error) = &*self.failed.lock().unwrap_or_else(PoisonError::into_inner) {
            notices.push(format!("the cache cannot be written, the next run decodes more than it need: {error}"));
        }
        Count { taken: self.taken.load(Ordering::Relaxed), kept: self.kept.load(Ordering::Relaxed) }
    }
}

impl Name {
    /// Where the piece lies: on one of 256 shelves, since folders with many files are slow.
    fn path(self, pieces: &Path) -> PathBuf {
        let name = format!("{:0width$x}", self.0, width = sweep::NAME);
        let (shelf, rest) = name.split_at(sweep::SHELF);
        pieces.join(shelf).join(rest)
    }
}
