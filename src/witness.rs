//! Witness: who states what is held, and what its word is worth.

use serde::{Deserialize, Serialize};

/// Who makes a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Witness {
    /// An exit record's own `entry_qty`.
    ExitRecord,
    /// A scale-out record: so much was held to be sold.
    ScaleOutRecord,
    /// An entry record of a bot that enters only what it does not hold.
    EntryRecord,
    /// `eod_flatten.jsonl`, `forced_flatten`: the quantity about to be closed.
    FlattenRecord,
    /// `audit_positions_autofix.jsonl`.
    Reconciler,
    /// `reconcile.jsonl`: what was restored from the broker.
    ReconcileLog,
    /// `position_reconciliation_v2.jsonl`.
    ReconciliationPlan,
    /// `health_check.jsonl`: the broker's symbols against the metadata's.
    HealthCheck,
    /// A row of `portfolio_state.jsonl`.
    PortfolioHistory,
    /// The broker's answer as a log keeps it that the settings map.
    CustomBroker,
    /// The bot's own word on a symbol in such a log.
    CustomRecord,
    /// `internal_positions.json`.
    InternalPositions,
    /// `alpaca_positions.json` of the bot.
    AlpacaPositionsFile,
    /// The broker's book between reads, worked out from its fills.
    BrokerFills,
    /// The broker's positions, live or recorded.
    BrokerPositions,
    /// `executor_state.json`.
    ExecutorState,
    /// `position_metadata.json`.
    Metadata,
}

impl Witness {
    /// Whether its word is adopted.
    pub fn standing(self) -> Standing {
        match self {
            Witness::BrokerFills | Witness::BrokerPositions => Standing::Broker,
            Witness::Reconciler
            | Witness::ReconcileLog
            | Witness::ReconciliationPlan
            | Witness::HealthCheck
            | Witness::PortfolioHistory
            | Witness::CustomBroker
            | Witness::InternalPositions
            | Witness::AlpacaPositionsFile => Standing::BrokerUnlessDegraded,
            Witness::ExitRecord
            | Witness::ScaleOutRecord
            | Witness::EntryRecord
            | Witness::FlattenRecord
            | Witness::CustomRecord => Standing::Bot,
            Witness::ExecutorState | Witness::Metadata => Standing::Judged,
        }
    }

    /// The name that the JSON report uses.
    pub fn code(self) -> &'static str {
        match self {
            Witness::ExitRecord => "exit_record",
            Witness::ScaleOutRecord => "scale_out_record",
            Witness::EntryRecord => "entry_record",
            Witness::FlattenRecord => "flatten_record",
            Witness::Reconciler => "reconciler",
            Witness::ReconcileLog => "reconcile_log",
            Witness::ReconciliationPlan => "reconciliation_plan",
            Witness::HealthCheck => "health_check",
            Witness::PortfolioHistory => "portfolio_history",
            Witness::CustomBroker => "custom_broker",
            Witness::CustomRecord => "custom_record",
            Witness::InternalPositions => "internal_positions",
            Witness::AlpacaPositionsFile => "alpaca_positions_file",
            Witness::BrokerFills => "broker_fills",
            Witness::BrokerPositions => "broker",
            Witness::ExecutorState => "executor",
            Witness::Metadata => "metadata",
        }
    }
}

/// What a failed statement of a witness does (design, rule 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A copy of the broker's own answer: the expected book adopts it.
    Broker,
    /// The same, but worthless while the reconciler is degraded: then it is a copy of an old answer.
    BrokerUnlessDegraded,
    /// The bot's own word, made in the same breath as its movements.
    Bot,
    /// A book of its own: judged, never adopted.
    Judged,
}
