//! Whole directories under attack: files cut, torn, swapped and replaced, and files that are none. The program ends by itself, within the
//! memory it is given; every line is accounted for; and what is damaged counts at the most as what is not there, so that no damage makes a
//! broken day clean that its absence would not have.
//!
//! `just attack` runs those that are marked as ignored, too: every byte, and the largest of everything.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on fails, and brings its own files"
)]

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tapecheck::brokers::recording;
use tapecheck::brokers::{Body, Endpoint, Recording};
use tapecheck::layout::Layout;
use tapecheck::report::{Report, Verdict};
use tapecheck::{Request, judge, read};
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A day in memory: the bot's files and the broker's, by their paths below the case.
type Day = BTreeMap<String, Vec<u8>>;

/// The files of a case, without what makes it one.
fn day(case: &str) -> Day {
    let folder = root().join("corpus").join(case);
    let mut day = Day::new();
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let below = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if !["case.toml", "expected.json"].contains(&below.as_str()) {
                day.insert(below, fs::read(&path).unwrap());
            }
        }
    }
    day
}

fn written(day: &Day, directory: &Path) {
    for (path, bytes) in day {
        let file = directory.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
}

/// What a day in memory gives; `None`: its recording is refused, and nothing is said of it.
fn judged(day: &Day) -> Option<Report> {
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    let mut bodies = BTreeMap::new();
    for endpoint in Endpoint::ALL {
        let file = PathBuf::from("broker").join(endpoint.file());
        if let Some(bytes) = day.get(file.to_str().unwrap()) {
            bodies.insert(endpoint, Body { file, text: text(bytes) });
        }
    }
    let manifest = day.get("broker/recording.json");
    let manifest = manifest.map(|bytes| Body { file: PathBuf::from("broker/recording.json"), text: text(bytes) });
    let at = "2026-11-20T15:04:10Z".parse().ok();
    let recording: Recording =
        recording::of_texts(Path::new("broker"), manifest.as_ref(), bodies, at, || panic!("a time is given")).ok()?;
    let files = day.iter().filter(|(path, _)| !path.starts_with("broker/"));
    let files = files.map(|(path, bytes)| (path.clone(), text(bytes))).collect();
    let report = judge(&Request::default(), read::texts(files, &Layout::default()), Some(&recording)).report;
    for source in &report.sources {
        let ignored: u64 = source.ignored.values().sum();
        assert_eq!(source.lines, source.understood + ignored + source.quarantined, "{source:?}");
    }
    Some(report)
}

fn is_clean(day: &Day) -> bool {
    judged(day).is_some_and(|report| report.verdict == Verdict::Clean)
}

/// The day without the record in which a byte lies: the line of a log, or the whole of what is one record.
fn without_record(day: &Day, path: &str, byte: usize) -> Day {
    let mut less = day.clone();
    let bytes = &day[path];
    if path.ends_with(".jsonl") {
        let begins = bytes[..byte].iter().rposition(|byte| *byte == b'\n').map_or(0, |feed| feed + 1);
        let ends = bytes[byte..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |feed| byte + feed + 1);
        less.insert(path.to_owned(), [&bytes[..begins], &bytes[ends..]].concat());
    } else {
        less.remove(path);
    }
    less
}

/// Days that are broken, small, and broken in different ways; and what each is cut down to must not be called clean for another reason.
const BROKEN: [&str; 6] = [
    "scale-out-that-bought",
    "trade-by-hand",
    "entry-that-never-filled",
    "executor-forgot-a-position",
    "closed-by-hand",
    "closed-without-a-record",
];

/// Cuts each file of a broken day at some of its bytes: the rest is clean only where the day without all that follows is clean, too.
fn cut_at_bytes(step: usize) -> (u32, u32) {
    let (mut tried, mut clean) = (0, 0);
    for case in BROKEN {
        let whole = day(case);
        assert!(!is_clean(&whole), "{case}");
        for (path, bytes) in &whole {
            let places = (0..bytes.len()).step_by(step).chain(bytes.len().checked_sub(2));
            for place in places {
                let mut cut = whole.clone();
                cut.insert(path.clone(), bytes[..place].to_vec());
                tried += 1;
                if !is_clean(&cut) {
                    continue;
                }
                clean += 1;
                let is_log = path.ends_with(".jsonl");
                let kept = bytes[..place].iter().rposition(|byte| *byte == b'\n').map_or(0, |feed| feed + 1);
                let mut less = whole.clone();
                if is_log {
                    less.insert(path.clone(), bytes[..kept].to_vec());
                } else {
                    less.remove(path);
                }
                assert!(is_clean(&less), "{case}: {path} cut at byte {place} made it clean");
            }
        }
    }
    (tried, clean)
}

#[test]
fn a_cut_file_makes_no_broken_day_clean() {
    let (tried, _) = cut_at_bytes(61);
    assert!(tried > 350, "{tried}");
}

#[test]
#[ignore = "every byte: some minutes, `just attack`"]
fn a_file_cut_at_any_byte_makes_no_broken_day_clean() {
    let (tried, clean) = cut_at_bytes(1);
    println!("{tried} files cut, {clean} of the days clean, as they are without what was cut off");
}

/// Flips some bits of a broken day. It may be clean only where its record still reads as one, or where it is clean without the record.
fn flipped_bits(step: usize) -> (u32, u32) {
    let (mut tried, mut other) = (0, 0);
    for case in BROKEN {
        let whole = day(case);
        for (path, bytes) in &whole {
            for bit in (0..bytes.len() * 8).step_by(step) {
                let mut flipped = whole.clone();
                flipped.get_mut(path).unwrap()[bit / 8] ^= 1 << (bit % 8);
                tried += 1;
                let Some(report) = judged(&flipped).filter(|report| report.verdict == Verdict::Clean) else { continue };
                let reads = report.sources.iter().any(|source| source.path == *path && source.quarantined == 0);
                other += u32::from(reads);
                let is_absent = || is_clean(&without_record(&whole, path, bit / 8));
                assert!(reads || is_absent(), "{case}: {path} with bit {bit} flipped was clean");
            }
        }
    }
    (tried, other)
}

#[test]
fn a_flipped_bit_makes_no_broken_day_clean() {
    let (tried, _) = flipped_bits(397);
    assert!(tried > 350, "{tried}");
}

#[test]
#[ignore = "every bit: many minutes, `just attack`"]
fn any_flipped_bit_makes_no_broken_day_clean() {
    let (tried, other) = flipped_bits(1);
    println!("{tried} bits flipped, {other} of them made other records that cannot be told from real ones");
}

/// The program, given so many bytes of address space and half a minute for what takes it a second. It must end by itself.
struct Confined {
    output: Output,
}

impl Confined {
    fn run(directory: &Path, megabytes: u64, arguments: &[&str]) -> Confined {
        let program = env!("CARGO_BIN_EXE_tapecheck");
        let script = format!("ulimit -v {}; exec timeout --kill-after=1 300 \"$@\"", megabytes << 10);
        let output = Command::new("sh")
            .args(["-c", &script, "sh", program])
            .args(arguments)
            .current_dir(directory)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let confined = Confined { output };
        assert!(matches!(confined.status(), 0..=2), "{arguments:?}: {:?} {}", confined.output.status, confined.told());
        confined
    }

    fn replay(directory: &Path, megabytes: u64) -> Confined {
        Confined::run(directory, megabytes, &["replay", ".", "--broker", "broker", "--format", "json", "--no-config"])
    }

    fn status(&self) -> i32 {
        self.output.status.code().unwrap_or(-1)
    }

    fn told(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    fn report(&self) -> Value {
        serde_json::from_slice(&self.output.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.told()))
    }

    /// The reasons for which something of a source was not understood.
    fn reasons(&self, source: &str) -> Vec<String> {
        let report = self.report();
        let rows = report["integrity"].as_array().unwrap().iter().filter(|row| row["source"] == source);
        rows.map(|row| row["reason"].as_str().unwrap().to_owned()).collect()
    }

    fn lines_add_up(&self) {
        for source in self.report()["sources"].as_array().unwrap() {
            let count = |key: &str| source[key].as_u64().unwrap();
            let ignored: u64 = source["ignored"].as_object().unwrap().values().map(|lines| lines.as_u64().unwrap()).sum();
            assert_eq!(count("lines"), count("understood") + ignored + count("quarantined"), "{source}");
        }
    }
}

/// Megabytes of address space that are enough for whatever lies in a directory: the program's own, its threads', and the pieces on their way.
const ENOUGH: u64 = 1_000;

const BREAKS: &str = "scale-out-that-bought";
const QUIET: &str = "quiet-day";

fn at(case: &str) -> TempDir {
    let directory = TempDir::new().unwrap();
    written(&day(case), directory.path());
    directory
}

#[cfg(unix)]
fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// What may lie in the place of a file.
#[cfg(unix)]
const NOT_FILES: [(&str, fn(&Path)); 6] = [
    ("a pipe that nobody writes to", fifo),
    ("a link to zeros without end", |path| std::os::unix::fs::symlink("/dev/zero", path).unwrap()),
    ("a link to a terminal or to nothing", |path| std::os::unix::fs::symlink("/dev/stdin", path).unwrap()),
    ("a link to itself", |path| std::os::unix::fs::symlink(path.file_name().unwrap(), path).unwrap()),
    ("a link to nowhere", |path| std::os::unix::fs::symlink("nowhere", path).unwrap()),
    ("a folder", |path| fs::create_dir(path).unwrap()),
];

/// Each file of a quiet day and of a broken one, replaced by what is none: told and not waited for, and never clean.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_told_and_not_waited_for() {
    for case in [QUIET, BREAKS] {
        for (path, bytes) in day(case) {
            for (what, put) in NOT_FILES {
                let directory = at(case);
                fs::remove_file(directory.path().join(&path)).unwrap();
                put(&directory.path().join(&path));
                let confined = Confined::replay(directory.path(), ENOUGH);
                assert_ne!(confined.status(), 0, "{path} ({} bytes): {what}", bytes.len());
                if confined.output.stdout.is_empty() {
                    assert!(confined.told().contains(path.rsplit('/').next().unwrap()), "{what}: {}", confined.told());
                } else {
                    assert!(!confined.reasons(&path).is_empty(), "{path}: {what}");
                    confined.lines_add_up();
                }
            }
        }
    }
}

/// The same for the files that are read beside the bot's: settings, a case's manifest, and what was accepted.
#[cfg(unix)]
#[test]
fn settings_and_cases_that_are_no_files_are_told() {
    for (what, put) in NOT_FILES {
        let directory = at(QUIET);
        put(&directory.path().join("tapecheck.toml"));
        let confined = Confined::run(directory.path(), ENOUGH, &["replay", "."]);
        assert_eq!(confined.status(), 2, "{what}");
        assert!(confined.told().contains("tapecheck.toml"), "{what}: {}", confined.told());
        for file in ["case.toml", "expected.json"] {
            let directory = TempDir::new().unwrap();
            let case = directory.path().join(QUIET);
            written(&day(QUIET), &case);
            for other in ["case.toml", "expected.json"] {
                fs::copy(root().join("corpus").join(QUIET).join(other), case.join(other)).unwrap();
            }
            fs::remove_file(case.join(file)).unwrap();
            put(&case.join(file));
            let confined = Confined::run(directory.path(), ENOUGH, &["corpus", "run", QUIET, "--strict"]);
            assert_eq!(confined.status(), 2, "{file}: {what}");
        }
    }
}

/// Runs as somebody who may not read everything; `false` where that cannot be had.
#[cfg(unix)]
fn as_nobody(directory: &Path) -> Option<Output> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
    let arguments = ["replay", ".", "--broker", "broker", "--format", "json", "--no-config"];
    let me = Command::new("id").arg("-u").output().ok()?;
    let mut command = if String::from_utf8_lossy(&me.stdout).trim() == "0" {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", env!("CARGO_BIN_EXE_tapecheck")]);
        command
    } else {
        Command::new(env!("CARGO_BIN_EXE_tapecheck"))
    };
    let output = command.args(arguments).current_dir(directory).output().ok()?;
    // Neither the program nor the directory may be out of reach.
    (output.status.code().is_some_and(|code| code <= 2) && !output.stdout.is_empty()).then_some(output)
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let directory = at(QUIET);
    let Some(output) = as_nobody(directory.path()) else {
        println!("passed over: nobody else can be had to run as");
        return;
    };
    assert_eq!(output.status.code(), Some(0));
    for path in day(QUIET).into_keys().chain(["logs".to_owned(), "state".to_owned()]) {
        let directory = at(QUIET);
        fs::set_permissions(directory.path().join(&path), fs::Permissions::from_mode(0o000)).unwrap();
        // Nothing at all is said where the recording is refused.
        let status = as_nobody(directory.path()).and_then(|output| output.status.code());
        assert_ne!(status, Some(0), "{path}");
        fs::set_permissions(directory.path().join(&path), fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn zeros(encoder: &mut impl Write, megabytes: usize) {
    let block = vec![0; 1 << 20];
    for _ in 0..megabytes {
        encoder.write_all(&block).unwrap();
    }
}

fn gzip_bomb(file: &Path, megabytes: usize) {
    let mut encoder = GzEncoder::new(File::create(file).unwrap(), Compression::fast());
    zeros(&mut encoder, megabytes);
    encoder.finish().unwrap();
}

/// A frame of blocks that each say "this byte, so many times": four bytes for 128 KiB.
fn zstd_bomb(file: &Path, blocks: usize, byte: u8) {
    // Magic number, no content size, a window of 128 KiB.
    let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    for block in 1..=blocks {
        let header = (128u32 << 10) << 3 | 1 << 1 | u32::from(block == blocks);
        bytes.extend_from_slice(&header.to_le_bytes()[..3]);
        bytes.push(byte);
    }
    fs::write(file, bytes).unwrap();
}

/// A small file that is a long line once it is decompressed: passed over without being kept.
#[test]
fn what_is_small_and_decompresses_to_much_is_passed_over() {
    let directory = at(QUIET);
    gzip_bomb(&directory.path().join("logs/run.jsonl.1.gz"), 18);
    zstd_bomb(&directory.path().join("logs/exit.jsonl.1.zst"), 140, b'x');
    let confined = Confined::replay(directory.path(), ENOUGH);
    assert_eq!(confined.reasons("logs/run.jsonl.1.gz"), ["gigantic_line"]);
    assert_eq!(confined.reasons("logs/exit.jsonl.1.zst"), ["gigantic_line"]);
    confined.lines_add_up();
}

/// Blank lines without end, which are no lines in trouble: they are read to the limit, and then told.
#[test]
#[ignore = "decompresses 20 GiB, `just attack`"]
fn what_decompresses_without_end_is_ended() {
    let directory = at(QUIET);
    zstd_bomb(&directory.path().join("logs/exit.jsonl.1.zst"), 160 << 10, b'x');
    gzip_bomb(&directory.path().join("logs/run.jsonl.1.gz"), 17 << 10);
    let confined = Confined::replay(directory.path(), ENOUGH);
    assert_eq!(confined.status(), 2);
    for source in ["logs/exit.jsonl.1.zst", "logs/run.jsonl.1.gz"] {
        assert!(confined.reasons(source).contains(&"too_large".to_owned()), "{:?}", confined.reasons(source));
    }
}

/// A single line that is longer than any record, in a file that is mostly a hole.
fn one_line(bytes: u64) {
    let directory = at(QUIET);
    let log = File::options().append(true).open(directory.path().join("logs/run.jsonl")).unwrap();
    log.set_len(bytes).unwrap();
    let confined = Confined::replay(directory.path(), ENOUGH);
    assert_eq!(confined.reasons("logs/run.jsonl"), ["gigantic_line"]);
    confined.lines_add_up();
}

#[test]
fn a_line_without_end_is_passed_over() {
    one_line(100 << 20);
}

#[test]
#[ignore = "a line of 3 GB, `just attack`"]
fn a_line_of_three_gigabytes_is_passed_over() {
    one_line(3 << 30);
}

/// So many megabytes of lines of one letter: each is counted, none is kept.
fn lines_of_one_letter(megabytes: usize) {
    let directory = at(QUIET);
    let mut log = File::create(directory.path().join("logs/exit.jsonl.1")).unwrap();
    for _ in 0..megabytes {
        log.write_all("x\n".repeat(512 << 10).as_bytes()).unwrap();
    }
    let confined = Confined::replay(directory.path(), ENOUGH);
    let report = confined.report();
    let source = report["sources"].as_array().unwrap().iter().find(|source| source["path"] == "logs/exit.jsonl.1").unwrap();
    assert_eq!(source["quarantined"].as_u64().unwrap(), (megabytes << 19) as u64);
    assert_eq!(confined.reasons("logs/exit.jsonl.1").len(), 10_000);
    confined.lines_add_up();
}

#[test]
fn lines_in_trouble_are_counted_and_not_kept() {
    lines_of_one_letter(2);
}

#[test]
#[ignore = "half a billion lines in trouble, `just attack`"]
fn half_a_billion_lines_in_trouble_are_counted() {
    lines_of_one_letter(1024);
}

/// Rotated files by the thousand, a line in each, and as many that are nobody's.
fn tiny_files(own: usize, others: usize) -> Confined {
    let directory = at(QUIET);
    for number in 0..own {
        let line = format!("{{\"ts\": \"2026-03-12T14:30:00.{number:06}+00:00\", \"msg\": \"heartbeat\"}}\n");
        fs::write(directory.path().join(format!("logs/run.jsonl.{}", number + 1)), line).unwrap();
    }
    for number in 0..others {
        fs::write(directory.path().join(format!("logs/core.{number}.dump")), "").unwrap();
    }
    Confined::replay(directory.path(), ENOUGH)
}

#[test]
fn thousands_of_tiny_files_are_read() {
    let confined = tiny_files(5_000, 5_000);
    assert_eq!(confined.status(), 0, "{}", confined.told());
    let own = confined.report()["sources"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|source| source["path"].as_str().unwrap().starts_with("logs/run"))
        .count();
    assert_eq!(own, 5_001);
    confined.lines_add_up();
}

#[test]
#[ignore = "a million files, `just attack`"]
fn a_million_tiny_files_are_read_or_told() {
    let confined = tiny_files(read::MOST_FILES - 100, 1_000_000);
    assert_eq!(confined.status(), 0, "{}", confined.told());
    confined.lines_add_up();
    let confined = tiny_files(read::MOST_FILES + 1, 0);
    assert_eq!(confined.status(), 2);
    assert!(confined.told().contains("files that are the bot's"), "{}", confined.told());
}

/// A log that is cut, or that another file takes the place of, between being found and being read: told, and never clean.
#[test]
fn a_log_that_changes_while_it_is_read_is_told() {
    let attacks: [(&str, fn(&Path)); 3] = [
        ("cut to nothing", |log| fs::write(log, "").unwrap()),
        ("cut by a byte", |log| {
            let length = fs::metadata(log).unwrap().len();
            File::options().write(true).open(log).unwrap().set_len(length - 1).unwrap();
        }),
        ("rotated", |log| {
            let whole = fs::read(log).unwrap();
            fs::rename(log, log.with_extension("jsonl.1")).unwrap();
            fs::write(log, whole.repeat(3)).unwrap();
        }),
    ];
    for log in ["logs/attribution.jsonl", "logs/exit.jsonl", "data/audit_positions_autofix.jsonl"] {
        for (what, attack) in attacks {
            let directory = at(QUIET);
            let request = Request { directory: directory.path().to_owned(), ..Request::default() };
            let readings = read::bot(directory.path(), &Layout::default()).unwrap();
            attack(&directory.path().join(log));
            let report = judge(&request, readings, None).report;
            assert_eq!(report.verdict, Verdict::CouldNotCheck, "{log}: {what}");
            let entry = report.integrity.iter().find(|entry| entry.source == log).unwrap();
            assert_eq!(entry.reason, "unreadable", "{log}: {what}: {}", entry.says);
        }
        // What is appended belongs to the next run.
        let directory = at(QUIET);
        let request = Request { directory: directory.path().to_owned(), ..Request::default() };
        let readings = read::bot(directory.path(), &Layout::default()).unwrap();
        File::options().append(true).open(directory.path().join(log)).unwrap().write_all(b"not json\n").unwrap();
        assert_eq!(judge(&request, readings, None).report.verdict, Verdict::Clean, "{log}");
    }
}
