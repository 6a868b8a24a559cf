//! The limit: a newline scan that reads in blocks, on one thread.

#![expect(clippy::disallowed_methods, reason = "a bench reads its own files")]

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

const BLOCK: usize = 256 << 10;

/// The logs of a bot's directory.
pub fn logs(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for part in ["logs", "state", "data"] {
        for entry in fs::read_dir(folder.join(part))? {
            let path = entry?.path();
            found.extend(path.to_str().is_some_and(|path| path.contains(".jsonl")).then_some(path));
        }
    }
    found.sort();
    Ok(found)
}

/// Bytes of the logs as they lie there.
pub fn bytes(folder: &Path) -> io::Result<u64> {
    logs(folder)?.iter().map(|path| Ok(fs::metadata(path)?.len())).sum()
}

/// Counts the lines of all logs.
pub fn newlines(folder: &Path) -> io::Result<usize> {
    let mut block = vec![0; BLOCK];
    let mut lines = 0;
    for path in logs(folder)? {
        let mut file = File::open(path)?;
        loop {
            let read = file.read(&mut block)?;
            if read == 0 {
                break;
            }
            lines += memchr::memchr_iter(b'\n', &block[..read]).count();
        }
    }
    Ok(lines)
}
