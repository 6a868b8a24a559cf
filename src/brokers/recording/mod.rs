//! Recordings on disk: a folder, a bare positions array, or the bot's own copy (contract, section 4).

#![expect(clippy::disallowed_methods, reason = "the edge: here recordings are found and read")]

mod files;
mod join;
mod write;

use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Body, Endpoint, Recording, TimeSource, Unread};
use crate::json::{self, Field};
use crate::time::Time;
use crate::whole::MARK;

pub use files::check_target;
pub use write::{CannotWrite, Existing, is_of_a_recording, keep, put};

/// Why a recording could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CannotLoad {
    /// A file of it could not be read.
    #[error(
        "the recording {0} cannot be read: {1}; --broker takes a recording's folder, a positions array, the bot's alpaca_positions.json, \
         `live` or `none`"
    )]
    Unreadable(PathBuf, io::Error),
    /// It has no positions, so it cannot say what the broker held.
    #[error(
        "{0} is no recording: it has no positions.json (give a recording folder, a positions array, or the bot's alpaca_positions.json)"
    )]
    NoPositions(PathBuf),
    /// It was not written to its end.
    #[error(
        "{0} was being written when the run ended, and is partly old and partly new: make the recording again with `tapecheck record --force`"
    )]
    Unfinished(PathBuf),
    /// A file of it lies elsewhere.
    #[error("{0} is a link out of the recording's folder, and a recording holds what it names: copy the file into it")]
    Outside(PathBuf),
    /// Its manifest is of another schema or damaged.
    #[error("{0} is damaged, or of another schema than tapecheck.recording/1: make the recording again with `tapecheck record`")]
    BadManifest(PathBuf),
}

/// The file that makes a folder a recording.
const MANIFEST: &str = "recording.json";

/// The schema of `recording.json`.
pub const SCHEMA: &str = "tapecheck.recording/1";

#[derive(Deserialize)]
struct Manifest<'a> {
    schema: String,
    #[serde(borrow)]
    read_began: Field<'a>,
    #[serde(borrow)]
    read_ended: Field<'a>,
    base_url: Option<String>,
    paper: Option<bool>,
    #[serde(borrow)]
    whole_read_began: Field<'a>,
    #[serde(default)]
    unstable: Vec<String>,
    #[serde(default)]
    unread: Vec<UnreadRow>,
}

/// An endpoint that has no file, and why.
#[derive(Deserialize)]
struct UnreadRow {
    endpoint: String,
    why: String,
}

#[derive(Deserialize)]
struct Stamped<'a> {
    #[serde(borrow)]
    timestamp: Field<'a>,
}

/// Reads a recording from a folder, or from a file with its neighbours. `at` is `--at`, for a file without a time.
pub fn load(path: &Path, at: Option<Time>) -> Result<Recording, CannotLoad> {
    let metadata = fs::metadata(path).map_err(|error| CannotLoad::Unreadable(path.to_owned(), error))?;
    let (folder, positions) = if metadata.is_dir() {
        (path.to_owned(), path.join(Endpoint::Positions.file()))
    } else {
        (path.parent().map(Path::to_owned).unwrap_or_default(), path.to_owned())
    };
    if metadata.is_dir() {
        check_inside(&folder)?;
    }
    let manifest = body_if_there(folder.join(MANIFEST))?;
    let mut bodies = BTreeMap::new();
    for endpoint in Endpoint::ALL {
        let file = if endpoint == Endpoint::Positions { positions.clone() } else { folder.join(endpoint.file()) };
        bodies.extend(body_if_there(file)?.map(|body| (endpoint, body)));
    }
    let modified = || {
        let modified = fs::metadata(&positions).and_then(|metadata| metadata.modified());
        modified
            .map(|modified| chrono::DateTime::from(modified).into())
            .map_err(|error| CannotLoad::Unreadable(positions.clone(), error))
    };
    of_texts(path, manifest.as_ref(), bodies, at, modified)
}

/// A recording of the texts that lie in a place. `modified` tells when the positions were written, where nothing else tells a time.
pub fn of_texts<'a>(
    place: &Path,
    manifest: Option<&'a Body>,
    bodies: BTreeMap<Endpoint, Body>,
    at: Option<Time>,
    modified: impl FnOnce() -> Result<Time, CannotLoad>,
) -> Result<Recording, CannotLoad> {
    let read = |body: &'a Body| read_manifest(&body.text).ok_or_else(|| CannotLoad::BadManifest(body.file.clone()));
    let manifest = manifest.map(read).transpose()?;
    // A read that failed is a recording too: it says what was not read, and why.
    let is_told = manifest.as_ref().is_some_and(|manifest| !manifest.unread.is_empty());
    if !bodies.contains_key(&Endpoint::Positions) && !is_told {
        return Err(CannotLoad::NoPositions(place.to_owned()));
    }
    let began = manifest.as_ref().and_then(|manifest| json::moment_if_any(manifest.read_began));
    let (read_began, time_source) = match began.map(|time| (time, TimeSource::Read)).or_else(|| time_of_read(&bodies, at)) {
        Some(told) => told,
        None => (modified()?, TimeSource::Modified),
    };
    let mut recording = Recording { bodies, ..Recording::nothing(read_began) };
    recording.time_source = time_source;
    if let Some(manifest) = manifest {
        recording.read_ended = json::moment_if_any(manifest.read_ended);
        recording.whole_read_began = json::moment_if_any(manifest.whole_read_began);
        recording.base_url = manifest.base_url;
        recording.paper = manifest.paper;
        recording.unstable = manifest.unstable;
        recording.unread = manifest.unread.into_iter().map(unread).collect();
    }
    Ok(recording)
}

fn read_manifest(text: &str) -> Option<Manifest<'_>> {
    serde_json::from_str(text).ok().filter(|manifest: &Manifest<'_>| manifest.schema == SCHEMA)
}

fn unread(row: UnreadRow) -> Unread {
    Unread { endpoint: Endpoint::ALL.into_iter().find(|endpoint| endpoint.name() == row.endpoint), why: row.why }
}

impl Recording {
    /// A recording of nothing, as of a moment.
    pub fn nothing(read_began: Time) -> Recording {
        Recording {
            live: false,
            bodies: BTreeMap::new(),
            read_began,
            read_ended: None,
            time_source: TimeSource::Read,
            base_url: None,
            paper: None,
            whole_read_began: None,
            unstable: Vec::new(),
            unread: Vec::new(),
        }
    }
}

/// Refuses a folder that is half written, and files of it that lie elsewhere.
fn check_inside(folder: &Path) -> Result<(), CannotLoad> {
    if folder.join(MARK).exists() {
        return Err(CannotLoad::Unfinished(folder.to_owned()));
    }
    let unreadable = |path: &Path, error| CannotLoad::Unreadable(path.to_owned(), error);
    let inside = fs::canonicalize(folder).map_err(|error| unreadable(folder, error))?;
    for name in Endpoint::ALL.map(Endpoint::file).into_iter().chain([MANIFEST]) {
        let file = folder.join(name);
        // What is not there, or leads nowhere, is told where it is missed.
        if fs::canonicalize(&file).is_ok_and(|real| !real.starts_with(&inside)) {
            return Err(CannotLoad::Outside(file));
        }
    }
    Ok(())
}

/// An answer longer than this is none.
const LARGEST_BODY: u64 = 256 << 20;

/// What is there and cannot be read is told: a list of fills that cannot be read is not a list of none.
fn body_if_there(file: PathBuf) -> Result<Option<Body>, CannotLoad> {
    let unreadable = |error: io::Error| CannotLoad::Unreadable(file.clone(), error);
    match fs::symlink_metadata(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(_) | Err(_) => {}
    }
    let metadata = fs::metadata(&file).map_err(unreadable)?;
    // Asked before opening: to open a pipe is to wait for its other end.
    if !metadata.is_file() {
        return Err(unreadable(io::Error::other("it is not a file")));
    }
    if metadata.len() > LARGEST_BODY {
        return Err(unreadable(io::Error::other("it is longer than any answer of the broker's")));
    }
    let bytes = fs::read(&file).map_err(unreadable)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Some(Body { file, text }))
}

/// The clock's time, the file's own, or `--at`; the file's modification time comes after these (contract, section 4).
fn time_of_read(bodies: &BTreeMap<Endpoint, Body>, at: Option<Time>) -> Option<(Time, TimeSource)> {
    let stamp = |endpoint: Endpoint| {
        let body: Stamped = serde_json::from_str(&bodies.get(&endpoint)?.text).ok()?;
        json::moment_if_any(body.timestamp)
    };
    let own = |endpoint: Endpoint| if is_object(&bodies.get(&endpoint)?.text) { stamp(endpoint) } else { None };
    let file = own(Endpoint::Positions).map(|time| (time, TimeSource::File));
    let clock = || stamp(Endpoint::Clock).map(|time| (time, TimeSource::Clock));
    file.or_else(clock).or(at.map(|time| (time, TimeSource::Flag)))
}

fn is_object(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok_and(|raw| raw.get().starts_with('{'))
}

#[cfg(test)]
mod tests;
