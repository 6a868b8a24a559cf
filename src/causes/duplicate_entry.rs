//! `duplicate_entry`: two records of one entry, and one position's worth at the broker (incident 11, `formats.md` T2).

use chrono::Duration;
use rust_decimal::Decimal;

use super::entry_not_executed::{entries, quantity};
use super::{Bracket, Edit, Hypothesis, Proposal, Size, clock, not_recognised};

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "duplicate_entry",
    meaning: "One entry was logged twice, seconds apart, and filled once. (Two that both filled are two entries, and no break.)",
    evidence: "Two entries of one size and side within seconds; the broker holds one; two workers write at their own rhythm.",
    remedy: "Look for a second worker or a retry that logs again.",
    case: "entry-logged-twice",
    propose,
    recognise: not_recognised,
};

/// Two workers' entries of one signal lie this close (`formats.md` T2: 0.4 to 70 s).
const APART: Duration = Duration::seconds(70);

fn propose(bracket: &Bracket<'_>) -> Vec<Proposal> {
    // The record that failed may be the second entry itself: it says that nothing is held.
    let bracket = &Bracket { failed: (bracket.failed + 1).min(bracket.events.len()), ..*bracket };
    let own: Vec<_> = entries(bracket).collect();
    // The first of the two may have been agreed already: with it alone, the broker was right.
    let whole = Bracket { start: 0, ..*bracket };
    let twins: Vec<_> = entries(&whole).collect();
    let pairs = own.iter().flat_map(|gone| twins.iter().map(move |stays| (gone, stays)));
    let alike = pairs.filter(|((gone, one), (stays, two))| {
        let size = |entry: &crate::event::Entry| entry.logged.or(entry.requested);
        gone.place != stays.place && (gone.at - stays.at).abs() <= APART && one.side == two.side && size(one) == size(two)
    });
    alike
        .map(|((gone, entry), (stays, _))| Proposal {
            code: HYPOTHESIS.code,
            edits: vec![Edit::Delete(gone.place)],
            size: Size::Changed,
            // One size, one side, seconds apart: that is evidence in itself.
            support: bracket.executed(gone, Decimal::ZERO).map(|support| support + 2),
            at: gone.at.max(stays.at),
            words: format!(
                "the entry of {} {} was logged twice, at {} and at {}, and filled once",
                quantity(entry),
                bracket.symbol,
                clock(stays.at.min(gone.at)),
                clock(stays.at.max(gone.at))
            ),
        })
        .collect()
}
