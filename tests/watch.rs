//! `tapecheck watch` from outside: what it says while a bot and its broker part and meet, and what is left of it when it is killed.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails; it makes up a bot's files")]

use serde_json::Value;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const NOW: &str = "2026-02-09T17:00:00Z";
const FAST: &str = "20ms";
/// Longer than anything takes on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// A bot that holds 10 AAPL, and what its broker holds.
struct Bot {
    folder: TempDir,
}

impl Bot {
    fn quiet() -> Bot {
        let bot = Bot { folder: TempDir::new().unwrap() };
        bot.file("bot/logs/attribution.jsonl", &format!("{}\n", r#"{"ts":"2026-02-09T16:00:00Z","type":"attribution","trade_id":"open_AAPL_2026-02-09T16:00:00Z","symbol":"AAPL","pnl_usd":0,"context":{"direction":"bullish","side":"buy","qty":10,"entry_price":100,"score":4.5,"entry_score":4.5,"entry_status":"filled","order_type":"limit"}}"#));
        bot.file("bot/logs/run.jsonl", "{\"ts\":\"2026-02-09T16:59:00Z\",\"msg\":\"complete\",\"clusters\":1,\"orders\":0,\"market_open\":true,\"metrics\":{}}\n");
        bot.file("bot/logs/exit.jsonl", "{\"ts\":\"2026-02-09T16:58:00Z\",\"msg\":\"hold_floor_skipped\",\"symbol\":\"AAPL\"}\n");
        bot.file("bot/data/audit_positions_autofix.jsonl", "{\"event\":\"reconciliation_clean\",\"ts\":\"2026-02-09T15:30:00Z\",\"details\":{\"positions_count\":0}}\n{\"event\":\"reconciliation_clean\",\"ts\":\"2026-02-09T16:59:00Z\",\"details\":{\"positions_count\":1}}\n");
        bot.file("bot/state/executor_state.json", r#"{"timestamp":"2026-02-09T16:59:00Z","opens":{"AAPL":{"entry_price":100.0,"qty":10.0,"side":"long","ts":"2026-02-09T16:59:00Z","high_water":101.0,"entry_score":4.5}}}"#);
        bot.file(
            "bot/state/position_metadata.json",
            r#"{"AAPL":{"side":"buy","entry_ts":"2026-02-09T16:00:00Z","entry_score":4.5,"components":{"flow":1}}}"#,
        );
        bot.file("broker/account.json", r#"{"account_number":"PA3EXAMPLE01","status":"ACTIVE","trading_blocked":false}"#);
        bot.file(
            "broker/recording.json",
            r#"{"schema":"tapecheck.recording/1","read_began":"2026-02-09T16:59:55Z","read_ended":"2026-02-09T16:59:56Z"}"#,
        );
        bot.holds(10);
        bot
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Puts a whole file in its place: the watch may read it at any moment.
    fn file(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let new = path.with_extension("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, path).unwrap();
    }

    /// What the broker holds of AAPL.
    fn holds(&self, quantity: i64) {
        self.file(
            "broker/positions.json",
            &format!(r#"[{{"symbol":"AAPL","qty":"{quantity}","side":"long","avg_entry_price":"100","current_price":"101"}}]"#),
        );
    }

    fn watch(&self, flags: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tapecheck"));
        command.arg("watch").arg(self.path("bot")).arg("--broker").arg(self.path("broker"));
        command.args(["--at", NOW, "--state"]).arg(self.path("state")).args(flags);
        if !flags.contains(&"--interval") {
            command.args(["--interval", FAST]);
        }
        command.env_remove("TAPECHECK_WEBHOOK").env_remove("NOTIFY_SOCKET").env("HOME", self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Looks so often, and gives what it said: stdout, stderr, exit status.
    fn looks(&self, looks: u32, flags: &[&str]) -> (String, String, i32) {
        let output = self.watch(flags).args(["--looks", &looks.to_string()]).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr), output.status.code().unwrap())
    }

    fn journal(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path("state/announcements.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn turns(&self) -> Vec<String> {
        let told = |row: &Value| format!("{} {}", row["turn"].as_str().unwrap(), row["subject"]["key"].as_str().unwrap());
        self.journal().iter().map(told).collect()
    }
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < LONG, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

fn said(child: &mut Child) -> String {
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_quiet_bot_is_watched_in_silence() {
    let bot = Bot::quiet();
    let (out, err, status) = bot.looks(5, &[]);
    assert_eq!((out.as_str(), status), ("", 0), "{err}");
    assert!(err.contains("the first look: CLEAN"), "{err}");
    assert_eq!(bot.looks(2, &["--quiet"]), (String::new(), String::new(), 0));
}

#[test]
fn a_break_is_told_once_and_once_that_it_is_over_also_across_starts() {
    let bot = Bot::quiet();
    bot.holds(13);
    assert_eq!(bot.looks(1, &[]).0, "", "one look confirms nothing");
    let (out, _, status) = bot.looks(1, &[]);
    assert!(out.contains("OPENED       AAPL quantity: expected 10, broker 13 (+3, 303 USD"), "{out}");
    assert_eq!(status, 0);
    assert_eq!(bot.looks(3, &[]).0, "", "it was told before");
    bot.holds(10);
    let (out, ..) = bot.looks(3, &[]);
    assert!(out.contains("RESOLVED"), "{out}");
    assert!(bot.turns().contains(&"opened AAPL/quantity/expected".to_owned()), "{:?}", bot.turns());
    assert_eq!(bot.looks(3, &[]).0, "");
}

#[test]
fn a_broker_that_is_not_there_is_blindness_and_resolves_nothing() {
    let bot = Bot::quiet();
    bot.holds(13);
    assert!(bot.looks(3, &[]).0.contains("OPENED"));
    fs::rename(bot.path("broker"), bot.path("away")).unwrap();
    let (out, ..) = bot.looks(4, &[]);
    assert!(out.contains("BLIND        broker:") && !out.contains("RESOLVED"), "{out}");
    fs::rename(bot.path("away"), bot.path("broker")).unwrap();
    let (out, ..) = bot.looks(4, &[]);
    assert!(out.contains("SEES AGAIN   broker") && !out.contains("OPENED"), "{out}");
    fs::rename(bot.path("bot"), bot.path("gone")).unwrap();
    assert!(bot.looks(3, &[]).0.contains("BLIND        logs:"));
}

#[test]
fn a_signal_ends_it_with_its_state_stored() {
    for name in ["TERM", "INT"] {
        let bot = Bot::quiet();
        let mut child = bot.watch(&["--interval", "1h"]).spawn().unwrap();
        until("it has looked", || bot.path("state/fold.checkpoint").exists());
        signal(&child, name);
        let status = child.wait().unwrap();
        assert_eq!((status.code(), said(&mut child)), (Some(0), String::new()), "{name}");
    }
}

#[test]
fn nobody_who_reads_is_no_fault() {
    let bot = Bot::quiet();
    bot.holds(13);
    let mut child = bot.watch(&[]).spawn().unwrap();
    drop(child.stdout.take());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(bot.looks(2, &[]).0.contains("OPENED"), "who did not hear it is told");
    // With others to tell, it goes on.
    let bot = Bot::quiet();
    bot.holds(13);
    let mut child = bot.watch(&["--on-event", "true"]).spawn().unwrap();
    drop(child.stdout.take());
    until("it is announced", || !bot.journal().is_empty());
    bot.holds(10);
    until("it is over", || bot.turns().iter().any(|turn| turn.starts_with("resolved")));
    signal(&child, "TERM");
    let mut err = String::new();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(err.matches("nobody reads stdout any more; the watch goes on for on_event").count(), 1, "{err}");
}

#[test]
fn what_is_stored_and_damaged_is_thrown_away_with_a_word() {
    let bot = Bot::quiet();
    bot.holds(13);
    bot.looks(2, &[]);
    for file in ["memory.json", "fold.checkpoint"] {
        let path = bot.path("state").join(file);
        let bytes = fs::read(&path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    }
    let (out, err, status) = bot.looks(2, &[]);
    fs::remove_file(bot.path("state/fold.checkpoint")).unwrap();
    fs::create_dir(bot.path("state/fold.checkpoint")).unwrap();
    let unread = bot.looks(1, &[]).1;
    assert!(unread.contains("fold.checkpoint is not used: ") && unread.contains("cannot store"), "{unread}");
    assert!(err.contains("memory.json is damaged") && err.contains("fold.checkpoint is not used: it is damaged"), "{err}");
    assert!(out.contains("OPENED") && status == 0, "{out}");
    let numbers: Vec<u64> = bot.journal().iter().map(|row| row["number"].as_u64().unwrap()).collect();
    assert!(numbers.is_sorted_by(|one, two| one < two), "no number is given twice: {numbers:?}");
}

#[test]
fn two_do_not_watch_with_one_state() {
    let bot = Bot::quiet();
    let mut child = bot.watch(&["--interval", "1h"]).spawn().unwrap();
    until("it has looked", || bot.path("state/fold.checkpoint").exists());
    let (_, err, status) = bot.looks(1, &[]);
    assert_eq!(status, 2);
    assert!(err.contains("another tapecheck watch uses") && err.contains("--state"), "{err}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(bot.looks(1, &[]).2, 0, "a lock does not outlive who held it");
}

#[test]
fn a_command_gets_each_announcement_and_not_the_keys() {
    let bot = Bot::quiet();
    bot.holds(13);
    let script = bot.path("note.sh");
    fs::write(&script, format!("cat >> {0}/told; env | grep -c APCA >> {0}/keys\n", bot.folder.path().display())).unwrap();
    let line = format!("sh {}", script.display());
    let output = bot.watch(&["--on-event", &line, "--looks", "4"]).env("APCA_API_KEY_ID", "k").output().unwrap();
    assert!(output.status.success());
    let told: Value = serde_json::from_str(fs::read_to_string(bot.path("told")).unwrap().lines().next().unwrap()).unwrap();
    assert_eq!((told["turn"].as_str(), told["number"].as_u64()), (Some("opened"), Some(1)));
    assert!(fs::read_to_string(bot.path("keys")).unwrap().lines().all(|count| count == "0"));
}

#[test]
fn flags_that_cannot_be_are_told() {
    let bot = Bot::quiet();
    for (flags, says) in [
        (&["--interval", "soon"][..], "a duration looks like 90s, 5m or 6h"),
        (&["--broker", "live", "--interval", "1s"], "--interval: 10s at least"),
        (&["--webhook", "http://example.com/secret"], "over https only"),
        (&["--metrics", "0.0.0.0:0"], "--metrics-anywhere"),
        (&["--textfile", "metrics.txt"], ".prom"),
        (&["--state", "/"], "holds"),
        (&["--on-event", "'"], "a quote is not closed"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tapecheck"));
        command.arg("watch").arg(bot.path("bot")).args(flags);
        if !flags.contains(&"--state") {
            command.arg("--state").arg(bot.path("state"));
        }
        let output = command.output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {err}");
        assert!(err.contains(says) && !err.contains("secret"), "{flags:?}: {err}");
    }
}

#[test]
fn a_directory_that_is_none_is_told_at_once() {
    let bot = Bot::quiet();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tapecheck"));
    let output = command.arg("watch").arg(bot.path("boot")).arg("--state").arg(bot.path("state")).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && err.contains("give the bot's directory"), "{err}");
}

/// Nothing is lost and nothing announced twice, whenever it is killed.
#[test]
fn killed_at_any_moment_it_goes_on_where_it_was() {
    let bot = Bot::quiet();
    // As long as a start and a few looks take on this machine, now.
    let began = Instant::now();
    bot.looks(3, &[]);
    let one = began.elapsed();
    let mut heard = String::new();
    for round in 0..24u32 {
        if round % 3 == 0 {
            bot.holds(if round % 2 == 1 { 13 } else { 10 });
        }
        let mut child = bot.watch(&["--format", "json"]).spawn().unwrap();
        // From a fifth of that to twice as long, at moments that no two rounds share.
        std::thread::sleep(one * (20 + (round * 67) % 181) / 100);
        child.kill().unwrap();
        child.wait().unwrap();
        heard.push_str(&said(&mut child));
    }
    let mut child = bot.watch(&["--format", "json"]).spawn().unwrap();
    let count = |what: &str| bot.turns().iter().filter(|turn| turn.contains(what)).count();
    bot.holds(13);
    until("something stands", || count("opened") > count("resolved"));
    bot.holds(10);
    until("what was opened is over", || count("opened") == count("resolved"));
    signal(&child, "TERM");
    child.wait().unwrap();
    heard.push_str(&said(&mut child));

    let journal = bot.journal();
    assert!(journal.len() >= 2, "{journal:?}");
    let numbers: Vec<u64> = journal.iter().map(|row| row["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=journal.len() as u64).collect::<Vec<u64>>(), "each once, none lost");
    for key in ["AAPL/quantity/executor", "AAPL/quantity/expected"] {
        let turns: Vec<&str> =
            journal.iter().filter(|row| row["subject"]["key"] == key).map(|row| row["turn"].as_str().unwrap()).collect();
        let expected: Vec<&str> = ["opened", "resolved"].into_iter().cycle().take(turns.len()).collect();
        assert_eq!(turns, expected, "{key}");
    }
    // Whoever is told between the telling and the noting of it hears it again, word for word, under the same number.
    let mut said: Vec<Value> = heard.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    said.dedup();
    assert_eq!(said, journal);
}

/// A build for tests ends where it is told to, between two changes of the disk, as if the machine had.
#[test]
fn killed_between_any_two_changes_of_the_disk_it_goes_on_where_it_was() {
    let mut killed = 0;
    for number in 1.. {
        let bot = Bot::quiet();
        bot.holds(13);
        let output = bot.watch(&["--looks", "2"]).env("TAPECHECK_KILLED_AT", number.to_string()).output().unwrap();
        let was_killed = output.status.code().is_none();
        killed += usize::from(was_killed);
        let (_, err, status) = bot.looks(2, &[]);
        assert_eq!((status, err.contains("damaged")), (0, false), "{number}: {err}");
        let told: Vec<(u64, String)> =
            bot.journal().iter().zip(bot.turns()).map(|(row, turn)| (row["number"].as_u64().unwrap(), turn)).collect();
        assert_eq!(told, [(1, "opened AAPL/quantity/expected".to_owned())], "{number}");
        if !was_killed {
            break;
        }
    }
    assert!(killed >= 10, "{killed} moments");
}

#[test]
fn a_watch_needs_no_folder_of_its_own() {
    let bot = Bot::quiet();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tapecheck"));
    command.arg("watch").arg(bot.path("bot")).args(["--broker", "none", "--at", NOW, "--interval", FAST, "--looks", "2"]);
    let output = command.env_remove("HOME").env_remove("XDG_STATE_HOME").env_remove("STATE_DIRECTORY").output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && err.contains("give one with --state"), "{err}");
    assert!(!Path::new("announcements.jsonl").exists());
}
