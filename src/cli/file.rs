//! A file that was asked for with `--output`: whole or not at all, so that who reads it at any moment sees the old one or the new.

#![expect(clippy::disallowed_methods, reason = "the edge: where the file lies that --output names")]

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::{Content, Failure};
use crate::whole::{self, Worth};

/// Where it is written.
enum Place {
    /// A file, or nothing yet.
    File(PathBuf),
    /// No file: a pipe, a terminal, a device.
    Other(PathBuf),
}

/// Puts the file in its place where that may be done. What is no file, such as /dev/stdout or a pipe, is written to; a link to a file beside
/// it stays one, and one that leads elsewhere is refused.
pub(super) fn write(path: &Path, content: &Content) -> Result<(), Failure> {
    let written = match place(path)? {
        Place::Other(target) => whole::write_over(&target, |out| content.write(out, false)),
        Place::File(target) => match whole::replace(&target, Worth::Lasting, |out| content.write(out, false)) {
            // Nothing may be put beside it, or in its place, and yet it may be written: a file that is mounted alone, say.
            Err(error) if is_closed(&error) && target.is_file() => whole::write_over(&target, |out| content.write(out, false)),
            other => other,
        },
    };
    written.map_err(|error| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        match folder {
            Some(folder) => Failure::Usage(format!("cannot write {}: there is no folder {}", path.display(), folder.display())),
            None => Failure::Write(path.display().to_string(), error),
        }
    })
}

/// Makes a folder that was asked for, if it is not there.
pub(super) fn folder(path: &Path) -> Result<(), Failure> {
    whole::make_folder(path).map_err(|error| Failure::Write(path.display().to_string(), error))
}

fn is_closed(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ResourceBusy | ErrorKind::ReadOnlyFilesystem)
}

fn place(path: &Path) -> Result<Place, Failure> {
    let is_file = |path: &Path| fs::metadata(path).map_or(true, |there| there.is_file());
    if !fs::symlink_metadata(path).is_ok_and(|there| there.is_symlink()) {
        return Ok(if is_file(path) { Place::File(path.to_owned()) } else { Place::Other(path.to_owned()) });
    }
    let folder = folder_of(path).and_then(fs::canonicalize).unwrap_or_default();
    // What the system itself keeps links to: the streams of this very process.
    if ["/dev", "/proc"].iter().any(|system| folder.starts_with(system)) {
        return Ok(Place::Other(path.to_owned()));
    }
    let target = fs::canonicalize(path).map_err(|_| fs::read_link(path).unwrap_or_default());
    match target {
        Ok(target) if !is_file(&target) => Ok(Place::Other(path.to_owned())),
        Ok(target) if target.parent() == Some(&folder) => Ok(Place::File(target)),
        Ok(target) | Err(target) => {
            let (link, target) = (path.display(), target.display());
            let says = format!(
                "{link} is a link to {target}, and nothing is written through it to another folder: give the file itself"
            );
            Err(Failure::Usage(says))
        }
    }
}

fn folder_of(path: &Path) -> io::Result<&Path> {
    let folder = path.parent().ok_or(ErrorKind::NotFound)?;
    Ok(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}
