//! Which file of settings a command reads, and the settings that it and the flags make.

#![expect(clippy::disallowed_methods, reason = "the edge: here the file of settings is found and read")]

use clap::Args;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Failure, world};
use crate::SettingsFile;
use crate::corpus::case::MANIFEST;
use crate::settings::{self, FILE, Flags, Settings};

/// Which file of settings is read.
#[derive(Args, Debug, Clone, Default)]
pub struct Chosen {
    /// Read the settings from this file [default: the first tapecheck.toml from DIR upwards]
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,
    /// Read no settings file: only flags and defaults
    #[arg(long)]
    pub no_config: bool,
}

impl Chosen {
    /// The settings for a bot's directory, and the file that some of them come from.
    pub fn settings(&self, directory: &Path, flags: Flags) -> Result<(Settings, Option<SettingsFile>), Failure> {
        let found = match &self.config {
            Some(file) => Some(file.clone()),
            None if self.no_config => None,
            None => find(directory),
        };
        let Some(file) = found else { return Ok((Settings::default().with(flags), None)) };
        let path = file.display().to_string();
        let text = text(&file)?;
        let settings = settings::read(&text, &path).map_err(|problems| Failure::Settings(problems.to_string()))?;
        Ok((settings.with(flags), Some(SettingsFile { path, named: self.config.is_some(), text })))
    }
}

/// The first file from the bot's directory upwards. A repository, a case and the user's own folder are looked into, and not left.
pub fn find(directory: &Path) -> Option<PathBuf> {
    // A directory that is not there is told when it is read.
    let whole = fs::canonicalize(directory).ok()?;
    let home = world::environment("HOME").and_then(|home| fs::canonicalize(home).ok());
    for folder in whole.ancestors() {
        if is_there(&folder.join(FILE)) {
            return Some(if folder == whole { beside(directory) } else { folder.join(FILE) });
        }
        if is_there(&folder.join(".git")) || is_there(&folder.join(MANIFEST)) || home.as_deref() == Some(folder) {
            return None;
        }
    }
    None
}

/// The path as one would type it.
fn beside(directory: &Path) -> PathBuf {
    if directory == Path::new(".") { PathBuf::from(FILE) } else { directory.join(FILE) }
}

/// A link to nowhere, or a folder, is there, too: it is told and never passed over.
fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// No file of settings is longer.
const LONGEST: u64 = 1 << 20;

fn text(file: &Path) -> Result<String, Failure> {
    let failed = |why: &dyn std::fmt::Display| Failure::Settings(format!("{}: {why}", file.display()));
    let metadata = fs::metadata(file).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => failed(&"there is no such file; `tapecheck init` writes one"),
        _ => failed(&format!("cannot be read: {error}")),
    })?;
    if !metadata.is_file() {
        return Err(failed(&"is not a file"));
    }
    if metadata.len() > LONGEST {
        return Err(failed(&"is longer than a megabyte: is it a file of settings?"));
    }
    let bytes = fs::read(file).map_err(|error| failed(&format!("cannot be read: {error}")))?;
    String::from_utf8(bytes)
        .map_err(|error| failed(&format!("is not UTF-8 from byte {} on", error.utf8_error().valid_up_to() + 1)))
}
