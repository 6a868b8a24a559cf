//! The end of a day: the last look of the reconciler, the faults that are made of what is held then, and the broker's read.

use rust_decimal::Decimal;

use super::broker::Symbol;
use super::day::Day;
use super::entries::Entry;
use super::exits::How;
use super::moment::{MILLI, MINUTE, Moment, SECOND};
use super::plan::{Age, Fault};

impl Day {
    /// Ends the day.
    pub fn finish(&mut self, end: Moment) {
        let due = self.broker.last_to_come().unwrap_or(end).max(end) + self.chance.between(300, 700) * MILLI;
        let mut last = due;
        self.used.clear();
        if self.truth.stale_from.is_some() {
            self.broker.until(due, &mut self.chance);
        } else {
            // Some days the bot looks once more a minute later, so that what went wrong at the end can be seen, too.
            self.reconcile(due);
            if self.chance.percent(40) {
                last = due + MINUTE;
                self.complete(due + 8 * MILLI, true);
                self.reconcile(last);
            }
        }
        // What makes the reconciler write again comes first, what waits for the exchange to close last.
        let mut faults = self.plan.faults.clone();
        faults.sort_unstable_by_key(|fault| (*fault == Fault::ExitQueued, *fault));
        for fault in faults {
            last = match fault {
                Fault::ExitQueued => self.exit_queued(last),
                Fault::MetadataLost => self.metadata_lost(last),
                Fault::TrackingLost => self.tracking_lost(last),
                Fault::ScaleOutNotApplied => self.scale_out_not_applied(last),
                _ => last,
            };
        }
        self.read_broker(last);
    }

    fn one_left(&mut self, least: i64) -> Option<Symbol> {
        self.used.clear();
        let may = self.unhurt(least);
        self.chance.one(&may)
    }

    /// Hours later the exchange is closed: an order is accepted, and rests.
    fn exit_queued(&mut self, last: Moment) -> Moment {
        let close = last - last % (86_400 * SECOND) + 21 * 60 * MINUTE;
        let at = close.max(last) + self.chance.between(61, 240) * SECOND;
        self.complete(close.max(last) + 20 * SECOND, false);
        let Some(symbol) = self.one_left(1) else {
            self.truth.unplaced.push(Fault::ExitQueued);
            return last;
        };
        let end = self.exit(at, symbol, last, How::Queued);
        self.happened(Fault::ExitQueued, vec![symbol], at);
        self.settle(end);
        self.complete(end + 8 * MILLI, false);
        end + self.chance.between(15, 120) * SECOND
    }

    fn metadata_lost(&mut self, last: Moment) -> Moment {
        self.used.clear();
        let scored = self.scored();
        let may: Vec<Symbol> = self.unhurt(1).into_iter().filter(|symbol| scored.contains(symbol)).collect();
        let symbol = self.chance.one(&may);
        match symbol {
            Some(symbol) => {
                self.notes.remove(symbol);
                self.happened(Fault::MetadataLost, vec![symbol], last);
            }
            None => self.truth.unplaced.push(Fault::MetadataLost),
        }
        last
    }

    fn tracking_lost(&mut self, last: Moment) -> Moment {
        match self.one_left(1) {
            Some(symbol) => {
                self.executor.1.remove(symbol);
                let at = self.executor.0;
                self.happened(Fault::TrackingLost, vec![symbol], at);
            }
            None => self.truth.unplaced.push(Fault::TrackingLost),
        }
        last
    }

    /// A scale-out, and a minute later the reconciler writes the executor's file with the quantity from before it.
    fn scale_out_not_applied(&mut self, last: Moment) -> Moment {
        self.used.clear();
        let long_only = self.plan.age == Age::January;
        let may: Vec<Symbol> = self.unhurt(3).into_iter().filter(|symbol| !long_only || self.is_long(symbol)).collect();
        let Some(symbol) = self.chance.one(&may) else {
            self.truth.unplaced.push(Fault::ScaleOutNotApplied);
            return last;
        };
        let Some(row) = self.executor.1.get(symbol).cloned() else { return last };
        let end = self.scale_out(last + 500 * MILLI, symbol, true, false);
        self.complete(end + 8 * MILLI, true);
        let next = end + MINUTE;
        self.reconcile(next);
        self.executor.1.insert(symbol, row);
        self.happened(Fault::ScaleOutNotApplied, vec![symbol], next);
        next
    }

    fn read_broker(&mut self, last: Moment) {
        let wait = if self.plan.age == Age::January { 2_500 * MILLI } else { 1_100 * MILLI };
        let wait = if self.chance.percent(40) { self.chance.between(15, 180) * SECOND } else { wait };
        let began = last + wait;
        let open = !self.plan.faults.contains(&Fault::ExitQueued);
        if open && self.chance.percent(30) {
            self.late_entry(began);
        }
        self.broker.until(began, &mut self.chance);
        self.truth.held = self.broker.held.iter().map(|(symbol, lot)| (*symbol, lot.quantity)).collect();
        if self.plan.witnesses.broker {
            self.truth.read_at = Some(began);
        }
        self.write_end(began, open);
    }

    /// An entry some hundred milliseconds before the read, which the positions may not show yet.
    fn late_entry(&mut self, began: Moment) {
        self.used.clear();
        let may = self.absent();
        let Some(symbol) = self.chance.one(&may) else { return };
        let early = if self.plan.age == Age::January { 1_300 * MILLI } else { 0 };
        let at = began - self.chance.between(100, 900) * MILLI - early;
        let pending = self.chance.percent(30);
        let ordered = self.chance.shares(2, 40) * Decimal::ONE;
        self.entry(Entry { pending, ..Entry::plain(at, symbol, ordered) });
        if self.chance.percent(25) {
            self.truth.not_yet.push(symbol);
        }
    }
}
