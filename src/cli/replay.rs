//! `tapecheck replay`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

use super::common::{Selection, Symbols};
use super::{Failure, Output};
use crate::outputs::{json, paint::Look, text};

/// Replays a bot's day: reads its logs and state files, folds what should be held, and holds it against every witness there is.
#[derive(Args, Debug)]
pub struct Replay {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    symbols: Symbols,
    /// Format of the report
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Write the report here instead of to stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Warnings count as breaks
    #[arg(long)]
    strict: bool,
}

/// Formats of the report.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

impl Replay {
    pub(super) fn run(self, look: Look) -> Result<Output, Failure> {
        let request = self.selection.request(self.symbols.symbol.into_iter().collect(), self.strict)?;
        let replay = crate::replay(&request)?;
        delivered(&replay, self.format, self.output, look)
    }
}

/// The report in its format, and what is worth telling beside it on stderr.
pub(super) fn delivered(replay: &crate::Replay, format: Format, output: Option<PathBuf>, look: Look) -> Result<Output, Failure> {
    super::tell(&replay.notices);
    let text = match format {
        // A file is not a terminal.
        Format::Text if output.is_some() => {
            text::write(&replay.report, &Look { verbose: look.verbose, quiet: look.quiet, ..Look::plain() })
        }
        Format::Text => text::write(&replay.report, &look),
        Format::Json => json::write(&replay.report)?,
    };
    Ok(Output::of(text, output, replay.report.verdict))
}
