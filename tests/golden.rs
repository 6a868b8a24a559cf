//! Golden outputs under `snapshots/`: what a reader sees. `just bless` accepts what is given now.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use assert_cmd::Command;

const BREAKS: &[&str] = &["corpus/scale-out-that-bought", "--broker", "corpus/scale-out-that-bought/broker"];
const QUIET: &[&str] = &["corpus/quiet-day", "--broker", "corpus/quiet-day/broker"];

fn stdout(arguments: &[&str]) -> String {
    stdout_at(80, arguments)
}

/// What is piped where COLUMNS is exported.
fn stdout_at(columns: u16, arguments: &[&str]) -> String {
    let mut command = Command::cargo_bin("tapecheck").unwrap();
    let columns = columns.to_string();
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).env("COLUMNS", columns).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn golden(name: &str, arguments: &[&str]) {
    golden_at(80, name, arguments);
}

fn golden_at(columns: u16, name: &str, arguments: &[&str]) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.add_filter(r#""(version|semanticVersion)": "[^"]+""#, r#""$1": "[version]""#);
    settings.bind(|| insta::assert_snapshot!(name, stdout_at(columns, arguments)));
}

#[test]
fn reports_at_eighty_columns() {
    golden("report-scale-out-that-bought", &[&["replay"], BREAKS].concat());
    golden("report-quiet-day", &[&["replay"], QUIET].concat());
}

#[test]
fn reports_at_other_widths() {
    golden_at(60, "report-at-60-columns", &[&["replay"], BREAKS].concat());
    golden_at(200, "report-at-200-columns", &[&["replay"], BREAKS].concat());
    golden_at(60, "audit-at-60-columns", &["audit", "corpus/quiet-day", "--broker", QUIET[2], "--at", "2026-03-12T15:12:00Z"]);
}

#[test]
fn metrics() {
    golden("metrics", &[&["replay", "--format", "prometheus", "--at", "2026-03-11T14:16:30.1Z"], BREAKS].concat());
}

#[test]
fn a_report_for_programs() {
    golden("report-json", &[&["replay", "--format", "json"], BREAKS].concat());
}

#[test]
fn a_report_for_ci() {
    golden("report-junit", &[&["replay", "--format", "junit"], BREAKS].concat());
    golden("report-sarif", &[&["replay", "--format", "sarif"], BREAKS].concat());
}

#[test]
fn a_biography() {
    golden("biography", &[&["show", "biography", "--symbol", "DAL"], BREAKS].concat());
}

#[test]
fn a_backtest() {
    let days = ["backtest", "corpus/scale-out-that-bought", "corpus/quiet-day", "corpus/closed-by-hand"];
    let grid = ["--interval", "15,60", "--confirm", "1,2", "--grace", "10,60", "--settle", "0", "--tune"];
    golden("backtest", &[days.as_slice(), &grid].concat());
}

#[test]
fn the_help_of_each_command() {
    golden("help", &["--help"]);
    golden("help-replay", &["replay", "--help"]);
    golden("help-audit", &["audit", "-h"]);
    golden("help-watch", &["watch", "-h"]);
    golden("help-backtest", &["backtest", "--help"]);
    golden("help-record", &["record", "-h"]);
    golden("help-explain", &["explain", "-h"]);
    golden("help-completions", &["completions", "-h"]);
    golden("help-man", &["man", "-h"]);
    golden("help-schema", &["schema", "-h"]);
    golden("help-config", &["config", "--help"]);
    golden("help-init", &["init", "--help"]);
    golden("help-show", &["show", "--help"]);
    golden("help-show-tape", &["show", "tape", "--help"]);
    golden("help-show-book", &["show", "book", "--help"]);
    golden("help-show-biography", &["show", "biography", "--help"]);
    golden("help-corpus", &["corpus", "--help"]);
    golden("help-corpus-run", &["corpus", "run", "--help"]);
    golden("help-corpus-add", &["corpus", "add", "--help"]);
    golden("help-corpus-accept", &["corpus", "accept", "--help"]);
    golden("help-corpus-minimize", &["corpus", "minimize", "--help"]);
    golden("help-corpus-list", &["corpus", "list", "--help"]);
    golden("help-corpus-diff", &["corpus", "diff", "--help"]);
}

/// The README's blocks are the program's own words: each `$ command` is run, and what follows is what it printed.
#[test]
fn the_readme_does_not_lie() {
    let readme = include_str!("../README.md");
    let mut told = 0;
    for block in readme.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let (command, printed) = block.split_once('\n').unwrap();
        let Some(arguments) = command.strip_prefix("$ cargo run --release -- ") else { continue };
        let arguments: Vec<&str> = arguments.split(' ').collect();
        assert_eq!(stdout(&arguments).trim_end(), printed.trim_end(), "{command}");
        told += 1;
    }
    assert!(told > 0);
}
