//! `tapecheck audit`.

use clap::Args;

use super::replay::delivered;
use super::selection::Asking;
use super::{Failure, Output, world};
use crate::outputs::paint::Look;

/// Audits a bot now: everything that `replay` does, with now as the end, and the eight checks of what runs. A break that was resolved
/// does not count.
#[derive(Args, Debug)]
pub struct Audit {
    #[command(flatten)]
    asking: Asking,
}

impl Audit {
    pub(super) fn run(self, look: Look) -> Result<Output, Failure> {
        let mut request = self.asking.request()?;
        request.audit = Some(world::clock);
        if self.asking.selection.broker.is_none() {
            request.live = Some(self.asking.selection.reading.live());
        }
        let replay = crate::replay(&request)?;
        delivered(&replay, self.asking.format, self.asking.output, look)
    }
}
