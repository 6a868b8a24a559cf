//! Runs whole processes and measures them.

#![expect(clippy::disallowed_methods, reason = "a bench looks at the clock")]

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What a process took.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The shortest of the rounds.
    pub seconds: f64,
    /// The most memory it had, in MiB, where `time` could tell.
    pub peak: Option<f64>,
    /// What it wrote.
    pub output: String,
}

/// A thing to be measured: how it is run, and what came of it so far.
pub struct Contestant<'a> {
    pub name: &'static str,
    pub run: Box<dyn Fn() -> io::Result<Measured> + 'a>,
}

/// Measures the contestants in turn, so many rounds, after one that is thrown away but for its memory. Each one's best counts.
pub fn rounds(contestants: &[Contestant<'_>], rounds: usize) -> io::Result<Vec<Measured>> {
    let mut best: Vec<Option<Measured>> = vec![None; contestants.len()];
    for round in 0..=rounds {
        for (contestant, best) in contestants.iter().zip(&mut best) {
            let measured = (contestant.run)()?;
            let (seconds, peak) = match best {
                Some(best) if round > 1 => (best.seconds.min(measured.seconds), larger(best.peak, measured.peak)),
                Some(best) => (measured.seconds, larger(best.peak, measured.peak)),
                None => (measured.seconds, measured.peak),
            };
            *best = Some(Measured { seconds, peak, ..measured });
        }
    }
    Ok(best.into_iter().flatten().collect())
}

fn larger(one: Option<f64>, two: Option<f64>) -> Option<f64> {
    one.into_iter().chain(two).reduce(f64::max)
}

/// Where `time` is that tells a process's peak memory.
const TIME: &str = "/usr/bin/time";

/// The sign by which its line is known.
const PEAK: &str = "peak-of-the-process ";

/// Runs a program to its end. Its exit status is its own business: breaks are not a failure to measure.
pub fn process(program: &str, arguments: &[&str], folder: &Path) -> io::Result<Measured> {
    let mut command = if Path::new(TIME).exists() {
        let mut command = Command::new(TIME);
        command.args(["-f", &format!("{PEAK}%M"), program]);
        command
    } else {
        Command::new(program)
    };
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    let began = Instant::now();
    let output = command.output()?;
    let seconds = began.elapsed().as_secs_f64();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let kibibytes = told.lines().find_map(|line| line.strip_prefix(PEAK)?.trim().parse::<f64>().ok());
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.is_empty() {
        return Err(io::Error::other(format!("{program} {arguments:?} said nothing: {told}")));
    }
    Ok(Measured { seconds, peak: kibibytes.map(|kibibytes| kibibytes / 1024.0), output })
}

/// Something in this process.
pub fn in_process(run: impl FnOnce() -> io::Result<String>) -> io::Result<Measured> {
    let began = Instant::now();
    let output = run()?;
    Ok(Measured { seconds: began.elapsed().as_secs_f64(), peak: None, output })
}

/// Whether a program can be started with these arguments.
pub fn is_there(program: &str, arguments: &[&str]) -> bool {
    let ran = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    ran.is_ok_and(|status| status.success())
}
