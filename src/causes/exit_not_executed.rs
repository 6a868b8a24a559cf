//! `exit_not_executed`: an exit that the bot logged and the broker did not do.

use rust_decimal::Decimal;

use super::{Bracket, Edit, Hypothesis, Proposal, Size, Suspect, clock, not_recognised};
use crate::event::Action;
use crate::position::plain;

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "exit_not_executed",
    meaning: "An exit was logged as done, and the position is still at the broker.",
    evidence: "The broker holds what was held before the exit; no fill belongs to the exit; the reconciler found it again with score 0.",
    remedy: "The position is open and the bot may not manage it: close it or let the bot adopt it, and look the order up.",
    case: "exit-that-did-not-happen",
    propose,
    recognise: not_recognised,
};

fn propose(bracket: &Bracket<'_>) -> Vec<Proposal> {
    exits(bracket).map(|suspect| undone(bracket, &suspect, HYPOTHESIS.code, Some(0), "was not executed")).collect()
}

pub(super) fn exits<'a>(bracket: &Bracket<'a>) -> impl Iterator<Item = Suspect<'a>> + use<'a> {
    bracket.suspects().filter(|suspect| matches!(suspect.movement.action, Action::Exit(_)))
}

/// The proposal that an exit did not happen; `exit_queued` makes the same one for its own reason.
pub(super) fn undone(
    bracket: &Bracket<'_>,
    suspect: &Suspect<'_>,
    code: &'static str,
    bonus: Option<u32>,
    why: &str,
) -> Proposal {
    let support = bracket.executed(suspect, Decimal::ZERO).zip(bonus).map(|(executed, bonus)| executed + bonus);
    let held = bracket.stated().map_or_else(|| "it is".to_owned(), |stated| format!("{} are", plain(stated)));
    Proposal {
        code,
        edits: vec![Edit::Delete(suspect.place)],
        size: Size::Changed,
        support,
        at: suspect.at,
        words: format!("the exit of {} at {} {why}: {held} still held", bracket.symbol, clock(suspect.at)),
    }
}
