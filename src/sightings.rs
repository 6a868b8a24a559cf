//! One real event, one movement: the records that saw the same entry, scale-out or exit are joined (design, rule 2).

use chrono::Duration;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

use crate::event::{Action, Entry, Event, Exit, Fact, Movement, Pulse, ScaleOut, Sighting};
use crate::order_id::OrderId;
use crate::origin::Origin;
use crate::position::Symbol;
use crate::time::Time;

/// Records of one real event are written within this of each other: the fill is waited for up to 20 s *before* the first of them
/// (`formats.md` 13.4), so seconds are enough; two exits of one symbol are further apart (`formats.md` 15: 5 of 1,189 under 60 s).
const WINDOW: Duration = Duration::seconds(10);

/// Records with one order id are joined as far apart as this: the bot waits for a fill, tries again and verifies for minutes at the most
/// (`formats.md` 13.4). Records of one symbol and kind that are further apart have nothing to do with each other.
const APART: Duration = Duration::minutes(5);

/// A record that one of its kind always has beside it, and that stands alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MissingSighting {
    /// The symbol.
    pub symbol: Symbol,
    /// When the movement was.
    pub at: Time,
    /// The record that is there.
    pub origin: Origin,
    /// The kind of movement.
    pub kind: Kind,
    /// The log that should have it too.
    pub absent: Sighting,
}

/// The kinds of movement that several logs see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// An entry.
    Entry,
    /// A scale-out.
    ScaleOut,
    /// An exit.
    Exit,
}

impl Kind {
    /// Every kind.
    const ALL: [Kind; 3] = [Kind::Entry, Kind::ScaleOut, Kind::Exit];

    fn of(action: &Action) -> Option<Kind> {
        match action {
            Action::Entry(_) => Some(Kind::Entry),
            Action::ScaleOut(_) => Some(Kind::ScaleOut),
            Action::Exit(_) => Some(Kind::Exit),
            Action::Fill(_) | Action::CorporateAction(_) => None,
        }
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Entry => "entry",
            Kind::ScaleOut => "scale-out",
            Kind::Exit => "exit",
        }
    }
}

/// Among so many symbols those stay that have no record now: to look at them each time takes next to no time. Of more they are forgotten.
const FEW_SYMBOLS: usize = 256;

/// Joins sightings while the records pass by.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Joiner {
    /// Of each symbol the records of each kind, in the order of [`Kind::ALL`].
    groups: BTreeMap<Symbol, [Records; Kind::ALL.len()]>,
    coverage: Coverage,
    missing: Vec<MissingSighting>,
    /// Records that became sightings of another's movement.
    pub joined: u64,
}

impl Joiner {
    /// Takes a record that [several logs may have](may_be_joined).
    pub fn take(&mut self, event: Event) {
        let Event { at, origin, fact: Fact::Movement(movement) } = event else { return };
        let Some(kind) = Kind::of(&movement.action) else { return };
        let record = Record { at, origin, movement };
        self.coverage.saw(kind, record.movement.sighting, at);
        self.groups.entry(record.movement.symbol.clone()).or_default()[kind as usize].push(record);
    }

    /// Joins what is complete, where everything until `reached` was taken; everything is, where it is `None`. Gives the joined events, in no
    /// order, and the moment of the first record that is not joined yet.
    pub fn join(&mut self, reached: Option<Time>) -> (Vec<Event>, Option<Time>) {
        let mut waiting: Option<Time> = None;
        let mut joined = Vec::with_capacity(self.groups.values().flatten().map(Vec::len).sum());
        let (mut clump, mut clusters) = (Records::new(), Vec::new());
        let of_all = self
            .groups
            .iter_mut()
            .flat_map(|(symbol, groups)| Kind::ALL.into_iter().zip(groups).map(move |(kind, records)| (symbol, kind, records)));
        for (symbol, kind, records) in of_all.filter(|(.., records)| !records.is_empty()) {
            records.sort_by_key(|record| (record.at, record.origin));
            let open = reached.and_then(|reached| first_open(records, reached));
            let mut complete = records.drain(..open.unwrap_or(records.len())).peekable();
            while let Some(record) = complete.next() {
                let mut latest = record.at;
                clump.push(record);
                // No two records that are further apart can be of one event.
                while let Some(record) = complete.next_if(|record| record.at <= latest + APART) {
                    latest = record.at;
                    clump.push(record);
                }
                self.joined += clustered(&mut clump, &mut clusters);
                for cluster in clusters.drain(..) {
                    self.coverage.may_miss(symbol, kind, &cluster, &mut self.missing);
                    joined.push(cluster.into_event());
                }
            }
            drop(complete);
            waiting = waiting.into_iter().chain(records.first().map(|record| record.at)).min();
        }
        // A symbol that moved is likely to move again.
        if self.groups.len() > FEW_SYMBOLS {
            self.groups.retain(|_, groups| groups.iter().any(|records| !records.is_empty()));
        }
        (joined, waiting)
    }

    /// The sightings that should be there and are not, when everything was joined.
    pub fn missing(self) -> Vec<MissingSighting> {
        let Joiner { mut missing, coverage, .. } = self;
        missing.retain(|missing| coverage.goes_on_after(missing));
        missing.sort_by(|one, two| {
            let key = |missing: &MissingSighting| (missing.kind, missing.at, missing.origin, missing.absent);
            one.symbol.cmp(&two.symbol).then_with(|| key(one).cmp(&key(two)))
        });
        missing
    }
}

/// The first record, in order, of those that a later one may still be joined with.
fn first_open(records: &Records, reached: Time) -> Option<usize> {
    let apart = |place: &usize| {
        let next = records.get(*place).map_or(reached, |record| reached.min(record.at));
        next > records[place - 1].at + APART
    };
    let complete = (1..=records.len()).rev().find(apart).unwrap_or(0);
    (complete < records.len()).then_some(complete)
}

/// Whether several logs may have a record of what an event tells.
pub fn may_be_joined(event: &Event) -> bool {
    matches!(&event.fact, Fact::Movement(movement) if Kind::of(&movement.action).is_some())
}

/// The records of one kind of movement of one symbol.
type Records = Vec<Record>;

/// One record of a movement.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    at: Time,
    origin: Origin,
    movement: Box<Movement>,
}

/// One real event: the record of most trust, with the sightings that were joined to it.
type Cluster = Record;

impl Cluster {
    fn exit(&self) -> Option<&Exit> {
        if let Action::Exit(exit) = &self.movement.action { Some(exit) } else { None }
    }

    fn has(&self, sighting: Sighting) -> bool {
        self.movement.sighting == sighting || self.movement.joined.iter().any(|(other, _, _)| *other == sighting)
    }

    /// Whether this log saw it already, in a record of another moment: then a further record is of another event. One of the same moment
    /// is the same record in another spelling.
    fn has_another(&self, sighting: Sighting, at: Time) -> bool {
        let mine = self.movement.sighting == sighting && self.at != at;
        mine || self.movement.joined.iter().any(|(other, seen, _)| *other == sighting && *seen != at)
    }

    /// Takes another record's sighting, and what it knows that this one does not.
    fn take(&mut self, record: &Record) {
        match (&mut self.movement.action, &record.movement.action) {
            (Action::Exit(mine), Action::Exit(theirs)) => complete_exit(mine, theirs),
            (Action::ScaleOut(mine), Action::ScaleOut(theirs)) => complete_scale_out(mine, theirs),
            (Action::Entry(mine), Action::Entry(theirs)) => complete_entry(mine, theirs),
            _ => {}
        }
        self.movement.joined.push((record.movement.sighting, record.at, record.origin));
    }

    /// An entry that only the order log knows is evidence, not a movement: whether the position exists is for the witnesses to say.
    fn into_event(self) -> Event {
        let fact = match (self.movement.sighting, &self.movement.action) {
            (Sighting::OrderLog, Action::Entry(entry)) => {
                Fact::Pulse(Pulse::UnloggedEntry(self.movement.symbol.clone(), Box::new(entry.clone())))
            }
            _ => Fact::Movement(self.movement),
        };
        Event { at: self.at, origin: self.origin, fact }
    }
}

fn complete_exit(mine: &mut Exit, theirs: &Exit) {
    mine.side = mine.side.or(theirs.side);
    mine.filled = mine.filled.or(theirs.filled);
    mine.entry_price = mine.entry_price.or(theirs.entry_price);
    mine.price = mine.price.or(theirs.price);
    mine.profit = mine.profit.or(theirs.profit);
    mine.entry_time = mine.entry_time.or(theirs.entry_time);
    if mine.order_id.is_none() {
        mine.order_id.clone_from(&theirs.order_id);
    }
}

fn complete_scale_out(mine: &mut ScaleOut, theirs: &ScaleOut) {
    mine.reduces = mine.reduces.or(theirs.reduces);
    mine.quantity = mine.quantity.or(theirs.quantity);
    mine.price = mine.price.or(theirs.price);
}

/// At age J the attribution row has neither side nor quantity: its final order row has (`formats.md` T1).
fn complete_entry(mine: &mut Entry, order: &Entry) {
    if mine.one_per_symbol {
        return;
    }
    mine.side = order.side.or(mine.side);
    mine.price = mine.price.or(order.price);
    mine.pending = order.pending;
    mine.logged = order.logged;
    mine.requested = order.requested;
    if mine.market && !mine.pending {
        let price = mine.price.filter(|price| *price > Decimal::ZERO);
        mine.requested =
            mine.size_usd.zip(price).and_then(|(size, price)| size.checked_div(price)).map(|quantity| quantity.round());
    }
}

/// Makes clusters of records that may be of one event, log by log in the order of trust, and tells how many of them were joined.
fn clustered(records: &mut Records, clusters: &mut Vec<Cluster>) -> u64 {
    let mut joined = 0;
    // Those of one log stay in the order of time.
    records.sort_by_key(|record| record.movement.sighting);
    let mut records = records.drain(..).peekable();
    while let Some(first) = records.peek() {
        let sighting = first.movement.sighting;
        // Those of logs of more trust.
        let known = clusters.len();
        let index = Index::of(clusters);
        while let Some(record) = records.next_if(|record| record.movement.sighting == sighting) {
            match index.match_for(&clusters[..known], &record) {
                Some(place) => {
                    clusters[place].take(&record);
                    joined += 1;
                }
                None if sighting != Sighting::CustomLog && is_again(clusters[known..].last(), record.at) => joined += 1,
                None => clusters.push(record),
            }
        }
        clusters.sort_by_key(|cluster| (cluster.at, cluster.origin));
    }
    joined
}

/// The same record spelt in another way: same log, same symbol and kind, same moment (`formats.md` 16: trade ids, which are made of
/// these, are unique). Of a log that the settings map nothing such is known: two trades of one second are two.
fn is_again(last: Option<&Cluster>, at: Time) -> bool {
    last.is_some_and(|last| last.at == at)
}

/// Finds a record's cluster: by order id, by the lot's entry time, else by the nearest time.
struct Index {
    /// Where there are more than [`FEW`]; else each is looked at.
    many: Option<Many>,
}

/// Clusters by what they have in common with a record; of equal ones the last.
#[derive(Default)]
struct Many {
    by_order: HashMap<OrderId, usize>,
    by_entry_time: HashMap<Time, usize>,
}

/// So few clusters are looked at one by one: mostly there is one.
const FEW: usize = 8;

impl Index {
    fn of(clusters: &[Cluster]) -> Index {
        if clusters.len() <= FEW {
            return Index { many: None };
        }
        let mut many = Many::default();
        for (place, cluster) in clusters.iter().enumerate() {
            let Some(exit) = cluster.exit() else { continue };
            if let Some(id) = &exit.order_id {
                many.by_order.insert(id.clone(), place);
            }
            if let Some(time) = exit.entry_time {
                many.by_entry_time.insert(time, place);
            }
        }
        Index { many: Some(many) }
    }

    fn by_order(&self, clusters: &[Cluster], id: &OrderId) -> Option<usize> {
        match &self.many {
            Some(many) => many.by_order.get(id).copied(),
            None => clusters.iter().rposition(|cluster| cluster.exit().is_some_and(|exit| exit.order_id.as_ref() == Some(id))),
        }
    }

    fn by_entry_time(&self, clusters: &[Cluster], time: Time) -> Option<usize> {
        match &self.many {
            Some(many) => many.by_entry_time.get(&time).copied(),
            None => clusters.iter().rposition(|cluster| cluster.exit().is_some_and(|exit| exit.entry_time == Some(time))),
        }
    }

    fn match_for(&self, clusters: &[Cluster], record: &Record) -> Option<usize> {
        let free = |place: &usize| !clusters[*place].has_another(record.movement.sighting, record.at);
        let apart = |place: &usize| (clusters[*place].at - record.at).abs();
        let near = |place: &usize| apart(place) <= WINDOW;
        if let Some(exit) = record.exit() {
            let by_order = exit.order_id.as_ref().and_then(|id| self.by_order(clusters, id));
            let by_lot = exit.entry_time.and_then(|time| self.by_entry_time(clusters, time)).filter(near);
            if let Some(place) = by_order.filter(free).or(by_lot.filter(free)) {
                return Some(place);
            }
        }
        let from = clusters.partition_point(|cluster| cluster.at < record.at - WINDOW);
        (from..clusters.len()).take_while(near).filter(free).min_by_key(apart)
    }
}

/// The span in which each log is known to have been written: outside of it, an absent record means nothing (`formats.md` T4).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Coverage([[Option<(Time, Time)>; SIGHTINGS]; Kind::ALL.len()]);

/// So many kinds of record there are.
const SIGHTINGS: usize = Sighting::BrokerActivities as usize + 1;

impl Coverage {
    fn saw(&mut self, kind: Kind, sighting: Sighting, at: Time) {
        let span = &mut self.0[kind as usize][sighting as usize];
        *span = Some(span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
    }

    fn begins_before(&self, kind: Kind, sighting: Sighting, at: Time) -> bool {
        self.0[kind as usize][sighting as usize].is_some_and(|(first, _)| first < at - WINDOW)
    }

    /// Whether the log that lacks a record has later ones: then it was being written.
    fn goes_on_after(&self, missing: &MissingSighting) -> bool {
        let span = self.0[missing.kind as usize][missing.absent as usize];
        span.is_some_and(|(_, last)| missing.at + WINDOW < last)
    }

    /// Tells which logs always see such a movement (`formats.md` section 2), have been written before it, and have nothing of it.
    fn may_miss(&self, symbol: &Symbol, kind: Kind, cluster: &Cluster, missing: &mut Vec<MissingSighting>) {
        let expected: &[Sighting] = match (kind, cluster.movement.sighting) {
            // Flips, the forced liquidation, end-of-day closes and unfilled closes never get an attribution.
            (_, Sighting::CustomLog) => &[],
            (_, Sighting::PositionFlip | Sighting::DataIntegrity | Sighting::EndOfDayFlatten) => &[],
            (Kind::Entry, Sighting::OrderLog) => &[],
            (Kind::Entry, _) => &[Sighting::OrderLog],
            (Kind::ScaleOut, _) => &[Sighting::Attribution, Sighting::ExitLog],
            (Kind::Exit, _) => &[Sighting::Attribution, Sighting::ExitAttribution, Sighting::ExitLogEcho],
        };
        let explained = cluster.has(Sighting::DataIntegrity) || cluster.has(Sighting::PositionFlip);
        let absent = expected
            .iter()
            .filter(|sighting| !explained && !cluster.has(**sighting) && self.begins_before(kind, **sighting, cluster.at));
        missing.extend(absent.map(|absent| MissingSighting {
            symbol: symbol.clone(),
            at: cluster.at,
            origin: cluster.origin,
            kind,
            absent: *absent,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::SourceId;

    /// Exits that share order ids, entry times and moments, in every way.
    #[test]
    fn clusters_are_found_one_by_one_as_by_index() {
        let at = |second: i64| Time::UNIX_EPOCH + Duration::seconds(second);
        let movement = |place: i64, sighting| {
            let order_id = (place % 3 > 0).then(|| OrderId::from(format!("order-{}", place % 7).as_str()));
            let exit = Exit { order_id, entry_time: (place % 4 > 0).then(|| at(place % 5)), ..Exit::default() };
            Movement { symbol: Symbol::parse("A").unwrap(), action: Action::Exit(exit), sighting, joined: Vec::new() }
        };
        let record = |at, movement| {
            let origin = Origin { source: SourceId(0), offset: 0, line: 1 };
            Record { at, origin, movement: Box::new(movement) }
        };
        let clusters: Vec<Cluster> = (0..40).map(|place| record(at(place * 3), movement(place, Sighting::Attribution))).collect();
        let (index, one_by_one) = (Index::of(&clusters), Index { many: None });
        assert!(index.many.is_some());
        let mut found = 0;
        for (place, second) in (0..36).flat_map(|place| (0..130).map(move |second| (place, second))) {
            let record = record(at(second), movement(place, Sighting::ExitLog));
            let by_index = index.match_for(&clusters, &record);
            assert_eq!(by_index, one_by_one.match_for(&clusters, &record), "{place} {second}");
            found += usize::from(by_index.is_some());
        }
        assert!(found > 0);
    }
}
