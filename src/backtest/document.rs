//! A backtest as JSON: schema `tapecheck.backtest/1`, described in `docs/backtest.md`.

use chrono::Duration;
use serde_json::{Value, json};

use super::tune::{self, Proposal};
use super::{Backtest, Grid, Named, Score, Setting, percentile};
use crate::time;

/// The schema of the document.
pub const SCHEMA: &str = "tapecheck.backtest/1";

/// The document, with a line feed at its end.
pub fn write(backtest: &Backtest, grid: &Grid, proposes: bool) -> String {
    let lags = &backtest.lags;
    let mut document = json!({
        "schema": SCHEMA,
        "days": backtest.days,
        "failed": backtest.failed.iter().map(|(day, why)| json!({"day": day, "why": why})).collect::<Vec<_>>(),
        "breaks": backtest.real,
        "looks": backtest.looks,
        "settings": backtest.scores.iter().map(score).collect::<Vec<_>>(),
        "lags": {
            "movements": lags.count(),
            "shown": lags.shown.len(),
            "never": lags.never,
            "overtaken": lags.overtaken,
            "unknown": lags.unknown,
            "seconds": quantiles(&lags.shown),
        },
        "producer": {"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")},
    });
    if let Some(proposal) = proposes.then(|| tune::propose(backtest, grid)).flatten() {
        document["proposal"] = proposed(&proposal);
    }
    format!("{document:#}\n")
}

fn proposed(proposal: &Proposal<'_>) -> Value {
    json!({
        "setting": setting(proposal.score.setting),
        "compromise": proposal.is_compromise,
        "steps": proposal.steps.iter().map(|(name, other)| json!({"of": name, "score": score(other)})).collect::<Vec<_>>(),
    })
}

fn setting(setting: Setting) -> Value {
    let Setting { interval, confirm, grace, settle } = setting;
    json!({"interval": interval, "confirm": confirm, "grace": grace, "settle": settle})
}

fn score(score: &Score) -> Value {
    json!({
        "setting": setting(score.setting),
        "bound_seconds": score.setting.bound().num_seconds(),
        "found": score.delays.len(),
        "too_short": score.too_short,
        "missed": score.missed.iter().map(named).collect::<Vec<_>>(),
        "false_alarms": score.false_alarms.iter().map(named).collect::<Vec<_>>(),
        "delay_seconds": quantiles(&score.delays),
        "extra": score.extra,
        "renamed": score.renamed,
        "blind": score.blind,
    })
}

fn named(named: &Named) -> Value {
    json!({"day": named.day, "at": time::show(named.at), "subject": named.subject})
}

fn quantiles(sorted: &[Duration]) -> Value {
    let of = |hundredths| percentile(sorted, hundredths).map(|time| time.num_seconds());
    json!({"median": of(50), "p90": of(90), "p99": of(99), "longest": of(100)})
}
