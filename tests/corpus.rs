//! Every case under `corpus/` gives the report that was accepted, and is what a case should be. `tapecheck corpus accept` accepts what is
//! given now.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails, and reads the cases")]

use assert_cmd::Command;
use serde_json::Value;
use std::path::{Path, PathBuf};
use tapecheck::cli::corpus::parsed;
use tapecheck::corpus::case::Case;

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
    Case::load(folder, parsed).unwrap()
}

#[test]
fn every_case_gives_the_accepted_report() {
    let output =
        Command::cargo_bin("tapecheck").unwrap().current_dir(root()).args(["corpus", "run", "--strict"]).output().unwrap();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
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
    let mut wrong = Vec::new();
    for folder in cases() {
        let case = read(&folder);
        let causes = accepted_causes(&folder);
        for code in &case.manifest.shows {
            if !causes.contains(code) {
                wrong.push(format!("{} should show {code}, and shows {causes:?}", case.name()));
            }
        }
        for code in &case.manifest.looks_like {
            if causes.contains(code) {
                wrong.push(format!("{} looks like {code} and is not: it shows {causes:?}", case.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_case_says_what_happened_and_is_small() {
    for folder in cases() {
        let case = read(&folder);
        assert_eq!(folder.file_name().unwrap().to_str(), Some(case.name()));
        assert!(case.manifest.about.len() > 20 && !case.manifest.about.contains('\n'), "{}", case.name());
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
        assert!(bytes < 20_000, "{} is {bytes} bytes: make it smaller", case.name());
    }
}

/// A case that is held in memory takes the path of the one on disk.
#[test]
fn a_case_in_memory_gives_the_same_report() {
    let mut compared = 0;
    for folder in cases() {
        let case = read(&folder);
        let request = case.request();
        let files = tapecheck::read::files(&folder, &request.layout);
        // What is no file, and what calls itself compressed, is not text that could be held.
        let text = |(path, file): (String, PathBuf)| Some((path, std::fs::read_to_string(file).ok()?));
        let compressed = files.iter().any(|(path, _)| path.ends_with(".gz"));
        let Some(texts) = files.into_iter().map(text).collect::<Option<Vec<_>>>().filter(|_| !compressed) else { continue };
        let recording = request.broker.as_ref().map(|path| tapecheck::brokers::recording::load(path, request.window.at).unwrap());
        let mut replay = tapecheck::judge(request, tapecheck::read::texts(texts, &request.layout), recording.as_ref());
        replay.report.asked = case.asked();
        let report = tapecheck::outputs::json::value(&replay.report).unwrap();
        let given = tapecheck::corpus::case::Given::of(report).unwrap();
        assert_eq!(given, case.given().unwrap(), "{}", case.name());
        compared += 1;
    }
    assert!(compared > 90, "{compared}");
}
