//! The folder of the cache: whose it must be, and where it must not lie.

#![expect(clippy::disallowed_methods, reason = "the edge: here the user's folder for caches is looked at")]

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use crate::whole::{self, Worth};

/// Where pieces lie in it.
const PIECES: &str = "pieces";

/// Tells programs that make backups that nothing is lost here (the Cache Directory Tagging Specification).
const TAG: (&str, &str) =
    ("CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# A cache of tapecheck: it may be deleted.\n");

/// Makes the folder, where it is not there, and gives the place of the pieces. An error tells why it is not used.
pub(super) fn prepared(folder: &Path, directory: &Path) -> Result<PathBuf, String> {
    let failed = |error: io::Error| format!("{} cannot be used: {error}", folder.display());
    let real = real(folder).map_err(failed)?;
    if directory.canonicalize().is_ok_and(|directory| real.starts_with(directory)) {
        return Err(format!(
            "{} lies in the bot's directory, where nothing is written: give another with --cache-dir",
            folder.display()
        ));
    }
    let pieces = real.join(PIECES);
    if fs::symlink_metadata(&real).is_err() {
        make(&real).map_err(failed)?;
        let (name, text) = TAG;
        whole::replace(&real.join(name), Worth::Cached, |out: &mut dyn Write| out.write_all(text.as_bytes())).map_err(failed)?;
    }
    make(&pieces).map_err(failed)?;
    let probe = tempfile::tempfile_in(&pieces).map_err(failed)?;
    if is_open_to_others(&real, &pieces, &probe).map_err(failed)? {
        return Err(format!("others may write in {}: what is kept there cannot be believed", folder.display()));
    }
    Ok(pieces)
}

/// A path without links, though its end need not be there yet.
fn real(folder: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(folder)?;
    for there in absolute.ancestors() {
        let Ok(rest) = absolute.strip_prefix(there) else { continue };
        if let Ok(real) = there.canonicalize() {
            let leads_up = rest.components().any(|component| component == Component::ParentDir);
            return if leads_up { Err(io::ErrorKind::NotFound.into()) } else { Ok(real.join(rest)) };
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// Makes a folder that is the user's alone.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// Whether somebody else could have written what is there: the pieces are not the user's, whose the probe is, or others may write or put
/// another folder in their place.
#[cfg(unix)]
fn is_open_to_others(folder: &Path, pieces: &Path, probe: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    const GROUP_OR_OTHERS_WRITE: u32 = 0o022;
    const ONLY_OWNERS_DELETE: u32 = 0o1000;
    let (folder, pieces) = (fs::metadata(folder)?, fs::symlink_metadata(pieces)?);
    let replaceable = folder.mode() & GROUP_OR_OTHERS_WRITE != 0 && folder.mode() & ONLY_OWNERS_DELETE == 0;
    Ok(replaceable || pieces.mode() & GROUP_OR_OTHERS_WRITE != 0 || pieces.uid() != probe.metadata()?.uid())
}

/// Elsewhere a user's folders are the user's by default.
#[cfg(not(unix))]
fn is_open_to_others(_folder: &Path, _pieces: &Path, _probe: &File) -> io::Result<bool> {
    Ok(false)
}
