//! Files and folders that appear whole or not at all: whoever looks, and whatever happens meanwhile, finds the old one or the new one.
//!
//! Everything that is written goes through here: a file is written beside its place, put on the disk, and renamed; a folder is made beside
//! its place and exchanged with what is there.

#![expect(clippy::disallowed_methods, reason = "the edge: here, and nowhere else, files are written")]

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile, TempDir};

/// The names of files and folders that are being made begin so. What a run that was killed leaves has such a name, and nothing reads it.
pub const UNFINISHED: &str = ".unfinished-";

/// A folder with a file of this name was not finished: part of it is old, and part of it new.
pub const MARK: &str = ".unfinished";

/// How much a file matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// It outlasts a loss of power once it was written.
    Lasting,
    /// It is the user's alone, and can be made again: nobody waits until it lies on the disk.
    Cached,
}

/// Puts a file in the place of what is there, if anything is. A link is replaced and never written through. What is there keeps its
/// permissions.
pub fn replace(path: &Path, worth: Worth, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let written = beside(path, worth, content)?;
    point();
    written.persist(path).map_err(|error| error.error)?;
    settled(path, worth)
}

/// Puts a file where nothing is, and fails where something is.
pub fn create(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // Said before anything is written, and decided by the system when it gets its name.
    if fs::symlink_metadata(path).is_ok() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let written = beside(path, Worth::Lasting, content)?;
    point();
    written.persist_noclobber(path).map_err(|error| error.error)?;
    settled(path, Worth::Lasting)
}

/// Writes over what is there, where nothing can be put beside it. It is whole or empty unless the run is killed.
pub fn write_over(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut file = File::create(path)?;
    let written = content(&mut Counted(&mut file));
    if written.is_err() && file.metadata().is_ok_and(|there| there.is_file()) {
        // Half of a report is taken for a whole one by somebody; the first error is the one to tell.
        let _stays = file.set_len(0);
    }
    written
}

/// Makes a folder and those above it.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    point();
    fs::create_dir_all(folder)
}

/// Removes a file; one that is not there is removed already.
pub fn remove(path: &Path) -> io::Result<()> {
    point();
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Makes the names in a folder last through a loss of power.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    // Only Unix can open a folder; elsewhere the renames are as lasting as the system makes them.
    if cfg!(unix) { File::open(named(folder))?.sync_all() } else { Ok(()) }
}

/// A folder's next content, while it is being made.
pub struct Staged {
    around: TempDir,
    made: PathBuf,
}

impl Staged {
    /// Begins it beside the folder, under the folder's own name. The one that both lie in must be there.
    pub fn beside(target: &Path) -> io::Result<Staged> {
        let name = target.file_name().ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "it has no name of its own"))?;
        point();
        let around = Builder::new().prefix(UNFINISHED).tempdir_in(named(parent(target)))?;
        let made = around.path().join(name);
        fs::create_dir(&made)?;
        Ok(Staged { around, made })
    }

    /// Begins it in the folder itself, where nothing can be made beside it.
    pub fn within(target: &Path) -> io::Result<Staged> {
        let around = Builder::new().prefix(UNFINISHED).tempdir_in(named(target))?;
        Ok(Staged { made: around.path().to_owned(), around })
    }

    /// Where its content is made.
    pub fn folder(&self) -> &Path {
        &self.made
    }

    /// Puts it in its place at once. Of what is there in that place, `goes` says by its path what goes; the rest stays beside what is new.
    pub fn place(self, target: &Path, goes: &dyn Fn(&str) -> bool) -> io::Result<()> {
        let there = fs::symlink_metadata(target).ok();
        if let Some(there) = &there {
            carry(target, &self.made, "", goes)?;
            fs::set_permissions(&self.made, there.permissions())?;
        }
        sync_folders(&self.made)?;
        point();
        if there.is_some() {
            exchange(&self.made, target)?
        } else {
            fs::rename(&self.made, target)?
        }
        point();
        sync_folder(parent(target))?;
        point();
        // What was there is in here now. A leftover is harmless and says what it is by its name.
        drop(self.around);
        Ok(())
    }

    /// Puts files of these names in their places one after the other; a file that was not made goes from there, too. While that lasts
    /// [`MARK`] lies in the folder.
    pub fn spread(self, target: &Path, names: &[&str]) -> io::Result<()> {
        let mark = target.join(MARK);
        replace(&mark, Worth::Lasting, |_| Ok(()))?;
        for name in names {
            point();
            match fs::rename(self.made.join(name), target.join(name)) {
                Err(error) if error.kind() == ErrorKind::NotFound => remove(&target.join(name))?,
                other => other?,
            }
        }
        sync_folder(target)?;
        remove(&mark)?;
        sync_folder(target)
    }
}

/// Writes a file that has no name yet into the folder of its place.
fn beside(path: &Path, worth: Worth, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<NamedTempFile> {
    point();
    let mut builder = Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    if worth == Worth::Lasting {
        // As any file that is made: what the user masks goes.
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    }
    let mut written = builder.tempfile_in(named(parent(path)))?;
    if let Some(there) = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file) {
        written.as_file().set_permissions(there.permissions())?;
    }
    content(&mut Counted(written.as_file_mut()))?;
    if worth == Worth::Lasting {
        point();
        written.as_file().sync_all()?;
    }
    Ok(written)
}

fn settled(path: &Path, worth: Worth) -> io::Result<()> {
    point();
    if worth == Worth::Lasting { sync_folder(parent(path)) } else { Ok(()) }
}

/// Links what stays of an old folder into the new one.
fn carry(old: &Path, new: &Path, below: &str, goes: &dyn Fn(&str) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(old)? {
        let entry = entry?;
        let (name, from) = (entry.file_name(), entry.path());
        let (to, path) = (new.join(&name), format!("{below}{}", name.to_string_lossy()));
        let is_taken = fs::symlink_metadata(&to).is_ok();
        if entry.file_type()?.is_dir() {
            carry_folder(&from, &to, &path, goes)?;
        } else if !is_taken && !goes(&path) {
            point();
            fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop))?;
        }
    }
    Ok(())
}

/// A folder of which nothing stays is not made.
fn carry_folder(from: &Path, to: &Path, path: &str, goes: &dyn Fn(&str) -> bool) -> io::Result<()> {
    let is_new = fs::symlink_metadata(to).is_err();
    if is_new {
        fs::create_dir(to)?;
    }
    carry(from, to, &format!("{path}/"), goes)?;
    if is_new && fs::read_dir(to)?.next().is_none() {
        fs::remove_dir(to)?;
    }
    Ok(())
}

fn sync_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    sync_folder(folder)
}

/// Two folders take each other's place, at once where the system can do that.
fn exchange(made: &Path, target: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, made, CWD, target, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    // A moment in which nothing is there: what was is whole beside it.
    let old = made.with_extension("replaced");
    fs::rename(target, &old)?;
    point();
    fs::rename(made, target).inspect_err(|_| drop(fs::rename(&old, target)))
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// A folder by a name that can be opened.
fn named(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// Each write is a moment at which a run may be killed.
struct Counted<'a>(&'a mut File);

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        point();
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A moment between two changes of the disk. In a build for tests the run ends at one of them as if it had been killed.
fn point() {
    #[cfg(debug_assertions)]
    killing::point();
}

/// Ends a run at one of its moments.
#[cfg(debug_assertions)]
pub mod killing {
    use std::sync::atomic::{AtomicU32, Ordering};

    /// How many moments are left; 0: it is not to end.
    static LEFT: AtomicU32 = AtomicU32::new(0);

    /// The run ends at its moment of that number, from 1.
    pub fn at(number: u32) {
        LEFT.store(number, Ordering::Relaxed);
    }

    pub(super) fn point() {
        let counted = |left: u32| left.checked_sub(1);
        if LEFT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, counted) == Ok(1) {
            std::process::abort();
        }
    }
}
