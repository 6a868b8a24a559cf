//! `external_trade`: somebody else traded the symbol: by hand, by another program, by the broker itself.

use rust_decimal::Decimal;

use super::{Bracket, Edit, Hypothesis, Proposal, Size, clock, not_recognised};
use crate::event::{Action, Change, CorporateAction, Entry, Form};
use crate::flows::Flow;
use crate::position::plain;
use crate::time::Time;

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "external_trade",
    meaning: "The position changed at the broker without any trace in the bot: a trade by hand, another program, the broker.",
    evidence: "A fill under a client order id that is not the bot's; or nothing but the statements.",
    remedy: "Ask who trades on this account. The bot will treat the position as its own.",
    case: "trade-by-hand",
    propose,
    recognise: not_recognised,
};

fn propose(bracket: &Bracket<'_>) -> Vec<Proposal> {
    let missing = match (bracket.form, bracket.expected.known()) {
        (Form::Equals(stated), Some(expected)) => stated - expected,
        // It was seen held and nobody said how much: whatever it was, it is gone.
        (Form::NotHeld, Some(expected)) if expected.is_zero() => return vec![gone(bracket)],
        (Form::NotHeld, Some(expected)) => -expected,
        (Form::AtLeast(stated), Some(expected)) => stated - expected,
        (Form::Held, _) => Decimal::ONE,
        (Form::Equals(_) | Form::NotHeld | Form::AtLeast(_) | Form::ScoreLost(_), _) => return fitted_to_range(bracket),
    };
    vec![traded(bracket, missing)]
}

/// Where only a range is expected, what is missing is the way to its nearer end.
fn fitted_to_range(bracket: &Bracket<'_>) -> Vec<Proposal> {
    let Some(stated) = bracket.stated() else { return Vec::new() };
    let nearer = match (bracket.expected.low(), bracket.expected.high()) {
        (Some(low), _) if stated < low => low,
        (_, Some(high)) if stated > high => high,
        // It was seen held, and nobody said how much: all of it, however much, is gone.
        (Some(low), Some(high)) if bracket.form == Form::NotHeld => {
            if low.is_zero() {
                high
            } else {
                low
            }
        }
        _ if bracket.form == Form::NotHeld => return vec![gone(bracket)],
        _ => return Vec::new(),
    };
    vec![traded(bracket, stated - nearer)]
}

/// A position of unknown quantity that is not held any more.
fn gone(bracket: &Bracket<'_>) -> Proposal {
    Proposal {
        edits: vec![Edit::ClosedBefore(bracket.failed, bracket.fails())],
        words: format!(
            "{} was closed between {} and {}; no record of the bot tells of it",
            bracket.symbol,
            clock(bracket.begins()),
            clock(bracket.fails())
        ),
        ..traded(bracket, Decimal::ZERO)
    }
}

fn traded(bracket: &Bracket<'_>, missing: Decimal) -> Proposal {
    let alone: Vec<&Flow> = bracket.flows.alone(bracket.begins(), bracket.fails()).collect();
    let executed: Decimal = alone.iter().map(|flow| flow.quantity).sum();
    let known = bracket.flows.know(bracket.begins());
    let fits =
        !alone.is_empty() && (executed - missing).abs() <= bracket.tolerance || (bracket.form == Form::Held && !alone.is_empty());
    let foreign = fits && alone.iter().all(|flow| flow.is_foreign());
    let bots = fits && alone.iter().any(|flow| flow.is_bots());
    let support = match (fits, foreign, bots) {
        (_, _, true) => None,
        (true, true, _) => Some(3),
        (true, false, _) => Some(1),
        // The fills were read and have no such trade; but activities may be late, and something must have happened.
        (false, _, _) => Some(0),
    };
    // A whole position that goes needs no quantity to be made up; and a foreign fill is not made up at all.
    let whole = bracket.form == Form::NotHeld;
    let size = if foreign {
        Size::Changed
    } else if whole || (fits && known) {
        Size::Fitted
    } else {
        Size::Invented
    };
    let at = alone.first().filter(|_| fits).map_or(bracket.fails(), |flow| flow.at);
    let action = match bracket.form {
        // Held, and nobody says how much: an entry of unknown side leaves the quantity open.
        Form::Held => Action::Entry(Entry::default()),
        _ => Action::CorporateAction(CorporateAction { code: "TRADE".into(), change: Change::Delta(missing) }),
    };
    Proposal {
        code: HYPOTHESIS.code,
        edits: vec![Edit::InsertBefore(place_at(bracket, at), at, action)],
        size,
        support,
        at,
        words: words(bracket, missing, foreign, fits, at),
    }
}

fn place_at(bracket: &Bracket<'_>, at: Time) -> usize {
    (bracket.start..bracket.failed).find(|place| bracket.events[*place].at >= at).unwrap_or(bracket.failed)
}

fn words(bracket: &Bracket<'_>, missing: Decimal, foreign: bool, fits: bool, at: Time) -> String {
    let trade = match (bracket.form, missing.is_sign_negative()) {
        (Form::Held, _) => format!("{} was bought or sold short", bracket.symbol),
        (_, true) => format!("{} {} were sold", plain(missing.abs()), bracket.symbol),
        (_, false) => format!("{} {} were bought", plain(missing), bracket.symbol),
    };
    let who = if foreign { " under a client order id that is not the bot's" } else { "" };
    let when = if fits {
        format!(" at {}", clock(at))
    } else {
        format!(" between {} and {}", clock(bracket.begins()), clock(bracket.fails()))
    };
    format!("{trade}{when}{who}; no record of the bot tells of it")
}
