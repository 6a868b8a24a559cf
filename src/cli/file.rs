//! A file that was asked for with `--output`: whole or not at all, so that who reads it at any moment sees the old one or the new.

#![expect(clippy::disallowed_methods, reason = "the edge: the file that --output names")]

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::{Content, Failure};

/// Writes a temporary file beside it and puts that in its place, where that may be done. What is no file, such as /dev/stdout or a pipe,
/// is written to; a link stays one.
pub(super) fn write(path: &Path, content: &Content) -> Result<(), Failure> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let there = fs::metadata(&target).ok();
    let written = match &there {
        Some(there) if !there.is_file() => over(&target, content),
        Some(there) => match replace(&target, content, Some(there.permissions())) {
            // Nothing may be put beside it, or in its place, and yet it may be written: a file that is mounted alone, say.
            Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ResourceBusy) => over(&target, content),
            other => other,
        },
        None => replace(&target, content, None),
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
    fs::create_dir_all(path).map_err(|error| Failure::Write(path.display().to_string(), error))
}

fn replace(target: &Path, content: &Content, permissions: Option<fs::Permissions>) -> io::Result<()> {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".tmp-{}", std::process::id()));
    let temporary = target.with_file_name(name);
    let written = write_new(&temporary, content, permissions).and_then(|()| fs::rename(&temporary, target));
    if written.is_err() {
        // The first error is the one to tell; a leftover is harmless and says what it is by its name.
        drop(fs::remove_file(&temporary));
    }
    written
}

/// Writes into what is there.
fn over(path: &Path, content: &Content) -> io::Result<()> {
    content.write(&mut fs::File::create(path)?)
}

fn write_new(path: &Path, content: &Content, permissions: Option<fs::Permissions>) -> io::Result<()> {
    // `create_new` fails on whatever is there, a link too.
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    if let Some(permissions) = permissions {
        file.set_permissions(permissions)?;
    }
    content.write(&mut file)?;
    file.sync_all()
}
