//! Incremental is whole: whatever happens to the files between looks, a warm look gives what a fresh audit gives.

#![expect(clippy::disallowed_methods, reason = "small made-up directories, written to as a bot writes")]

use proptest::prelude::*;
use std::fs;
use std::io::Write;
use std::path::Path;

use super::*;
use crate::Passed;
use crate::fold;
use crate::layout::Layout;
use crate::report::{Excerpts, Report, Spots};

#[path = "../../tests/days/mod.rs"]
#[expect(dead_code, reason = "the days of the laws, of which only some are wanted here")]
mod days;

use days::{Day, LOGS, steps};

/// What happens to the files between two looks.
#[derive(Clone, Debug)]
enum Happening {
    /// So many more lines of the day are written, each to its log.
    Lines(usize),
    /// A line is begun, and its end comes with the next: all of it but the line feed, or half.
    Torn(bool),
    /// A log keeps only its last so many lines.
    Cut(prop::sample::Index, usize),
    /// A log is moved aside, and a new one begun.
    Rotated(prop::sample::Index),
    /// The lines that a log has are written once more, in another order.
    Rewritten(prop::sample::Index),
    /// An old line is appended to its log again.
    Again(prop::sample::Index),
    /// A state file is gone.
    Gone(prop::sample::Index),
    /// The one who looks is started again.
    Restarted,
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let log = any::<prop::sample::Index>;
    prop::collection::vec(
        prop_oneof![
            20 => (1usize..25).prop_map(Happening::Lines),
            2 => any::<bool>().prop_map(Happening::Torn),
            1 => (log(), 0usize..6).prop_map(|(log, kept)| Happening::Cut(log, kept)),
            1 => log().prop_map(Happening::Rotated),
            1 => log().prop_map(Happening::Rewritten),
            1 => log().prop_map(Happening::Again),
            1 => log().prop_map(Happening::Gone),
            2 => Just(Happening::Restarted),
        ],
        1..16,
    )
}

/// A day whose lines are written one after another.
struct Written<'a> {
    folder: &'a Path,
    day: &'a Day,
    /// Log and line, in the order of their times.
    to_come: std::vec::IntoIter<(&'static str, Vec<u8>)>,
}

impl<'a> Written<'a> {
    fn begun(folder: &'a Path, day: &'a Day) -> Written<'a> {
        let logs = LOGS.into_iter().chain(["state/portfolio_state.jsonl"]);
        let mut lines: Vec<(&str, Vec<u8>)> =
            logs.flat_map(|log| day.lines(log).into_iter().map(move |line| (log, line))).collect();
        lines.sort_by_key(|(_, line)| String::from_utf8_lossy(line).split("2026-").nth(1).map(|time| time[..14].to_owned()));
        let written = Written { folder, day, to_come: lines.into_iter() };
        // The same happened ten days before.
        for log in LOGS.into_iter().chain(["state/portfolio_state.jsonl"]) {
            for line in day.lines(log) {
                let line = String::from_utf8_lossy(&line).replace("2026-03-02", "2026-02-20");
                written.append(log, format!("{line}\n").as_bytes());
            }
        }
        written.state_files();
        written
    }

    fn state_files(&self) {
        let books = self.day.files.iter().filter(|(path, _)| path.starts_with("state/") && path.ends_with(".json"));
        for (path, bytes) in books {
            self.file(path, bytes);
        }
    }

    fn file(&self, path: &str, bytes: &[u8]) {
        let file = self.folder.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }

    fn append(&self, path: &str, bytes: &[u8]) {
        let file = self.folder.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::OpenOptions::new().create(true).append(true).open(file).unwrap().write_all(bytes).unwrap();
    }

    fn lines_of(&self, path: &str) -> Vec<String> {
        fs::read_to_string(self.folder.join(path)).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn happens(&mut self, what: &Happening) {
        let pick = |index: &prop::sample::Index| *index.get(&LOGS);
        match what {
            Happening::Lines(count) => {
                for (log, mut line) in self.to_come.by_ref().take(*count).collect::<Vec<_>>() {
                    line.push(b'\n');
                    self.append(log, &line);
                }
                self.state_files();
            }
            Happening::Torn(half) => {
                if let Some((log, line)) = self.to_come.next() {
                    let (now, later) = line.split_at(if *half { line.len() / 2 } else { line.len() });
                    self.append(log, now);
                    let rest = std::iter::once((log, later.to_vec()));
                    self.to_come = rest.chain(self.to_come.by_ref()).collect::<Vec<_>>().into_iter();
                }
            }
            Happening::Cut(log, kept) => {
                let lines = self.lines_of(pick(log));
                let kept = &lines[lines.len().saturating_sub(*kept)..];
                self.file(pick(log), kept.iter().map(|line| format!("{line}\n")).collect::<String>().as_bytes());
            }
            Happening::Rotated(log) => {
                let from = self.folder.join(pick(log));
                if from.exists() {
                    fs::rename(&from, self.folder.join(format!("{}.1", pick(log)))).unwrap();
                }
            }
            Happening::Rewritten(log) => {
                let mut lines = self.lines_of(pick(log));
                lines.reverse();
                if !lines.is_empty() {
                    self.file(pick(log), lines.iter().map(|line| format!("{line}\n")).collect::<String>().as_bytes());
                }
            }
            Happening::Again(log) => {
                if let Some(line) = self.lines_of(pick(log)).first() {
                    self.append(pick(log), format!("{line}\n").as_bytes());
                }
            }
            Happening::Gone(book) => {
                let books: Vec<&String> =
                    self.day.files.keys().filter(|path| path.ends_with(".json") && path.starts_with("state/")).collect();
                drop(fs::remove_file(self.folder.join(book.get(&books))));
            }
            Happening::Restarted => {}
        }
    }
}

fn clock() -> Time {
    Time::UNIX_EPOCH
}

fn request(folder: &Path, now: Time) -> Request {
    let mut request =
        Request { directory: folder.to_owned(), layout: Layout::default(), audit: Some(clock), ..Request::default() };
    request.window.at = Some(now);
    request
}

/// A fresh audit, without causes.
fn fresh(request: &Request, recording: Option<&Recording>) -> Report {
    let mut readings = read::bot(&request.directory, &request.layout).unwrap();
    let heard = crate::hear(request, &mut readings, recording);
    let (fold, woven, accounts) = fold::pass(&readings, &crate::cut(request), || crate::begin(request, &readings));
    let lines = accounts.into_iter().map(|(id, account)| (id, account.source, account.quarantined)).collect();
    let passed = Passed { fold, woven, lines, opening: None };
    let none = Carried::default();
    crate::conclude(request, &mut readings, heard, passed, |fold, _, _, _| none.put(&mut fold.ledger)).report
}

/// What a warm look gives, without causes.
fn warmly(follower: &mut Follower, now: Time, recording: Option<&Recording>) -> Option<Report> {
    let mut readings = read::bot(&follower.request.directory, &follower.request.layout).ok()?;
    follower.read_on(&mut readings);
    let request = request(&follower.request.directory, now);
    let replay = follower.warm.as_ref()?.look(&request, readings, recording, &Carried::default())?;
    Some(Report { excerpts: Excerpts::new(), spots: Spots::new(), ..replay.report })
}

/// The lists of what happened begin where a warm look may have forgotten what was before.
fn without_history(mut report: Report, forgotten: Option<Time>) -> Report {
    let Some(forgotten) = forgotten else { return report };
    report.fixes.retain(|fix| fix.at >= forgotten);
    report.profit.differing.retain(|difference| difference.at >= forgotten);
    let cycles = &mut report.audit.as_mut().unwrap().activity.cycles;
    let last = cycles.last().copied();
    cycles.retain(|at| *at >= forgotten || Some(*at) == last);
    report
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// With little kept, so that most of the day is folded for good; and with all of it, and a broker whose activities reach back.
    #[test]
    fn a_warm_look_is_a_fresh_audit(steps in steps(30), happenings in happenings(), minutes in 1i64..12, asks: bool) {
        let day = Day::of(&steps);
        let (folder, broker) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        day.write(broker.path());
        let recording = asks.then(|| crate::brokers::recording::load(&broker.path().join("broker"), None).unwrap());
        let mut written = Written::begun(folder.path(), &day);
        let now = "2026-03-02T16:00:00Z".parse().unwrap();
        let kept = if asks { Duration::days(1) } else { Duration::minutes(minutes) };
        let begin = || Follower { kept, ..Follower::new(request(folder.path(), now)) };
        let mut follower = begin();
        for what in &happenings {
            written.happens(what);
            if matches!(what, Happening::Restarted) {
                follower = follower.checkpoint(7).unwrap().map_or_else(begin, |bytes| {
                    assert!(Follower::resumed(request(folder.path(), now), &bytes, 8).is_err(), "another build's");
                    Follower::resumed_keeping(request(folder.path(), now), kept, &bytes, 7).unwrap()
                });
            }
            if let Some(warm) = warmly(&mut follower, now, recording.as_ref()) {
                let fresh = fresh(&request(folder.path(), now), recording.as_ref());
                let forgotten = follower.warm.as_ref().and_then(|warm| warm.forgotten_before);
                let [warm, fresh] = [warm, fresh].map(|report| without_history(report, forgotten));
                prop_assert_eq!(warm, fresh);
            }
        }
    }
}

/// Neither its length nor its ends tell of it: it is seen when all is read again.
#[test]
fn a_log_that_is_changed_in_its_middle_is_seen_after_hours() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("logs/run.jsonl");
    fs::create_dir_all(log.parent().unwrap()).unwrap();
    let line = |minute: usize| {
        format!("{{\"ts\": \"2026-03-02T15:{minute:02}:00+00:00\", \"msg\": \"complete\", \"pad\": \"{minute:0>400}\"}}\n")
    };
    let text: String = (0..60).map(line).collect();
    fs::write(&log, &text).unwrap();
    fs::write(folder.path().join("logs/attribution.jsonl"), "").unwrap();
    let begins: Time = "2026-03-02T16:00:00Z".parse().unwrap();
    let request = || Request { window: crate::Window::default(), ..request(folder.path(), begins) };
    let mut follower = Follower::new(request());
    let quarantined = |follower: &mut Follower, after: Duration| {
        let look = follower.look(|_| Asked { recording: None, now: begins + after }).unwrap();
        look.replay.report.sources.iter().map(|source| source.quarantined).sum::<u64>()
    };
    assert_eq!(quarantined(&mut follower, Duration::zero()), 0);
    fs::write(&log, text.replacen("15:30:00+", "15:xx:00+", 1)).unwrap();
    assert_eq!(quarantined(&mut follower, Duration::minutes(1)), 0);
    // Who is started again counts on.
    let mut follower = Follower::resumed(request(), &follower.checkpoint(7).unwrap().unwrap(), 7).unwrap();
    assert_eq!(quarantined(&mut follower, READ_AGAIN), 0);
    assert_eq!(quarantined(&mut follower, READ_AGAIN + Duration::minutes(1)), 1);
    assert_eq!(quarantined(&mut follower, READ_AGAIN + Duration::minutes(2)), 1);
}

/// A record that is older than what was folded for good: all is read anew, and the log that has it is named.
#[test]
fn a_record_that_comes_too_late_is_told_with_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let append = |log: &str, msg: &str, day: u32| {
        let file = folder.path().join(log);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let line = format!("{{\"ts\": \"2026-03-{day:02}T15:00:00+00:00\", \"msg\": \"{msg}\"}}\n");
        fs::OpenOptions::new().create(true).append(true).open(file).unwrap().write_all(line.as_bytes()).unwrap();
    };
    append("logs/attribution.jsonl", "none", 1);
    append("logs/run_once.jsonl", "started", 1);
    (1..29).for_each(|day| append("logs/run.jsonl", "complete", day));
    let now: Time = "2026-03-29T00:00:00Z".parse().unwrap();
    let mut follower = Follower::new(Request { window: crate::Window::default(), ..request(folder.path(), now) });
    let mut anew = || follower.look(|_| Asked { recording: None, now }).unwrap().read_anew;
    assert_eq!(anew(), Some(Changed::First));
    append("logs/run_once.jsonl", "started", 28);
    assert_eq!(anew(), None);
    append("logs/run_once.jsonl", "started", 2);
    assert_eq!(anew(), Some(Changed::Late("logs/run_once.jsonl".to_owned())));
}
