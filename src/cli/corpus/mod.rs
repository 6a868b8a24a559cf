//! `tapecheck corpus`: recorded days as tests.

mod accept;
mod add;
mod diff;
mod list;
mod minimize;
mod run;

use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};

use super::progress::Bar;
use super::selection::{Asking, Otherwise};
use super::{Failure, Output, settings, world};
use crate::Request;
use crate::corpus::case::Command;
use crate::corpus::find;
use crate::outputs::paint::Look;

const EXAMPLES: &str = "\
Examples:
  tapecheck corpus run
  tapecheck corpus run corpus/scale-out-that-bought --strict
  tapecheck corpus run --format junit -o corpus.xml
  tapecheck corpus list
  tapecheck corpus add hood-bought-instead --from bot --day 2026-02-05
  tapecheck corpus accept corpus/scale-out-that-bought
  tapecheck corpus minimize corpus/scale-out-that-bought
  tapecheck corpus diff old/tapecheck new/tapecheck

A PATH is a case, or a folder of cases; `corpus` if none is given.

Exit status: 0 every case gives the accepted verdict; 1 a case changed; 2 a case could not be checked.";

/// Recorded days that must give the same verdict for ever.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Corpus {
    #[command(subcommand)]
    verb: Verb,
}

// Each says itself what it does: the short and the long of it.
#[derive(Subcommand, Debug)]
enum Verb {
    Run(run::Run),
    Add(add::Add),
    Accept(accept::Accept),
    Minimize(minimize::Minimize),
    List(list::List),
    Diff(diff::Diff),
}

impl Corpus {
    pub(super) fn run(self, look: Look, bar: &Bar) -> Result<Output, Failure> {
        match self.verb {
            Verb::Run(run) => run.run(look, bar),
            Verb::Add(add) => add.run(look),
            Verb::Accept(accept) => accept.run(look),
            Verb::Minimize(minimize) => minimize.run(look, bar),
            Verb::List(list) => list.run(look),
            Verb::Diff(diff) => diff.run(look),
        }
    }
}

/// The cases that the paths name; those of `corpus` if there is none.
pub(in crate::cli) fn cases(paths: Vec<PathBuf>) -> Result<Vec<PathBuf>, Failure> {
    let paths = if paths.is_empty() { vec![PathBuf::from("corpus")] } else { paths };
    find::cases(&paths).map_err(|error| Failure::Corpus(error.to_string()))
}

/// The flags of a case, as if they had been typed after `replay` or `audit`.
#[derive(Parser, Debug)]
#[command(name = "case.toml", no_binary_name = true, disable_help_flag = true)]
struct Typed {
    #[command(flatten)]
    asking: Asking,
}

/// The request that the arguments of a case make.
pub fn parsed(command: Command, arguments: &[String]) -> Result<Request, String> {
    let mut typed = Typed::try_parse_from(arguments).map_err(|error| first_line(&error.to_string()))?;
    // A file of settings counts where it is named, and none is looked for: what lies above a case is none of its business.
    let chosen = &mut typed.asking.selection.judging.chosen;
    chosen.no_config = chosen.config.is_none();
    let mut request = typed.asking.request(Otherwise::None).map_err(|failure| failure.to_string())?;
    match command {
        Command::Replay => {}
        Command::Audit => request.audit = Some(world::clock),
    }
    Ok(request)
}

/// The flag that names the settings of a bot's directory, if it has any.
pub(in crate::cli) fn settings_of(directory: &Path) -> Option<String> {
    settings::find(directory).map(|file| format!("--config={}", file.display()))
}

/// A request as a case makes it: whose account it is goes with the account's number.
fn without_account(mut request: Request) -> Request {
    request.account = None;
    if let Some(file) = &mut request.settings_file {
        file.text = crate::settings::without_account(&file.text);
    }
    request
}

/// The error without the usage below it, which is of no use in a file.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}
