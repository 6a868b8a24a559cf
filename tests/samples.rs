//! The shared sample days, in place: whole simulated days with their answer sheets, and two real days without one.
//!
//! They lie beside the project where it is developed; elsewhere these tests say that they were skipped.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, reads the samples, and says when they are not here"
)]

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tapecheck::backtest::{self, Day, Grid};
use tapecheck::report::{Report, Verdict};
use tapecheck::{Request, replay, time};

fn sample(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples").join(name);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: the sample {name} is not here");
    None
}

fn report(directory: &Path, with_broker: bool) -> Report {
    let broker = with_broker.then(|| directory.join("broker"));
    replay(&Request { directory: directory.to_owned(), broker, ..Request::default() }).unwrap().report
}

fn json(report: &Report) -> Value {
    serde_json::from_str(&tapecheck::outputs::json::write(report).unwrap()).unwrap()
}

fn truth(directory: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(directory.join("truth.json")).unwrap()).unwrap()
}

/// The causes that explain themselves, and are notes (contract, section 2).
const EXPLAINED: [&str; 2] = ["partial_fill", "split"];

/// Every episode is found inside its bracket, and no symbol is named that was not hurt.
fn episodes_are_found(truth: &Value, report: &Value) {
    let breaks = report["breaks"].as_array().unwrap();
    let mut hurt = BTreeSet::new();
    for episode in truth["episodes"].as_array().unwrap() {
        let symbol = episode["symbol"].as_str().unwrap();
        hurt.insert(symbol);
        let explained = EXPLAINED.contains(&episode["cause"].as_str().unwrap());
        let from = time::parse_text(episode["from"].as_str().unwrap()).unwrap();
        let to = episode["to"].as_str().and_then(time::parse_text);
        let inside = |key: &Value| {
            let at = time::parse_text(key.as_str().unwrap()).unwrap();
            from <= at && to.is_none_or(|to| at <= to)
        };
        let found = breaks.iter().any(|found| {
            found["symbol"] == symbol
                && (inside(&found["opened_at"]) || inside(&found["first_failed_at"]))
                && found["severity"] == if explained { "note" } else { "break" }
        });
        assert!(found, "{episode} is not among {breaks:#?}");
    }
    for found in breaks {
        if let Some(symbol) = found["symbol"].as_str() {
            assert!(hurt.contains(symbol), "{symbol} was not hurt: {found:#}");
        }
    }
}

/// The books are the answer sheet's; the expected book ends as the broker's, and its provenance adds up.
fn books_are_true(truth: &Value, report: &Value) {
    for (book, answer) in [("broker", "broker"), ("executor", "executor"), ("expected", "broker")] {
        let held = |value: &Value| -> rust_decimal::Decimal {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text.parse::<rust_decimal::Decimal>().unwrap().normalize()
        };
        let mut rows = Vec::new();
        for row in report["books"][book]["positions"].as_array().unwrap() {
            rows.push((row["symbol"].as_str().unwrap().to_owned(), held(&row["qty"])));
            if let Some(provenance) = row["provenance"].as_object() {
                let total: rust_decimal::Decimal = provenance.values().map(&held).sum();
                assert_eq!(total, held(&row["qty"]).abs(), "{row}");
            }
        }
        let answers = truth[answer].as_object().unwrap().iter();
        let mut answers: Vec<_> = answers.map(|(symbol, quantity)| (symbol.clone(), held(quantity))).collect();
        answers.sort();
        assert_eq!(rows, answers, "{book}");
    }
}

fn day_is_told(name: &str, verdict: Verdict) -> Option<Value> {
    let directory = sample(name)?;
    let report = report(&directory, true);
    let document = json(&report);
    let truth = truth(&directory);
    episodes_are_found(&truth, &document);
    books_are_true(&truth, &document);
    assert_eq!(report.verdict, verdict, "{:?}", report.unchecked);
    for source in document["sources"].as_array().unwrap() {
        let ignored: u64 = source["ignored"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
        let accounted = source["understood"].as_u64().unwrap() + ignored + source["quarantined"].as_u64().unwrap();
        assert_eq!(source["lines"].as_u64(), Some(accounted), "{source}");
    }
    Some(document)
}

#[test]
fn a_clean_day_is_clean() {
    let Some(document) = day_is_told("clean-day", Verdict::Clean) else { return };
    assert_eq!(document["breaks"].as_array().map(Vec::len), Some(0));
    assert_eq!(document["integrity"].as_array().map(Vec::len), Some(0));
    assert_eq!(document["stats"]["statements_failed"], 0);
}

#[test]
fn a_scale_out_that_bought_is_found() {
    let Some(document) = day_is_told("scale-out-day", Verdict::Breaks) else { return };
    // 26 should be left, 48 are held: twice the 11 that were to be sold.
    assert_eq!(document["breaks"][0]["difference"], "22");
}

#[test]
fn three_faults_are_found_and_named_by_situation() {
    let Some(document) = day_is_told("three-faults-day", Verdict::Breaks) else { return };
    let kind = |symbol: &str| {
        let breaks = document["breaks"].as_array().unwrap().iter();
        breaks.clone().find(|found| found["symbol"] == symbol && found["severity"] == "break").unwrap()["kind"].clone()
    };
    assert_eq!((kind("SOFI"), kind("NIO"), kind("NVDA")), ("missing".into(), "missing".into(), "orphan".into()));
}

#[test]
fn a_split_explains_itself_and_a_reconciler_that_stopped_is_stale() {
    let Some(document) = day_is_told("split-and-stale-day", Verdict::Clean) else { return };
    let breaks = document["breaks"].as_array().unwrap();
    assert!(breaks.iter().any(|found| found["kind"] == "stale_state" && found["severity"] == "warning"));
    assert!(breaks.iter().all(|found| found["severity"] != "break"), "{breaks:#?}");
}

#[test]
fn a_noisy_day_tells_the_same_through_the_dirt() {
    let Some(document) = day_is_told("noisy-day", Verdict::Breaks) else { return };
    let reasons: BTreeSet<&str> =
        document["integrity"].as_array().unwrap().iter().map(|row| row["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, BTreeSet::from(["bad_utf8", "not_json", "torn_line"]));
    let sum =
        |key: &str| -> u64 { document["sources"].as_array().unwrap().iter().map(|source| source[key].as_u64().unwrap()).sum() };
    assert!(sum("duplicates") >= 3 && sum("out_of_order") >= 3);
}

/// What is held of the noisy day once its dirt is taken away: the lines that were quarantined, blank or doubled.
#[test]
fn dirt_taken_away_changes_only_counts() {
    let Some(directory) = sample("noisy-day") else { return };
    let dirty = json(&report(&directory, true));
    let swept = tempfile::TempDir::new().unwrap();
    for folder in ["logs", "data", "state", "broker"] {
        std::fs::create_dir(swept.path().join(folder)).unwrap();
        for entry in std::fs::read_dir(directory.join(folder)).unwrap() {
            let file = entry.unwrap().path();
            let name = Path::new(folder).join(file.file_name().unwrap());
            let path = name.to_str().unwrap().to_owned();
            let bad: BTreeSet<u64> = dirty["integrity"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|row| row["source"] == path.as_str())
                .map(|row| row["line"].as_u64().unwrap())
                .collect();
            let bytes = std::fs::read(&file).unwrap();
            if !path.ends_with(".jsonl") {
                std::fs::write(swept.path().join(name), bytes).unwrap();
                continue;
            }
            let mut seen = BTreeSet::new();
            let mut kept = Vec::new();
            for (number, line) in (1u64..).zip(bytes.split(|byte| *byte == b'\n')) {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                if !line.is_empty() && !bad.contains(&number) && seen.insert(line.to_vec()) {
                    kept.extend_from_slice(line);
                    kept.push(b'\n');
                }
            }
            std::fs::write(swept.path().join(name), kept).unwrap();
        }
    }
    let clean = json(&report(swept.path(), true));
    assert_eq!(clean["integrity"].as_array().map(Vec::len), Some(0));
    assert_eq!(dirty["books"], clean["books"]);
    let told = |report: &Value| -> Vec<Value> {
        let breaks = report["breaks"].as_array().unwrap().iter();
        breaks.map(|found| serde_json::json!([found["id"], found["expected"], found["actual"], found["resolved_at"]])).collect()
    };
    assert_eq!(told(&dirty), told(&clean));
}

#[test]
fn two_real_days_from_the_logs_alone() {
    let Some(directory) = sample("real-2026-02") else { return };
    let report = report(&directory, false);
    let document = json(&report);
    let understood: Vec<(&str, u64, u64)> =
        report.sources.iter().map(|source| (source.path.as_str(), source.understood, source.lines)).collect();
    assert_eq!(understood, [("logs/attribution.jsonl", 1063, 1063), ("logs/exit_attribution.jsonl", 499, 499)]);
    // 499 exits stand in both logs, and happened once: 1,063 records are 1,063 movements.
    assert_eq!(document["stats"]["movements"], 1063);
    assert_eq!(document["stats"]["sightings_joined"], 499);
    assert!(document["stats"]["statements_held"].as_u64().unwrap() >= 467, "{}", document["stats"]);
    let failed = document["stats"]["statements_failed"].as_u64().unwrap();
    let evidenced: BTreeSet<u64> = document["breaks"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|found| found["evidence"].as_array().unwrap())
        .filter(|record| record["source"] == "logs/attribution.jsonl")
        .map(|record| record["line"].as_u64().unwrap())
        .collect();
    assert!(evidenced.len() as u64 >= failed, "{failed} statements failed, and {} lines are shown", evidenced.len());
    let hood: Vec<&Value> = document["breaks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|found| found["symbol"] == "HOOD" && found["severity"] == "break")
        .filter(|found| found["first_failed_at"].as_str().unwrap().starts_with("2026-02-05T18"))
        .collect();
    assert!(!hood.is_empty(), "the scale-outs of HOOD that bought are not found");
    // A tape that no witness closes cannot be clean, and this one has breaks.
    assert_eq!(report.verdict, Verdict::Breaks);
}

/// Watched as if they were live, whole days give no alarm about what was not there, and every break that was there is announced.
#[test]
fn whole_days_are_watched_without_a_false_alarm_or_a_miss() {
    let names = ["clean-day", "noisy-day", "scale-out-day", "split-and-stale-day", "three-faults-day"];
    let days = names.into_iter().filter_map(|name| {
        let directory = sample(name)?;
        let broker = Some(directory.join("broker"));
        Some(Day { name: name.to_owned(), request: Request { directory, broker, ..Request::default() } })
    });
    let days: Vec<Day> = days.collect();
    let grid = Grid { intervals: vec![15, 60], confirms: vec![1, 2], graces: vec![10], settles: vec![0] };
    let tested = backtest::run(&days, &grid, 2, &|_| {});
    assert!(tested.failed.is_empty(), "{:?}", tested.failed);
    for score in &tested.scores {
        assert!(score.is_right(), "{score:?}");
    }
    assert_eq!(tested.scores[0].delays.len(), tested.real, "{:?}", tested.scores[0]);
}
