//! Every command line of the documents runs as it stands there, in a folder like a reader's: the cases, a bot's directory, a recording.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails, and looks at the world")]

#[expect(dead_code, reason = "the broker's own tests look at more of the fake than these do")]
mod fake;
mod folders;

use folders::copy;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fake::book::Book;
use fake::scenario::Scenario;
use fake::{Fake, KEY, SECRET};

/// A command of a document, with the place where it stands.
struct Told {
    place: String,
    line: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn documents() -> Vec<PathBuf> {
    let mut found = vec![root().join("README.md")];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        found.extend(path.extension().is_some_and(|extension| extension == "md").then_some(path));
    }
    found.sort();
    found
}

/// The command lines of a document's code blocks, fenced or indented, as a shell takes them.
fn commands(document: &Path) -> Vec<Told> {
    let name = document.file_name().unwrap().to_string_lossy();
    let (mut found, mut is_fenced) = (Vec::new(), false);
    for (place, line) in fs::read_to_string(document).unwrap().lines().enumerate() {
        is_fenced ^= line.starts_with("```");
        let line_of_code = Some(line.trim().trim_start_matches("$ ")).filter(|_| is_fenced || line.starts_with("    "));
        let Some(line) = line_of_code.map(|line| line.replace("cargo run --release -- ", "tapecheck ")) else { continue };
        if line.starts_with("tapecheck ") && !is_synopsis(&line) && !is_output(&line) {
            found.push(Told { place: format!("{name}:{}", place + 1), line });
        }
    }
    found
}

/// `tapecheck corpus run [PATH]…` tells how a command is spelt, and is none.
fn is_synopsis(line: &str) -> bool {
    let stands_for_something =
        |word: &str| word.len() > 1 && word.chars().all(|letter| letter.is_ascii_uppercase() || letter == '|');
    line.contains(['[', '…']) || line.split_whitespace().any(stands_for_something)
}

/// The words that a command prints are not commands: `tapecheck 0.1.0`.
fn is_output(line: &str) -> bool {
    line.split_whitespace().nth(1).is_some_and(|word| word.starts_with(|letter: char| letter.is_ascii_digit()))
}

/// What a reader has: a checkout, a bot's directory, recordings, and folders of the system to write to.
fn readers_folder(folder: &Path) {
    copy(&root().join("corpus"), &folder.join("corpus"));
    copy(&root().join("corpus/quiet-day"), &folder.join("bot"));
    copy(&root().join("corpus/quiet-day/broker"), &folder.join("recordings/2026-02-05"));
    for there in ["etc/bash_completion.d", "usr/local/share/man/man1", "usr/local/bin", "var/lib/tapecheck", "opt"] {
        fs::create_dir_all(folder.join(there)).unwrap();
    }
    copy(&root().join("corpus/quiet-day"), &folder.join("opt/bot"));
}

/// Folders of the system are those of the reader's folder.
fn in_folder(line: &str) -> String {
    ["/etc/", "/usr/", "/var/", "/opt/"]
        .into_iter()
        .fold(line.to_owned(), |line, system| line.replace(&format!(" {system}"), &format!(" .{system}")))
}

#[test]
fn every_command_of_the_documents_runs() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let book = Book::load(&root().join("corpus/quiet-day/broker")).unwrap();
    let fake = runtime.block_on(Fake::start(book, Scenario::Ok, 0)).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_tapecheck")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut failed = Vec::new();
    let mut ran = 0;
    for document in documents() {
        let commands = commands(&document);
        let folder = tempfile::tempdir().unwrap();
        if !commands.is_empty() {
            readers_folder(folder.path());
        }
        // One after another, as a reader types them.
        for told in commands {
            let output = Command::new("sh")
                .args(["-c", &in_folder(&told.line)])
                .current_dir(folder.path())
                .env("PATH", &path)
                .env("XDG_CACHE_HOME", folder.path().join("caches"))
                .env("APCA_API_BASE_URL", fake.url())
                .env("APCA_API_KEY_ID", KEY)
                .env("APCA_API_SECRET_KEY", SECRET)
                .output()
                .unwrap();
            ran += 1;
            // 2 is for what could not be checked, which a document's own command never is.
            if !matches!(output.status.code(), Some(0 | 1)) {
                let errors = String::from_utf8_lossy(&output.stderr);
                failed.push(format!("{}: {}\n{errors}", told.place, told.line));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(ran >= 10, "only {ran} commands were found");
}

/// A recipe that a document names is in the justfile.
#[test]
fn every_recipe_of_the_documents_is_there() {
    let justfile = fs::read_to_string(root().join("justfile")).unwrap();
    for document in documents() {
        for line in fs::read_to_string(&document).unwrap().lines() {
            let Some(recipe) = line.trim().trim_start_matches("$ ").strip_prefix("just ") else { continue };
            let recipe = recipe.split_whitespace().next().unwrap();
            let is_there = justfile.lines().any(|line| line.split([' ', ':']).next() == Some(recipe));
            assert!(is_there, "{}: there is no recipe `{recipe}`", document.display());
        }
    }
}

/// Links between the documents lead somewhere.
#[test]
fn every_link_of_the_documents_leads_somewhere() {
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            assert!(document.parent().unwrap().join(file).exists(), "{}: {link} leads nowhere", document.display());
        }
    }
}

/// Each crate that is named in `Cargo.toml` has its row, with the version that is locked; and no other has one.
#[test]
fn every_dependency_has_its_reason() {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let mut named: Vec<String> = Vec::new();
    let targets = manifest["target"].as_table().unwrap().values().map(|target| target.as_table().unwrap());
    for table in std::iter::once(&manifest).chain(targets) {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let names = table.get(section).and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::keys);
            named.extend(names.cloned());
        }
    }
    named.sort();
    named.dedup();
    let document = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let rows = document.lines().filter(|line| line.starts_with("| `"));
    let mut told: Vec<String> = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert!(cells.len() == 6 && cells.iter().all(|cell| !cell.is_empty()), "{row}");
        let (name, version) = (cells[0].trim_matches('`'), cells[4].split(',').next().unwrap());
        let locked = |end: &str| lock.contains(&format!("name = \"{name}\"\nversion = \"{version}{end}"));
        assert!(locked("\"") || locked("+"), "{name} {version} is not what Cargo.lock has: mend docs/dependencies.md");
        told.push(name.to_owned());
    }
    told.sort();
    assert_eq!(told, named);
}
