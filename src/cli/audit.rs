//! `tapecheck audit`.

use clap::Args;

use super::progress::Bar;
use super::replay::delivered;
use super::selection::{Asking, Otherwise};
use super::{Failure, Output, world};
use crate::outputs::paint::Look;

const EXAMPLES: &str = "\
Examples:
  tapecheck audit bot --broker live
  tapecheck audit bot --broker live --quiet
  tapecheck audit bot --broker live --format prometheus -o bot.prom
  tapecheck audit bot --broker recordings/1 --at 2026-02-05T20:00:00Z

Exit status: 0 everything was checked and is right; 1 an open break, or a check that failed; 2 something could not be checked.";

/// Audits a bot now: everything that `replay` does, with now as the end, and the eight checks of what runs. A break that was resolved
/// does not count.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Audit {
    #[command(flatten)]
    asking: Asking,
}

impl Audit {
    pub(super) fn run(self, look: Look, bar: &Bar) -> Result<Output, Failure> {
        let mut request = self.asking.request(Otherwise::Live)?;
        request.audit = Some(world::clock);
        request.observer = bar.observer();
        let replay = crate::replay(&request)?;
        bar.clear();
        delivered(replay, self.asking.format, self.asking.output, look)
    }
}
