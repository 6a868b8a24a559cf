//! The causes that whole looks found, carried over to the looks between them.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::breaks::{Break, Cause, Tie};
use crate::ledger::Ledger;
use crate::time::Time;

/// Of a break what a whole look found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Found {
    cause: Cause,
    opened_at: Time,
    order_sensitive: bool,
}

/// The breaks of the last whole look.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Carried {
    by_id: BTreeMap<String, Found>,
    /// A break that only the broker's answer shows is dated anew by each answer: it is the same while it says the same.
    by_words: BTreeMap<String, Found>,
    ties: Vec<Tie>,
    /// Looks since then, and after how many of them causes are looked for again: evidence may have come.
    looks: u32,
    patience: u32,
}

/// Causes are looked for again after so many looks at the most, while something is open.
const PATIENCE: u32 = 64;

impl Carried {
    /// Takes over what a whole look found.
    pub(super) fn take(&mut self, ledger: &Ledger) {
        let told = self.by_words.keys().cloned().collect::<Vec<String>>();
        (self.by_id, self.by_words) = (BTreeMap::new(), BTreeMap::new());
        for found in ledger.breaks.iter().filter(|found| !found.withdrawn) {
            let known = Found { cause: found.cause.clone(), opened_at: found.opened_at, order_sensitive: found.order_sensitive };
            self.by_id.insert(found.id(), known.clone());
            if found.is_open() {
                self.by_words.insert(words(found), known);
            }
        }
        self.ties.clone_from(&ledger.ties);
        let is_news = self.by_words.keys().any(|words| !told.contains(words));
        self.patience = if is_news { 1 } else { self.patience.saturating_mul(2).clamp(1, PATIENCE) };
        self.looks = 0;
    }

    /// Whether a ledger has a break that no whole look has seen, or causes should be looked for again.
    pub(super) fn lacks(&mut self, ledger: &Ledger) -> bool {
        self.looks = self.looks.saturating_add(1);
        let mut breaks = ledger.breaks.iter().filter(|found| !found.withdrawn);
        let is_open = ledger.breaks.iter().any(|found| !found.withdrawn && found.is_open());
        (is_open && self.looks > self.patience) || breaks.any(|found| self.of(found).is_none())
    }

    /// Gives each break the cause that it had, and fixes their hindsight.
    pub(super) fn put(&self, ledger: &mut Ledger) {
        for found in &mut ledger.breaks {
            if let Some(known) = self.of(found) {
                found.cause = known.cause.clone();
                found.opened_at = known.opened_at.min(found.first_failed_at);
                found.order_sensitive = known.order_sensitive;
            }
        }
        ledger.ties.clone_from(&self.ties);
        ledger.judge_fixes();
    }

    fn of(&self, found: &Break) -> Option<&Found> {
        self.by_id.get(&found.id()).or_else(|| self.by_words.get(&words(found)).filter(|_| found.is_open()))
    }
}

fn words(found: &Break) -> String {
    let symbol = found.symbol.as_ref().map_or("*", |symbol| symbol.as_str());
    let said = |said: Option<String>| said.unwrap_or_default();
    let sides = (said(found.expected.text()), said(found.actual.text()));
    format!("{symbol}|{}|{}|{}|{}|{}", found.kind.code(), found.book.code(), found.witness, sides.0, sides.1)
}
