//! `tapecheck replay`.

use clap::Args;
use std::path::PathBuf;

use super::selection::{Asking, Format};
use super::{Failure, Output};
use crate::outputs::{json, junit, paint::Look, sarif, text};

/// Replays a bot's day: reads its logs and state files, folds what should be held, and holds it against every witness there is.
#[derive(Args, Debug)]
pub struct Replay {
    #[command(flatten)]
    asking: Asking,
}

impl Replay {
    pub(super) fn run(self, look: Look) -> Result<Output, Failure> {
        let replay = crate::replay(&self.asking.request()?)?;
        delivered(&replay, self.asking.format, self.asking.output, look)
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
        Format::Junit => junit::write(&replay.report)?,
        Format::Sarif => sarif::write(&replay.report)?,
    };
    Ok(Output::of(text, output, replay.report.verdict))
}
