//! `tapecheck backtest` from outside: what alarms would have told of days that are over, what settings make of it, and that a look at a
//! moment sees what a replay of that moment sees.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails, and brings its own files")]

mod folders;
#[path = "../examples/lab/trial/mod.rs"]
#[expect(dead_code, reason = "the lab prints more of a trial than the test looks at")]
mod trial;

use assert_cmd::Command;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use folders::copy;
use serde_json::Value;
use std::path::Path;
use tapecheck::Request;
use tapecheck::backtest::{self, Day, Grid};
use trial::plan::{Fault, Row};

/// A break of 46 seconds, which the broker's fills show at once.
const BOUGHT: &str = "corpus/scale-out-that-bought";
const QUIET: &str = "corpus/quiet-day";

fn run(arguments: &[&str]) -> (i32, String) {
    let mut command = Command::cargo_bin("tapecheck").unwrap();
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output().unwrap();
    assert!(output.stderr.is_empty() || output.status.code() == Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

fn json(arguments: &[&str]) -> Value {
    let (status, text) = run(&[&["backtest", "--format", "json"], arguments].concat());
    assert_eq!(status, 0);
    serde_json::from_str(&text).unwrap()
}

/// One setting of one day.
fn score(day: &str, [interval, confirm, grace, settle]: [&str; 4]) -> Value {
    let flags = ["--interval", interval, "--confirm", confirm, "--grace", grace, "--settle", settle];
    let document = json(&[&[day], flags.as_slice()].concat());
    document["settings"][0].clone()
}

fn count(score: &Value, key: &str) -> usize {
    score[key].as_array().map_or_else(|| score[key].as_u64().unwrap().try_into().unwrap(), Vec::len)
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// The first look at which a replay of that moment, with the broker's word as the whole day has it, shows an open break.
fn first_seen(day: &str, interval: i64) -> (DateTime<Utc>, DateTime<Utc>) {
    let broker = format!("{day}/broker");
    let whole: Value = serde_json::from_str(&run(&["replay", day, "--broker", &broker, "--format", "json"]).1).unwrap();
    let failed = time(&whole["breaks"][0]["first_failed_at"]);
    let mut at = time(&whole["window"]["from"]);
    // Looks long before it failed see nothing.
    while at + Duration::minutes(2) < failed {
        at += Duration::seconds(interval);
    }
    loop {
        at += Duration::seconds(interval);
        let moment = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let (_, text) = run(&["replay", day, "--broker", &broker, "--at", &moment, "--format", "json"]);
        let then: Value = serde_json::from_str(&text).unwrap();
        let is_open = |found: &Value| found["severity"] == "break" && found["resolved_at"].is_null();
        if then["breaks"].as_array().unwrap().iter().any(is_open) {
            return (failed, at);
        }
    }
}

#[test]
fn a_look_sees_what_a_replay_of_its_moment_sees() {
    let (failed, seen) = first_seen(BOUGHT, 15);
    let score = score(BOUGHT, ["15", "1", "10", "0"]);
    assert_eq!(count(&score, "found"), 1);
    assert_eq!(score["delay_seconds"]["median"], (seen - failed).num_seconds());
}

#[test]
fn more_looks_and_longer_settling_tell_later() {
    let delay = |setting| score(BOUGHT, setting)["delay_seconds"]["median"].as_i64().unwrap();
    let soonest = delay(["5", "1", "10", "0"]);
    assert_eq!(delay(["5", "3", "10", "0"]), soonest + 10);
    let settled = delay(["5", "1", "10", "30"]);
    assert!(settled >= 15 && settled > soonest, "{settled}");
}

#[test]
fn a_break_that_the_grace_excuses_is_a_miss() {
    let right = score(BOUGHT, ["10", "1", "10", "0"]);
    assert_eq!([count(&right, "found"), count(&right, "missed"), count(&right, "false_alarms")], [1, 0, 0]);
    // It stands for 46 seconds, and 20 must be enough to be told of it.
    let excused = score(BOUGHT, ["10", "1", "120", "0"]);
    assert_eq!([count(&excused, "found"), count(&excused, "missed")], [0, 1]);
    assert_eq!(excused["missed"][0]["subject"], "DAL/quantity/expected");
    // With looks so far apart it is told that it came and went; with so long a settling, nobody promised to tell.
    let rare = score(BOUGHT, ["60", "2", "10", "0"]);
    assert_eq!([count(&rare, "found"), count(&rare, "missed"), count(&rare, "too_short")], [1, 0, 0]);
    let settled = score(BOUGHT, ["60", "2", "10", "120"]);
    assert_eq!([count(&settled, "found"), count(&settled, "missed"), count(&settled, "too_short")], [0, 0, 1]);
}

/// Every break of hindsight is found, missed, or was gone too soon, with every setting.
#[test]
fn counts_add_up() {
    let document = json(&[BOUGHT, QUIET, "corpus/closed-by-hand", "--jobs", "2"]);
    let breaks = document["breaks"].as_u64().unwrap() as usize;
    let settings = document["settings"].as_array().unwrap();
    assert!(breaks >= 2 && settings.len() == 180);
    for score in settings {
        assert_eq!(count(score, "found") + count(score, "missed") + count(score, "too_short"), breaks, "{score}");
    }
}

#[test]
fn what_cannot_be_replayed_is_told() {
    let (status, text) = run(&["backtest", "corpus/no-such-case"]);
    assert_eq!((status, text.as_str()), (2, ""));
}

/// A movement that the broker's book shows three seconds late, with a look between.
#[test]
fn without_grace_a_lag_is_a_false_alarm() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, lines: &[String]| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, lines.join("\n") + "\n").unwrap();
    };
    let entry = |at: &str, symbol: &str| {
        let context = r#""direction": "bullish", "order_type": "limit", "entry_status": "filled", "pending_fill": false, "entry_score": 4.3,
            "position_side": "long", "position_size_usd": 200.0, "qty": 10, "entry_qty": 10, "entry_price": 20.0"#;
        let context = context.replace('\n', "");
        let id = format!("open_{symbol}_{at}");
        format!(
            r#"{{"ts": "{at}", "type": "attribution", "trade_id": "{id}", "symbol": "{symbol}", "pnl_usd": 0.0, "context": {{{context}}}}}"#
        )
    };
    let book = |at: &str, held: &str| {
        format!(r#"{{"ts": "{at}", "alpaca": {{"timestamp": "{at}", "positions": [{held}]}}, "internal": {{}}, "diffs": []}}"#)
    };
    let aaa = r#"{"symbol": "AAA", "qty": 10.0, "side": "long", "avg_entry_price": 20.0}"#;
    write("logs/attribution.jsonl", &[entry("2026-03-11T14:00:58Z", "AAA")]);
    let books = [
        book("2026-03-11T14:00:00Z", ""),
        // Three seconds after the record it is not there yet.
        book("2026-03-11T14:01:01Z", ""),
        book("2026-03-11T14:02:00Z", aaa),
        book("2026-03-11T14:03:00Z", aaa),
    ];
    write("state/portfolio_state.jsonl", &books);
    let day = folder.path().to_str().unwrap();
    let of = |setting| {
        let score = score(day, setting);
        [count(&score, "found"), count(&score, "missed"), count(&score, "false_alarms")]
    };
    assert_eq!(of(["15", "1", "10", "0"]), [0, 0, 0]);
    // Not held, and, once that was taken over from the broker, held.
    assert_eq!(of(["15", "1", "1", "0"]), [0, 0, 2]);
    // It is over after two minutes: who waits for longer is not fooled.
    assert_eq!(of(["15", "1", "1", "150"]), [0, 0, 0]);
}

/// Simulated days with faults of every kind and without any: with the usual setting nothing is told that was not there, and nothing is kept.
#[test]
fn the_usual_setting_is_right_about_simulated_days() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<Row> = [Row::Clean, Row::Pair].into_iter().chain(Fault::ALL.map(Row::Alone)).collect();
    let mut days = Vec::new();
    for (place, row) in rows.into_iter().enumerate() {
        for seed in 0..3_u64 {
            let name = format!("{place}-{seed}");
            let directory = folder.path().join(&name);
            let trial = trial::run(row, 2_000_000 + seed, &directory).unwrap();
            let broker = trial.plan.witnesses.broker.then(|| directory.join("broker"));
            days.push(Day { name, request: Request { directory, broker, ..Request::default() } });
        }
    }
    let usual = Grid { intervals: vec![60], confirms: vec![2], graces: vec![10], settles: vec![0] };
    let tested = backtest::run(&days, &usual, 2, &|_| {});
    assert_eq!((tested.days.len(), tested.failed.len()), (days.len(), 0));
    let score = &tested.scores[0];
    assert!(score.is_right(), "{score:?}");
    assert!(score.delays.len() > 10, "{score:?}");
}

#[test]
fn a_bots_directory_is_a_day() {
    let copied = tempfile::tempdir().unwrap();
    let bot = copied.path().join("bot");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(BOUGHT), &bot);
    std::fs::remove_file(bot.join("case.toml")).unwrap();
    let score = score(bot.to_str().unwrap(), ["15", "1", "10", "0"]);
    assert_eq!([count(&score, "found"), count(&score, "missed"), count(&score, "false_alarms")], [1, 0, 0]);
}
