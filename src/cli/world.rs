//! The world beyond the files: the clock and the environment, read here and nowhere else.

#![expect(clippy::disallowed_methods, reason = "the edge: here, and nowhere else, the world is asked")]

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
