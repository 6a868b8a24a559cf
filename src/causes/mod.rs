//! Causes: one hypothesis a file. Each proposes edits of the tape, or recognises what needs none; the engine in `cause.rs` proves.
//!
//! The order is from the most specific to "insert a quantity to fit", which always works and therefore comes last. Where two hypotheses
//! propose the same edit, the earlier one names it.

use rust_decimal::Decimal;

use crate::breaks::Break;
use crate::event::{Action, Event, Fact, Form, Movement, Pulse};
use crate::flows::Flows;
use crate::ledger::Ledger;
use crate::position::{Quantity, Symbol, plain};
use crate::time::Time;

mod ambiguous;
pub(crate) mod corporate_action;
mod duplicate_entry;
mod entry_not_executed;
mod entry_not_logged;
mod exit_not_executed;
mod exit_not_logged;
mod exit_queued;
mod external_trade;
mod metadata_lost;
mod opening_balance_unknown;
mod partial_fill;
mod retry_multiplied;
mod scale_out_not_applied;
mod scale_out_not_executed;
mod scale_out_wrong_side;
mod score_lost;
mod side_flip;
pub(crate) mod stale_state;
mod state_reset;
mod tracking_lost;
mod unknown;

/// One cause: what it means, and how it is found.
pub struct Hypothesis {
    /// The code of `design.md`, section 3.
    pub code: &'static str,
    /// What it means, in a sentence or two.
    pub meaning: &'static str,
    /// What speaks for it.
    pub evidence: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// The case under `corpus/` that shows it.
    pub case: &'static str,
    /// Edits of the tape that would explain a failed statement.
    pub propose: fn(&Bracket<'_>) -> Vec<Proposal>,
    /// Recognises a break that needs no edit: only an annotation, a copy or a file is at fault.
    pub recognise: fn(&Break, &Scene<'_>) -> Option<String>,
}

/// Every cause, the most specific first.
pub const ALL: &[Hypothesis] = &[
    state_reset::HYPOTHESIS,
    corporate_action::HYPOTHESIS,
    scale_out_wrong_side::HYPOTHESIS,
    scale_out_not_executed::HYPOTHESIS,
    scale_out_not_applied::HYPOTHESIS,
    exit_queued::HYPOTHESIS,
    exit_not_executed::HYPOTHESIS,
    duplicate_entry::HYPOTHESIS,
    retry_multiplied::HYPOTHESIS,
    side_flip::HYPOTHESIS,
    entry_not_executed::HYPOTHESIS,
    partial_fill::HYPOTHESIS,
    entry_not_logged::HYPOTHESIS,
    exit_not_logged::HYPOTHESIS,
    opening_balance_unknown::HYPOTHESIS,
    tracking_lost::HYPOTHESIS,
    metadata_lost::HYPOTHESIS,
    score_lost::HYPOTHESIS,
    stale_state::HYPOTHESIS,
    external_trade::HYPOTHESIS,
    ambiguous::HYPOTHESIS,
    unknown::HYPOTHESIS,
];

/// Proposes nothing.
pub fn no_edit(_: &Bracket<'_>) -> Vec<Proposal> {
    Vec::new()
}

/// Recognises nothing.
pub fn not_recognised(_: &Break, _: &Scene<'_>) -> Option<String> {
    None
}

/// A change of the symbol's tape.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// The movement at this place was another one.
    Replace(usize, Action),
    /// The movement at this place did not happen.
    Delete(usize),
    /// A movement happened before the event at this place, that nobody wrote down.
    InsertBefore(usize, Time, Action),
    /// Whatever was held was traded away before the event at this place, and nobody wrote it down.
    ClosedBefore(usize, Time),
    /// This was held when the tape began.
    Opening(Decimal),
}

/// How much an edit assumes. The smallest proved one wins (design, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// One record is other than it says, and nothing about the change is free.
    Changed,
    /// One record is other than it says, by a quantity chosen to fit; or something whole happened that was not written down.
    Fitted,
    /// A movement of a quantity chosen to fit.
    Invented,
}

/// An edit with its words and what speaks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The cause it stands for.
    pub code: &'static str,
    /// The edits, all of them together.
    pub edits: Vec<Edit>,
    /// How much it assumes.
    pub size: Size,
    /// Independent evidence for it; a broker that says otherwise makes it `None`: ruled out.
    pub support: Option<u32>,
    /// When the cause happened.
    pub at: Time,
    /// In words that an operator understands.
    pub words: String,
}

/// A failed statement about one symbol, with the stretch of tape in which its cause lies.
#[derive(Clone, Copy)]
pub struct Bracket<'a> {
    /// The symbol.
    pub symbol: &'a Symbol,
    /// The symbol's tape.
    pub events: &'a [Event],
    /// First place after the last exact agreement.
    pub start: usize,
    /// Place of the failed statement.
    pub failed: usize,
    /// What the witness said.
    pub form: Form,
    /// What was expected when it failed.
    pub expected: Quantity,
    /// What the broker executed.
    pub flows: &'a Flows,
    /// Nothing about the symbol was ever agreed: the tape begins inside the bracket.
    pub from_the_beginning: bool,
    /// Broker's average entry price before and after, where it stated one.
    pub prices: (Option<Decimal>, Option<Decimal>),
    /// Broker's price of the market before and after.
    pub market: (Option<Decimal>, Option<Decimal>),
    /// Ledger tolerance.
    pub tolerance: Decimal,
}

/// A movement of the bot within a bracket.
#[derive(Clone, Copy)]
pub struct Suspect<'a> {
    /// Its place in the symbol's tape.
    pub place: usize,
    /// When it was.
    pub at: Time,
    /// What it is.
    pub movement: &'a Movement,
}

impl<'a> Bracket<'a> {
    /// The bot's movements in the bracket.
    pub fn suspects(&self) -> impl Iterator<Item = Suspect<'a>> + use<'a> {
        let (start, events) = (self.start, self.events);
        events[start..self.failed].iter().enumerate().filter_map(move |(step, event)| match &event.fact {
            Fact::Movement(movement) if event.moves_expected() && !matches!(movement.action, Action::CorporateAction(_)) => {
                Some(Suspect { place: start + step, at: event.at, movement })
            }
            Fact::Movement(_) | Fact::Statement(_) | Fact::Pulse(_) => None,
        })
    }

    /// The quantity the witness stated, signed, if it stated one.
    pub fn stated(&self) -> Option<Decimal> {
        match self.form {
            Form::Equals(quantity) => Some(quantity),
            Form::NotHeld => Some(Decimal::ZERO),
            Form::AtLeast(_) | Form::Held | Form::ScoreLost(_) => None,
        }
    }

    /// When the bracket begins.
    pub fn begins(&self) -> Time {
        let before = self.start.checked_sub(1).and_then(|place| self.events.get(place));
        before.or(self.events.first()).map_or(self.fails(), |event| event.at)
    }

    /// When the statement failed.
    pub fn fails(&self) -> Time {
        self.events.get(self.failed).map_or(Time::UNIX_EPOCH, |event| event.at)
    }

    /// What the broker's executions say of a movement that should have brought `predicted`, signed: support, silence, or a ruling out.
    pub fn executed(&self, suspect: &Suspect<'_>, predicted: Decimal) -> Option<u32> {
        if !self.flows.know(suspect.at) {
            return Some(0);
        }
        let executed = self.flows.of_movement(suspect.place);
        ((executed - predicted).abs() <= self.tolerance).then_some(2)
    }

    /// The pulses of the bracket: what the bot meant, and what failed.
    pub fn pulses(&self) -> impl Iterator<Item = (Time, &'a Pulse)> + use<'a> {
        let events = self.events;
        events[self.start..=self.failed.min(events.len() - 1)].iter().filter_map(|event| match &event.fact {
            Fact::Pulse(pulse) => Some((event.at, pulse)),
            Fact::Movement(_) | Fact::Statement(_) => None,
        })
    }

    /// Whether the bot meant to close the symbol.
    pub fn meant_to_close(&self) -> bool {
        self.pulses().any(|(_, pulse)| matches!(pulse, Pulse::Intention(_, what) if what == "positions_to_close" || what == "close_position_api_called"))
    }
}

/// What recognising hypotheses may look at: everything, after the fold.
pub struct Scene<'a> {
    /// The ledger after the tape.
    pub ledger: &'a Ledger,
    /// All breaks.
    pub breaks: &'a [Break],
    /// The tape of the symbol of the break, if it has one.
    pub events: &'a [Event],
}

/// `18:05:33`, for words.
pub fn clock(at: Time) -> String {
    crate::time::clock(at)
}

/// `7 + 2 = 9`.
pub fn sum(one: Decimal, two: Decimal) -> String {
    let sign = if two.is_sign_negative() { "-" } else { "+" };
    format!("{} {sign} {} = {}", plain(one), plain(two.abs()), plain(one + two))
}
