//! `state_reset`: the bot's state was wiped and written again in one moment (incident 7).

use super::{Hypothesis, Scene, no_edit};
use crate::breaks::{Break, Kind};

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "state_reset",
    meaning: "All rows of the state were written anew within milliseconds: entry times and scores are gone, the broker's book did not change.",
    evidence: "Three or more rows with one entry time; scores 0; degraded mode before it.",
    remedy: "Entry times and ages are not to be trusted: restore metadata from a backup before time-based exits run.",
    case: "state-wiped-and-written-anew",
    propose: no_edit,
    recognise,
};

fn recognise(found: &Break, _: &Scene<'_>) -> Option<String> {
    let several = found.symbol.is_none() && found.kind == Kind::MissingEntryScore;
    several.then(|| found.evidence.first().map(|evidence| evidence.says.clone())).flatten()
}
