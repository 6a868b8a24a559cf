//! The audit, live and recorded, through a fake broker and the front door.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on fails, and looks at the world"
)]

#[expect(dead_code, reason = "the broker's own tests look at more of the fake than these do")]
mod fake;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use chrono::{DateTime, Utc};
use fake::book::Book;
use fake::scenario::Scenario;
use fake::{Fake, KEY, SECRET};
use serde_json::Value;
use tapecheck::brokers::Recording;
use tapecheck::brokers::alpaca::http::client::{Client, Settings};
use tapecheck::brokers::alpaca::http::{keys, read};
use tapecheck::brokers::recording::{Existing, load};

const DAYS: [&str; 5] = ["clean-day", "noisy-day", "scale-out-day", "split-and-stale-day", "three-faults-day"];

/// The samples lie beside the checkout; where they do not, the test says so and passes.
fn sample(day: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples").join(day);
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there", folder.display());
    }
    folder.is_dir().then_some(folder)
}

/// A fake that serves until it is dropped, on its own thread.
struct Served {
    fake: Fake,
    runtime: tokio::runtime::Runtime,
}

impl Served {
    fn new(book: Book, scenario: Scenario) -> Served {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let fake = runtime.block_on(Fake::start(book, scenario, 0)).unwrap();
        Served { fake, runtime }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let _guard = self.runtime.enter();
        let output = command(arguments)
            .env("APCA_API_BASE_URL", self.fake.url())
            .env("APCA_API_KEY_ID", KEY)
            .env("APCA_API_SECRET_KEY", SECRET)
            .output()
            .unwrap();
        for text in [&output.stdout, &output.stderr] {
            assert_shows_no_keys(&String::from_utf8_lossy(text));
        }
        assert!(self.fake.seen().iter().all(|request| request.method == "GET"), "only GET may be sent");
        output
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tapecheck"));
    for family in keys::FAMILIES {
        command.env_remove(family.key).env_remove(family.secret).env_remove(family.base_url);
    }
    command.args(arguments);
    command
}

fn assert_shows_no_keys(text: &str) {
    assert!(!text.contains(KEY) && !text.contains(SECRET), "a key shows in {text}");
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a break is, whenever the broker was read.
fn told(report: &Value) -> Vec<String> {
    let of =
        |found: &Value| ["symbol", "kind", "severity", "book", "expected", "actual"].map(|key| found[key].to_string()).join(" ");
    let mut told: Vec<String> = report["breaks"].as_array().unwrap().iter().map(of).collect();
    told.sort();
    told
}

#[test]
fn a_day_audited_live_is_the_day_that_was_recorded() {
    let threads = DAYS.map(|day| std::thread::spawn(move || live_and_recorded(day)));
    for thread in threads {
        thread.join().unwrap();
    }
}

fn live_and_recorded(day: &str) {
    let Some(folder) = sample(day) else { return };
    let (bot, broker) = (folder.to_str().unwrap(), folder.join("broker"));
    let served = Served::new(Book::load(&broker).unwrap(), Scenario::Ok);
    let live = served.run(&["audit", bot, "--broker", "live", "--format", "json"]);
    let live_report = report(&live);
    assert_eq!(live_report["broker"]["kind"], "live", "{day}");
    let now = live_report["window"]["at"].as_str().unwrap();
    let recorded =
        command(&["audit", bot, "--broker", broker.to_str().unwrap(), "--format", "json", "--now", now]).output().unwrap();
    assert_eq!(told(&live_report), told(&report(&recorded)), "{day}");
    assert_eq!(live.status.code(), recorded.status.code(), "{day}");
    let statuses =
        |report: &Value| report["checks"].as_array().unwrap().iter().map(|check| check["status"].clone()).collect::<Vec<_>>();
    assert_eq!(statuses(&live_report), statuses(&report(&recorded)), "{day}");
    assert_eq!(statuses(&live_report).len(), 8);
}

#[test]
fn a_recording_replays_to_the_same_bytes() {
    let Some(folder) = sample("three-faults-day") else { return };
    let served = Served::new(Book::load(&folder.join("broker")).unwrap(), Scenario::Ok);
    let environment = |name: &str| match name {
        "ALPACA_KEY" => Some(KEY.to_owned()),
        "ALPACA_SECRET" => Some(SECRET.to_owned()),
        "ALPACA_BASE_URL" => Some(served.fake.url()),
        _ => None,
    };
    let found = keys::find(&environment, Path::new("/nonexistent"), &[]).unwrap();
    let client = Client::new(&found, Settings::default()).unwrap();
    let since: DateTime<Utc> = "2026-04-06T00:00:00Z".parse().unwrap();
    let reading = served.runtime.block_on(read::read(&client, since, None, Duration::from_millis(100), &Utc::now));
    let live = Recording::of(&reading);
    let kept = tempfile::tempdir().unwrap();
    live.write(kept.path(), Existing::Keep).unwrap();
    let recorded = load(kept.path(), None).unwrap();
    let request = tapecheck::Request {
        directory: folder.clone(),
        audit: Some(|| Utc::now().into()),
        window: tapecheck::report::Window { at: live.read_ended, ..Default::default() },
        ..Default::default()
    };
    let written = |recording: &Recording| {
        let judged = tapecheck::judge(&request, tapecheck::read::bot(&folder, &request.layout).unwrap(), Some(recording));
        tapecheck::outputs::json::write(&judged.report).unwrap()
    };
    let (one, two) = (written(&live), written(&recorded));
    assert!(one.contains("\"kind\": \"live\""));
    assert_eq!(one.replace("\"kind\": \"live\"", "\"kind\": \"recorded\""), two);
}

#[test]
fn a_broker_that_is_down_is_never_agreement() {
    let Some(folder) = sample("clean-day") else { return };
    let served = Served::new(Book::quiet(), Scenario::Down);
    let now = "2026-02-09T20:59:30Z";
    let bot = folder.to_str().unwrap();
    let output = served.run(&["audit", bot, "--broker", "live", "--now", now, "--timeout", "3"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    let text = text(&output);
    assert!(text.starts_with("COULD NOT CHECK") && text.contains("NOT READ"), "{text}");
    assert!(text.contains("/v2/") && text.contains("check the network and the base URL"), "{text}");
    assert!(!text.contains("agree"), "{text}");
    let replayed = served.run(&["replay", bot, "--broker", "live", "--at", now, "--timeout", "3", "--format", "json"]);
    assert_eq!(replayed.status.code(), Some(2));
    assert_eq!(report(&replayed)["verdict"], "could_not_check");
}

#[test]
fn refused_keys_are_told_with_the_request_and_with_the_breaks() {
    let Some(folder) = sample("scale-out-day") else { return };
    let served = Served::new(Book::quiet(), Scenario::Forbidden);
    let output = served.run(&["replay", folder.to_str().unwrap(), "--broker", "live"]);
    let text = text(&output);
    assert!(text.contains("status 403") && text.contains("X-Request-ID"), "{text}");
    assert!(text.contains("could not check"), "{text}");
    assert_eq!(output.status.code(), Some(1), "breaks were found, and both are said: {text}");
    assert!(text.starts_with("BREAKS"), "{text}");
}

#[test]
fn without_keys_it_says_so() {
    let Some(folder) = sample("clean-day") else { return };
    let output = command(&["audit", folder.to_str().unwrap(), "--now", "2026-02-09T20:59:30Z"]).output().unwrap();
    let text = text(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("no Alpaca keys"), "{text}");
}

#[test]
fn a_book_that_moves_while_it_is_read_is_no_break() {
    let Some(folder) = sample("clean-day") else { return };
    let served = Served::new(Book::load(&folder.join("broker")).unwrap(), Scenario::NeverConverging);
    let output = served.run(&["audit", folder.to_str().unwrap(), "--broker", "live", "--format", "json"]);
    let report = report(&output);
    assert_eq!(report["broker"]["unstable"][0], "ZZMOVE");
    assert_eq!(told(&report), [""; 0]);
    assert_eq!(report["verdict"], "could_not_check");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_quiet_live_audit_is_cheap_and_its_recording_says_the_same() {
    let Some(folder) = sample("clean-day") else { return };
    let served = Served::new(Book::load(&folder.join("broker")).unwrap(), Scenario::Ok);
    let bot = folder.to_str().unwrap();
    let kept = tempfile::tempdir().unwrap();
    let case = kept.path().join("case");
    let recorded = served.run(&["record", bot, "-o", case.to_str().unwrap(), "--with-bot", "--redact"]);
    assert_eq!(recorded.status.code(), Some(0), "{}", text(&recorded));
    assert!(served.fake.seen().len() <= 10, "{} requests", served.fake.seen().len());
    assert!(text(&recorded).contains("requests"), "{}", text(&recorded));
    let account = std::fs::read_to_string(case.join("broker/account.json")).unwrap();
    assert!(account.contains("PAREDACTED") && !account.contains("PA3SIMULATED"), "{account}");
    for entry in walk(&case) {
        assert_shows_no_keys(&String::from_utf8_lossy(&std::fs::read(entry).unwrap()));
    }
    let again = served.run(&["record", bot, "-o", case.to_str().unwrap(), "--with-bot"]);
    assert_eq!(again.status.code(), Some(2), "a recording that is there is kept");
    let live = report(&served.run(&["audit", bot, "--broker", "live", "--format", "json"]));
    let now = "2026-02-09T20:59:30Z";
    let (case, broker) = (case.to_str().unwrap(), case.join("broker"));
    let replayed =
        command(&["audit", case, "--broker", broker.to_str().unwrap(), "--now", now, "--format", "json"]).output().unwrap();
    assert_eq!(report(&replayed)["verdict"], live["verdict"]);
    assert_eq!(told(&report(&replayed)), told(&live));
}

/// Zeros without end in the place of a log: told, and not read until memory runs out.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_copied() {
    let quiet = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/quiet-day");
    let served = Served::new(Book::load(&quiet.join("broker")).unwrap(), Scenario::Ok);
    let (bot, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir(bot.path().join("logs")).unwrap();
    std::fs::copy(quiet.join("logs/attribution.jsonl"), bot.path().join("logs/attribution.jsonl")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", bot.path().join("logs/run.jsonl")).unwrap();
    let output = kept.path().join("case");
    for redact in [&[][..], &["--redact"]] {
        let arguments = ["record", bot.path().to_str().unwrap(), "-o", output.to_str().unwrap(), "--with-bot", "--force"];
        let recorded = served.run(&[&arguments[..], redact].concat());
        assert_eq!(recorded.status.code(), Some(2), "{}", text(&recorded));
        let told = String::from_utf8_lossy(&recorded.stderr).into_owned();
        assert!(told.contains("logs/run.jsonl: not a file"), "{told}");
    }
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn signs_and_units_are_right() {
    let Some(folder) = sample("clean-day") else { return };
    let broker = folder.join("broker");
    let arguments = ["audit", folder.to_str().unwrap(), "--broker", broker.to_str().unwrap(), "--now", "2026-02-09T20:59:30Z"];
    let output = command(&arguments).output().unwrap();
    let shown = text(&output);
    // 12 short at 89.62, now 90.83: a loss of 12 × 1.21, which is 1.35 percent; entered at 19:44, not when a file was rewritten.
    let row = shown.lines().find(|line| line.trim_start().starts_with("LCID") && line.contains("min")).unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(cells[..6], ["LCID", "-12", "89.62", "90.83", "-14.52", "-1.35"], "{shown}");
    assert_eq!(output.status.code(), Some(0), "{shown}");
}
