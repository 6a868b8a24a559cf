//! What a look of a watch costs, and what of it grows with the logs: the first look, looks after a few appended lines, a checkpoint and going
//! on from it, memory.
//!
//!     cargo bench --bench watch

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a bench has a clock, and makes its own files")]

#[path = "../made/mod.rs"]
mod made;

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};
use tapecheck::Request;
use tapecheck::follow::{Asked, Follower, Look};
use tapecheck::time::Time;

/// Millions of bytes of logs.
const SIZES: [u64; 3] = [10, 100, 1_000];

const LOOKS: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "| logs, MB | first look, s | a look after 3 lines, ms | bytes read of them | checkpoint, KiB | stored, ms | going on from it, ms | resident, MiB |"
    );
    println!("|--:|--:|--:|--:|--:|--:|--:|--:|");
    for megabytes in SIZES {
        let made = made::directory(&made::plain(megabytes))?;
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        for part in ["logs", "state", "data"] {
            fs::create_dir_all(folder.path().join(part))?;
            for entry in fs::read_dir(made.join(part))? {
                let entry = entry?;
                fs::copy(entry.path(), folder.path().join(part).join(entry.file_name()))?;
            }
        }
        measure(megabytes, folder.path())?;
    }
    Ok(())
}

fn clock() -> Time {
    Time::UNIX_EPOCH
}

fn look(follower: &mut Follower, now: Time) -> Result<(Look, Duration), Box<dyn Error>> {
    let began = Instant::now();
    let look = follower.look(|_| Asked { recording: None, now })?;
    Ok((look, began.elapsed()))
}

fn measure(megabytes: u64, folder: &Path) -> Result<(), Box<dyn Error>> {
    let request = Request { directory: folder.to_owned(), audit: Some(clock), ..Request::default() };
    let mut follower = Follower::new(request.clone());
    let last = last_moment(&folder.join("logs/run.jsonl"))?;
    let (first, took) = look(&mut follower, last)?;
    assert!(first.read_anew.is_some());
    let (mut best, mut bytes) = (Duration::MAX, 0);
    for minute in 1..=LOOKS {
        let now = last + chrono::Duration::minutes(i64::try_from(minute)?);
        append(folder, now)?;
        let (warm, took) = look(&mut follower, now)?;
        assert!(warm.read_anew.is_none(), "{:?}", warm.read_anew);
        best = best.min(took);
        bytes = warm.bytes;
    }
    let began = Instant::now();
    let stored = follower.checkpoint(1)?.ok_or("no checkpoint")?;
    let storing = began.elapsed();
    let began = Instant::now();
    let mut resumed = Follower::resumed(request, &stored, 1)?;
    look(&mut resumed, last)?;
    let going_on = began.elapsed();
    let millis = |duration: Duration| duration.as_secs_f64() * 1_000.0;
    println!(
        "| {megabytes} | {:.2} | {:.1} | {bytes} | {} | {:.1} | {:.1} | {} |",
        took.as_secs_f64(),
        millis(best),
        stored.len() / 1024,
        millis(storing),
        millis(going_on),
        resident_mib()
    );
    Ok(())
}

/// A minute in which nothing happens.
fn append(folder: &Path, now: Time) -> Result<(), Box<dyn Error>> {
    let now = now.utc().to_rfc3339_opts(chrono::SecondsFormat::Micros, false);
    for (log, line) in [
        ("logs/run_once.jsonl", format!(r#"{{"ts": "{now}", "msg": "started"}}"#)),
        (
            "logs/run.jsonl",
            format!(r#"{{"ts": "{now}", "msg": "complete", "clusters": 5, "orders": 0, "market_open": true, "metrics": {{}}}}"#),
        ),
        (
            "state/portfolio_state.jsonl",
            format!(
                r#"{{"ts": "{now}", "alpaca": {{"timestamp": "{now}", "positions": []}}, "internal": {{"positions": {{}}}}, "diffs": []}}"#
            ),
        ),
    ] {
        writeln!(OpenOptions::new().append(true).open(folder.join(log))?, "{line}")?;
    }
    Ok(())
}

fn last_moment(log: &Path) -> Result<Time, Box<dyn Error>> {
    let mut file = fs::File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(4_096)))?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let last = text.lines().next_back().ok_or("an empty log")?;
    let row: serde_json::Value = serde_json::from_str(last)?;
    Ok(row["ts"].as_str().ok_or("no time")?.parse()?)
}

fn resident_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or(0u64) / 1024
}
