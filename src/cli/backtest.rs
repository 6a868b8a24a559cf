//! `tapecheck backtest`.

use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

use super::corpus::{cases, parsed, settings_of};
use super::progress::Bar;
use super::{Failure, Output};
use crate::backtest::{self, Day, Grid, document, told};
use crate::brokers::Endpoint;
use crate::corpus::case::{Case, Command, MANIFEST};
use crate::outputs::paint::Look;

const EXAMPLES: &str = "\
Examples:
  tapecheck backtest
  tapecheck backtest corpus/scale-out-that-bought bot
  tapecheck backtest --interval 60 --confirm 1,2 --grace 10 --settle 0
  tapecheck backtest --tune
  tapecheck backtest --format json -o backtest.json

A PATH is a case, a bot's directory, or a folder of these; `corpus` if none is given.

Exit status: 0 every day was replayed; 2 a day could not be.";

/// Watch recorded days as if they were live, and say what the alarms would have told.
///
/// Every setting of interval, confirmation, grace and settling looks at the day as it was at each moment. What it announces is held against
/// the report of the whole day: alarms of what was not there, breaks that were never announced, and how long it took.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Backtest {
    /// Cases, bots' directories, or folders of them (default: corpus)
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Seconds from one look to the next [default: 15,30,60,120,300]
    #[arg(long, value_name = "SECONDS", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=86_400))]
    interval: Vec<u32>,
    /// Looks in a row that confirm [default: 1,2,3]
    #[arg(long, value_name = "LOOKS", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=1000))]
    confirm: Vec<u32>,
    /// Seconds around a movement in which either side of it is accepted [default: 5,10,20,60]
    #[arg(long, value_name = "SECONDS", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(0..=3600))]
    grace: Vec<u32>,
    /// Seconds that a break must have stood [default: 0,30,120]
    #[arg(long, value_name = "SECONDS", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(0..=86_400))]
    settle: Vec<u32>,
    /// Propose a setting, and say what each step away from it costs
    #[arg(long)]
    tune: bool,
    /// Format of what is told
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Write it here instead of to stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Days replayed at once (default: as many as there are cores)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
}

/// Formats of a backtest.
#[derive(ValueEnum, Clone, Copy, Debug)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

impl Backtest {
    pub(super) fn run(self, look: Look, bar: &Bar) -> Result<Output, Failure> {
        let days = days(self.paths.clone())?;
        let grid = self.grid();
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let tell = |done: usize| bar.say(&format!("{done} of {} days", days.len()));
        let tested = backtest::run(&days, &grid, self.jobs.map_or_else(cores, usize::from), &tell);
        bar.clear();
        // A file is not a terminal.
        let plain = Look { verbose: look.verbose, quiet: look.quiet, ..Look::plain() };
        let look = if self.output.is_some() { &plain } else { &look };
        let text = match self.format {
            Format::Text => look.spelt(&told::text(&tested, &grid, self.tune, look)).into_owned(),
            Format::Json => document::write(&tested, &grid, self.tune),
        };
        Ok(Output { text: text.into(), file: self.output, status: if tested.failed.is_empty() { 0 } else { 2 } })
    }

    fn grid(&self) -> Grid {
        let usual = Grid::default();
        let or = |asked: &Vec<u32>, usual: Vec<u32>| if asked.is_empty() { usual } else { asked.clone() };
        let grid = Grid {
            intervals: or(&self.interval, usual.intervals),
            confirms: or(&self.confirm, usual.confirms),
            graces: or(&self.grace, usual.graces),
            settles: or(&self.settle, usual.settles),
        };
        grid.sorted()
    }
}

/// The days that the paths name.
fn days(paths: Vec<PathBuf>) -> Result<Vec<Day>, Failure> {
    cases(paths)?.iter().map(|folder| day(folder)).collect()
}

fn day(folder: &Path) -> Result<Day, Failure> {
    let failed = |why: String| Failure::Corpus(why);
    if folder.join(MANIFEST).is_file() {
        let case = Case::load(folder, parsed).map_err(|error| failed(error.to_string()))?;
        return Ok(Day { name: case.name().to_owned(), request: case.request().clone() });
    }
    let broker = Some(folder.join("broker")).filter(|broker| broker.join(Endpoint::Positions.file()).is_file());
    let flags: Vec<String> = settings_of(folder).into_iter().collect();
    let mut request = parsed(Command::Replay, &flags).map_err(failed)?;
    request.directory = folder.to_owned();
    request.broker = broker.or(request.broker);
    let name = folder.file_name().map_or_else(|| folder.display().to_string(), |name| name.to_string_lossy().into_owned());
    Ok(Day { name, request })
}
