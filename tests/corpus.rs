//! Every case under `corpus/` gives the report that was accepted. `UPDATE_CASES=1 cargo test --test corpus` accepts what is given now.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a test that cannot go on fails, and reads the cases"
)]

use assert_cmd::Command;
use serde::Deserialize;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// `case.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    about: String,
    /// Causes that it shows: the accepted report has a break of each.
    #[serde(default)]
    shows: Vec<String>,
    /// Causes that it looks like, and that are not what happened: the accepted report has a break of none.
    #[serde(default)]
    looks_like: Vec<String>,
    /// `replay`, or `audit`: then the report has the checks, too.
    #[serde(default = "replay")]
    command: String,
    /// The recording, below the case's folder.
    broker: Option<String>,
    day: Option<String>,
    from: Option<String>,
    until: Option<String>,
    at: Option<String>,
    #[serde(default)]
    flags: Vec<String>,
}

fn replay() -> String {
    "replay".to_owned()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cases() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("corpus")).unwrap();
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    cases.sort();
    cases
}

fn read(folder: &Path) -> Case {
    toml::from_str(&std::fs::read_to_string(folder.join("case.toml")).unwrap()).unwrap()
}

/// The report of a case without its producer: a new version is not a change.
fn report(case: &Case) -> Value {
    let directory = format!("corpus/{}", case.name);
    let mut command = Command::cargo_bin("tapecheck").unwrap();
    command.current_dir(root()).args([&case.command, &directory, "--format", "json"]);
    if let Some(broker) = &case.broker {
        command.args(["--broker", &format!("{directory}/{broker}")]);
    }
    for (flag, value) in [("--day", &case.day), ("--from", &case.from), ("--until", &case.until), ("--at", &case.at)] {
        if let Some(value) = value {
            command.args([flag, value]);
        }
    }
    let output = command.args(&case.flags).output().unwrap();
    let mut report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    report.as_object_mut().unwrap().remove("producer").unwrap();
    report
}

/// Whether what is given now is accepted.
fn accepts() -> bool {
    std::env::var_os("UPDATE_CASES").is_some_and(|value| value == "1")
}

#[test]
fn every_case_gives_the_accepted_report() {
    let mut changed = Vec::new();
    for folder in cases() {
        let case = read(&folder);
        let report = report(&case);
        let accepted = folder.join("expected.json");
        if accepts() {
            std::fs::write(&accepted, serde_json::to_string_pretty(&report).unwrap() + "\n").unwrap();
            continue;
        }
        let text = std::fs::read_to_string(&accepted).unwrap_or_else(|_| panic!("{} has no expected.json", case.name));
        if serde_json::from_str::<Value>(&text).unwrap() != report {
            changed.push(format!("{}: {} became {}\n{report:#}", case.name, text, report["verdict"]));
        }
    }
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}

/// The codes of the causes of the accepted report's breaks.
fn accepted_causes(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap();
    let breaks = report["breaks"].as_array().unwrap();
    breaks.iter().map(|found| found["cause"]["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_case_shows_the_causes_that_it_names() {
    if accepts() {
        // They are being written: the next run looks at them.
        return;
    }
    let mut wrong = Vec::new();
    for folder in cases() {
        let case = read(&folder);
        let causes = accepted_causes(&folder);
        for code in &case.shows {
            if !causes.contains(code) {
                wrong.push(format!("{} should show {code}, and shows {causes:?}", case.name));
            }
        }
        for code in &case.looks_like {
            if causes.contains(code) {
                wrong.push(format!("{} looks like {code} and is not: it shows {causes:?}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_case_says_what_happened_and_is_small() {
    for folder in cases() {
        let case = read(&folder);
        assert_eq!(folder.file_name().unwrap().to_str(), Some(case.name.as_str()));
        assert!(case.about.len() > 20 && !case.about.contains('\n'), "{}", case.name);
        let mut bytes = 0;
        let mut folders = vec![folder.clone()];
        while let Some(next) = folders.pop() {
            for entry in std::fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with("expected.json") {
                    bytes += std::fs::read_to_string(&path).unwrap().len();
                }
            }
        }
        assert!(bytes < 20_000, "{} is {bytes} bytes: make it smaller", case.name);
    }
}
