//! `entry_not_executed`: an entry that the bot logged and the broker did not do.

use rust_decimal::Decimal;

use super::{Bracket, Edit, Hypothesis, Proposal, Size, Suspect, clock, not_recognised};
use crate::event::{Action, Entry};
use crate::position::plain;

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "entry_not_executed",
    meaning: "An entry was logged as filled, and the broker never held it.",
    evidence: "The position was never seen at the broker; no fill belongs to the entry.",
    remedy: "The bot may wait for an exit of something that is not there: remove the position from its metadata.",
    case: "entry-that-never-filled",
    propose,
    recognise: not_recognised,
};

fn propose(bracket: &Bracket<'_>) -> Vec<Proposal> {
    entries(bracket)
        .map(|(suspect, entry)| Proposal {
            code: HYPOTHESIS.code,
            edits: vec![Edit::Delete(suspect.place)],
            size: Size::Changed,
            support: bracket.executed(&suspect, Decimal::ZERO),
            at: suspect.at,
            words: format!(
                "the entry of {} {} at {} was not executed: it was never at the broker",
                quantity(entry),
                bracket.symbol,
                clock(suspect.at)
            ),
        })
        .collect()
}

/// The entries of a bracket.
pub(super) fn entries<'a>(bracket: &Bracket<'a>) -> impl Iterator<Item = (Suspect<'a>, &'a Entry)> + use<'a> {
    bracket.suspects().filter_map(|suspect| match &suspect.movement.action {
        Action::Entry(entry) => Some((suspect, entry)),
        Action::ScaleOut(_) | Action::Exit(_) | Action::Fill(_) | Action::CorporateAction(_) => None,
    })
}

/// The quantity of an entry as its record has it.
pub(super) fn quantity(entry: &Entry) -> String {
    entry.logged.or(entry.requested).map_or_else(|| "an unknown quantity of".to_owned(), plain)
}
