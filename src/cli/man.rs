//! `tapecheck man`.

use clap::Args;
use clap_mangen::Man as Page;
use std::fmt::Write as _;
use std::path::PathBuf;

use super::{Content, Failure, Output, file};

const EXAMPLES: &str = "\
Examples:
  tapecheck man | man -l -
  tapecheck man -o /usr/local/share/man/man1";

/// Prints man pages, one per command.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Man {
    /// Write each into a file of this folder instead: tapecheck.1, tapecheck-replay.1 and so on
    #[arg(long, short, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(self) -> Result<Output, Failure> {
        let mut command = super::command().disable_help_subcommand(true);
        command.build();
        let mut pages = Vec::new();
        collect(&command, &mut pages);
        let Some(folder) = self.output else {
            return Ok(Output::shown(Content::Document(pages.into_iter().map(|(_, text)| text).collect())));
        };
        file::folder(&folder)?;
        let mut told = String::new();
        for (name, text) in pages {
            let path = folder.join(format!("{name}.1"));
            file::write(&path, &Content::Document(text))?;
            let _ = writeln!(told, "{}", path.display());
        }
        Ok(Output::shown(told))
    }
}

/// The pages of a command and of those below it, each with its file's name.
fn collect(command: &clap::Command, pages: &mut Vec<(String, String)>) {
    let version = concat!("tapecheck ", env!("CARGO_PKG_VERSION"));
    let page = Page::new(command.clone()).source(version).manual("tapecheck");
    let mut text = Vec::new();
    // A vector takes all that is written.
    if page.render(&mut text).is_ok() {
        // What stands below the options here are examples.
        let text = String::from_utf8_lossy(&text).replace(".SH EXTRA\n", ".SH EXAMPLES\n");
        pages.push((page.get_filename().trim_end_matches(".1").to_owned(), text));
    }
    for below in command.get_subcommands() {
        collect(below, pages);
    }
}
