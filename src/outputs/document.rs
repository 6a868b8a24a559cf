//! The shape of the JSON report (contract, section 2), apart from how it is filled: keys in the order of the contract.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Serialize)]
pub(super) struct Document<'a> {
    pub(super) schema: &'static str,
    pub(super) verdict: &'static str,
    pub(super) verdict_hash: String,
    pub(super) unchecked: &'a [String],
    pub(super) window: WindowDocument,
    pub(super) broker: BrokerDocument<'a>,
    pub(super) sources: Vec<SourceDocument<'a>>,
    pub(super) books: BTreeMap<&'static str, BookDocument>,
    pub(super) breaks: Vec<BreakDocument<'a>>,
    pub(super) fixes: Vec<FixDocument<'a>>,
    pub(super) checks: Vec<CheckDocument<'a>>,
    pub(super) integrity: Vec<IntegrityDocument<'a>>,
    pub(super) order_sensitive: Vec<TieDocument<'a>>,
    pub(super) profit_and_loss: ProfitDocument<'a>,
    pub(super) stats: StatsDocument,
    pub(super) producer: Producer,
}

#[derive(Serialize)]
pub(super) struct WindowDocument {
    pub(super) from: Option<String>,
    pub(super) until: Option<String>,
    pub(super) at: Option<String>,
    pub(super) timezone: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) opened_by: Option<OpeningDocument>,
}

/// The whole book that stated what was held when the window began, where what lies before it was passed over.
#[derive(Serialize)]
pub(super) struct OpeningDocument {
    pub(super) source: String,
    pub(super) line: u32,
    pub(super) ts: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[derive(Serialize)]
pub(super) struct BrokerDocument<'a> {
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) read_began: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) read_ended: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) read_time_from: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) paper: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) base_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) unstable: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) unread: Vec<UnreadDocument<'a>>,
}

#[derive(Serialize)]
pub(super) struct UnreadDocument<'a> {
    pub(super) endpoint: Option<&'static str>,
    pub(super) why: &'a str,
}

#[derive(Serialize)]
pub(super) struct SourceDocument<'a> {
    pub(super) path: &'a str,
    pub(super) format: &'static str,
    pub(super) bytes: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) passed_over: u64,
    pub(super) lines: u64,
    pub(super) understood: u64,
    pub(super) ignored: &'a BTreeMap<&'static str, u64>,
    pub(super) quarantined: u64,
    pub(super) events: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_ts: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_ts: Option<String>,
    pub(super) out_of_order: u64,
    pub(super) duplicates: u64,
}

#[derive(Serialize)]
pub(super) struct BookDocument {
    pub(super) as_of: Option<String>,
    pub(super) complete: bool,
    pub(super) positions: Vec<PositionDocument>,
}

#[derive(Serialize, Default)]
pub(super) struct PositionDocument {
    pub(super) symbol: String,
    pub(super) qty: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) low: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) high: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) avg_entry_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) entry_score: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) entry_ts: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provenance: Option<ProvenanceDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) explained_share: Option<String>,
}

#[derive(Serialize)]
pub(super) struct ProvenanceDocument {
    pub(super) logged: String,
    pub(super) confirmed: String,
    pub(super) adopted: String,
    pub(super) unknown: String,
}

#[derive(Serialize)]
pub(super) struct BreakDocument<'a> {
    pub(super) id: String,
    pub(super) symbol: Option<&'a str>,
    pub(super) kind: &'static str,
    pub(super) severity: &'static str,
    pub(super) book: &'static str,
    pub(super) witness: &'static str,
    pub(super) expected: Option<String>,
    pub(super) actual: Option<String>,
    pub(super) difference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_agreed_at: Option<String>,
    pub(super) opened_at: String,
    pub(super) first_failed_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resolved_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) money_at_stake: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exposure_usd_seconds: Option<String>,
    pub(super) order_sensitive: bool,
    pub(super) cause: CauseDocument<'a>,
    pub(super) evidence: Vec<EvidenceDocument<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

#[derive(Serialize)]
pub(super) struct CauseDocument<'a> {
    pub(super) code: &'static str,
    pub(super) proved: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) edit: Option<&'a str>,
    pub(super) alternatives: &'a [&'static str],
}

#[derive(Serialize)]
pub(super) struct EvidenceDocument<'a> {
    pub(super) source: &'a str,
    pub(super) line: u32,
    pub(super) ts: String,
    pub(super) excerpt: &'a str,
    pub(super) says: &'a str,
}

#[derive(Serialize)]
pub(super) struct FixDocument<'a> {
    pub(super) ts: String,
    pub(super) event: &'static str,
    pub(super) symbols: Vec<&'a str>,
    pub(super) verdict: &'static str,
    pub(super) source: &'a str,
    pub(super) line: u32,
}

#[derive(Serialize)]
pub(super) struct CheckDocument<'a> {
    pub(super) id: &'static str,
    pub(super) status: &'static str,
    pub(super) summary: &'a str,
    pub(super) details: BTreeMap<&'static str, Value>,
}

#[derive(Serialize)]
pub(super) struct IntegrityDocument<'a> {
    pub(super) source: &'a str,
    pub(super) line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<u32>,
    pub(super) reason: &'static str,
    pub(super) excerpt: &'a str,
    pub(super) consequence: &'static str,
}

/// Profit and loss of the window's exits, as logged and as their own prices and quantities say.
#[derive(Serialize)]
pub(super) struct ProfitDocument<'a> {
    pub(super) exits: u64,
    pub(super) logged: String,
    pub(super) recomputed: String,
    pub(super) differing: Vec<DifferenceDocument<'a>>,
}

#[derive(Serialize)]
pub(super) struct DifferenceDocument<'a> {
    pub(super) symbol: &'a str,
    pub(super) ts: String,
    pub(super) logged: String,
    pub(super) recomputed: String,
    pub(super) why: &'static str,
    pub(super) source: &'a str,
    pub(super) line: u32,
}

#[derive(Serialize)]
pub(super) struct StatsDocument {
    pub(super) events: u64,
    pub(super) movements: u64,
    pub(super) statements: u64,
    pub(super) statements_held: u64,
    pub(super) statements_failed: u64,
    pub(super) pulses: u64,
    pub(super) fills: u64,
    pub(super) sightings_joined: u64,
    pub(super) symbols: u64,
    pub(super) symbols_left_out: u64,
    pub(super) breaks_open: u64,
    pub(super) breaks_resolved: u64,
}

#[derive(Serialize)]
pub(super) struct Producer {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
}

/// Records of one moment of which another order would give other breaks.
#[derive(Serialize)]
pub(super) struct TieDocument<'a> {
    pub(super) symbol: &'a str,
    pub(super) ts: String,
    pub(super) records: Vec<String>,
}
