//! Each check through the front door: small made-up directories, a made-up answer of the broker, and a moment that counts as now.

#![expect(clippy::disallowed_methods, reason = "small made-up directories")]

use chrono::{Duration, NaiveDate};
use std::path::PathBuf;

use super::*;
use crate::brokers::{Body, Endpoint, Recording, Unread};
use crate::report::Verdict;

/// A Monday in winter: the exchange is open from 14:30 to 21:00 UTC.
const NOON: &str = "2026-02-09T17:00:00Z";
const NIGHT: &str = "2026-02-10T03:00:00Z";

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

/// One bot and one broker.
struct Day {
    folder: tempfile::TempDir,
    now: Time,
    recording: Option<Recording>,
}

impl Day {
    /// A bot that holds 10 AAPL since an hour, and a broker that agrees.
    fn quiet(now: &str) -> Day {
        let day = Day { folder: tempfile::tempdir().unwrap(), now: at(now), recording: None }.answered(
            r#"{"account_number":"PA3EXAMPLE01","status":"ACTIVE","trading_blocked":false}"#,
            r#"[{"symbol":"AAPL","qty":"10","side":"long","avg_entry_price":"100","current_price":"101"}]"#,
        );
        day.clean(90, 0);
        day.entry(60);
        day.state(1);
        day.metadata(r#"{"AAPL":{"side":"buy","entry_ts":"2026-02-09T16:00:00Z","entry_score":4.5,"components":{"flow":1}}}"#);
        day.cycles(30);
        day.clean(1, 1);
        day.line("logs/exit.jsonl", 2, r#"{"ts":"TIME","msg":"hold_floor_skipped","symbol":"AAPL"}"#);
        day
    }

    fn answered(mut self, account: &str, positions: &str) -> Day {
        let mut recording = Recording::nothing(self.now - Duration::seconds(5));
        for (endpoint, text) in [(Endpoint::Account, account), (Endpoint::Positions, positions)] {
            recording.bodies.insert(endpoint, Body { file: PathBuf::from(endpoint.file()), text: text.to_owned() });
        }
        self.recording = Some(recording);
        self
    }

    fn ago(&self, minutes: i64) -> String {
        time::show(self.now - Duration::minutes(minutes))
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn line(&self, path: &str, minutes_ago: i64, line: &str) {
        let already = std::fs::read_to_string(self.folder.path().join(path)).unwrap_or_default();
        self.file(path, &format!("{already}{}\n", line.replace("TIME", &self.ago(minutes_ago))));
    }

    fn gone(&self, path: &str) {
        std::fs::remove_file(self.folder.path().join(path)).unwrap();
    }

    fn entry(&self, minutes_ago: i64) {
        let line = r#"{"ts":"TIME","type":"attribution","trade_id":"open_AAPL_TIME","symbol":"AAPL","pnl_usd":0,"context":{"direction":"bullish","side":"buy","qty":10,"entry_price":100,"score":4.5,"entry_score":4.5,"entry_status":"filled","order_type":"limit"}}"#;
        self.line("logs/attribution.jsonl", minutes_ago, line);
    }

    fn state(&self, minutes_ago: i64) {
        let text = r#"{"timestamp":"TIME","opens":{"AAPL":{"entry_price":100.0,"qty":10.0,"side":"long","ts":"TIME","high_water":101.0,"entry_score":4.5}}}"#;
        self.file("state/executor_state.json", &text.replace("TIME", &self.ago(minutes_ago)));
    }

    /// A round of the reconciler that found nothing to fix.
    fn clean(&self, minutes_ago: i64, count: u32) {
        let line = r#"{"event":"reconciliation_clean","ts":"TIME","details":{"positions_count":COUNT}}"#;
        self.line("data/audit_positions_autofix.jsonl", minutes_ago, &line.replace("COUNT", &count.to_string()));
    }

    fn metadata(&self, text: &str) {
        self.file("state/position_metadata.json", text);
    }

    /// A cycle a minute, the last one a minute ago.
    fn cycles(&self, count: i64) {
        for minutes in (1..=count).rev() {
            self.line(
                "logs/run.jsonl",
                minutes,
                r#"{"ts":"TIME","msg":"complete","clusters":1,"orders":0,"market_open":true,"metrics":{}}"#,
            );
        }
    }

    fn audited(&self) -> crate::report::Report {
        let request = crate::Request {
            directory: self.folder.path().to_owned(),
            audit: Some(|| Time::UNIX_EPOCH),
            window: crate::report::Window { at: Some(self.now), ..Default::default() },
            ..Default::default()
        };
        let readings = crate::read::bot(self.folder.path(), &request.layout).unwrap();
        crate::judge(&request, readings, self.recording.as_ref()).report
    }

    fn check(&self, id: &str) -> (Status, String) {
        let found = self.audited().checks.into_iter().find(|check| check.id == id).unwrap();
        (found.status, found.summary)
    }

    fn status(&self, id: &str) -> Status {
        self.check(id).0
    }

    fn recording(&mut self) -> &mut Recording {
        self.recording.as_mut().unwrap()
    }
}

#[test]
fn a_quiet_day_passes_everything() {
    let report = Day::quiet(NOON).audited();
    let statuses: Vec<_> = report.checks.iter().map(|check| (check.id, check.status, check.summary.as_str())).collect();
    assert!(statuses.iter().all(|(_, status, _)| *status == Status::Pass), "{statuses:#?}");
    assert_eq!(statuses.len(), ALL.len());
    assert_eq!(report.verdict, Verdict::Clean, "{:?}", report.unchecked);
}

#[test]
fn alpaca_positions_tells_blocked_from_unread() {
    let positions = r#"[{"symbol":"AAPL","qty":"10","side":"long"}]"#;
    let blocked = Day::quiet(NOON).answered(r#"{"status":"ACTIVE","account_blocked":true}"#, positions);
    assert_eq!(blocked.status("alpaca_positions"), Status::Fail);
    let transfers = Day::quiet(NOON).answered(r#"{"status":"ACTIVE","transfers_blocked":true}"#, positions);
    assert_eq!(transfers.status("alpaca_positions"), Status::Warn);
    let mut down = Day::quiet(NOON);
    down.recording().bodies.clear();
    down.recording().unread = vec![Unread { endpoint: Some(Endpoint::Positions), why: "down".to_owned() }];
    let report = down.audited();
    assert_eq!(down.check("alpaca_positions"), (Status::CouldNotCheck, "down".to_owned()));
    assert_eq!(report.verdict, Verdict::CouldNotCheck, "incident 15");
    assert_eq!(down.status("position_metadata"), Status::CouldNotCheck);
    let mut none = Day::quiet(NOON);
    none.recording = None;
    assert_eq!(none.status("alpaca_positions"), Status::CouldNotCheck);
}

#[test]
fn a_symbol_that_moves_is_no_break() {
    let mut day = Day::quiet(NOON).answered(r#"{"status":"ACTIVE"}"#, r#"[{"symbol":"AAPL","qty":"3","side":"long"}]"#);
    day.recording().unstable = vec!["AAPL".to_owned()];
    let report = day.audited();
    assert_eq!(report.verdict, Verdict::CouldNotCheck);
    assert!(report.unchecked.iter().any(|reason| reason.contains("AAPL kept moving")), "{:?}", report.unchecked);
    let mut other = Day::quiet(NOON).answered(r#"{"status":"ACTIVE"}"#, "[]");
    other.recording().unstable = vec!["MSFT".to_owned()];
    assert_eq!(other.audited().verdict, Verdict::Breaks, "what does not move is still judged");
}

#[test]
fn executor_state_is_judged_against_the_last_cycle() {
    let night = Day::quiet(NOON);
    let stale = Day::quiet(NOON);
    stale.state(20);
    assert_eq!(stale.status("executor_state"), Status::Warn);
    night.gone("state/executor_state.json");
    assert_eq!(night.status("executor_state"), Status::Fail);
    assert_eq!(night.audited().verdict, Verdict::Breaks);
    let flat = Day::quiet(NOON).answered(r#"{"status":"ACTIVE"}"#, "[]");
    flat.gone("state/executor_state.json");
    assert_eq!(flat.status("executor_state"), Status::Pass);
    let malformed = Day::quiet(NOON);
    malformed.file("state/executor_state.json", r#"{"timestamp":"2026-02-09T16:59:00Z","opens":{"AAPL":{"side":"long"}}}"#);
    assert_eq!(malformed.status("executor_state"), Status::Warn);
    let torn = Day::quiet(NOON);
    torn.file("state/executor_state.json", r#"{"timestamp":"2026-02-09T16:59:00Z","op"#);
    assert_eq!(torn.status("executor_state"), Status::CouldNotCheck);
}

#[test]
fn position_metadata_names_symbol_and_field() {
    let day = Day::quiet(NOON);
    day.metadata(r#"{"AAPL":{"side":"buy","entry_ts":"2026-02-09T16:00:00Z","entry_score":null}}"#);
    let (status, summary) = day.check("position_metadata");
    assert_eq!((status, summary.as_str()), (Status::Warn, "lacking: AAPL entry_score, components"));
    day.metadata(r#"{"AAPL":{"side":"buy","entry_score":2,"components":{"a":1},"updated_at":"2026-02-09T16:00:00Z"}}"#);
    assert_eq!(day.check("position_metadata").1, "lacking: AAPL entry_ts");
    day.gone("state/position_metadata.json");
    assert_eq!(day.check("position_metadata").1, "lacking: AAPL row");
}

#[test]
fn reconciliation_fails_on_what_is_open() {
    let day = Day::quiet(NOON).answered(r#"{"status":"ACTIVE"}"#, r#"[{"symbol":"AAPL","qty":"7","side":"long"}]"#);
    let (status, summary) = day.check("reconciliation");
    assert_eq!(status, Status::Fail, "{summary}");
    assert!(summary.contains("AAPL quantity"), "{summary}");
    let mut none = Day::quiet(NOON);
    none.recording = None;
    assert_eq!(none.status("reconciliation"), Status::CouldNotCheck);
}

#[test]
fn the_main_loop_may_rest_at_night_and_on_holidays() {
    let stopped = |now: &str, minutes: i64| {
        let day = Day::quiet(now);
        day.gone("logs/run.jsonl");
        day.line("logs/run.jsonl", minutes, r#"{"ts":"TIME","msg":"complete","market_open":true,"metrics":{}}"#);
        day.status("main_loop")
    };
    assert_eq!(stopped(NOON, 4), Status::Pass);
    assert_eq!(stopped(NOON, 6), Status::Fail);
    assert_eq!(stopped(NIGHT, 400), Status::Pass, "incident 22");
    assert_eq!(stopped("2026-02-16T17:00:00Z", 4000), Status::Pass, "Presidents' Day");
    assert_eq!(stopped("2026-02-10T14:33:00Z", 1053), Status::Pass, "three minutes into the day");
    assert_eq!(stopped("2026-07-06T14:00:00Z", 6), Status::Fail, "summer time");
    let frozen = Day::quiet(NOON);
    frozen.line("logs/run.jsonl", 0, r#"{"ts":"TIME","msg":"complete","freeze_active":true,"market_open":true,"metrics":{}}"#);
    assert_eq!(frozen.status("main_loop"), Status::Warn);
    frozen.gone("logs/run.jsonl");
    assert_eq!(frozen.status("main_loop"), Status::CouldNotCheck);
    let begun = Day::quiet(NOON);
    begun.file("logs/run.jsonl", "");
    assert_eq!(begun.status("main_loop"), Status::Fail);
}

#[test]
fn the_brokers_calendar_knows_better() {
    let mut day = Day::quiet(NOON);
    day.gone("logs/run.jsonl");
    day.line("logs/run.jsonl", 90, r#"{"ts":"TIME","msg":"complete","market_open":true,"metrics":{}}"#);
    assert_eq!(day.status("main_loop"), Status::Fail);
    let text = r#"[{"date":"2026-02-06","open":"09:30","close":"16:00"},{"date":"2026-02-10","open":"09:30","close":"16:00"}]"#;
    day.recording().bodies.insert(Endpoint::Calendar, Body { file: PathBuf::from("calendar.json"), text: text.to_owned() });
    assert_eq!(day.status("main_loop"), Status::Pass, "the broker has no session that day");
    assert!(NaiveDate::from_ymd_opt(2026, 2, 9).is_some());
}

#[test]
fn exit_evaluation_counts_market_time_while_something_is_held() {
    let quiet_for = |now: &str, minutes: i64| {
        let day = Day::quiet(now);
        day.gone("logs/exit.jsonl");
        day.line("logs/exit.jsonl", minutes, r#"{"ts":"TIME","msg":"hold_floor_skipped","symbol":"AAPL"}"#);
        day.status("exit_evaluation")
    };
    assert_eq!(quiet_for(NOON, 9), Status::Pass);
    assert_eq!(quiet_for(NOON, 10), Status::Warn);
    assert_eq!(quiet_for(NOON, 60), Status::Fail);
    assert_eq!(quiet_for(NIGHT, 365), Status::Pass, "closed since six hours");
    let flat = Day::quiet(NOON).answered(r#"{"status":"ACTIVE"}"#, "[]");
    flat.gone("logs/exit.jsonl");
    assert_eq!(flat.status("exit_evaluation"), Status::Pass);
    let silent = Day::quiet(NOON);
    silent.gone("logs/exit.jsonl");
    assert_eq!(silent.status("exit_evaluation"), Status::CouldNotCheck);
    let failing = Day::quiet(NOON);
    failing.line(
        "logs/exit.jsonl",
        1,
        r#"{"ts":"TIME","msg":"close_position_failed","symbol":"AAPL","error":"insufficient qty"}"#,
    );
    let (status, summary) = failing.check("exit_evaluation");
    assert_eq!(status, Status::Warn, "incident 9: {summary}");
    assert!(summary.contains("AAPL ×1"), "{summary}");
}

#[test]
fn entry_execution_shows_the_last_entry() {
    let (status, summary) = Day::quiet(NOON).check("entry_execution");
    assert_eq!(status, Status::Pass);
    assert!(summary.starts_with("last entry AAPL 60 min ago") && summary.contains("score 4.5"), "{summary}");
    let none = Day::quiet(NOON);
    none.file("logs/attribution.jsonl", "");
    assert_eq!(none.status("entry_execution"), Status::Warn);
    none.gone("logs/attribution.jsonl");
    assert_eq!(none.status("entry_execution"), Status::CouldNotCheck);
}

#[test]
fn reconciliation_log_wants_a_round_and_no_harm() {
    let log = "data/audit_positions_autofix.jsonl";
    let late = Day::quiet(NOON);
    late.gone(log);
    late.line(log, 10, r#"{"event":"reconciliation_clean","ts":"TIME","details":{"positions_count":1}}"#);
    assert_eq!(late.status("reconciliation_log"), Status::Fail);
    let degraded = Day::quiet(NOON);
    degraded.line(log, 0, r#"{"event":"degraded_mode_entered","ts":"TIME","details":{}}"#);
    assert_eq!(degraded.status("reconciliation_log"), Status::Fail);
    let unreachable = Day::quiet(NOON);
    unreachable.line(log, 0, r#"{"event":"broker_unreachable_max_retries","ts":"TIME","details":{"retries":5}}"#);
    assert_eq!(unreachable.status("reconciliation_log"), Status::Fail);
    let harmed = Day::quiet(NOON);
    harmed.line(log, 20, r#"{"event":"degraded_mode_entered","ts":"TIME","details":{}}"#);
    harmed.line(log, 19, r#"{"event":"orphan_purged","ts":"TIME","details":{"symbol":"AAPL","qty":10.0}}"#);
    harmed.line(log, 18, r#"{"event":"degraded_mode_exited","ts":"TIME","details":{}}"#);
    harmed.clean(1, 1);
    let (status, summary) = harmed.check("reconciliation_log");
    assert_eq!(status, Status::Fail, "incident 23: {summary}");
    assert!(summary.contains("without the broker"), "{summary}");
    harmed.gone(log);
    assert_eq!(harmed.status("reconciliation_log"), Status::CouldNotCheck);
}

#[test]
fn strict_makes_warnings_count() {
    let day = Day::quiet(NOON);
    day.metadata(r#"{"AAPL":{"side":"buy","entry_ts":"2026-02-09T16:00:00Z","entry_score":4.5}}"#);
    assert_eq!(day.audited().verdict, Verdict::Clean);
    let request = crate::Request {
        directory: day.folder.path().to_owned(),
        audit: Some(|| Time::UNIX_EPOCH),
        window: crate::report::Window { at: Some(day.now), ..Default::default() },
        strict: true,
        ..Default::default()
    };
    let readings = crate::read::bot(day.folder.path(), &request.layout).unwrap();
    assert_eq!(crate::judge(&request, readings, day.recording.as_ref()).report.verdict, Verdict::Breaks);
}
