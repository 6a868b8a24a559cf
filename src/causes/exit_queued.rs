//! `exit_queued`: an exit at a closed market, accepted and waiting (incidents 8 and 9).

use chrono::{Datelike, NaiveTime, Weekday};
use chrono_tz::America::New_York;

use super::exit_not_executed::{exits, undone};
use super::{Bracket, Hypothesis, Proposal, Suspect, not_recognised};
use crate::event::{Fact, Pulse};
use crate::time::Time;

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "exit_queued",
    meaning: "An exit was sent while the market was closed: the broker accepted the order and fills it when the market opens.",
    evidence: "Its order is open at the broker; or the exit lies outside of market hours and retries are refused with \"insufficient \
               qty available\" because the first order holds the shares.",
    remedy: "Wait for the open, or cancel the order. Do not send another: it will be refused, or sell twice.",
    case: "exit-after-the-close",
    propose,
    recognise: not_recognised,
};

fn propose(bracket: &Bracket<'_>) -> Vec<Proposal> {
    let queued = exits(bracket).filter(|suspect| order_is_open(bracket, suspect) || is_refused_while_closed(bracket, suspect));
    queued.map(|suspect| undone(bracket, &suspect, HYPOTHESIS.code, Some(1), "is queued at the broker, not filled")).collect()
}

/// The market was closed, and the bot's further attempts failed because the first order holds the shares, or nobody asked for the orders.
fn is_refused_while_closed(bracket: &Bracket<'_>, suspect: &Suspect<'_>) -> bool {
    let refused = bracket.pulses().any(|(at, pulse)| at >= suspect.at && matches!(pulse, Pulse::Failure(..)));
    let orders_read = bracket.events.iter().any(|event| matches!(event.fact, Fact::Pulse(Pulse::BrokerOrder(_))));
    is_closed(suspect.at) && (refused || !orders_read)
}

/// Outside of the regular session, 09:30 to 16:00 in New York on weekdays. Holidays count as open here: then the order itself tells.
fn is_closed(at: Time) -> bool {
    let local = at.utc().with_timezone(&New_York);
    let weekend = matches!(local.weekday(), Weekday::Sat | Weekday::Sun);
    let opens = NaiveTime::from_hms_opt(9, 30, 0).unwrap_or(NaiveTime::MIN);
    let closes = NaiveTime::from_hms_opt(16, 0, 0).unwrap_or(NaiveTime::MIN);
    weekend || local.time() < opens || local.time() >= closes
}

/// An order on the symbol is open at the broker, sent around the exit.
fn order_is_open(bracket: &Bracket<'_>, suspect: &Suspect<'_>) -> bool {
    bracket.events.iter().any(|event| match &event.fact {
        Fact::Pulse(Pulse::BrokerOrder(order)) => order.open && (event.at - suspect.at).abs() <= chrono::Duration::minutes(1),
        Fact::Pulse(_) | Fact::Movement(_) | Fact::Statement(_) => false,
    })
}
