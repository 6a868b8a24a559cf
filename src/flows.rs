//! What the broker executed for one symbol, order by order, and which of the bot's movements each order belongs to.

use chrono::Duration;
use compact_str::CompactString;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

use crate::event::{Action, Event, Fact};
use crate::fills::REACH;
use crate::position::Side;
use crate::time::Time;

/// The broker's clock and the bot's differ by less than this: an execution may be dated before a statement that it came after.
const CLOCKS_APART: Duration = Duration::milliseconds(500);

/// Client order ids of the bot begin with this (`formats.md` section 8).
const BOTS: &str = "uwbot-";

/// One order's executions, drawn together.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// First execution.
    pub at: Time,
    /// Last execution.
    pub last: Time,
    /// Signed quantity of all executions.
    pub quantity: Decimal,
    /// The id its sender gave it, where the orders were read.
    pub client_order_id: Option<CompactString>,
    /// Place in the tape of the movement it belongs to.
    pub belongs_to: Option<usize>,
    /// Place in the tape of the first execution.
    pub place: usize,
}

impl Flow {
    /// Sent by the bot, by its id.
    pub fn is_bots(&self) -> bool {
        self.client_order_id.as_deref().is_some_and(|id| id.starts_with(BOTS))
    }

    /// Sent by somebody else, by its id. Without an id nobody knows, and neither with a UUID: the broker makes one for every order that
    /// comes without (`alpaca.md` 3.2), the bot's own closes among them.
    pub fn is_foreign(&self) -> bool {
        self.client_order_id.as_deref().is_some_and(|id| !id.starts_with(BOTS) && !is_uuid(id))
    }
}

fn is_uuid(id: &str) -> bool {
    let parts: Vec<usize> = id.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && id.chars().all(|character| character.is_ascii_hexdigit() || character == '-')
}

/// All flows of one symbol.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flows {
    /// In order of time.
    pub flows: Vec<Flow>,
    /// From the oldest activity that was read; before it nothing is known. `None`: activities were not read.
    pub known_from: Option<Time>,
}

impl Flows {
    /// The flows of a symbol's tape. `known_from` is the time of the oldest activity of any symbol.
    pub fn of(events: &[Event], known_from: Option<Time>) -> Flows {
        let mut by_order: BTreeMap<CompactString, Flow> = BTreeMap::new();
        for (place, event) in events.iter().enumerate() {
            let Some(Action::Fill(fill)) = event.action() else { continue };
            let key = fill.order_id.clone().unwrap_or_else(|| format!("#{place}").into());
            let client_order_id = fill.client_order_id.clone();
            let new = Flow { at: event.at, last: event.at, quantity: Decimal::ZERO, client_order_id, belongs_to: None, place };
            let flow = by_order.entry(key).or_insert(new);
            flow.quantity += fill.quantity;
            flow.last = flow.last.max(event.at);
        }
        let mut flows: Vec<Flow> = by_order.into_values().collect();
        flows.sort_by_key(|flow| (flow.at, flow.place));
        let mut flows = Flows { flows, known_from };
        flows.assign(events);
        flows
    }

    /// Whether what the broker executed at a moment is known.
    pub fn know(&self, at: Time) -> bool {
        self.known_from.is_some_and(|from| from <= at)
    }

    /// Signed quantity executed for the movement at a place.
    pub fn of_movement(&self, place: usize) -> Decimal {
        self.flows.iter().filter(|flow| flow.belongs_to == Some(place)).map(|flow| flow.quantity).sum()
    }

    /// Number of orders executed for the movement at a place.
    pub fn orders_of(&self, place: usize) -> usize {
        self.flows.iter().filter(|flow| flow.belongs_to == Some(place)).count()
    }

    /// Flows that belong to no movement, within a span of the bot's time.
    pub fn alone(&self, from: Time, until: Time) -> impl Iterator<Item = &Flow> {
        let (from, until) = (from - CLOCKS_APART, until + CLOCKS_APART);
        self.flows.iter().filter(move |flow| flow.belongs_to.is_none() && from <= flow.at && flow.at <= until)
    }

    /// How much of a quantity held at the broker is traced to executions that belong to the bot's records: from the last time it was flat,
    /// as a share from 0 to 1. `None` where the executions do not reach back to that.
    pub fn explained_share(&self, held: Decimal) -> Option<Decimal> {
        let mut left = held;
        let mut explained = Decimal::ZERO;
        for flow in self.flows.iter().rev() {
            left -= flow.quantity;
            if flow.belongs_to.is_some() {
                explained += flow.quantity;
            }
            if left.is_zero() {
                return explained.checked_div(held).map(|share| share.clamp(Decimal::ZERO, Decimal::ONE).round_dp(4));
            }
        }
        None
    }

    /// First an order of just the movement's size goes to the nearest such movement, then what is left to the movement it lies beside,
    /// unless its id says that somebody else sent it.
    fn assign(&mut self, events: &[Event]) {
        let movements: Vec<(usize, Time, Option<Decimal>, bool)> = events.iter().enumerate().filter_map(bots_movement).collect();
        let taken = |flows: &[Flow], place: usize| flows.iter().any(|flow| flow.belongs_to == Some(place));
        // An order of the side that the record names goes before one of the other side, which may be the next movement's.
        let passes = [true, false].into_iter().flat_map(|same_side| movements.iter().map(move |movement| (same_side, movement)));
        for (same_side, (place, at, size, _)) in passes {
            let Some(size) = size.filter(|_| same_side || !taken(&self.flows, *place)) else { continue };
            let side = ordered_side(&events[*place]);
            let free = self.flows.iter_mut().filter(|flow| {
                let fits = !same_side || side.is_some_and(|side| Side::of(flow.quantity) == Some(side));
                flow.belongs_to.is_none() && !flow.is_foreign() && flow.quantity.abs() == size && fits
            });
            if let Some(flow) = free.filter(|flow| (flow.at - *at).abs() <= REACH).min_by_key(|flow| (flow.at - *at).abs()) {
                flow.belongs_to = Some(*place);
            }
        }
        for flow in self.flows.iter_mut().filter(|flow| flow.belongs_to.is_none()) {
            let near =
                movements.iter().filter(|(_, at, _, is_exit)| (flow.at - *at).abs() <= REACH && (*is_exit || !flow.is_foreign()));
            let owner = near.min_by_key(|(_, at, _, _)| (flow.at - *at).abs());
            if let Some((place, at, _, is_exit)) = owner
                && (!flow.is_foreign() || (*is_exit && (flow.at - *at).abs() <= Duration::seconds(5)))
            {
                flow.belongs_to = Some(*place);
            }
        }
    }
}

/// Place, time, size as logged, and whether it is an exit.
fn bots_movement((place, event): (usize, &Event)) -> Option<(usize, Time, Option<Decimal>, bool)> {
    let Fact::Movement(movement) = &event.fact else { return None };
    match &movement.action {
        Action::Entry(entry) => Some((place, event.at, entry.requested.or(entry.logged), false)),
        Action::ScaleOut(scale_out) => Some((place, event.at, scale_out.quantity, false)),
        Action::Exit(exit) => Some((place, event.at, exit.filled, true)),
        Action::Fill(_) | Action::CorporateAction(_) => None,
    }
}

/// The side of the order that a record tells of, if it says so.
fn ordered_side(event: &Event) -> Option<Side> {
    let Fact::Movement(movement) = &event.fact else { return None };
    let closes = |held: Option<Side>| held.and_then(|held| Side::of(-held.signed(Decimal::ONE)));
    match &movement.action {
        Action::Entry(entry) => entry.side,
        Action::ScaleOut(scale_out) => closes(scale_out.reduces),
        Action::Exit(exit) => closes(exit.side),
        Action::Fill(_) | Action::CorporateAction(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(minute: i64, quantity: i64, belongs_to: Option<usize>) -> Flow {
        let at = Time::UNIX_EPOCH + Duration::minutes(minute);
        Flow { at, last: at, quantity: Decimal::from(quantity), client_order_id: None, belongs_to, place: 0 }
    }

    #[test]
    fn a_share_is_explained_since_the_position_was_last_flat() {
        let flows = |flows: Vec<Flow>| Flows { flows, known_from: Some(Time::UNIX_EPOCH) };
        let bought_and_sold = vec![flow(0, 9, Some(1)), flow(1, -9, Some(2)), flow(2, 6, Some(3)), flow(3, 2, None)];
        assert_eq!(flows(bought_and_sold).explained_share(Decimal::from(8)), Some(Decimal::new(75, 2)));
        assert_eq!(flows(vec![flow(0, -5, Some(1))]).explained_share(Decimal::from(-5)), Some(Decimal::ONE));
        // What was held before the oldest activity is not traced to anything.
        assert_eq!(flows(vec![flow(0, 5, Some(1))]).explained_share(Decimal::from(8)), None);
    }

    #[test]
    fn an_id_that_the_broker_made_is_nobodys() {
        let with = |id: &str| Flow { client_order_id: Some(id.into()), ..flow(0, 1, None) };
        assert!(with("uwbot-DAL-buy-1-mkt").is_bots());
        assert!(with("web-1234").is_foreign());
        assert!(!with("904837e3-3b76-47ec-b432-046db621571b").is_foreign());
    }
}
