//! The broker's book between its reads: worked out backwards from the positions and the activities, and stated after each movement.
//!
//! The positions say what the broker held at one moment; its fills and corporate actions say how it got there. Together they are a
//! witness for every moment of the window, so a fault is dated by the minute even where the bot kept no copy of the broker's book.

use chrono::Duration;
use compact_str::CompactString;
use itertools::Itertools;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

use crate::event::{Action, Change, Claim, Event, Fact, Fill, Form, Pulse, Statement};
use crate::origin::Origin;
use crate::position::{InstrumentClass, Quantity, Symbol};
use crate::time::Time;
use crate::witness::{Standing, Witness};

/// One change of the broker's book, signed.
#[derive(Clone, Copy, Debug)]
struct Step {
    at: Time,
    change: Decimal,
    origin: Origin,
}

/// What the broker did with one symbol, and what the bot says it did.
#[derive(Default)]
struct Course {
    steps: Vec<Step>,
    movements: Vec<Time>,
    /// The bot's first record of it since the oldest activity, and whether that tells of something held before.
    first: Option<(Time, bool)>,
    orders: BTreeMap<CompactString, Span>,
}

/// From an order's submission to its last fill: the book is on its way and says nothing that lasts.
#[derive(Clone, Copy)]
struct Span {
    submitted: Option<Time>,
    first: Option<Time>,
    last: Option<Time>,
}

impl Span {
    const NONE: Span = Span { submitted: None, first: None, last: None };

    /// A resting order waits for its price and not for the book: only the last minutes before its first fill belong to the span.
    fn ends(&self) -> Option<(Time, Time)> {
        let (first, last) = self.first.zip(self.last)?;
        Some((self.submitted.map_or(first, |submitted| submitted.max(first - LONGEST_WAIT)), last))
    }
}

/// Spans that overlap drawn together, in order.
fn merged(mut spans: Vec<(Time, Time)>) -> Vec<(Time, Time)> {
    spans.sort_unstable();
    spans.into_iter().coalesce(|one, two| if two.0 <= one.1 { Ok((one.0, one.1.max(two.1))) } else { Err((one, two)) }).collect()
}

/// A market order that takes longer to begin to fill is a resting one.
const LONGEST_WAIT: Duration = Duration::minutes(2);

/// A fill may precede the bot's record of it by this: the bot polls for up to 20 s and then verifies (`formats.md` 13.4).
pub(crate) const REACH: Duration = Duration::seconds(45);

/// A statement is made this much after the grace around a movement is over.
const AFTER_GRACE: Duration = Duration::milliseconds(1);

/// The statements that follow from the broker's positions and activities, if both are among the events.
///
/// `oldest` is the moment of the oldest activity: the list is cut there, and before it nothing follows from it.
///
/// Each is made once the grace around a movement or an activity is over, so that the order in which bot and broker wrote them
/// down does not matter; a further movement within that time puts it off.
pub fn statements(events: &[&Event], oldest: Time, grace: Duration, tolerance: Decimal) -> Vec<Event> {
    let Some((read_at, whole_origin, held)) = broker_positions(events) else { return Vec::new() };
    let mut courses: BTreeMap<&Symbol, Course> = BTreeMap::new();
    // By the broker's clock a fill may be later than the read that it is in.
    let may_be_in = |event: &&&Event| event.at < read_at || (is_fill(event) && event.at - read_at <= grace);
    for event in events.iter().filter(may_be_in) {
        if let Fact::Pulse(Pulse::BrokerOrder(order)) = &event.fact {
            courses.entry(&order.symbol).or_default().orders.entry(order.id.clone()).or_insert(Span::NONE).submitted =
                Some(event.at);
        }
        let Fact::Movement(movement) = &event.fact else { continue };
        let course = courses.entry(&movement.symbol).or_default();
        if let Action::Fill(Fill { order_id: Some(id), .. }) = &movement.action {
            let span = course.orders.entry(id.clone()).or_insert(Span::NONE);
            span.first = Some(span.first.map_or(event.at, |first| first.min(event.at)));
            span.last = span.last.max(Some(event.at));
        }
        if let Some(change) = change_at_broker(&movement.action) {
            course.steps.push(Step { at: event.at, change, origin: event.origin });
        } else {
            course.movements.push(event.at);
            let held_before = matches!(movement.action, Action::Exit(_) | Action::ScaleOut(_));
            if event.at >= oldest - grace {
                course.first = course.first.filter(|(at, _)| *at <= event.at).or(Some((event.at, held_before)));
            }
        }
    }
    let answers = Answers::of(events);
    let mut stated = Vec::new();
    for (symbol, mut course) in courses {
        // Expiries and assignments reach paper activities a day late (alpaca.md 4.3).
        if symbol.class() == InstrumentClass::Option {
            continue;
        }
        course.steps.sort_by_key(|step| (step.at, step.origin));
        let moments = moments(&course, grace, oldest, read_at);
        let final_quantity = held.get(symbol).copied().unwrap_or(Decimal::ZERO);
        let held_before = course.first.filter(|(_, held_before)| *held_before).map(|(at, _)| at);
        let bounds = Bounds { grace, tolerance, oldest, read_at, held_before };
        let Some(book) = anchored(&course.steps, final_quantity, whole_origin, &answers.about(symbol), &moments, &bounds) else {
            continue;
        };
        for at in moments {
            let (quantity, origin) = book.at(at);
            let form = if quantity.is_zero() { Form::NotHeld } else { Form::Equals(quantity) };
            let statement = Statement { witness: Witness::BrokerFills, claim: Claim::Symbol(symbol.clone(), form) };
            stated.push(Event { at, origin, fact: Fact::Statement(statement) });
        }
    }
    stated
}

/// When the broker's positions were read; `None` where they were not.
pub fn read_at(events: &[Event]) -> Option<Time> {
    let facts: Vec<&Event> = events.iter().collect();
    broker_positions(&facts).map(|(at, ..)| at)
}

/// The moment of the oldest activity of the broker's; `None` where activities were not read.
pub fn oldest_activity(events: &[Event]) -> Option<Time> {
    let is_activity = |event: &&Event| matches!(&event.fact, Fact::Movement(moved) if change_at_broker(&moved.action).is_some());
    events.iter().filter(is_activity).map(|event| event.at).min()
}

/// What limits a book that is worked out backwards.
struct Bounds {
    grace: Duration,
    tolerance: Decimal,
    oldest: Time,
    read_at: Time,
    /// When the bot's first record tells of something that was held before it.
    held_before: Option<Time>,
}

/// The broker's book, worked backwards from its positions. Positions may lag behind the activities, or run ahead of them, by the grace
/// (`alpaca.md` section 0, fact 5): it may be that the last fills before the read are not in them. The broker's own earlier answers
/// tell which; where they do not, a book that began as the bot's first record has it is taken: held before that record, if it is an exit or
/// a scale-out, else flat; where that does not tell either, nothing is said.
fn anchored<'a>(
    steps: &'a [Step],
    final_quantity: Decimal,
    otherwise: Origin,
    answers: &AnswersAbout<'_>,
    moments: &[Time],
    bounds: &Bounds,
) -> Option<BrokerBook<'a>> {
    let late = steps.iter().rev().take_while(|step| bounds.read_at - step.at <= bounds.grace).count();
    let possible = (0..=late).map(|left_out| BrokerBook::backwards(steps, left_out, final_quantity, otherwise));
    let mut possible: Vec<BrokerBook<'a>> = possible.filter(|book| !book.contradicts(answers, moments, bounds)).collect();
    possible.dedup_by(|one, two| one.quantities == two.quantities);
    if possible.len() > 1 {
        // What was executed long before the record was held by then: it says nothing of before that.
        possible.retain(|book| match bounds.held_before {
            Some(at) => !book.at(at - REACH).0.is_zero(),
            None => book.quantities.first().is_some_and(Decimal::is_zero),
        });
    }
    if possible.len() == 1 { possible.pop() } else { None }
}

fn is_fill(event: &Event) -> bool {
    matches!(&event.fact, Fact::Movement(movement) if matches!(movement.action, Action::Fill(_)))
}

type Held = BTreeMap<Symbol, Decimal>;

/// The broker's whole book with the moment its read began; `None` where it was not read, or not whole.
fn broker_positions(events: &[&Event]) -> Option<(Time, Origin, Held)> {
    events.iter().find_map(|event| match &event.fact {
        Fact::Statement(Statement { witness: Witness::BrokerPositions, claim: Claim::WholeBook(holdings) }) => {
            let held = holdings.iter().filter_map(|holding| Some((holding.symbol.clone(), holding.quantity?))).collect();
            Some((event.at, event.origin, held))
        }
        _ => None,
    })
}

/// The signed change an activity makes; `None` for the bot's own movements.
fn change_at_broker(action: &Action) -> Option<Decimal> {
    match action {
        Action::Fill(fill) => Some(fill.quantity),
        Action::CorporateAction(corporate) => Some(match corporate.change {
            Change::Ratio { minus, plus } => plus - minus,
            Change::Delta(delta) => delta,
        }),
        Action::Entry(_) | Action::ScaleOut(_) | Action::Exit(_) => None,
    }
}

/// The broker's direct answers outside of degraded mode, to hold the sums against: the rows of `portfolio_state.jsonl`, and what the
/// reconciler and its kin wrote of single symbols. Both in order of time.
struct Answers<'a> {
    rows: Vec<(Time, BTreeMap<&'a Symbol, Decimal>)>,
    single: BTreeMap<&'a Symbol, Vec<(Time, Form)>>,
}

/// The answers that concern one symbol.
struct AnswersAbout<'a> {
    symbol: &'a Symbol,
    rows: &'a [(Time, BTreeMap<&'a Symbol, Decimal>)],
    single: &'a [(Time, Form)],
}

impl<'a> Answers<'a> {
    fn of(events: &[&'a Event]) -> Answers<'a> {
        let mut modes: Vec<(Time, bool)> = events
            .iter()
            .filter_map(|event| match event.fact {
                Fact::Pulse(Pulse::DegradedEntered) => Some((event.at, true)),
                Fact::Pulse(Pulse::DegradedExited) => Some((event.at, false)),
                _ => None,
            })
            .collect();
        modes.sort_unstable();
        let degraded =
            |at: Time| modes[..modes.partition_point(|(time, _)| *time <= at)].last().is_some_and(|(_, degraded)| *degraded);
        let mut answers = Answers { rows: Vec::new(), single: BTreeMap::new() };
        for event in events.iter().filter(|event| !degraded(event.at)) {
            let Fact::Statement(Statement { witness, claim }) = &event.fact else { continue };
            match claim {
                Claim::WholeBook(holdings) if matches!(witness, Witness::PortfolioHistory | Witness::CustomBroker) => {
                    let held = holdings.iter().filter_map(|holding| Some((&holding.symbol, holding.quantity?))).collect();
                    answers.rows.push((event.at, held));
                }
                Claim::Symbol(symbol, form) if witness.standing() == Standing::BrokerUnlessDegraded => {
                    answers.single.entry(symbol).or_default().push((event.at, *form));
                }
                Claim::WholeBook(_) | Claim::Symbol(..) | Claim::Count(_) => {}
            }
        }
        answers.rows.sort_by_key(|(at, _)| *at);
        for single in answers.single.values_mut() {
            single.sort_by_key(|(at, _)| *at);
        }
        answers
    }

    fn about(&'a self, symbol: &'a Symbol) -> AnswersAbout<'a> {
        AnswersAbout { symbol, rows: &self.rows, single: self.single.get(symbol).map_or(&[], Vec::as_slice) }
    }
}

/// When to state the book: after the grace around each movement and activity, unless another comes before that is over.
fn moments(course: &Course, grace: Duration, oldest: Time, read_at: Time) -> Vec<Time> {
    let times: BTreeSet<Time> = course.movements.iter().copied().chain(course.steps.iter().map(|step| step.at)).collect();
    let times: Vec<Time> = times.into_iter().filter(|at| *at >= oldest).collect();
    let settled = times.iter().enumerate().map(|(place, at)| (*at + grace + AFTER_GRACE, times.get(place + 1)));
    let lasting = settled.filter(|(at, next)| *at < read_at && next.is_none_or(|next| next > at)).map(|(at, _)| at);
    let spans = merged(course.orders.values().filter_map(Span::ends).collect());
    let on_its_way = |at: &Time| {
        let begun = spans.partition_point(|(begins, _)| begins <= at);
        begun > 0 && spans[begun - 1].1 >= *at
    };
    lasting.filter(|at| !on_its_way(at)).collect()
}

/// The broker's quantity of one symbol over time.
struct BrokerBook<'a> {
    steps: &'a [Step],
    /// Quantity after each step; the first is the one before all steps.
    quantities: Vec<Decimal>,
    otherwise: Origin,
}

impl<'a> BrokerBook<'a> {
    /// The book that ends in `final_quantity`, where the last `left_out` steps are not in it yet.
    fn backwards(steps: &'a [Step], left_out: usize, final_quantity: Decimal, otherwise: Origin) -> BrokerBook<'a> {
        let counted = &steps[..steps.len() - left_out];
        let mut quantity = final_quantity - counted.iter().map(|step| step.change).sum::<Decimal>();
        let mut quantities = vec![quantity];
        for step in steps {
            quantity += step.change;
            quantities.push(quantity);
        }
        BrokerBook { steps, quantities, otherwise }
    }

    fn at(&self, at: Time) -> (Decimal, Origin) {
        let done = self.steps.partition_point(|step| step.at <= at);
        let origin = done.checked_sub(1).map_or(self.otherwise, |last| self.steps[last].origin);
        (self.quantities[done], origin)
    }

    /// A direct answer of the broker says otherwise: an activity is missing from the list, so its sums prove nothing. Asked where the
    /// book has settled after each movement, and before the first.
    fn contradicts(&self, answers: &AnswersAbout<'_>, moments: &[Time], bounds: &Bounds) -> bool {
        let quiet = |at: Time| {
            let next = self.steps.partition_point(|step| step.at < at - bounds.grace);
            self.steps.get(next).is_none_or(|step| step.at > at + bounds.grace)
        };
        let wrong = |at: Time, form: &Form| {
            let quantity = self.at(at).0;
            match form {
                Form::Equals(stated) => (quantity - *stated).abs() > bounds.tolerance,
                Form::AtLeast(stated) => !Quantity::at_least(*stated).allows(quantity, bounds.tolerance),
                Form::Held => quantity.is_zero(),
                Form::NotHeld => !quantity.is_zero(),
                Form::ScoreLost(_) => false,
            }
        };
        let row_wrong = std::iter::once(bounds.oldest).chain(moments.iter().copied()).any(|moment| {
            let next = answers.rows.partition_point(|(at, _)| *at < moment);
            answers.rows.get(next).is_some_and(|(at, held)| {
                let stated = held.get(answers.symbol).copied().unwrap_or(Decimal::ZERO);
                *at < bounds.read_at && quiet(*at) && wrong(*at, &Form::Equals(stated))
            })
        });
        row_wrong
            || answers
                .single
                .iter()
                .any(|(at, form)| *at >= bounds.oldest && *at < bounds.read_at && quiet(*at) && wrong(*at, form))
    }
}
