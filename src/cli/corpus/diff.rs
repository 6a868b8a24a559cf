//! `tapecheck corpus diff`.

use clap::Args;
use std::path::PathBuf;

use super::super::selection::StageFormat;
use super::super::{Content, Failure, Output, world};
use crate::corpus::builds;
use crate::outputs::paint::Look;

const EXAMPLES: &str = "\
Examples:
  tapecheck corpus diff old/tapecheck new/tapecheck
  tapecheck corpus diff old/tapecheck new/tapecheck my-incidents
  tapecheck corpus diff --with old/tapecheck my-incidents
  tapecheck corpus diff yesterday.json today.json

With one --with, that build is held against this one; with two, the first against the second.

Exit status: 0 both builds give the same verdicts; 1 a verdict differs; 2 a case could not be checked by one of them.";

/// Tell what two builds say differently of the same cases.
///
/// A build is a tapecheck binary, which is run, or a file that `tapecheck corpus run --format json` wrote. What is accepted plays no part.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Diff {
    /// The two builds, unless given by --with; then cases, or folders of cases (default: corpus)
    #[arg(value_name = "BUILD|PATH")]
    rest: Vec<PathBuf>,
    /// A build
    #[arg(long, value_name = "BUILD")]
    with: Vec<PathBuf>,
    /// Format
    #[arg(long, value_enum, default_value = "text")]
    format: StageFormat,
}

impl Diff {
    pub(super) fn run(self, look: Look) -> Result<Output, Failure> {
        let (old, new, paths) = match (&self.with[..], &self.rest[..]) {
            ([old, new], paths) => (old.clone(), new.clone(), paths),
            ([old], paths) => (old.clone(), world::this_build().map_err(Failure::Corpus)?, paths),
            ([], [old, new, paths @ ..]) => (old.clone(), new.clone(), paths),
            ([], _) => return Err(Failure::Usage("give two builds: tapecheck corpus diff OLD NEW [PATH]…".to_owned())),
            (_, _) => return Err(Failure::Usage("two builds are compared: --with at most twice".to_owned())),
        };
        let paths = if paths.is_empty() { &[PathBuf::from("corpus")] } else { paths };
        let ask = |build| builds::ask(build, paths).map_err(|error| Failure::Corpus(error.to_string()));
        let compared = builds::compare(&ask(&old)?, &ask(&new)?);
        let text = match self.format {
            StageFormat::Text => look.spelt(&builds::text(&compared, &look)).into_owned().into(),
            StageFormat::Json => Content::Document(builds::document(&compared)),
        };
        Ok(Output { text, file: None, status: builds::exit_status(&compared) })
    }
}
