//! `tapecheck.toml` through the binary: what is refused and how it is told, what wins, where it is looked for, and what it changes.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails, and brings its own files")]

use assert_cmd::Command;
use proptest::prelude::*;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use tapecheck::settings::{self, Settings};
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn tapecheck_in(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("tapecheck").unwrap();
    command.current_dir(folder).args(arguments).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copied(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A copy of a case's files as a bot's directory called `bot`, in a folder of its own that discovery does not leave.
struct Bot(TempDir);

impl Bot {
    fn of(case: &str) -> Bot {
        let folder = TempDir::new().unwrap();
        copied(&root().join("corpus").join(case), &folder.path().join("bot"));
        for file in ["case.toml", "expected.json"] {
            fs::remove_file(folder.path().join("bot").join(file)).unwrap();
        }
        fs::create_dir(folder.path().join(".git")).unwrap();
        Bot(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("bot")
    }

    fn with(self, settings: &str) -> Bot {
        fs::write(self.path().join("tapecheck.toml"), settings).unwrap();
        self
    }

    fn run(&self, arguments: &[&str]) -> Output {
        tapecheck_in(self.0.path(), arguments)
    }

    fn replay(&self, more: &[&str]) -> (i32, String) {
        let output = self.run(&[&["replay", "bot", "--broker", "bot/broker"], more].concat());
        (output.status.code().unwrap(), text(&output.stdout))
    }

    fn report(&self, more: &[&str]) -> Value {
        serde_json::from_str(&self.replay(&[&["--format", "json"], more].concat()).1).unwrap()
    }

    fn settings(&self, more: &[&str]) -> Value {
        let output = self.run(&[&["config", "bot", "--format", "json"], more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn row<'a>(settings: &'a Value, key: &str) -> &'a Value {
    settings["settings"].as_array().unwrap().iter().find(|row| row["key"] == key).unwrap()
}

/// What `config` says of files, one after the other.
fn refusals(files: &[&[u8]]) -> String {
    let folder = TempDir::new().unwrap();
    let mut told = String::new();
    for file in files {
        fs::write(folder.path().join("tapecheck.toml"), file).unwrap();
        let output = tapecheck_in(folder.path(), &["config"]);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
        assert!(output.stdout.is_empty());
        told.push_str(&text(&output.stderr));
    }
    told
}

fn golden(name: &str, told: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, told));
}

#[test]
fn unknown_keys_are_told_with_the_nearest() {
    let files: &[&[u8]] = &[
        b"grase = 5\n",
        b"tolerance-qty = 0.1\n",
        b"frobnicate = true\n",
        b"[paths]\natribution = \"a.jsonl\"\ngrace = 3\n",
        b"[[accept]]\nsymbol = \"DAL\"\nreson = \"x\"\nuntil = 2026-12-31\n",
        b"[logs]\ncustm = 1\n",
        b"[logs.custom.x]\nfiles = \"a\"\ntime = \"t\"\nevery_lin = \"book\"\n",
        b"strict = true\nstrict = false\n",
        "\u{feff}# caf\u{e9}\r\nstrict = true\r\n  stict = true\r\n".as_bytes(),
    ];
    golden("config-unknown-keys", &refusals(files));
}

#[test]
fn values_that_are_not_allowed_are_told_with_what_is() {
    let files: &[&[u8]] = &[
        b"grace = -1\n",
        b"grace = \"ten\"\nstrict = \"yes\"\n",
        b"tolerance_price = 1e99\n",
        b"tolerance_qty = nan\n",
        b"timeout = 0\n",
        b"broker = \"\"\n",
        b"account = \"12\"\n",
        b"allow_hosts = [1]\n",
        b"paths = \"logs\"\n",
        b"accept = \"DAL\"\n",
        b"grace = \n",
        b"[paths\n",
    ];
    golden("config-bad-values", &refusals(files));
}

#[test]
fn rules_that_cannot_be_are_told_with_what_lacks() {
    let files: &[&[u8]] = &[
        b"[[accept]]\nsymbol = \"DAL\"\n",
        b"[[accept]]\nsymbol = \"D L!\"\nkind = \"quantty\"\ncause = \"x\"\nreason = \" \"\nuntil = \"2026-02-30\"\n",
        b"[[accept]]\nuntil = 2026-02-30\n",
    ];
    golden("config-bad-rules", &refusals(files));
}

#[test]
fn mappings_that_cannot_be_are_told_with_what_lacks() {
    let files: &[&[u8]] = &[
        b"[logs.custom.x]\n",
        b"[logs.custom.x]\nfiles = []\ntime = \"t\"\nevery_line = \"cycle\"\n",
        b"[logs.custom.x]\nfiles = \"a\"\ntime = \"t\"\nevery_line = \"entry\"\n",
        b"[logs.custom.x]\nfiles = \"a\"\ntime = \"t\"\nevery_line = \"book\"\n",
        b"[logs.custom.x]\nfiles = \"a\"\ntime = \"a..b\"\nkind = \"k\"\n",
        b"[logs.custom.x]\nfiles = \"a\"\ntime = \"t\"\ntime_format = \"noon\"\nzone = \"Mars\"\nevery_line = \"exits\"\n",
        b"[logs.custom.x]\nfiles = \"a\"\ntime = \"t\"\nkind = \"k\"\n[logs.custom.x.kinds]\ncycle = \"a\"\nignore = \"a\"\n",
        b"[logs]\ncustom = 5\n",
    ];
    golden("config-bad-mappings", &refusals(files));
}

#[test]
fn what_is_no_text_is_refused_and_an_empty_file_is_none() {
    assert!(refusals(&[b"# \xff\n"]).contains("tapecheck.toml: is not UTF-8 from byte 3 on"));
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("tapecheck.toml")).unwrap();
    let output = tapecheck_in(folder.path(), &["config"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(2), "tapecheck: tapecheck.toml: is not a file\n".to_owned()));
    let output = tapecheck_in(folder.path(), &["replay", ".", "--config", "gone.toml"]);
    assert!(output.status.code() == Some(2) && text(&output.stderr).contains("gone.toml: there is no such file"));
    for empty in ["", "\u{feff}", "# nothing\r\n"] {
        let bot = Bot::of("quiet-day").with(empty);
        assert_eq!(bot.replay(&[]).0, 0);
        assert_eq!(row(&bot.settings(&[]), "grace")["from"], "default");
    }
}

#[test]
fn flags_win_over_the_file_and_the_file_over_defaults() {
    let bot = Bot::of("quiet-day").with("strict = true\n\ngrace = 20\ntimeout = 7.5\nbroker = \"recordings/today\"\n");
    let settings = bot.settings(&["--grace", "30"]);
    assert_eq!((&row(&settings, "grace")["value"], &row(&settings, "grace")["flag"]), (&"30".into(), &"--grace".into()));
    assert_eq!((&row(&settings, "strict")["value"], &row(&settings, "strict")["line"]), (&true.into(), &1.into()));
    assert_eq!(row(&settings, "timeout")["line"], 4);
    assert_eq!(row(&settings, "tolerance_qty")["from"], "default");
    // A recording is named from where the file lies.
    assert_eq!(row(&settings, "broker")["value"], "bot/recordings/today");
    assert_eq!(row(&bot.settings(&["--broker", "none"]), "broker")["value"], "none");
}

#[test]
fn the_file_is_looked_for_upwards_and_not_above_a_repository_or_a_case() {
    let bot = Bot::of("quiet-day");
    let above = bot.0.path().join("tapecheck.toml");
    let strict = |bot: &Bot, more: &[&str]| row(&bot.settings(more), "strict")["value"] == true;
    fs::write(&above, "strict = true\n").unwrap();
    assert!(strict(&bot, &[]));
    assert!(!strict(&bot, &["--no-config"]));
    fs::write(bot.path().join("case.toml"), "").unwrap();
    assert!(!strict(&bot, &[]));
    fs::remove_file(bot.path().join("case.toml")).unwrap();
    fs::create_dir(bot.path().join(".git")).unwrap();
    assert!(!strict(&bot, &[]));
    fs::write(bot.path().join("tapecheck.toml"), "strict = true\n").unwrap();
    assert!(strict(&bot, &[]));
    let (_, report) = bot.replay(&[]);
    assert!(report.contains("settings  bot/tapecheck.toml"), "{report}");
}

#[test]
fn settings_above_a_corpus_do_not_reach_its_cases() {
    let folder = TempDir::new().unwrap();
    copied(&root().join("corpus/trade-by-hand"), &folder.path().join("corpus/trade-by-hand"));
    let hides = "[[accept]]\nsymbol = \"GLD\"\nreason = \"x\"\nuntil = 2099-01-01\n";
    for settings in [hides, "this is no TOML"] {
        fs::write(folder.path().join("tapecheck.toml"), settings).unwrap();
        fs::write(folder.path().join("corpus/tapecheck.toml"), settings).unwrap();
        let output = tapecheck_in(folder.path(), &["corpus", "run", "--strict"]);
        assert!(output.status.success(), "{}", text(&output.stdout));
    }
    // Its own are read, and nothing outside of it.
    fs::write(folder.path().join("corpus/trade-by-hand/tapecheck.toml"), hides).unwrap();
    let output = tapecheck_in(folder.path(), &["corpus", "run"]);
    assert!(output.status.code() == Some(1) && text(&output.stdout).contains("the verdict was breaks and is clean"));
    fs::write(folder.path().join("corpus/trade-by-hand/tapecheck.toml"), "[paths]\nrun = \"../run.jsonl\"\n").unwrap();
    let output = tapecheck_in(folder.path(), &["corpus", "run"]);
    assert!(output.status.code() == Some(2) && text(&output.stdout).contains("tapecheck.toml names"), "{}", text(&output.stdout));
}

fn accept(until: &str) -> String {
    format!("[[accept]]\nsymbol = \"GLD\"\nreason = \"bought by hand\"\nuntil = {until}\n")
}

#[test]
fn an_accepted_break_does_not_count_and_is_told_wherever_the_verdict_is() {
    let bot = Bot::of("trade-by-hand");
    assert_eq!(bot.replay(&[]).0, 1);
    let bot = bot.with(&accept("2026-04-17"));
    let (status, report) = bot.replay(&[]);
    assert_eq!(status, 0, "{report}");
    assert!(report.starts_with("CLEAN BUT FOR 1 ACCEPTED"), "{report}");
    assert!(report.contains("accepted until 2026-04-17 (bot/tapecheck.toml:1): bought by hand"), "{report}");
    assert!(bot.replay(&["--quiet"]).1.starts_with("CLEAN BUT FOR 1 ACCEPTED"));
    let report = bot.report(&[]);
    assert_eq!((&report["verdict"], &report["stats"]["breaks_accepted"]), (&"clean".into(), &1.into()));
    assert_eq!(report["breaks"][0]["accepted"]["reason"], "bought by hand");
    assert_eq!((&report["accept_rules"][0]["state"], &report["accept_rules"][0]["breaks"]), (&"applied".into(), &1.into()));
    let (status, sarif) = bot.replay(&["--format", "sarif"]);
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    assert_eq!((status, &sarif["runs"][0]["results"][0]["suppressions"][0]["status"]), (0, &"accepted".into()));
    let (_, junit) = bot.replay(&["--format", "junit"]);
    assert!(junit.contains("failures=\"0\"") && junit.contains("accepted until 2026-04-17: bought by hand"), "{junit}");
    let audit = bot.run(&["audit", "bot", "--broker", "bot/broker", "--at", "2026-04-17T14:14:41Z", "--format", "json"]);
    let audit: Value = serde_json::from_slice(&audit.stdout).unwrap();
    let reconciliation = audit["checks"].as_array().unwrap().iter().find(|check| check["id"] == "reconciliation").unwrap();
    assert_eq!(reconciliation["status"], "pass", "{reconciliation}");
}

#[test]
fn a_rule_whose_day_is_over_accepts_nothing_and_is_told() {
    let bot = Bot::of("trade-by-hand").with(&accept("2026-04-16"));
    let (status, report) = bot.replay(&[]);
    assert_eq!(status, 1);
    let told = report.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("accept rule bot/tapecheck.toml:1 (GLD) ended on 2026-04-16: 1 break counts again"), "{report}");
    assert_eq!(bot.report(&[])["accept_rules"][0]["state"], "expired");
    // The moment that the report is about decides: an exchange day ends at midnight in New York.
    let day = bot.with(&accept("2026-04-17"));
    let at = |at: &str| day.report(&["--at", at])["accept_rules"][0]["state"].clone();
    assert_eq!((at("2026-04-18T03:59:59Z"), at("2026-04-18T04:00:00Z")), ("applied".into(), "expired".into()));
}

#[test]
fn a_rule_is_as_narrow_as_it_says() {
    for (more, state, status) in [
        ("kind = \"missing\"\n", "applied", 0),
        ("kind = \"orphan\"\n", "unused", 1),
        ("cause = \"external_trade\"\n", "applied", 0),
        ("cause = \"side_flip\"\n", "unused", 1),
    ] {
        let bot = Bot::of("trade-by-hand").with(&(accept("2026-12-31") + more));
        assert_eq!((&bot.report(&[])["accept_rules"][0]["state"], bot.replay(&[]).0), (&state.into(), status), "{more}");
    }
    let bot = Bot::of("trade-by-hand").with(&accept("2026-12-31"));
    assert_eq!(bot.report(&["--symbol", "MU"])["accept_rules"][0]["state"], "left_out");
}

#[test]
fn an_answer_of_another_account_is_neither_clean_nor_a_break() {
    let number = "PA3SAMPLE";
    let own = |expected: &str| {
        let bot = Bot::of("quiet-day").with(&format!("account = \"{expected}\"\n"));
        fs::write(
            bot.path().join("broker/account.json"),
            format!("{{\"account_number\": \"{number}\", \"status\": \"ACTIVE\"}}"),
        )
        .unwrap();
        bot
    };
    for expected in [number, "MPLE", "mple"] {
        assert_eq!(own(expected).replay(&[]).0, 0, "{expected}");
    }
    let (status, report) = own("PA3ANOTHER").replay(&[]);
    let told = report.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(status, 2, "{report}");
    assert!(
        told.contains("it is of the account *****MPLE, and the settings expect ******THER: nothing of it was used"),
        "{report}"
    );
    assert!(!report.contains(number) && !report.contains("PA3ANOTHER"));
    let silent = own(number);
    fs::remove_file(silent.path().join("broker/account.json")).unwrap();
    assert_eq!(silent.replay(&[]).0, 2);
}

#[test]
fn files_may_lie_elsewhere_and_must_be_where_they_are_said_to_be() {
    let bot = Bot::of("quiet-day");
    let verdict = bot.report(&[])["verdict_hash"].clone();
    fs::create_dir(bot.path().join("elsewhere")).unwrap();
    fs::rename(bot.path().join("logs/attribution.jsonl"), bot.path().join("elsewhere/a.jsonl.1")).unwrap();
    fs::rename(bot.path().join("state/executor_state.json"), bot.path().join("elsewhere/executor.json")).unwrap();
    assert_eq!(bot.replay(&[]).0, 2);
    let absolute = bot.path().join("elsewhere/executor.json");
    let bot = bot.with(&format!("[paths]\nattribution = \"else*/a.jsonl\"\nexecutor_state = \"{}\"\n", absolute.display()));
    let report = bot.report(&[]);
    assert_eq!((&report["verdict"], &report["verdict_hash"]), (&"clean".into(), &verdict));
    let bot = bot
        .with("[paths]\nattribution = \"elsewhere/a.jsonl\"\nexecutor_state = \"elsewhere/gone.json\"\nrun = \"gone.jsonl\"\n");
    let report = bot.report(&[]);
    let missing: Vec<&str> =
        report["integrity"].as_array().unwrap().iter().map(|entry| entry["source"].as_str().unwrap()).collect();
    assert_eq!((report["verdict"].as_str().unwrap(), missing), ("could_not_check", vec!["elsewhere/gone.json", "gone.jsonl"]));
}

#[test]
fn init_writes_what_changes_nothing_and_never_over_anything() {
    for case in ["quiet-day", "trade-by-hand", "only-the-state-files-were-copied"] {
        let bot = Bot::of(case);
        fs::write(bot.path().join("odd \"name\nof.jsonl"), "{\"ts\": \"\u{1b}[31m\", \"order\": {\"qty\": 1}}\n").unwrap();
        let report = |bot: &Bot| {
            let mut report = bot.report(&[]);
            report.as_object_mut().unwrap().remove("settings_file");
            report
        };
        let before = report(&bot);
        let printed = text(&bot.run(&["init", "bot", "--stdout"]).stdout);
        assert!(!bot.path().join("tapecheck.toml").exists());
        assert!(bot.run(&["init", "bot"]).status.success());
        assert_eq!(fs::read_to_string(bot.path().join("tapecheck.toml")).unwrap(), printed);
        assert_eq!(report(&bot), before, "{case}");
        let again = bot.run(&["init", "bot"]);
        assert!(again.status.code() == Some(2) && text(&again.stderr).contains("is already there"));
        // Taken out of its comments, what it says is a file of settings.
        let keys = printed
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| line.starts_with('[') || line.contains(" = "));
        let uncommented: Vec<&str> = keys.filter(|line| !line.starts_with("Its first line")).collect();
        let read = settings::read(&uncommented.join("\n"), "tapecheck.toml");
        assert!(read.is_ok(), "{}", read.unwrap_err());
    }
}

#[test]
fn init_names_what_lies_elsewhere_and_guesses_at_what_it_does_not_know() {
    let bot = Bot::of("another-bots-scale-out-that-never-filled");
    fs::remove_file(bot.path().join("tapecheck.toml")).unwrap();
    fs::create_dir(bot.path().join("old")).unwrap();
    fs::write(bot.path().join("old/attribution.jsonl.2"), "{}\n").unwrap();
    let printed = text(&bot.run(&["init", "bot", "--stdout"]).stdout);
    for line in [
        "# attribution = \"old/attribution.jsonl.2\"",
        "# [logs.custom.trades]",
        "# files = \"journal/trades.jsonl\"",
        "# time = \"when\"",
        "# kind = \"event\"",
        "# symbol = \"order.symbol\"",
        "# side = \"order.side\"",
        "# quantity = \"order.qty\"",
        "# [logs.custom.broker]",
    ] {
        assert!(printed.lines().any(|other| other == line), "{line} is not in\n{printed}");
    }
}

#[test]
fn a_case_keeps_the_settings_that_its_files_need() {
    let bot = Bot::of("another-bots-scale-out-that-never-filled");
    let own = fs::read_to_string(bot.path().join("tapecheck.toml")).unwrap();
    let bot = bot.with(&format!("account = \"PA3SECRET\"\n{own}"));
    for arguments in [
        &["corpus", "add", "added", "--from", "bot", "--into", "corpus"][..],
        &["corpus", "minimize", "bot", "-o", "corpus/minimized"],
    ] {
        let output = bot.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    }
    for case in ["added", "minimized"] {
        let kept = fs::read_to_string(bot.0.path().join(format!("corpus/{case}/tapecheck.toml"))).unwrap();
        assert!(kept.ends_with(&own) && !kept.contains("SECRET"), "{kept}");
    }
    let output = bot.run(&["corpus", "run", "--strict"]);
    assert!(output.status.success(), "{}", text(&output.stdout));
}

/// Every command of the page on other bots, from the project's root, as it stands there.
#[test]
fn the_commands_of_the_page_on_other_bots_do_what_it_says() {
    for page in ["docs/adapting-to-another-bot.md", "docs/configuration.md"] {
        let page = fs::read_to_string(root().join(page)).unwrap();
        let commands =
            page.lines().filter_map(|line| line.strip_prefix("    tapecheck ")).filter(|line| line.contains("corpus/"));
        for command in commands {
            let arguments = shlex::split(command).unwrap();
            let output = tapecheck_in(root(), &arguments.iter().map(String::as_str).collect::<Vec<_>>());
            let expected = if command == "replay corpus/another-bots-scale-out-that-never-filled" { 1 } else { 0 };
            assert_eq!(output.status.code(), Some(expected), "{command}");
            if expected == 1 {
                let quoted = page.split("```console\n").nth(1).unwrap().split("\n```").next().unwrap();
                assert!(text(&output.stdout).contains(quoted), "{quoted}");
            }
        }
    }
}

#[test]
fn every_key_is_described() {
    let page = fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    for key in settings::TOP {
        assert!(
            page.contains(&format!("`{key}`")) || page.contains(&format!("[{key}]")) || page.contains(&format!("[{key}.")),
            "{key}"
        );
    }
    let logs = tapecheck::logs::ALL.iter().map(|format| format.name);
    for format in logs.chain(tapecheck::books::ALL.iter().map(|format| format.name)) {
        assert!(page.contains(&format!("`{format}`")), "{format}");
    }
    for (kind, _) in tapecheck::logs::custom::Kind::ALL {
        assert!(page.contains(&format!("| `{kind}` |")), "{kind}");
    }
}

/// Settings apart from where each stands.
fn values(settings: &Settings) -> (tapecheck::ledger::Settings, tapecheck::layout::Layout, String) {
    let plain = |text: String| {
        text.lines()
            .filter_map(|line| line.split("  # ").next().map(str::trim_end))
            .skip(1)
            .map(|line| format!("{line}\n"))
            .collect()
    };
    (settings.equality(), settings.layout(), plain(tapecheck::outputs::settings::text(settings)))
}

/// A string as TOML has it, of letters that are a trouble to somebody.
fn string() -> impl Strategy<Value = String> {
    "[a-z\"\\\\#\u{7f}\u{1}é=\\] ]{0,8}"
        .prop_map(|middle| Value::from(format!("a{middle}z")).to_string().replace('\u{7f}', "\\u007f"))
}

fn file() -> impl Strategy<Value = String> {
    let top = (0..86_400u32, any::<bool>(), "[0-9]{1,6}(\\.[0-9]{1,9})?", string(), proptest::collection::vec(string(), 0..3));
    let rules =
        proptest::collection::vec((string(), 1..28u32, prop_oneof!["", "kind = \"missing\"\n", "cause = \"side_flip\"\n"]), 0..3);
    let logs = proptest::collection::btree_map("[a-z_]{1,6}", (string(), string(), any::<bool>()), 0..3);
    (top, string(), rules, logs).prop_map(|((grace, strict, quantity, broker, hosts), path, rules, logs)| {
        let quantity = quantity.trim_start_matches('0').to_owned();
        let quantity = if quantity.is_empty() || quantity.starts_with('.') { format!("0{quantity}") } else { quantity };
        let mut file = format!("grace = {grace}\nstrict = {strict}\ntolerance_qty = {quantity}\nbroker = {broker}\nallow_hosts = [{}]\n[paths]\nrun = {path}\n", hosts.join(", "));
        for (reason, day, more) in rules {
            file.push_str(&format!("[[accept]]\nsymbol = \"DAL\"\nreason = {reason}\nuntil = 2026-12-{day:02}\n{more}"));
        }
        for (name, (word, field, document)) in logs {
            file.push_str(&format!("[logs.custom.{name}]\nfiles = [{word}]\ndocument = {document}\ntime = \"t\"\nkind = \"k\"\nsymbol = \"s\"\nquantity = {field}\nspeaks_for = \"bot\"\n[logs.custom.{name}.kinds]\nentry = [{word}]\nposition = \"p\"\n"));
        }
        file
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// What `config` prints reads back as the same settings.
    #[test]
    fn what_is_printed_reads_back(file in file()) {
        let read = |text: &str| settings::read(text, "tapecheck.toml").map_err(|error| TestCaseError::fail(format!("{error}\n{text}")));
        let first = read(&file)?;
        let printed = tapecheck::outputs::settings::text(&first);
        prop_assert_eq!(values(&read(&printed)?), values(&first));
    }
}
