//! `tapecheck replay`.

use clap::Args;
use std::path::PathBuf;

use super::progress::Bar;
use super::selection::{Asking, Format, Otherwise};
use super::{Content, Failure, Output, world};
use crate::biographies::Biographies;
use crate::outputs::html::Told;
use crate::outputs::{html, junit, paint::Look, prometheus, sarif, text};

const EXAMPLES: &str = "\
Examples:
  tapecheck replay bot --day 2026-02-05
  tapecheck replay bot --broker recordings/2026-02-05
  tapecheck replay bot --symbol HOOD,DAL --verbose
  tapecheck replay bot --from 2026-02-02 --format json -o report.json

Exit status: 0 everything that was asked was checked and agrees; 1 at least one break, also a resolved one; 2 could not check.";

/// Replays a bot's day: reads its logs and state files, folds what should be held, and holds it against every witness there is.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Replay {
    #[command(flatten)]
    asking: Asking,
}

impl Replay {
    pub(super) fn run(self, look: Look, bar: &Bar) -> Result<Output, Failure> {
        let mut request = self.asking.request(Otherwise::None)?;
        request.observer = bar.observer();
        let replay = crate::replay(&request)?;
        bar.clear();
        delivered(replay, self.asking.format, self.asking.output, look)
    }
}

/// The report in its format, and what is worth telling beside it on stderr.
pub(super) fn delivered(replay: crate::Replay, format: Format, output: Option<PathBuf>, look: Look) -> Result<Output, Failure> {
    super::tell(&replay.notices);
    super::caching::tell(replay.cached, look);
    let verdict = replay.report.verdict;
    let document = |text: String| Ok(Output::of(Content::Document(text), output.clone(), verdict));
    let text = match format {
        // Written as it is made: that of a year is large.
        Format::Json => return Ok(Output::of(Content::Json(Box::new(replay.report)), output, verdict)),
        // A file is not a terminal.
        Format::Text if output.is_some() => {
            text::write(&replay.report, &Look { verbose: look.verbose, quiet: look.quiet, ..Look::plain() })
        }
        Format::Text => text::write(&replay.report, &look),
        Format::Html => return document(page(&replay)?),
        Format::Junit => return document(junit::write(&replay.report)?),
        Format::Sarif => return document(sarif::write(&replay.report)?),
        Format::Prometheus => {
            return document(prometheus::write(&replay.report, replay.report.window.at.unwrap_or_else(world::clock)));
        }
    };
    Ok(Output::of(text.into(), output, verdict))
}

fn page(replay: &crate::Replay) -> Result<String, Failure> {
    let none = Biographies::since(None);
    let biographies = replay.ledger.biographies.as_ref().unwrap_or(&none);
    let told = Told { report: &replay.report, biographies, tape: &replay.tape.events, calendar: &replay.calendar };
    Ok(html::write(&told)?)
}
