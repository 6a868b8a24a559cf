//! What must be true of whatever is given to a reader, one function for each target: the fuzzer tries millions of inputs, `tests/hostile.rs`
//! some hundreds in every run of the tests. A new reader gets a function here, a target of three lines, its seeds in `seeds`, and a test there.

use chrono::{DateTime, Datelike};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use tapecheck::breaks::Severity;
use tapecheck::brokers::recording::of_texts;
use tapecheck::brokers::{Body, BrokerRead, Endpoint, Recording, TimeSource, alpaca};
use tapecheck::cache::payload;
use tapecheck::cli::corpus::parsed;
use tapecheck::corpus::case::{ACCEPTED, Case, Given, MANIFEST};
use tapecheck::cutter::{Cutter, Log};
use tapecheck::documents::whole;
use tapecheck::event::Event;
use tapecheck::follow::{Asked, Follower, sealed};
use tapecheck::json::{self, Habits, Raw, Rows, Text};
use tapecheck::layout::{CustomLog, Layout};
use tapecheck::lines::Lines;
use tapecheck::logs::{self, Outcome, Reader, Sink, rule};
use tapecheck::origin::{Origin, SourceId};
use tapecheck::read::{self, Readings};
use tapecheck::report::Verdict;
use tapecheck::source::{self, Account, Piece, PieceText};
use tapecheck::time::{self, Time};
use tapecheck::{Request, books, judge, outputs, settings};

/// Timestamps: what is read is plausible, and reads the same once it is written as reports write it.
pub fn times(text: &str) {
    for read in [time::parse(text), time::parse_text(text), time::parse(&format!("\"{text}\""))].into_iter().flatten() {
        assert!((2000..=2199).contains(&read.utc().year()), "{text}");
        assert_eq!(time::parse_text(&time::show(read)), Some(read), "{text}");
        let day = time::exchange_day(read);
        let (begins, ends) = (time::day_begins(day).unwrap(), time::day_ends(day).unwrap());
        assert!(begins <= read && read < ends, "{text}: {begins} {ends}");
    }
    // What the library reads strictly, the quicker reading by places must not read in another way.
    if let Ok(library) = DateTime::parse_from_rfc3339(text) {
        assert_eq!(time::parse_text(text), time::plausible(library.to_utc().into()), "{text}");
    }
}

/// A wire shape with one of everything that the readers ask for.
#[derive(Deserialize, Debug, PartialEq)]
struct Shape<'a> {
    #[serde(borrow)]
    ts: Option<Raw<'a>>,
    #[serde(borrow)]
    symbol: Option<Text<'a>>,
    #[serde(borrow)]
    symbols: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    context: Option<Inner<'a>>,
    #[serde(borrow, default)]
    positions: Vec<Inner<'a>>,
    #[serde(borrow, default)]
    details: Option<Box<Shape<'a>>>,
}

#[derive(Deserialize, Debug, PartialEq)]
struct Inner<'a> {
    #[serde(borrow)]
    qty: Option<Raw<'a>>,
    #[serde(borrow)]
    side: Option<Text<'a>>,
}

fn rows<'a>(rows: &Rows<'a>) -> Vec<(String, Raw<'a>)> {
    rows.0.clone()
}

/// The same but for one byte, which is missing, comes twice, or is another: somewhere, as its length has it.
fn almost(text: &str) -> Vec<String> {
    let at = text.len() * (text.len() % 13) / 13;
    let Some((before, after)) = text.split_at_checked(at) else { return Vec::new() };
    let Some((byte, rest)) = after.split_at_checked(1) else { return Vec::new() };
    ["", &byte.repeat(2), "1", "\""].map(|other| format!("{before}{other}{rest}")).to_vec()
}

/// One record: the quick reader never accepts what serde_json does not, nor reads it in another way; what is read leniently is strict JSON, and
/// stays as it is when it is read so again.
pub fn json(text: &str) {
    // Its lines are records of one log, each read after the others were seen; it is one, too.
    let mut habits = Habits::default();
    let almost = almost(text);
    for text in text.lines().chain([text, text]).chain(almost.iter().map(String::as_str)).chain([text]) {
        let alone = json::quickly::<Shape<'_>>(text, &mut Habits::none()).ok();
        assert_eq!(json::quickly::<Shape<'_>>(text, &mut habits).ok(), alone, "{text}");
        if alone.is_some() {
            assert_eq!(json::plainly::<Shape<'_>>(text).ok(), alone);
        }
    }
    if let Ok(quickly) = json::quickly::<Rows<'_>>(text, &mut habits) {
        assert_eq!(json::plainly::<Rows<'_>>(text).map(|plainly| rows(&plainly)), Ok(rows(&quickly)));
    }
    if let Ok(quickly) = json::quickly::<Vec<Raw<'_>>>(text, &mut habits) {
        assert_eq!(json::plainly::<Vec<Raw<'_>>>(text), Ok(quickly));
    }
    let raw = json::read::<Raw<'_>>(text).ok();
    if let Ok(Some(exact)) = json::decimal(raw, "qty") {
        // An exact number is written as it was meant: reading it again loses nothing.
        let written = exact.to_string();
        assert_eq!(json::decimal(json::read(&written).ok(), "qty"), Ok(Some(exact)), "{text}");
    }
    let _ = json::float(raw, "qty");
    let Some(repaired) = json::repaired(text) else { return };
    assert!(serde_json::from_str::<IgnoredAny>(&repaired).is_ok(), "{text} -> {repaired}");
    assert_eq!(json::repaired(&repaired).as_ref(), Some(&repaired), "{text}");
    if let (Ok(strict), Ok(lenient)) = (serde_json::from_str::<Value>(text), serde_json::from_str::<Value>(&repaired)) {
        assert_eq!(strict, lenient, "{text}");
    }
}

/// A log that the settings map, with one of everything.
const MAPPED: &str = r#"
[logs.custom.x]
files = "x.jsonl"
time = "ts"
kind = "type"
symbol = "symbol"
quantity = "qty"
side = "side"
price = "price"
profit = "pnl_usd"
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

static READERS: LazyLock<Vec<Reader>> = LazyLock::new(|| {
    let layout = settings::read(MAPPED, "tapecheck.toml").unwrap().layout();
    let custom = layout.custom.iter().map(|log: &CustomLog| Reader::Custom(Arc::clone(&log.mapping)));
    logs::ALL.iter().map(Reader::Format).chain(custom).collect()
});

/// One line, given to every log's decoder: it is understood, left out by a named rule, or in trouble; nothing is half-understood.
pub fn logs(line: &str) {
    let origin = Origin { source: SourceId(3), offset: 7, line: 2 };
    let mut events = Vec::new();
    for reader in READERS.iter() {
        events.clear();
        let mut habits = Habits::default();
        // Whatever it is, it is the same when one like it was seen.
        let unseen = reader.decode(line, &mut Sink { origin, events: &mut events, habits: &mut habits });
        let first = std::mem::take(&mut events);
        let outcome = reader.decode(line, &mut Sink { origin, events: &mut events, habits: &mut habits });
        assert_eq!((&outcome, &events), (&unseen, &first), "{}: {line}", reader.name());
        match outcome {
            Ok(Outcome::Ignored(name)) => assert!(rule::ALL.contains(&name), "{}: {name}", reader.name()),
            Ok(Outcome::Understood) => {}
            Err(trouble) => {
                assert!(tapecheck::trouble::Reason::CODES.contains(&trouble.reason.code()));
                continue;
            }
        }
        for event in &events {
            assert_eq!(event.origin, origin);
            assert_eq!(time::plausible(event.at), Some(event.at), "{}: {line}", reader.name());
        }
    }
}

const ID: SourceId = SourceId(0);

fn account(reader: &Reader, pieces: impl Iterator<Item = Piece>) -> (Account, Vec<Event>) {
    let mut account = Account::new(reader, "x".to_owned());
    let events = pieces.flat_map(|piece| account.take(source::decode(ID, reader, piece))).collect();
    (account, events)
}

/// Each line a piece of its own.
fn line_by_line(bytes: &[u8]) -> impl Iterator<Item = Piece> {
    let mut offset = 0;
    bytes.split_inclusive(|byte| *byte == b'\n').zip(1..).map(move |(line, number)| {
        let piece = Piece { offset, line: number, text: PieceText::Lines(Lines::of(line.to_vec())) };
        offset += line.len() as u64;
        piece
    })
}

/// The line reader: whatever bytes a log has, its lines add up, they are the lines that an editor counts, and it does not matter in which
/// pieces they were cut. What is kept of them for the next run comes back the same.
pub fn lines((choice, bytes): (u8, &[u8])) {
    let reader = Reader::Format(&logs::ALL[usize::from(choice) % logs::ALL.len()]);
    let log = Log { id: ID, reader: &reader, open: Box::new(|| Ok(Box::new(bytes))), offset: 0, line: 1, compressed: false };
    let (whole, events) = account(&reader, Cutter::of(log));
    let source = &whole.source;
    let ignored: u64 = source.ignored.values().sum();
    assert_eq!(source.lines, source.understood + ignored + source.quarantined);
    assert_eq!(source.lines, bytes.split_inclusive(|byte| *byte == b'\n').count() as u64);
    assert_eq!(source.bytes, bytes.len() as u64);
    assert!(source.first <= source.last);
    assert_eq!(source.quarantined, whole.quarantined.len() as u64);
    let (cut, same) = account(&reader, line_by_line(bytes));
    assert_eq!(*source, cut.source);
    assert_eq!(whole.quarantined, cut.quarantined);
    assert_eq!(events, same);
    let begins = Origin { source: ID, offset: 0, line: 1 };
    let decoded = source::decode(ID, &reader, Piece { offset: 0, line: 1, text: PieceText::Lines(Lines::of(bytes.to_vec())) });
    if let Some(kept) = payload::bytes(&decoded, begins, 7) {
        assert_eq!(payload::decoded(&kept, begins, bytes.len() as u64, 7), Some(decoded));
    }
}

/// Where a piece of the cache begins, and where it ends.
const BEGINS: Origin = Origin { source: SourceId(0), offset: 5, line: 3 };
const END: u64 = 4 << 10;

/// The body that is kept of a case's log.
static KEPT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let text = include_bytes!("../../corpus/quiet-day/logs/attribution.jsonl").to_vec();
    let piece = Piece { offset: BEGINS.offset, line: BEGINS.line, text: PieceText::Lines(Lines::of(text)) };
    let kept = payload::bytes(&source::decode(BEGINS.source, &Reader::Format(&logs::ALL[0]), piece), BEGINS, 7).unwrap();
    let empty = payload::sealed(b"", 7);
    kept[empty.len()..].to_vec()
});

/// The bytes that the cache keeps of a piece, hostile and with a checksum that holds: they are refused, or they are lines and events that add
/// up and are written again as they were read. So are bytes that were kept, and then changed: a place in two bytes and a byte for it, again
/// and again.
pub fn payload(body: &[u8]) {
    assert_eq!(payload::decoded(body, BEGINS, END, 7), None, "a checksum that nobody made");
    taken(body);
    let mut changed = KEPT.clone();
    for change in body.as_chunks::<3>().0 {
        let place = usize::from(u16::from_le_bytes([change[0], change[1]])) % changed.len();
        changed[place] = change[2];
    }
    taken(&changed);
}

/// The body of a checkpoint of a case, after a look.
static CHECKPOINT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut follower = Follower::new(followed());
    let now = "2026-06-01T15:00:00Z".parse().unwrap();
    follower.look(|_| Asked { recording: None, now }).unwrap();
    follower.checkpoint(7).unwrap().unwrap()[sealed(b"", 7).len()..].to_vec()
});

fn followed() -> Request {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/quiet-day").replace("/tests/fuzz/", "/");
    Request { directory: directory.into(), audit: Some(|| Time::UNIX_EPOCH), ..Request::default() }
}

/// A checkpoint of any bytes, with a checksum that holds: it is refused, or a follower goes on from it that gives one that is taken again. So is one
/// that was stored, and then changed.
pub fn checkpoint(body: &[u8]) {
    assert!(Follower::resumed(followed(), body, 7).is_err(), "a checksum that nobody made");
    let mut changed = CHECKPOINT.clone();
    for change in body.as_chunks::<3>().0 {
        let place = usize::from(u16::from_le_bytes([change[0], change[1]])) % changed.len();
        changed[place] = change[2];
    }
    for body in [body, &changed] {
        if let Ok(follower) = Follower::resumed(followed(), &sealed(body, 7), 7) {
            let again = follower.checkpoint(7).unwrap().unwrap();
            assert!(Follower::resumed(followed(), &again, 7).is_ok());
        }
    }
}

fn taken(body: &[u8]) {
    let Some(decoded) = payload::decoded(&payload::sealed(body, 7), BEGINS, END, 7) else { return };
    if let Some(again) = payload::bytes(&decoded, BEGINS, 7) {
        assert_eq!(payload::decoded(&again, BEGINS, END, 7).as_ref(), Some(&decoded));
    }
    let mut account = Account::new(&Reader::Format(&logs::ALL[0]), String::new());
    let events = account.take(decoded);
    let source = &account.source;
    assert_eq!(source.lines, source.understood + source.ignored.values().sum::<u64>() + source.quarantined);
    assert_eq!(source.events, events.len() as u64);
    assert!(events.iter().all(|event| (BEGINS.offset..END).contains(&event.origin.offset) && event.origin.line >= BEGINS.line));
}

/// State files: each is understood as a whole or in quarantine as a whole.
pub fn books(text: &str) {
    for format in books::ALL {
        let harvest = whole(SourceId(1), format.name, format.path, text, format.read);
        let source = &harvest.source;
        assert_eq!(source.lines, source.understood + source.ignored.values().sum::<u64>() + source.quarantined);
        assert_eq!(source.events, harvest.events.len() as u64);
        assert_eq!(harvest.quarantined.is_empty(), source.quarantined == 0);
        assert!(source.quarantined == 0 || harvest.events.is_empty(), "{}: half-read", format.name);
        assert!(harvest.events.iter().all(|event| event.origin.source == SourceId(1)));
    }
}

/// `tapecheck.toml`: it is refused with a place for each problem, or it gives settings that read the same once they are written down.
pub fn settings(text: &str) {
    let settings = match settings::read(text, "bot/tapecheck.toml") {
        Ok(settings) => settings,
        Err(refused) => {
            assert!(!refused.problems.is_empty());
            let shown = refused.to_string();
            let lines = refused.text.matches('\n').count() + 1;
            for problem in &refused.problems {
                assert!(!problem.says.is_empty() && problem.at.start <= refused.text.len(), "{problem:?}");
                let (line, column) = settings::problem::place(&refused.text, problem.at.start);
                assert!(line <= lines && column >= 1);
                assert!(shown.contains(&format!("bot/tapecheck.toml:{line}:{column}: ")), "{shown}");
            }
            return;
        }
    };
    // A recording is named from the file's folder, and then from where one stands.
    let written = outputs::settings::text(&settings);
    let again = settings::read(&written, "tapecheck.toml").unwrap_or_else(|error| panic!("{text:?}\n{written}\n{error}"));
    assert_eq!(settings.equality(), again.equality(), "{written}");
    assert_eq!(settings.layout(), again.layout(), "{written}");
    assert_eq!(settings.account.value, again.account.value, "{written}");
    assert_eq!(settings.broker.value, again.broker.value, "{written}");
    assert_eq!(settings.accept.len(), again.accept.len(), "{written}");
    // Without its account it is the same file, line by line.
    let without = settings::without_account(text);
    let other = settings::read(&without, "bot/tapecheck.toml").unwrap_or_else(|error| panic!("{text:?}\n{without}\n{error}"));
    assert_eq!(other.account.value, None, "{without}");
    assert_eq!(other.layout(), settings.layout(), "{without}");
    assert_eq!(without.matches('\n').count(), text.matches('\n').count(), "{without}");
}

/// Recordings: six bodies and a manifest, a zero byte between two of them. It is refused with its reason, or it has a time, and what it
/// gives adds up.
pub fn recordings(text: &str) {
    let mut parts = text.split('\0');
    let manifest = parts.next().filter(|text| !text.is_empty());
    let manifest = manifest.map(|text| Body { file: PathBuf::from("r/recording.json"), text: text.to_owned() });
    let mut bodies = BTreeMap::new();
    for endpoint in Endpoint::ALL {
        if let Some(text) = parts.next().filter(|text| !text.is_empty()) {
            bodies.insert(endpoint, Body { file: Path::new("r").join(endpoint.file()), text: text.to_owned() });
        }
    }
    let at = "2026-11-20T15:04:10Z".parse().ok();
    match of_texts(Path::new("r"), manifest.as_ref(), bodies.clone(), at, || Ok(Time::UNIX_EPOCH)) {
        Err(refused) => assert!(!refused.to_string().is_empty()),
        Ok(recording) => {
            assert_eq!(recording.bodies, bodies);
            assert_ne!(recording.time_source, TimeSource::Modified, "another time was given");
            assert!(
                bodies.contains_key(&Endpoint::Positions) || !recording.unread.is_empty(),
                "nothing was read, and nobody says so"
            );
        }
    }
}

/// The broker's answers: the rows of each body add up, and positions are called whole only where every row of them was understood.
pub fn bodies(text: &str) {
    let mut recording = Recording::nothing("2026-11-20T15:04:10Z".parse().unwrap());
    let mut parts = text.split('\0');
    for endpoint in Endpoint::ALL {
        if let Some(text) = parts.next().filter(|text| !text.is_empty()) {
            recording.bodies.insert(endpoint, Body { file: PathBuf::from(endpoint.file()), text: text.to_owned() });
        }
    }
    let mut readings = Readings::default();
    let answer = alpaca::parse(&recording, &mut readings);
    for source in &readings.sources {
        let ignored: u64 = source.ignored.values().sum();
        assert_eq!(source.lines, source.understood + ignored + source.quarantined, "{source:?}");
        let whole = source.format != "broker_positions" || source.quarantined == 0;
        assert!(whole || !answer.positions_whole, "{source:?}");
    }
    let events: u64 = readings.sources.iter().map(|source| source.events).sum();
    assert_eq!(events, readings.events.len() as u64);
    let quarantined = readings.sources.iter().any(|source| source.quarantined > 0);
    assert_eq!(quarantined, !readings.quarantined.is_empty());
    assert!(recording.bodies.contains_key(&Endpoint::Positions) || !answer.positions_whole);
    let _ = BrokerRead::of(&recording, &answer).unchecked();
}

/// The files of a day, in the order of the seeds.
const FILES: [&str; 9] = [
    "logs/attribution.jsonl",
    "logs/exit.jsonl",
    "logs/orders.jsonl",
    "logs/run.jsonl",
    "data/audit_positions_autofix.jsonl",
    "state/portfolio_state.jsonl",
    "state/executor_state.json",
    "state/position_metadata.json",
    "logs/reconcile.jsonl",
];

/// The answers that follow them.
const ANSWERS: [Endpoint; 3] = [Endpoint::Positions, Endpoint::Activities, Endpoint::Orders];

fn judged(text: &str) -> (Verdict, String) {
    let mut parts = text.split('\0');
    let files = FILES.into_iter().filter_map(|path| Some((path.to_owned(), parts.next()?.to_owned()))).collect();
    let mut recording = Recording::nothing("2026-11-20T15:04:10Z".parse().unwrap());
    for endpoint in ANSWERS {
        if let Some(text) = parts.next().filter(|text| !text.is_empty()) {
            recording.bodies.insert(endpoint, Body { file: PathBuf::from(endpoint.file()), text: text.to_owned() });
        }
    }
    let readings = read::texts(files, &Layout::default());
    let replay = judge(&Request::default(), readings, Some(&recording));
    let report = &replay.report;
    for source in &report.sources {
        let ignored: u64 = source.ignored.values().sum();
        assert_eq!(source.lines, source.understood + ignored + source.quarantined, "{source:?}");
    }
    if report.verdict == Verdict::Clean {
        assert!(report.unchecked.is_empty(), "{:?}", report.unchecked);
        assert!(report.integrity.iter().all(|entry| !entry.forbids_clean), "{:?}", report.integrity);
        assert!(report.breaks.iter().all(|found| found.severity != Severity::Break), "{:?}", report.breaks);
    }
    let plain = outputs::paint::Look::plain();
    let shown = outputs::text::write(report, &plain);
    assert!(!shown.contains('\u{1b}'), "{shown}");
    (report.verdict, shown + &outputs::json::write(report).unwrap())
}

/// A whole day: files and answers, a zero byte between two of them, through every stage to every report. Its lines add up, a clean verdict has
/// nothing open beside it, and the same day gives the same bytes.
pub fn days(text: &str) {
    assert_eq!(judged(text), judged(text));
}

/// A folder in memory, where the system has one.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let place = if Path::new("/dev/shm").is_dir() { PathBuf::from("/dev/shm") } else { std::env::temp_dir() };
    let folder = place.join(format!("tapecheck-fuzz-{}", std::process::id())).join("quiet-day");
    fs::create_dir_all(folder.join("broker")).unwrap();
    fs::create_dir_all(folder.join("logs")).unwrap();
    fs::write(folder.join("broker/positions.json"), "[]").unwrap();
    fs::write(folder.join("logs/run.jsonl"), "").unwrap();
    folder
});

/// Case folders: a `case.toml` and an accepted report, a zero byte between them, in a folder with a quiet day. It is refused with its reason,
/// or what it asks for stays inside of it.
pub fn cases(data: &[u8]) {
    let folder = FOLDER.as_path();
    let (manifest, accepted) = match data.iter().position(|byte| *byte == 0) {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &b""[..]),
    };
    fs::write(folder.join(MANIFEST), manifest).unwrap();
    fs::write(folder.join(ACCEPTED), accepted).unwrap();
    match Case::load(folder, parsed) {
        Err(refused) => assert!(!refused.to_string().is_empty()),
        Ok(case) => {
            let request = case.request();
            assert_eq!(request.directory, folder);
            assert!(request.live.is_none() && request.layout.outside().is_none());
            assert!(request.broker.as_ref().is_none_or(|broker| broker.starts_with(folder)));
            assert!(request.audit.is_none() || request.window.at.is_some());
            match case.accepted() {
                Err(refused) => assert!(!refused.to_string().is_empty()),
                Ok(accepted) => assert_eq!(accepted.verdict, Given::of(accepted.report).unwrap().verdict),
            }
        }
    }
}
