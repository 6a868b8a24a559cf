//! Runs whole processes and measures them.

#![expect(clippy::disallowed_methods, reason = "a bench looks at the clock")]

use std::io::{self, Seek};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What a process took.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The shortest of the rounds.
    pub seconds: f64,
    /// The least that all cores together worked on it, in seconds: it suffers less from others than the time that passed.
    pub worked: Option<f64>,
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
            let peak = best.iter().map(|best| best.peak).chain([measured.peak]).flatten().reduce(f64::max);
            let of_all = |one: Option<f64>, two: Option<f64>| one.into_iter().chain(two).reduce(f64::min);
            *best = Some(match best {
                Some(best) if round > 1 => {
                    let worked = of_all(best.worked, measured.worked);
                    Measured { seconds: best.seconds.min(measured.seconds), worked, peak, ..measured }
                }
                _ => Measured { peak, ..measured },
            });
        }
    }
    Ok(best.into_iter().flatten().collect())
}

/// Where `time` is that tells a process's peak memory, and how long the cores worked on it.
const TIME: &str = "/usr/bin/time";

/// The sign by which its line is known.
const TOLD: &str = "told-of-the-process ";

/// Runs a program to its end. Its exit status is its own business: breaks are not a failure to measure.
pub fn process(program: &str, arguments: &[&str], folder: &Path) -> io::Result<Measured> {
    let mut command = if Path::new(TIME).exists() {
        let mut command = Command::new(TIME);
        command.args(["-f", &format!("{TOLD}%M %U %S"), program]);
        command
    } else {
        Command::new(program)
    };
    // A file takes what is printed: a pipe would measure how fast this process reads it.
    let mut printed = tempfile::tempfile()?;
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(printed.try_clone()?);
    let began = Instant::now();
    let output = command.output()?;
    let seconds = began.elapsed().as_secs_f64();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = told.lines().find_map(|line| line.strip_prefix(TOLD)).unwrap_or_default();
    let numbers: Vec<f64> = line.split(' ').filter_map(|number| number.parse().ok()).collect();
    printed.rewind()?;
    let output = io::read_to_string(printed)?;
    if output.is_empty() {
        return Err(io::Error::other(format!("{program} {arguments:?} said nothing: {told}")));
    }
    let (peak, worked) = match numbers.as_slice() {
        [kibibytes, user, system] => (Some(kibibytes / 1024.0), Some(user + system)),
        _ => (None, None),
    };
    Ok(Measured { seconds, worked, peak, output })
}

/// Something in this process, on one thread.
pub fn in_process(run: impl FnOnce() -> io::Result<String>) -> io::Result<Measured> {
    let began = Instant::now();
    let output = run()?;
    let seconds = began.elapsed().as_secs_f64();
    Ok(Measured { seconds, worked: Some(seconds), peak: None, output })
}

/// Whether a program can be started with these arguments.
pub fn is_there(program: &str, arguments: &[&str]) -> bool {
    let ran = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    ran.is_ok_and(|status| status.success())
}
