//! The cache: with it everything is as without it, whatever happens to the logs or to the cache; and only what was appended is decoded again.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails, and brings its own files")]

#[path = "../examples/large_directory/bot/mod.rs"]
mod bot;

use assert_cmd::Command;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use tapecheck::cache::{Asked, Cache, Count};
use tapecheck::event::Event;
use tapecheck::json::Habits;
use tapecheck::layout::Layout;
use tapecheck::lines::Lines;
use tapecheck::logs::{self, Reader};
use tapecheck::origin::SourceId;
use tapecheck::read;
use tapecheck::source::{self, Account, Piece, PieceText, Quarantined, Source};
use tapecheck::stream::Go;
use tapecheck::time;
use tempfile::TempDir;

const TRADES: &str = "logs/attribution.jsonl";
const BOOKS: &str = "state/portfolio_state.jsonl";

/// A bot's directory with logs of several pieces, and a place for the cache beside it.
struct Bench {
    _folder: TempDir,
    bot: PathBuf,
    cache: PathBuf,
}

impl Bench {
    fn new() -> Bench {
        let folder = TempDir::new().unwrap();
        let (bot, cache) = (folder.path().join("bot"), folder.path().join("cache"));
        bot::write(&bot, &bot::Plan { megabytes: 3, symbols: 12, pace: 900, wrong: 9, stray: 1, kinds: bot::Kinds::All })
            .unwrap();
        Bench { _folder: folder, bot, cache }
    }

    fn log(&self, path: &str) -> Vec<u8> {
        fs::read(self.bot.join(path)).unwrap()
    }

    fn set(&self, path: &str, text: &[u8]) {
        fs::write(self.bot.join(path), text).unwrap();
    }

    fn append(&self, path: &str, text: &[u8]) {
        fs::OpenOptions::new().append(true).create(true).open(self.bot.join(path)).unwrap().write_all(text).unwrap();
    }

    fn asked(&self) -> Asked {
        Asked { folder: Some(self.cache.clone()), build: Some(1), now: time::parse_text("2026-02-05T12:00:00Z").unwrap() }
    }

    /// All that is read with the cache that is asked for, which must be all that is read without.
    fn same(&self, asked: &Asked) -> (Count, Vec<String>) {
        let cache = Arc::new(Cache::open(asked, &self.bot).unwrap());
        let (with, without) = (self.read(Some(Arc::clone(&cache))), self.read(None));
        let differs = with.0.iter().zip(&without.0).find(|(with, without)| with != without);
        assert!(with.0.len() == without.0.len() && differs.is_none(), "{differs:?}");
        assert_eq!(with.1, without.1);
        let mut notices = Vec::new();
        (cache.close(&mut notices), notices)
    }

    /// The events of each log in the order of its text, and what became of its lines.
    fn read(&self, cache: Option<Arc<Cache>>) -> (Vec<Event>, Vec<(Source, Vec<Quarantined>)>) {
        let mut readings = read::bot(&self.bot, &Layout::default()).unwrap();
        readings.cache = cache;
        let mut events = Vec::new();
        let accounts = readings.logs(|more, _| {
            events.extend(more);
            Go::On
        });
        events.sort_by_key(|event| event.origin);
        (events, accounts.into_values().map(|account| (account.source, account.quarantined)).collect())
    }

    /// The files of kept pieces.
    fn pieces(&self) -> Vec<PathBuf> {
        let shelves = fs::read_dir(self.cache.join("pieces")).unwrap().map(|shelf| shelf.unwrap().path());
        let files = shelves.filter(|path| path.is_dir()).flat_map(|shelf| fs::read_dir(shelf).unwrap());
        let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        files
    }
}

fn program(arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("tapecheck").unwrap();
    command.env_remove("XDG_CACHE_HOME").args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn every_command_says_the_same_cold_and_warm() {
    let bench = Bench::new();
    let (bot, cache) = (bench.bot.to_str().unwrap(), bench.cache.to_str().unwrap());
    let commands: [&[&str]; 4] = [
        &["replay", bot, "--format", "json"],
        &["audit", bot, "--broker", "none", "--now", "2001-02-01", "--format", "json"],
        &["show", "book", bot],
        &["show", "biography", bot, "--symbol", "AA"],
    ];
    for command in commands {
        let without = program(command);
        for _ in 0..2 {
            let with = program(&[command, &["--cache-dir", cache]].concat());
            assert_eq!((with.status, with.stdout, with.stderr), (without.status, without.stdout.clone(), without.stderr.clone()));
        }
    }
    let told = said(&program(&["replay", bot, "--verbose", "--cache-dir", cache]));
    assert!(told.contains(" were decoded in a run before, 0 are new"), "{told}");
    assert!(!told.contains("cache: 0 pieces"), "{told}");
}

#[test]
fn only_what_was_appended_is_decoded() {
    let bench = Bench::new();
    let cold = bench.same(&bench.asked()).0;
    assert!(cold.kept > 8 && cold.taken == 0, "{cold:?}");
    assert_eq!(bench.same(&bench.asked()).0, Count { taken: cold.kept, kept: 0 });
    // A few lines at the end: they are in the last piece, which is never kept.
    let lines = bench.log(TRADES);
    let line = &lines[..=lines.iter().position(|byte| *byte == b'\n').unwrap()];
    bench.append(TRADES, line);
    assert_eq!(bench.same(&bench.asked()).0, Count { taken: cold.kept, kept: 0 });
    // As much again: the pieces of it are kept.
    bench.append(TRADES, &lines);
    let grown = bench.same(&bench.asked()).0;
    assert!(grown.taken == cold.kept && grown.kept >= 2, "{grown:?}");
}

#[test]
fn an_edit_in_the_middle_that_keeps_size_and_time_is_seen() {
    let bench = Bench::new();
    let cold = bench.same(&bench.asked()).0;
    let file = bench.bot.join(BOOKS);
    let time = fs::metadata(&file).unwrap().modified().unwrap();
    let mut text = String::from_utf8(bench.log(BOOKS)).unwrap();
    let after = |from: usize, words: &str| from + text[from..].find(words).unwrap() + words.len();
    let place = after(after(text.len() / 2, r#""alpaca": {"#), r#""positions": [{"symbol": "SA"#);
    // Another symbol: SAAB becomes SAZB.
    text.replace_range(place..=place, "Z");
    let before = bench.read(None).0;
    bench.set(BOOKS, text.as_bytes());
    fs::File::options().append(true).open(&file).unwrap().set_modified(time).unwrap();
    assert!(bench.read(None).0 != before, "the edit changes an event");
    // Just the piece that it is in is decoded again.
    assert_eq!(bench.same(&bench.asked()).0, Count { taken: cold.kept - 1, kept: 1 });
}

#[test]
fn a_torn_last_line_becomes_whole() {
    let bench = Bench::new();
    let whole = bench.log(BOOKS);
    bench.set(BOOKS, &whole[..whole.len() - 40]);
    let cold = bench.same(&bench.asked()).0;
    assert_eq!(bench.read(None).1.iter().map(|(_, quarantined)| quarantined.len()).sum::<usize>(), 1);
    bench.set(BOOKS, &whole);
    assert_eq!(bench.same(&bench.asked()).0, Count { taken: cold.kept, kept: 0 });
    assert_eq!(bench.read(None).1.iter().map(|(_, quarantined)| quarantined.len()).sum::<usize>(), 0);
}

#[test]
fn a_log_that_was_rotated_or_packed_is_known_by_its_text() {
    let bench = Bench::new();
    let cold = bench.same(&bench.asked()).0;
    fs::rename(bench.bot.join(TRADES), bench.bot.join("logs/attribution.jsonl.1")).unwrap();
    bench.append(TRADES, b"");
    assert_eq!(bench.same(&bench.asked()).0, Count { taken: cold.kept, kept: 0 });
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&bench.log("logs/attribution.jsonl.1")).unwrap();
    bench.set("logs/attribution.jsonl.2.gz", &packed.finish().unwrap());
    fs::remove_file(bench.bot.join("logs/attribution.jsonl.1")).unwrap();
    assert_eq!(bench.same(&bench.asked()).0, Count { taken: cold.kept, kept: 0 });
}

#[test]
fn a_piece_with_a_line_in_trouble_is_not_kept() {
    let bench = Bench::new();
    let cold = bench.same(&bench.asked()).0;
    let mut text = bench.log(TRADES);
    let middle = text.len() / 2;
    text[middle] = 0xff;
    bench.set(TRADES, &text);
    for _ in 0..2 {
        assert_eq!(bench.same(&bench.asked()).0, Count { taken: cold.kept - 1, kept: 0 });
    }
}

#[test]
fn another_build_decodes_for_itself() {
    let bench = Bench::new();
    let cold = bench.same(&bench.asked()).0;
    let other = Asked { build: Some(2), ..bench.asked() };
    assert_eq!(bench.same(&other).0, cold);
    assert_eq!(bench.same(&bench.asked()).0, Count { taken: cold.kept, kept: 0 });
}

#[test]
fn a_damaged_cache_is_told_and_decoded_again() {
    let bench = Bench::new();
    let cold = bench.same(&bench.asked()).0;
    let pieces = bench.pieces();
    assert_eq!(pieces.len() as u64, cold.kept);
    // Emptied, cut, a bit turned around, exchanged for another one.
    fs::write(&pieces[0], b"").unwrap();
    let bytes = fs::read(&pieces[1]).unwrap();
    fs::write(&pieces[1], &bytes[..bytes.len() / 2]).unwrap();
    let mut bytes = fs::read(&pieces[2]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&pieces[2], &bytes).unwrap();
    fs::copy(&pieces[4], &pieces[3]).unwrap();
    let (count, notices) = bench.same(&bench.asked());
    assert_eq!(count, Count { taken: cold.kept - 4, kept: 4 });
    assert!(notices.iter().any(|notice| notice.contains("4 of its pieces")), "{notices:?}");
    assert_eq!(bench.same(&bench.asked()), (Count { taken: cold.kept, kept: 0 }, Vec::new()));
}

#[test]
fn what_is_not_used_for_forty_days_goes() {
    let bench = Bench::new();
    // Files are dated by the machine's clock at first.
    let first = Asked { now: chrono::Utc::now().into(), ..bench.asked() };
    let cold = bench.same(&first).0;
    let later = |days| Asked { now: first.now + chrono::Duration::days(days), ..bench.asked() };
    let left = bench.pieces()[0].with_file_name(".unfinished-by-a-run-that-was-killed");
    fs::write(&left, b"tape").unwrap();
    // What somebody else has put there is not touched.
    let others = bench.cache.join("pieces/holiday/photograph");
    fs::create_dir_all(others.parent().unwrap()).unwrap();
    fs::write(&others, b"sea").unwrap();
    assert_eq!(bench.same(&later(30)).0.taken, cold.kept);
    assert!(!left.exists());
    assert_eq!(bench.same(&later(60)).0.taken, cold.kept, "what was used on day 30 is there on day 60");
    fs::remove_file(bench.bot.join(TRADES)).unwrap();
    let less = bench.same(&later(90)).0.taken;
    bench.same(&later(105));
    assert!(less < cold.kept);
    assert_eq!(bench.pieces().len() as u64, less + 1);
    assert!(others.exists());
    // A clock that is behind removes nothing.
    assert_eq!(bench.same(&later(-400)).0.taken, less);
    assert_eq!(bench.pieces().len() as u64, less + 1);
}

#[test]
fn where_no_cache_can_be_the_report_is_the_same_and_says_so() {
    let bench = Bench::new();
    let bot = bench.bot.to_str().unwrap();
    let without = program(&["replay", bot]);
    let says = |cache: &Path, what: &str| {
        let output = program(&["replay", bot, "--cache-dir", cache.to_str().unwrap()]);
        assert!(said(&output).contains(what), "{}", said(&output));
        assert_eq!((output.status, &output.stdout), (without.status, &without.stdout));
    };
    let before: Vec<_> = fs::read_dir(&bench.bot).unwrap().map(|entry| entry.unwrap().path()).collect();
    says(&bench.bot.join("cache"), "lies in the bot's directory");
    says(&bench.bot.join("logs/../cache/of/mine"), "lies in the bot's directory");
    assert_eq!(fs::read_dir(&bench.bot).unwrap().count(), before.len());
    says(&bench.bot.join(TRADES), "lies in the bot's directory");
    says(Path::new(env!("CARGO_BIN_EXE_tapecheck")), "cannot be used");
    let mut homeless = Command::cargo_bin("tapecheck").unwrap();
    let output = homeless.env_remove("XDG_CACHE_HOME").env_remove("HOME").args(["replay", bot, "--cache"]).output().unwrap();
    assert!(said(&output).contains("--cache-dir"), "{}", said(&output));
    assert_eq!((output.status, &output.stdout), (without.status, &without.stdout));
}

#[test]
fn it_is_where_caches_are() {
    let bench = Bench::new();
    let home = bench.cache.parent().unwrap().join("home");
    for (name, value, there) in
        [("HOME", home.clone(), home.join(".cache/tapecheck")), ("XDG_CACHE_HOME", home.clone(), home.join("tapecheck"))]
    {
        let mut command = Command::cargo_bin("tapecheck").unwrap();
        command.env_remove("XDG_CACHE_HOME").env(name, value).args(["replay", bench.bot.to_str().unwrap(), "--cache"]);
        command.output().unwrap();
        assert!(there.join("pieces").is_dir() && there.join("CACHEDIR.TAG").is_file(), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn it_is_the_users_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    bench.same(&bench.asked());
    assert_eq!(mode(&bench.cache), 0o700);
    for piece in bench.pieces() {
        assert_eq!((mode(piece.parent().unwrap()), mode(&piece)), (0o700, 0o600));
    }
    open(&bench.cache.join("pieces"), 0o770);
    assert!(Cache::open(&bench.asked(), &bench.bot).unwrap_err().contains("others may write"));
    open(&bench.cache.join("pieces"), 0o700);
    open(&bench.cache, 0o777);
    assert!(Cache::open(&bench.asked(), &bench.bot).unwrap_err().contains("others may write"));
}

#[test]
fn runs_at_once_do_not_harm_each_other() {
    let bench = Bench::new();
    let without = program(&["replay", bench.bot.to_str().unwrap(), "--format", "json"]).stdout;
    let run =
        || program(&["replay", bench.bot.to_str().unwrap(), "--format", "json", "--cache-dir", bench.cache.to_str().unwrap()]);
    let outputs: Vec<Output> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(run)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    for output in outputs {
        assert_eq!((output.stdout == without, said(&output)), (true, String::new()));
    }
    assert!(bench.pieces().iter().all(|piece| !piece.file_name().unwrap().to_str().unwrap().starts_with('.')));
}

/// Every log of every case, decoded, kept, and taken again in pieces of a few lines: nothing that a record can say is lost.
#[test]
fn every_record_of_the_corpus_comes_back() {
    let folder = TempDir::new().unwrap();
    let asked = Asked { folder: Some(folder.path().join("cache")), build: Some(1), now: chrono::Utc::now().into() };
    let (mut pieces, mut in_trouble, mut taken) = (0, 0, 0);
    for case in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")).unwrap() {
        let case = case.unwrap().path();
        let cache = Cache::open(&asked, &case).unwrap();
        for format in logs::ALL {
            let reader = Reader::Format(format);
            for path in format.paths {
                let Ok(text) = fs::read(case.join(path)) else { continue };
                let mut offset = 0;
                for (place, lines) in text.split_inclusive(|byte| *byte == b'\n').collect::<Vec<_>>().chunks(4).enumerate() {
                    let piece = Piece { offset, line: 4 * place as u32 + 1, text: PieceText::Lines(Lines::of(lines.concat())) };
                    offset += lines.concat().len() as u64;
                    let plain = source::decode(SourceId(7), &reader, piece.clone());
                    let first = cache.decode(SourceId(3), &reader, &piece, &mut Habits::default());
                    let again = cache.decode(SourceId(7), &reader, &piece, &mut Habits::default());
                    assert_eq!(format!("{again:?}"), format!("{plain:?}"), "{} {path}", case.display());
                    let mut account = Account::new(&reader, String::new());
                    account.take(first);
                    pieces += 1;
                    in_trouble += u64::from(account.source.quarantined > 0);
                }
            }
        }
        let mut damaged = Vec::new();
        let count = cache.close(&mut damaged);
        taken += count.taken;
        assert_eq!(damaged, Vec::<String>::new(), "{}", case.display());
    }
    assert!(pieces > 300 && in_trouble > 5 && taken >= pieces - in_trouble, "{pieces}, {in_trouble}, {taken}");
}

/// What may happen between two runs.
#[derive(Clone, Debug)]
enum Happens {
    Appended(&'static str, Index, Index),
    CutInPlace(&'static str, Index),
    Rotated(&'static str),
    Replaced(&'static str, Index),
    Edited(&'static str, Index, u8),
    Damaged(Index, Index, u8),
    AnotherBuild(u128),
}

fn happens() -> impl Strategy<Value = Happens> {
    let log = prop_oneof![Just(TRADES), Just(BOOKS), Just("logs/exit.jsonl")];
    prop_oneof![
        3 => (log.clone(), any::<Index>(), any::<Index>()).prop_map(|(log, from, to)| Happens::Appended(log, from, to)),
        2 => (log.clone(), any::<Index>()).prop_map(|(log, at)| Happens::CutInPlace(log, at)),
        1 => log.clone().prop_map(Happens::Rotated),
        1 => (log.clone(), any::<Index>()).prop_map(|(log, at)| Happens::Replaced(log, at)),
        3 => (log, any::<Index>(), any::<u8>()).prop_map(|(log, at, byte)| Happens::Edited(log, at, byte)),
        2 => (any::<Index>(), any::<Index>(), 1u8..).prop_map(|(piece, at, bits)| Happens::Damaged(piece, at, bits)),
        1 => (1u128..3).prop_map(Happens::AnotherBuild),
    ]
}

impl Happens {
    fn to(&self, bench: &Bench, asked: &mut Asked) {
        match self {
            Happens::Appended(log, from, to) => {
                let text = bench.log(BOOKS);
                let (from, to) = (from.index(text.len()), to.index(text.len()));
                bench.append(log, &text[from.min(to)..from.max(to)]);
            }
            Happens::CutInPlace(log, at) => {
                let text = bench.log(log);
                bench.set(log, &text[..at.index(text.len() + 1)]);
            }
            Happens::Rotated(log) => {
                fs::rename(bench.bot.join(log), bench.bot.join(format!("{log}.1"))).unwrap();
                bench.append(log, b"");
            }
            Happens::Replaced(log, at) => {
                let mut text = bench.log(log);
                let at = at.index(text.len() + 1);
                text.rotate_left(at);
                bench.set(log, &text);
            }
            Happens::Edited(log, at, byte) => {
                let mut text = bench.log(log);
                if !text.is_empty() {
                    let at = at.index(text.len());
                    text[at] = *byte;
                    bench.set(log, &text);
                }
            }
            Happens::Damaged(piece, at, bits) => {
                let pieces = bench.pieces();
                let piece = piece.get(&pieces);
                let mut bytes = fs::read(piece).unwrap();
                let at = at.index(bytes.len());
                bytes[at] ^= bits;
                fs::write(piece, bytes).unwrap();
            }
            Happens::AnotherBuild(build) => asked.build = Some(*build),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, max_shrink_iters: 20, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_all_is_as_without(happened in vec(vec(happens(), 1..4), 1..4)) {
        let bench = Bench::new();
        let mut asked = bench.asked();
        bench.same(&asked);
        for between_runs in happened {
            for happens in between_runs {
                happens.to(&bench, &mut asked);
            }
            bench.same(&asked);
        }
    }
}
