//! Counts of instructions, which repeat where times do not: each stage against the numbers that were accepted.

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::io;
use std::process::{Command, Stdio};

use super::work::{STAGES, Work};

/// Where the accepted numbers stand: a line for each stage, thousands of instructions.
const ACCEPTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.txt");

/// A stage may take so much more or less before it is told: another compiler's choices stay below it.
const TOLERANCE: f64 = 0.05;

/// Makes a stage ready and runs it: what valgrind looks at.
pub fn once(stage: &str) -> io::Result<()> {
    let ready = Work::new()?.ready(stage);
    black_box(ready());
    Ok(())
}

/// Makes a stage ready: what is taken off what valgrind counts.
pub fn ready(stage: &str) -> io::Result<()> {
    drop(black_box(Work::new()?.ready(stage)));
    Ok(())
}

/// Tells what changed.
pub fn check() -> io::Result<()> {
    let accepted = accepted();
    let mut changed = 0;
    for (stage, now) in counted()? {
        let Some(before) = accepted.get(stage) else {
            changed += 1;
            println!("{stage:<34} {now:>9} k, not accepted yet");
            continue;
        };
        let change = now as f64 / (*before).max(1) as f64 - 1.0;
        let told = if change.abs() > TOLERANCE { "CHANGED" } else { "" };
        changed += usize::from(!told.is_empty());
        println!("{stage:<34} {now:>9} k  {:>+6.1} %  {told}", change * 100.0);
    }
    if changed == 0 {
        return Ok(());
    }
    let most = TOLERANCE * 100.0;
    Err(io::Error::other(format!("{changed} stages changed by more than {most} %: mend them, or `just bench-accept`")))
}

/// Takes the numbers of today.
pub fn accept() -> io::Result<()> {
    let lines = counted()?.into_iter().map(|(stage, thousands)| format!("{stage} = {thousands}\n"));
    let text =
        format!("# Thousands of instructions of each stage; `just bench-accept` writes them.\n{}", lines.collect::<String>());
    print!("{text}");
    write(&text)
}

#[expect(clippy::disallowed_methods, reason = "a bench keeps its own numbers")]
fn write(text: &str) -> io::Result<()> {
    fs::write(ACCEPTED, text)
}

#[expect(clippy::disallowed_methods, reason = "a bench keeps its own numbers")]
fn accepted() -> BTreeMap<String, u64> {
    let text = fs::read_to_string(ACCEPTED).unwrap_or_default();
    let rows = text.lines().filter_map(|line| line.split_once(" = "));
    rows.filter_map(|(stage, thousands)| Some((stage.to_owned(), thousands.trim().parse().ok()?))).collect()
}

/// Thousands of instructions of each stage.
fn counted() -> io::Result<Vec<(&'static str, u64)>> {
    let version = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    if !version.is_ok_and(|status| status.success()) {
        return Err(io::Error::other("valgrind is not installed: instructions cannot be counted (apt-get install valgrind)"));
    }
    // Made before anything is counted.
    Work::new()?;
    let mut counts = Vec::new();
    for stage in STAGES {
        let (whole, before) = (instructions("once", stage)?, instructions("ready", stage)?);
        counts.push((stage, whole.saturating_sub(before) / 1_000));
    }
    Ok(counts)
}

fn instructions(what: &str, stage: &str) -> io::Result<u64> {
    let this = std::env::current_exe()?;
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(this)
        .args([what, stage])
        .stdin(Stdio::null())
        .output()?;
    let told = String::from_utf8_lossy(&ran.stderr);
    let collected = told.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    collected.ok_or_else(|| io::Error::other(format!("valgrind counted nothing for {stage}: {told}")))
}
