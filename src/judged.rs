//! The books that are judged and never adopted: the executor's, the metadata's; and annotations that got lost.

use chrono::Duration;
use itertools::Itertools;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

use crate::account::{Doubt, Stated};
use crate::breaks::{BookName, Break, Evidence, Kind, Said, Severity};
use crate::calendar::Calendar;
use crate::event::{Event, Form, Holding};
use crate::ledger::{LastBook, Ledger, at_line};
use crate::outcome::Outcome;
use crate::position::{Quantity, Side, Symbol, plain};
use crate::sightings::MissingSighting;
use crate::time::{self, Time};
use crate::witness::{Standing, Witness};
use crate::words::stated;

/// Relative tolerance of entry prices: 0.01 % (contract, section 1).
const PRICE_TOLERANCE_RATIO: Decimal = Decimal::from_parts(1, 0, 0, false, 4);

/// A reset writes all rows within this (incident 7).
const ONE_WRITE: Duration = Duration::milliseconds(5);

/// Fewer rows than this may share a moment by chance: two entries in one cycle do.
const RESET_ROWS: usize = 3;

/// The reconciler makes a row without a score for an entry that the bot did not see filled, in the cycle after it: no reset.
const JUST_ENTERED: Duration = Duration::minutes(2);

/// Files of one cycle of the reconciler are written within this.
const SAME_CYCLE: Duration = Duration::seconds(1);

/// A pending entry may take this long before it is worth a word (contract, section 3, `entry_execution`).
const PENDING_TOO_LONG: Duration = Duration::hours(1);

/// A live bot writes a row every minute: logs that end so much open market before the broker was read are an old copy (incident 19).
const TAPE_TOO_OLD: Duration = Duration::hours(1);

/// The executor's file is written at the start of each cycle; after this many ends of cycles it should have been written again.
const CYCLES_WITHOUT_REWRITE: usize = 2;

impl Ledger {
    /// The executor's word is held against the expected book as of its own time. Where they differ, the broker's next word decides
    /// which of them is wrong (design, rule 6: judged, not adopted).
    pub(crate) fn judge_executor(&mut self, place: usize, event: &Event, holdings: &[Holding]) -> bool {
        let mut symbols: BTreeSet<Symbol> = self.not_flat().clone();
        symbols.extend(holdings.iter().map(|holding| holding.symbol.clone()));
        let listed: BTreeMap<&Symbol, &Holding> = holdings.iter().map(|holding| (&holding.symbol, holding)).collect();
        let mut agrees = true;
        for symbol in symbols {
            let holding = listed.get(&symbol).copied();
            let quantity = holding.and_then(|holding| holding.quantity).unwrap_or(Decimal::ZERO);
            let form = if quantity.is_zero() { Form::NotHeld } else { Form::Equals(quantity) };
            let row = at_line(event, holding.map_or(1, |holding| holding.line));
            let holds = match self.same_answer(event, &symbol) {
                Some(stated) => (stated - quantity).abs() <= self.settings.tolerance_quantity,
                None => self.fits(&symbol, &form) || self.fits_within_grace(event, &symbol, &form),
            };
            let outcome = if holds { Outcome::Held } else { Outcome::Failed };
            self.mark(place, &row, &symbol, Some((Witness::ExecutorState, form)), Some(outcome));
            if !holds {
                agrees = false;
                let evidence = stated(event.at, row.origin, Witness::ExecutorState, &form);
                self.doubt(&symbol, evidence, quantity);
            }
            if let Some(holding) = holding {
                let price = holding.price;
                self.account(&symbol).executor = Some(Stated { at: event.at, origin: row.origin, quantity, price });
                self.compare_prices(&symbol);
                self.judge_score(event, holding, Witness::ExecutorState);
            }
        }
        agrees
    }

    /// The reconciler writes the executor's file from one answer of the broker, of which it keeps other copies: what they say is what
    /// the executor must say, however lately the symbol moved (`formats.md` 13.7).
    fn same_answer(&mut self, event: &Event, symbol: &Symbol) -> Option<Decimal> {
        let broker = self.account(symbol).broker.as_ref()?;
        ((event.at - broker.at).abs() <= SAME_CYCLE).then_some(broker.quantity)
    }

    /// If the broker spoke of the symbol since it last moved, the executor is wrong at once; else the broker's next word decides.
    fn doubt(&mut self, symbol: &Symbol, evidence: Evidence, quantity: Decimal) {
        let account = self.account(symbol);
        let doubt = Doubt { evidence, quantity, expected: account.position.quantity };
        let (at, spoke) = (doubt.evidence.at, account.broker.as_ref().map(|stated| stated.at));
        let of_one_cycle = spoke.is_some_and(|spoke| (at - spoke).abs() <= SAME_CYCLE);
        if of_one_cycle || spoke.is_some_and(|spoke| account.last_moved.is_none_or(|moved| spoke > moved)) {
            self.executor_is_wrong(symbol, doubt, BookName::Broker.code());
        } else {
            account.doubted = Some(doubt);
        }
    }

    /// The broker has spoken after the executor: one of them agrees with the tape.
    pub(crate) fn decide_doubt(&mut self, event: &Event, symbol: &Symbol, form: &Form, witness: Witness) {
        let tolerance = self.settings.tolerance_quantity;
        let Some(doubt) = self.account(symbol).doubted.take() else { return };
        let moved = self.account(symbol).last_moved.is_some_and(|moved| moved > doubt.evidence.at);
        let stated = if let Form::Equals(quantity) = form { *quantity } else { Decimal::ZERO };
        if !moved && (stated - doubt.quantity).abs() <= tolerance {
            // The executor had the broker's quantity: it is a witness of the break that the broker's word opened.
            let open = self.account(symbol).open.last().copied();
            if let Some(place) = open.filter(|place| event.at - self.breaks[*place].first_failed_at <= self.settings.grace) {
                self.add_evidence(place, doubt.evidence);
            }
        } else {
            self.executor_is_wrong(symbol, doubt, witness.code());
        }
    }

    fn executor_is_wrong(&mut self, symbol: &Symbol, doubt: Doubt, witness: &'static str) {
        let expected_side = doubt.expected.side();
        let kind = match (doubt.quantity.is_zero(), doubt.expected.is_flat()) {
            (true, _) => Kind::Missing,
            (_, true) => Kind::Orphan,
            _ if expected_side.is_some() && expected_side != Side::of(doubt.quantity) => Kind::Side,
            _ => Kind::Quantity,
        };
        let records = self.account(symbol).bracket(doubt.evidence.clone());
        let found = Break {
            expected: Said::Quantity(Quantity::exact(doubt.quantity)),
            actual: Said::Quantity(doubt.expected),
            ..self.opened(Some(symbol), kind, BookName::Executor, witness, doubt.evidence.at, records)
        };
        self.breaks.push(found);
    }

    /// Remembers that the broker did not list a symbol.
    pub(crate) fn note_absence(&mut self, event: &Event, symbol: &Symbol, witness: Witness) {
        if witness.standing() != Standing::Bot {
            let (at, origin) = (event.at, event.origin);
            self.account(symbol).broker = Some(Stated { at, origin, quantity: Decimal::ZERO, price: None });
        }
    }

    /// The executor's entry price against the broker's average, where both spoke since the symbol last moved, on one exchange day
    /// (averages are re-based overnight, `alpaca.md` section 0, fact 10).
    pub(crate) fn compare_prices(&mut self, symbol: &Symbol) {
        let absolute = self.settings.tolerance_price;
        let grace = self.settings.grace;
        let account = self.account(symbol);
        let (Some(executor), Some(broker)) = (account.executor, account.broker) else { return };
        let (Some(has), Some(says)) = (executor.price, broker.price) else { return };
        let settled = |at: Time| account.last_moved.is_none_or(|moved| at - moved > grace);
        let comparable = settled(executor.at)
            && settled(broker.at)
            && executor.quantity == broker.quantity
            && time::exchange_day(executor.at) == time::exchange_day(broker.at);
        let tolerance = absolute.max(says.abs() * PRICE_TOLERANCE_RATIO);
        account.executor = None;
        if !comparable || (has - says).abs() <= tolerance {
            return;
        }
        let at = executor.at.max(broker.at);
        let reads = &["entry_price", "avg_entry_price"];
        let told = |stated: &Stated, says: String| Evidence { at: stated.at, origin: stated.origin, says, reads };
        let evidence = vec![
            told(&executor, format!("the executor has an entry price of {}", plain(has))),
            told(&broker, format!("the broker's average entry price is {}", plain(says))),
        ];
        let found = Break {
            severity: Severity::Warning,
            expected: Said::Price(has),
            actual: Said::Price(says),
            ..self.opened(Some(symbol), Kind::EntryPrice, BookName::Executor, "broker", at, evidence)
        };
        self.breaks.push(found);
    }

    /// A statement that the entry score of a held position is gone, or back.
    pub(crate) fn score(&mut self, event: &Event, symbol: &Symbol, lost: bool, witness: Witness) -> Outcome {
        if !lost {
            self.resolve_score(symbol, event.at);
            return Outcome::Held;
        }
        let evidence = stated(event.at, event.origin, witness, &Form::ScoreLost(true));
        if let Some(place) = self.account(symbol).score_lost {
            self.add_evidence(place, evidence);
            return Outcome::FailedAgain;
        }
        let found = Break {
            severity: Severity::Warning,
            ..self.opened(Some(symbol), Kind::MissingEntryScore, BookName::Metadata, witness.code(), event.at, vec![evidence])
        };
        let place = self.breaks.len();
        self.breaks.push(found);
        self.account(symbol).score_lost = Some(place);
        self.note_just_entered(symbol, place, event.at);
        Outcome::Failed
    }

    /// An entry that the bot was not told of has no score, and nothing was lost. Where nobody knows what it began with, its last movement
    /// is the entry.
    fn note_just_entered(&mut self, symbol: &Symbol, place: usize, lost: Time) {
        let account = self.account(symbol);
        let entered = account.position.entry_time.or(account.last_moved);
        if entered.is_some_and(|entered| lost >= entered && lost - entered <= JUST_ENTERED) {
            self.just_entered.insert(place);
        }
    }

    pub(crate) fn resolve_score(&mut self, symbol: &Symbol, at: Time) {
        if let Some(place) = self.account(symbol).score_lost.take() {
            self.breaks[place].resolved_at = Some(at);
        }
    }

    fn judge_score(&mut self, event: &Event, holding: &Holding, witness: Witness) {
        let lost = holding.further().score.is_some_and(|score| score <= Decimal::ZERO);
        let flat = self.account(&holding.symbol).position.quantity.is_flat();
        if lost && !flat {
            let origin = crate::origin::Origin { line: holding.line, ..event.origin };
            self.score(&Event { at: event.at, origin, fact: event.fact.clone() }, &holding.symbol, true, witness);
        }
    }

    /// The tape has ended: what only its end can tell.
    pub fn finish(&mut self, metadata: Option<&Event>, missing: &[MissingSighting], end: Time) {
        self.drain();
        let in_doubt: Vec<Symbol> =
            self.accounts.iter().filter(|(_, account)| account.doubted.is_some()).map(|(symbol, _)| symbol.clone()).collect();
        for symbol in in_doubt {
            if let Some(doubt) = self.account(&symbol).doubted.take() {
                self.executor_is_wrong(&symbol, doubt, "tape");
            }
        }
        if let (Some(book), Some(event)) = (self.books.get(&BookName::Metadata).cloned(), metadata) {
            self.judge_metadata(event, &book, end);
        }
        self.state_resets();
        self.unresolved_pending(end);
        self.missing_sightings(missing);
        self.stale_executor();
        self.stale_tape();
    }

    /// Scores that went in one moment are one finding about many symbols: the state was wiped and written again (incident 7).
    fn state_resets(&mut self) {
        let lost = self.breaks.iter().enumerate().filter(|(_, found)| {
            // The executor's file names all scores at one moment, whenever they went.
            found.kind == Kind::MissingEntryScore && !found.withdrawn && found.witness != Witness::ExecutorState.code()
        });
        let lost = lost.filter(|(place, _)| !self.just_entered.contains(place));
        let mut lost: Vec<(Time, usize)> = lost.map(|(place, found)| (found.first_failed_at, place)).collect();
        lost.sort_unstable();
        for group in lost.chunk_by(|one, two| two.0 - one.0 <= ONE_WRITE) {
            if group.len() < RESET_ROWS {
                continue;
            }
            let at = group[0].0;
            let symbols = group.iter().filter_map(|(_, place)| self.breaks[*place].symbol.as_ref()).join(", ");
            let says =
                format!("{} rows were written anew in one moment, with score 0 and a new entry time: {symbols}", group.len());
            let mut evidence: Vec<Evidence> =
                group.iter().filter_map(|(_, place)| self.breaks[*place].evidence.first().cloned()).collect();
            if let Some(first) = evidence.first_mut() {
                first.says = says;
            }
            for (_, place) in group {
                self.breaks[*place].withdrawn = true;
            }
            let found = Break {
                severity: Severity::Warning,
                ..self.opened(None, Kind::MissingEntryScore, BookName::Metadata, "tape", at, evidence)
            };
            self.breaks.push(found);
        }
    }

    /// The score was gone before the first witness that said so.
    fn date_back(&mut self, symbol: &Symbol, since: Time) {
        let Some(place) = self.account(symbol).score_lost else { return };
        let found = &mut self.breaks[place];
        if since < found.first_failed_at {
            found.first_failed_at = since;
            found.opened_at = since;
            found.witness = Witness::Metadata.code();
            self.note_just_entered(symbol, place, since);
        }
    }

    /// Entry times that several rows of the metadata have in common are the moment of a reset, not of entries (incident 25): that is
    /// when their scores went, where no log of the reconciler says so.
    fn invented_times(book: &LastBook) -> BTreeSet<Time> {
        let lost = book.holdings.iter().filter(|holding| holding.further().score.is_some_and(|score| score <= Decimal::ZERO));
        let times: Vec<Time> = lost.filter_map(|holding| holding.further().entry_time).sorted().collect();
        let groups = times.chunk_by(|one, two| *two - *one <= ONE_WRITE);
        groups.filter(|group| group.len() >= RESET_ROWS).flatten().copied().collect()
    }

    /// The metadata has no time of its own: rows are written and deleted with each trade, so it describes the end of the tape.
    fn judge_metadata(&mut self, event: &Event, book: &LastBook, end: Time) {
        let grace = self.settings.grace;
        let settled = |moved: Option<Time>| moved.is_none_or(|moved| end - moved > grace);
        let invented = Self::invented_times(book);
        for holding in book.holdings.iter() {
            let origin = crate::origin::Origin { line: holding.line, ..event.origin };
            let account = self.account(&holding.symbol);
            let (quantity, moved) = (account.position.quantity, account.last_moved);
            let exit = account.last_exit;
            if quantity.is_flat() && settled(moved) {
                let last_exit = exit.map(|(at, origin)| Evidence::naming(at, origin, "the last exit".to_owned()));
                let row = Evidence::naming(end, origin, "the metadata still has a row".to_owned());
                let records = last_exit.into_iter().chain([row]).collect();
                self.annotation(&holding.symbol, Kind::OrphanMetadata, BookName::Metadata, end, records);
                continue;
            }
            let other_side = quantity.side().zip(holding.side()).filter(|(held, row)| held != row);
            if let Some((held, row)) = other_side.filter(|_| settled(moved)) {
                let says = format!("the metadata says {row}, the position is {held}");
                let records = vec![Evidence { at: end, origin, says, reads: &["side"] }];
                self.annotation(&holding.symbol, Kind::Side, BookName::Metadata, end, records);
            }
            let since = holding.further().entry_time.filter(|time| invented.contains(time)).unwrap_or(end);
            self.judge_score(&Event { at: since, origin, fact: event.fact.clone() }, holding, Witness::Metadata);
            if since < end {
                self.date_back(&holding.symbol, since);
            }
        }
        let rows: BTreeSet<&Symbol> = book.holdings.iter().map(|holding| &holding.symbol).collect();
        let without: Vec<Symbol> = self.not_flat().iter().filter(|symbol| !rows.contains(symbol)).cloned().collect();
        for symbol in without {
            let account = self.account(&symbol);
            if account.position.quantity.is_open() && settled(account.last_moved) {
                let says = "the metadata has no row".to_owned();
                let records = vec![Evidence::naming(end, event.origin, says)];
                self.annotation(&symbol, Kind::MissingMetadata, BookName::Metadata, end, records);
            }
        }
    }

    fn annotation(&mut self, symbol: &Symbol, kind: Kind, book: BookName, at: Time, evidence: Vec<Evidence>) {
        let quantity = self.account(symbol).position.quantity;
        let found = Break {
            severity: Severity::Warning,
            actual: Said::Quantity(quantity),
            price: None,
            ..self.opened(Some(symbol), kind, book, "tape", at, evidence)
        };
        self.breaks.push(found);
    }

    fn unresolved_pending(&mut self, end: Time) {
        let pending: Vec<(Symbol, Evidence)> =
            self.accounts.iter().filter_map(|(symbol, account)| Some((symbol.clone(), account.pending.clone()?))).collect();
        for (symbol, evidence) in pending.into_iter().filter(|(_, evidence)| end - evidence.at > PENDING_TOO_LONG) {
            let quantity = self.account(&symbol).position.quantity;
            let found = Break {
                severity: Severity::Warning,
                expected: Said::Quantity(quantity),
                ..self.opened(Some(&symbol), Kind::UnresolvedPending, BookName::Expected, "tape", evidence.at, vec![evidence])
            };
            self.breaks.push(found);
        }
    }

    fn missing_sightings(&mut self, missing: &[MissingSighting]) {
        for missing in missing {
            let says = format!("this {} has no record in the {}", missing.kind.name(), missing.absent.name());
            let evidence = vec![Evidence::naming(missing.at, missing.origin, says)];
            let found = Break {
                severity: Severity::Warning,
                last_agreed_at: None,
                price: None,
                ..self.opened(Some(&missing.symbol), Kind::MissingSighting, BookName::Expected, "tape", missing.at, evidence)
            };
            self.breaks.push(found);
        }
    }

    /// The executor's file misses cycles: it is not wrong, it is old.
    fn stale_executor(&mut self) {
        let Some(executor) = self.books.get(&BookName::Executor) else { return };
        let at = executor.at;
        let since: Vec<Time> = self.cycles.iter().copied().filter(|cycle| *cycle > at).collect();
        // The cycle that wrote the file ends after it.
        if since.len() <= CYCLES_WITHOUT_REWRITE {
            return;
        }
        let moved: Vec<&str> = self
            .accounts
            .iter()
            .filter(|(_, account)| account.last_moved > Some(at))
            .map(|(symbol, _)| symbol.as_str())
            .collect();
        let unlike =
            if moved.is_empty() { "nothing moved since".to_owned() } else { format!("since then moved: {}", moved.join(", ")) };
        let says = format!("executor_state was last written at {}, {} cycles ago; {unlike}", time::show(at), since.len());
        let Some(origin) = self.executor_written else { return };
        let records = vec![Evidence { at, origin, says, reads: &["timestamp"] }];
        let found =
            Break { severity: Severity::Warning, ..self.opened(None, Kind::StaleState, BookName::Executor, "tape", at, records) };
        self.breaks.push(found);
    }

    /// Evidence is stale: the broker was read long after the bot's last word (incident 19).
    fn stale_tape(&mut self) {
        let Some((written, origin)) = self.last_of_bot else { return };
        let Some(broker) = self.books.get(&BookName::Broker).filter(|book| book.witness == Witness::BrokerPositions) else {
            return;
        };
        if Calendar::default().open_between(written, broker.at) <= TAPE_TOO_OLD {
            return;
        }
        let says =
            format!("the bot's last record is of {}, the broker was read at {}", time::show(written), time::show(broker.at));
        let records = vec![Evidence { at: written, origin, says, reads: &["ts"] }];
        let found = Break {
            severity: Severity::Warning,
            ..self.opened(None, Kind::StaleState, BookName::Expected, "tape", written, records)
        };
        self.breaks.push(found);
    }
}
