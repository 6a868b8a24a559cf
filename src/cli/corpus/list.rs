//! `tapecheck corpus list`.

use clap::Args;
use std::path::PathBuf;

use super::super::selection::StageFormat;
use super::super::{Content, Failure, Output};
use crate::corpus::list;
use crate::outputs::paint::Look;

const EXAMPLES: &str = "\
Examples:
  tapecheck corpus list
  tapecheck corpus list my-incidents --format json

Exit status: 0; 2 if a case could not be read.";

/// Show what there is: what happened, when, which breaks and causes.
///
/// Breaks and causes are those of the accepted report; nothing is replayed. What happened is told where 120 columns are there for it.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct List {
    /// Cases, or folders of cases (default: corpus)
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Format
    #[arg(long, value_enum, default_value = "text")]
    format: StageFormat,
}

impl List {
    pub(super) fn run(self, look: Look) -> Result<Output, Failure> {
        let listed = list::look(&super::cases(self.paths)?, super::parsed);
        let text = match self.format {
            StageFormat::Text => look.spelt(&list::text(&listed, &look)).into_owned().into(),
            StageFormat::Json => Content::Document(list::document(&listed)),
        };
        let status = if listed.iter().any(|row| row.result.is_err()) { 2 } else { 0 };
        Ok(Output { text, file: None, status })
    }
}
