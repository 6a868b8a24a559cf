//! `partial_fill`: an entry of which only a part filled, or more than was logged (`formats.md` T6, T7, D5 to D7).

use rust_decimal::Decimal;

use super::entry_not_executed::entries;
use super::{Bracket, Edit, Hypothesis, Proposal, Scene, Size, clock};
use crate::breaks::{Break, Kind, Severity};
use crate::event::{Action, Entry};
use crate::position::{Side, plain};

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "partial_fill",
    meaning: "An entry filled in another quantity than was logged: the rest of a market order filled later, or a part never did.",
    evidence: "The order's filled quantity; `entry_qty` at the exit; the range of the entry allows it.",
    remedy: "None is needed for the position; profit and loss in the log are computed with the wrong quantity.",
    case: "market-order-filled-later",
    propose,
    recognise,
};

fn propose(bracket: &Bracket<'_>) -> Vec<Proposal> {
    let Some(stated) = bracket.stated() else { return Vec::new() };
    let filled = entries(bracket).filter_map(|(suspect, entry)| {
        let side = entry.side?;
        let most = entry.requested.max(entry.logged)?;
        let logged = entry.logged.or(entry.requested)?;
        // What the entry must have brought for the statement to hold, everything else as logged.
        let others = expected_without(bracket, side, logged)?;
        let quantity = stated - others;
        let fits = Side::of(quantity) == Some(side) && quantity.abs() < most && quantity.abs() != logged;
        let edited = Entry { logged: Some(quantity.abs()), requested: None, pending: false, market: false, ..entry.clone() };
        fits.then(|| Proposal {
            code: HYPOTHESIS.code,
            edits: vec![Edit::Replace(suspect.place, Action::Entry(edited))],
            size: Size::Fitted,
            support: bracket.executed(&suspect, quantity),
            at: suspect.at,
            words: format!(
                "of the entry of {} {} at {} {} filled",
                plain(most),
                bracket.symbol,
                clock(suspect.at),
                plain(quantity.abs())
            ),
        })
    });
    filled.collect()
}

fn expected_without(bracket: &Bracket<'_>, side: Side, logged: Decimal) -> Option<Decimal> {
    Some(bracket.expected.known()? - side.signed(logged))
}

/// A range that a witness settled away from what was logged: the ledger has done the proof already.
fn recognise(found: &Break, _: &Scene<'_>) -> Option<String> {
    let settled = found.opening.is_none()
        && found.severity == Severity::Note
        && found.kind == Kind::Quantity
        && found.witness != "broker_activities";
    let (logged, filled) = (found.expected.number()?, found.actual.number()?);
    (settled && !found.evidence.is_empty()).then(|| format!("{} were logged or ordered, {} filled", plain(logged), plain(filled)))
}
