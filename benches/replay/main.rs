//! How fast a whole replay is, measured against the limit of the machine and against what one would use instead, all in one run.
//!
//!     cargo bench --bench replay
//!     TAPECHECK_BENCH_MB=100 TAPECHECK_BENCH_ROUNDS=3 cargo bench --bench replay
//!
//! Every row is measured in turn with the others, several rounds, and its best counts: on a machine that others use too, ratios within one
//! run are worth something, and times alone are not. Nothing fails for being slow.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a bench looks at its environment")]

mod growth;
#[path = "../made/mod.rs"]
mod made;
mod peers;
mod run;
mod scan;

use comfy_table::{CellAlignment, Table, presets};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use run::{Contestant, Measured};

/// The program.
const TAPECHECK: &str = env!("CARGO_BIN_EXE_tapecheck");
/// The same as `just trained` builds it; it is measured where it was built.
const TRAINED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/trained/tapecheck");

fn main() -> io::Result<()> {
    let megabytes = setting("TAPECHECK_BENCH_MB", 1_000).max(10);
    let rounds = setting("TAPECHECK_BENCH_ROUNDS", 5).max(1) as usize;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{cores} cores, {rounds} rounds in turn, the best of each\n");
    let mut wholes = Vec::new();
    for megabytes in [megabytes / 10, megabytes] {
        let folder = made::directory(&made::plain(megabytes))?;
        wholes.push(against_others(&folder, rounds)?);
    }
    // The same, of the records that the aim was set on: long ones, of which little is asked for.
    println!("only attribution.jsonl and exit_attribution.jsonl:");
    let own = made::Plan { kinds: made::Kinds::Attribution, ..made::plain(megabytes) };
    against_others(&made::directory(&own)?, rounds)?;
    growth::report(megabytes, rounds, &wholes)
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// A replay of one directory, and the scan of the same in the same rounds.
pub struct Whole {
    bytes: u64,
    events: u64,
    scan: f64,
    /// What all cores together worked, where that is known: growth is not to be mixed up with what others did meanwhile.
    replay: f64,
}

/// `tapecheck replay`, whole and with all its checking.
fn replay(folder: &Path, more: &[&str]) -> io::Result<Measured> {
    replay_by(TAPECHECK, folder, more)
}

fn replay_by(program: &str, folder: &Path, more: &[&str]) -> io::Result<Measured> {
    let arguments: Vec<&str> = ["replay", ".", "--format", "json"].iter().chain(more).copied().collect();
    run::process(program, &arguments, folder)
}

/// A report as it was printed.
fn report(measured: &Measured) -> io::Result<Value> {
    Ok(serde_json::from_str(&measured.output)?)
}

/// The newline scan, tapecheck and the peers over one directory, in turn.
fn against_others(folder: &Path, rounds: usize) -> io::Result<Whole> {
    let bytes = scan::bytes(folder)?;
    let (peers, absent) = peers::installed();
    let scans = || run::in_process(|| Ok(scan::newlines(folder)?.to_string()));
    let mut contestants = vec![
        Contestant { name: "newline scan", run: Box::new(scans) },
        Contestant { name: "tapecheck replay", run: Box::new(|| replay(folder, &[])) },
    ];
    // Right behind the other: a machine that was busy for long is slower for a while.
    if Path::new(TRAINED).exists() {
        contestants.push(Contestant { name: "tapecheck replay, trained", run: Box::new(|| replay_by(TRAINED, folder, &[])) });
    }
    contestants.extend(peers.iter().map(|peer| Contestant { name: peer.name, run: Box::new(|| peer.answer(folder)) }));
    let measured = run::rounds(&contestants, rounds)?;
    let (ours, answers) = measured.split_at(contestants.len() - peers.len());
    let [scan, replayed, trained @ ..] = ours else { return Err(io::Error::other("nothing was measured")) };
    let rows: Vec<_> = contestants.iter().map(|contestant| contestant.name).zip(&measured).collect();
    println!("{} MB of logs\n{}", bytes / 1_000_000, table(&rows, bytes, scan.seconds));
    let report = report(replayed)?;
    println!("{}", same_answer(&report, answers));
    if let [trained] = trained {
        println!("trained, the {} report", if trained.output == replayed.output { "same" } else { "WRONG" });
    }
    for word in absent {
        println!("{word}");
    }
    println!();
    let events = report["stats"]["events"].as_u64().unwrap_or_default();
    Ok(Whole { bytes, events, scan: scan.seconds, replay: replayed.worked.unwrap_or(replayed.seconds) })
}

fn table(rows: &[(&str, &Measured)], bytes: u64, scan: f64) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header(["", "seconds", "GB/s", "× scan", "core seconds", "× scan", "peak MiB"]);
    for (name, measured) in rows {
        let rate = bytes as f64 / measured.seconds / 1e9;
        let told = |number: Option<f64>, digits: usize| number.map_or("–".to_owned(), |number| format!("{number:.digits$}"));
        table.add_row([
            (*name).to_owned(),
            format!("{:.3}", measured.seconds),
            format!("{rate:.2}"),
            format!("{:.1}", measured.seconds / scan),
            told(measured.worked, 2),
            told(measured.worked.map(|worked| worked / scan), 1),
            told(measured.peak, 0),
        ]);
    }
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table
}

/// Whether all give the same answer, as far as each gives one: how many of the broker's books part from the expected book, what is left of each
/// symbol, how many records each log has.
fn same_answer(report: &Value, answers: &[Measured]) -> String {
    let mut theirs: BTreeMap<&str, f64> = BTreeMap::new();
    for (what, amount) in answers.iter().flat_map(|answer| answer.output.lines()).filter_map(|line| line.rsplit_once(',')) {
        let Ok(amount) = amount.parse() else { return format!("NO NUMBER: {what},{amount}") };
        if theirs.insert(what, amount).is_some_and(|other| (other - amount).abs() > 1e-6) {
            return format!("THE PEERS' ANSWERS DIFFER ABOUT {what}");
        }
    }
    if theirs.is_empty() {
        return "no peer to hold the answer against".to_owned();
    }
    let lists = |pointer: &str| report.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_default();
    let held: BTreeMap<&str, f64> = lists("/books/expected/positions")
        .filter_map(|position| Some((position["symbol"].as_str()?, number(&position["qty"]))))
        .collect();
    let lines: BTreeMap<&str, f64> =
        lists("/sources").filter_map(|source| Some((source["path"].as_str()?, number(&source["lines"])))).collect();
    let differ = theirs.iter().filter(|(what, amount)| {
        let ours = match what.strip_prefix("left of ") {
            Some(symbol) => held.get(symbol).copied().unwrap_or_default(),
            // No other statement is in these logs that could fail alone.
            None if **what == "books that part" => number(&report["stats"]["statements_failed"]),
            None => lines.get(*what).copied().unwrap_or_default(),
        };
        (ours - **amount).abs() > 1e-6
    });
    match differ.count() {
        0 => format!("all give the same answer: {} numbers agree", theirs.len()),
        some => format!("{some} OF {} NUMBERS DIFFER FROM TAPECHECK'S", theirs.len()),
    }
}
