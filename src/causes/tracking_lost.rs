//! `tracking_lost`: the executor lacks what the tape and the broker agree on.

use super::{Hypothesis, Scene, no_edit};
use crate::breaks::{BookName, Break, Severity};

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "tracking_lost",
    meaning: "The tape and the broker agree, and the executor does not track the position as it is: it lacks it, or still lists what was closed.",
    evidence: "executor_state has no row, or another one, at a time at which the broker and the tape agree.",
    remedy: "What the executor lacks nobody manages, and what it still lists cannot be closed: restart the bot so that it reconciles, and look for a state reset.",
    case: "executor-forgot-a-position",
    propose: no_edit,
    recognise,
};

fn recognise(found: &Break, _: &Scene<'_>) -> Option<String> {
    let symbol = found.symbol.as_ref()?;
    let lost = found.book == BookName::Executor && found.severity == Severity::Break;
    lost.then(|| {
        let has = found.expected.text().unwrap_or_default();
        format!("the executor has {has} of {symbol}; the tape and the broker have {}", found.actual.text().unwrap_or_default())
    })
}
