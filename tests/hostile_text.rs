//! Text that means harm: what stands in logs, names, settings and answers is shown and does nothing, in every format.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails, and brings its own files")]

mod folders;

use folders::copy;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tapecheck::source::is_hidden;
use tempfile::TempDir;

const CASE: &str = "text-that-means-harm";

/// Every sort of harm, as a name of a file: no slash, no zero.
const HARM: &str =
    "\u{1b}[31mred\u{1b}[2J\u{9b}1m\u{7}\r\nCLEAN  0 open breaks\n\u{202e}gnp.\u{2066}x\u{200b}<script>alert(1)<b>&\"'";

/// The case, in a folder whose name means harm, with logs whose names do.
fn workplace() -> TempDir {
    let folder = TempDir::new().unwrap();
    let bot = folder.path().join(HARM);
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(CASE), &bot);
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(CASE), &folder.path().join("corpus").join(CASE));
    fs::remove_file(bot.join("case.toml")).unwrap();
    let log = fs::read(bot.join("logs/run.jsonl")).unwrap();
    fs::write(bot.join(format!("logs/run-{HARM}.jsonl")), log).unwrap();
    let mut settings = fs::read_to_string(bot.join("tapecheck.toml")).unwrap();
    settings.insert_str(0, "[paths]\nrun = [\"logs/run*.jsonl\", \"logs/*/gone.jsonl\"]\n\n");
    fs::write(bot.join("tapecheck.toml"), settings).unwrap();
    symlink("nowhere", bot.join(format!("logs/run-{HARM}2.jsonl"))).unwrap();
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tapecheck")).current_dir(folder).args(arguments).output().unwrap()
}

/// Colours and weights of our own, and no other sequence: none that moves, blinks, hides or turns around.
fn without_colours(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        let (codes, after) = after.split_once('m').unwrap_or(("?", after));
        let ours = ["0", "1", "2", "22", "31", "32", "33", "34", "35", "36", "39", "90"];
        assert!(codes.split(';').all(|code| ours.contains(&code)), "{codes:?} in {text:?}");
        rest = after;
    }
    out + rest
}

/// Nothing that a terminal obeys, or that hides or turns around what it shows.
fn assert_is_shown(text: &str, about: &str) {
    let hidden = text.chars().filter(|letter| is_hidden(*letter) && *letter != '\n').collect::<String>();
    assert!(hidden.is_empty(), "{about}: {hidden:?} in {text:?}");
    // Nor a line that the data began.
    let lies = text.lines().any(|line| line.starts_with("CLEAN") || line.starts_with("\\u{202e}"));
    assert!(!lies, "{about}: {text}");
}

#[test]
fn text_is_shown_and_obeyed_by_no_terminal() {
    let folder = workplace();
    let broker = format!("{HARM}/broker");
    let mut seen = String::new();
    for colour in ["never", "always"] {
        for arguments in [
            &["replay", HARM, "--broker", &broker][..],
            &["replay", HARM, "--broker", &broker, "--verbose"],
            &["audit", HARM, "--broker", &broker, "--at", "2026-03-11T14:17:00Z"],
            &["show", "tape", HARM, "--broker", &broker],
            &["show", "book", HARM, "--broker", &broker],
            &["show", "biography", HARM, "--symbol", "DAL", "--broker", &broker, "--verbose"],
            &["config", HARM],
            &["init", HARM, "--stdout"],
            &["corpus", "run"],
            &["corpus", "run", "corpus", HARM],
            &["corpus", "list"],
            &["corpus", "add", "again", "--from", HARM, "--broker", &broker, "--replace"],
            &["corpus", "minimize", HARM, "--broker", &broker, "-o", "smallest", "--replace", "--timeout", "2"],
            &["replay", "nowhere-\u{1b}[2J\u{202e}"],
            &["replay", HARM, "--broker", "nowhere-\u{1b}[2J\u{202e}"],
            &["replay", HARM, "--config", "nowhere-\u{1b}[2J\u{202e}"],
            &["replay", HARM, "-o", "nowhere-\u{1b}[2J\u{202e}/file"],
            &["replay", HARM, "--symbol", "A\u{1b}[2J\u{202e}"],
            &["show", "biography", HARM, "--symbol", "GONE"],
        ] {
            let output = run(folder.path(), &[arguments, &["--color", colour]].concat());
            assert!(output.status.code().is_some(), "{arguments:?}: {output:?}");
            for text in [output.stdout, output.stderr] {
                let text = String::from_utf8(text).unwrap();
                assert_is_shown(&without_colours(&text), &format!("{arguments:?}"));
                seen.push_str(&text);
            }
        }
    }
    // It was there to be shown.
    for shown in [r"\u{1b}", r"\u{202e}", r"\u{200b}", r"\u{7}", "<script>alert(1)"] {
        assert!(seen.contains(shown), "{shown}");
    }
}

fn report(folder: &Path, format: &str) -> String {
    let broker = format!("{HARM}/broker");
    let at = "2026-03-11T14:17:00Z";
    let arguments = ["audit", HARM, "--broker", &broker, "--at", at, "--format", format];
    let printed = run(folder, &arguments);
    let file = run(folder, &[&arguments[..], &["-o", "report"]].concat());
    assert_eq!(printed.status, file.status);
    assert_eq!(printed.stdout, fs::read(folder.join("report")).unwrap(), "{format}");
    String::from_utf8(printed.stdout).unwrap()
}

#[test]
fn documents_hold_it_as_text() {
    let folder = workplace();
    let at = folder.path();
    for format in ["html", "junit", "sarif", "prometheus", "text"] {
        let text = report(at, format);
        assert_is_shown(&text, format);
        let opens = text.contains("<script>alert") || text.contains("<img src=x") || text.contains("alert(1)<b>");
        assert!(!opens || matches!(format, "sarif" | "prometheus" | "text"), "{format}: a tag is opened");
        assert!(text.contains("alert(1)"), "{format} shows it");
    }
    let json: Value = serde_json::from_str(&report(at, "json")).unwrap();
    assert!(json.to_string().contains("alert(1)"));
    serde_json::from_str::<Value>(&report(at, "sarif")).unwrap();
    for line in report(at, "prometheus").lines().filter(|line| !line.starts_with('#')) {
        let (labels, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok() && labels.ends_with('}'), "{line}");
    }
    for format in ["junit", "sarif", "json", "text"] {
        let output = run(at, &["corpus", "run", "corpus", HARM, "--format", format]);
        let text = String::from_utf8(output.stdout).unwrap();
        if matches!(format, "json" | "sarif") {
            serde_json::from_str::<Value>(&text).unwrap();
        }
        if format != "json" {
            assert_is_shown(&text, format);
        }
    }
    let tape = String::from_utf8(run(at, &["show", "tape", HARM, "--format", "json"]).stdout).unwrap();
    assert!(tape.lines().count() > 5 && tape.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    serde_json::from_slice::<Value>(&run(at, &["show", "book", HARM, "--format", "json"]).stdout).unwrap();
}
