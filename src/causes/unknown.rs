//! `unknown`: no edit that was tried makes the failed statement true.

use super::{Hypothesis, no_edit, not_recognised};

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "unknown",
    meaning: "No single edit explains the break without contradicting another statement; or its kind (a price, a count, a missing record) has no edit.",
    evidence: "None.",
    remedy: "Look at the symbol's biography: more than one thing may have gone wrong between two agreements.",
    case: "two-faults-between-agreements",
    propose: no_edit,
    recognise: not_recognised,
};
