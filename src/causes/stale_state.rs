//! `stale_state`: a file that is older than what it should describe.

use super::{Hypothesis, Scene, no_edit};
use crate::breaks::{BookName, Break, Kind};

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "stale_state",
    meaning: "A state file, or the whole log, is older than the movements that explain the difference. Not a difference in what is held.",
    evidence: "The file's own timestamp lies cycles before the last cycle, or days before the broker's answer.",
    remedy: "Find out why the reconciler stopped, or take a fresh copy of the files.",
    case: "reconciler-stopped",
    propose: no_edit,
    recognise,
};

fn recognise(found: &Break, _: &Scene<'_>) -> Option<String> {
    // A metadata row keeps the side of the entry it was written for (formats.md 10.2).
    let old_row = found.kind == Kind::Side && found.book == BookName::Metadata;
    (found.kind == Kind::StaleState || old_row).then(|| found.evidence.first().map(|evidence| evidence.says.clone())).flatten()
}
