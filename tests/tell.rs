//! Where a watch speaks: what is said of every case, how it is spelt for whom, and what happens where nobody listens.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails, and plays the other side")]

mod schemas;

use schemas::every_key_is_described;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::Value;
use tapecheck::alarms::rules::Rules;
use tapecheck::alarms::sight::{Condition, Eye, Over, Sight, Subject, Why};
use tapecheck::alarms::{Alarms, Announcement, Turn};
use tapecheck::breaks::{BookName, Kind, Severity};
use tapecheck::cli::corpus::parsed;
use tapecheck::corpus::case::Case;
use tapecheck::outputs::announcement::{self, chat, document};
use tapecheck::outputs::paint::Look;
use tapecheck::outputs::prometheus;
use tapecheck::outputs::watching::{Delivery, Watching};
use tapecheck::position::Symbol;
use tapecheck::report::Report;
use tapecheck::tell::command::Command;
use tapecheck::tell::metrics::{self, Board, Metrics};
use tapecheck::tell::queue::Queue;
use tapecheck::tell::systemd::Systemd;
use tapecheck::tell::textfile::Textfile;
use tapecheck::tell::webhook::{Address, Patience, Shape, Webhook};
use tapecheck::tell::{Message, Way};
use tapecheck::time::{self, Time};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn at(text: &str) -> Time {
    time::parse_text(text).unwrap()
}

/// A break of HOOD's, as a look would show it.
fn condition() -> Condition {
    Condition {
        severity: Severity::Break,
        id: Some("0123456789ab".to_owned()),
        expected: Some("20".to_owned()),
        actual: Some("30".to_owned()),
        witness: Some("broker_positions".to_owned()),
        difference: Some(Decimal::from(10)),
        money: Some(Decimal::new(51_240, 2)),
        cause: Some(Why {
            code: "scale_out_wrong_side".to_owned(),
            proved: true,
            edit: Some("the scale-out of 5 HOOD at 20:58:03 bought instead of sold".to_owned()),
        }),
        since: at("2026-11-27T20:58:03Z"),
        says: "HOOD quantity: executor 20, broker_positions 30".to_owned(),
        evidence: vec!["logs/attribution.jsonl:12".to_owned(), "broker/positions.json:1".to_owned()],
        next: Some("tapecheck show biography bot --symbol HOOD --broker live".to_owned()),
    }
}

fn hood() -> Subject {
    Subject::Break(Some(Symbol::parse("HOOD").unwrap()), Kind::Quantity, BookName::Executor)
}

fn announcement(turn: Turn, subject: Subject, condition: Condition) -> Announcement {
    let at = at("2026-11-27T21:04:12Z");
    let is_end = turn.is_end();
    Announcement {
        number: 7,
        at,
        turn,
        subject,
        since: condition.since,
        condition,
        before: None,
        until: is_end.then_some(at),
        exposure: is_end.then(|| Decimal::new(1_890_756, 1)),
    }
}

fn opened() -> Announcement {
    announcement(Turn::Opened, hood(), condition())
}

fn message() -> Message {
    Message::of(&opened(), "bot").unwrap()
}

static REPORTS: LazyLock<Vec<(String, Report)>> = LazyLock::new(|| {
    let entries = std::fs::read_dir(root().join("corpus")).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    let report = |folder: &std::path::PathBuf| {
        let case = Case::load(folder, parsed).unwrap();
        (case.name().to_owned(), tapecheck::replay(case.request()).unwrap().report)
    };
    folders.iter().map(report).collect()
});

/// What a watch would tell of a case that stands for seven hours and is then over, by the records or with them.
fn lives(report: &Report) -> Vec<Announcement> {
    let rules = Rules { confirm: 1, ..Rules::default() };
    let now = report.window.until.unwrap_or_else(|| at("2026-02-05T21:00:00Z"));
    let (mut told, later) = (Vec::new(), now + chrono::Duration::hours(7));
    for cut in [false, true] {
        let mut alarms = Alarms::default();
        // Before anything happened: what was over by then would be history.
        alarms.look(&Sight { at: now - chrono::Duration::hours(24), ..Sight::default() }, &rules);
        let seen = Sight::of(report, now, true);
        let ends = Sight { at: later, cut, ..Sight::default() };
        for sight in [seen.clone(), Sight { at: later, ..seen }, ends] {
            told.extend(alarms.look(&sight, &rules));
        }
    }
    told
}

#[test]
fn every_announcement_of_the_cases_holds_against_the_published_schema() {
    let published = std::fs::read_to_string(root().join("docs/announcement.schema.json")).unwrap();
    let today = document::published().unwrap();
    assert_eq!(published, today, "tapecheck schema announcement -o docs/announcement.schema.json publishes today's");
    let options = jsonschema::options().should_validate_formats(true);
    let validator = options.build(&serde_json::from_str(&published).unwrap()).unwrap();
    let mut turns: BTreeMap<(Turn, u8), usize> = BTreeMap::new();
    for (name, report) in &*REPORTS {
        for told in lives(report) {
            let line = document::line(&told, &report.asked.directory).unwrap();
            assert!(!line.contains('\n'), "{name}");
            let value: Value = serde_json::from_str(&line).unwrap();
            let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert_eq!(errors, Vec::<String>::new(), "{name}: {line}");
            let subject = ["book", "check", "blind"].map(|key| !value["subject"][key].is_null());
            assert_eq!(subject.iter().filter(|is_one| **is_one).count(), 1, "{name}: {line}");
            assert_eq!(value["subject"]["key"], told.subject.to_string());
            assert_eq!((&value["turn"], &value["until"].is_null()), (&told.turn.code().into(), &!told.turn.is_end()));
            let kind = match told.subject {
                Subject::Blind(_) => 0,
                Subject::Check(_) => 1,
                Subject::Break(..) => 2,
            };
            *turns.entry((told.turn, kind)).or_default() += 1;
        }
    }
    // Every turn of every sort of subject, but for changes: the cases do not change. Only breaks are withdrawn, or pass.
    assert_eq!(turns.len(), 11, "{turns:?}");
}

#[test]
fn the_schema_refuses_what_is_no_announcement() {
    let schema: Value = serde_json::from_str(&document::published().unwrap()).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let before = Some(Condition { severity: Severity::Warning, ..condition() });
    let told = Announcement { before, ..announcement(Turn::Changed, hood(), condition()) };
    let right: Value = serde_json::from_str(&document::line(&told, "bot").unwrap()).unwrap();
    assert!(validator.is_valid(&right));
    type Spoils = fn(&mut Value);
    let spoilt: [(&str, Spoils); 7] = [
        ("another schema", |told| told["schema"] = "tapecheck.announcement/2".into()),
        ("another turn", |told| told["turn"] = "exploded".into()),
        ("a number that is a text", |told| told["number"] = "7".into()),
        ("a quantity that is a number", |told| told["difference"] = 10.into()),
        ("a time that is none", |told| told["since"] = "noon".into()),
        ("a key that is gone", |told| drop(told.as_object_mut().unwrap().remove("until"))),
        ("a key that is not known", |told| told["before"]["colour"] = "red".into()),
    ];
    for (what, spoil) in spoilt {
        let mut told = right.clone();
        spoil(&mut told);
        assert!(!validator.is_valid(&told), "{what} is taken for an announcement");
    }
}

#[test]
fn every_key_of_the_schema_is_described() {
    every_key_is_described("announcement", &serde_json::from_str(&document::published().unwrap()).unwrap());
}

#[test]
fn an_announcement_is_a_few_lines_for_a_person() {
    let text = |told: &Announcement| announcement::text(told, &Look::plain());
    assert_eq!(
        text(&opened()),
        "\
11-27 21:04:12Z  OPENED       HOOD quantity: executor 20, broker_positions 30
    (+10, 512.4 USD at stake); scale_out_wrong_side (proved): the scale-out of 5
    HOOD at 20:58:03 bought instead of sold
    logs/attribution.jsonl:12, broker/positions.json:1
    next: tapecheck show biography bot --symbol HOOD --broker live
"
    );
    let before = Condition {
        money: None,
        difference: Some(Decimal::from(5)),
        cause: Some(Why { code: "unknown".to_owned(), proved: false, edit: None }),
        says: "HOOD quantity: executor 20, broker_positions 25".to_owned(),
        ..condition()
    };
    let wide = Look { width: 300, ..Look::plain() };
    let first = |told: &Announcement| announcement::text(told, &wide).lines().next().unwrap().split_at(17).1.to_owned();
    let changed = Announcement { before: Some(before), ..announcement(Turn::Changed, hood(), condition()) };
    assert_eq!(
        first(&changed),
        "CHANGED      HOOD quantity: executor 20, broker_positions 30 (+10, 512.4 USD at stake); scale_out_wrong_side (proved): \
         the scale-out of 5 HOOD at 20:58:03 bought instead of sold; before: HOOD quantity: executor 20, broker_positions 25, unknown"
    );
    let plain = Condition { cause: None, money: None, ..condition() };
    let standing = announcement(Turn::Standing, hood(), Condition { severity: Severity::Warning, ..plain.clone() });
    assert_eq!(
        first(&standing),
        "STANDING     warning HOOD quantity: executor 20, broker_positions 30 (+10); for 6 min, since 11-27 20:58:03Z"
    );
    let over = |turn| first(&announcement(turn, hood(), plain.clone()));
    assert_eq!(over(Turn::Resolved), "RESOLVED     HOOD quantity (executor), after 6 min; exposure 189076 USD seconds");
    assert_eq!(
        over(Turn::Withdrawn),
        "WITHDRAWN    HOOD quantity (executor), after 6 min: not seen any more, and no record says that it was resolved"
    );
    let blind = Condition { says: "positions: keys refused (401)".to_owned(), difference: None, ..plain.clone() };
    let eye = |turn| first(&Announcement { exposure: None, ..announcement(turn, Subject::Blind(Eye::Broker), blind.clone()) });
    assert_eq!(eye(Turn::Opened), "BLIND        broker: positions: keys refused (401)");
    assert_eq!(eye(Turn::Standing), "STILL BLIND  broker: positions: keys refused (401); for 6 min, since 11-27 20:58:03Z");
    assert_eq!(eye(Turn::Resolved), "SEES AGAIN   broker, after 6 min");
    assert_eq!(eye(Turn::Withdrawn), "SEES AGAIN   broker, after 6 min");
    let check = Condition { says: "no cycle for 40 min of open market".to_owned(), ..blind };
    let check = announcement(Turn::Opened, Subject::Check("main_loop".to_owned()), check);
    assert_eq!(first(&check), "OPENED       check main_loop: no cycle for 40 min of open market");
}

#[test]
fn what_is_told_of_the_cases_fits_the_width_and_is_ascii() {
    for (name, report) in &*REPORTS {
        for told in lives(report) {
            for width in [60, 80, 200] {
                let text = announcement::text(&told, &Look { width, ..Look::plain() });
                assert!(text.is_ascii() && text.ends_with('\n'), "{name}: {text}");
                // A path or a command is never folded.
                let words = |line: &str| line.trim().split(' ').filter(|word| !word.is_empty()).count();
                let too_wide = text.lines().filter(|line| line.len() > width && words(line) > 1);
                let too_wide: Vec<&str> = too_wide.filter(|line| !line.starts_with("    next: ")).collect();
                assert_eq!(too_wide, Vec::<&str>::new(), "{name} at {width}");
            }
        }
    }
}

/// Everything that a log could hold to move a cursor, turn a line round, ring a whole channel, or end a block of code.
const HOSTILE: &str =
    "a\u{1b}[31m\u{202e}b\r\nOPENED\u{7} ```@everyone``` <!channel> <@U1> <https://evil.example|x> & @here \u{200b}";

fn hostile() -> Announcement {
    let evil = || Some(HOSTILE.to_owned());
    let condition = Condition {
        expected: evil(),
        actual: evil(),
        says: HOSTILE.to_owned(),
        evidence: vec![HOSTILE.to_owned()],
        next: evil(),
        cause: Some(Why { code: HOSTILE.to_owned(), proved: false, edit: evil() }),
        ..condition()
    };
    let subject = Subject::Check(HOSTILE.to_owned());
    Announcement {
        before: Some(Condition { says: "x".to_owned(), ..condition.clone() }),
        ..announcement(Turn::Changed, subject, condition)
    }
}

#[test]
fn hostile_text_is_harmless_wherever_it_is_told() {
    let is_harmless = |text: &str| !text.chars().any(|letter| letter != '\n' && tapecheck::source::is_hidden(letter));
    for unicode in [false, true] {
        let text = announcement::text(&hostile(), &Look { unicode, ..Look::plain() });
        assert!(is_harmless(&text), "{text}");
        // A line of its own begins nothing that looks like another announcement.
        assert_eq!(text.lines().filter(|line| !line.starts_with("    ")).count(), 1, "{text}");
    }
    let strings = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    let json = strings(&document::line(&hostile(), HOSTILE).unwrap());
    let whole = json.to_string();
    assert!(is_harmless(&whole) && !whole.contains(r"\r"), "{whole}");
    let slack = strings(&chat::slack(&hostile(), HOSTILE));
    let text = slack["text"].as_str().unwrap();
    assert!(is_harmless(text) && !text.contains(['<', '>', '@']) && text.contains("&lt;!channel&gt;"), "{text}");
    assert_eq!((&slack["mrkdwn"], &slack["link_names"]), (&false.into(), &false.into()));
    let discord = strings(&chat::discord(&hostile(), HOSTILE));
    let text = discord["content"].as_str().unwrap();
    assert!(is_harmless(text) && text.starts_with("```\n") && text.ends_with("\n```"), "{text}");
    assert_eq!(text.matches('`').count(), 6, "{text}");
    assert_eq!(discord["allowed_mentions"]["parse"], serde_json::json!([]));
}

#[test]
fn no_chat_is_sent_more_than_it_takes() {
    let long =
        Condition {
            says: "𝔥&".repeat(5000), evidence: vec!["x".repeat(5000); 3], next: Some("y".repeat(5000)), ..condition()
        };
    let told = announcement(Turn::Opened, hood(), long);
    let of = |body: String, key: &str| serde_json::from_str::<Value>(&body).unwrap()[key].as_str().unwrap().to_owned();
    let (slack, discord) = (of(chat::slack(&told, "bot"), "text"), of(chat::discord(&told, "bot"), "content"));
    let length = |text: &str| text.encode_utf16().count();
    assert!((3990..=4000).contains(&length(&slack)) && slack.ends_with('…'), "{}", length(&slack));
    assert!((1990..=2000).contains(&length(&discord)) && discord.ends_with("…\n```"), "{}", length(&discord));
    assert!(!slack.replace("&amp;", "").contains('&'), "an escape is cut in two");
    let short = of(chat::discord(&opened(), "/srv/bot"), "content");
    assert!(short.ends_with("--broker live\n    in /srv/bot\n```"), "{short}");
}

// Commands.

fn command(script: &str, limit: Duration) -> Command {
    Command::new(&format!("sh -c {}", shlex::try_quote(script).unwrap()), limit).unwrap()
}

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(400);

#[test]
fn a_command_finds_the_announcement_on_its_stdin() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("told.json");
    command(&format!("cat > {}", file.display()), LONG).tell(&message()).unwrap();
    let told: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!((&told["subject"]["key"], &told["number"]), (&"HOOD/quantity/executor".into(), &7.into()));
}

#[test]
fn a_command_is_words_and_no_shell() {
    let folder = tempfile::tempdir().unwrap();
    let mut touch = Command::new(&format!("touch '{}/a b' '{0}/$HOME;x'", folder.path().display()), LONG).unwrap();
    touch.tell(&message()).unwrap();
    assert!(folder.path().join("a b").exists() && folder.path().join("$HOME;x").exists());
    let refused = |line| Command::new(line, LONG).unwrap_err();
    assert_eq!(refused("say 'it"), "--on-event: a quote is not closed");
    assert_eq!(refused("  "), "--on-event: there is no command");
    let missing = Command::new("./not-there --now", LONG).unwrap().tell(&message()).unwrap_err();
    assert!(missing.starts_with("./not-there cannot be run: "), "{missing}");
}

#[test]
fn a_command_that_fails_is_told_with_its_last_word() {
    let failed = command("echo first >&2; echo 'no \u{1b}[31mroute' >&2; echo out; exit 3", LONG).tell(&message()).unwrap_err();
    assert_eq!(failed, "sh ended with exit status: 3: no \\u{1b}[31mroute");
    assert_eq!(command("exit 4 0<&-", LONG).tell(&message()).unwrap_err(), "sh ended with exit status: 4");
}

#[test]
fn a_command_that_hangs_is_ended_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("child");
    // It does not read, holds its stderr open, and does not hear that it should end.
    let script = format!("trap '' TERM; sleep 600 & echo $! > {0}.new; mv {0}.new {0}; wait; sleep 600", file.display());
    for limit in [1, 4, 16].map(Duration::from_secs) {
        let failed = command(&script, limit).tell(&message()).unwrap_err();
        assert_eq!(failed, format!("sh took longer than {} s and was ended", limit.as_secs()));
        // Where the machine has much to do, it did not come so far.
        if file.exists() {
            break;
        }
    }
    is_gone(&file);
    // What is left running by one that ended well is ended, too.
    let script = format!("sleep 600 & echo $! > {}", file.display());
    command(&script, LONG).tell(&message()).unwrap();
    is_gone(&file);
}

/// The process whose number is in the file is not there any more, or soon will not be.
fn is_gone(file: &Path) {
    let number = std::fs::read_to_string(file).unwrap().trim().to_owned();
    let state = || {
        let text = std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
        text.rsplit(')').next()?.split_whitespace().next().map(str::to_owned)
    };
    // One that nobody has taken leave of yet is dead, too.
    let is_dead = || state().is_none_or(|state| state == "Z" || state == "X");
    let soon = (0..500).any(|_| {
        is_dead() || {
            std::thread::sleep(Duration::from_millis(20));
            false
        }
    });
    assert!(soon, "process {number} still runs");
}

#[test]
fn a_command_that_floods_is_read_and_forgotten() {
    assert!(command("yes >&2", SHORT).tell(&message()).unwrap_err().contains("took longer"));
    let failed = command("yes abc | head -c 3000000 >&2; yes | head -c 3000000; exit 1", LONG).tell(&message()).unwrap_err();
    assert!(failed.starts_with("sh ended with exit status: 1: a") && failed.len() < 300, "{failed}");
}

/// Run by the next test, with keys in its environment.
#[test]
#[ignore = "needs another environment"]
fn in_an_environment_with_keys() {
    let folder = std::env::var("FOLDER_OF_THIS_TEST").unwrap();
    command(&format!("env > {folder}/environment"), LONG).tell(&message()).unwrap();
}

#[test]
fn a_command_gets_no_keys() {
    let folder = tempfile::tempdir().unwrap();
    let keys = [
        "APCA_API_KEY_ID",
        "APCA_API_SECRET_KEY",
        "ALPACA_SECRET",
        "alpaca_secret_key",
        "TAPECHECK_WEBHOOK",
        "CREDENTIALS_DIRECTORY",
    ];
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "in_an_environment_with_keys"])
        .env("FOLDER_OF_THIS_TEST", folder.path())
        .envs(keys.map(|key| (key, "SESAME")))
        .stdout(std::process::Stdio::null())
        .status();
    assert!(status.unwrap().success());
    let seen = std::fs::read_to_string(folder.path().join("environment")).unwrap();
    assert!(seen.contains("FOLDER_OF_THIS_TEST=") && seen.contains("PATH="), "{seen}");
    assert!(!seen.contains("SESAME"), "{seen}");
}

// The queue.

/// Waits until it is let go on, and notes what it was told; numbers below zero cannot be told.
struct Slow {
    go: Receiver<bool>,
    told: Sender<u64>,
}

impl Way for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn tell(&mut self, message: &Message) -> Result<(), String> {
        let arrives = self.go.recv().map_err(|_| "nobody lets it go on".to_owned())?;
        self.told.send(message.number).unwrap();
        if arrives { Ok(()) } else { Err("no such place".to_owned()) }
    }
}

#[test]
fn what_takes_its_time_holds_up_nobody_and_what_is_too_much_is_told() {
    let (go, goes) = channel();
    let (told, tells) = channel();
    let complaints = Arc::new(Mutex::new(Vec::new()));
    let complained = Arc::clone(&complaints);
    let complain = Arc::new(move |text: &str| complained.lock().unwrap().push(text.to_owned()));
    let mut queue = Queue::begin(Box::new(Slow { go: goes, told }), 2, complain).unwrap();
    let numbered = |number| Message { number, ..message() };
    queue.tell(&numbered(1)).unwrap();
    // The first is taken out of the line as soon as the thread runs.
    let mut sent = 1;
    let refused = loop {
        sent += 1;
        match queue.tell(&numbered(sent)) {
            Ok(()) if sent < 5 => std::thread::sleep(Duration::from_millis(200)),
            Ok(()) => panic!("{sent} were taken"),
            Err(refused) => break refused,
        }
    };
    let waiting = sent - 1;
    assert_eq!(refused, format!("slow: announcement {sent} is not sent: too many wait already ({waiting})"));
    assert_eq!(queue.delivery(), Delivery { way: "slow", delivered: 0, failed: 1, waiting });
    // The second does not arrive, all others do, in their order.
    for number in 1..=waiting {
        go.send(number != 2).unwrap();
        assert_eq!(tells.recv().unwrap(), number);
    }
    queue.finish(LONG).unwrap();
    assert_eq!(*complaints.lock().unwrap(), ["slow: announcement 2 was not delivered: no such place"]);
}

#[test]
fn what_waits_at_the_end_is_given_so_much_time() {
    let (_go, goes) = channel();
    let (told, _tells) = channel();
    let mut queue = Queue::begin(Box::new(Slow { go: goes, told }), 4, Arc::new(|_: &str| {})).unwrap();
    for number in 1..=3 {
        queue.tell(&Message { number, ..message() }).unwrap();
    }
    assert_eq!(queue.finish(Duration::from_millis(50)).unwrap_err(), "slow: 3 announcements were not delivered");
}

// Webhooks.

/// What the other side does with a request.
#[derive(Clone, Copy)]
enum Does {
    Answers(&'static str),
    Hangs,
    Closes,
}

const OK: Does = Does::Answers("HTTP/1.1 204 No Content\r\n\r\n");
const DOWN: Does = Does::Answers("HTTP/1.1 500 Oops\r\nContent-Length: 6\r\n\r\nSESAME");
const BUSY: Does = Does::Answers("HTTP/1.1 429 Slow Down\r\nRetry-After: 0.05\r\nContent-Length: 0\r\n\r\n");
const BUSY_FOR_LONG: Does = Does::Answers("HTTP/1.1 429 Slow Down\r\nRetry-After: 86400\r\nContent-Length: 0\r\n\r\n");
const GONE: Does = Does::Answers("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");

/// A server on this machine that does one thing after another, the last for ever; gives each request with its body.
fn server(script: Vec<Does>) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (heard, hears) = channel();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for place in 0.. {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let request = request(&mut stream);
            if heard.send(request).is_err() {
                return;
            }
            match script.get(place).or(script.last()).copied().unwrap_or(Does::Closes) {
                Does::Answers(answer) => stream.write_all(answer.as_bytes()).unwrap(),
                Does::Hangs => held.push(stream),
                Does::Closes => {}
            }
        }
    });
    (address, hears)
}

fn request(stream: &mut TcpStream) -> String {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match stream.read(&mut piece).unwrap_or(0) {
            0 => return text,
            count => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

const PATIENCE: Patience = Patience {
    request: Duration::from_secs(20),
    whole: Duration::from_secs(60),
    tries: 3,
    first: Duration::from_millis(10),
    longest: Duration::from_millis(100),
};

/// Sends one announcement to a server that does this; gives what came of it, and the requests.
fn send(script: Vec<Does>, patience: Patience) -> (Result<(), String>, Vec<String>) {
    let (address, heard) = server(script);
    let address = Address::parse(&format!("http://{address}/services/SESAME?token=SESAME")).unwrap();
    let mut webhook = Webhook::new(address, None, patience).unwrap();
    let result = webhook.tell(&message());
    assert!(!format!("{webhook:?} {result:?}").contains("SESAME"), "{webhook:?} {result:?}");
    (result, heard.try_iter().collect())
}

#[test]
fn a_webhook_gets_the_announcement() {
    let (result, heard) = send(vec![OK], PATIENCE);
    assert_eq!((result, heard.len()), (Ok(()), 1));
    let (head, body) = heard[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /services/SESAME?token=SESAME HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    assert_eq!(body, message().json);
    let (address, heard) = server(vec![OK]);
    for (shape, body) in [(Shape::Slack, message().slack), (Shape::Discord, message().discord)] {
        let address = Address::parse(&format!("http://{address}/x")).unwrap();
        Webhook::new(address, Some(shape), PATIENCE).unwrap().tell(&message()).unwrap();
        assert!(heard.recv().unwrap().ends_with(&format!("\r\n\r\n{body}")));
    }
}

#[test]
fn what_may_pass_is_tried_again_and_not_for_ever() {
    for (script, tries) in [
        (vec![DOWN, OK], 2),
        (vec![BUSY, BUSY, OK], 3),
        // A day's wait is not waited for.
        (vec![BUSY_FOR_LONG, OK], 2),
        (vec![Does::Closes, DOWN, OK], 3),
    ] {
        let (result, heard) = send(script, PATIENCE);
        assert_eq!((result, heard.len()), (Ok(()), tries));
    }
    let (result, heard) = send(vec![DOWN], PATIENCE);
    assert_eq!((result, heard.len()), (Err("127.0.0.1 answered 500 (tried 3 times)".to_owned()), 3));
    let (result, heard) = send(vec![BUSY], PATIENCE);
    assert_eq!((result, heard.len()), (Err("127.0.0.1 answered 429 (tried 3 times)".to_owned()), 3));
    let hasty = Patience { request: Duration::from_millis(300), tries: 2, ..PATIENCE };
    let (result, heard) = send(vec![Does::Hangs], hasty);
    assert_eq!(result, Err("127.0.0.1 does not answer in time (tried 2 times)".to_owned()));
    assert!(heard.len() <= 2);
    // No wait is begun that would end beyond the time for the whole.
    let brief = Patience { whole: Duration::from_millis(50), ..PATIENCE };
    let (result, heard) = send(vec![BUSY_FOR_LONG], brief);
    assert!(result.unwrap_err().starts_with("127.0.0.1 "), "{}", heard.len());
    assert!(heard.len() <= 1);
}

#[test]
fn what_will_not_pass_is_sent_once() {
    let (result, heard) = send(vec![GONE], PATIENCE);
    assert_eq!((result, heard.len()), (Err("127.0.0.1 answered 404".to_owned()), 1));
    let (other, reached) = server(vec![OK]);
    let location = format!("HTTP/1.1 302 Found\r\nLocation: http://{other}/SESAME\r\nContent-Length: 0\r\n\r\n");
    let (result, heard) = send(vec![Does::Answers(location.leak())], PATIENCE);
    assert_eq!((result, heard.len()), (Err("127.0.0.1 answered 302: it redirects, which is not followed".to_owned()), 1));
    assert_eq!(reached.try_iter().count(), 0);
}

#[test]
fn where_nobody_listens_the_host_is_named_and_nothing_else() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = Address::parse(&format!("http://{address}/SESAME")).unwrap();
    let told = Webhook::new(address, None, PATIENCE).unwrap().tell(&message()).unwrap_err();
    assert!(told.starts_with("127.0.0.1 cannot be reached: ") && told.ends_with(" (tried 3 times)"), "{told}");
    assert!(!told.contains("SESAME"), "{told}");
}

#[test]
fn an_address_is_a_secret_and_encrypted() {
    for refused in [
        "http://example.com/SESAME",
        "http://192.168.1.4/SESAME",
        "ftp://example.com/SESAME",
        "SESAME",
        "https://",
        "http://localhost.example.com/SESAME",
        "file:///SESAME",
        "",
    ] {
        let why = Address::parse(refused).unwrap_err();
        assert!(!why.contains("SESAME") && why.starts_with("the webhook's address "), "{refused}: {why}");
    }
    for taken in
        ["https://example.com/SESAME", "http://localhost:9/SESAME", "http://[::1]:9/SESAME", " https://user:SESAME@127.0.0.1/\n"]
    {
        let address = Address::parse(taken).unwrap();
        assert!(!format!("{address:?} {}", address.host()).contains("SESAME"), "{address:?}");
    }
    let shapes =
        ["hooks.slack.com", "discord.com", "ptb.discord.com", "discordapp.com", "evildiscord.com", "hooks.slack.com.evil.org"];
    assert_eq!(shapes.map(Shape::of), [Shape::Slack, Shape::Discord, Shape::Discord, Shape::Discord, Shape::Json, Shape::Json]);
}

#[test]
fn an_address_comes_from_the_flag_a_file_or_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("webhook");
    std::fs::write(&file, "https://file.example/SESAME\n").unwrap();
    let set = |name: &str| (name == "TAPECHECK_WEBHOOK").then(|| "https://environment.example/SESAME".to_owned());
    let unset = |_: &str| None;
    let host = |flag: Option<&str>, file: Option<&Path>, environment: &dyn Fn(&str) -> Option<String>| {
        Address::find(flag, file, environment).unwrap().map(|address| address.host().to_owned())
    };
    assert_eq!(host(Some("https://flag.example/x"), Some(&file), &set).as_deref(), Some("flag.example"));
    assert_eq!(host(None, Some(&file), &set).as_deref(), Some("file.example"));
    assert_eq!(host(None, None, &set).as_deref(), Some("environment.example"));
    assert_eq!(host(None, None, &unset), None);
    let broken = |_: &str| Some("SESAME".to_owned());
    let why = Address::find(None, None, &broken).unwrap_err();
    assert!(why.starts_with("TAPECHECK_WEBHOOK: ") && !why.contains("SESAME"), "{why}");
    assert!(Address::find(None, Some(Path::new("not-there")), &set).unwrap_err().starts_with("--webhook-file not-there: "));
}

// Metrics.

fn shown(board: &Board) -> Metrics {
    Metrics::begin("127.0.0.1:0", false, board.clone()).unwrap()
}

fn ask(metrics: &Metrics, request: &str) -> String {
    let mut stream = TcpStream::connect(metrics.address()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn get(metrics: &Metrics, path: &str) -> String {
    ask(metrics, &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
}

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn what_is_on_the_board_is_read() {
    let board = Board::new(HOUR);
    let metrics = shown(&board);
    assert!(get(&metrics, "/metrics").ends_with("\r\n\r\n"), "nothing was looked at yet");
    board.show("tapecheck_watch_looks_total 1\n".to_owned());
    let page = get(&metrics, "/metrics");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.ends_with("\r\n\r\ntapecheck_watch_looks_total 1\n"), "{page}");
    assert!(page.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{page}");
    let head = ask(&metrics, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(
        head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("content-length: 30\r\n") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
    assert!(get(&metrics, "/").starts_with("HTTP/1.1 404 "), "another path");
    for verb in ["POST", "DELETE", "PUT"] {
        let refused = ask(&metrics, &format!("{verb} /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"));
        assert!(refused.starts_with("HTTP/1.1 405 ") && refused.contains("allow: GET, HEAD\r\n"), "{refused}");
    }
    assert!(ask(&metrics, "what is it like\r\n\r\n").starts_with("HTTP/1.1 400 "), "no request");
    // Who is refused in the middle of a word may not get to hear it.
    let mut stream = TcpStream::connect(metrics.address()).unwrap();
    let (mut answer, long) = (Vec::new(), format!("GET /metrics?{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(40_000)));
    let heard = stream.write_all(long.as_bytes()).and_then(|()| stream.read_to_end(&mut answer));
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 4") || (answer.is_empty() && heard.is_err()), "a long request: {answer}");
}

#[test]
fn who_says_nothing_holds_up_nobody() {
    let board = Board::new(HOUR);
    let metrics = shown(&board);
    let silent: Vec<TcpStream> = (0..10).map(|_| TcpStream::connect(metrics.address()).unwrap()).collect();
    for number in 0..20 {
        board.show(format!("looks {number}\n"));
        assert!(get(&metrics, "/metrics").ends_with(&format!("looks {number}\n")));
    }
    drop(silent);
    let address = metrics.address();
    drop(metrics);
    // It ends with the watch; the port is free again.
    for _ in 0..500 {
        if TcpListener::bind(address).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{address} is still taken");
}

#[test]
fn health_is_whether_looks_come_in_time() {
    let board = Board::new(HOUR);
    let metrics = shown(&board);
    let health = get(&metrics, "/healthz");
    assert!(
        health.starts_with("HTTP/1.1 200 OK\r\n") && health.ends_with("\r\n\r\nok: the first look has not ended yet\n"),
        "{health}"
    );
    board.show(String::new());
    let health = get(&metrics, "/healthz");
    assert!(health.starts_with("HTTP/1.1 200 OK\r\n") && health.contains("\r\n\r\nok: the last look ended "), "{health}");
    let board = Board::new(Duration::from_millis(1));
    let metrics = shown(&board);
    std::thread::sleep(Duration::from_millis(20));
    let health = get(&metrics, "/healthz");
    assert!(health.starts_with("HTTP/1.1 503 ") && health.contains("late: the first look has not ended for "), "{health}");
    board.show(String::new());
    std::thread::sleep(Duration::from_millis(20));
    let health = get(&metrics, "/healthz");
    assert!(health.starts_with("HTTP/1.1 503 ") && health.contains("late: no look ended for "), "{health}");
}

#[test]
fn metrics_are_for_this_machine_unless_that_is_asked_for() {
    let refused = |address: &str| Metrics::begin(address, false, Board::new(HOUR)).unwrap_err();
    assert_eq!(refused("0.0.0.0:0"), "--metrics 0.0.0.0:0: other machines could read this: --metrics-anywhere lets them");
    assert_eq!(refused("[::]:0"), "--metrics [::]:0: other machines could read this: --metrics-anywhere lets them");
    assert!(refused("nowhere\u{1b}").contains("nowhere\\u{1b}: is no address"), "{}", refused("nowhere\u{1b}"));
    let taken = Metrics::begin("localhost:0", false, Board::new(HOUR)).unwrap();
    assert!(refused(&taken.address().to_string()).starts_with(&format!("--metrics {}: ", taken.address())));
    assert!(Metrics::begin("0.0.0.0:0", true, Board::new(HOUR)).is_ok());
}

#[test]
fn what_a_watch_did_is_a_page_of_metrics() {
    let (mut watching, mut alarms) = (Watching::default(), Alarms::default());
    let rules = Rules { confirm: 1, ..Rules::default() };
    let now = at("2026-11-27T21:04:12.5Z");
    let blind = Condition { severity: Severity::Break, ..condition() };
    let subjects = [(hood(), condition()), (Subject::Blind(Eye::Broker), blind)];
    let first = Sight { at: now, standing: subjects.into_iter().collect(), ..Sight::default() };
    let over = BTreeMap::from([(hood(), Over { at: now + chrono::Duration::seconds(5), exposure: None })]);
    let second = Sight { at: now + chrono::Duration::minutes(1), over, ..Sight::default() };
    for sight in [first, second] {
        let told = alarms.look(&sight, &rules);
        watching.looked(&sight, &told, &alarms, chrono::Duration::milliseconds(250));
    }
    let deliveries = [Delivery { way: "webhook", delivered: 3, failed: 1, waiting: 2 }];
    let page = watching.write("a \"bot\"", chrono::Duration::seconds(60), &deliveries, metrics::resident());
    let value = |name: &str| {
        let line = page.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in\n{page}"));
        line.rsplit(' ').next().unwrap().to_owned()
    };
    let bot = r#"{directory="a \"bot\"""#;
    for (name, labels, expected) in [
        ("looks_total", "}", "2"),
        ("interval_seconds", "}", "60"),
        ("last_look_timestamp_seconds", "}", "1795813512.5"),
        ("last_look_duration_seconds", "}", "0.25"),
        ("blind_looks_total", r#",eye="broker"}"#, "1"),
        ("blind_looks_total", r#",eye="logs"}"#, "0"),
        ("announcements_total", r#",turn="opened"}"#, "2"),
        ("announcements_total", r#",turn="resolved"}"#, "2"),
        ("announcements_total", r#",turn="changed"}"#, "0"),
        ("standing", r#",severity="break"}"#, "0"),
        ("unconfirmed", "}", "0"),
        ("delivered_total", r#",way="webhook"}"#, "3"),
        ("deliveries_failed_total", r#",way="webhook"}"#, "1"),
        ("undelivered", r#",way="webhook"}"#, "2"),
    ] {
        assert_eq!(value(&format!("tapecheck_watch_{name}{bot}{labels}")), expected, "{name}{labels}");
    }
    if cfg!(target_os = "linux") {
        assert!(value("tapecheck_watch_resident_memory_bytes").parse::<u64>().unwrap() > 1_000_000);
    }
    let report = &REPORTS.iter().find(|(_, report)| report.audit.is_some()).unwrap().1;
    let whole = prometheus::write(report, now) + &page;
    if installed("promtool") {
        let mut promtool = assert_cmd::Command::new("promtool");
        let output = promtool.args(["check", "metrics"]).write_stdin(whole).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

fn installed(program: &str) -> bool {
    let mut asked = std::process::Command::new("sh");
    asked
        .args(["-c", &format!("command -v {program}")])
        .stdout(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[test]
fn a_textfile_is_put_in_its_place_whole_for_others_to_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bot.prom");
    let file = Textfile::new(&path).unwrap();
    for page in ["one\n", "two\n"] {
        file.show(page).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), page);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "something was left beside it");
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o444, 0o444, "{mode:o}");
    }
    assert!(Textfile::new(Path::new("bot.txt")).unwrap_err().contains("end in .prom only"));
    let nowhere = Textfile::new(&folder.path().join("not-there/bot.prom")).unwrap();
    assert!(nowhere.show("x").unwrap_err().contains("not-there/bot.prom cannot be written: "));
}

// The service manager.

#[cfg(target_os = "linux")]
#[test]
fn the_service_manager_is_told() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let name = format!("tapecheck-{}", std::process::id());
    let sockets = [
        (UnixDatagram::bind(&path).unwrap(), path.to_str().unwrap().to_owned()),
        (UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap(), format!("@{name}")),
    ];
    for (socket, address) in sockets {
        let environment = |name: &str| match name {
            "NOTIFY_SOCKET" => Some(address.clone()),
            "WATCHDOG_USEC" => Some("90000000".to_owned()),
            _ => None,
        };
        let systemd = Systemd::of(&environment).unwrap();
        systemd.ready("looks every 60 s").unwrap();
        systemd.looked("clean\nMAINPID=1").unwrap();
        systemd.stopping().unwrap();
        let heard = || {
            let mut bytes = [0; 1000];
            let count = socket.recv(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes[..count]).into_owned()
        };
        assert_eq!(heard(), "READY=1\nSTATUS=looks every 60 s");
        assert_eq!(heard(), "WATCHDOG=1\nSTATUS=clean\\u{a}MAINPID=1");
        assert_eq!(heard(), "STOPPING=1");
        assert_eq!(systemd.impatient(Duration::from_secs(45)), None);
        assert!(systemd.impatient(Duration::from_secs(60)).unwrap().starts_with("WatchdogSec=90: "));
    }
    let nobody = Systemd::of(&|_| None).unwrap();
    nobody.looked("clean").unwrap();
    assert_eq!(nobody.impatient(HOUR), None);
    let gone = Systemd::of(&|name| (name == "NOTIFY_SOCKET").then(|| "/not/there".to_owned())).unwrap();
    assert!(gone.ready("x").unwrap_err().starts_with("NOTIFY_SOCKET: "));
}

/// The units are what the service manager takes them for, every line of them.
#[test]
fn the_units_of_the_documents_are_right() {
    let folder = tempfile::tempdir().unwrap();
    let mut units = Vec::new();
    for entry in std::fs::read_dir(root().join("docs/systemd")).unwrap() {
        let from = entry.unwrap().path();
        let to = folder.path().join(from.file_name().unwrap());
        let text = std::fs::read_to_string(from).unwrap();
        std::fs::write(&to, text.replace("/usr/local/bin/tapecheck", env!("CARGO_BIN_EXE_tapecheck"))).unwrap();
        units.push(to);
    }
    assert_eq!(units.len(), 3, "{units:?}");
    if installed("systemd-analyze") {
        let output = std::process::Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&units).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        let ours: Vec<&str> = told.lines().filter(|line| line.contains("tapecheck")).collect();
        assert!(output.status.success() && ours.is_empty(), "{told}");
        // At most 2.0 of 10, "OK": who takes a wall away hears of it.
        for unit in units.iter().filter(|unit| unit.extension().is_some_and(|extension| extension == "service")) {
            let mut analyze = std::process::Command::new("systemd-analyze");
            let output = analyze.args(["security", "--offline=true", "--threshold=20", "--no-pager"]).arg(unit).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        }
    }
}
