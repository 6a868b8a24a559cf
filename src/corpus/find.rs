//! Which folders are cases.

#![expect(clippy::disallowed_methods, reason = "the edge: here cases are found")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::case::{ACCEPTED, MANIFEST};

/// Why no case was found.
#[derive(Debug, thiserror::Error)]
pub enum CannotFind {
    /// The path cannot be listed.
    #[error("{0} is neither a case nor a folder of cases: {1}")]
    Unreadable(PathBuf, io::Error),
    /// There is no case below it.
    #[error("{0} holds no case; make one with `tapecheck corpus add NAME --from DIR`")]
    NoCase(PathBuf),
}

/// The folders of cases that the paths name: each a case, or a folder of cases. Sorted by path below each, none twice. A folder beside
/// cases that has no `case.toml` counts as one: it was copied half.
pub fn cases(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CannotFind> {
    let mut found: Vec<PathBuf> = Vec::new();
    for path in paths {
        let unreadable = |error| CannotFind::Unreadable(path.clone(), error);
        let below = if is_case(path) { vec![path.clone()] } else { folders(path).map_err(unreadable)? };
        if below.is_empty() {
            return Err(CannotFind::NoCase(path.clone()));
        }
        for case in below {
            if !found.contains(&case) {
                found.push(case);
            }
        }
    }
    Ok(found)
}

/// It has what only a case has, though perhaps not all of it.
fn is_case(path: &Path) -> bool {
    [MANIFEST, ACCEPTED, "broker", "logs", "state"].iter().any(|part| path.join(part).exists())
}

fn folders(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        // A hidden folder is another program's, or a case that is being written.
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if entry.path().is_dir() && !is_hidden {
            folders.push(entry.path());
        }
    }
    folders.sort();
    Ok(folders)
}
