//! What comes out, for every case of the corpus: each format holds against its own schema, and text fits every width.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails, and reads the cases")]

mod schemas;

use assert_cmd::Command;
use rust_decimal::Decimal;
use schemas::every_key_is_described;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;
use tapecheck::cli::corpus::parsed;
use tapecheck::corpus::case::Case;
use tapecheck::outputs::paint::Look;
use tapecheck::outputs::{json, junit, prometheus, sarif, schema, text};
use tapecheck::report::Report;
use tapecheck::time;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every case's report, replays and audits, by the case's name.
static REPORTS: LazyLock<Vec<(String, Report)>> = LazyLock::new(reports);

fn reports() -> Vec<(String, Report)> {
    let entries = std::fs::read_dir(root().join("corpus")).unwrap();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    let report = |folder: &PathBuf| {
        let case = Case::load(folder, parsed).unwrap();
        (case.name().to_owned(), tapecheck::replay(case.request()).unwrap().report)
    };
    let reports: Vec<_> = folders.iter().map(report).collect();
    assert!(reports.len() > 100 && reports.iter().any(|(_, report)| report.audit.is_some()), "{}", reports.len());
    reports
}

fn errors(validator: &jsonschema::Validator, document: &Value) -> Vec<String> {
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn every_json_report_holds_against_the_published_schema() {
    let published = std::fs::read_to_string(root().join("docs/report.schema.json")).unwrap();
    assert_eq!(published, schema::report().unwrap(), "tapecheck schema -o docs/report.schema.json publishes today's");
    let options = jsonschema::options().should_validate_formats(true);
    let validator = options.build(&serde_json::from_str(&published).unwrap()).unwrap();
    for (name, report) in &*REPORTS {
        let document = json::value(report).unwrap();
        assert_eq!(errors(&validator, &document), Vec::<String>::new(), "{name}");
    }
}

/// A schema that takes everything would be of no use.
#[test]
fn the_schema_refuses_what_is_no_report() {
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&serde_json::from_str(&schema::report().unwrap()).unwrap())
        .unwrap();
    let case = Case::load(&root().join("corpus/scale-out-that-bought"), parsed).unwrap();
    let report = json::value(&tapecheck::replay(case.request()).unwrap().report).unwrap();
    assert!(validator.is_valid(&report));
    type Spoils = fn(&mut Value);
    let spoilt: [(&str, Spoils); 10] = [
        ("another verdict", |report| report["verdict"] = "fine".into()),
        ("another schema", |report| report["schema"] = "tapecheck.report/2".into()),
        ("a key that is not known", |report| report["breaks"][0]["colour"] = "red".into()),
        ("a key that is gone", |report| drop(report["breaks"][0].as_object_mut().unwrap().remove("cause"))),
        ("a quantity that is a number", |report| report["books"]["broker"]["positions"][0]["qty"] = 13.into()),
        ("a quantity with an exponent", |report| report["books"]["broker"]["positions"][0]["qty"] = "1e3".into()),
        ("a book of nobody", |report| report["books"]["bank"] = report["books"]["broker"].clone()),
        ("a book that is gone", |report| drop(report["books"].as_object_mut().unwrap().remove("broker"))),
        ("a time that is none", |report| report["breaks"][0]["opened_at"] = "noon".into()),
        ("a count below zero", |report| report["stats"]["events"] = (-1).into()),
    ];
    for (what, spoil) in spoilt {
        let mut report = report.clone();
        spoil(&mut report);
        assert!(!validator.is_valid(&report), "{what} is taken for a report");
    }
}

/// Every key is described, for who reads the schema instead of the code.
#[test]
fn every_key_of_the_schema_is_described() {
    every_key_is_described("report", &serde_json::from_str(&schema::report().unwrap()).unwrap());
}

#[test]
fn every_sarif_document_holds_against_its_schema() {
    let text = std::fs::read_to_string(root().join("tests/schemas/sarif-2.1.0-rtm.5.json")).unwrap();
    // Its pattern for languages has a bracket too many, which only lenient readers take.
    let text = text.replace("{2}]?$", "{2}$");
    let validator = jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap();
    for (name, report) in &*REPORTS {
        let document: Value = serde_json::from_str(&sarif::write(report).unwrap()).unwrap();
        assert_eq!(errors(&validator, &document), Vec::<String>::new(), "{name}");
        for result in document["runs"][0]["results"].as_array().unwrap() {
            // What code hosts ask for beside the schema: a message, a rule that is there, and a fingerprint.
            assert!(!result["message"]["text"].as_str().unwrap().is_empty(), "{name}");
            let rule = result["ruleIndex"].as_u64().unwrap() as usize;
            assert_eq!(document["runs"][0]["tool"]["driver"]["rules"][rule]["id"], result["ruleId"], "{name}");
            assert!(result["partialFingerprints"].as_object().is_some_and(|prints| !prints.is_empty()), "{name}");
        }
    }
}

/// Whether a program is installed.
fn installed(program: &str) -> bool {
    let asked = std::process::Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// The schema is the one that Jenkins publishes; GitLab reads the same elements.
#[test]
fn every_junit_document_holds_against_its_schema() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut files = Vec::new();
    for (name, report) in &*REPORTS {
        let text = junit::write(report).unwrap();
        let read = quick_junit::Report::deserialize_from_str(&text).unwrap();
        let suite = &read.test_suites[0];
        let of = |wanted: &str| text.matches(wanted).count();
        assert_eq!((read.tests, suite.tests), (suite.test_cases.len(), suite.test_cases.len()), "{name}");
        assert_eq!((read.failures, read.errors), (of("<failure "), of("<error ")), "{name}");
        // A test is told apart from the others by its name and class.
        let names: BTreeSet<_> = suite.test_cases.iter().map(|case| (case.classname.clone(), case.name.clone())).collect();
        assert_eq!(names.len(), suite.test_cases.len(), "{name}");
        let file = folder.path().join(format!("{name}.xml"));
        std::fs::write(&file, text).unwrap();
        files.push(file);
    }
    if installed("xmllint") {
        let mut command = std::process::Command::new("xmllint");
        let output = command.args(["--noout", "--nonet", "--schema", "tests/schemas/junit-10.xsd"]).args(files).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        let wrong: Vec<&str> = told.lines().filter(|line| !line.ends_with(" validates")).collect();
        assert!(output.status.success(), "{}", wrong.join("\n"));
    }
}

/// One metric of a page: its type, and its samples by their labels.
type Metrics = BTreeMap<String, BTreeMap<Vec<(String, String)>, Decimal>>;

/// Reads the text format strictly: help, type and samples of a metric stand together, once, and every sample is told apart by its labels.
fn metrics(text: &str) -> Metrics {
    assert!(text.ends_with('\n'));
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
    };
    let mut metrics = Metrics::new();
    let mut current = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, says) = help.split_once(' ').unwrap();
            assert!(is_name(name) && name.starts_with("tapecheck_") && says.len() > 10, "{line}");
            // A gauge counts nothing up.
            assert!(!["_total", "_count", "_sum", "_bucket"].iter().any(|end| name.ends_with(end)), "{line}");
            assert_eq!(lines.next(), Some(format!("# TYPE {name} gauge").as_str()));
            assert!(metrics.insert(name.to_owned(), BTreeMap::new()).is_none(), "{name} stands twice");
            name.clone_into(&mut current);
            continue;
        }
        assert!(line.starts_with(&current), "{line} is no sample of {current}");
        let (labels, rest) = labels(&line[current.len()..]);
        let value: Decimal = rest.strip_prefix(' ').unwrap().parse().unwrap();
        assert!(metrics.get_mut(&current).unwrap().insert(labels, value).is_none(), "{line} stands twice");
    }
    assert!(metrics.values().all(|samples| !samples.is_empty()));
    metrics
}

/// The labels of a sample, unescaped, and what stands behind them.
fn labels(text: &str) -> (Vec<(String, String)>, &str) {
    let mut rest = text.strip_prefix('{').unwrap();
    let mut labels = Vec::new();
    loop {
        let (name, value) = rest.split_once("=\"").unwrap();
        let (mut told, mut end, mut escaped) = (String::new(), 0, false);
        for (place, letter) in value.char_indices() {
            match (escaped, letter) {
                (false, '\\') => {
                    escaped = true;
                    continue;
                }
                (false, '"') => {
                    end = place;
                    break;
                }
                (true, 'n') => told.push('\n'),
                (_, letter) => told.push(letter),
            }
            escaped = false;
        }
        labels.push((name.to_owned(), told));
        rest = &value[end + 1..];
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return (labels, rest.strip_prefix('}').unwrap()),
        }
    }
}

fn value(metrics: &Metrics, name: &str, label: &str) -> Option<Decimal> {
    metrics[name].iter().find(|(labels, _)| labels.iter().any(|(_, value)| value == label)).map(|(_, value)| *value)
}

fn sum(metrics: &Metrics, name: &str) -> Decimal {
    metrics.get(name).map_or(Decimal::ZERO, |samples| samples.values().sum())
}

#[test]
fn every_page_of_metrics_is_well_formed_and_says_what_the_report_says() {
    let now = time::parse_text("2026-11-01T12:00:00.5Z").unwrap();
    let mut whole = String::new();
    for (name, report) in &*REPORTS {
        let text = prometheus::write(report, now);
        let metrics = metrics(&text);
        assert_eq!(value(&metrics, "tapecheck_verdict", report.verdict.code()), Some(Decimal::ONE), "{name}");
        assert_eq!(sum(&metrics, "tapecheck_verdict"), Decimal::ONE, "{name}");
        assert_eq!(sum(&metrics, "tapecheck_breaks"), Decimal::from(report.breaks.len()), "{name}");
        assert_eq!(sum(&metrics, "tapecheck_breaks_by_kind"), Decimal::from(report.breaks.len()), "{name}");
        let lines: u64 = report.sources.iter().map(|source| source.lines).sum();
        assert_eq!(sum(&metrics, "tapecheck_lines"), Decimal::from(lines), "{name}");
        assert_eq!(sum(&metrics, "tapecheck_check_timestamp_seconds"), Decimal::new(17_935_344_005, 1), "{name}");
        assert_eq!(metrics.contains_key("tapecheck_check_status"), report.audit.is_some(), "{name}");
        whole = text;
    }
    if installed("promtool") {
        let mut command = Command::new("promtool");
        let output = command.args(["check", "metrics"]).write_stdin(whole).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn hostile_names_are_escaped_in_labels() {
    let case = Case::load(&root().join("corpus/quiet-day"), parsed).unwrap();
    let mut report = tapecheck::replay(case.request()).unwrap().report;
    report.asked.directory = "a \"bot\" \\ of\nmine{} 日本".to_owned();
    let page = metrics(&prometheus::write(&report, time::parse_text("2026-11-01T12:00:00Z").unwrap()));
    let (labels, _) = page["tapecheck_events"].iter().next().unwrap();
    assert_eq!(labels[0], ("directory".to_owned(), report.asked.directory));
}

fn run(arguments: &[&str]) -> std::process::Output {
    Command::cargo_bin("tapecheck").unwrap().current_dir(root()).args(arguments).output().unwrap()
}

/// Each shell reads its own script, where the shell is installed; all of them have one.
#[test]
fn completions_are_scripts_of_their_shells() {
    let folder = tempfile::TempDir::new().unwrap();
    for (shell, check) in
        [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute"), ("elvish", "-compileonly"), ("powershell", "")]
    {
        let script = run(&["completions", shell]).stdout;
        let text = String::from_utf8(script).unwrap();
        // What an option may be is completed by the first three alone.
        let words = ["replay", "biography", "minimize", "no-progress", "prometheus"];
        for word in &words[..if ["bash", "zsh", "fish"].contains(&shell) { 5 } else { 4 }] {
            assert!(text.contains(word), "{shell} does not complete {word}");
        }
        let file = folder.path().join(shell);
        std::fs::write(&file, text).unwrap();
        if !check.is_empty() && installed(shell) {
            let output = std::process::Command::new(shell).arg(check).arg(file).output().unwrap();
            assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

/// Every command that there is.
fn commands(command: &clap::Command, above: &str, found: &mut Vec<String>) {
    let name = if above.is_empty() { command.get_name().to_owned() } else { format!("{above}-{}", command.get_name()) };
    command.get_subcommands().for_each(|below| commands(below, &name, found));
    found.push(name);
}

#[test]
fn every_command_has_a_man_page() {
    let folder = tempfile::TempDir::new().unwrap();
    let pages = folder.path().join("man1");
    let told = run(&["man", "-o", pages.to_str().unwrap()]);
    assert!(told.status.success());
    let mut names = Vec::new();
    commands(&tapecheck::cli::command(), "", &mut names);
    assert!(names.len() > 15 && String::from_utf8(told.stdout).unwrap().lines().count() == names.len());
    for name in names {
        let page = pages.join(format!("{name}.1"));
        let text = std::fs::read_to_string(&page).unwrap();
        assert!(text.contains(".SH NAME") && text.contains(".SH SYNOPSIS"), "{name}");
        assert!(text.contains("tapecheck 0.") && !text.contains(".SH EXTRA"), "{name}");
        if installed("mandoc") {
            let output = std::process::Command::new("mandoc").args(["-T", "lint", "-W", "error"]).arg(&page).output().unwrap();
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout));
        }
        if installed("groff") {
            let output =
                std::process::Command::new("groff").args(["-man", "-ww", "-z", "-Tutf8", "-Kutf8"]).arg(&page).output().unwrap();
            assert!(output.status.success() && output.stderr.is_empty(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
    assert!(run(&["man"]).stdout.starts_with(b".ie"));
}

/// Every command says what it is for, and shows how it is used.
#[test]
fn every_command_shows_examples() {
    fn walk(command: &clap::Command) {
        let has_below = command.has_subcommands();
        command.get_subcommands().for_each(walk);
        assert!(command.get_about().is_some(), "{}", command.get_name());
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(after.contains("Examples:") || has_below, "{} has no examples", command.get_name());
        // A line that is longer would be folded, and could not be copied.
        assert!(
            after.lines().filter(|line| line.starts_with("  tapecheck")).all(|line| line.len() <= 80),
            "{}",
            command.get_name()
        );
    }
    walk(&tapecheck::cli::command());
}

/// A collector may read at any moment: what it reads is the old page or the new one, and never a part.
#[test]
fn a_file_is_replaced_and_never_half_written() {
    let folder = tempfile::TempDir::new().unwrap();
    let page = folder.path().join("bot.prom");
    let arguments = ["replay", "corpus/quiet-day", "--format", "prometheus", "-o", page.to_str().unwrap()];
    assert_eq!(run(&arguments).status.code(), Some(0));
    let old = std::fs::File::open(&page).unwrap();
    let before = old.metadata().unwrap().len();
    assert_eq!(run(&arguments).status.code(), Some(0));
    // Who had it open still has the old one, whole.
    assert_eq!(old.metadata().unwrap().len(), before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    metrics(&std::fs::read_to_string(&page).unwrap());
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
        assert_ne!(old.metadata().unwrap().ino(), std::fs::metadata(&page).unwrap().ino());
        std::fs::set_permissions(&page, std::fs::Permissions::from_mode(0o640)).unwrap();
        let link = folder.path().join("link.prom");
        symlink(&page, &link).unwrap();
        assert_eq!(run(&["replay", "corpus/quiet-day", "-o", link.to_str().unwrap()]).status.code(), Some(0));
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(std::fs::read_to_string(&page).unwrap().starts_with("CLEAN"));
        assert_eq!(std::fs::metadata(&page).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(run(&["replay", "corpus/quiet-day", "-o", "/dev/stdout"]).stdout.starts_with(b"CLEAN"));
    }
}

/// Option symbols and long numbers in 60 columns, with text beside them that is meant to harm.
#[test]
fn tables_that_do_not_fit_are_told_a_row_below_the_other() {
    let folder = tempfile::TempDir::new().unwrap();
    for part in ["logs", "state"] {
        std::fs::create_dir(folder.path().join(part)).unwrap();
    }
    let write = |path: &str, text: String| std::fs::write(folder.path().join(path), text + "\n").unwrap();
    let symbol = "SPXW260320C05500000";
    let head = format!(r#""ts": "2026-03-11T14:10:00+00:00", "type": "attribution", "trade_id": "open_{symbol}_2026""#);
    let context =
        r#""entry_status": "filled", "qty": 12345678.12345678, "reason": "日é\u001b[31m", "side": "buy", "entry_price": 33.0"#;
    write("logs/attribution.jsonl", format!(r#"{{{head}, "symbol": "{symbol}", "pnl_usd": 0.0, "context": {{{context}}}}}"#));
    let row = format!(r#"{{"symbol": "{symbol}", "qty": -87654321.98765432, "side": "short", "avg_entry_price": 33.0}}"#);
    let book = format!(r#"{{"timestamp": "2026-03-11T15:00:00Z", "positions": [{row}]}}"#);
    write("state/portfolio_state.jsonl", format!(r#"{{"ts": "2026-03-11T15:00:00Z", "alpaca": {book}}}"#));
    write("state/executor_state.json", r#"{"timestamp": "2026-03-11T15:00:00Z", "opens": {}}"#.to_owned());
    let directory = folder.path().to_str().unwrap();
    for arguments in [&["replay", directory][..], &["show", "book", directory]] {
        let mut command = Command::cargo_bin("tapecheck").unwrap();
        let output = command.args(arguments).env("COLUMNS", "60").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.is_ascii() && !text.contains('\u{1b}'), "{text}");
        let mut folded = text.lines().filter(|line| !line.trim_start().starts_with("next: "));
        assert!(folded.all(|line| line.len() <= 60), "{text}");
        assert!(text.contains("SPXW260320C05500000\n      ") && text.contains("-87654321.98765432"), "{text}");
    }
}

/// Commands are to be copied whole, and so are paths; all else fits.
#[test]
fn text_fits_every_width() {
    for (name, report) in &*REPORTS {
        for width in [60, 80, 200] {
            for unicode in [false, true] {
                let look = Look { width, unicode, ..Look::plain() };
                for line in text::write(report, &look).lines() {
                    let is_path = line.contains('/') && line.split_whitespace().count() == 1;
                    let whole = is_path || ["next: ", "--> "].iter().any(|word| line.trim_start().starts_with(word));
                    assert!(whole || line.chars().count() <= width, "{name} at {width}:\n{line}");
                    assert!(unicode || line.is_ascii(), "{name}: {line}");
                }
            }
        }
    }
}
