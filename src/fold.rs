//! What is drawn from the tape while it passes by: the ledger, what ran, what was earned, and the tape itself as far as it is kept.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::breaks::BookName;
use crate::cause::Known;
use crate::checks::activity::Activity;
use crate::event::{Claim, Event, Fact, Statement};
use crate::ledger::{LastBook, Ledger};
use crate::position::Symbol;
use crate::profit::Reckoner;
use crate::read::{Accounts, Readings};
use crate::stream::Go;
use crate::symbol_tapes::SymbolTapes;
use crate::tape::{Cut, Tape, Weaver, Woven};
use crate::ties::Ties;
use crate::time::Time;
use crate::witness::Witness;

/// A tape of so many events is kept whole in memory; of a longer one, what is asked for again is read again.
pub const KEPT: usize = 25_000;

/// The same where it goes on a page, on which nothing can be read again.
pub const KEPT_FOR_A_PAGE: usize = 100_000;

/// A tape that passes by.
#[derive(Clone, Serialize, Deserialize)]
pub struct Fold {
    /// The ledger.
    pub ledger: Ledger,
    /// What ran.
    pub activity: Activity,
    /// What was earned.
    pub reckoner: Reckoner,
    /// Ties.
    pub ties: Ties,
    /// Events so far.
    pub events: u64,
    /// The first event's moment, of those that have one.
    pub first: Option<Time>,
    last: Option<Time>,
    metadata: Option<Event>,
    #[serde(skip)]
    kept: Vec<Event>,
    #[serde(skip)]
    most_kept: usize,
    from: Option<Time>,
    #[serde(skip)]
    formats: Vec<&'static str>,
}

impl Fold {
    /// Nothing has passed by yet. At most so many events are kept. `from`: what was earned before is not asked for. `formats` of the
    /// sources, by their ids.
    pub fn new(ledger: Ledger, most_kept: usize, from: Option<Time>, formats: Vec<&'static str>) -> Fold {
        Fold {
            ledger,
            activity: Activity::default(),
            reckoner: Reckoner::default(),
            ties: Ties::default(),
            events: 0,
            first: None,
            last: None,
            metadata: None,
            kept: Vec::new(),
            most_kept,
            from,
            formats,
        }
    }

    /// Takes the next event of the tape.
    pub fn take(&mut self, event: Event) {
        self.events += 1;
        self.first = self.first.or(Some(event.at).filter(|at| *at != Time::UNIX_EPOCH));
        self.last = Some(event.at);
        self.activity.take(&event, self.formats.get(usize::from(event.origin.source.0)).copied().unwrap_or_default());
        if self.from.is_none_or(|from| event.at >= from) {
            self.reckoner.take(&event);
        }
        self.ties.take(&event);
        if states_metadata(&event) {
            self.metadata = Some(event.clone());
        }
        if self.events <= self.most_kept as u64 {
            self.kept.push(event.clone());
        } else {
            self.kept = Vec::new();
        }
        self.ledger.push(event);
    }

    /// The formats of the sources, by their ids, where more came since.
    pub fn knowing(&mut self, formats: Vec<&'static str>) {
        self.formats = formats;
    }

    /// Forgets fixes and wrong profits before a moment, which only their lists in a report have, and ends of cycles that nothing is counted
    /// from any more: what goes on for months must not grow with them.
    pub fn forget_before(&mut self, moment: Time) {
        self.ledger.fixes.retain(|fix| fix.at >= moment);
        self.ledger.counted_flat.retain(|(at, ..)| *at >= moment);
        self.reckoner.profit.differing.retain(|difference| difference.at >= moment);
        forget(&mut self.activity.cycles, moment);
        // Cycles are counted since the executor's last book, and since the last round of the reconciler.
        let executor = self.ledger.books.get(&BookName::Executor).map(|book| book.at);
        if let Some(reconciled) = self.activity.last_reconciled {
            let counted_from = executor.into_iter().fold(moment.min(reconciled), Time::min);
            forget(&mut self.ledger.cycles, counted_from);
        }
    }

    /// Takes a statement of the metadata that is older than what was taken: it describes the end of the tape, wherever it stands.
    pub fn take_belated(&mut self, event: Event) {
        let Fact::Statement(Statement { witness, claim: Claim::WholeBook(holdings) }) = &event.fact else { return };
        self.events += 1;
        let dated = Some(event.at).filter(|at| *at != Time::UNIX_EPOCH);
        self.first = self.first.into_iter().chain(dated).min();
        let (tally, book) =
            (&mut self.ledger.tally, LastBook { at: event.at, witness: *witness, holdings: Arc::clone(holdings) });
        (tally.statements, tally.statements_held) = (tally.statements + 1, tally.statements_held + 1);
        self.ledger.books.insert(BookName::Metadata, book);
        self.metadata = Some(event);
    }

    /// The tape has ended. Gives it, if it was kept.
    pub fn finish(&mut self, woven: Woven) -> (Tape, bool) {
        let end = self.last.unwrap_or(Time::UNIX_EPOCH);
        self.ledger.finish(self.metadata.as_ref(), &woven.missing_sightings, end);
        let whole = self.events == self.kept.len() as u64;
        (Tape { events: std::mem::take(&mut self.kept), woven }, whole)
    }

    /// What explaining asks of the whole tape.
    pub fn known(&self, executions_from: Option<Time>) -> Known {
        Known { executions_from, tied: self.ties.symbols.clone() }
    }
}

/// Forgets moments before another, but for the last.
fn forget(moments: &mut Vec<Time>, before: Time) {
    let passed = moments.partition_point(|at| *at < before).min(moments.len().saturating_sub(1));
    moments.drain(..passed);
}

/// Whether it is the metadata's book.
pub fn states_metadata(event: &Event) -> bool {
    matches!(&event.fact, Fact::Statement(Statement { witness: Witness::Metadata, claim: Claim::WholeBook(_) }))
}

/// Whether the tape may be woven while the logs are still being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    /// The logs are in order: what is complete passes by.
    Streams,
    /// A log is in disorder: all is read first.
    ReadsAll,
}

/// Reads the logs and puts all facts on one tape, which passes by.
pub fn pass(readings: &Readings, cut: &Cut, begin: impl Fn() -> Fold) -> (Fold, Woven, Accounts) {
    pass_with(readings, cut, Patience::Streams, begin, Fold::take)
}

fn pass_with<T>(
    readings: &Readings,
    cut: &Cut,
    patience: Patience,
    begin: impl Fn() -> T,
    take: impl Fn(&mut T, Event),
) -> (T, Woven, Accounts) {
    let mut drawn = begin();
    let mut weaver = Weaver::new(cut.clone(), readings.events.clone());
    let mut late = false;
    let accounts = readings.logs(|events, reached| {
        late = weaver.take(events).is_err();
        if let (Some(reached), Patience::Streams, false) = (reached, patience, late) {
            weaver.weave(reached, &mut |event| take(&mut drawn, event));
        }
        if late { Go::Stop } else { Go::On }
    });
    if late {
        return pass_with(readings, cut, Patience::ReadsAll, begin, take);
    }
    let woven = weaver.finish(&mut |event| take(&mut drawn, event));
    (drawn, woven, accounts)
}

/// The tapes of some symbols, drawn from logs that are read again: a long tape is not kept.
pub fn concerning(readings: &Readings, cut: &Cut, symbols: BTreeSet<Symbol>) -> BTreeMap<Symbol, Vec<Event>> {
    if symbols.is_empty() {
        return BTreeMap::new();
    }
    let cut = Cut { symbols: symbols.clone(), ..cut.clone() };
    let begin = || SymbolTapes::of(symbols.clone());
    let (tapes, ..) = pass_with(readings, &cut, Patience::Streams, begin, |tapes, event| tapes.take(&event));
    tapes.finish()
}
