//! The state of the fold, kept between looks: what is old is folded, what is younger waits in the weaver, so that records that come late,
//! and what the broker says of the last days, still find their places. A look folds a copy of it to the end.

use chrono::Duration;
use std::collections::{BTreeMap, BTreeSet};
use twox_hash::XxHash3_128;

use super::carried::Carried;
use super::marks::{Changed, Mark, whole_lines};
use crate::brokers::Recording;
use crate::cutter::Cutter;
use crate::event::Event;
use crate::fold::{Fold, states_metadata};
use crate::origin::SourceId;
use crate::read::{Accounts, Readings, Text};
use crate::source::{self, Quarantined, Source};
use crate::stream::Go;
use crate::tape::{DISORDER, Late, Weaver};
use crate::time::Time;
use crate::{Passed, Replay, Request};

/// While the logs are read for the first time, what is old enough is folded whenever so many events have come.
const GATHERED: usize = 1 << 14;

/// The state of the fold at the end of the whole lines of all logs.
pub(super) struct Warm {
    /// Paths and formats of the bot's files, by their ids.
    pub(super) files: Vec<(String, &'static str)>,
    pub(super) marks: BTreeMap<SourceId, Mark>,
    pub(super) accounts: Accounts,
    pub(super) weaver: Weaver,
    pub(super) fold: Fold,
    /// Fingerprints of what state files stated that is folded.
    pub(super) folded: BTreeMap<SourceId, u128>,
    /// What is less than this older than the newest record is not folded for good.
    pub(super) kept: Duration,
    /// The lists of fixes and of wrong profits begin here.
    pub(super) forgotten_before: Option<Time>,
}

impl Warm {
    /// Reads all logs.
    pub(super) fn begun(request: &Request, kept: Duration, readings: &mut Readings) -> Result<(Warm, u64), Changed> {
        let newest = readings.span().map(|(_, last)| last);
        match Warm::empty(request, kept, readings).further(readings, newest) {
            // Logs in disorder are read to their ends before anything is folded.
            Err(Changed::Late(_)) => Warm::empty(request, kept, readings).further(readings, None),
            other => other,
        }
    }

    fn empty(request: &Request, kept: Duration, readings: &Readings) -> Warm {
        Warm {
            files: files(readings),
            marks: BTreeMap::new(),
            accounts: readings.accounts(),
            weaver: Weaver::new(crate::cut(request), Vec::new()).remembering(),
            fold: crate::begin(request, readings),
            folded: BTreeMap::new(),
            kept,
            forgotten_before: None,
        }
    }

    /// Reads what was appended; gives how many bytes that were. The state is lost where it cannot go on.
    pub(super) fn further(mut self, readings: &mut Readings, newest: Option<Time>) -> Result<(Warm, u64), Changed> {
        self.check_files(readings)?;
        let mut parts = BTreeMap::new();
        for (id, path, text) in logs(readings) {
            let mark = self.marks.get(&id).cloned().unwrap_or_default();
            if self.marks.contains_key(&id) {
                mark.check(text, path)?;
            }
            let part = match text.length_if_seekable() {
                Some(length) => {
                    let unreadable = |_| Changed::Unreadable(path.to_owned());
                    mark.until..whole_lines(text, mark.until, length).map_err(unreadable)?
                }
                None if self.marks.contains_key(&id) => 0..0,
                None => 0..u64::MAX,
            };
            parts.insert(id, part);
        }
        let limit = newest.map(|newest| newest - self.kept);
        self.read(readings, parts, limit)?;
        let newest = self.accounts.values().filter_map(|account| account.source.last).max();
        if let Some(limit) = newest.map(|newest| newest - self.kept) {
            self.fold_until(limit, readings)?;
        }
        let bytes = self.mark(readings)?;
        Ok((self, bytes))
    }

    fn check_files(&self, readings: &Readings) -> Result<(), Changed> {
        let now = files(readings);
        if now == self.files {
            return Ok(());
        }
        let (now, before): (BTreeSet<_>, BTreeSet<_>) = (now.into_iter().collect(), self.files.iter().cloned().collect());
        Err(Changed::Files(now.symmetric_difference(&before).map(|(path, _)| path.clone()).collect()))
    }

    fn read(
        &mut self,
        readings: &mut Readings,
        parts: BTreeMap<SourceId, std::ops::Range<u64>>,
        limit: Option<Time>,
    ) -> Result<(), Changed> {
        let in_trouble = |accounts: &Accounts| -> usize { accounts.values().map(failed_reads).sum() };
        let failed_before = in_trouble(&self.accounts);
        readings.only(parts);
        let (mut late, mut gathered) = (None, 0);
        let (weaver, fold) = (&mut self.weaver, &mut self.fold);
        let accounts = readings.logs_further(std::mem::take(&mut self.accounts), |events, reached| {
            gathered += events.len();
            late = weaver.take(events).err();
            if let (Some(reached), Some(limit), true, None) = (reached, limit, gathered >= GATHERED, late) {
                gathered = 0;
                weaver.weave_until(limit.min(reached - DISORDER), &mut |event| fold.take(event));
            }
            if late.is_some() { Go::Stop } else { Go::On }
        });
        self.accounts = accounts;
        readings.only(BTreeMap::new());
        let path = |id: &SourceId| self.files.get(usize::from(id.0)).map(|(path, _)| path.clone()).unwrap_or_default();
        if let Some(Late(id)) = late {
            return Err(Changed::Late(path(&id)));
        }
        // A log that cannot be read on is told by the look, and tried again by the next.
        match self.accounts.iter().find(|(_, account)| failed_reads(account) > 0) {
            Some((id, _)) if in_trouble(&self.accounts) > failed_before => Err(Changed::Unreadable(path(id))),
            _ => Ok(()),
        }
    }

    /// Folds for good what is older than `limit`, and with it what state files say of that time.
    fn fold_until(&mut self, limit: Time, readings: &Readings) -> Result<(), Changed> {
        let limit = self.weaver.woven_until().map_or(limit, |until| limit.max(until));
        for (id, events) in stated(readings) {
            if events.iter().all(|event| event.at > limit) {
                continue;
            }
            let print = print(&events);
            let path = || self.files.get(usize::from(id.0)).map(|(path, _)| path.clone()).unwrap_or_default();
            match self.folded.get(&id) {
                Some(folded) if *folded == print => {}
                Some(_) => return Err(Changed::Book(path())),
                None => {
                    self.weaver.take(events).map_err(|_| Changed::Book(path()))?;
                    self.folded.insert(id, print);
                }
            }
        }
        let fold = &mut self.fold;
        self.weaver.weave_until(limit, &mut |event| fold.take(event));
        // A line that comes again and is so old is too late for the weaver, and all is read anew.
        self.accounts.values_mut().for_each(|account| account.forget_before(limit));
        // Checks look back for a day.
        let newest = self.accounts.values().filter_map(|account| account.source.last).max();
        let forgotten = newest.map_or(limit, |newest| limit.min(newest - Duration::hours(25)));
        self.fold.forget_before(forgotten);
        self.forgotten_before = Some(forgotten);
        Ok(())
    }

    /// Marks how far the logs were read; gives how many bytes that were more.
    fn mark(&mut self, readings: &Readings) -> Result<u64, Changed> {
        let mut bytes = 0;
        for (id, path, text) in logs(readings) {
            let until = self.accounts.get(&id).map_or(0, |account| account.source.bytes);
            let mark = Mark::at(text, until).map_err(|_| Changed::Unreadable(path.to_owned()))?;
            let before = self.marks.get(&id).map_or(0, |mark| mark.until);
            bytes += mark.until.saturating_sub(before);
            self.marks.insert(id, mark);
        }
        Ok(bytes)
    }

    /// The first and the last moment that is told.
    pub(super) fn span(&self, readings: &Readings) -> Option<(Time, Time)> {
        let stated = readings.events.iter().map(|event| event.at).filter(|at| *at != Time::UNIX_EPOCH);
        let ends = self.accounts.values().flat_map(|account| [account.source.first, account.source.last]);
        let moments: Vec<Time> = stated.chain(ends.flatten()).collect();
        Some((*moments.iter().min()?, *moments.iter().max()?))
    }

    /// What an audit gives now, but for causes that no whole look has found. `None`: something must be woven in that is older than what
    /// is kept.
    pub(super) fn look(
        &self,
        request: &Request,
        mut readings: Readings,
        recording: Option<&Recording>,
        carried: &Carried,
    ) -> Option<Replay> {
        let heard = crate::hear(request, &mut readings, recording);
        let (mut lines, mut events) = (Vec::new(), Vec::new());
        for (id, account) in &self.accounts {
            let (source, quarantined, more) = self.with_its_rest(*id, account, &readings);
            lines.push((*id, source, quarantined));
            events.extend(more);
        }
        let woven_until = self.weaver.woven_until();
        let is_folded = |event: &Event| self.folded.contains_key(&event.origin.source);
        let is_belated = |event: &Event| states_metadata(event) && woven_until.is_some_and(|until| event.at <= until);
        let (belated, in_time): (Vec<Event>, Vec<Event>) =
            readings.events.iter().filter(|event| !is_folded(event)).cloned().partition(is_belated);
        if !self.folded_still_stands(&readings) {
            return None;
        }
        events.extend(in_time);
        let weaver = self.weaver.going_on(crate::cut(request).until, events).ok()?;
        let mut fold = self.fold.clone();
        fold.knowing(readings.sources.iter().map(|source| source.format).collect());
        belated.into_iter().for_each(|event| fold.take_belated(event));
        let woven = weaver.finish(&mut |event| fold.take(event));
        let passed = Passed { fold, woven, lines, opening: None };
        Some(crate::conclude(request, &mut readings, heard, passed, |fold, _, _, _| carried.put(&mut fold.ledger)))
    }

    fn folded_still_stands(&self, readings: &Readings) -> bool {
        let stated = stated(readings);
        self.folded.iter().all(|(id, folded)| stated.get(id).is_some_and(|events| print(events) == *folded))
    }

    /// The account of a log with the line at its end that has no line feed yet.
    fn with_its_rest(
        &self,
        id: SourceId,
        account: &source::Account,
        readings: &Readings,
    ) -> (Source, Vec<Quarantined>, Vec<Event>) {
        let as_read = || (account.source.clone(), account.quarantined.clone(), Vec::new());
        let Some((_, reader, text)) = readings.logs_at_hand().find(|(other, ..)| *other == id) else { return as_read() };
        let until = account.source.bytes;
        if text.length_if_seekable().is_none_or(|length| length <= until) {
            return as_read();
        }
        let mut account = account.clone();
        let log = readings.log_from(id, reader, until, account.next_line());
        let events = Cutter::of(log).flat_map(|piece| account.take(source::decode(id, reader, piece))).collect();
        (account.source, account.quarantined, events)
    }
}

fn failed_reads(account: &source::Account) -> usize {
    account.quarantined.iter().filter(|entry| entry.trouble.reason.is_failed_read()).count()
}

fn files(readings: &Readings) -> Vec<(String, &'static str)> {
    readings.sources.iter().map(|source| (source.path.clone(), source.format)).collect()
}

fn logs(readings: &Readings) -> Vec<(SourceId, &str, &Text)> {
    let path = |id: SourceId| readings.sources[usize::from(id.0)].path.as_str();
    readings.logs_at_hand().map(|(id, _, text)| (id, path(id), text)).collect()
}

/// What state files state, but for the metadata, whose place in the tape does not matter.
fn stated(readings: &Readings) -> BTreeMap<SourceId, Vec<Event>> {
    let mut stated: BTreeMap<SourceId, Vec<Event>> = BTreeMap::new();
    let of_the_bot = |event: &&Event| !readings.sources[usize::from(event.origin.source.0)].path.starts_with("broker/");
    for event in readings.events.iter().filter(of_the_bot).filter(|event| !states_metadata(event)) {
        stated.entry(event.origin.source).or_default().push(event.clone());
    }
    stated
}

fn print(events: &[Event]) -> u128 {
    XxHash3_128::oneshot(format!("{events:?}").as_bytes())
}
