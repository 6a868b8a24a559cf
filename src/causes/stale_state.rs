//! `stale_state`: a file that is older than what it should describe.

use super::{Hypothesis, Scene, no_edit};
use crate::breaks::{BookName, Break, Cause, Kind};
use crate::time::{self, Time};

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "stale_state",
    meaning: "A state file, or the whole log, is older than the movements that explain the difference. Not a difference in what is held.",
    evidence: "The file's own timestamp lies cycles before the last cycle, or days before the broker's answer.",
    remedy: "Find out why the reconciler stopped, or take a fresh copy of the files.",
    case: "reconciler-stopped",
    propose: no_edit,
    recognise,
};

/// The cause of a difference that arose after the last record: what it looked like is what it may have been.
pub fn since(written: Time, looked_like: &Cause) -> Cause {
    let last = time::show(written);
    let listed = looked_like.alternatives.iter().copied().chain([looked_like.code]);
    Cause {
        code: HYPOTHESIS.code,
        proved: false,
        edit: Some(format!(
            "the bot's last record is of {last}, and this arose after it: these logs cannot tell what was done since"
        )),
        alternatives: listed.filter(|code| !matches!(*code, "ambiguous" | "unknown")).collect(),
    }
}

fn recognise(found: &Break, _: &Scene<'_>) -> Option<String> {
    // A metadata row keeps the side of the entry it was written for (formats.md 10.2).
    let old_row = found.kind == Kind::Side && found.book == BookName::Metadata;
    (found.kind == Kind::StaleState || old_row).then(|| found.evidence.first().map(|evidence| evidence.says.clone())).flatten()
}
