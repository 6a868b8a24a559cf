//! Where nobody looked for minutes after a record, what explains a break as well is named beside it; where somebody did, one cause is proved.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use chrono::Duration;
use rust_decimal::Decimal;
use tapecheck::breaks::{Break, Cause};
use tapecheck::cause::{self, Known};
use tapecheck::event::{Action, Claim, Entry, Event, Fact, Fill, Form, Holding, Movement, ScaleOut, Sighting, Statement};
use tapecheck::fills;
use tapecheck::ledger::{Ledger, Settings};
use tapecheck::origin::{Origin, SourceId};
use tapecheck::position::{Side, Symbol};
use tapecheck::time::Time;
use tapecheck::witness::Witness;

const SOON: i64 = 60;
const LATE: i64 = 600;

fn symbol() -> Symbol {
    Symbol::parse("AAA").unwrap()
}

fn event(second: i64, fact: Fact) -> Event {
    let at = "2026-03-11T15:00:00Z".parse::<Time>().unwrap() + Duration::seconds(second);
    let offset = u64::try_from(second).unwrap();
    Event { at, origin: Origin { source: SourceId(0), offset, line: 1 + u32::try_from(second).unwrap() }, fact }
}

fn moved(second: i64, action: Action) -> Event {
    event(second, Fact::moved(Movement { symbol: symbol(), action, sighting: Sighting::Attribution, joined: Vec::new() }))
}

fn entered(second: i64, quantity: i64) -> Event {
    let entry = Entry { side: Some(Side::Long), logged: Some(Decimal::from(quantity)), ..Entry::default() };
    moved(second, Action::Entry(entry))
}

fn submitted(second: i64, quantity: i64) -> Event {
    let requested = Some(Decimal::from(quantity));
    moved(second, Action::Entry(Entry { side: Some(Side::Long), requested, pending: true, ..Entry::default() }))
}

fn book(second: i64, held: i64, price: Option<i64>) -> Event {
    states(second, held, price, Witness::PortfolioHistory)
}

fn states(second: i64, held: i64, price: Option<i64>, witness: Witness) -> Event {
    let row = Holding { price: price.map(Decimal::from), ..Holding::of(symbol(), Decimal::from(held), 1) };
    let rows = if held == 0 { Vec::new() } else { vec![row] };
    event(second, Fact::Statement(Statement { witness, claim: Claim::WholeBook(rows.into()) }))
}

fn breaks(events: &[Event]) -> Vec<Break> {
    let mut ledger = Ledger::new(Settings::default());
    events.iter().for_each(|event| ledger.push(event.clone()));
    ledger.finish(None, &[], events.last().unwrap().at);
    let known = Known { executions_from: fills::oldest_activity(events), ..Known::default() };
    cause::explain(&mut ledger, events, &known);
    ledger.breaks
}

fn cause(events: &[Event]) -> Cause {
    let breaks = breaks(events);
    assert_eq!(breaks.len(), 1, "{breaks:#?}");
    breaks[0].cause.clone()
}

fn is_proved(cause: &Cause, code: &str) {
    assert!(cause.proved && cause.code == code, "{cause:?}");
}

fn is_one_of(cause: &Cause, codes: &[&str]) {
    assert!(!cause.proved && cause.code == "ambiguous", "{cause:?}");
    assert!(codes.iter().all(|code| cause.alternatives.contains(code)), "{cause:?}");
}

#[test]
fn an_entry_that_nobody_saw_may_have_been_closed_since() {
    is_proved(&cause(&[book(0, 0, None), entered(1, 7), book(SOON, 0, None)]), "entry_not_executed");
    let late = cause(&[book(0, 0, None), entered(1, 7), book(LATE, 0, None)]);
    is_one_of(&late, &["entry_not_executed", "exit_not_logged", "external_trade"]);
}

#[test]
fn three_times_as_many_are_tries_or_a_split_or_bought_by_hand() {
    is_proved(&cause(&[book(0, 0, None), entered(1, 7), book(SOON, 21, None)]), "retry_multiplied");
    let late = cause(&[book(0, 0, None), entered(1, 7), book(LATE, 21, None)]);
    is_one_of(&late, &["retry_multiplied", "corporate_action", "external_trade"]);
}

#[test]
fn ten_times_an_order_that_may_be_pending_is_a_split_or_a_trade() {
    is_one_of(&cause(&[book(0, 0, None), submitted(1, 27), book(LATE, 270, None)]), &["corporate_action", "external_trade"]);
}

#[test]
fn half_of_an_order_filled_or_it_was_split() {
    is_proved(&cause(&[book(0, 0, None), submitted(1, 46), book(SOON, 23, None)]), "partial_fill");
    is_one_of(&cause(&[book(0, 0, None), submitted(1, 46), book(LATE, 23, None)]), &["partial_fill", "corporate_action"]);
    // A price that was stated tells them apart, and 24 of 46 are no split.
    is_proved(&cause(&[book(0, 0, None), submitted(1, 46), book(LATE, 23, Some(100))]), "partial_fill");
    is_proved(&cause(&[book(0, 0, None), submitted(1, 46), book(LATE, 24, None)]), "partial_fill");
}

#[test]
fn a_pending_order_of_which_nothing_is_held_may_have_filled_and_been_closed() {
    let late = cause(&[book(0, 0, None), submitted(1, 46), book(LATE, 0, None)]);
    is_one_of(&late, &["partial_fill", "exit_not_logged", "external_trade"]);
}

#[test]
fn a_scale_out_is_not_proved_to_have_bought_by_its_spelling_while_an_entry_may_still_fill() {
    let scale_out =
        ScaleOut { quantity: Some(Decimal::from(2)), reduces: Some(Side::Long), spelt_long: true, ..ScaleOut::default() };
    let scaled = moved(61, Action::ScaleOut(scale_out));
    let open = cause(&[book(0, 0, None), submitted(1, 5), scaled.clone(), book(LATE, 5, None)]);
    is_one_of(&open, &["scale_out_wrong_side", "scale_out_not_executed"]);
    is_proved(&cause(&[book(0, 0, None), entered(1, 5), book(30, 5, None), scaled, book(LATE, 7, None)]), "scale_out_wrong_side");
}

/// The split would need executions that were not read: where some were, it is not proved by being the only story left.
#[test]
fn executions_tell_a_split_from_a_trade() {
    let filled = |second: i64, quantity: i64| {
        let (order_id, client_order_id) = (Some(format!("order-{second}").into()), Some(format!("uwbot-AAA-{second}").into()));
        moved(second, Action::Fill(Fill { quantity: Decimal::from(quantity), price: None, order_id, client_order_id }))
    };
    let late = cause(&[book(0, 0, None), filled(1, 7), entered(2, 7), filled(120, 7), book(LATE, 21, None)]);
    assert!(!late.proved || late.code != "corporate_action", "{late:?}");
}

/// The bot's first record is a scale-out, of what the broker's first fill brought: before that fill nothing was held.
#[test]
fn what_a_fill_brought_was_not_held_before_the_tape() {
    let filled = |second: i64, quantity: i64| {
        let (order_id, client_order_id) = (Some(format!("order-{second}").into()), Some(format!("uwbot-AAA-{second}").into()));
        moved(second, Action::Fill(Fill { quantity: Decimal::from(quantity), price: None, order_id, client_order_id }))
    };
    let scale_out = ScaleOut { quantity: Some(Decimal::from(8)), reduces: Some(Side::Long), ..ScaleOut::default() };
    let events =
        [filled(0, 27), filled(60, -8), moved(61, Action::ScaleOut(scale_out)), states(62, 19, None, Witness::BrokerPositions)];
    let oldest: Time = events[0].at;
    let events: Vec<&Event> = events.iter().collect();
    let stated = fills::statements(&events, oldest, Duration::seconds(10), Decimal::ZERO);
    let wrong = stated.iter().find(|event| match &event.fact {
        Fact::Statement(Statement { claim: Claim::Symbol(_, form), .. }) => *form != Form::Equals(Decimal::from(27)),
        Fact::Statement(_) | Fact::Movement(_) | Fact::Pulse(_) => true,
    });
    assert!(wrong.is_none(), "{wrong:?}");
}
