//! `tapecheck corpus run`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

use super::super::progress::Bar;
use super::super::{Content, Failure, Output};
use crate::corpus::{document, run, told};
use crate::outputs::paint::Look;

const EXAMPLES: &str = "\
Examples:
  tapecheck corpus run
  tapecheck corpus run corpus/scale-out-that-bought my-incidents
  tapecheck corpus run --strict --jobs 4
  tapecheck corpus run --format junit -o corpus.xml
  tapecheck corpus run --format sarif -o corpus.sarif

Exit status: 0 every case gives the accepted verdict; 1 a case changed; 2 a case could not be checked. A run in \
which both happened exits 1 and says both.";

/// Replay every case, and tell which no longer gives the accepted verdict.
///
/// Verdicts are compared, not bytes: breaks, causes, books, checks, distrusted lines. A report that differs elsewhere, in its wording say,
/// is a remark.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Run {
    /// Cases, or folders of cases (default: corpus)
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Format of what is told
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Write it here instead of to stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Cases replayed at once (default: as many as there are cores)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// A report that differs anywhere has changed
    #[arg(long)]
    strict: bool,
}

/// Formats of a run.
#[derive(ValueEnum, Clone, Copy, Debug)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// For CI: each case is a test
    Junit,
    /// For code hosts: each change on the accepted report of its case
    Sarif,
}

impl Run {
    pub(super) fn run(self, look: Look, bar: &Bar) -> Result<Output, Failure> {
        let folders = super::cases(self.paths)?;
        self.output.as_ref().map_or(Ok(()), |output| super::super::spared::cases(&folders, output))?;
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let tell = |done: usize| bar.say(&format!("{done} of {} cases", folders.len()));
        let outcomes = run::run(&folders, self.jobs.map_or_else(cores, usize::from), super::parsed, &tell);
        bar.clear();
        // A file is not a terminal.
        let plain = Look { verbose: look.verbose, quiet: look.quiet, ..Look::plain() };
        let text = match self.format {
            Format::Text => {
                let look = if self.output.is_some() { &plain } else { &look };
                look.spelt(&told::text(&outcomes, self.strict, look)).into_owned().into()
            }
            Format::Json => Content::Document(document::write(&outcomes, self.strict)),
            Format::Junit => Content::Document(told::junit(&outcomes, self.strict)?),
            Format::Sarif => Content::Document(told::sarif(&outcomes, self.strict)?),
        };
        Ok(Output { text, file: self.output, status: run::exit_status(&outcomes, self.strict) })
    }
}
