//! `scale_out_not_executed`: a scale-out that the bot logged and the broker did not do.

use itertools::Itertools;
use rust_decimal::Decimal;

use super::{Bracket, Edit, Hypothesis, Proposal, Size, Suspect, clock, not_recognised};
use crate::event::Action;
use crate::position::plain;

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "scale_out_not_executed",
    meaning: "A scale-out was logged after the order was sent, and the order did not fill.",
    evidence: "The gap is exactly the scale-out; no fill of the broker belongs to it.",
    remedy: "Look the order up at the broker: rejected or cancelled. The position is larger than the bot meant.",
    case: "scale-out-that-never-filled",
    propose,
    recognise: not_recognised,
};

/// More scale-outs than this are not left out together.
const MOST_TOGETHER: usize = 4;

fn propose(bracket: &Bracket<'_>) -> Vec<Proposal> {
    let scale_outs: Vec<Suspect<'_>> =
        bracket.suspects().filter(|suspect| matches!(suspect.movement.action, Action::ScaleOut(_))).collect();
    if scale_outs.len() > MOST_TOGETHER {
        return scale_outs.into_iter().map(|one| left_out(bracket, &[one])).collect();
    }
    scale_outs.into_iter().powerset().filter(|some| !some.is_empty()).map(|some| left_out(bracket, &some)).collect()
}

fn left_out(bracket: &Bracket<'_>, some: &[Suspect<'_>]) -> Proposal {
    let executed = some.iter().map(|suspect| bracket.executed(suspect, Decimal::ZERO));
    let support: Option<u32> = executed.sum();
    let each = some.iter().map(|suspect| format!("{} {} at {}", quantity(suspect), bracket.symbol, clock(suspect.at))).join(", ");
    Proposal {
        code: HYPOTHESIS.code,
        edits: some.iter().map(|suspect| Edit::Delete(suspect.place)).collect(),
        size: if some.len() == 1 { Size::Changed } else { Size::Fitted },
        support,
        at: some[0].at,
        words: format!("the scale-out of {each} was not executed: without it {} are held, as the witness says", held(bracket)),
    }
}

fn quantity(suspect: &Suspect<'_>) -> String {
    match &suspect.movement.action {
        Action::ScaleOut(scale_out) => scale_out.quantity.map_or_else(|| "an unknown quantity of".to_owned(), plain),
        _ => String::new(),
    }
}

fn held(bracket: &Bracket<'_>) -> String {
    bracket.stated().map_or_else(|| "shares".to_owned(), plain)
}
