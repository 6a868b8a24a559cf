//! `tapecheck corpus` from outside: every command, every exit status, on copies of a few cases.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails, and brings its own files")]

mod folders;

use assert_cmd::Command;
use folders::copy;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

const BREAKS: &str = "scale-out-that-bought";
const QUIET: &str = "quiet-day";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn tapecheck(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("tapecheck").unwrap();
    command.current_dir(folder).args(arguments).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").output().unwrap()
}

/// Exit status and stdout.
fn run(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = tapecheck(folder, arguments);
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// Exit status 2, nothing on stdout, and a message that names what is wrong.
fn refused(folder: &Path, arguments: &[&str], says: &str) {
    let output = tapecheck(folder, arguments);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    assert!(error.contains(says), "{arguments:?} says: {error}");
}

/// A folder with a corpus of two cases.
fn corpus() -> TempDir {
    let folder = TempDir::new().unwrap();
    for name in [BREAKS, QUIET] {
        copy(&root().join("corpus").join(name), &folder.path().join("corpus").join(name));
    }
    folder
}

fn edit(file: PathBuf, from: &str, to: &str) {
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{} has no {from}", file.display());
    fs::write(file, text.replace(from, to)).unwrap();
}

/// Makes another day of the case: the scale-out was of 4.
fn change(folder: &Path) {
    edit(folder.join("corpus").join(BREAKS).join("state/portfolio_state.jsonl"), "\"qty\": 13.0", "\"qty\": 12.0");
    edit(folder.join("corpus").join(BREAKS).join("broker/positions.json"), "\"13\"", "\"12\"");
}

#[test]
fn a_case_gives_the_same_wherever_it_lies() {
    let folder = corpus();
    let (status, text) = run(folder.path(), &["corpus", "run", "--strict"]);
    assert_eq!((status, text.as_str()), (0, "2 cases: 2 same, 0 changed, 0 could not be checked\n"));
    let case = format!("corpus/{BREAKS}");
    for paths in [vec!["corpus"], vec![case.as_str()], vec![case.as_str(), "corpus", "--jobs", "1"]] {
        assert_eq!(run(folder.path(), &[&["corpus", "run", "--strict"], &paths[..]].concat()).0, 0, "{paths:?}");
    }
    assert_eq!(run(&folder.path().join(&case), &["corpus", "run", "."]).0, 0);
    let (_, text) = run(folder.path(), &["corpus", "run", "--verbose"]);
    assert!(text.contains("same     quiet-day"), "{text}");
}

#[test]
fn a_changed_case_is_1_and_is_told_in_the_words_of_the_domain() {
    let folder = corpus();
    change(folder.path());
    let (status, text) = run(folder.path(), &["corpus", "run"]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("CHANGED  scale-out-that-bought"), "{text}");
    assert!(text.contains("the position of DAL in the broker book was 13 and is 12"), "{text}");
    assert!(text.contains("books.broker.positions[DAL].qty: \"13\" -> \"12\""), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80 || !line.trim_start().contains(' ')), "{text}");
    // What changed wins over what could not be checked, and both are said.
    fs::remove_file(folder.path().join("corpus/quiet-day/case.toml")).unwrap();
    let (status, text) = run(folder.path(), &["corpus", "run"]);
    assert_eq!(status, 1);
    assert!(text.ends_with("2 cases: 0 same, 1 changed, 1 could not be checked\n"), "{text}");
}

#[test]
fn another_wording_is_a_remark_unless_strict() {
    let folder = corpus();
    edit(folder.path().join("corpus").join(BREAKS).join("expected.json"), "bought instead of sold", "purchased");
    let (status, text) = run(folder.path(), &["corpus", "run"]);
    assert_eq!(status, 0);
    assert!(text.contains("the verdict is the same; the report differs:") && text.contains("cause.edit"), "{text}");
    assert_eq!(run(folder.path(), &["corpus", "run", "--strict"]).0, 1);
    assert_eq!(run(folder.path(), &["corpus", "run", "--quiet"]).1.lines().count(), 2);
}

#[test]
fn what_is_no_whole_case_was_not_checked() {
    let broken = |what: &dyn Fn(&Path), says: &str| {
        let folder = corpus();
        what(&folder.path().join("corpus").join(QUIET));
        let (status, text) = run(folder.path(), &["corpus", "run"]);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(status, 2, "{text}");
        assert!(text.contains("? quiet-day could not check:") && text.contains(says), "{text}");
        assert!(text.ends_with("2 cases: 1 same, 0 changed, 1 could not be checked"), "{text}");
    };
    let toml = |text: &'static str| move |case: &Path| edit(case.join("case.toml"), "broker = \"broker\"\nflags = []", text);
    broken(&|case| fs::remove_file(case.join("case.toml")).unwrap(), "half-copied: case.toml is not there");
    broken(&|case| fs::remove_file(case.join("expected.json")).unwrap(), "corpus accept");
    broken(&|case| fs::write(case.join("expected.json"), "{").unwrap(), "expected.json is damaged");
    broken(&|case| fs::remove_file(case.join("logs/attribution.jsonl")).unwrap(), "half-copied: logs/attribution.jsonl");
    broken(&|case| fs::remove_file(case.join("broker/orders.json")).unwrap(), "half-copied: broker/orders.json");
    broken(&|case| fs::remove_dir_all(case.join("broker")).unwrap(), "half-copied: broker is not there");
    let undated = |case: &Path| {
        for file in ["recording.json", "clock.json"] {
            fs::remove_file(case.join("broker").join(file)).unwrap();
        }
    };
    broken(&undated, "nothing in its recording tells when");
    broken(&|case| fs::rename(case, case.with_file_name("moved")).and_then(|()| copy_back(case)).unwrap(), "calls itself");
    broken(&toml("brokers = \"broker\""), "unknown field");
    broken(&toml("broker = \"../scale-out-that-bought/broker\""), "reaches outside of its folder");
    broken(&toml("broker = \"/etc\""), "reaches outside of its folder");
    broken(&toml("flags = [\"--broker\", \"/etc\"]"), "cannot be used multiple times");
    broken(&toml("flags = [\"..\"]"), "its flags name ..");
    broken(&toml("flags = [\"--bogus\"]"), "--bogus");
    broken(&toml("day = \"2026-02-30\""), "2026-02-30");
    broken(&toml("command = \"audit\""), "an audit needs `at`");
}

/// The moved case again under the old name, with the manifest of another.
fn copy_back(case: &Path) -> std::io::Result<()> {
    copy(&case.with_file_name("moved"), case);
    fs::remove_dir_all(case.with_file_name("moved"))?;
    edit(case.join("case.toml"), "name = \"quiet-day\"", "name = \"loud-day\"");
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_case_is_refused_and_one_inside_is_not() {
    let folder = corpus();
    let case = folder.path().join("corpus").join(QUIET);
    std::os::unix::fs::symlink("attribution.jsonl", case.join("logs/again")).unwrap();
    assert_eq!(run(folder.path(), &["corpus", "run"]).0, 0);
    std::os::unix::fs::symlink("/etc/hostname", case.join("logs/out")).unwrap();
    let (status, text) = run(folder.path(), &["corpus", "run"]);
    assert_eq!(status, 2);
    assert!(text.contains("reaches outside of its folder: logs/out"), "{text}");
}

#[test]
fn where_there_is_no_case_nothing_is_the_same() {
    let folder = TempDir::new().unwrap();
    refused(folder.path(), &["corpus", "run"], "neither a case nor a folder of cases");
    fs::create_dir(folder.path().join("corpus")).unwrap();
    refused(folder.path(), &["corpus", "run"], "holds no case");
    refused(folder.path(), &["corpus", "list"], "holds no case");
    refused(folder.path(), &["corpus", "run", "corpus", "--jobs", "0"], "--jobs");
    refused(folder.path(), &["corpus"], "Usage");
}

#[test]
fn a_run_for_programs_has_its_keys() {
    let folder = corpus();
    change(folder.path());
    let (status, text) = run(folder.path(), &["corpus", "run", "--format", "json"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, document["schema"].as_str()), (1, Some("tapecheck.corpus/1")));
    assert_eq!(document["summary"], serde_json::json!({"cases": 2, "same": 1, "changed": 1, "could_not_check": 0}));
    let cases = document["cases"].as_array().unwrap();
    assert_eq!(cases[0]["status"], "same");
    assert_eq!(cases[1]["status"], "changed");
    for key in ["name", "path", "about", "changes", "differences", "report"] {
        assert!(cases.iter().all(|case| case.get(key).is_some()), "{key}");
    }
    assert_eq!(cases[0]["report"]["verdict_hash"].as_str().map(str::len), Some(32));
    let docs = fs::read_to_string(root().join("docs/corpus.md")).unwrap();
    for key in cases[1].as_object().unwrap().keys().chain(document.as_object().unwrap().keys()) {
        assert!(docs.contains(&format!("`{key}`")), "docs/corpus.md does not describe {key}");
    }
}

fn schema() -> jsonschema::Validator {
    let text = fs::read_to_string(root().join("tests/schemas/sarif-2.1.0-rtm.5.json")).unwrap();
    // Its pattern for languages has a bracket too many, which only lenient readers take.
    let text = text.replace("{2}]?$", "{2}$");
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

/// SARIF is held against its schema, JUnit read back by a strict reader.
fn valid(folder: &Path, arguments: &[&str]) -> (Value, quick_junit::Report) {
    let (_, sarif) = run(folder, &[arguments, &["--format", "sarif"]].concat());
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    let errors: Vec<String> = schema().iter_errors(&sarif).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{arguments:?}: {errors:?}");
    let (_, junit) = run(folder, &[arguments, &["--format", "junit"]].concat());
    (sarif, quick_junit::Report::deserialize_from_str(&junit).unwrap())
}

#[test]
fn a_code_host_sees_the_change_on_the_line_of_the_log() {
    let folder = corpus();
    let (sarif, junit) = valid(folder.path(), &["corpus", "run"]);
    assert_eq!(sarif["runs"][0]["results"], serde_json::json!([]));
    assert_eq!((junit.tests, junit.failures, junit.errors), (2, 0, 0));
    edit(folder.path().join("corpus").join(BREAKS).join("expected.json"), "\"severity\": \"break\"", "\"severity\": \"note\"");
    // A break that was accepted, and is none.
    edit(folder.path().join("corpus/quiet-day/expected.json"), "\"breaks\": [", GONE);
    fs::create_dir(folder.path().join("corpus/half\u{1b}copied")).unwrap();
    let (sarif, junit) = valid(folder.path(), &["corpus", "run"]);
    assert_eq!((junit.tests, junit.failures, junit.errors), (3, 2, 1));
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let place = |rule: &str| {
        let result = results.iter().find(|result| result["ruleId"] == rule).unwrap();
        let place = &result["locations"][0]["physicalLocation"];
        (place["artifactLocation"]["uri"].as_str().unwrap().to_owned(), place["region"]["startLine"].as_u64())
    };
    assert_eq!(place("break_changed").0, "corpus/scale-out-that-bought/logs/attribution.jsonl");
    assert!(place("break_changed").1 == Some(2), "{:?}", place("break_changed"));
    let (file, line) = place("break_vanished");
    let accepted = fs::read_to_string(folder.path().join(&file)).unwrap();
    let line = usize::try_from(line.unwrap()).unwrap();
    assert!(!accepted.lines().nth(line - 1).unwrap().is_empty());
    assert_eq!(place("could_not_check").0, "corpus/half%1Bcopied/case.toml");
    assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

const GONE: &str = r#""breaks": [{"id": "0123456789ab", "symbol": "KO", "kind": "orphan", "severity": "break", "book": "expected",
    "witness": "broker", "expected": "4", "actual": "0", "opened_at": "2026-03-12T14:00:00Z",
    "first_failed_at": "2026-03-12T14:00:00Z", "cause": {"code": "unknown", "proved": false}},"#;

#[test]
fn one_report_goes_to_ci_too() {
    let folder = corpus();
    let case = format!("corpus/{BREAKS}");
    let broker = format!("{case}/broker");
    let (sarif, junit) = valid(folder.path(), &["replay", &case, "--broker", &broker]);
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!((result["ruleId"].as_str(), result["level"].as_str()), (Some("quantity"), Some("error")));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "corpus/scale-out-that-bought/logs/attribution.jsonl");
    assert_eq!(place["region"]["startLine"], 2);
    assert_eq!((junit.tests, junit.failures, junit.errors), (2, 1, 0));
    // An audit has a test for each check, and what could not be checked is an error.
    let (sarif, junit) = valid(folder.path(), &["audit", "corpus/quiet-day", "--at", "2026-03-12T15:40:00Z", "--broker", "none"]);
    assert!(junit.test_suites[0].test_cases.len() >= 9 && junit.errors > 0);
    assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], false);
    assert_eq!(run(folder.path(), &["replay", &case, "--format", "junit"]).0, 1);
}

#[test]
fn nothing_is_accepted_unseen() {
    let folder = corpus();
    let (status, text) = run(folder.path(), &["corpus", "accept"]);
    assert_eq!((status, text.as_str()), (0, "nothing to accept: every case gives the accepted report\n"));
    change(folder.path());
    let accepted = folder.path().join("corpus").join(BREAKS).join("expected.json");
    let before = fs::read_to_string(&accepted).unwrap();
    // There is no terminal to ask on.
    let (status, text) = run(folder.path(), &["corpus", "accept"]);
    assert_eq!(status, 2);
    assert!(text.contains("the position of DAL in the broker book was 13 and is 12") && text.contains("--yes"), "{text}");
    assert_eq!(fs::read_to_string(&accepted).unwrap(), before);
    let (status, text) = run(folder.path(), &["corpus", "accept", "--yes"]);
    assert_eq!(status, 0);
    assert!(text.ends_with("accepted scale-out-that-bought\n"), "{text}");
    assert_eq!(run(folder.path(), &["corpus", "run", "--strict"]).0, 0);
    // A new case and a damaged report can be accepted, a half-copied case never.
    fs::remove_file(&accepted).unwrap();
    fs::write(folder.path().join("corpus/quiet-day/expected.json"), "{").unwrap();
    let (status, text) = run(folder.path(), &["corpus", "accept", "--yes"]);
    assert_eq!(status, 0);
    assert!(text.contains("is new: breaks: DAL quantity") && text.contains("damaged"), "{text}");
    fs::remove_file(folder.path().join("corpus/quiet-day/logs/attribution.jsonl")).unwrap();
    assert_eq!(run(folder.path(), &["corpus", "accept", "--yes"]).0, 2);
    assert_eq!(run(folder.path(), &["corpus", "run"]).0, 2);
}

#[test]
fn the_list_tells_what_there_is() {
    let folder = corpus();
    let (status, text) = run(folder.path(), &["corpus", "list"]);
    assert_eq!(status, 0);
    assert!(text.contains("scale_out_wrong_side") && text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let (_, text) = run(folder.path(), &["corpus", "list", "--format", "json"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["cases"][1]["causes"], serde_json::json!(["scale_out_wrong_side"]));
    fs::remove_file(folder.path().join("corpus/quiet-day/case.toml")).unwrap();
    assert_eq!(run(folder.path(), &["corpus", "list"]).0, 2);
}

#[test]
fn two_builds_are_held_against_each_other() {
    let folder = corpus();
    let binary = assert_cmd::cargo::cargo_bin("tapecheck");
    let binary = binary.to_str().unwrap();
    assert_eq!(run(folder.path(), &["corpus", "run", "--format", "json", "-o", "old.json"]).0, 0);
    assert_eq!(run(folder.path(), &["corpus", "diff", binary, binary]).0, 0);
    assert_eq!(run(folder.path(), &["corpus", "diff", "--with", "old.json"]).0, 0);
    change(folder.path());
    for arguments in
        [&["corpus", "diff", "old.json", binary][..], &["corpus", "diff", "--with", "old.json", "--with", binary, "corpus"]]
    {
        let (status, text) = run(folder.path(), arguments);
        assert_eq!(status, 1, "{text}");
        assert!(text.contains("the position of DAL in the broker book was 13 and is 12"), "{text}");
    }
    let (_, text) = run(folder.path(), &["corpus", "diff", "old.json", binary, "--format", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["schema"], "tapecheck.corpus-diff/1");
    fs::remove_dir_all(folder.path().join("corpus").join(BREAKS)).unwrap();
    let (status, text) = run(folder.path(), &["corpus", "diff", "old.json", binary]);
    assert_eq!(status, 2);
    assert!(text.contains("the new build did not see it"), "{text}");
    refused(folder.path(), &["corpus", "diff", binary], "two builds");
    refused(folder.path(), &["corpus", "diff", "no-such-build", binary], "no-such-build");
    refused(folder.path(), &["corpus", "diff", "/bin/true", binary], "corpus run --format json");
    refused(folder.path(), &["corpus", "diff", "corpus/quiet-day/broker/recording.json", binary], "no result");
}

/// A bot's directory over two days in a rotated, compressed and a plain log, with a line that is torn and one that is no JSON.
fn bot() -> TempDir {
    let folder = TempDir::new().unwrap();
    let bot = folder.path().join("bot");
    copy(&root().join("corpus").join(BREAKS), &bot);
    fs::remove_file(bot.join("case.toml")).unwrap();
    fs::remove_file(bot.join("expected.json")).unwrap();
    let log = bot.join("logs/attribution.jsonl");
    let text = fs::read_to_string(&log).unwrap();
    let (first, second) = text.split_once('\n').unwrap();
    let packed = fs::File::create(bot.join("logs/attribution.jsonl.1.gz")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::default());
    packed.write_all(format!("{first}\n").as_bytes()).unwrap();
    packed.finish().unwrap();
    fs::write(log, format!("{second}not a record: order {ORDER} of account {ACCOUNT}\n{{\"order_id\": \"{ORDER}\", \"ts\":"))
        .unwrap();
    edit(bot.join("broker/account.json"), "MPLE", "MPL");
    for file in ["broker/orders.json", "broker/activities.json"] {
        let text = fs::read_to_string(bot.join(file)).unwrap();
        fs::write(bot.join(file), text.replace(SEEN, ORDER)).unwrap();
    }
    folder
}

/// An order of the case, and the id that it has here.
const SEEN: &str = "00000000-0000-4000-8000-0000000000b2";
const ORDER: &str = "b1d2c3a4-0001-4e10-9a01-aa0000000001";
const ACCOUNT: &str = "PA3SECRET001";

/// Everything in a folder, by path.
fn texts(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(texts(&path));
        } else {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

#[test]
fn what_is_added_gives_the_same_verdict_and_tells_nobody_whose_it_is() {
    let folder = bot();
    let add = ["corpus", "add", "bought", "--from", "bot", "--broker", "bot/broker", "--about", "The scale-out bought."];
    let (status, text) = run(folder.path(), &add);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("scale_out_wrong_side") && text.contains("only DAL"), "{text}");
    assert!(text.contains("logs/attribution.jsonl") && text.contains("4 of 4 lines"), "{text}");
    assert_eq!(run(folder.path(), &["corpus", "run", "--strict"]).0, 0);
    let case = folder.path().join("corpus/bought");
    let files = texts(&case);
    for (path, text) in &files {
        assert!(!text.contains(ORDER) && !text.contains(ACCOUNT) && !text.contains("EXAMPL"), "{}: {text}", path.display());
    }
    // The parts of the log are one, in their order.
    let log = fs::read_to_string(case.join("logs/attribution.jsonl")).unwrap();
    assert!(!case.join("logs/attribution.jsonl.1.gz").exists());
    assert!(log.lines().next().unwrap().contains("open_DAL") && log.lines().count() == 4, "{log}");
    // Joins still work: the order that the broker filled is the one that the torn line names.
    let torn = log.lines().last().unwrap().split('"').nth(3).unwrap();
    assert!(torn.starts_with("5edac7ed-") && log.lines().nth(2).unwrap().contains(torn), "{log}");
    let named = |file: &str| fs::read_to_string(case.join(file)).unwrap().contains(torn);
    assert!(named("broker/orders.json") && named("broker/activities.json"));
    // Nothing is left beside it, and what is there is not written over.
    assert_eq!(fs::read_dir(folder.path().join("corpus")).unwrap().count(), 1);
    refused(folder.path(), &add, "already there");
    assert_eq!(run(folder.path(), &[&add[..], &["--replace"]].concat()).0, 0);
    assert_eq!(fs::read_dir(folder.path().join("corpus")).unwrap().count(), 1);
    assert_eq!(files, texts(&case));
}

#[test]
fn a_window_brings_what_its_opening_balance_needs() {
    let folder = bot();
    // The entry lies before the window, and a whole book between the two.
    let add = |name: &'static str, from: &'static str| {
        let window = ["--from", from, "--until", "2026-03-11T14:16:10Z"];
        [&["corpus", "add", name, "--from", "bot", "--symbol", "dal"][..], &window].concat()
    };
    let (status, text) = run(folder.path(), &add("window", "2026-03-11T14:15:02Z"));
    assert_eq!(status, 0, "{text}");
    let case = folder.path().join("corpus/window");
    let manifest = fs::read_to_string(case.join("case.toml")).unwrap();
    assert!(manifest.contains("from = \"2026-03-11T14:15:02Z\"") && manifest.contains("--symbol=DAL"), "{manifest}");
    let (_, whole) = run(
        folder.path(),
        &["replay", "bot", "--from", "2026-03-11T14:15:02Z", "--until", "2026-03-11T14:16:10Z", "--format", "json"],
    );
    let hash = |text: &str| serde_json::from_str::<Value>(text).unwrap()["verdict_hash"].clone();
    assert_eq!(hash(&whole), hash(&fs::read_to_string(case.join("expected.json")).unwrap()));
    assert_eq!(run(folder.path(), &["corpus", "run", "--strict"]).0, 0);
    // A part of the log is cut when nothing in it bears on the window.
    let late = run(folder.path(), &["corpus", "add", "late", "--from", "bot", "--day", "2026-03-12"]);
    assert_eq!(late.0, 0, "{}", late.1);
}

#[test]
fn what_cannot_be_added_is_said_and_nothing_is_written() {
    let folder = bot();
    let add = |more: &[&str], says: &str| {
        refused(folder.path(), &[&["corpus", "add"], more].concat(), says);
        assert!(!folder.path().join("corpus").exists(), "{more:?}");
    };
    add(&["../out", "--from", "bot"], "cannot be a case's name");
    add(&["x", "--from", "nowhere"], "there is no directory nowhere");
    add(&["x", "--from", "bot", "--from", "bot"], "one directory and one time");
    add(&["x", "--from", "bot", "--from", "noon"], "2026-02-05T18:05:33Z");
    add(&["x", "--from", "bot/broker"], "none of the bot's files");
    add(&["x", "--from", "bot", "--broker", "nowhere"], "nowhere");
    add(&["x", "--from", "bot", "--audit"], "--at");
    add(&["x"], "--from");
}
