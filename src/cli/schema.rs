//! `tapecheck schema`.

use clap::Args;
use std::path::PathBuf;

use super::{Failure, Output};
use crate::outputs::schema;

const EXAMPLES: &str = "\
Examples:
  tapecheck schema
  tapecheck schema -o report.schema.json";

/// Prints the JSON Schema of `--format json`, with every key described.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Schema {
    /// Write it here instead of to stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Schema {
    pub(super) fn run(self) -> Result<Output, Failure> {
        Ok(Output { file: self.output, ..Output::shown(schema::report()?) })
    }
}
