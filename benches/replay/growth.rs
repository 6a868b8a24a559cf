//! How the time of a replay grows, and what parts of it cost: a day, compressed logs, many symbols, many breaks, the start-up.

use serde_json::Value;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::made::{self, Plan};
use super::run::{self, Contestant, Measured};
use super::{TAPECHECK, Whole, replay, report as parsed, scan};

/// So many symbols, breaks, and positions that nobody holds.
const MANY_SYMBOLS: u64 = 10_000;
const MANY_STRAYS: u64 = 1_000;

/// One scale-out in so few buys: some thousand breaks in 100 MB of logs.
const OFTEN_WRONG: u64 = 2;

/// Prints all of it.
pub fn report(megabytes: u64, rounds: usize, wholes: &[Whole]) -> io::Result<()> {
    if let [small, large] = wholes {
        size(small, large);
    }
    let small = megabytes / 10;
    numbers(small, rounds)?;
    compressed(small, rounds)?;
    one_day(megabytes, rounds)?;
    start_up(rounds)
}

fn size(small: &Whole, large: &Whole) {
    let per_byte = |whole: &Whole| whole.replay / whole.bytes as f64;
    let per_event = |whole: &Whole| whole.replay / whole.events as f64;
    let scan_per_byte = |whole: &Whole| whole.scan / whole.bytes as f64;
    let (times, each) = ((large.bytes as f64 / small.bytes as f64).round(), per_byte(large) / per_byte(small));
    let scan = scan_per_byte(large) / scan_per_byte(small);
    println!("growth: {times} × the bytes, {each:.2} × the core time of a byte (the scan: {scan:.2} ×)");
    println!(
        "growth: {} events instead of {}, {:.2} × the core time of an event",
        large.events,
        small.events,
        per_event(large) / per_event(small)
    );
}

/// Many symbols and many breaks, against none, in turn.
fn numbers(megabytes: u64, rounds: usize) -> io::Result<()> {
    let plain = made::plain(megabytes);
    let plans = [
        ("60 symbols, no break", plain.clone()),
        ("10,000 symbols", Plan { symbols: MANY_SYMBOLS, ..plain.clone() }),
        ("10 open breaks", Plan { stray: 10, ..plain.clone() }),
        ("100 open breaks", Plan { stray: MANY_STRAYS / 10, ..plain.clone() }),
        ("1,000 open breaks", Plan { stray: MANY_STRAYS, ..plain.clone() }),
        ("a tenth of the scale-outs that bought", Plan { wrong: 10 * OFTEN_WRONG, ..plain.clone() }),
        ("all scale-outs that bought, of two", Plan { wrong: OFTEN_WRONG, ..plain }),
    ];
    let folders = plans.iter().map(|(_, plan)| made::directory(plan)).collect::<io::Result<Vec<PathBuf>>>()?;
    let contestants: Vec<_> = plans
        .iter()
        .zip(&folders)
        .map(|((name, _), folder)| Contestant { name, run: Box::new(|| replay(folder, &[])) })
        .collect();
    let measured = run::rounds(&contestants, rounds)?;
    let bytes = folders.iter().map(|folder| scan::bytes(folder)).collect::<io::Result<Vec<u64>>>()?;
    for (((name, _), this), own) in plans.iter().zip(&measured).zip(&bytes) {
        let times = (this.seconds / *own as f64) / (measured[0].seconds / bytes[0] as f64);
        let report = parsed(this)?;
        let breaks = report["breaks"].as_array().map_or(0, Vec::len);
        let memory = peak(this);
        println!("{name}: {times:.2} × the time of a byte ({breaks} breaks, {:.3} s, {memory})", this.seconds);
    }
    Ok(())
}

fn peak(measured: &Measured) -> String {
    measured.peak.map_or_else(String::new, |peak| format!("{peak:.0} MiB"))
}

/// The same logs as they lie there, and as `gzip` and `zstd` pack them.
fn compressed(megabytes: u64, rounds: usize) -> io::Result<()> {
    let plain = made::directory(&made::plain(megabytes))?;
    let mut packed = Vec::new();
    for (name, program, suffix) in [("gzip", "gzip", ".gz"), ("zstd", "zstd", ".zst")] {
        if !run::is_there(program, &["--version"]) {
            println!("{program} is not installed: left out");
            continue;
        }
        packed
            .push((name, made::once(&format!("{megabytes}-megabytes{suffix}"), |folder| pack(&plain, folder, program, suffix))?));
    }
    let mut contestants = vec![Contestant { name: "plain", run: Box::new(|| replay(&plain, &[])) }];
    contestants.extend(packed.iter().map(|(name, folder)| Contestant { name, run: Box::new(|| replay(folder, &[])) }));
    let measured = run::rounds(&contestants, rounds)?;
    for (contestant, this) in contestants.iter().zip(&measured).skip(1) {
        let times = this.seconds / measured[0].seconds;
        println!("{}: {times:.2} × the time of the same logs unpacked ({:.3} s, {})", contestant.name, this.seconds, peak(this));
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a bench makes its own files")]
fn pack(plain: &Path, folder: &Path, program: &str, suffix: &str) -> io::Result<()> {
    for part in ["logs", "state", "data"] {
        fs::create_dir_all(folder.join(part))?;
    }
    for state in ["state/executor_state.json", "state/position_metadata.json"] {
        fs::copy(plain.join(state), folder.join(state))?;
    }
    for log in scan::logs(plain)? {
        let below = log.strip_prefix(plain).map_err(io::Error::other)?;
        let to = fs::File::create(folder.join(format!("{}{suffix}", below.display())))?;
        let packed = Command::new(program).arg("-c").arg(&log).stdin(Stdio::null()).stdout(to).status()?;
        if !packed.success() {
            return Err(io::Error::other(format!("{program} failed")));
        }
    }
    Ok(())
}

/// A day near the end of a large directory, against the whole.
fn one_day(megabytes: u64, rounds: usize) -> io::Result<()> {
    let folder = made::directory(&made::plain(megabytes))?;
    let whole = replay(&folder, &[])?;
    let report = parsed(&whole)?;
    let last = report["sources"].as_array().into_iter().flatten().filter_map(|source| source["last_ts"].as_str()).max();
    let Some(day) = last.and_then(|last| last.get(..10)) else { return Ok(()) };
    let contestants = [
        Contestant { name: "whole", run: Box::new(|| replay(&folder, &[])) },
        Contestant { name: "day", run: Box::new(|| replay(&folder, &["--day", day])) },
    ];
    let measured = run::rounds(&contestants, rounds)?;
    if let [whole, day] = measured.as_slice() {
        let events = |measured: &Measured| parsed(measured).map(|report: Value| report["stats"]["events"].clone());
        println!(
            "the last day out of {megabytes} MB: {:.1} ms, 1/{:.0} of the whole ({} of {} events, {})",
            day.seconds * 1e3,
            whole.seconds / day.seconds,
            events(day)?,
            events(whole)?,
            peak(day)
        );
    }
    Ok(())
}

/// What it takes before anything is read, and a small day.
fn start_up(rounds: usize) -> io::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let contestants = [
        Contestant { name: "tapecheck --help", run: Box::new(|| run::process(TAPECHECK, &["--help"], here)) },
        Contestant {
            name: "tapecheck replay corpus/quiet-day",
            run: Box::new(|| run::process(TAPECHECK, &["replay", "corpus/quiet-day", "--format", "json"], here)),
        },
    ];
    let measured = run::rounds(&contestants, 4 * rounds)?;
    for (contestant, this) in contestants.iter().zip(&measured) {
        println!("{}: {:.1} ms, with what it takes to start a process ({})", contestant.name, this.seconds * 1e3, peak(this));
    }
    Ok(())
}
