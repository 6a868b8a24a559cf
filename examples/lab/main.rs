//! The fault lab: bots and brokers simulated from seeds, with faults of every cause, and what tapecheck makes of their days.
//!
//!     cargo run --release --example lab -- --days 10000 -o docs/kill-matrix.md
//!     cargo run --release --example lab -- --fault side_flip --seed 7

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example's output is what it is run for")]

mod matrix;
mod pages;
mod trial;

use clap::Parser;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use matrix::Matrix;
use trial::Failure;
use trial::plan::{Fault, Row};

/// Days taken by a thread at once.
const BATCH: u64 = 50;

#[derive(Parser)]
struct Arguments {
    /// Days of each row: seeds from 0 on.
    #[arg(long, default_value_t = 10_000)]
    days: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Only this row: a fault's name, `clean` or `pair`.
    #[arg(long)]
    fault: Option<String>,
    /// Only this day: its folder is kept, truth and report are printed.
    #[arg(long, requires = "fault")]
    seed: Option<u64>,
    /// Where the days are written; they need a few hundred KB.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Writes the matrix here.
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// So many of the days with which something is wrong are named.
    #[arg(long, default_value_t = 20)]
    show: usize,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let rows = rows(arguments)?;
    let folder = arguments.folder.clone().unwrap_or_else(workshop);
    if let (Some(seed), [row]) = (arguments.seed, rows.as_slice()) {
        return one_day(*row, seed, &folder);
    }
    let matrix = all_days(arguments, &rows, &folder)?;
    for (row, seed, complaints) in matrix.complaints.iter().take(arguments.show) {
        eprintln!("--fault {row} --seed {seed}: {}", complaints.join("; "));
    }
    let page = pages::matrix(&matrix, arguments.from, arguments.days);
    match &arguments.output {
        Some(path) => write(path, &page)?,
        None => println!("{page}"),
    }
    eprintln!("{} days with something wrong", matrix.complaints.len());
    Ok(if matrix.complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn rows(arguments: &Arguments) -> Result<Vec<Row>, Failure> {
    let all: Vec<Row> = [Row::Clean, Row::Pair].into_iter().chain(Fault::ALL.map(Row::Alone)).collect();
    let Some(wanted) = &arguments.fault else { return Ok(all) };
    let rows: Vec<Row> = all.iter().copied().filter(|row| matrix::name(*row) == wanted).collect();
    if rows.is_empty() {
        let names: Vec<&str> = all.into_iter().map(matrix::name).collect();
        return Err(format!("{wanted} is none of {}", names.join(", ")).into());
    }
    Ok(rows)
}

/// Memory where there is such a disk, else the system's folder for what does not last.
fn workshop() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    base.join(format!("tapecheck-lab-{}", std::process::id()))
}

/// Every day of every row, on all cores.
fn all_days(arguments: &Arguments, rows: &[Row], folder: &Path) -> Result<Matrix, Failure> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let batches = arguments.days.div_ceil(BATCH);
    let next = AtomicU64::new(0);
    let work = |own: &Path| -> Result<Matrix, Failure> {
        let mut matrix = Matrix::default();
        loop {
            let batch = next.fetch_add(1, Ordering::Relaxed);
            let Some(row) = usize::try_from(batch / batches).ok().and_then(|place| rows.get(place)) else { return Ok(matrix) };
            let first = (batch % batches) * BATCH;
            for seed in first..(first + BATCH).min(arguments.days) {
                let seed = arguments.from + seed;
                matrix.count(*row, seed, &trial::run(*row, seed, own)?);
            }
        }
    };
    let counted: Vec<Result<Matrix, Failure>> = std::thread::scope(|scope| {
        let own = |core: usize| folder.join(core.to_string());
        let handles: Vec<_> = (0..cores).map(|core| scope.spawn(move || work(&own(core)))).collect();
        handles.into_iter().map(|handle| handle.join().unwrap_or_else(|_| Err("a thread gave up".into()))).collect()
    });
    let mut matrix = Matrix::default();
    for counted in counted {
        matrix.add(counted?);
    }
    matrix.complaints.sort();
    remove(folder)?;
    Ok(matrix)
}

fn one_day(row: Row, seed: u64, folder: &Path) -> Result<ExitCode, Failure> {
    let trial = trial::run(row, seed, folder)?;
    println!("{:#?}\n{:#?}\n{:#?}", trial.plan, trial.truth, trial.judgement);
    println!("{}", tapecheck::outputs::json::write(&trial.report)?);
    println!("The day lies in {}", folder.display());
    Ok(if trial.judgement.complaints().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::disallowed_methods, reason = "the page is what was asked for")]
fn write(path: &Path, page: &str) -> std::io::Result<()> {
    std::fs::write(path, page)
}

fn remove(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() { std::fs::remove_dir_all(folder) } else { Ok(()) }
}
