//! The files of a recording: whole or not at all, and never written through a link.

#![expect(clippy::disallowed_methods, reason = "the edge: here it is looked at where a recording is to be written")]

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::write::{CannotWrite, Existing};
use crate::whole::{self, Worth};

/// Makes the folder when it is missing; refuses a link.
pub(super) fn prepare_folder(folder: &Path) -> Result<(), CannotWrite> {
    refuse_symlink(folder)?;
    whole::make_folder(folder).map_err(|source| io_error(folder, source))
}

/// Refuses what may not be replaced.
pub fn check_target(path: &Path, existing: Existing) -> Result<(), CannotWrite> {
    refuse_symlink(path)?;
    match (fs::symlink_metadata(path), existing) {
        (Ok(_), Existing::Keep) => Err(CannotWrite::Exists { path: path.to_owned() }),
        (Ok(_) | Err(_), Existing::Replace) => Ok(()),
        (Err(error), Existing::Keep) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        (Err(error), Existing::Keep) => Err(io_error(path, error)),
    }
}

/// A reader sees the old file or the whole new one.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), CannotWrite> {
    let written = whole::replace(path, Worth::Lasting, |out: &mut dyn Write| out.write_all(bytes));
    written.map_err(|source| io_error(path, source))
}

pub(super) fn refuse_symlink(path: &Path) -> Result<(), CannotWrite> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Err(CannotWrite::Symlink { path: path.to_owned() }),
        _ => Ok(()),
    }
}

pub(super) fn io_error(path: &Path, source: io::Error) -> CannotWrite {
    CannotWrite::Io { path: path.to_owned(), source }
}
