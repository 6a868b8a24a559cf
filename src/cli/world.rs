//! The world beyond the files: the clock and the environment, read here and nowhere else.

#![expect(clippy::disallowed_methods, reason = "the edge: here, and nowhere else, the world is asked")]

use std::io::Read;
use xxhash_rust::xxh3::Xxh3;

use crate::time::Time;

/// What time it is.
pub fn clock() -> Time {
    chrono::Utc::now()
}

/// How much time has passed since this was asked for.
pub fn stopwatch() -> impl Fn() -> std::time::Duration {
    let began = std::time::Instant::now();
    move || began.elapsed()
}

/// What a variable is set to.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The binary that runs.
pub fn this_build() -> Result<std::path::PathBuf, String> {
    std::env::current_exe().map_err(|error| format!("this build cannot be found: {error}; give two with --with"))
}

/// A fingerprint of the binary that runs.
pub fn print_of_this_build() -> Option<u128> {
    // On Linux this is what runs, even where another one has taken its place since.
    let runs = std::path::PathBuf::from("/proc/self/exe");
    let file = std::fs::File::open(runs).or_else(|_| std::fs::File::open(std::env::current_exe()?));
    let (mut file, mut print, mut block) = (file.ok()?, Xxh3::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut block) {
            Ok(0) => return Some(print.digest128()),
            Ok(read) => print.update(&block[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}
