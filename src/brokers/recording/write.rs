//! Writing a recording: raw bodies exactly as sent, each file whole or not at all (contract, section 4).

use chrono::Duration;
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};

use super::{MANIFEST, SCHEMA, files, join};
use crate::brokers::alpaca::http::read::Reading;
use crate::brokers::redact::{RedactError, Redactor};
use crate::brokers::{Body, Endpoint, Recording, Unread};
use crate::time::{self, Time};
use crate::whole::{self, Staged};

/// A broker's clock this far from ours is not ours: one of them is wrong, and the broker's dates its fills. Below it the two agree as
/// well as clocks on a network do, and the clock that the bot writes its logs by is the better one.
const CLOCKS_AGREE: Duration = Duration::seconds(60);

/// Every file that a recording may have.
const NAMES: [&str; 7] = [
    Endpoint::Account.file(),
    Endpoint::Activities.file(),
    Endpoint::Calendar.file(),
    Endpoint::Clock.file(),
    Endpoint::Orders.file(),
    Endpoint::Positions.file(),
    MANIFEST,
];

/// Whether a path below a recording's folder is one of its files.
pub fn is_of_a_recording(path: &str) -> bool {
    NAMES.contains(&path)
}

/// `recording.json`. The last three keys are there only when they say something.
#[derive(Serialize)]
struct Manifest<'a> {
    schema: &'static str,
    read_began: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_ended: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paper: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    whole_read_began: Option<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    unstable: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unread: Vec<UnreadEntry<'a>>,
}

#[derive(Serialize)]
struct UnreadEntry<'a> {
    endpoint: &'a str,
    why: &'a str,
}

/// What to do with a recording that is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Leave it and refuse.
    Keep,
    /// Put the new one in its place.
    Replace,
}

/// Why a recording could not be written.
#[derive(Debug, thiserror::Error)]
pub enum CannotWrite {
    /// There is one already.
    #[error("{} is already there; give another folder, or --force to replace it", path.display())]
    Exists {
        /// The file that is in the way.
        path: PathBuf,
    },
    /// A symbolic link where a file or folder is to be written.
    #[error("{} is a symbolic link, and recordings are not written through links; give the folder itself", path.display())]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The manifest cannot be put into JSON.
    #[error("recording.json cannot be written: {0}")]
    Manifest(#[from] serde_json::Error),
    /// A body that cannot be redacted, and is not written unredacted.
    #[error("{endpoint}: {why}")]
    Redact {
        /// The endpoint.
        endpoint: Endpoint,
        /// What is wrong with it.
        why: RedactError,
    },
}

impl Recording {
    /// What a live reading is kept as: a single page byte for byte, several pages as one list. Its times are the broker's where its
    /// clock is far from ours: what was read then belongs to the broker's day.
    pub fn of(reading: &Reading) -> Recording {
        let shift = Some(reading.clock_ahead).filter(|ahead| ahead.abs() > CLOCKS_AGREE).unwrap_or_default();
        let mut recording = Recording::nothing(Time::from(reading.read_began) + shift);
        recording.live = true;
        recording.read_ended = Some(Time::from(reading.read_ended) + shift);
        recording.whole_read_began = Some(Time::from(reading.whole_read_began) + shift);
        recording.base_url = Some(reading.base_url.clone());
        recording.paper = Some(reading.paper);
        recording.unstable.clone_from(&reading.unstable);
        let told = reading.unread.iter().map(|unread| Unread { endpoint: Some(unread.endpoint), why: unread.why.to_string() });
        recording.unread = told.collect();
        for (endpoint, pages) in &reading.pages {
            match join::pages(*endpoint, pages) {
                Ok(text) => {
                    recording.bodies.insert(*endpoint, Body { file: PathBuf::from(endpoint.file()), text });
                }
                Err(reason) => {
                    let why = format!("the pages of {endpoint} cannot be joined: {reason}");
                    recording.unread.push(Unread { endpoint: Some(*endpoint), why });
                }
            }
        }
        recording
    }

    /// The recording with its ids replaced, the same id by the same replacement.
    pub fn redacted(mut self, redactor: &mut Redactor) -> Result<Recording, CannotWrite> {
        for (endpoint, body) in &mut self.bodies {
            body.text = redactor.json(&body.text).map_err(|why| CannotWrite::Redact { endpoint: *endpoint, why })?;
        }
        Ok(self)
    }

    /// Writes the recording into a folder, which is made when missing. The folder has the old recording or the whole new one.
    pub fn write(&self, folder: &Path, existing: Existing) -> Result<(), CannotWrite> {
        files::refuse_symlink(folder)?;
        for name in NAMES {
            files::check_target(&folder.join(name), existing)?;
        }
        put(folder, &is_of_a_recording, |made| self.fill(made))
    }

    /// Writes its files into a folder that is being made.
    pub fn fill(&self, folder: &Path) -> Result<(), CannotWrite> {
        files::prepare_folder(folder)?;
        for (endpoint, body) in &self.bodies {
            files::write(&folder.join(endpoint.file()), body.text.as_bytes())?;
        }
        let text = serde_json::to_string_pretty(&self.manifest())?;
        files::write(&folder.join(MANIFEST), format!("{text}\n").as_bytes())
    }

    fn manifest(&self) -> Manifest<'_> {
        let show = |at: Option<Time>| at.map(time::show);
        Manifest {
            schema: SCHEMA,
            read_began: time::show(self.read_began),
            read_ended: show(self.read_ended),
            base_url: self.base_url.as_deref(),
            paper: self.paper,
            whole_read_began: show(self.whole_read_began),
            unstable: &self.unstable,
            unread: self.unread.iter().map(entry).collect(),
        }
    }
}

/// Makes a folder beside its place, and puts it there at once. Of what is there, `goes` says by its path what goes.
pub fn put(
    folder: &Path,
    goes: &dyn Fn(&str) -> bool,
    fill: impl Fn(&Path) -> Result<(), CannotWrite>,
) -> Result<(), CannotWrite> {
    files::refuse_symlink(folder)?;
    let failed = |source| files::io_error(folder, source);
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    above.map_or(Ok(()), whole::make_folder).map_err(failed)?;
    match Staged::beside(folder) {
        Ok(staged) => {
            fill(staged.folder())?;
            staged.place(folder, goes).map_err(failed)
        }
        // The folder where one is, or one that is mounted alone: what it holds is put there file by file.
        Err(error) if folder.is_dir() && NAMES.iter().all(|name| goes(name)) && !is_full(&error) => {
            let staged = Staged::within(folder).map_err(failed)?;
            fill(staged.folder())?;
            staged.spread(folder, &NAMES).map_err(failed)
        }
        Err(error) => Err(failed(error)),
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Writes a file beside a recording, as its own files are: whole or not at all. Its folder is made.
pub fn keep(path: &Path, bytes: &[u8]) -> Result<(), CannotWrite> {
    if let Some(folder) = path.parent() {
        files::prepare_folder(folder)?;
    }
    files::check_target(path, Existing::Replace)?;
    files::write(path, bytes)
}

fn entry(unread: &Unread) -> UnreadEntry<'_> {
    UnreadEntry { endpoint: unread.endpoint.map_or("all", Endpoint::name), why: &unread.why }
}
