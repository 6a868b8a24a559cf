//! `tapecheck schema`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

use super::{Content, Failure, Output};
use crate::outputs::announcement::document;
use crate::outputs::schema;

const EXAMPLES: &str = "\
Examples:
  tapecheck schema
  tapecheck schema -o report.schema.json
  tapecheck schema announcement";

/// What has a published shape.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Shape {
    /// What `--format json` of `replay` and `audit` gives
    #[default]
    Report,
    /// What a watch announces, one object a line
    Announcement,
}

/// Prints the JSON Schema of `--format json`, with every key described.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Schema {
    /// Of what
    #[arg(value_enum, default_value_t)]
    shape: Shape,
    /// Write it here instead of to stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Schema {
    pub(super) fn run(self) -> Result<Output, Failure> {
        let text = match self.shape {
            Shape::Report => schema::report()?,
            Shape::Announcement => document::published()?,
        };
        Ok(Output { file: self.output, ..Output::shown(Content::Document(text)) })
    }
}
