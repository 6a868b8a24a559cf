//! The faults that happen within the day, each where it can: on what is held and untouched, or on what is not held at all.

use rust_decimal::Decimal;

use super::broker::{Symbol, Whose};
use super::day::Day;
use super::entries::Entry;
use super::exits::How;
use super::moment::{MILLI, Moment, SECOND, order_side, sign};
use super::plan::{Age, Fault};

impl Day {
    /// Makes it happen now; the time of the last line, or `None` if there is nothing it could happen to.
    pub fn go_wrong(&mut self, fault: Fault, at: Moment, entered: Moment) -> Option<Moment> {
        match fault {
            Fault::ScaleOutWrongSide => self.scale_out_wrong_side(at),
            Fault::ScaleOutNotExecuted => self.scale_out_not_executed(at),
            Fault::ExitNotExecuted => self.exit_wrong(at, entered, fault, How::NotExecuted),
            Fault::ExitNotLogged => self.exit_not_logged(at, entered),
            Fault::EntryNotExecuted => self.entry_not_executed(at),
            Fault::EntryNotLogged => self.entry_not_logged(at),
            Fault::OpenedByHand => self.opened_by_hand(at),
            Fault::ClosedByHand => self.closed_by_hand(at),
            Fault::AddedByHand => self.added_by_hand(at),
            Fault::PartialFill => self.partial_fill(at),
            Fault::SideFlip => self.side_flip(at),
            Fault::RetryMultiplied => self.retry_multiplied(at),
            Fault::DuplicateEntry => self.duplicate_entry(at),
            Fault::CorporateAction => self.corporate_action(at),
            Fault::ScoreLost => self.score_lost(at),
            Fault::OpeningBalanceUnknown => self.opening_balance_unknown(at),
            Fault::ScaleOutNotApplied
            | Fault::ExitQueued
            | Fault::StateReset
            | Fault::TrackingLost
            | Fault::MetadataLost
            | Fault::StaleState => None,
        }
    }

    fn one_held(&mut self, least: i64) -> Option<Symbol> {
        let may = self.unhurt(least);
        self.chance.one(&may)
    }

    fn one_absent(&mut self) -> Option<Symbol> {
        let may: Vec<Symbol> = self.absent().into_iter().filter(|symbol| !super::broker::is_option(symbol)).collect();
        self.chance.one(&may)
    }

    fn scale_out_wrong_side(&mut self, at: Moment) -> Option<Moment> {
        let may: Vec<Symbol> = self.unhurt(4).into_iter().filter(|symbol| self.is_long(symbol)).collect();
        let symbol = self.chance.one(&may)?;
        let end = self.scale_out(at, symbol, true, true);
        self.happened(Fault::ScaleOutWrongSide, vec![symbol], at);
        Some(end)
    }

    fn scale_out_not_executed(&mut self, at: Moment) -> Option<Moment> {
        let long_only = self.plan.age == Age::January;
        let may: Vec<Symbol> = self.unhurt(4).into_iter().filter(|symbol| !long_only || self.is_long(symbol)).collect();
        let symbol = self.chance.one(&may)?;
        let end = self.scale_out(at, symbol, false, false);
        self.happened(Fault::ScaleOutNotExecuted, vec![symbol], at);
        Some(end)
    }

    fn exit_wrong(&mut self, at: Moment, entered: Moment, fault: Fault, how: How) -> Option<Moment> {
        let symbol = self.one_held(1)?;
        let end = self.exit(at, symbol, entered, how);
        self.happened(fault, vec![symbol], at);
        self.settle(end);
        Some(end)
    }

    fn exit_not_logged(&mut self, at: Moment, entered: Moment) -> Option<Moment> {
        let meant = self.chance.percent(60);
        let end = self.exit_wrong(at, entered, Fault::ExitNotLogged, How::NotLogged { meant })?;
        // A force-close takes the row of the metadata along, a crash leaves it.
        if self.chance.percent(50)
            && let Some(symbol) = self.truth.episodes.last().and_then(|episode| episode.symbols.first())
        {
            self.notes.remove(symbol);
        }
        Some(end)
    }

    fn entry_not_executed(&mut self, at: Moment) -> Option<Moment> {
        let symbol = self.one_absent()?;
        let ordered = self.chance.shares(2, 50);
        // Refused, or accepted and never filled.
        let recorded_only = self.chance.percent(50);
        let limit = self.chance.percent(60);
        let end = self.entry(Entry { parts: Some(Vec::new()), recorded_only, limit, ..Entry::plain(at, symbol, ordered) });
        self.happened(Fault::EntryNotExecuted, vec![symbol], at);
        self.settle(end);
        Some(end)
    }

    fn entry_not_logged(&mut self, at: Moment) -> Option<Moment> {
        let symbol = self.one_absent()?;
        let ordered = self.chance.shares(2, 50);
        let end = self.entry(Entry { attributed: false, ..Entry::plain(at, symbol, ordered) });
        self.happened(Fault::EntryNotLogged, vec![symbol], at);
        Some(end)
    }

    fn by_hand(&mut self, at: Moment, symbol: Symbol, quantity: Decimal, fault: Fault) -> Option<Moment> {
        let when = at + self.chance.between(100, 30_000) * MILLI;
        let price = self.quote(symbol);
        let id = self.chance.id();
        self.broker.order(when, symbol, quantity, price, &[(0, quantity.abs())], (id, Whose::Hand));
        self.happened(fault, vec![symbol], when);
        Some(at)
    }

    fn opened_by_hand(&mut self, at: Moment) -> Option<Moment> {
        let symbol = self.one_absent()?;
        let quantity = self.chance.shares(1, 50);
        self.by_hand(at, symbol, quantity, Fault::OpenedByHand)
    }

    fn closed_by_hand(&mut self, at: Moment) -> Option<Moment> {
        let symbol = self.one_held(1)?;
        let quantity = -self.broker.quantity(symbol);
        self.by_hand(at, symbol, quantity, Fault::ClosedByHand)
    }

    fn added_by_hand(&mut self, at: Moment) -> Option<Moment> {
        let symbol = self.one_held(1)?;
        let held = self.broker.quantity(symbol);
        let quantity = Decimal::from(self.chance.between(1, 40)) * sign(held);
        self.by_hand(at, symbol, quantity, Fault::AddedByHand)
    }

    fn partial_fill(&mut self, at: Moment) -> Option<Moment> {
        let symbol = self.one_absent()?;
        let ordered = self.chance.shares(5, 50);
        let high = i64::try_from(ordered.abs()).unwrap_or(5);
        let first = Decimal::from(self.chance.between(1, high));
        let plain = Entry::plain(at, symbol, ordered);
        let entry = match self.chance.between(0, 3) {
            // The poll saw a part, the rest filled afterwards.
            0 => {
                let mut parts = vec![(0, first)];
                parts.push((self.chance.between(1_500, 15_000) * MILLI, ordered.abs() - first));
                Entry { logged: Some(first), limit: false, parts: Some(parts), ..plain }
            }
            // Submitted and never seen filled; a part filled and the rest was cancelled.
            1 => Entry { pending: true, parts: Some(vec![(0, first)]), ..plain },
            // Logged as filled; the limit order was cancelled in part.
            _ => Entry { parts: Some(vec![(0, first)]), ..plain },
        };
        let end = self.entry(entry);
        self.happened(Fault::PartialFill, vec![symbol], at);
        let last = self.broker.last_to_come().unwrap_or(end).max(end);
        self.settle(last);
        Some(end)
    }

    fn side_flip(&mut self, at: Moment) -> Option<Moment> {
        let symbol = self.one_absent()?;
        let ordered = self.chance.shares(2, 50);
        let end = self.entry(Entry { sent: Some(-ordered), ..Entry::plain(at, symbol, ordered) });
        self.happened(Fault::SideFlip, vec![symbol], at);
        Some(end)
    }

    fn retry_multiplied(&mut self, at: Moment) -> Option<Moment> {
        let symbol = self.one_absent()?;
        let times = self.chance.between(2, 5);
        let ordered = match self.chance.percent(50) {
            true => Decimal::new(self.chance.between(100_000_000, 990_000_000), 9),
            false => self.chance.shares(1, 20),
        };
        let price = self.quote(symbol);
        let mut last = at;
        for attempt in 1..times {
            let id = self.chance.id();
            let client = format!("uwbot-{symbol}-{}-{}-lpo-a{attempt}", order_side(ordered), at / SECOND);
            self.broker.order(last, symbol, ordered, price, &[(0, ordered.abs())], (id, Whose::Bot(client)));
            last += 2_300 * MILLI;
        }
        let end = self.entry(Entry { pending: true, limit: false, ..Entry::plain(last, symbol, ordered) });
        self.happened(Fault::RetryMultiplied, vec![symbol], at);
        self.settle(end);
        Some(end)
    }

    fn duplicate_entry(&mut self, at: Moment) -> Option<Moment> {
        let symbol = self.one_absent()?;
        let ordered = self.chance.shares(2, 50);
        let id = self.chance.id();
        self.entry(Entry { id: Some(id.clone()), ..Entry::plain(at, symbol, ordered) });
        let again = at + self.chance.between(1_500, 15_000) * MILLI;
        // The same order told twice, or an order that the broker never had: then both names are true.
        let same = self.chance.percent(50);
        let id = if same { id } else { self.chance.id() };
        let end = self.entry(Entry { id: Some(id), recorded_only: true, ..Entry::plain(again, symbol, ordered) });
        self.happened(Fault::DuplicateEntry, vec![symbol], again);
        if !same || self.plan.age == Age::January {
            self.also("entry_not_executed");
        }
        Some(end)
    }

    fn corporate_action(&mut self, at: Moment) -> Option<Moment> {
        let symbol = self.one_held(1)?;
        let held = self.broker.quantity(symbol);
        let reverse = (held % Decimal::TWO).is_zero() && held.abs() > Decimal::TWO && self.chance.percent(25);
        let times = self.chance.one(&[2, 3, 4, 10]).unwrap_or(2);
        let ratio = if reverse { Decimal::new(5, 1) } else { Decimal::from(times) };
        self.broker.split(at, symbol, ratio, &mut self.chance);
        self.divide_price(symbol, ratio);
        self.happened(Fault::CorporateAction, vec![symbol], at);
        Some(at)
    }

    /// More of what was held the night before; the logs that tell of the night's are cut.
    fn opening_balance_unknown(&mut self, at: Moment) -> Option<Moment> {
        let untouched = |symbol: &Symbol| self.truth.night.contains(symbol) && !self.truth.traded.contains_key(symbol);
        let may: Vec<Symbol> = self.unhurt(1).into_iter().filter(untouched).collect();
        let symbol = self.chance.one(&may)?;
        let more = Decimal::from(self.chance.between(1, 30)) * sign(self.broker.quantity(symbol));
        let end = self.entry(Entry::plain(at, symbol, more));
        self.keep.insert(symbol);
        self.happened(Fault::OpeningBalanceUnknown, vec![symbol], at);
        self.settle(end);
        Some(end)
    }

    fn score_lost(&mut self, at: Moment) -> Option<Moment> {
        let scored = self.scored();
        let may: Vec<Symbol> = self.unhurt(1).into_iter().filter(|symbol| scored.contains(symbol)).collect();
        let symbol = self.chance.one(&may)?;
        self.notes.remove(symbol);
        // It is held to the end, or nothing would show.
        self.keep.insert(symbol);
        self.happened(Fault::ScoreLost, vec![symbol], at);
        Some(at)
    }

    /// The last fault ended later than it began.
    pub fn settle(&mut self, at: Moment) {
        if let Some(episode) = self.truth.episodes.last_mut() {
            episode.settled_at = at;
        }
    }

    /// Another name is as true of the last fault.
    fn also(&mut self, code: &'static str) {
        if let Some(episode) = self.truth.episodes.last_mut() {
            episode.also.push(code);
        }
    }
}
