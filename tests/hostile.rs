//! The properties that the fuzzer tries with millions of inputs, with some hundreds in every run: each begins with text of the corpus, and is
//! damaged byte by byte.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on fails, and reads the corpus"
)]

#[path = "fuzz/properties.rs"]
mod properties;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::RngSeed;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The same inputs every time, so that a change is to blame for a failure; `PROPTEST_RNG_SEED` looks at others, `PROPTEST_CASES` at more.
fn cases(few: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    let rng_seed = if asked.rng_seed == RngSeed::Random { RngSeed::Fixed(7) } else { asked.rng_seed };
    let cases = if asked.cases == ProptestConfig::with_cases(256).cases { few } else { asked.cases };
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 400, rng_seed, ..asked }
}

/// What is done to bytes.
#[derive(Clone, Debug)]
enum Damage {
    Flip(Index, u8),
    Set(Index, u8),
    Insert(Index, &'static [u8]),
    Remove(Index, usize),
    Repeat(Index, usize, usize),
    Truncate(Index),
    Swap(Index, Index, usize),
}

/// Pieces of text that readers stumble over.
const PIECES: [&[u8]; 26] = [
    b"\0",
    b"\n",
    b"\r\n",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[[[[[[[[[[[[[[[[",
    b"]",
    b",",
    b":",
    b"NaN",
    b"-Infinity",
    b"null",
    b"-0",
    b"1e999",
    b"1E-28",
    b"79228162514264337593543950335",
    b"99999999999999999999999999999999",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    "\u{202e}".as_bytes(),
    b"2199-12-31T23:59:60Z",
    b"+00:00ZZZZ",
];

fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<Index>;
    prop_oneof![
        3 => (place(), 0u8..8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        2 => (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        4 => (place(), select(&PIECES[..])).prop_map(|(at, piece)| Damage::Insert(at, piece)),
        2 => (place(), 1usize..40).prop_map(|(at, bytes)| Damage::Remove(at, bytes)),
        1 => (place(), 1usize..40, 2usize..200).prop_map(|(at, bytes, times)| Damage::Repeat(at, bytes, times)),
        1 => place().prop_map(Damage::Truncate),
        1 => (place(), place(), 1usize..20).prop_map(|(one, other, bytes)| Damage::Swap(one, other, bytes)),
    ]
}

fn damaged(mut bytes: Vec<u8>, all: &[Damage]) -> Vec<u8> {
    for damage in all {
        let length = bytes.len();
        let part = |at: &Index, most: usize| {
            let at = at.index(length + 1);
            at..(at + most).min(length)
        };
        match damage {
            Damage::Flip(at, bit) if length > 0 => bytes[at.index(length)] ^= 1 << bit,
            Damage::Set(at, byte) if length > 0 => bytes[at.index(length)] = *byte,
            Damage::Flip(..) | Damage::Set(..) => {}
            Damage::Insert(at, piece) => drop(bytes.splice(part(at, 0), piece.iter().copied())),
            Damage::Remove(at, most) => drop(bytes.drain(part(at, *most))),
            Damage::Repeat(at, most, times) => {
                let again = bytes[part(at, *most)].repeat(*times);
                drop(bytes.splice(part(at, 0), again));
            }
            Damage::Truncate(at) => bytes.truncate(at.index(length + 1)),
            Damage::Swap(one, other, most) => {
                let (one, other) = (part(one, *most), part(other, *most));
                for (left, right) in one.zip(other) {
                    bytes.swap(left, right);
                }
            }
        }
    }
    bytes
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of the cases for which `is` holds, by their paths below the case.
fn files(is: impl Fn(&str) -> bool) -> Vec<Vec<u8>> {
    let mut folders: Vec<PathBuf> = vec![root().join("corpus")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            let below = path.strip_prefix(root().join("corpus")).unwrap().to_str().unwrap();
            let below = below.split_once('/').map_or("", |(_, below)| below);
            if path.is_dir() {
                folders.push(path);
            } else if is(below) {
                found.push(std::fs::read(&path).unwrap());
            }
        }
    }
    assert!(!found.is_empty());
    found
}

static LOGS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| files(|path| path.ends_with(".jsonl")));

static LINES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let lines = LOGS.iter().flat_map(|log| log.split(|byte| *byte == b'\n'));
    lines.filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
});

static TIMES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let text =
        |line: &Vec<u8>| Some(String::from_utf8_lossy(line).split_once("\"ts\": ")?.1.split([',', '}']).next()?.to_owned());
    LINES.iter().filter_map(text).map(|time| time.trim_matches('"').as_bytes().to_vec()).collect()
});

static BOOKS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| files(|path| path.starts_with("state/") && path.ends_with(".json")));

static SETTINGS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| files(|path| path == "tapecheck.toml"));

static MANIFESTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| files(|path| path == "case.toml"));

/// Files of each case one after another, a zero byte between two of them.
fn joined(paths: &[&str]) -> Vec<Vec<u8>> {
    let cases = std::fs::read_dir(root().join("corpus")).unwrap().map(|entry| entry.unwrap().path());
    let of_case = |case: PathBuf| {
        let parts: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(case.join(path)).unwrap_or_default()).collect();
        parts.join(&0)
    };
    let mut cases: Vec<PathBuf> = cases.collect();
    cases.sort();
    cases.into_iter().map(of_case).collect()
}

const ANSWERS: [&str; 7] = [
    "broker/recording.json",
    "broker/account.json",
    "broker/activities.json",
    "broker/calendar.json",
    "broker/clock.json",
    "broker/orders.json",
    "broker/positions.json",
];

static RECORDINGS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| joined(&ANSWERS));

static BODIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| joined(&ANSWERS[1..]));

static DAYS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    joined(&[
        "logs/attribution.jsonl",
        "logs/exit.jsonl",
        "logs/orders.jsonl",
        "logs/run.jsonl",
        "data/audit_positions_autofix.jsonl",
        "state/portfolio_state.jsonl",
        "state/executor_state.json",
        "state/position_metadata.json",
        "logs/reconcile.jsonl",
        "broker/positions.json",
        "broker/activities.json",
        "broker/orders.json",
    ])
});

fn hostile(seeds: &'static LazyLock<Vec<Vec<u8>>>) -> impl Strategy<Value = Vec<u8>> {
    (any::<Index>(), vec(damage(), 0..6)).prop_map(|(seed, damage)| damaged(seeds[seed.index(seeds.len())].clone(), &damage))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn times(bytes in hostile(&TIMES)) {
        properties::times(&text(&bytes));
    }

    #[test]
    fn json(bytes in hostile(&LINES)) {
        properties::json(&text(&bytes));
    }

    #[test]
    fn logs(bytes in hostile(&LINES)) {
        properties::logs(&text(&bytes));
    }

    #[test]
    fn checkpoints(bytes in vec(any::<u8>(), 0..60)) {
        properties::checkpoint(&bytes);
    }

    #[test]
    fn payloads(bytes in vec(any::<u8>(), 0..60)) {
        properties::payload(&bytes);
    }

    #[test]
    fn settings(bytes in hostile(&SETTINGS)) {
        properties::settings(&text(&bytes));
    }

    #[test]
    fn recordings(bytes in hostile(&RECORDINGS)) {
        properties::recordings(&text(&bytes));
    }
}

proptest! {
    #![proptest_config(cases(800))]

    #[test]
    fn lines(choice: u8, bytes in hostile(&LOGS)) {
        properties::lines((choice, &bytes));
    }

    #[test]
    fn books(bytes in hostile(&BOOKS)) {
        properties::books(&text(&bytes));
    }

    #[test]
    fn bodies(bytes in hostile(&BODIES)) {
        properties::bodies(&text(&bytes));
    }
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn days(bytes in hostile(&DAYS)) {
        properties::days(&text(&bytes));
    }

    #[test]
    fn manifests(bytes in hostile(&MANIFESTS)) {
        properties::cases(&bytes);
    }
}

/// A second byte order mark is no mark, whether or not a later line is text.
#[test]
fn of_two_byte_order_marks_one_is_a_mark() {
    for later in [&b"\xbf\n"[..], b"x\n", b""] {
        properties::lines((7, &[b"\xef\xbb\xbf\xef\xbb\xbf\n\n", later].concat()));
    }
}
