//! `tapecheck audit`.

use clap::Args;
use std::path::PathBuf;

use super::common::{Selection, Symbols};
use super::replay::{Format, delivered};
use super::{Failure, Output, world};
use crate::outputs::paint::Look;

/// Audits a bot now: everything that `replay` does, with now as the end, and the eight checks of what runs. A break that was resolved
/// does not count.
#[derive(Args, Debug)]
pub struct Audit {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    symbols: Symbols,
    /// Format of the report
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Write the report here instead of to stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Warnings count as breaks
    #[arg(long)]
    strict: bool,
}

impl Audit {
    pub(super) fn run(self, look: Look) -> Result<Output, Failure> {
        let mut request = self.selection.request(self.symbols.symbol.into_iter().collect(), self.strict)?;
        request.audit = Some(world::clock);
        if self.selection.broker.is_none() {
            request.live = Some(self.selection.reading.live());
        }
        let replay = crate::replay(&request)?;
        delivered(&replay, self.format, self.output, look)
    }
}
