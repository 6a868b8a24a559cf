//! `exit_not_logged`: the whole position was closed by the bot, and no exit record tells of it (`formats.md` T10).

use super::{Bracket, Edit, Hypothesis, Proposal, Size, clock, not_recognised};
use crate::event::{Action, Exit, Fact};
use crate::time::Time;

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "exit_not_logged",
    meaning: "The bot closed the position without writing an exit record: flips, forced closes, fills that came too late to be logged.",
    evidence: "`positions_to_close` or an order without an exit; a fill of the bot's that belongs to no record; a second entry of a bot \
               that enters only what it does not hold.",
    remedy: "The day's profit and loss lacks this exit: take it from the broker's fills.",
    case: "closed-without-a-record",
    propose,
    recognise: not_recognised,
};

fn propose(bracket: &Bracket<'_>) -> Vec<Proposal> {
    let mut proposals: Vec<Proposal> = Vec::new();
    // Before the failed statement itself, and before each entry: what came before the entry was closed unseen.
    let entries = (bracket.start..bracket.failed).filter(|place| is_entry(bracket, *place));
    for place in entries.chain([bracket.failed]) {
        let Some(next) = bracket.events.get(place).map(|event| event.at) else { continue };
        let fill = closing_fill(bracket, next);
        let at = fill.map_or(next, |(at, _)| at);
        let support = match fill {
            Some((_, bots)) => bots.map(|bots| bots + meant(bracket)),
            None if bracket.flows.know(bracket.begins()) => None,
            None => Some(meant(bracket) + u32::from(enters_again(bracket, place))),
        };
        proposals.push(Proposal {
            code: HYPOTHESIS.code,
            edits: vec![Edit::InsertBefore(place, at, Action::Exit(Exit::default()))],
            // A bot that enters only what it does not hold says with its next entry that the position was gone: nothing is made up.
            size: if enters_again(bracket, place) { Size::Changed } else { Size::Fitted },
            support,
            at,
            words: format!("{} was closed before {} and no exit record tells of it", bracket.symbol, clock(next)),
        });
    }
    proposals
}

/// Whether the event is an entry of a bot that opens one position per symbol.
fn enters_again(bracket: &Bracket<'_>, place: usize) -> bool {
    match bracket.events.get(place).map(|event| &event.fact) {
        Some(Fact::Movement(movement)) => matches!(&movement.action, Action::Entry(entry) if entry.one_per_symbol),
        Some(Fact::Statement(_) | Fact::Pulse(_)) | None => false,
    }
}

fn is_entry(bracket: &Bracket<'_>, place: usize) -> bool {
    matches!(bracket.events.get(place).map(|event| &event.fact), Some(Fact::Movement(movement)) if matches!(movement.action, Action::Entry(_)))
}

fn meant(bracket: &Bracket<'_>) -> u32 {
    u32::from(bracket.meant_to_close())
}

/// An execution before `until` that belongs to no record, with what its sender says for this cause: `None` if somebody else sent it.
fn closing_fill(bracket: &Bracket<'_>, until: Time) -> Option<(Time, Option<u32>)> {
    let flow = bracket.flows.alone(bracket.begins(), until).last()?;
    let support = if flow.is_foreign() {
        None
    } else if flow.is_bots() {
        Some(2)
    } else {
        Some(1)
    };
    Some((flow.at, support))
}
