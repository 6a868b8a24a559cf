//! `tapecheck corpus minimize`: the same break stays, nothing that is left can go, and nothing else is touched.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails, and brings its own files")]

mod folders;

use assert_cmd::Command;
use folders::copy;
use serde_json::Value;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use tapecheck::breaks::{Break, Severity};
use tapecheck::brokers::recording::{self, Existing};
use tapecheck::cli::corpus::parsed;
use tapecheck::corpus::case::Case;
use tapecheck::corpus::minimize::{self, CannotMinimize, Choice, Input, Minimized, Wanted, Watch};
use tapecheck::report::Report;
use tempfile::TempDir;

const BREAKS: &str = "scale-out-that-bought";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("corpus")).unwrap();
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    cases.sort();
    cases
}

/// Minimises a case to a break; the time is over when it is asked for the `most`th time.
fn minimized(folder: &Path, into: &Path, id: &str, most: usize) -> Result<Minimized, CannotMinimize> {
    let case = Case::load(folder, parsed).unwrap();
    let wanted = Wanted {
        input: Input::Case(Box::new(case)),
        into: into.to_owned(),
        name: "small".to_owned(),
        existing: Existing::Replace,
        choice: Choice { id: Some(id.to_owned()), ..Choice::default() },
    };
    let asked = Cell::new(0);
    let is_over = || {
        asked.set(asked.get() + 1);
        asked.get() >= most
    };
    minimize::minimize(&wanted, &Watch { is_over: &is_over, tell: &|_| {} }, parsed)
}

/// A case in memory: every file of it, by its path.
type Files = BTreeMap<String, String>;

fn files(folder: &Path) -> Files {
    let mut found = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

/// What the files give: the same path as any replay.
fn report(case: &Case, files: &Files) -> Report {
    let texts = files.iter().map(|(path, text)| (path.clone(), text.clone())).collect();
    let request = case.request();
    let mut recording = request.broker.as_ref().map(|path| recording::load(path, request.window.at).unwrap());
    if let Some(recording) = &mut recording {
        recording.bodies.retain(|endpoint, _| files.contains_key(&format!("broker/{}", endpoint.file())));
        for (endpoint, body) in &mut recording.bodies {
            body.text.clone_from(&files[&format!("broker/{}", endpoint.file())]);
        }
    }
    tapecheck::judge(request, tapecheck::read::texts(texts, &request.layout), recording.as_ref()).report
}

/// Every way to take one line or one row away.
fn without_one(files: &Files) -> Vec<(String, Files)> {
    let mut ways = Vec::new();
    let mut way = |path: &str, what: String, text: String| {
        let mut less = files.clone();
        less.insert(path.to_owned(), text);
        ways.push((format!("{path}: {what}"), less));
    };
    for (path, text) in files.iter().filter(|(path, _)| path.contains('/') && !path.ends_with("recording.json")) {
        if path.ends_with(".jsonl") {
            for (place, line) in text.lines().enumerate() {
                let rest: Vec<&str> =
                    text.split_inclusive('\n').enumerate().filter(|(other, _)| *other != place).map(|(_, line)| line).collect();
                way(path, line.to_owned(), rest.concat());
            }
            continue;
        }
        let document: Value = serde_json::from_str(text).unwrap();
        for list in ["", "/opens", "/positions"] {
            let Some(rows) = document.pointer(list) else { continue };
            let keys: Vec<String> = match rows {
                Value::Array(rows) => (0..rows.len()).map(|place| place.to_string()).collect(),
                Value::Object(rows) => rows.iter().filter(|(_, row)| row.is_object()).map(|(key, _)| key.clone()).collect(),
                _ => Vec::new(),
            };
            for key in keys.iter().filter(|key| !["opens", "positions"].contains(&key.as_str())) {
                let mut less = document.clone();
                match less.pointer_mut(list).unwrap() {
                    Value::Array(rows) => drop(rows.remove(key.parse().unwrap())),
                    Value::Object(rows) => drop(rows.remove(key)),
                    _ => {}
                }
                way(path, format!("{list}/{key}"), less.to_string());
            }
        }
    }
    ways
}

type Sort = (String, &'static str, &'static str, &'static str, &'static str);

fn sort(found: &Break) -> Sort {
    let symbol = found.symbol.as_ref().map(ToString::to_string).unwrap_or_default();
    (symbol, found.kind.code(), found.book.code(), found.witness, found.cause.code)
}

fn same(one: &Break, other: &Break) -> bool {
    let identity = |found: &Break| (found.id(), sort(found), found.cause.proved, found.cause.alternatives.clone());
    identity(one) == identity(other) && one.expected == other.expected && one.actual == other.actual
}

/// The same break is there, and none that was not there before.
fn shows(report: &Report, found: &Break, whole: &Report) -> bool {
    let known: BTreeSet<Sort> = whole.breaks.iter().map(sort).collect();
    let counting = report.breaks.iter().filter(|found| found.severity != Severity::Note);
    report.breaks.iter().any(|other| same(found, other)) && counting.into_iter().all(|other| known.contains(&sort(other)))
}

#[test]
fn every_break_of_every_case_stays_and_no_line_that_is_left_can_go() {
    let folder = TempDir::new().unwrap();
    let (mut kinds, mut slips, mut larger) = (BTreeSet::new(), 0, 0);
    for path in cases() {
        let case = Case::load(&path, parsed).unwrap();
        let whole = case.replay().unwrap().report;
        for found in &whole.breaks {
            let small = minimized(&path, folder.path(), &found.id(), usize::MAX).unwrap();
            let name = format!("{} {}", case.name(), minimize::line(found));
            assert!(!small.stopped && same(&small.found, found), "{name}");
            kinds.insert(found.kind.code());
            let made = Case::load(&small.folder, parsed).unwrap();
            assert!(shows(&made.replay().unwrap().report, found, &whole), "{name}");
            assert_eq!(made.given().unwrap(), made.accepted().unwrap(), "{name}");
            larger += usize::from(small.after.lines > 5);
            // A slower search than this would stop here: one line less, and the symbol has another cause.
            let mut left = files(&small.folder);
            left.retain(|path, _| !["case.toml", "expected.json"].contains(&path.as_str()));
            assert!(shows(&report(&made, &left), found, &whole), "{name}");
            for (what, less) in without_one(&left) {
                let report = report(&made, &less);
                assert!(!shows(&report, found, &whole), "{name} can do without {what}");
                let slipped = |other: &&Break| sort(other).0 == sort(found).0 && other.kind == found.kind && !same(other, found);
                slips += report.breaks.iter().filter(slipped).count();
            }
        }
    }
    assert_eq!(kinds.len(), tapecheck::breaks::Kind::ALL.len(), "{kinds:?}");
    assert!(slips > 10, "{slips}: no line was ever between a cause and another one");
    assert_eq!(larger, 0);
}

#[test]
fn a_cause_that_would_turn_into_another_keeps_its_line() {
    let folder = TempDir::new().unwrap();
    let path = root().join("corpus").join(BREAKS);
    let case = Case::load(&path, parsed).unwrap();
    let whole = case.replay().unwrap().report;
    let found = whole.breaks.iter().find(|found| found.cause.code == "scale_out_wrong_side").unwrap();
    let small = minimized(&path, folder.path(), &found.id(), usize::MAX).unwrap();
    assert!(small.after.lines <= 3 && small.before.lines > 10);
    // Without the scale-out's record DAL breaks still, in the same quantity: somebody bought.
    let made = Case::load(&small.folder, parsed).unwrap();
    let mut less = files(&small.folder);
    less.retain(|_, text| !text.contains("scale_"));
    let other = report(&made, &less);
    let turned = other.breaks.iter().find(|other| sort(other).0 == "DAL").unwrap();
    assert_eq!((turned.kind, turned.actual.text()), (found.kind, found.actual.text()));
    assert_eq!(turned.cause.code, "external_trade");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let folder = TempDir::new().unwrap();
    let path = root().join("corpus").join(BREAKS);
    let id = Case::load(&path, parsed).unwrap().replay().unwrap().report.breaks[0].id();
    let made = [0, 1].map(|_| {
        let small = minimized(&path, folder.path(), &id, usize::MAX).unwrap();
        (files(&small.folder), small.replays)
    });
    assert_eq!(made[0], made[1]);
}

#[test]
fn when_the_time_is_over_the_smallest_so_far_is_kept() {
    let folder = TempDir::new().unwrap();
    let path = root().join("corpus").join(BREAKS);
    let whole = Case::load(&path, parsed).unwrap().replay().unwrap().report;
    let found = &whole.breaks[0];
    let sizes = [1, 12, 30, usize::MAX].map(|most| {
        let small = minimized(&path, folder.path(), &found.id(), most).unwrap();
        assert_eq!(small.stopped, most != usize::MAX);
        let made = Case::load(&small.folder, parsed).unwrap();
        assert!(shows(&made.replay().unwrap().report, found, &whole), "{most}");
        (small.after.lines + small.after.rows, small.replays)
    });
    assert_eq!(sizes[0].1, 1, "only the whole was replayed");
    assert!(sizes.windows(2).all(|pair| pair[0].0 >= pair[1].0 && pair[0].1 < pair[1].1), "{sizes:?}");
    assert!(sizes[0].0 > sizes[2].0);
}

fn tapecheck(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("tapecheck").unwrap();
    command.current_dir(folder).args(["corpus"]).args(arguments).env_remove("NO_COLOR").output().unwrap()
}

/// Exit status, stdout, stderr.
fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = tapecheck(folder, arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn corpus(names: &[&str]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for name in names {
        copy(&root().join("corpus").join(name), &folder.path().join("corpus").join(name));
    }
    folder
}

#[test]
fn the_new_case_lies_beside_the_old_one_and_is_a_case() {
    let folder = corpus(&[BREAKS]);
    let before = files(&folder.path().join("corpus"));
    let case = format!("corpus/{BREAKS}");
    let (status, text, error) = run(folder.path(), &["minimize", &case]);
    assert_eq!(status, 0, "{error}");
    assert!(text.starts_with(&format!("made {case}-minimal break DAL quantity, cause scale_out_wrong_side")), "{text}");
    assert!(text.contains("logs/attribution.jsonl 1 of 2 lines") && text.contains("can go alone"), "{text}");
    // What it cost goes to stderr, in one line where nobody watches.
    assert!(error.starts_with("14 lines and 7 rows -> ") && error.contains(" replays, "), "{error}");
    assert_eq!(run(folder.path(), &["run", "--strict"]).1, "2 cases: 2 same, 0 changed, 0 could not be checked");
    let after = files(&folder.path().join("corpus"));
    assert!(before.iter().all(|(path, text)| after[path] == *text));
    let manifest = &after[&format!("{BREAKS}-minimal/case.toml")];
    assert!(manifest.contains("not 7. Minimised to DAL, quantity, scale_out_wrong_side.\""), "{manifest}");
    assert!(manifest.contains("shows = [\"scale_out_wrong_side\"]"), "{manifest}");
    // Nothing is left beside it, what is there stays, and a minimal case is not made smaller.
    assert_eq!(fs::read_dir(folder.path().join("corpus")).unwrap().count(), 2);
    assert_eq!(run(folder.path(), &["minimize", &case]).0, 2);
    assert_eq!(run(folder.path(), &["minimize", &case, "--replace"]).1, text);
    let quiet = run(folder.path(), &["minimize", &case, "--replace", "--quiet"]);
    assert_eq!(quiet, (0, format!("made {case}-minimal"), String::new()));
    let small = format!("{case}-minimal");
    assert_eq!(run(folder.path(), &["minimize", &small, "-o", "corpus/again"]).0, 0);
    let again = files(&folder.path().join("corpus/again"));
    let small = files(&folder.path().join(small));
    assert!(small.iter().all(|(path, text)| !path.contains('/') || again[path] == *text), "{again:?}");
    assert_eq!(again["case.toml"].matches("Minimised to").count(), 1);
}

#[test]
fn what_cannot_be_minimised_is_said_and_nothing_is_written() {
    let folder = corpus(&[BREAKS, "executor-older-than-the-last-trade"]);
    fs::create_dir(folder.path().join("mine")).unwrap();
    let case = format!("corpus/{BREAKS}");
    let before = files(folder.path());
    let refused = |arguments: &[&str], says: &str| {
        let (status, text, error) = run(folder.path(), &[&["minimize"], arguments].concat());
        assert_eq!((status, text.as_str()), (2, ""), "{arguments:?}: {error}");
        assert!(error.contains(says), "{arguments:?} says: {error}");
        assert_eq!(files(folder.path()), before, "{arguments:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "{arguments:?}");
    };
    refused(&["corpus/executor-older-than-the-last-trade"], "shows no break, so there is none to keep");
    refused(&[&case, "--symbol", "HOOD"], "shows no such break; it shows: DAL quantity, cause scale_out_wrong_side");
    refused(&[&case, "--kind", "orphan"], "shows no such break");
    refused(&[&case, "--cause", "side_flip"], "shows no such break");
    refused(&[&case, "--break", "000000"], "shows no such break");
    refused(&[&case, "--kind", "wrong"], "the kinds are missing, orphan");
    refused(&[&case, "--cause", "wrong"], "the causes are");
    refused(&[&case, "--break", "xyz"], "hexadecimal");
    refused(&[&case, "--timeout", "0"], "seconds");
    refused(&[&case, "--day", "2026-03-11"], "has its window and its broker in its case.toml");
    refused(&[&case, "-o", &case, "--replace"], "written over what it is made of");
    refused(&[&case, "-o", &format!("{case}/small")], "written over what it is made of");
    refused(&[&case, "-o", "corpus", "--replace"], "is no case");
    refused(&[&case, "-o", "mine"], "already there");
    refused(&[&case, "-o", "mine", "--replace"], "is no case");
    refused(&[&case, "-o", "a b"], "cannot be a case's name");
    refused(&[&case, "-o", ".."], "no name");
    refused(&["nowhere", "-o", "small"], "nowhere");
    fs::remove_file(folder.path().join(&case).join("case.toml")).unwrap();
    let (status, _, error) = run(folder.path(), &["minimize", &case]);
    assert!(status == 2 && error.contains("half-copied"), "{error}");
}

const ORDER: &str = "b1d2c3a4-0001-4e10-9a01-aa0000000001";

#[test]
fn a_bots_directory_is_minimised_and_redacted() {
    let folder = corpus(&[BREAKS]);
    let bot = folder.path().join("bot");
    fs::rename(folder.path().join("corpus").join(BREAKS), &bot).unwrap();
    fs::remove_file(bot.join("case.toml")).unwrap();
    fs::remove_file(bot.join("expected.json")).unwrap();
    for file in ["orders.json", "activities.json"] {
        let file = bot.join("broker").join(file);
        let text = fs::read_to_string(&file).unwrap().replace("00000000-0000-4000-8000-0000000000b2", ORDER);
        fs::write(file, text).unwrap();
    }
    let before = files(&bot);
    let ask = ["minimize", "bot", "--broker", "bot/broker"];
    let (status, _, error) = run(folder.path(), &ask);
    assert!(status == 2 && error.contains("needs --output"), "{error}");
    assert_eq!(run(folder.path(), &["minimize", "bot", "--broker", "live", "-o", "out/small"]).0, 2);
    assert_eq!(run(folder.path(), &["minimize", "bot", "--until", "2026-03-01", "-o", "out/small"]).0, 2);
    assert_eq!(run(folder.path(), &[&ask[..], &["-o", "bot/small"]].concat()).0, 2);
    let chosen = ["--symbol", "dal", "--cause", "scale_out_wrong_side", "--day", "2026-03-11", "-o", "out/small"];
    let (status, text, error) = run(folder.path(), &[&ask[..], &chosen[..]].concat());
    assert_eq!(status, 0, "{error}");
    assert!(text.contains("redacted ") && text.contains("DAL quantity"), "{text}");
    assert_eq!(files(&bot), before);
    let made = files(&folder.path().join("out/small"));
    assert!(made["case.toml"].contains("day = \"2026-03-11\""), "{made:?}");
    assert!(made["case.toml"].contains("A recorded incident, 2026-03-11. Minimised to DAL"), "{made:?}");
    assert!(made.values().all(|text| !text.contains(ORDER)), "{made:?}");
    assert_eq!(run(folder.path(), &["run", "out/small", "--strict"]).0, 0);
}

/// The real day, where it is at hand: its first wrong scale-out of HOOD is told by five lines of 1,562.
#[test]
fn a_day_becomes_a_handful_of_lines() {
    let sample = root().join("../shared/samples/real-2026-02");
    if !sample.is_dir() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let sample = sample.to_str().unwrap();
    let chosen = ["--symbol", "HOOD", "--cause", "scale_out_wrong_side", "-o", "hood", "--timeout", "600"];
    let (status, text, error) = run(folder.path(), &[&["minimize", sample], &chosen[..]].concat());
    assert_eq!(status, 0, "{error}");
    let left = error.strip_prefix("1,562 lines -> ").and_then(|rest| rest.split(' ').next()?.parse::<u32>().ok());
    assert!(left.is_some_and(|left| left <= 5), "{error}\n{text}");
    let expected: Value = serde_json::from_str(&files(&folder.path().join("hood"))["expected.json"]).unwrap();
    assert_eq!(expected["breaks"][0]["symbol"], "HOOD");
    assert_eq!(expected["breaks"][0]["cause"]["code"], "scale_out_wrong_side");
    assert_eq!(run(folder.path(), &["run", "hood", "--strict"]).0, 0);
}
