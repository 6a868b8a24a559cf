//! `side_flip`: an entry that went to the other side.

use rust_decimal::Decimal;

use super::entry_not_executed::entries;
use super::{Bracket, Edit, Hypothesis, Proposal, Size, clock, not_recognised};
use crate::event::{Action, Entry};
use crate::position::{Side, plain};

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "side_flip",
    meaning: "An entry was executed on the other side than logged: short instead of long, or long instead of short.",
    evidence: "The broker holds the same quantity with the other sign; its fill has the other side.",
    remedy: "Every exit of the bot will make it worse: close the position by hand.",
    case: "entry-on-the-wrong-side",
    propose,
    recognise: not_recognised,
};

fn propose(bracket: &Bracket<'_>) -> Vec<Proposal> {
    let flips = entries(bracket).filter_map(|(suspect, entry)| {
        let side = match entry.side? {
            Side::Long => Side::Short,
            Side::Short => Side::Long,
        };
        let quantity = entry.logged.or(entry.requested)?;
        let edited = Entry { side: Some(side), ..entry.clone() };
        let supported = [Some(quantity), entry.requested]
            .into_iter()
            .flatten()
            .find_map(|size: Decimal| bracket.executed(&suspect, side.signed(size)));
        Some(Proposal {
            code: HYPOTHESIS.code,
            edits: vec![Edit::Replace(suspect.place, Action::Entry(edited))],
            size: Size::Changed,
            support: supported,
            at: suspect.at,
            words: format!(
                "the entry of {} {} at {} went {side}, not {}",
                plain(quantity),
                bracket.symbol,
                clock(suspect.at),
                entry.side?
            ),
        })
    });
    flips.collect()
}
