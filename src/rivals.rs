//! Stories that explain a failed statement as well as the smallest edit does, where nothing at hand tells them apart.
//!
//! The smallest edit wins because a trade that fits by chance is rare. Some stories need no chance: a whole position that is closed, a
//! split, somebody who buys as many again. Where a witness spoke in the cycle after the record, hardly anything else had the time to
//! happen. Where none did, no execution was read and nothing else speaks for the smallest edit, such a story is as good.

use chrono::Duration;
use rust_decimal::Decimal;

use crate::breaks::{Break, Kind, Severity};
use crate::causes::{Bracket, Proposal, corporate_action};
use crate::event::{Claim, Event, Fact, Form, Statement};
use crate::time::Time;

/// The bot looks once a minute; a witness that speaks within so much of a record has looked in the cycle after it.
const NEXT_LOOK: Duration = Duration::seconds(90);

/// Whether other stories are as good as the smallest proved edit.
pub fn are_possible(bracket: &Bracket<'_>, best: &Proposal) -> bool {
    best.support == Some(0) && !bracket.flows.know(bracket.begins()) && bracket.fails() - best.at > NEXT_LOOK
}

/// Whether a proposal is such a story, next to the smallest edit: its quantity is not made up to fit.
pub fn is_one(bracket: &Bracket<'_>, other: &Proposal, best: &Proposal) -> bool {
    match other.code {
        "corporate_action" => true,
        "exit_not_logged" => bracket.form == Form::NotHeld,
        "external_trade" => bracket.form == Form::NotHeld || best.code == "retry_multiplied",
        _ => false,
    }
}

/// What else may have settled the range of a pending entry away from what was ordered: nothing of it, or a share like a split's.
pub fn of_a_settled_range(found: &Break, events: &[Event], executions_from: Option<Time>) -> Vec<&'static str> {
    let settled = found.severity == Severity::Note && found.kind == Kind::Quantity && found.opening.is_none();
    let Some((ordered, filled)) = found.expected.number().zip(found.actual.number()).filter(|_| settled) else {
        return Vec::new();
    };
    let moved = events.iter().rfind(|event| event.moves_expected() && event.at <= found.first_failed_at);
    let Some(moved) = moved.map(|event| event.at).filter(|moved| found.first_failed_at - *moved > NEXT_LOOK) else {
        return Vec::new();
    };
    if executions_from.is_some_and(|from| from <= moved) {
        return Vec::new();
    }
    if filled.is_zero() {
        return vec!["exit_not_logged", "external_trade"];
    }
    if corporate_action::is_whole_ratio(filled, ordered) && !states_price(events, found.first_failed_at) {
        return vec!["corporate_action"];
    }
    Vec::new()
}

/// The stories in words.
pub fn told(codes: &[&'static str]) -> &'static str {
    if codes.contains(&"corporate_action") { "it was split" } else { "it was closed" }
}

/// A price that was stated tells a split from a part that filled.
fn states_price(events: &[Event], at: Time) -> bool {
    events.iter().filter(|event| event.at == at).any(|event| match &event.fact {
        Fact::Statement(Statement { claim: Claim::WholeBook(rows), .. }) => {
            rows.iter().any(|row| row.price.or(row.market_price).is_some_and(|price| price > Decimal::ZERO))
        }
        Fact::Statement(_) | Fact::Movement(_) | Fact::Pulse(_) => false,
    })
}
