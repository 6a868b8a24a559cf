//! Files that appear whole or not at all, and are never written through a link.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::write::{CannotWrite, Existing};

/// Tells apart the temporary files of one process.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Makes the folder when it is missing; refuses a link.
pub(super) fn prepare_folder(folder: &Path) -> Result<(), CannotWrite> {
    refuse_symlink(folder)?;
    fs::create_dir_all(folder).map_err(|source| io_error(folder, source))
}

/// Refuses what may not be replaced.
pub(super) fn check_target(path: &Path, existing: Existing) -> Result<(), CannotWrite> {
    refuse_symlink(path)?;
    match (fs::symlink_metadata(path), existing) {
        (Ok(_), Existing::Keep) => Err(CannotWrite::Exists { path: path.to_owned() }),
        (Ok(_) | Err(_), Existing::Replace) => Ok(()),
        (Err(error), Existing::Keep) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        (Err(error), Existing::Keep) => Err(io_error(path, error)),
    }
}

/// Writes beside the target, syncs, and renames: a reader sees the old file or the whole new one.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), CannotWrite> {
    let temporary = temporary_beside(path);
    let written = write_new(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    written.map_err(|source| {
        // The first error is the one to tell; a leftover is harmless and says what it is by its name.
        drop(fs::remove_file(&temporary));
        io_error(path, source)
    })
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // `create_new` fails on whatever is there, a link too.
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn temporary_beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    name.push(format!(".tmp-{}-{number}", std::process::id()));
    path.with_file_name(name)
}

/// Removes a file; one that is not there is removed already.
pub(super) fn remove(path: &Path) -> Result<(), CannotWrite> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(path, error)),
        _ => Ok(()),
    }
}

/// Makes the new names last through a loss of power.
pub fn sync_folder(folder: &Path) -> Result<(), CannotWrite> {
    // Only Unix can open a folder; elsewhere the renames are as lasting as the system makes them.
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| io_error(folder, source))?;
    }
    Ok(())
}

fn refuse_symlink(path: &Path) -> Result<(), CannotWrite> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Err(CannotWrite::Symlink { path: path.to_owned() }),
        _ => Ok(()),
    }
}

fn io_error(path: &Path, source: io::Error) -> CannotWrite {
    CannotWrite::Io { path: path.to_owned(), source }
}
