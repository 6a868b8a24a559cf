//! `entry_not_logged`: the bot entered, and the entry's record is missing: it crashed between the order and the log (`formats.md` 13.2).

use rust_decimal::Decimal;

use super::{Bracket, Edit, Hypothesis, Proposal, Size, clock, not_recognised};
use crate::event::{Action, Entry, Pulse};
use crate::position::{Side, plain};
use crate::time::Time;

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "entry_not_logged",
    meaning: "The bot entered a position, and the record of the entry is missing.",
    evidence: "An order row without attribution; an order that failed as far as the bot knew, for as many as are held; a fill under the bot's own client order id that belongs to no record.",
    remedy: "The bot crashed or lost a line between order and log: the position has no score and no entry time of its own.",
    case: "crash-between-order-and-log",
    propose,
    recognise: not_recognised,
};

fn propose(bracket: &Bracket<'_>) -> Vec<Proposal> {
    let rows = bracket.pulses().filter_map(|(at, pulse)| match pulse {
        Pulse::UnloggedEntry(_, entry) => Some((at, entry.side?, entry.logged.or(entry.requested)?, 2, "an order row")),
        // The bot did not see it accepted; where the fills were read, they tell.
        Pulse::EntryFailed(_, entry) if !bracket.flows.know(at) => {
            Some((at, entry.side?, entry.requested?, 1, "an order that failed as far as the bot knew"))
        }
        _ => None,
    });
    // A fill against the position closes it: that is an exit.
    let opens = |quantity: Decimal| bracket.expected.side().is_none_or(|held| Side::of(quantity) == Some(held));
    let fills = bracket.flows.alone(bracket.begins(), bracket.fails()).filter(|flow| flow.is_bots() && opens(flow.quantity));
    let fills = fills.filter_map(|flow| {
        Some((flow.at, Side::of(flow.quantity)?, flow.quantity.abs(), 2, "a fill under the bot's own order id"))
    });
    rows.chain(fills).map(|(at, side, quantity, support, what)| entered(bracket, at, side, quantity, support, what)).collect()
}

fn entered(bracket: &Bracket<'_>, at: Time, side: Side, quantity: Decimal, support: u32, what: &str) -> Proposal {
    let place = (bracket.start..bracket.failed).find(|place| bracket.events[*place].at >= at).unwrap_or(bracket.failed);
    let entry = Entry { side: Some(side), logged: Some(quantity), ..Entry::default() };
    Proposal {
        code: HYPOTHESIS.code,
        edits: vec![Edit::InsertBefore(place, at, Action::Entry(entry))],
        size: Size::Fitted,
        support: Some(support),
        at,
        words: format!(
            "{what} at {} shows an entry of {} {} {side} that no attribution row tells of",
            clock(at),
            plain(quantity),
            bracket.symbol
        ),
    }
}
