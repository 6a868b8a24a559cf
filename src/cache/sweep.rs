//! What was not used for long goes: pieces of logs that are gone, of builds that are gone, and what a run that was killed left unfinished.

#![expect(clippy::disallowed_methods, reason = "the edge: what is deleted here was kept here")]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::whole::{self, UNFINISHED, Worth};

/// Hexadecimal digits of a name: so many of them name the shelf.
pub(super) const NAME: usize = 32;
pub(super) const SHELF: usize = 2;

/// The folder is swept, and a piece marked as used, once in so long.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A piece that was not used for so long goes: whoever replays a month's end finds the last one's.
const UNUSED: Duration = Duration::from_secs(40 * 24 * 60 * 60);

/// Remembers by its time when the folder was swept.
const SWEPT: &str = "swept";

/// Whether a moment lies so long before now, by clocks that may be wrong.
fn is_older(moment: SystemTime, now: SystemTime, than: Duration) -> bool {
    now.duration_since(moment).is_ok_and(|age| age > than)
}

/// A piece was used.
pub(super) fn mark_used(file: &File, now: SystemTime) {
    let used = file.metadata().and_then(|metadata| metadata.modified());
    if used.is_ok_and(|used| is_older(used, now, DAY)) {
        // One that cannot be marked goes some day, and is decoded again.
        let _unmarked = file.set_modified(now);
    }
}

/// Removes what was not used for long, once a day. What cannot be removed stays: another run may be at it.
pub(super) fn sweep(pieces: &Path, now: SystemTime) {
    let swept = pieces.join(SWEPT);
    let last = fs::metadata(&swept).and_then(|metadata| metadata.modified());
    if last.is_ok_and(|last| !is_older(last, now, DAY)) {
        return;
    }
    let marked = whole::replace(&swept, Worth::Cached, |_| Ok(())).and_then(|()| File::open(&swept)?.set_modified(now));
    let Ok(shelves) = fs::read_dir(pieces) else { return };
    for shelf in shelves.flatten().filter(|shelf| marked.is_ok() && is_ours(&shelf.file_name(), SHELF)) {
        let Ok(files) = fs::read_dir(shelf.path()) else { continue };
        for file in files.flatten() {
            let name = file.file_name();
            let most = match name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes()) {
                true => DAY,
                false if is_ours(&name, NAME - SHELF) => UNUSED,
                false => continue,
            };
            let used = file.metadata().and_then(|metadata| metadata.modified());
            if used.is_ok_and(|used| is_older(used, now, most)) {
                let _stays = fs::remove_file(file.path());
            }
        }
    }
}

/// Whether a name is one that is given here, so that nothing else goes from a folder that holds other things, too.
fn is_ours(name: &OsStr, digits: usize) -> bool {
    name.len() == digits && name.as_encoded_bytes().iter().all(u8::is_ascii_hexdigit)
}
