//! The command line from outside: exit status, usage errors, and what is written where.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails, and brings its own files")]

use assert_cmd::Command;
use serde_json::Value;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

const BREAKS: &str = "corpus/scale-out-that-bought";
const BREAKS_BROKER: &str = "corpus/scale-out-that-bought/broker";
const QUIET: &str = "corpus/quiet-day";
const QUIET_BROKER: &str = "corpus/quiet-day/broker";

fn tapecheck(arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("tapecheck").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").output().unwrap()
}

fn status(arguments: &[&str]) -> i32 {
    tapecheck(arguments).status.code().unwrap()
}

fn stdout(arguments: &[&str]) -> String {
    String::from_utf8(tapecheck(arguments).stdout).unwrap()
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&stdout(arguments)).unwrap()
}

/// Exit status 2, nothing on stdout, and a message that names what is wrong.
fn refused(arguments: &[&str], says: &str) {
    let output = tapecheck(arguments);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    assert!(error.contains(says), "{arguments:?} says: {error}");
}

#[test]
fn the_exit_status_is_the_verdict() {
    assert_eq!(status(&["replay", QUIET, "--broker", QUIET_BROKER]), 0);
    assert_eq!(status(&["replay", BREAKS, "--broker", BREAKS_BROKER]), 1);
    // A day of which nothing is known was not checked.
    assert_eq!(status(&["replay", QUIET, "--day", "2020-01-01"]), 2);
    assert_eq!(json(&["replay", QUIET, "--day", "2020-01-01", "--format", "json"])["verdict"], "could_not_check");
}

#[test]
fn wrong_usage_is_said_and_is_2() {
    refused(&[], "Usage");
    refused(&["reply"], "reply");
    refused(&["replay", "--bogus"], "--bogus");
    refused(&["replay", QUIET, "--day", "2026-02-30"], "2026-02-05");
    for day in ["1999-12-31", "2200-01-01", "9999-12-31"] {
        refused(&["replay", QUIET, "--day", day], "2000 to 2199");
        refused(&["replay", QUIET, "--until", day], "2026-02-05");
    }
    assert_eq!(status(&["replay", QUIET, "--day", "2199-12-31"]), status(&["replay", QUIET, "--day", "2031-01-01"]));
    refused(&["replay", QUIET, "--day", "2026-03-12", "--from", "2026-03-12"], "--from");
    refused(&["replay", QUIET, "--at", "noon"], "2026-02-05T18:05:33Z");
    refused(&["replay", QUIET, "--from", "2026-03-13", "--until", "2026-03-12"], "--until");
    refused(&["replay", QUIET, "--format", "xml"], "json");
    refused(&["replay", QUIET, "--symbol", "<b>"], "not a symbol");
    refused(&["replay", QUIET, "--grace=-1"], "seconds");
    refused(&["replay", QUIET, "--tolerance-qty=-1"], "below zero");
    refused(&["replay", QUIET, "--broker", "live", "--timeout", "0"], "0.1");
    refused(&["replay", QUIET, "--quiet", "--verbose"], "--verbose");
    refused(&["show", "biography", QUIET], "--symbol");
}

#[test]
fn what_cannot_be_read_is_said_and_is_2() {
    let empty = TempDir::new().unwrap();
    let empty = empty.path().to_str().unwrap();
    refused(&["replay", "no/such/directory"], "no/such/directory");
    refused(&["replay", "Cargo.toml"], "Cargo.toml");
    refused(&["replay", empty], "none of the bot's files");
    refused(&["replay", "corpus/quiet-day/logs"], "quiet-day does: give the directory that holds them");
    refused(&["replay", "corpus"], "but corpus/accepted-trade-by-hand does");
    refused(&["replay", QUIET, "--broker", "no/such/recording"], "no/such/recording");
    refused(&["replay", QUIET, "--broker", empty], "positions.json");
    refused(&["replay", QUIET, "--broker", "no/such/recording"], "--broker takes a recording's folder");
    refused(&["replay", QUIET, "-o", "no/such/folder/report"], "there is no folder no/such/folder");
    refused(&["corpus", "minimize", "no/such/case"], "no/such/case is not there");
}

#[test]
fn help_and_version_are_asked_for_and_are_0() {
    for arguments in [&["--help"][..], &["--version"], &["replay", "--help"], &["show", "tape", "--help"]] {
        assert_eq!(status(arguments), 0, "{arguments:?}");
        assert!(!stdout(arguments).is_empty());
    }
}

#[test]
fn every_key_of_the_contract_is_there() {
    let report = json(&["replay", BREAKS, "--broker", BREAKS_BROKER, "--format", "json"]);
    let has = |value: &Value, keys: &[&str]| {
        for key in keys {
            assert!(value.get(key).is_some(), "{key} is not in {value}");
        }
    };
    let top = "schema verdict window broker sources books breaks fixes checks integrity stats producer";
    has(&report, &top.split(' ').collect::<Vec<_>>());
    assert_eq!(report["schema"], "tapecheck.report/1");
    has(&report["window"], &["from", "until", "at", "timezone"]);
    has(&report["broker"], &["kind", "read_began", "read_ended", "paper"]);
    let source = "path format bytes lines understood ignored quarantined events out_of_order duplicates";
    for row in report["sources"].as_array().unwrap() {
        has(row, &source.split(' ').collect::<Vec<_>>());
    }
    for book in ["expected", "executor", "metadata", "broker"] {
        has(&report["books"][book], &["as_of", "complete", "positions"]);
        for row in report["books"][book]["positions"].as_array().unwrap() {
            has(row, &["symbol", "qty"]);
        }
    }
    let found = "id symbol kind severity book witness expected actual difference opened_at first_failed_at order_sensitive cause evidence";
    for row in report["breaks"].as_array().unwrap() {
        has(row, &found.split(' ').collect::<Vec<_>>());
        has(&row["cause"], &["code", "proved", "alternatives"]);
        for record in row["evidence"].as_array().unwrap() {
            has(record, &["source", "excerpt", "says"]);
        }
    }
    for row in report["fixes"].as_array().unwrap() {
        has(row, &["ts", "event", "symbols", "verdict", "source", "line"]);
    }
    let stats = "events movements statements statements_held statements_failed pulses sightings_joined symbols breaks_open breaks_resolved";
    has(&report["stats"], &stats.split(' ').collect::<Vec<_>>());
    has(&report["producer"], &["name", "version"]);
}

#[test]
fn money_and_quantities_are_strings_and_times_are_utc() {
    fn walk(key: &str, value: &Value) {
        match value {
            Value::Object(rows) => rows.iter().for_each(|(key, value)| walk(key, value)),
            Value::Array(rows) => rows.iter().for_each(|value| walk(key, value)),
            Value::Number(number) => {
                assert!(number.is_u64(), "{key}: {number}");
                assert!(!["qty", "low", "high", "avg_entry_price", "expected", "actual", "difference"].contains(&key), "{key}");
            }
            Value::String(text)
                if ["ts", "as_of", "opened_at", "first_failed_at", "resolved_at", "from", "until"].contains(&key) =>
            {
                assert!(text.ends_with('Z') && text.contains('T'), "{key}: {text}");
            }
            _ => {}
        }
    }
    walk("", &json(&["replay", BREAKS, "--broker", BREAKS_BROKER, "--format", "json"]));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for format in ["text", "json"] {
        let run = || stdout(&["replay", BREAKS, "--broker", BREAKS_BROKER, "--format", format]);
        assert_eq!(run(), run());
    }
}

#[test]
fn a_report_goes_to_a_file_when_asked() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("report.json");
    let arguments = ["replay", BREAKS, "--broker", BREAKS_BROKER, "--format", "json"];
    let output = tapecheck(&[&arguments[..], &["-o", file.to_str().unwrap()]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert_eq!(std::fs::read_to_string(file).unwrap(), stdout(&arguments));
}

#[test]
fn quiet_is_the_verdict_and_verbose_is_more() {
    let arguments = ["replay", BREAKS, "--broker", BREAKS_BROKER];
    let lines = |more: &[&str]| stdout(&[&arguments[..], more].concat()).lines().count();
    assert!(lines(&["--quiet"]) <= 3, "{}", lines(&["--quiet"]));
    assert!(stdout(&["replay", BREAKS, "--quiet"]).starts_with("BREAKS"));
    assert!(lines(&["--quiet"]) < lines(&[]) && lines(&[]) <= lines(&["--verbose"]));
    assert_eq!(status(&["replay", BREAKS, "--quiet"]), 1);
}

#[test]
fn only_the_symbols_that_were_asked_for() {
    let report = json(&["replay", QUIET, "--broker", QUIET_BROKER, "--symbol", "ko", "--format", "json"]);
    assert_eq!(report["stats"]["symbols"], 1);
    assert_eq!(report["stats"]["symbols_left_out"], 1);
    assert_eq!(report["books"]["broker"]["positions"].as_array().map(Vec::len), Some(1));
    let both = json(&["replay", QUIET, "--broker", QUIET_BROKER, "--symbol", "KO,SNAP", "--format", "json"]);
    assert_eq!(both["stats"]["symbols_left_out"], 0);
    assert!(stdout(&["replay", QUIET, "--symbol", "KO"]).contains("1 symbol left out"));
}

#[test]
fn the_tape_stops_at_the_time_that_was_asked_for() {
    let before = json(&["replay", BREAKS, "--at", "2026-03-11T14:15:02Z", "--format", "json"]);
    assert_eq!(before["verdict"], "clean");
    assert_eq!(before["books"]["expected"]["positions"][0]["qty"], "10");
    assert_eq!(before["window"]["at"], "2026-03-11T14:15:02Z");
    let after = json(&["replay", BREAKS, "--at", "2026-03-11T14:16:02Z", "--format", "json"]);
    assert_eq!(after["verdict"], "breaks");
    assert_eq!(after["books"]["expected"]["positions"][0]["qty"], "13");
}

/// What came before the window is folded, and what broke before it is not told again.
#[test]
fn a_window_keeps_its_opening_balance() {
    let day = json(&["replay", QUIET, "--broker", QUIET_BROKER, "--from", "2026-03-12T15:00:00Z", "--format", "json"]);
    assert_eq!(day["verdict"], "clean");
    let whole = json(&["replay", QUIET, "--broker", QUIET_BROKER, "--format", "json"]);
    assert_eq!(day["books"], whole["books"]);
    // 2026-03-12 in New York ends at 04:00 UTC of the 13th.
    let day = json(&["replay", QUIET, "--day", "2026-03-12", "--format", "json"]);
    assert_eq!(day["window"]["from"], "2026-03-12T04:00:00Z");
    assert!(day["window"]["until"].as_str().unwrap().starts_with("2026-03-13T03:59:59"));
}

#[test]
fn colour_is_for_terminals_and_for_who_insists() {
    let run = |arguments: &[&str], set: Option<(&str, &str)>| {
        let mut command = Command::cargo_bin("tapecheck").unwrap();
        command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["replay", BREAKS]).args(arguments);
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").envs(set);
        String::from_utf8(command.output().unwrap().stdout).unwrap().contains('\u{1b}')
    };
    assert!(!run(&[], None), "piped");
    assert!(!run(&[], Some(("NO_COLOR", "1"))));
    assert!(run(&[], Some(("CLICOLOR_FORCE", "1"))));
    assert!(run(&["--color", "always"], Some(("NO_COLOR", "1"))));
    assert!(!run(&["--color", "never"], Some(("CLICOLOR_FORCE", "1"))));
}

/// What is piped is the same in every locale, and nothing is written beside it.
#[test]
fn what_is_piped_is_plain_whatever_the_locale() {
    let run = |locale: &str| {
        let mut command = Command::cargo_bin("tapecheck").unwrap();
        command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["replay", BREAKS, "--broker", BREAKS_BROKER]);
        command.env_remove("COLUMNS").env("LC_ALL", locale).output().unwrap()
    };
    let (plain, unicode) = (run("C"), run("de_DE.UTF-8"));
    assert_eq!(plain.stdout, unicode.stdout);
    assert!(plain.stdout.is_ascii() && plain.stderr.is_empty() && unicode.stderr.is_empty());
    assert!(String::from_utf8(plain.stdout).unwrap().contains("(10 x 48.2 + 3 x 47.22) / 13"));
}

#[test]
fn text_fits_eighty_columns() {
    let text = stdout(&["replay", BREAKS, "--broker", BREAKS_BROKER]);
    // Commands are to be copied whole; all else is folded.
    for line in text.lines().filter(|line| !line.trim_start().starts_with("next:")) {
        let fits = line.chars().count() <= 80;
        let long = line.contains("(UTC)") || line.starts_with("broker ") || line.starts_with("  agreed ");
        assert!(fits || long, "{line}");
    }
}

#[test]
fn the_stages_can_be_looked_at() {
    let tape = stdout(&["show", "tape", BREAKS, "--broker", BREAKS_BROKER]);
    assert!(tape.contains("[logs/attribution.jsonl:2]"), "{tape}");
    let rows = stdout(&["show", "tape", BREAKS, "--broker", BREAKS_BROKER, "--format", "json"]);
    let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), tape.lines().count());
    let times: Vec<&str> = rows.iter().map(|row| row["ts"].as_str().unwrap()).collect();
    let parsed: Vec<_> = times.iter().map(|text| tapecheck::time::parse_text(text).unwrap()).collect();
    assert!(parsed.is_sorted());

    let book = stdout(&["show", "book", BREAKS, "--at", "2026-03-11T14:15:02Z"]);
    assert!(book.contains("DAL") && book.contains("10"), "{book}");
    let book = json(&["show", "book", BREAKS, "--at", "2026-03-11T14:15:02Z", "--format", "json"]);
    assert_eq!(book["expected"]["positions"][0]["qty"], "10");

    let told = stdout(&["show", "biography", BREAKS, "--broker", BREAKS_BROKER, "--symbol", "dal"]);
    assert_eq!(told.lines().filter(|line| line.contains(">>")).count(), 1, "{told}");
    let arguments = ["show", "biography", BREAKS, "--broker", BREAKS_BROKER, "--symbol", "DAL", "--format", "json"];
    for row in stdout(&arguments).lines().filter(|line| line.starts_with('{') && line.ends_with('}')) {
        serde_json::from_str::<Value>(row).unwrap();
    }
    let nothing = tapecheck(&["show", "biography", BREAKS, "--symbol", "ZZZ"]);
    assert!(String::from_utf8(nothing.stdout).unwrap().contains("nothing"));
    assert!(String::from_utf8(nothing.stderr).unwrap().contains("on it are DAL"));
}

/// The broker as a folder, as a bare array with its neighbours, and as the bot's own copy.
#[test]
fn a_recording_has_three_shapes() {
    let folder = TempDir::new().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let copy = folder.path().join("alpaca_positions.json");
    let snapshot = r#"{"timestamp": "2026-03-11T14:16:30.1Z", "positions": [{"symbol": "DAL", "qty": 13.0, "side": "long"}]}"#;
    std::fs::write(&copy, snapshot).unwrap();
    let array = root.join(BREAKS_BROKER).join("positions.json");
    for path in [BREAKS_BROKER, array.to_str().unwrap(), copy.to_str().unwrap()] {
        let report = json(&["replay", BREAKS, "--broker", path, "--format", "json"]);
        assert_eq!(report["broker"]["kind"], "recorded", "{path}");
        assert_eq!(report["books"]["broker"]["positions"][0]["qty"], "13", "{path}");
    }
    let bare = folder.path().join("bare.json");
    std::fs::copy(&array, &bare).unwrap();
    let arguments = ["replay", BREAKS, "--broker", bare.to_str().unwrap(), "--at", "2026-03-11T14:17:00Z", "--format", "json"];
    assert_eq!(json(&arguments)["broker"]["read_began"], "2026-03-11T14:17:00Z");
}

/// A day on which nothing was recorded was not checked: its books are those of another day.
#[test]
fn a_day_after_the_records_is_not_clean() {
    for arguments in [
        &["replay", QUIET, "--day", "2031-01-01"][..],
        &["replay", QUIET, "--day", "2031-01-01", "--broker", "corpus/quiet-day/broker"],
    ] {
        let output = tapecheck(arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains("nothing was recorded in the window"), "{text}");
    }
}

#[test]
fn warnings_count_when_asked() {
    let folder = TempDir::new().unwrap();
    for part in ["logs", "data", "state"] {
        std::fs::create_dir(folder.path().join(part)).unwrap();
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(QUIET).join(part)).unwrap() {
            let file = entry.unwrap().path();
            std::fs::copy(&file, folder.path().join(part).join(file.file_name().unwrap())).unwrap();
        }
    }
    // The annotation of the position that is held is lost.
    std::fs::write(folder.path().join("state/position_metadata.json"), "{}").unwrap();
    let directory = folder.path().to_str().unwrap();
    assert_eq!(status(&["replay", directory]), 0);
    assert_eq!(status(&["replay", directory, "--strict"]), 1);
    assert_eq!(json(&["replay", directory, "--format", "json"])["breaks"][0]["kind"], "missing_metadata");
}

/// The state files and the broker may agree: without the bot's own account of its trades that says nothing.
#[test]
fn books_without_the_bots_own_account_are_never_clean() {
    let folder = tempfile::tempdir().unwrap();
    let bot = folder.path().join("bot");
    std::fs::create_dir_all(bot.join("state")).unwrap();
    let book = r#"{"timestamp": "2026-03-12T15:00:00Z", "positions": [{"symbol": "KO", "qty": 4.0, "side": "long"}]}"#;
    let executor = r#"{"timestamp": "2026-03-12T15:00:00Z", "opens": {"KO": {"qty": 4.0, "side": "long", "entry_score": 5.0}}}"#;
    let metadata = r#"{"KO": {"side": "buy", "entry_score": 5.0, "updated_at": "2026-03-12T14:30:00", "components": {"a": 1}}}"#;
    std::fs::write(bot.join("state/alpaca_positions.json"), book).unwrap();
    std::fs::write(bot.join("state/executor_state.json"), executor).unwrap();
    std::fs::write(bot.join("state/position_metadata.json"), metadata).unwrap();
    let arguments = ["replay", bot.to_str().unwrap(), "--quiet"];
    assert_eq!(status(&arguments), 2, "no logs at all");
    std::fs::create_dir_all(bot.join("logs/attribution.jsonl")).unwrap();
    assert_eq!(status(&arguments), 2, "a folder where the log should be");
    std::fs::remove_dir(bot.join("logs/attribution.jsonl")).unwrap();
    std::fs::write(bot.join("logs/attribution.jsonl"), "").unwrap();
    assert_eq!(status(&arguments), 0, "a log of a bot that did nothing");
}

/// A log that was rotated for years is hundreds of files; a process may have far fewer open.
#[test]
fn more_files_than_may_be_open_at_once() {
    let folder = tempfile::TempDir::new().unwrap();
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    for part in 0..600 {
        let row = r#"{"ts":"2026-03-02T14:MM:SS+00:00","msg":"complete","market_open":true}"#;
        let row = row.replace("MM", &format!("{:02}", part / 60)).replace("SS", &format!("{:02}", part % 60));
        let name = if part == 0 { "run.jsonl".to_owned() } else { format!("run.jsonl.{part}") };
        std::fs::write(logs.join(name), row + "\n").unwrap();
    }
    let program = assert_cmd::cargo::cargo_bin("tapecheck");
    let script = format!("ulimit -n 60; exec {} replay {} --format json", program.display(), folder.path().display());
    let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["stats"]["pulses"], 600);
    assert!(report["sources"].as_array().unwrap().iter().all(|source| source["quarantined"] == 0));
}
