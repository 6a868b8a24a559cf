//! `ambiguous`: several causes explain a break equally well.

use super::{Hypothesis, no_edit, not_recognised};

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "ambiguous",
    meaning: "Several edits of the same size make the failed statement true, and no independent evidence decides between them.",
    evidence: "None that decides: they are listed as alternatives.",
    remedy: "Give the broker's fills and orders (`tapecheck record`): they usually decide.",
    case: "closed-by-nobody-knows-whom",
    propose: no_edit,
    recognise: not_recognised,
};
