//! Bots' directories to measure with: made once, by the same code as `examples/large_directory`, and made anew when that code changes.

#![expect(clippy::disallowed_methods, reason = "a bench makes its own files")]

#[path = "../../examples/large_directory/bot/mod.rs"]
mod bot;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use twox_hash::XxHash3_64;

pub use bot::{Kinds, Plan};

/// A plan without faults.
pub fn plain(megabytes: u64) -> Plan {
    Plan { megabytes, symbols: 60, pace: 700, wrong: 0, stray: 0, kinds: Kinds::All }
}

/// What decides about the bytes that are written, beside the plan.
const WRITTEN_BY: [&str; 3] = [
    include_str!("../../examples/large_directory/bot/mod.rs"),
    include_str!("../../examples/large_directory/bot/records.rs"),
    include_str!("../../examples/large_directory/bot/shapes.rs"),
];

/// The directory of a plan, below the target directory.
pub fn directory(plan: &Plan) -> io::Result<PathBuf> {
    let Plan { megabytes, symbols, pace, wrong, stray, kinds } = plan;
    let only = match kinds {
        Kinds::All => "",
        Kinds::Attribution => "-attribution",
    };
    let name = format!("{megabytes}-megabytes-{symbols}-symbols-{pace}-pace-{wrong}-wrong-{stray}-stray{only}");
    once(&name, |folder| bot::write(folder, plan).map(|written| eprintln!("{written}")))
}

/// Makes a folder, unless it was made before by the same code.
pub fn once(name: &str, make: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench").join(name);
    let stamp = folder.join("made");
    let made_by = format!("{:016x}", XxHash3_64::oneshot(WRITTEN_BY.concat().as_bytes()));
    if fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == made_by) {
        return Ok(folder);
    }
    eprintln!("making {name} …");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    make(&folder)?;
    fs::write(stamp, made_by)?;
    Ok(folder)
}
