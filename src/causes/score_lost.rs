//! `score_lost`: a position whose entry score is gone.

use super::{Hypothesis, Scene, no_edit};
use crate::breaks::{Break, Kind};

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "score_lost",
    meaning: "The position is there, its entry score is not: it was found again by the reconciler, which writes 0.",
    evidence: "entry_score is 0 or missing; `position_missing_entry_score` in the reconciler's log.",
    remedy: "Exits that depend on the score treat it as the worst: restore the score from the entry's attribution row.",
    case: "score-defaulted-to-zero",
    propose: no_edit,
    recognise,
};

fn recognise(found: &Break, _: &Scene<'_>) -> Option<String> {
    let symbol = found.symbol.as_ref()?;
    (found.kind == Kind::MissingEntryScore).then(|| format!("only the entry score of {symbol} is gone"))
}
