//! Counts held against the expected book: so many symbols are held, whichever they are.

use itertools::Itertools;
use rust_decimal::Decimal;
use std::collections::BTreeSet;

use crate::account::Account;
use crate::assertion::said;
use crate::breaks::{BookName, Break, Evidence, Kind, Said, Severity};
use crate::event::{Event, Form};
use crate::ledger::Ledger;
use crate::position::{Quantity, Symbol};
use crate::time::Time;
use crate::witness::Witness;

impl Ledger {
    /// A count is a statement about the whole book: so many symbols are held.
    pub(crate) fn assert_count(&mut self, event: &Event, count: u32, witness: Witness) -> bool {
        let earliest = event.at - self.settings.grace;
        let mut unsettled: BTreeSet<Symbol> = self.soon_moved(event.at);
        unsettled.extend(self.lately_moved.iter().filter(|(at, _)| *at >= earliest).map(|(_, symbol)| symbol.clone()));
        let surely = |account: &Account| account.position.quantity.is_open() || account.position.seen;
        let is_sure = |symbol: &Symbol| !unsettled.contains(symbol) && surely(&self.accounts[symbol]);
        let unsure: BTreeSet<Symbol> = self.not_flat().iter().filter(|symbol| !is_sure(symbol)).cloned().collect();
        let sure = self.not_flat().len() - unsure.len();
        let maybe = unsure.union(&unsettled).count();
        let count = count as usize;
        if count < sure || (count > sure + maybe && !self.may_hold_more()) {
            let sure: Vec<Symbol> = self.not_flat().difference(&unsure).cloned().collect();
            return self.count_fails(event, count, &sure, maybe, witness);
        }
        if let Some(place) = self.count_open.take() {
            self.breaks[place].resolved_at = Some(event.at);
        }
        // Two faults can make a count right: nothing follows for the others while one of those counted was never seen.
        let seen = || !self.not_flat().difference(&unsure).any(|symbol| began_unseen(&self.accounts[symbol]));
        if count == sure && unsettled.is_empty() && seen() {
            for symbol in &unsure {
                self.holds(event, symbol, &Form::NotHeld, Witness::Reconciler);
                self.keep_index(symbol);
                self.counted_flat.push((event.at, event.origin, symbol.clone()));
            }
            self.nothing_else_is_held();
        }
        true
    }

    /// A whole book that agrees counts, too.
    pub(crate) fn count_settled(&mut self, at: Time, held: bool) {
        if let Some(place) = self.count_open.take_if(|_| held) {
            self.breaks[place].resolved_at = Some(at);
        }
    }

    fn count_fails(&mut self, event: &Event, count: usize, sure: &[Symbol], maybe: usize, witness: Witness) -> bool {
        let says = format!("the {} counts {count} positions", witness.code().replace('_', " "));
        let evidence = Evidence { at: event.at, origin: event.origin, says, reads: &["positions_count", "positions", "count"] };
        if let Some(place) = self.count_open {
            self.add_evidence(place, evidence);
            return false;
        }
        let same_moment = self.breaks.iter().rev().take(8).any(|other| {
            other.severity == Severity::Break && other.symbol.is_some() && event.at - other.first_failed_at <= self.settings.grace
        });
        if same_moment {
            return false;
        }
        let most = Decimal::from(sure.len() + maybe);
        let found = Break {
            expected: if maybe == 0 {
                Said::Count(most)
            } else {
                Said::Quantity(Quantity::between(Decimal::from(sure.len()), most))
            },
            actual: Said::Count(Decimal::from(count)),
            ..self.opened(None, Kind::Count, BookName::Expected, witness.code(), event.at, vec![evidence.clone()])
        };
        match self.count_suspect(count, sure, maybe) {
            Some((symbol, form)) => self.count_names(event, found, &symbol, &form, evidence),
            None => {
                self.breaks.push(found);
                self.count_open = Some(self.breaks.len() - 1);
            }
        }
        false
    }

    /// The one symbol that no witness has spoken of since it moved, where exactly one must be wrong.
    fn count_suspect(&self, count: usize, sure: &[Symbol], maybe: usize) -> Option<(Symbol, Form)> {
        let unconfirmed = |account: &Account| !account.moved.is_empty();
        if count + 1 == sure.len() {
            let only = sure.iter().filter(|symbol| began_unseen(&self.accounts[*symbol])).exactly_one().ok()?;
            return Some((only.clone(), Form::NotHeld));
        }
        if count == sure.len() + maybe + 1 {
            let flat = self.accounts.iter().filter(|(_, account)| account.position.quantity.is_flat() && unconfirmed(account));
            return Some((flat.exactly_one().ok()?.0.clone(), Form::Held));
        }
        None
    }

    fn count_names(&mut self, event: &Event, found: Break, symbol: &Symbol, form: &Form, evidence: Evidence) {
        let account = &self.accounts[symbol];
        let records = account.bracket(evidence);
        let kind = if *form == Form::NotHeld { Kind::Orphan } else { Kind::Missing };
        let named = Break {
            expected: Said::Quantity(account.position.quantity),
            actual: said(form),
            ..self.opened(Some(symbol), kind, BookName::Expected, found.witness, event.at, records)
        };
        self.open_of(symbol, named);
        self.adopt(symbol, form, Witness::Reconciler, event);
        self.keep_index(symbol);
    }

    /// A count that failed was the first sign of a break that a better witness names: one fault, one break.
    pub(crate) fn absorb_count(&mut self, place: usize) {
        let Some(count) = self.count_open else { return };
        if !matches!(self.breaks[place].kind, Kind::Missing | Kind::Orphan) {
            return;
        }
        let evidence = std::mem::take(&mut self.breaks[count].evidence);
        let first = self.breaks[count].first_failed_at;
        let named = &mut self.breaks[place];
        named.evidence.extend(evidence);
        named.evidence.sort_by_key(|evidence| (evidence.at, evidence.origin));
        named.first_failed_at = first;
        named.opened_at = first;
        self.breaks[count].withdrawn = true;
        self.count_open = None;
    }
}

/// Whether it began with the movements that no witness has spoken of since. What was held before it moved, or was seen held, did not.
fn began_unseen(account: &Account) -> bool {
    account.moved.first().is_some_and(|first| {
        let began = account.position.entry_time.is_none_or(|entered| entered >= first.at);
        began && account.seen_at.is_none_or(|seen| seen < first.at)
    })
}
