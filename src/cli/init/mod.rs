//! `tapecheck init`.

#![expect(
    clippy::disallowed_methods,
    reason = "the edge: here the bot's directory is looked at, and a file of settings is written"
)]

mod look;

use clap::Args;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Failure, Output};
use crate::settings::{FILE, template};
use crate::whole;

const EXAMPLES: &str = "\
Examples:
  tapecheck init
  tapecheck init bot
  tapecheck init bot --stdout
  tapecheck init bot -o settings/bot.toml

Exit status: 0 it was written; 2 it was not: there is one already, say.";

/// Write a tapecheck.toml for a bot's directory, by looking at what lies in it.
///
/// Every setting is there with what it means and its default, as a comment: nothing changes until you take a `#` away. Logs that lie
/// elsewhere than they usually do, and logs of an unknown format, are named. A file that is there is never written over.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Init {
    /// The bot's directory
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// Print it, and write nothing
    #[arg(long, conflicts_with = "output")]
    stdout: bool,
    /// Write it here instead of to DIR/tapecheck.toml
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Init {
    pub(super) fn run(self) -> Result<Output, Failure> {
        fs::read_dir(&self.directory).map_err(|error| {
            Failure::Usage(format!("{} is not a directory that can be read: {error}", self.directory.display()))
        })?;
        let seen = look::at(&self.directory);
        let text = template::of(&seen);
        if self.stdout {
            return Ok(Output::shown(text));
        }
        let file = self.output.unwrap_or_else(|| self.directory.join(FILE));
        write(&file, &text)?;
        let file = file.display();
        let (usual, elsewhere, unknown) = (seen.usual.len(), seen.elsewhere.len(), seen.unknown.len());
        let mut out = format!(
            "wrote {file}\n{usual} files lie where they usually do, {elsewhere} elsewhere, {unknown} are of no known format\n"
        );
        out.push_str(
            "every line of it is a comment: take the # away from what you want to set, then see it with tapecheck config\n",
        );
        Ok(Output::shown(out))
    }
}

/// Writes a file that is not there yet, and nothing else.
fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::Usage(format!("{} is already there, and is not written over; see a new one with --stdout", file.display()))
        }
        _ => Failure::Write(file.display().to_string(), error),
    };
    whole::create(file, |out: &mut dyn Write| out.write_all(text.as_bytes())).map_err(failed)
}
