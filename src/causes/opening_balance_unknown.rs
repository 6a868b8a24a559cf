//! `opening_balance_unknown`: the tape starts in mid-life, and something was held before it (`formats.md` T4).

use rust_decimal::Decimal;

use super::{Bracket, Edit, Hypothesis, Proposal, Scene, Size};
use crate::breaks::Break;
use crate::position::{Symbol, plain};

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "opening_balance_unknown",
    meaning: "The tape starts in mid-life: what was held before its first line is not known, and a first statement was wrong about it.",
    evidence: "The first lifecycle of the symbol on the tape; no agreement before it.",
    remedy: "Give an older log, or a recording of the broker from before the window.",
    case: "tape-begins-in-mid-life",
    propose,
    recognise,
};

fn propose(bracket: &Bracket<'_>) -> Vec<Proposal> {
    let Some((stated, expected)) = bracket.stated().zip(bracket.expected.known()).filter(|_| bracket.from_the_beginning) else {
        return Vec::new();
    };
    vec![Proposal {
        code: HYPOTHESIS.code,
        edits: vec![Edit::Opening(stated - expected)],
        size: Size::Fitted,
        support: Some(0),
        at: bracket.begins(),
        words: words(stated - expected, bracket.symbol),
    }]
}

fn words(opening: Decimal, symbol: &Symbol) -> String {
    format!("{} {symbol} were held when the tape began", plain(opening))
}

/// The ledger has set the opening balance by the first statement: what was not entered on the tape was held before it.
fn recognise(found: &Break, _: &Scene<'_>) -> Option<String> {
    Some(words(found.opening?, found.symbol.as_ref()?))
}
