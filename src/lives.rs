//! The lives of breaks: how they open, gather evidence, are resolved, and what fixes had to do with them (design, rule 7).

use crate::account::Moved;
use crate::breaks::{BookName, Break, Cause, Evidence, Kind, Said, Severity};
use crate::event::{Event, Movement};
use crate::ledger::Ledger;
use crate::outcome::Fix;
use crate::position::{Quantity, Symbol};
use crate::time::Time;
use crate::witness::Witness;
use crate::words::{reads_of, told};
use rust_decimal::Decimal;

/// A break keeps this many records as evidence of witnesses that repeat each other.
const MOST_EVIDENCE: usize = 60;

impl Ledger {
    /// Whether a symbol had a break until the moment of a fix.
    pub(crate) fn was_broken(&self, symbol: &Symbol, at: Time) -> bool {
        self.faults_at(symbol, at).next().is_some()
    }

    /// The breaks of a symbol that were open until the moment of a fix.
    fn faults_at(&self, symbol: &Symbol, at: Time) -> impl Iterator<Item = &Break> {
        let earliest = at - self.settings.grace;
        let faults = self.accounts.get(symbol).map_or(&[][..], |account| &account.faults);
        let faults = faults.iter().filter_map(|place| self.breaks.get(*place));
        faults.filter(move |found| found.first_failed_at <= at && found.resolved_at.is_none_or(|resolved| resolved >= earliest))
    }

    /// Hindsight: a fix was right where what it repaired has a proved cause (design, rule 5).
    pub(crate) fn judge_fixes(&mut self) {
        let known = |fix: &Fix| {
            let mut faults = fix.symbols.iter().flat_map(|symbol| self.faults_at(symbol, fix.at)).peekable();
            fix.contradicted && faults.peek().is_some() && faults.all(|found| found.cause.proved)
        };
        let judged: Vec<bool> = self.fixes.iter().map(known).collect();
        for (fix, known) in self.fixes.iter_mut().zip(judged) {
            fix.cause_known = known;
        }
    }

    /// Whether every break that is named by its place is there, where the ledger was read from bytes.
    pub(crate) fn is_sound(&self) -> bool {
        let accounts = self.accounts.values();
        let named = accounts
            .flat_map(|account| account.open.iter().chain(&account.faults).chain(&account.score_lost).chain(&account.partly));
        named.chain(&self.just_entered).chain(&self.count_open).all(|place| *place < self.breaks.len())
    }

    /// Adds a break of the expected book to the open ones of its symbol; gives its place.
    pub(crate) fn open_of(&mut self, symbol: &Symbol, found: Break) -> usize {
        let place = self.breaks.len();
        let account = self.account(symbol);
        account.open.push(place);
        if found.severity == Severity::Break {
            account.faults.push(place);
        }
        self.broken.insert(symbol.clone());
        self.breaks.push(found);
        place
    }

    /// A later statement agreed: the break is over.
    pub(crate) fn resolve(&mut self, symbol: &Symbol, place: usize, at: Time) {
        self.breaks[place].resolved_at = Some(at);
        let account = self.account(symbol);
        account.open.retain(|other| *other != place);
        if account.open.is_empty() {
            self.broken.remove(symbol);
        }
    }

    /// A break at its beginning; severity `break`, nothing said yet.
    pub(crate) fn opened(
        &self,
        symbol: Option<&Symbol>,
        kind: Kind,
        book: BookName,
        witness: &'static str,
        at: Time,
        evidence: Vec<Evidence>,
    ) -> Break {
        let account = symbol.and_then(|symbol| self.accounts.get(symbol));
        Break {
            symbol: symbol.cloned(),
            kind,
            severity: Severity::Break,
            book,
            witness,
            expected: Said::Nothing,
            actual: Said::Nothing,
            last_agreed_at: account.and_then(|account| account.last_agreed.as_ref()).map(|agreed| agreed.at),
            opened_at: at,
            first_failed_at: at,
            resolved_at: None,
            price: account.and_then(|account| account.price),
            opening: None,
            withdrawn: false,
            order_sensitive: false,
            cause: Cause::unknown(),
            evidence,
        }
    }

    pub(crate) fn add_evidence(&mut self, place: usize, evidence: Evidence) {
        let kept = &mut self.breaks[place].evidence;
        if kept.len() < MOST_EVIDENCE && !kept.contains(&evidence) {
            kept.push(evidence);
            kept.sort_by_key(|record| record.at);
        }
    }

    pub(crate) fn remember_contradiction(&mut self, event: &Event, contradicted: bool) {
        if contradicted {
            self.contradicted.insert(event.origin, event.at);
        }
    }

    /// Incident 5: an entry of a bot that enters only what it does not hold says that nothing was held.
    pub(crate) fn entered_while_open(&mut self, event: &Event, symbol: &Symbol) {
        let account = self.account(symbol);
        if !account.position.quantity.is_open() {
            return;
        }
        let mut evidence: Vec<Evidence> = account.moved.iter().map(Moved::evidence).collect();
        let says = format!("the bot enters {symbol}, which it should hold");
        evidence.push(Evidence::naming(event.at, event.origin, says));
        let found = Break {
            severity: Severity::Warning,
            expected: Said::Quantity(account.position.quantity),
            actual: Said::Quantity(Quantity::FLAT),
            ..self.opened(Some(symbol), Kind::EntryWhileOpen, BookName::Expected, Witness::EntryRecord.code(), event.at, evidence)
        };
        self.open_of(symbol, found);
    }

    /// A split that the broker's activities report explains itself: a note (contract, section 2).
    pub(crate) fn note_corporate_action(
        &mut self,
        event: &Event,
        movement: &Movement,
        before: Quantity,
        after: Quantity,
        price: Option<Decimal>,
    ) {
        if before == after {
            return;
        }
        let says = told(&movement.symbol, &movement.action);
        let evidence = vec![Evidence { at: event.at, origin: event.origin, says, reads: reads_of(&movement.action) }];
        let mut note = Break {
            severity: Severity::Note,
            expected: Said::Quantity(before),
            actual: Said::Quantity(after),
            ..self.opened(Some(&movement.symbol), Kind::Quantity, BookName::Expected, "broker_activities", event.at, evidence)
        };
        note.price = price;
        self.open_of(&movement.symbol, note);
    }

    /// Forgets what is over: resolved breaks, fixes, and what only reports need. What the fold goes on with stays.
    pub(crate) fn forget_history(&mut self) {
        let mut kept: Vec<usize> = self.count_open.into_iter().collect();
        for account in self.accounts.values_mut() {
            account.faults.clear();
            kept.extend(account.open.iter().chain(&account.score_lost).chain(&account.partly));
        }
        kept.sort_unstable();
        kept.dedup();
        let place = |old: usize| kept.partition_point(|kept| *kept < old);
        for account in self.accounts.values_mut() {
            account.open.iter_mut().for_each(|old| *old = place(*old));
            account.score_lost = account.score_lost.map(place);
            account.partly = account.partly.map(place);
        }
        self.count_open = self.count_open.map(place);
        self.breaks = kept.iter().filter_map(|old| self.breaks.get(*old).cloned()).collect();
        self.fixes.clear();
        self.marks.clear();
        self.cycles.clear();
        self.counted_flat.clear();
    }
}
