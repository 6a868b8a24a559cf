//! The looks at a day: at each moment no more of the tape than there was by then, and from the last record on the whole of it.
//!
//! The tape is folded once. A ledger can stop at any event and go on, so each look finishes a copy.

use chrono::Duration;

use super::Setting;
use crate::alarms::rules::Rules;
use crate::alarms::sight::Sight;
use crate::alarms::{Alarms, Announcement};
use crate::brokers::BrokerRead;
use crate::cause::{self, Known};
use crate::event::{Claim, Event, Fact, Statement};
use crate::fills;
use crate::ledger::{self, Ledger};
use crate::profit::Profit;
use crate::report::{self, Asked, Parts, Report, Stats, Window};
use crate::sightings::MissingSighting;
use crate::time::Time;
use crate::witness::Standing;
use crate::{CannotReplay, Request};

/// Where nothing was recorded for so long, the bot did not run: nobody looks until it does.
const AT_REST: Duration = Duration::hours(1);

/// What one setting announced.
pub(super) struct Told {
    pub(super) setting: Setting,
    pub(super) announcements: Vec<Announcement>,
}

/// What came of the looks at a day.
pub(super) struct Watched {
    pub(super) told: Vec<Told>,
    /// The last look at less than the whole day.
    pub(super) seen_whole: Time,
    /// The last look.
    pub(super) ended: Time,
    pub(super) looks: u64,
}

/// One setting at work.
struct Watcher {
    setting: Setting,
    rules: Rules,
    /// It looks at every so many of all looks.
    every: u64,
    alarms: Alarms,
    announcements: Vec<Announcement>,
}

impl Watcher {
    fn look(&mut self, number: u64, sight: &Sight) {
        if number.is_multiple_of(self.every) {
            self.announcements.extend(self.alarms.look(sight, &self.rules));
        }
    }
}

/// Looks at a day with settings of one grace.
pub(super) fn watch(request: &Request, settings: &[Setting]) -> Result<Watched, CannotReplay> {
    let grace = settings.first().map_or(0, |setting| setting.grace);
    let equality = ledger::Settings { grace: Duration::seconds(i64::from(grace)), ..request.settings };
    let request = Request { settings: equality, biographies: false, ..request.clone() };
    let replay = crate::replay(&request)?;
    let step = settings.iter().map(|setting| setting.interval.max(1)).fold(0, greatest_common_divisor).max(1);
    let mut watchers: Vec<Watcher> = settings.iter().map(|setting| watcher(*setting, step)).collect();
    let events: Vec<Event> = replay.tape.events.iter().filter(|event| !is_of_the_end(event)).cloned().collect();
    let step = Duration::seconds(i64::from(step));
    let mut looks = 0;
    let mut at = events.first().map_or(Time::UNIX_EPOCH, |event| event.at).max(request.window.from.unwrap_or(Time::UNIX_EPOCH));
    if let Some(last) = events.last().map(|event| event.at) {
        let mut so_far = SoFar::nothing(&request, &events, &replay.tape.woven.missing_sightings);
        while at + step < last {
            (at, looks) = so_far.next_look(at, step, looks);
            let sight = so_far.sight(at);
            watchers.iter_mut().for_each(|watcher| watcher.look(looks, sight));
        }
    }
    // The world stands still until whatever stands then had time to be announced.
    let longest = settings.iter().map(Setting::bound).max().unwrap_or_default();
    let mut sight = Sight::of(&replay.report, at, false);
    let seen_whole = at;
    let ended = at + longest + step;
    while sight.at < ended {
        sight.at += step;
        looks += 1;
        watchers.iter_mut().for_each(|watcher| watcher.look(looks, &sight));
    }
    let told = watchers.into_iter().map(|watcher| Told { setting: watcher.setting, announcements: watcher.announcements });
    Ok(Watched { told: told.collect(), seen_whole, ended: sight.at, looks })
}

fn watcher(setting: Setting, step: u32) -> Watcher {
    let every = u64::from((setting.interval / step).max(1));
    Watcher { setting, rules: setting.rules(), every, alarms: Alarms::default(), announcements: Vec::new() }
}

/// A state file describes the end: nobody knows what it said before. So does what has no time of its own.
fn is_of_the_end(event: &Event) -> bool {
    let is_state_file = match &event.fact {
        Fact::Statement(Statement { witness, claim: Claim::WholeBook(_) }) => witness.standing() == Standing::Judged,
        Fact::Statement(_) | Fact::Movement(_) | Fact::Pulse(_) => false,
    };
    is_state_file || event.at <= Time::UNIX_EPOCH
}

fn greatest_common_divisor(one: u32, two: u32) -> u32 {
    if one == 0 { two } else { greatest_common_divisor(two % one, one) }
}

/// The tape as far as it has passed by.
struct SoFar<'a> {
    request: &'a Request,
    events: &'a [Event],
    /// So many of them have passed by.
    passed: usize,
    missing: &'a [MissingSighting],
    known: Known,
    ledger: Ledger,
    sight: Sight,
}

impl<'a> SoFar<'a> {
    fn nothing(request: &'a Request, events: &'a [Event], missing: &'a [MissingSighting]) -> SoFar<'a> {
        let known = Known { executions_from: fills::oldest_activity(events), ..Known::default() };
        let ledger = Ledger::new(request.settings);
        SoFar { request, events, passed: 0, missing, known, ledger, sight: Sight::default() }
    }

    /// The last record that has passed by; the first, if none has.
    fn last(&self) -> Option<Time> {
        self.events.get(self.passed.saturating_sub(1)).map(|event| event.at)
    }

    /// The next look's moment and number; where the bot was at rest, the last before it ran again.
    fn next_look(&mut self, at: Time, step: Duration, number: u64) -> (Time, u64) {
        let next = self.events.get(self.passed).map_or(at, |event| event.at);
        if at - self.last().unwrap_or(at) < AT_REST || next - at < AT_REST {
            return (at + step, number + 1);
        }
        let steps = ((next - at).num_milliseconds() / step.num_milliseconds().max(1)).max(1);
        (at + step * i32::try_from(steps).unwrap_or(1), number + steps.unsigned_abs())
    }

    /// What a look sees.
    fn sight(&mut self, at: Time) -> &Sight {
        let before = self.passed;
        for event in self.events[before..].iter().take_while(|event| event.at <= at) {
            self.ledger.push(event.clone());
            self.passed += 1;
        }
        if self.passed > before {
            self.sight = Sight::of(&self.report(at), at, false);
        }
        self.sight.at = at;
        &self.sight
    }

    /// The report of the tape so far. State files and the broker's recording describe the end: until then the broker's word is what the
    /// logs keep of it, and its executions.
    fn report(&self, at: Time) -> Report {
        let mut ledger = self.ledger.clone();
        let until = self.missing.partition_point(|missing| missing.at <= at);
        ledger.finish(None, &self.missing[..until], self.last().unwrap_or(at));
        // Who accepts breaks may do so by their causes.
        if !self.request.accept.is_empty() {
            cause::explain(&mut ledger, &self.events[..self.passed], &self.known);
        }
        let stats = Stats { tally: ledger.tally, symbols: ledger.accounts.len() as u64, ..Stats::default() };
        report::make(Parts {
            asked: Asked { strict: self.request.strict, equality: self.request.settings, ..Asked::default() },
            window: Window { from: self.request.window.from, until: None, at: Some(at) },
            accept: &self.request.accept,
            symbols: &self.request.symbols,
            broker: BrokerRead::none(),
            sources: Vec::new(),
            quarantined: Vec::new(),
            missing: Vec::new(),
            ledger: &mut ledger,
            stats,
            profit: Profit::default(),
            first: self.events.first().map(|event| event.at),
            opening: None,
            audit: None,
        })
    }
}
