//! The tape: the events of all sources in one total order, each real event once.

use chrono::Duration;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use crate::event::{Claim, Event, Fact, Holding, Pulse, Statement};
use crate::fills;
use crate::origin::SourceId;
use crate::position::Symbol;
use crate::runs::Runs;
use crate::sightings::{self, Joiner, MissingSighting};
use crate::time::Time;

/// The totally ordered stream of events.
#[derive(Debug, Default)]
pub struct Tape {
    /// In order.
    pub events: Vec<Event>,
    /// What was left out, joined, and is missing.
    pub woven: Woven,
}

/// What a tape's events do not tell themselves.
#[derive(Debug, Default)]
pub struct Woven {
    /// Records that became sightings of another's movement.
    pub joined: u64,
    /// Sightings that should be there and are not.
    pub missing_sightings: Vec<MissingSighting>,
    /// Symbols that `--symbol` left out.
    pub symbols_left_out: BTreeSet<Symbol>,
}

/// What part of the events becomes the tape.
#[derive(Clone, Debug, Default)]
pub struct Cut {
    /// The tape begins here, where the logs' beginnings are passed over: earlier events are not on it.
    pub from: Option<Time>,
    /// The tape stops here: later events are not on it.
    pub until: Option<Time>,
    /// Only these symbols; all if empty.
    pub symbols: BTreeSet<Symbol>,
    /// The grace around a movement (design, rule 4).
    pub grace: Duration,
    /// Quantities that differ by no more are equal.
    pub tolerance: Decimal,
}

/// Lines of one log are at most so much older than a line before them: threads that write at once, clocks that are set.
/// A log in greater disorder is read to its end before anything is put on the tape.
pub const DISORDER: Duration = Duration::minutes(2);

/// A record of this source came that is older than what is on the tape already: the logs must be read to their ends first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late(pub SourceId);

/// Puts events in order, joins sightings, and adds what follows from the broker's activities, while the events pass by.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Weaver {
    #[serde(skip)]
    cut: Cut,
    joiner: Joiner,
    /// Not on the tape yet, and no record that waits for its sightings.
    loose: Runs,
    /// What is not younger than this was taken: its records are joined, and most of it is on the tape.
    woven_until: Option<Time>,
    /// The oldest of the broker's activities: what is stated from them depends on all that comes later.
    oldest_activity: Option<Time>,
    /// On the tape already, and asked for once more by what is stated from activities.
    remembered: Vec<Event>,
    /// Activities may come later.
    remembers: bool,
    said: Said,
    left_out: BTreeSet<Symbol>,
    taken: usize,
    gathered: usize,
}

/// So many events are gathered before those that are complete are put on the tape: fewer cost more to merge, more are no longer in the core's
/// cache when they are folded, and keep whoever decodes waiting.
const GATHERED: usize = 1 << 11;

impl Weaver {
    /// A weaver of a tape that has nothing on it. `events` are known from the beginning: state files and the broker's answers.
    pub fn new(cut: Cut, events: Vec<Event>) -> Weaver {
        let oldest_activity = fills::oldest_activity(&events);
        let mut weaver = Weaver {
            cut,
            joiner: Joiner::default(),
            loose: Runs::default(),
            woven_until: None,
            oldest_activity,
            remembered: Vec::new(),
            remembers: oldest_activity.is_some(),
            said: Said::default(),
            left_out: BTreeSet::new(),
            taken: 0,
            gathered: GATHERED,
        };
        weaver.gather(events);
        weaver
    }

    /// The same, weaving as soon as so many events were taken: the tape is the same for any number.
    pub fn gathering(self, gathered: usize) -> Weaver {
        Weaver { gathered, ..self }
    }

    /// The same, to which the broker's activities will be added when the tape [goes on](Weaver::going_on).
    pub fn remembering(self) -> Weaver {
        Weaver { remembers: true, ..self }
    }

    /// A weaver that goes on from here until a moment, with events that are known only now: what states files and the broker have today.
    pub fn going_on(&self, until: Option<Time>, events: Vec<Event>) -> Result<Weaver, Late> {
        let mut weaver = self.clone();
        weaver.cut.until = until;
        weaver.oldest_activity = fills::oldest_activity(&events);
        weaver.take(events)?;
        Ok(weaver)
    }

    /// A weaver that was stored, which does not keep what part of the events is wanted.
    pub fn with(self, cut: Cut) -> Weaver {
        Weaver { cut, ..self }
    }

    /// What is not younger was taken.
    pub fn woven_until(&self) -> Option<Time> {
        self.woven_until
    }

    /// Takes events, in any order.
    pub fn take(&mut self, events: Vec<Event>) -> Result<(), Late> {
        self.taken += events.len();
        if let Some(until) = self.woven_until
            && let Some(late) = events.iter().find(|event| event.at <= until)
        {
            return Err(Late(late.origin.source));
        }
        self.gather(events);
        Ok(())
    }

    fn gather(&mut self, mut events: Vec<Event>) {
        if let Some(from) = self.cut.from {
            // A state file without a time of its own is judged at the end.
            events.retain(|event| event.at >= from || event.at == Time::UNIX_EPOCH);
        }
        if !self.cut.symbols.is_empty() {
            events = events.into_iter().filter_map(|event| only_symbols(event, &self.cut, &mut self.left_out)).collect();
        }
        for event in events.extract_if(.., |event| sightings::may_be_joined(event)) {
            self.joiner.take(event);
        }
        self.loose.add(events);
    }

    /// Everything until `reached` was taken, but for disorder: what is complete goes on the tape, in order, to `out`.
    pub fn weave(&mut self, reached: Time, out: &mut impl FnMut(Event)) {
        if self.taken < self.gathered {
            return;
        }
        self.weave_until(reached - DISORDER, out);
    }

    /// Everything until `reached` was taken: what is complete goes on the tape, in order, to `out`.
    pub fn weave_until(&mut self, reached: Time, out: &mut impl FnMut(Event)) {
        self.taken = 0;
        self.woven_until = self.woven_until.max(Some(reached));
        let (joined, waiting) = self.joiner.join(Some(reached));
        self.loose.add(joined);
        // One moment goes on the tape as a whole, so what waits keeps its whole moment waiting.
        let stated_from = self.oldest_activity.map(|oldest| oldest - self.cut.grace);
        let before = [waiting, stated_from].into_iter().flatten().fold(reached, Ord::min);
        self.put(Some(before), out);
    }

    /// All was taken: the rest goes on the tape.
    pub fn finish(mut self, out: &mut impl FnMut(Event)) -> Woven {
        let (joined, _) = self.joiner.join(None);
        self.loose.add(joined);
        if let Some(oldest) = self.oldest_activity {
            let facts: Vec<&Event> = self.remembered.iter().chain(self.loose.iter()).collect();
            let stated = fills::statements(&facts, oldest, self.cut.grace, self.cut.tolerance);
            self.loose.add(stated);
        }
        self.put(None, out);
        let joined = self.joiner.joined;
        let mut missing_sightings = self.joiner.missing();
        missing_sightings.retain(|missing| self.cut.until.is_none_or(|until| missing.at <= until));
        Woven { joined, missing_sightings, symbols_left_out: self.left_out }
    }

    /// Puts what is older than `before` on the tape.
    fn put(&mut self, before: Option<Time>, out: &mut impl FnMut(Event)) {
        let Weaver { cut, loose, remembered, remembers, said, .. } = self;
        loose.give_out(before, |event| {
            if *remembers && is_asked_for_again(&event) {
                remembered.push(event.clone());
            }
            if cut.until.is_none_or(|until| event.at <= until) && said.is_new(&event) {
                out(event);
            }
        });
    }
}

/// What the broker's book between its reads is worked out from, beside what happened since the oldest activity.
fn is_asked_for_again(event: &Event) -> bool {
    matches!(&event.fact, Fact::Pulse(Pulse::DegradedEntered | Pulse::DegradedExited | Pulse::BrokerOrder(_)))
}

/// The tape of events that are all at hand.
pub fn make(events: Vec<Event>, cut: &Cut) -> Tape {
    let mut on_tape = Vec::new();
    let woven = Weaver::new(cut.clone(), events).finish(&mut |event| on_tape.push(event));
    Tape { events: on_tape, woven }
}

/// What was stated at the present moment: the same statement of the same witness, written twice in different spellings, is said once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Said {
    moment: Option<Time>,
    statements: Vec<Statement>,
}

impl Said {
    fn is_new(&mut self, event: &Event) -> bool {
        if self.moment != Some(event.at) {
            self.moment = Some(event.at);
            self.statements.clear();
        }
        let Fact::Statement(statement) = &event.fact else { return true };
        if matches!(statement.claim, Claim::WholeBook(_)) {
            return true;
        }
        let new = !self.statements.contains(statement);
        if new {
            self.statements.push(statement.clone());
        }
        new
    }
}

/// Leaves out symbols that were not asked for. A count of the whole book cannot be checked against part of it, and goes too.
fn only_symbols(mut event: Event, cut: &Cut, left_out: &mut BTreeSet<Symbol>) -> Option<Event> {
    if cut.symbols.is_empty() {
        return Some(event);
    }
    if let Some(symbol) = event.symbol().filter(|symbol| !cut.symbols.contains(*symbol)) {
        left_out.insert(symbol.clone());
        return None;
    }
    match &mut event.fact {
        Fact::Statement(Statement { claim: Claim::Count(_), .. }) => return None,
        Fact::Statement(Statement { claim: Claim::WholeBook(holdings), .. }) => {
            let (kept, others): (Vec<&Holding>, Vec<&Holding>) =
                holdings.iter().partition(|row| cut.symbols.contains(&row.symbol));
            left_out.extend(others.into_iter().map(|row| row.symbol.clone()));
            *holdings = kept.into_iter().cloned().collect();
        }
        Fact::Pulse(Pulse::Fix { symbols, .. }) => {
            symbols.retain(|symbol| cut.symbols.contains(symbol));
            if symbols.is_empty() {
                return None;
            }
        }
        Fact::Statement(Statement { claim: Claim::Symbol(..), .. }) | Fact::Movement(_) | Fact::Pulse(_) => {}
    }
    Some(event)
}
