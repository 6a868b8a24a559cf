//! What ran, and when last: drawn from the tape once, for the checks and for the report.

use chrono::Duration;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::event::{Action, Event, Fact, Pulse};
use crate::position::Symbol;
use crate::time::Time;

/// Rows that end one cycle come within seconds; cycles are a minute apart (`formats.md` 9.1).
const ONE_CYCLE: Duration = Duration::seconds(30);

/// Sources whose intentions show that exits were evaluated (`formats.md` 4 and 7.3).
const EXIT_LOGS: [&str; 2] = ["exit", "reload"];

/// The last entry of the tape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastEntry {
    /// When.
    pub at: Time,
    /// Of what.
    pub symbol: Symbol,
    /// With what score.
    pub score: Option<Decimal>,
    /// Submitted, not known to be filled.
    pub pending: bool,
}

/// What ran, and when last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// Ends of cycles, each once, in order.
    pub cycles: Vec<Time>,
    /// The last cycle's rows show no error and no freeze.
    pub last_cycle_healthy: bool,
    /// The last entry.
    pub last_entry: Option<LastEntry>,
    /// Since when each symbol is held, by the bot's own entries: the first since its last exit.
    pub entered: BTreeMap<Symbol, Time>,
    /// The last exit.
    pub last_exit: Option<(Time, Symbol)>,
    /// The last sign that exits were evaluated.
    pub last_evaluation: Option<Time>,
    /// Failed closes since the symbol's last exit: when last, and how many.
    pub failures: BTreeMap<Symbol, (Time, u64)>,
    /// The reconciler's last finished round.
    pub last_reconciled: Option<Time>,
    /// The reconciler's last failure to read the broker.
    pub last_unreachable: Option<Time>,
}

impl Activity {
    /// Takes the next event of the tape, and the format of its source.
    pub fn take(&mut self, event: &Event, format: &str) {
        match &event.fact {
            Fact::Movement(movement) => self.moved(event.at, &movement.symbol, &movement.action),
            Fact::Pulse(pulse) => self.ran(event.at, pulse, format),
            Fact::Statement(_) => {}
        }
    }

    fn moved(&mut self, at: Time, symbol: &Symbol, action: &Action) {
        match action {
            Action::Entry(entry) => {
                self.entered.entry(symbol.clone()).or_insert(at);
                self.last_entry = Some(LastEntry { at, symbol: symbol.clone(), score: entry.score, pending: entry.pending });
            }
            Action::Exit(_) => {
                self.last_exit = Some((at, symbol.clone()));
                self.last_evaluation = Some(at);
                self.failures.remove(symbol);
                self.entered.remove(symbol);
            }
            Action::ScaleOut(_) => self.last_evaluation = Some(at),
            Action::Fill(_) | Action::CorporateAction(_) => {}
        }
    }

    fn ran(&mut self, at: Time, pulse: &Pulse, format: &str) {
        match pulse {
            Pulse::Cycle { healthy, .. } => {
                let same = self.cycles.last().is_some_and(|last| at - *last <= ONE_CYCLE);
                if !same {
                    self.cycles.push(at);
                }
                // A frozen cycle is told by one of its rows, and the last of them looks healthy (formats.md 9.1).
                self.last_cycle_healthy = *healthy && (!same || self.last_cycle_healthy);
            }
            Pulse::Evaluation => self.last_evaluation = Some(at),
            Pulse::Intention(..) => {
                if EXIT_LOGS.contains(&format) {
                    self.last_evaluation = Some(at);
                }
            }
            Pulse::Failure(symbol, _) => {
                self.last_evaluation = Some(at);
                let failure = self.failures.entry(symbol.clone()).or_insert((at, 0));
                *failure = (at, failure.1 + 1);
            }
            Pulse::Reconciled => self.last_reconciled = Some(at),
            Pulse::BrokerUnreachable => self.last_unreachable = Some(at),
            Pulse::CycleStarted
            | Pulse::Fix { .. }
            | Pulse::DegradedEntered
            | Pulse::NoSnapshot
            | Pulse::DegradedExited
            | Pulse::EntryFailed(..)
            | Pulse::UnloggedEntry(..)
            | Pulse::BrokerOrder(_) => {}
        }
    }
}
