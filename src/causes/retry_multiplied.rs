//! `retry_multiplied`: one intent, sent again because its fill was not recognised; each try filled (incident 4, `formats.md` D8).

use rust_decimal::Decimal;

use super::entry_not_executed::entries;
use super::{Bracket, Edit, Hypothesis, Proposal, Size, clock, not_recognised};
use crate::event::{Action, Entry};
use crate::position::plain;

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "retry_multiplied",
    meaning: "One entry was sent several times because the bot did not recognise the fill; every try filled.",
    evidence: "The broker's quantity is a small multiple of the entry; as many filled orders; often a fractional quantity.",
    remedy: "The position is a multiple of what was meant: reduce it, and stop retries that do not look for the first order.",
    case: "order-sent-three-times",
    propose,
    recognise: not_recognised,
};

/// Three limit tries, a last limit and a market order (`formats.md` section 8): more cannot be.
const MOST_TRIES: u32 = 5;

fn propose(bracket: &Bracket<'_>) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    for (suspect, entry) in entries(bracket) {
        let Some((side, quantity)) = entry.side.zip(entry.requested.max(entry.logged)) else { continue };
        for tries in 2..=MOST_TRIES {
            let Some(all) = quantity.checked_mul(Decimal::from(tries)) else { continue };
            let each_filled = bracket.flows.orders_of(suspect.place) >= tries as usize;
            let support = bracket.executed(&suspect, side.signed(all)).map(|support| support + u32::from(each_filled));
            let edited = Entry { logged: Some(all), requested: None, pending: false, market: false, ..entry.clone() };
            proposals.push(Proposal {
                code: HYPOTHESIS.code,
                edits: vec![Edit::Replace(suspect.place, Action::Entry(edited))],
                size: Size::Changed,
                support,
                at: suspect.at,
                words: format!(
                    "the entry of {} {} at {} filled {tries} times: {tries} × {} = {}",
                    plain(quantity),
                    bracket.symbol,
                    clock(suspect.at),
                    plain(quantity),
                    plain(all)
                ),
            });
        }
    }
    proposals
}
