//! The world beyond the files: the clock and the environment, read here and nowhere else.

#![expect(clippy::disallowed_methods, reason = "the edge: here, and nowhere else, the world is asked")]

use std::io::Read;
use twox_hash::{XxHash3_64, XxHash3_128};

use crate::time::Time;

/// What time it is.
pub fn clock() -> Time {
    chrono::Utc::now().into()
}

/// How much time has passed since this was asked for.
pub fn stopwatch() -> impl Fn() -> std::time::Duration {
    let began = std::time::Instant::now();
    move || began.elapsed()
}

/// SIGTERM, SIGINT, SIGHUP: each is sent. A second one while the first is not heeded ends the process at once.
pub fn signals() -> std::io::Result<std::sync::mpsc::Receiver<()>> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for (count, signal) in signals.forever().enumerate() {
            if count > 0 || send.send(()).is_err() {
                drop(signal_hook::low_level::emulate_default_handler(signal));
            }
        }
    })?;
    Ok(receive)
}

/// Where a watch of this directory stores what must outlive it: what the service manager gives, else what the XDG Base Directory
/// Specification does.
pub fn state_folder(directory: &std::path::Path) -> Option<std::path::PathBuf> {
    let absolute = |name| environment(name).map(std::path::PathBuf::from).filter(|path| path.is_absolute());
    if let Some(folder) = absolute("STATE_DIRECTORY") {
        return Some(folder);
    }
    let states = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    let whole = std::fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let name = whole.file_name().map_or_else(|| "bot".to_owned(), |name| name.to_string_lossy().into_owned());
    let print = XxHash3_64::oneshot(whole.as_os_str().as_encoded_bytes());
    Some(states.join("tapecheck").join(format!("{name}-{print:016x}")))
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
    let (mut file, mut print, mut block) = (file.ok()?, XxHash3_128::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut block) {
            Ok(0) => return Some(print.finish_128()),
            Ok(read) => print.write(&block[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}
