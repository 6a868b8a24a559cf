//! `tapecheck config`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

use super::selection::Judging;
use super::{Content, Failure, Output, spared};
use crate::Request;
use crate::outputs::settings;

const EXAMPLES: &str = "\
Examples:
  tapecheck config
  tapecheck config bot --grace 20
  tapecheck config bot --format json
  tapecheck config bot -o settings.toml

Exit status: 0 the settings are sound; 2 the file cannot be read, or says something that is not allowed.";

/// Show the settings that count, each with where its value comes from: a default, a line of tapecheck.toml, a flag.
///
/// What is printed is itself a file of settings, and gives the same ones.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Config {
    /// The bot's directory
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    #[command(flatten)]
    judging: Judging,
    /// Warnings count as breaks
    #[arg(long)]
    strict: bool,
    /// Format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Write them here instead of to stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Formats of the settings.
#[derive(ValueEnum, Clone, Copy, Debug)]
enum Format {
    /// A file of settings, with comments
    Text,
    /// For programs
    Json,
}

impl Config {
    pub(super) fn run(self) -> Result<Output, Failure> {
        let (settings, file) = self.judging.settings(&self.directory, self.strict)?;
        let reads = Request { directory: self.directory, layout: settings.layout(), settings_file: file, ..Request::default() };
        self.output.as_ref().map_or(Ok(()), |output| spared::file(&reads, output))?;
        let text = match self.format {
            Format::Text => settings::text(&settings).into(),
            Format::Json => Content::Document(settings::json(&settings)),
        };
        Ok(Output { text, file: self.output, status: 0 })
    }
}
