//! What is written: whole or not at all, in its own place, and never over what is read.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails, and brings its own files")]

#[expect(dead_code, reason = "the broker's own tests look at more of the fake than these do")]
mod fake;
mod folders;

use folders::copy;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use fake::book::Book;
use fake::scenario::Scenario;
use fake::{Fake, KEY, SECRET};
use tapecheck::brokers::alpaca::http::keys;
use tapecheck::brokers::recording;
use tapecheck::whole::UNFINISHED;
use tempfile::TempDir;

const BREAKS: &str = "scale-out-that-bought";
const QUIET: &str = "quiet-day";

/// What a process that ended itself was ended by.
const ABORTED: i32 = 6;

/// Files by their paths.
type Files = BTreeMap<PathBuf, Vec<u8>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tapecheck"));
    for family in keys::FAMILIES {
        command.env_remove(family.key).env_remove(family.secret).env_remove(family.base_url);
    }
    command.current_dir(folder).args(arguments);
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Exit status 2, nothing on stdout, and a message that names what is wrong.
fn refused(folder: &Path, arguments: &[&str], says: &str) {
    let output = run(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
    assert!(output.stdout.is_empty(), "{arguments:?}");
    assert!(said(&output).contains(says), "{arguments:?} says: {}", said(&output));
}

/// A folder with two cases: `bot` is a quiet day, `corpus/scale-out-that-bought` one that is not.
fn workplace() -> TempDir {
    let folder = TempDir::new().unwrap();
    copy(&root().join("corpus").join(QUIET), &folder.path().join("bot"));
    fs::remove_file(folder.path().join("bot/case.toml")).unwrap();
    copy(&root().join("corpus").join(BREAKS), &folder.path().join("corpus").join(BREAKS));
    folder
}

/// Every file below a folder, but for what a run that was killed left, which says so by its name.
fn files(folder: &Path) -> Files {
    fn add(folder: &Path, below: &Path, found: &mut Files) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), below.join(entry.file_name()));
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                continue;
            }
            if path.is_dir() { add(&path, &name, found) } else { drop(found.insert(name, fs::read(&path).unwrap())) }
        }
    }
    let mut found = Files::new();
    add(folder, Path::new(""), &mut found);
    found
}

/// Only a build with debug assertions ends at a write that one names.
fn can_be_killed() -> bool {
    if !cfg!(debug_assertions) {
        eprintln!("not checked: this build cannot be killed at a write of one's choice");
    }
    cfg!(debug_assertions)
}

/// A command, what it is run on, and with which variables.
struct Killed<'a> {
    before: &'a Path,
    arguments: &'a [&'a str],
    variables: Vec<(&'static str, String)>,
}

impl<'a> Killed<'a> {
    fn new(before: &'a Path, arguments: &'a [&'a str]) -> Self {
        Killed { before, arguments, variables: Vec::new() }
    }

    /// Runs it killed at its first write, its second and so on, each time on a fresh copy, until it ends by itself; `check` looks at what is
    /// there then. Gives how often it was killed.
    fn at_each_write(&self, check: &(dyn Fn(&Path) + Sync)) -> u32 {
        let (next, ended) = (AtomicU32::new(1), Mutex::new(None::<u32>));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while ended.lock().unwrap().is_none() {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        assert!(number < 2_000, "{:?} does not end", self.arguments);
                        let folder = TempDir::new().unwrap();
                        copy(self.before, folder.path());
                        let mut command = command(folder.path(), self.arguments);
                        command.envs(self.variables.clone()).env("TAPECHECK_KILLED_AT", number.to_string());
                        let output = command.output().unwrap();
                        if output.status.signal() == Some(ABORTED) {
                            check(folder.path());
                            continue;
                        }
                        assert!(output.status.code().is_some_and(|code| code < 2), "{number}: {output:?}");
                        check(folder.path());
                        let mut ended = ended.lock().unwrap();
                        *ended = Some(ended.map_or(number, |other| other.min(number)));
                    }
                });
            }
        });
        ended.into_inner().unwrap().unwrap() - 1
    }

    /// As the command leaves it when nobody kills it.
    fn left(&self) -> Files {
        let folder = TempDir::new().unwrap();
        copy(self.before, folder.path());
        let output = command(folder.path(), self.arguments).envs(self.variables.clone()).output().unwrap();
        assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
        files(folder.path())
    }

    /// Whenever it is killed, there is all that was there, or all that is to be there. Both are seen.
    fn leaves_old_or_new(&self) {
        let (old, new) = (files(self.before), self.left());
        assert_ne!(old, new, "{:?} writes nothing", self.arguments);
        let (olds, news) = (AtomicU32::new(0), AtomicU32::new(0));
        let killed = self.at_each_write(&|folder| {
            let now = files(folder);
            let which = if now == old { &olds } else { &news };
            which.fetch_add(1, Ordering::Relaxed);
            assert!(now == old || now == new, "{:?} leaves {:?}", self.arguments, now.keys());
        });
        assert!(killed > 4, "{:?} was killed {killed} times", self.arguments);
        assert!(olds.into_inner() > 0 && news.into_inner() > 0, "{:?}", self.arguments);
    }
}

#[test]
fn a_command_that_is_killed_leaves_the_old_or_the_new() {
    if !can_be_killed() {
        return;
    }
    let folder = workplace();
    let at = folder.path();
    let case = format!("corpus/{BREAKS}");
    fs::write(at.join("report.txt"), "yesterday's\n").unwrap();
    Killed::new(at, &["replay", "bot", "-o", "report.txt"]).leaves_old_or_new();
    Killed::new(at, &["replay", "bot", "--format", "json", "-o", "new.json"]).leaves_old_or_new();
    Killed::new(at, &["init", "bot"]).leaves_old_or_new();
    Killed::new(at, &["corpus", "add", "quiet", "--from", "bot", "--broker", "bot/broker"]).leaves_old_or_new();
    Killed::new(at, &["corpus", "add", BREAKS, "--from", "bot", "--replace"]).leaves_old_or_new();
    fs::remove_file(at.join(&case).join("expected.json")).unwrap();
    Killed::new(at, &["corpus", "accept", "--yes", &case]).leaves_old_or_new();
}

/// A broker on this machine, and the variables that lead to it.
struct Served {
    _fake: Fake,
    _runtime: tokio::runtime::Runtime,
    variables: Vec<(&'static str, String)>,
}

impl Served {
    fn new() -> Served {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let fake = runtime.block_on(Fake::start(Book::quiet(), Scenario::Ok, 0)).unwrap();
        let key = keys::FAMILIES[0];
        let variables = vec![(key.base_url, fake.url()), (key.key, KEY.to_owned()), (key.secret, SECRET.to_owned())];
        Served { _fake: fake, _runtime: runtime, variables }
    }
}

/// The files of a recording that are the broker's, and not the times of the read.
fn answers(folder: &Path) -> Files {
    files(folder).into_iter().filter(|(path, _)| !path.ends_with("recording.json")).collect()
}

#[test]
fn a_recording_that_is_killed_is_the_old_one_or_the_new_one() {
    if !can_be_killed() {
        return;
    }
    let served = Served::new();
    let folder = workplace();
    let at = folder.path();
    copy(&root().join("corpus").join(BREAKS).join("broker"), &at.join("kept"));
    fs::write(at.join("kept/notes.md"), "mine").unwrap();
    for (arguments, place) in
        [(&["record", "bot", "-o", "kept", "--force"][..], "kept"), (&["record", "bot", "-o", "fresh/one"], "fresh/one")]
    {
        let killed = Killed { variables: served.variables.clone(), ..Killed::new(at, arguments) };
        let old = files(&at.join(place));
        let whole = TempDir::new().unwrap();
        copy(at, whole.path());
        assert!(command(whole.path(), arguments).envs(served.variables.clone()).output().unwrap().status.success());
        let new = answers(&whole.path().join(place));
        let times = killed.at_each_write(&|folder| {
            let now = folder.join(place);
            if files(&now) != old {
                assert_eq!(answers(&now).keys().collect::<Vec<_>>(), new.keys().collect::<Vec<_>>());
                // The clock is of the moment; all else is what the broker says.
                for (path, bytes) in answers(&now).iter().filter(|(path, _)| !path.ends_with("clock.json")) {
                    assert_eq!(bytes, &new[path], "{}", path.display());
                }
                assert!(recording::load(&now, None).unwrap().unread.is_empty());
            }
        });
        assert!(times > 20, "{place}: {times}");
    }
}

#[test]
fn a_case_that_is_recorded_is_old_or_new_with_all_its_files() {
    if !can_be_killed() {
        return;
    }
    let served = Served::new();
    let folder = workplace();
    let at = folder.path();
    // An older recording of another day; a log of it that the new day has not must not stay.
    copy(&root().join("corpus").join(BREAKS), &at.join("kept"));
    let arguments = ["record", "bot", "-o", "kept", "--with-bot", "--force"];
    let killed = Killed { variables: served.variables.clone(), ..Killed::new(at, &arguments) };
    let old = files(&at.join("kept"));
    let (bot, case) = (files(&at.join("bot")), fs::read(at.join("kept/case.toml")).unwrap());
    let times = killed.at_each_write(&|folder| {
        let now = files(&folder.join("kept"));
        if now != old {
            let of_the_bot = |path: &Path| ["logs", "state", "data"].iter().any(|part| path.starts_with(part));
            for (path, bytes) in bot.iter().filter(|(path, _)| of_the_bot(path)) {
                assert_eq!(now.get(path), Some(bytes), "{}", path.display());
            }
            assert!(!now.contains_key(Path::new("logs/orders.jsonl")), "a log of the other day is left");
            assert_eq!(now[Path::new("case.toml")], case, "what is no part of a recording stays");
            recording::load(&folder.join("kept/broker"), None).unwrap();
        }
    });
    assert!(times > 50, "{times}");
}

#[test]
fn a_cache_that_is_killed_does_no_harm() {
    if !can_be_killed() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    copy(&root().join("corpus").join(QUIET), &at.join("bot"));
    // Long enough for pieces that are kept.
    let log = at.join("bot/logs/run.jsonl");
    let lines = fs::read_to_string(&log).unwrap();
    let line = lines.lines().last().unwrap().to_owned() + "\n";
    fs::write(&log, lines.clone() + &line.repeat((2 << 20) / line.len())).unwrap();
    let plain = run(at, &["replay", "bot", "--format", "json"]);
    let arguments = ["replay", "bot", "--format", "json", "--cache-dir", "cache"];
    let times = Killed::new(at, &arguments).at_each_write(&|folder| {
        let again = run(folder, &arguments);
        assert_eq!((again.status, &again.stdout), (plain.status, &plain.stdout));
        assert_eq!(said(&again), said(&plain), "nothing is damaged");
    });
    assert!(times > 4, "{times}");
}

#[test]
fn nothing_that_is_read_is_written_over() {
    let folder = workplace();
    let at = folder.path();
    fs::write(at.join("bot/tapecheck.toml"), "grace = 10\n").unwrap();
    fs::write(at.join("bot/.env"), "A=1\n").unwrap();
    symlink("bot/logs/attribution.jsonl", at.join("link.txt")).unwrap();
    fs::hard_link(at.join("bot/logs/run.jsonl"), at.join("hard.txt")).unwrap();
    let before = files(at);
    let read = "is read by tapecheck";
    for output in [
        "bot/logs/attribution.jsonl",
        "bot/logs/../logs/attribution.jsonl",
        "bot/state/portfolio_state.jsonl",
        "bot/tapecheck.toml",
        "bot/.env",
        "bot/broker/positions.json",
        "bot/broker/recording.json",
        "hard.txt",
        "link.txt",
        // What is not there yet, and would be read by the next run.
        "bot/logs/run.jsonl.2",
    ] {
        for verb in ["replay", "audit"] {
            refused(at, &[verb, "bot", "--broker", "bot/broker", "-o", output], read);
        }
    }
    let positions = ["replay", "bot", "--broker", "bot/broker/positions.json", "-o", "bot/broker/account.json"];
    refused(at, &positions, read);
    refused(at, &["record", "bot", "-o", "bot", "--force"], "which this run reads");
    refused(at, &["record", "bot", "-o", ".", "--with-bot", "--force"], "which this run reads");
    refused(at, &["record", "bot", "-o", "bot/logs", "--with-bot"], "which this run reads");
    let case = format!("corpus/{BREAKS}");
    refused(at, &["corpus", "add", BREAKS, "--from", &case, "--replace"], "which this run reads");
    let accepted = format!("{case}/expected.json");
    refused(at, &["corpus", "run", &case, "-o", &accepted], "lies in the case");
    refused(at, &["init", "bot"], "already there");
    refused(at, &["init", "bot", "-o", "link.txt"], "already there");
    assert_eq!(files(at), before);
    // A report may lie in the bot's directory, as long as nothing reads it.
    assert_eq!(run(at, &["replay", "bot", "-o", "bot/report.txt"]).status.code(), Some(0));
}

#[test]
fn nothing_is_written_through_a_link_to_elsewhere() {
    let folder = workplace();
    let at = folder.path();
    let elsewhere = TempDir::new().unwrap();
    fs::write(elsewhere.path().join("file"), "theirs").unwrap();
    symlink(elsewhere.path().join("file"), at.join("leads-out")).unwrap();
    symlink(elsewhere.path().join("gone"), at.join("leads-nowhere")).unwrap();
    symlink(elsewhere.path(), at.join("folder")).unwrap();
    for link in ["leads-out", "leads-nowhere"] {
        refused(at, &["replay", "bot", "-o", link], "is a link to");
        refused(at, &["schema", "-o", link], "is a link to");
        refused(at, &["corpus", "run", &format!("corpus/{BREAKS}"), "-o", link], "is a link to");
        refused(at, &["init", "bot", "-o", link], "already there");
    }
    fs::create_dir(at.join("pages")).unwrap();
    symlink(elsewhere.path().join("page"), at.join("pages/tapecheck.1")).unwrap();
    refused(at, &["man", "-o", "pages"], "is a link to");
    let case = at.join("corpus").join(BREAKS);
    fs::remove_file(case.join("expected.json")).unwrap();
    symlink(elsewhere.path().join("accepted"), case.join("expected.json")).unwrap();
    let accept = run(at, &["corpus", "accept", "--yes", case.to_str().unwrap()]);
    assert_eq!(accept.status.code(), Some(2), "{accept:?}");
    let served = Served::new();
    let record = command(at, &["record", "bot", "-o", "folder", "--force"]).envs(served.variables.clone()).output().unwrap();
    assert!(said(&record).contains("symbolic link"), "{record:?}");
    assert_eq!(files(elsewhere.path()), Files::from([(PathBuf::from("file"), b"theirs".to_vec())]));
    // A folder that one names by a link is the folder, for a file in it.
    assert_eq!(run(at, &["replay", "bot", "-o", "folder/report.txt"]).status.code(), Some(0));
}

#[test]
fn a_recording_holds_what_it_names() {
    let folder = workplace();
    let at = folder.path();
    let broker = at.join("bot/broker");
    fs::rename(broker.join("orders.json"), at.join("orders.json")).unwrap();
    symlink("../../orders.json", broker.join("orders.json")).unwrap();
    refused(at, &["replay", "bot", "--broker", "bot/broker"], "is a link out of the recording's folder");
    fs::remove_file(broker.join("orders.json")).unwrap();
    fs::rename(at.join("orders.json"), broker.join("orders-of-today.json")).unwrap();
    symlink("orders-of-today.json", broker.join("orders.json")).unwrap();
    assert_eq!(run(at, &["replay", "bot", "--broker", "bot/broker"]).status.code(), Some(0));
    fs::write(broker.join(tapecheck::whole::MARK), "").unwrap();
    refused(at, &["replay", "bot", "--broker", "bot/broker"], "partly old and partly new");
}

/// Where a recording's folder cannot be exchanged, as the one where one is, its files are put there one by one, and a run that is killed
/// meanwhile leaves a folder that nobody takes for a recording.
#[test]
fn a_recording_in_the_folder_where_one_is_is_never_a_mixture() {
    if !can_be_killed() {
        return;
    }
    let served = Served::new();
    let folder = workplace();
    let at = folder.path().join("kept");
    copy(&root().join("corpus").join(BREAKS).join("broker"), &at);
    let bot = folder.path().join("bot");
    let arguments = ["record", bot.to_str().unwrap(), "-o", ".", "--force"];
    let killed = Killed { variables: served.variables.clone(), ..Killed::new(&at, &arguments) };
    let old = files(&at);
    let (mixed, news) = (AtomicU32::new(0), AtomicU32::new(0));
    killed.at_each_write(&|folder| match recording::load(folder, None) {
        Ok(loaded) if files(folder) != old => {
            assert!(loaded.bodies[&tapecheck::brokers::Endpoint::Positions].text.contains("TSLA"));
            assert_eq!(loaded.bodies.len(), 6);
            news.fetch_add(1, Ordering::Relaxed);
        }
        Ok(_) => {}
        Err(error) => {
            assert!(error.to_string().contains("partly old and partly new"), "{error}");
            mixed.fetch_add(1, Ordering::Relaxed);
        }
    });
    assert!(mixed.into_inner() > 5 && news.into_inner() > 0);
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing_half() {
    let folder = workplace();
    let at = folder.path();
    let served = Served::new();
    let script = r#"
        mount -t tmpfs -o size=64k tmpfs full 2>/dev/null || exit 77
        mkdir full/corpus full/pages && echo yesterday > full/report.txt
        head -c 1000000 /dev/zero > full/ballast 2>/dev/null
        try() { "$@" > out 2> err; echo "status $?" $(tail -n 1 err); }
        try "$T" replay bot -o full/report.txt
        try "$T" replay bot --format json -o full/new.json
        try "$T" replay bot --format html -o full/new.html
        try "$T" schema -o full/schema.json
        try "$T" init bot -o full/settings.toml
        try "$T" man -o full/pages
        try "$T" record bot -o full/recording
        try "$T" corpus add x --from bot --into full/corpus
        find full -mindepth 1 -not -name ballast | sort
        cat full/report.txt
    "#;
    fs::create_dir(at.join("full")).unwrap();
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", script]).current_dir(at);
    command.env("T", env!("CARGO_BIN_EXE_tapecheck")).envs(served.variables.clone());
    let output = match command.output() {
        Ok(output) if output.status.code() == Some(0) => output,
        other => return eprintln!("not checked: no small disk can be had here: {other:?}"),
    };
    let told = String::from_utf8(output.stdout).unwrap();
    let (statuses, left): (Vec<&str>, Vec<&str>) = told.lines().partition(|line| line.starts_with("status"));
    assert_eq!(statuses.len(), 8);
    for status in statuses {
        assert!(status.starts_with("status 2 tapecheck: ") && status.contains("No space left"), "{told}");
    }
    assert_eq!(left, ["full/corpus", "full/pages", "full/report.txt", "yesterday"], "{told}");
}

#[test]
fn a_full_stdout_is_said_and_a_full_stderr_changes_nothing() {
    let at = root();
    let full = || Stdio::from(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    if !Path::new("/dev/full").exists() {
        return eprintln!("not checked: there is no /dev/full");
    }
    let case = format!("corpus/{BREAKS}");
    for arguments in [
        &["replay", &case][..],
        &["replay", &case, "--format", "json"],
        &["replay", &case, "--format", "html"],
        &["replay", &case, "-o", "/dev/full"],
        &["show", "tape", &case],
        &["corpus", "run", &case],
        &["explain", "quantity"],
        &["completions", "bash"],
        &["man"],
        &["schema"],
        &["config", &case],
    ] {
        let output = command(at, arguments).stdout(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains("No space left"), "{arguments:?}: {}", said(&output));
    }
    // Who cannot be told what is wrong still sees the status.
    for (arguments, status) in
        [(&["replay", &case][..], 1), (&["replay", "nowhere"], 2), (&["--bogus"], 2), (&["corpus", "run", &case], 0)]
    {
        let output = command(at, arguments).stderr(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let case = format!("corpus/{BREAKS}");
    for (arguments, status) in [
        (&["replay", &case][..], 1),
        (&["replay", &case, "--format", "json"], 1),
        (&["show", "tape", &case], 0),
        (&["man"], 0),
        (&["schema"], 0),
        (&["completions", "zsh"], 0),
        (&["--help"], 0),
        (&["replay", "--help"], 0),
    ] {
        let mut child = command(root(), arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), said(&output).as_str()), (Some(status), ""), "{arguments:?}");
    }
}
