//! The page by its text: self-contained, its policy true to its script and style, the same for the same input, and complete.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails, and looks for the cases")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use tapecheck::position::Symbol;
use tapecheck::{Request, replay};

const BREAKS: &[&str] = &["replay", "corpus/scale-out-that-bought", "--broker", "corpus/scale-out-that-bought/broker"];

fn page(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tapecheck"));
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).args(["--format", "html"]).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).unwrap().1.split_once(after).unwrap().0
}

/// The band as a reader sees it first.
#[test]
fn the_band_in_its_own_words() {
    let page = page(BREAKS);
    let band = between(&page, "<header", "</header>");
    let mut words = String::new();
    let mut inside = true;
    for letter in band.chars() {
        match letter {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                words.push('\n');
            }
            _ if !inside => words.push(letter),
            _ => {}
        }
    }
    let lines: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("html-band", lines.join("\n")));
}

#[test]
fn only_its_own_script_and_style_run_and_nothing_is_loaded() {
    let page = page(BREAKS);
    let policy = between(&page, "http-equiv=\"Content-Security-Policy\" content=\"", "\"").replace("&#39;", "'");
    let hash = |text: &str| STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()));
    let style = hash(between(&page, "<style>", "</style>"));
    let script = hash(between(&page, "<script>", "</script>"));
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(policy.contains(&format!("script-src 'sha256-{script}';")), "{policy}");
    assert!(policy.contains(&format!("style-src 'sha256-{style}';")), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    // The texts of the bot's records may say anything; what the page is made of may not.
    for loads in
        [" src=", " style=", "url(", "@import", "<iframe", "<img", "<object", " onclick=", " onload=", " onerror=", "javascript:"]
    {
        assert!(!page.contains(loads), "{loads}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert_eq!(page(BREAKS), page(BREAKS));
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| case.join("case.toml").is_file());
    cases.sort();
    cases
}

/// The rows of a page stand for just the events of each symbol's own biography, and every break has its place on the page.
#[test]
fn nothing_is_left_out() {
    let mut told = 0;
    for case in cases() {
        let broker = Some(case.join("broker")).filter(|broker| broker.exists());
        let request = Request { directory: case.clone(), broker, ..Request::default() };
        let Ok(whole) = replay(&Request { biographies: true, ..request.clone() }) else { continue };
        let biographies = whole.ledger.biographies.as_ref().unwrap();
        for (symbol, biography) in &biographies.of {
            let own = replay(&Request { follow: Some(symbol.clone()), ..request.clone() }).unwrap();
            let events: u32 = biography.rows.iter().map(tapecheck::biographies::Row::events).sum();
            assert_eq!(events as usize, own.ledger.marks.len(), "{symbol} of {}", case.display());
            told += 1;
        }
        let text = tapecheck::outputs::html::write(&tapecheck::outputs::html::Told {
            report: &whole.report,
            biographies,
            tape: &whole.tape.events,
            calendar: &whole.calendar,
        })
        .unwrap();
        for found in &whole.report.breaks {
            assert_eq!(text.matches(&format!("id=\"break-{}\"", found.id())).count(), 1, "{}", case.display());
        }
        let symbols: BTreeSet<&Symbol> = whole.report.breaks.iter().filter_map(|found| found.symbol.as_ref()).collect();
        assert!(symbols.iter().all(|symbol| text.contains(&format!("id=\"life-{symbol}\""))), "{}", case.display());
    }
    assert!(told > 100, "{told}");
}

/// A tape longer than is kept: the page has every row and says where the tape is, and a biography is not empty.
#[test]
fn a_long_tape_is_told_too() {
    let bot = tempfile::TempDir::new().unwrap();
    std::fs::create_dir(bot.path().join("logs")).unwrap();
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/scale-out-that-bought/logs/attribution.jsonl");
    std::fs::copy(case, bot.path().join("logs/attribution.jsonl")).unwrap();
    let cycles = |count: usize| {
        let cycle = |number| {
            let minute = chrono::DateTime::from_timestamp(1_773_240_000 + number as i64, 0).unwrap();
            format!("{{\"ts\": \"{}\", \"msg\": \"complete\"}}\n", minute.to_rfc3339())
        };
        std::fs::write(bot.path().join("logs/run.jsonl"), (0..=count).map(cycle).collect::<String>()).unwrap();
    };
    let directory = bot.path().to_str().unwrap();
    // So long that its breaks are explained from a second reading, and yet on the page.
    cycles(tapecheck::fold::KEPT);
    assert!(page(&["replay", directory]).contains("id=\"tape-rows\""));
    cycles(tapecheck::fold::KEPT_FOR_A_PAGE);
    let page = page(&["replay", directory]);
    assert!(page.contains("more than a page holds") && !page.contains("id=\"tape-rows\""));
    let life = between(&page, "id=\"life-DAL\"", "</details>");
    assert!(life.contains("entry of 10 DAL long") && life.contains("logs/attribution.jsonl:2"), "{life}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tapecheck"));
    let shown = command.args(["show", "biography", directory, "--symbol", "DAL"]).output().unwrap();
    assert!(String::from_utf8_lossy(&shown.stdout).contains("entry of 10 DAL long"));
}
