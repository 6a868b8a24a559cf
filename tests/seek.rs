//! A window of large logs is found by bisecting their bytes: what is read there is what reading all of it gives for the window.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails, and brings its own files")]

use chrono::Duration;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use tapecheck::Request;
use tapecheck::event::Event;
use tapecheck::fold::{self, Fold};
use tapecheck::layout::Layout;
use tapecheck::ledger::{Ledger, Settings};
use tapecheck::read::{self, Readings};
use tapecheck::report::Verdict;
use tapecheck::seek;
use tapecheck::tape::Cut;
use tapecheck::time::Time;
use tapecheck::trouble::Reason;
use tempfile::TempDir;

const DAYS: i64 = 12;

fn opening(day: i64) -> Time {
    "2026-03-02T14:30:00Z".parse::<Time>().unwrap() + Duration::days(day)
}

/// Entries and exits of one symbol, the whole book after each, and lines that tell nothing in between.
fn write(directory: &Path) {
    let (mut trades, mut books) = (String::new(), String::new());
    for day in 0..DAYS {
        for trade in 0..40 {
            let at = opening(day) + Duration::minutes(9 * trade);
            let stamp = |at: Time| at.utc().to_rfc3339();
            let filler = "x".repeat(1500);
            let (now, later) = (stamp(at), stamp(at + Duration::minutes(4)));
            let entry = format!(
                r#"{{"ts":"{now}","type":"attribution","trade_id":"open_DAL_{now}","symbol":"DAL","context":{{"direction":"bullish","order_type":"limit","entry_status":"filled","pending_fill":false,"position_side":"long","qty":{0},"entry_qty":{0},"side":"buy","entry_price":40,"note":"{filler}"}}}}"#,
                trade + 1
            );
            let exit = format!(
                r#"{{"ts":"{later}","type":"attribution","trade_id":"close_DAL_{later}","symbol":"DAL","pnl_usd":0,"context":{{"side":"long","position_side":"long","qty":{0},"entry_qty":{0},"exit_qty":{0},"entry_price":40,"exit_price":40}}}}"#,
                trade + 1
            );
            writeln!(trades, "{entry}\n{{\"ts\":\"{now}\",\"trade_id\":\"reconciled_1\",\"note\":\"{filler}\"}}\n{exit}")
                .unwrap();
            for (at, held) in [(at + Duration::minutes(1), trade + 1), (at + Duration::minutes(5), 0)] {
                let row = format!(r#"{{"symbol":"DAL","qty":{held}.0,"side":"long","avg_entry_price":40}}"#);
                let rows = if held == 0 { "" } else { row.as_str() };
                writeln!(books, r#"{{"ts":"{}","alpaca":{{"positions":[{rows}],"note":"{filler}"}}}}"#, stamp(at)).unwrap();
            }
        }
    }
    std::fs::create_dir_all(directory.join("logs")).unwrap();
    std::fs::create_dir_all(directory.join("state")).unwrap();
    std::fs::write(directory.join("logs/attribution.jsonl"), trades).unwrap();
    std::fs::write(directory.join("state/portfolio_state.jsonl"), books).unwrap();
}

fn events(readings: &Readings, cut: &Cut) -> Vec<Event> {
    let begin = || Fold::new(Ledger::new(Settings::default()), usize::MAX, None, Vec::new());
    let (mut fold, woven, _) = fold::pass(readings, cut, begin);
    fold.finish(woven).0.events
}

/// What an event is, wherever the reading began: line numbers count from there.
fn told(events: &[Event], from: Time) -> Vec<(Time, u64, String)> {
    let within = events.iter().filter(|event| event.at >= from);
    within.map(|event| (event.at, event.origin.offset, format!("{:?}", event.fact.clone()))).collect()
}

/// Holdings carry their line, which counts from where the reading began.
fn without_lines(told: Vec<(Time, u64, String)>) -> Vec<(Time, u64, String)> {
    let cut = |text: String| text.split(", line: ").map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit())).collect();
    told.into_iter().map(|(at, offset, text)| (at, offset, cut(text))).collect()
}

#[test]
fn what_is_found_in_the_middle_is_what_reading_all_gives() {
    let directory = TempDir::new().unwrap();
    write(directory.path());
    let (from, until) = (opening(8), opening(9));
    let mut readings = read::bot(directory.path(), &Layout::default()).unwrap();
    let cut = Cut { until: Some(until), ..Cut::default() };
    let all = events(&readings, &cut);
    let beginning = seek::beginning(&readings, from, Some(until), 0).unwrap();
    assert!(beginning.at < from && from - beginning.at < Duration::days(2), "{beginning:?}");
    assert_eq!(beginning.parts.len(), 2);
    assert!(beginning.parts.values().all(|part| part.start > 100_000), "{beginning:?}");
    let (stated_at, stated) = beginning.stated;
    readings.only(beginning.parts.clone());
    let found = events(&readings, &Cut { from: Some(beginning.at), ..cut });
    assert_eq!(without_lines(told(&found, from)), without_lines(told(&all, from)));
    assert!(beginning.parts.values().all(|part| part.end < 1_900_000), "{beginning:?}");
    assert!(found.len() < all.len() / 2);
    assert!(found.iter().any(|event| event.at == stated_at && event.origin.line == stated.line), "{stated:?}");
    // Lines that were passed over are counted where they are asked for.
    let one = found.iter().find(|event| event.at >= from).unwrap();
    let same = all.iter().find(|event| event.at == one.at && event.origin.offset == one.origin.offset).unwrap();
    assert_eq!(one.origin.line + readings.lines_before(one.origin.source).unwrap(), same.origin.line);
}

/// A line from the far future, and lines that tell no time, say nothing of how far a log was read: what follows them is read.
#[test]
fn a_broken_clock_hides_nothing_behind_it() {
    let directory = TempDir::new().unwrap();
    write(directory.path());
    let path = directory.path().join("logs/attribution.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let (from, until) = (opening(8), opening(9));
    let first = text.find(&format!(r#"{{"ts":"{}""#, from.utc().to_rfc3339())).unwrap();
    let ahead =
        r#"{"ts":"2099-01-01T00:00:00+00:00","type":"attribution","trade_id":"close_XOM_2099","symbol":"XOM","context":{}}"#;
    let silent = format!("{{\"trade_id\":\"reconciled_1\",\"note\":\"{}\"}}\n", "x".repeat(1000)).repeat(600);
    std::fs::write(&path, format!("{}{ahead}\n{silent}{}", &text[..first], &text[first..])).unwrap();
    let mut readings = read::bot(directory.path(), &Layout::default()).unwrap();
    let cut = Cut { until: Some(until), ..Cut::default() };
    let all = events(&readings, &cut);
    let beginning = seek::beginning(&readings, from, Some(until), 0).unwrap();
    readings.only(beginning.parts);
    let found = events(&readings, &Cut { from: Some(beginning.at), ..cut });
    assert_eq!(without_lines(told(&found, from)), without_lines(told(&all, from)));
}

#[test]
fn a_log_in_disorder_is_read_from_its_beginning() {
    let directory = TempDir::new().unwrap();
    write(directory.path());
    let path = directory.path().join("logs/attribution.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let (first, second) = lines.split_at(lines.len() / 2);
    std::fs::write(&path, [second, first].concat().join("\n") + "\n").unwrap();
    let from = opening(8);
    let mut readings = read::bot(directory.path(), &Layout::default()).unwrap();
    let all = events(&readings, &Cut::default());
    let beginning = seek::beginning(&readings, from, None, 0).unwrap();
    let read_whole = readings.logs_at_hand().find(|(_, format, _)| format.name() == "attribution").unwrap().0;
    assert!(!beginning.parts.contains_key(&read_whole), "{beginning:?}");
    readings.only(beginning.parts);
    let found = events(&readings, &Cut { from: Some(beginning.at), ..Cut::default() });
    assert_eq!(without_lines(told(&found, from)), without_lines(told(&all, from)));
}

#[test]
fn without_a_whole_book_before_it_a_window_begins_at_the_beginning() {
    let directory = TempDir::new().unwrap();
    write(directory.path());
    let readings = read::bot(directory.path(), &Layout::default()).unwrap();
    assert_eq!(seek::beginning(&readings, opening(0), None, 0), None);
    assert_eq!(seek::beginning(&readings, opening(8), None, u64::MAX), None);
    std::fs::remove_file(directory.path().join("state/portfolio_state.jsonl")).unwrap();
    assert_eq!(seek::beginning(&read::bot(directory.path(), &Layout::default()).unwrap(), opening(8), None, 0), None);
}

/// What was passed over and cannot be counted (the disk fails, the log was cut meanwhile) gives no numbers that look like those of the file.
#[test]
fn lines_that_cannot_be_counted_are_told_and_nothing_is_clean() {
    let day = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus/quiet-day");
    let request = Request { broker: Some(day.join("broker")), directory: day, ..Request::default() };
    let mut report = tapecheck::replay(&request).unwrap().report;
    assert_eq!(report.verdict, Verdict::Clean);
    let place = report.sources.iter().position(|source| source.lines > 0).unwrap();
    report.sources[place].passed_over = 1;
    let path = report.sources[place].path.clone();
    let (failed, entries) = (Reason::Unreadable("it became shorter".to_owned()), report.integrity.len());
    report.number_lines(true, |_| Err(failed.clone()));
    assert_eq!((report.verdict, report.sources[place].lines_before), (Verdict::CouldNotCheck, 0));
    let told: Vec<_> = report.integrity.iter().filter(|entry| entry.source == path && entry.forbids_clean).collect();
    assert_eq!((told.len(), report.integrity.len()), (1, entries + 1));
    assert!(told[0].reason == "unreadable" && told[0].says.contains("shorter") && told[0].line == 0, "{told:?}");
    assert_eq!(report.unchecked.len(), 1);
    // A second log that fails is told, too, and the reason once.
    report.sources.iter_mut().for_each(|source| source.passed_over = 1);
    report.number_lines(true, |_| Err(failed.clone()));
    assert_eq!(report.unchecked.len(), 1);
    assert!(report.integrity.is_sorted_by(|one, two| one.source <= two.source));
}
