//! Bad lines and bad files by name: each reason for quarantine is produced once, at its place.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a test that cannot go on fails, and brings its own files"
)]

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use tapecheck::source::LONGEST_LINE;
use tapecheck::trouble::Reason;
use tapecheck::{Request, replay};
use tempfile::TempDir;

const GOOD: &str = r#"{"event": "reconciliation_clean", "ts": "2026-03-02T15:00:00.600000Z", "details": {"positions_count": 0}}"#;
const AUTOFIX: &str = "data/audit_positions_autofix.jsonl";

fn write(directory: &Path, path: &str, bytes: &[u8]) {
    let file = directory.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, bytes).unwrap();
}

/// The entries of the report's integrity section: source, line, column, reason.
fn integrity(directory: &Path) -> Vec<(String, u64, Option<u64>, String)> {
    integrity_of(Request { directory: directory.to_owned(), ..Request::default() })
}

fn integrity_of(request: Request) -> Vec<(String, u64, Option<u64>, String)> {
    let replay = replay(&request).unwrap();
    let document: Value = serde_json::from_str(&tapecheck::outputs::json::write(&replay.report).unwrap()).unwrap();
    let rows = document["integrity"].as_array().unwrap().iter();
    let row = |row: &Value| {
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        (text("source"), row["line"].as_u64().unwrap(), row["column"].as_u64(), text("reason"))
    };
    rows.map(row).filter(|row| row.3 != "missing_file").collect()
}

/// One bad line between two good ones of the reconciler's log.
fn line(bad: &[u8]) -> (u64, Option<u64>, String) {
    let directory = TempDir::new().unwrap();
    let last = GOOD.replace("15:00", "15:02");
    write(directory.path(), AUTOFIX, &[GOOD.as_bytes(), b"\n", bad, b"\n", last.as_bytes(), b"\n"].concat());
    let mut found = integrity(directory.path());
    assert_eq!(found.len(), 1, "{found:?}");
    let (source, line, column, reason) = found.remove(0);
    assert_eq!(source, AUTOFIX);
    (line, column, reason)
}

/// One bad file beside a good log.
fn file(path: &str, bytes: &[u8]) -> (u64, Option<u64>, String) {
    let directory = TempDir::new().unwrap();
    write(directory.path(), "logs/run.jsonl", b"");
    write(directory.path(), path, bytes);
    let found = integrity(directory.path());
    let last = found.into_iter().rfind(|row| row.0 == path).unwrap_or_else(|| panic!("{path} is not in quarantine"));
    (last.1, last.2, last.3)
}

fn at(line: u64, column: Option<u64>, reason: &str) -> (u64, Option<u64>, String) {
    (line, column, reason.to_owned())
}

#[test]
fn not_json() {
    assert_eq!(line(b"reconciled 3 positions"), at(2, Some(1), "not_json"));
    assert_eq!(line(br#"{"event": "reconciliation_clean", "ts": }"#), at(2, Some(41), "not_json"));
    // The tail of a record alone on its line, its neighbours intact: how the bot's own logs are torn.
    assert_eq!(line(br#"ason_code": "run", "n": 1}}"#).2, "not_json");
}

#[test]
fn torn_line() {
    let torn = format!("{GOOD}\n{}", &GOOD[..39]);
    assert_eq!(file(AUTOFIX, torn.as_bytes()), at(2, Some(39), "torn_line"));
    // A state file is one record: cut short, it was caught half-way.
    assert_eq!(file("state/executor_state.json", b"{\n  \"timestamp\": \"2026-03-02").2, "torn_line");
    assert_eq!(file("state/position_metadata.json", b"").2, "torn_line");
}

#[test]
fn bad_utf8() {
    assert_eq!(line(b"{\"event\": \"\xff\xfe\"}"), at(2, Some(12), "bad_utf8"));
    assert_eq!(file("state/executor_state.json", b"{\"timestamp\": \"\xff\"}").2, "bad_utf8");
}

#[test]
fn gigantic_line() {
    let long = vec![b'x'; LONGEST_LINE + 10];
    assert_eq!(line(&long), at(2, None, "gigantic_line"));
}

#[test]
fn wrong_shape() {
    assert_eq!(line(br#"{"event": ["x"], "ts": "2026-03-02T15:01:00Z"}"#).2, "wrong_shape");
    assert_eq!(line(b"[1, 2]").2, "wrong_shape");
    assert_eq!(line(b"null").2, "wrong_shape");
    assert_eq!(file("state/executor_state.json", b"[]").2, "wrong_shape");
}

#[test]
fn bad_timestamp() {
    for ts in ["\"yesterday\"", "null", "-1", "\"2026-02-30T00:00:00Z\"", "1e300", "\"\""] {
        let row = format!(r#"{{"event": "reconciliation_clean", "ts": {ts}, "details": {{"positions_count": 0}}}}"#);
        assert_eq!(line(row.as_bytes()), at(2, None, "bad_timestamp"), "{ts}");
    }
}

#[test]
fn bad_symbol() {
    let row = r#"{"event": "orphan_purged", "ts": "2026-03-02T15:01:00Z", "details": {"symbol": "<b>"}}"#;
    assert_eq!(line(row.as_bytes()), at(2, None, "bad_symbol"));
    assert_eq!(line(row.replace("\"<b>\"", "null").as_bytes()).2, "bad_symbol");
}

#[test]
fn bad_number() {
    let row = r#"{"event": "quantity_reconciled", "ts": "2026-03-02T15:01:00Z", "details": {"details": [{"symbol": "AAA", "alpaca_qty": "ten"}]}}"#;
    assert_eq!(line(row.as_bytes()), at(2, None, "bad_number"));
}

#[test]
fn missing_field() {
    assert_eq!(line(br#"{"ts": "2026-03-02T15:01:00Z", "details": {}}"#), at(2, None, "missing_field"));
    let row = br#"{"event": "reconciliation_clean", "ts": "2026-03-02T15:01:00Z", "details": {}}"#;
    assert_eq!(line(row), at(2, None, "missing_field"));
}

/// A log that the settings map, read line by line: the reason of each line's trouble, empty where it has none.
fn custom(lines: &[&str]) -> Vec<String> {
    let settings = r#"
        [logs.custom.x]
        files = "x.jsonl"
        time = "t"
        kind = "k"
        symbol = "order.s"
        quantity = "order.q"
        side = "order.side"
        price = "order.p"
        speaks_for = "bot"
        [logs.custom.x.kinds]
        entry = "in"
        scale_out = "less"
        exit = "out"
        position = "has"
        book = "all"
        [logs.custom.x.book]
        positions = "rows"
        quantity = "q"
    "#;
    let directory = TempDir::new().unwrap();
    write(directory.path(), "x.jsonl", lines.join("\n").as_bytes());
    let layout = tapecheck::settings::read(settings, "tapecheck.toml").unwrap().layout();
    let request = Request { directory: directory.path().to_owned(), layout, ..Request::default() };
    let mut reasons = vec![String::new(); lines.len()];
    for (source, line, _, reason) in integrity_of(request) {
        assert_eq!(source, "x.jsonl");
        reasons[line as usize - 1] = reason;
    }
    reasons
}

#[test]
fn unknown_word() {
    let kind = r#"{"t": 1778680000, "k": "sideways"}"#;
    let side = r#"{"t": 1778680000, "k": "in", "order": {"s": "DAL", "q": 1, "side": "up"}}"#;
    assert_eq!(custom(&[kind, side]), ["unknown_word", "unknown_word"]);
}

#[test]
fn lines_of_another_format_are_read_as_far_as_they_say_something() {
    let order = |order: &str| format!(r#"{{"t": 1778680000, "k": "in", "order": {order}}}"#);
    let cases = [
        (order(r#"{"s": "DAL", "q": "1.5", "side": "BUY", "p": null}"#), ""),
        (order(r#"{"s": "DAL", "q": -1, "side": "sell"}"#), ""),
        (order(r#"{"s": "DAL", "q": -1, "side": "buy"}"#), "side_contradicts_sign"),
        (order(r#"{"s": "DAL", "q": 1}"#), "missing_field"),
        (order(r#"{"s": "DAL", "side": "buy"}"#), "missing_field"),
        (order(r#"{"s": "D L!", "q": 1, "side": "buy"}"#), "bad_symbol"),
        (order(r#"{"q": 1, "side": "buy"}"#), "bad_symbol"),
        (order(r#"{"s": "DAL", "q": "some", "side": "buy"}"#), "bad_number"),
        (order("[]"), "bad_symbol"),
        (order("7"), "bad_symbol"),
        (r#"{"t": "yesterday", "k": "all", "rows": {}}"#.to_owned(), "bad_timestamp"),
        (r#"{"k": "all", "rows": {}}"#.to_owned(), "bad_timestamp"),
        (r#"{"t": 1778680000}"#.to_owned(), "missing_field"),
        (r#"{"t": 1778680000, "k": "all"}"#.to_owned(), "missing_field"),
        (r#"{"t": 1778680000, "k": "all", "rows": null}"#.to_owned(), "missing_field"),
        (r#"{"t": 1778680000, "k": "all", "rows": {"DAL": {"q": 2}, "XOM": {"q": NaN}}}"#.to_owned(), "not_json"),
        (r#"{"t": 1778680000, "k": "all", "rows": {"DAL": {"q": 2}, "XOM": {"q": 0}}}"#.to_owned(), ""),
        ("[1, 2]".to_owned(), "wrong_shape"),
        ("{\"t\": 1778680000, \"k\": ".to_owned(), "torn_line"),
    ];
    let lines: Vec<&str> = cases.iter().map(|(line, _)| line.as_str()).collect();
    let reasons: Vec<&str> = cases.iter().map(|(_, reason)| *reason).collect();
    assert_eq!(custom(&lines), reasons);
}

#[test]
fn side_contradicts_sign() {
    let row = br#"{"ts": "2026-03-02T15:01:00Z", "alpaca": {"positions": [{"symbol": "AAA", "qty": -3.0, "side": "long"}]}}"#;
    assert_eq!(file("state/portfolio_state.jsonl", row), at(1, None, "side_contradicts_sign"));
}

#[test]
fn not_a_file() {
    let directory = TempDir::new().unwrap();
    std::fs::create_dir_all(directory.path().join("logs/exit.jsonl")).unwrap();
    std::fs::create_dir_all(directory.path().join("state/executor_state.json")).unwrap();
    let found = integrity(directory.path());
    let reasons: Vec<&str> = found.iter().map(|row| row.3.as_str()).collect();
    assert_eq!(reasons, ["not_a_file", "not_a_file"], "{found:?}");
}

#[cfg(unix)]
#[test]
fn unreadable() {
    let directory = TempDir::new().unwrap();
    std::fs::create_dir_all(directory.path().join("logs")).unwrap();
    // A link that leads nowhere: there by name, and not to be opened, whoever asks.
    std::os::unix::fs::symlink("nowhere", directory.path().join("logs/run.jsonl")).unwrap();
    let found = integrity(directory.path());
    assert_eq!(found, [("logs/run.jsonl".to_owned(), 1, None, "unreadable".to_owned())]);
}

#[test]
fn bad_compression() {
    assert_eq!(file("logs/exit.jsonl.gz", b"this is not gzip").2, "bad_compression");
    assert_eq!(file("logs/exit.jsonl.zst", b"nor is this zstd").2, "bad_compression");
}

/// A state file of nothing but a hole, longer than any.
#[test]
fn too_large() {
    let directory = TempDir::new().unwrap();
    write(directory.path(), "logs/run.jsonl", b"");
    write(directory.path(), "state/executor_state.json", b"");
    let file = std::fs::OpenOptions::new().write(true).open(directory.path().join("state/executor_state.json")).unwrap();
    file.set_len(tapecheck::read::LARGEST_BOOK + 1).unwrap();
    let found = integrity(directory.path());
    assert_eq!(found, [("state/executor_state.json".to_owned(), 1, None, "too_large".to_owned())]);
}

/// A log that is nothing but lines in trouble: each is counted, and the last that is told stands for the rest.
#[test]
fn and_more() {
    let directory = TempDir::new().unwrap();
    write(directory.path(), AUTOFIX, "x\n".repeat(30_000).as_bytes());
    let found = integrity(directory.path());
    assert_eq!(found.len(), 10_000);
    assert_eq!(found[9_998], (AUTOFIX.to_owned(), 9_999, Some(1), "not_json".to_owned()));
    assert_eq!(found[9_999], (AUTOFIX.to_owned(), 10_000, None, "and_more".to_owned()));
    let replay = replay(&Request { directory: directory.path().to_owned(), ..Request::default() }).unwrap();
    assert_eq!(replay.report.sources[0].quarantined, 30_000);
    assert_eq!(replay.report.integrity[9_999].says, "20001 more lines in trouble from here on");
}

/// JSON that opens more levels than any record has, and a time that ends in a million letters: told, and not followed to the end of the stack.
#[test]
fn lines_without_end() {
    for levels in [200, 100_000] {
        let nested = [b"[".repeat(levels), b"]".repeat(levels)].concat();
        assert_eq!(line(&nested).2, "wrong_shape", "{levels}");
        let inner = [br#"{"x": "#.repeat(levels), b"1".to_vec(), b"}".repeat(levels)].concat();
        // A field that nobody asks for is passed over, however deep it is.
        assert_eq!(line(&inner).2, "bad_timestamp", "{levels}");
    }
    let endless = GOOD.replace("15:00:00.600000Z", &format!("15:01:00+{}", "Z".repeat(1_000_000)));
    assert_eq!(line(endless.as_bytes()), at(2, None, "bad_timestamp"));
}

/// A number that is exact and that cannot be added to another of its size.
#[test]
fn numbers_without_end() {
    let row = |number: &str| {
        format!(
            r#"{{"event": "quantity_reconciled", "ts": "2026-03-02T15:01:00Z", "details": {{"details": [{{"symbol": "AAA", "alpaca_qty": {number}}}]}}}}"#
        )
    };
    for number in ["79228162514264337593543950335", "-1e19", "\"1000000000000000001\""] {
        assert_eq!(line(row(number).as_bytes()), at(2, None, "bad_number"), "{number}");
    }
}

/// Every reason has its test above, so that a new one cannot come without.
#[test]
fn every_reason_is_tested() {
    let source = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lines.rs")).unwrap();
    let untested: BTreeSet<&str> = Reason::CODES.into_iter().filter(|code| !source.contains(&format!("fn {code}()"))).collect();
    assert!(untested.is_empty(), "{untested:?}");
}

/// What is only odd is read: spellings of time and number that the bot or its scripts have been seen to write.
#[test]
fn odd_lines_are_understood() {
    let odd = [
        format!("\u{feff}{GOOD}\r"),
        GOOD.replace("Z\"", "\"").replace("15:00", "15:01"),
        GOOD.replace("Z\"", "+00:00Z\"").replace("15:00", "15:02"),
        GOOD.replace("\"2026-03-02T15:00:00.600000Z\"", "1772463780.6"),
        GOOD.replace("\"2026-03-02T15:00:00.600000Z\"", "\"2026-03-02 15:04:00 UTC\""),
        GOOD.replace("\"details\"", "\"x\": NaN, \"y\": -Infinity, \"details\"").replace("15:00", "15:05"),
        GOOD.replace("\"event\"", "\"event\": \"orphan_purged\", \"event\"").replace("15:00", "15:06"),
    ];
    let directory = TempDir::new().unwrap();
    write(directory.path(), AUTOFIX, odd.join("\n").as_bytes());
    let replay = replay(&Request { directory: directory.path().to_owned(), ..Request::default() }).unwrap();
    let source = &replay.report.sources[0];
    assert_eq!((source.lines, source.understood), (7, 7), "{:?}", replay.report.integrity);
    assert_eq!(source.out_of_order, 0);
}
