//! The floors of the house: which module may know which, how long things may get, and what may not be written at all.
//!
//! Exceptions are listed beside their rule; a list may only get shorter.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails, and reads the project")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One source file: its path below `src/`, and its text up to its tests.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// `ledger`, `logs`, `cli`: the module of the top level that it belongs to.
    fn module(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }

    /// The code, without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.text.lines().enumerate().map(|(place, line)| (place + 1, line));
        numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// The modules of the top level that it names.
    fn imports(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (_, line) in self.code() {
            for part in line.split("crate::").skip(1) {
                let name: String = part.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '_').collect();
                found.insert(name);
            }
        }
        found
    }
}

fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|other| other == extension) {
            found.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    files(&root().join("src"), "rs", &mut paths);
    // Tests that would not fit below what they test lie beside it.
    let is_test = |path: &Path| path.file_stem().is_some_and(|stem| stem == "tests" || stem == "keys_tests");
    paths
        .into_iter()
        .filter(|path| !is_test(path))
        .map(|path| {
            let whole = std::fs::read_to_string(&path).unwrap();
            let text = whole.split("\n#[cfg(test)]\n").next().unwrap().to_owned();
            let path = path.strip_prefix(root().join("src")).unwrap().to_str().unwrap().replace('\\', "/");
            Source { path, text }
        })
        .collect()
}

/// From the ground up: a module may know what stands on a floor below its own, and its neighbours on the floors marked so.
const FLOORS: &[(&str, &[&str])] = &[
    (
        "the ground",
        &[
            "origin", "time", "trouble", "calendar", "bounds", "compact", "constant", "progress", "whole", "lines", "order_id",
            "blocks",
        ],
    ),
    ("what is held", &["provenance", "position"]),
    ("what happened", &["witness", "event"]),
    ("one record", &["json"]),
    ("the readers", &["logs", "books"]),
    ("where files lie", &["layout"]),
    ("the tape", &["profit", "sightings", "fills", "runs", "tape", "breaks", "words", "account", "accounts"]),
    ("a source", &["prints", "source"]),
    ("the cache", &["cache"]),
    ("the bot's directory", &["open", "documents", "cutter", "stream", "read", "seek"]),
    ("the ledger", &["outcome", "biographies", "ledger", "assertion", "whole_book", "counts", "judged", "lives"]),
    ("the causes", &["symbol_tapes", "flows", "ties", "causes", "rivals", "cause"]),
    ("the brokers", &["brokers"]),
    ("the checks", &["checks", "catalogue"]),
    ("the report", &["report", "again", "integrity", "excerpts", "spots", "fold", "accept"]),
    ("the follower", &["follow"]),
    ("the alarms", &["alarms"]),
    ("the settings", &["settings"]),
    ("the outputs", &["outputs"]),
    ("the corpus, the watch, and where it speaks", &["corpus", "backtest", "watch", "tell"]),
    ("the command line", &["cli"]),
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|(_, modules)| modules.contains(&module))
}

/// What `lib.rs` itself has.
const FRONT_DOOR: [&str; 8] = ["", "replay", "judge", "since", "hear", "cut", "begin", "conclude"];

#[test]
fn imports_go_down() {
    for source in sources() {
        let module = source.module();
        if ["lib", "main"].contains(&module) {
            continue;
        }
        let own = floor(module).unwrap_or_else(|| panic!("src/{}: on which floor is `{module}`? Say so in FLOORS", source.path));
        for import in source.imports() {
            // The front door, for the command line, the corpus, and who follows a bot alone.
            let Some(other) = floor(&import) else {
                assert!(
                    ["cli", "corpus", "backtest", "follow", "watch"].contains(&module) && FRONT_DOOR.contains(&import.as_str()),
                    "src/{} knows `{import}`",
                    source.path
                );
                continue;
            };
            assert!(other <= own, "src/{} knows `{import}`, which stands above it", source.path);
        }
    }
}

/// The absences that ARCHITECTURE.md promises.
#[test]
fn what_must_not_be_known_is_not() {
    let knows = |modules: &[&str], unknown: &[&str]| {
        for source in sources().iter().filter(|source| modules.contains(&source.module())) {
            for import in source.imports() {
                assert!(!unknown.contains(&import.as_str()), "src/{} knows `{import}`", source.path);
            }
        }
    };
    let core =
        ["ledger", "assertion", "judged", "account", "breaks", "sightings", "fills", "runs", "tape", "position", "event", "time"];
    knows(&core, &["logs", "books", "brokers", "read", "source", "json", "report", "outputs", "cli"]);
    knows(&["logs", "books"], &["ledger", "assertion", "judged", "account", "breaks", "tape", "report", "outputs", "read"]);
    knows(&["brokers"], &["ledger", "assertion", "judged", "account", "breaks", "tape", "report", "outputs"]);
    knows(&["checks"], &["logs", "read", "tape", "json", "report", "outputs", "cli"]);
    knows(&["report"], &["outputs", "cli", "logs", "read"]);
    for source in sources() {
        let core = core.contains(&source.module())
            || ["report", "checks", "calendar", "logs", "books", "outputs", "settings", "accept"].contains(&source.module());
        let edge = [
            "whole", "open", "read", "layout", "cutter", "stream", "seek", "excerpts", "cache", "follow", "watch", "corpus",
            "tell", "cli", "main",
        ]
        .contains(&source.module())
            || source.path.starts_with("brokers/");
        for (line, text) in source.code() {
            let file = ["std::fs", "std::io", "std::net", "std::env", "SystemTime", "Utc::now", "Instant::now"];
            // To write into what one is given is not to touch the world.
            let is_given =
                text.contains("env!(") || ["use std::io::Write;", "use std::io::{Result, Write};"].contains(&text.trim());
            let touched = file.iter().find(|name| text.contains(**name) && !is_given);
            assert!(touched.is_none() || (edge && !core), "src/{}:{line} touches the world: {text}", source.path);
            let serialises = text.contains("Serialize") || text.contains("serde_json::to_");
            // The cache, the checkpoint and the guard's memory are written to be read by the same program alone: nobody's format.
            let may = ["outputs", "cache", "compact", "constant", "follow", "watch"].contains(&source.module())
                || ["json/mod.rs", "brokers/recording/write.rs"].contains(&source.path.as_str());
            assert!(!serialises || may || text.contains("Deserialize"), "src/{}:{line} serialises: {text}", source.path);
        }
    }
}

/// Leaves know their folder's `mod.rs` and not each other. These few share a wire shape that the bot writes into several logs.
const LEAVES_THAT_SHARE: &[(&str, &str)] = &[
    ("books/internal_positions.rs", "alpaca_positions"),
    ("logs/data_integrity.rs", "reload"),
    ("logs/displacement.rs", "reload"),
    ("logs/eod_flatten.rs", "reload"),
    ("logs/health_check.rs", "audit_positions_autofix"),
    ("logs/position_flip.rs", "displacement"),
    ("logs/position_reconciliation_v2.rs", "audit_positions_autofix"),
    ("logs/run_once.rs", "reload"),
];

#[test]
fn leaves_do_not_know_each_other() {
    let mut shared = BTreeSet::new();
    for source in sources().iter().filter(|source| source.path.starts_with("logs/") || source.path.starts_with("books/")) {
        let own = source.path.split('/').next_back().unwrap().trim_end_matches(".rs");
        let siblings: Vec<String> = sources()
            .iter()
            .filter(|other| other.module() == source.module())
            .map(|other| other.path.split('/').next_back().unwrap().trim_end_matches(".rs").to_owned())
            .filter(|name| name != own && name != "mod")
            .collect();
        for (line, text) in source.code().filter(|(_, text)| own != "mod" && text.contains("super::")) {
            for sibling in &siblings {
                let named = text.contains(&format!("super::{sibling}::")) || text.contains(&format!(" {sibling}::"));
                if named {
                    let known = LEAVES_THAT_SHARE.contains(&(source.path.as_str(), sibling.as_str()));
                    assert!(known, "src/{}:{line} knows its neighbour {sibling}", source.path);
                    shared.insert((source.path.clone(), sibling.clone()));
                }
            }
        }
    }
    for (path, sibling) in LEAVES_THAT_SHARE {
        let still = shared.contains(&((*path).to_owned(), (*sibling).to_owned()));
        assert!(still, "src/{path} no longer knows {sibling}: strike it off the list");
    }
}

/// The most lines of a file before its tests.
const LONGEST_FILE: usize = 450;

/// Longer ones, with what they may have at most until they are cut.
const LONGER_FILES: &[(&str, usize)] = &[];

#[test]
fn files_fit_a_sitting() {
    for source in sources() {
        let lines = source.text.lines().count();
        let most = LONGER_FILES.iter().find(|(path, _)| *path == source.path).map_or(LONGEST_FILE, |(_, most)| *most);
        assert!(lines <= most, "src/{} has {lines} lines, {most} at most", source.path);
    }
}

/// The most lines of a function: a screen.
const LONGEST_FUNCTION: usize = 70;

#[test]
fn functions_fit_a_screen() {
    for source in sources() {
        let lines: Vec<&str> = source.text.lines().collect();
        for (place, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let word =
                line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ");
            if !word.starts_with("fn ") || line.trim_end().ends_with(['}', ';']) {
                continue;
            }
            let end = format!("{}}}", " ".repeat(indent));
            let length = lines[place..].iter().position(|other| *other == end).map_or(0, |length| length + 1);
            assert!(length <= LONGEST_FUNCTION, "src/{}:{} is {length} lines long", source.path, place + 1);
        }
    }
}

#[test]
fn nothing_that_gives_up_or_hides() {
    let words = [
        ".unwrap()",
        ".expect(",
        "panic!(",
        "todo!(",
        "unimplemented!(",
        "unreachable!(",
        "dbg!(",
        // It panics where stderr is full or gone.
        "eprint",
        "#[allow",
        "#![allow",
        "unsafe ",
    ];
    let wires = ["serde(flatten)", "serde(untagged)"];
    for source in sources() {
        for (line, text) in source.code() {
            for word in words.iter().chain(&wires) {
                assert!(!text.contains(word), "src/{}:{line} says `{word}`", source.path);
            }
            let expects = text.contains("#[expect(") || text.contains("#![expect(");
            assert!(!expects || text.contains("reason = ") || !text.trim_end().ends_with(")]"), "src/{}:{line}", source.path);
        }
    }
}

/// Names that say nothing of what is inside.
const EMPTY_NAMES: [&str; 7] = ["utils", "util", "common", "helpers", "prelude", "misc", "manager"];

#[test]
fn names_say_what_is_inside() {
    for source in sources() {
        let empty = source.path.split('/').any(|part| EMPTY_NAMES.contains(&part.trim_end_matches(".rs")));
        assert!(!empty, "src/{}", source.path);
        assert!(source.text.starts_with("//!"), "src/{} does not say what it is", source.path);
    }
}

/// What belongs to the place where the project was written, and to nobody who reads it.
#[test]
fn no_word_of_the_workplace() {
    let mut paths = Vec::new();
    for folder in ["src", "tests", "docs"] {
        files(&root().join(folder), "rs", &mut paths);
        files(&root().join(folder), "md", &mut paths);
    }
    paths.extend(
        ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "Cargo.toml", "deny.toml", "justfile", ".ci/run"]
            .map(|name| root().join(name)),
    );
    // Spelt in two parts, so that this file may be read too.
    let words = [concat!("/wo", "rk"), concat!("crates", ".io"), concat!("pypi", ".org"), concat!("npmjs", ".")];
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{} is not there", path.display()));
        for word in words {
            assert!(!text.contains(word), "{} says {word}", path.display());
        }
    }
}

/// The quick reader tells a wire shape its members by their places, which the list of its names has only while each has one.
#[test]
fn no_wire_shape_has_two_names_for_one_member() {
    for source in sources() {
        let alias = source.code().find(|(_, text)| text.contains("serde(") && text.contains("alias"));
        assert!(alias.is_none(), "src/{}: {alias:?}", source.path);
    }
}

#[test]
fn the_architecture_is_short_and_names_every_module() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    assert!(text.lines().count() <= 120, "{} lines", text.lines().count());
    for source in sources() {
        let top = source.path.split('/').next().unwrap();
        let name = if top.ends_with(".rs") { top.to_owned() } else { format!("{top}/") };
        assert!(text.contains(&name), "ARCHITECTURE.md does not name {name}");
    }
}

#[test]
fn every_input_is_described() {
    let text = std::fs::read_to_string(root().join("docs/inputs.md")).unwrap();
    let logs = tapecheck::logs::ALL.iter().flat_map(|format| format.paths.iter().copied());
    for path in logs.chain(tapecheck::books::ALL.iter().map(|format| format.path)) {
        assert!(text.contains(path), "docs/inputs.md does not describe {path}");
    }
    for endpoint in tapecheck::brokers::Endpoint::ALL {
        assert!(text.contains(endpoint.file()), "docs/inputs.md does not describe {}", endpoint.file());
    }
    for code in tapecheck::trouble::Reason::CODES {
        assert!(text.contains(code), "docs/inputs.md does not describe {code}");
    }
}

#[test]
fn the_users_side_of_changes_is_written() {
    let text = std::fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    assert!(text.contains(&format!("## {}", env!("CARGO_PKG_VERSION"))) || text.contains("## Unreleased"));
}
