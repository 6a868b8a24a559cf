//! The quick reader against serde_json: what it accepts, serde_json accepts with the same value; and it accepts what the bot writes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::RngSeed;
use serde::Deserialize;
use std::cell::RefCell;
use std::fmt::Debug;
use tapecheck::json::{self, Habits, Raw, Rows, Text};

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
}

#[derive(Deserialize, Debug, PartialEq)]
struct Inner<'a> {
    #[serde(borrow)]
    qty: Option<Raw<'a>>,
    #[serde(borrow)]
    side: Option<Text<'a>>,
}

thread_local! {
    /// What was seen of the texts of a test, until it is much.
    static SEEN: RefCell<(u8, Habits)> = RefCell::default();
}

/// A text read quickly: the same whatever is remembered of others before it, or of itself.
fn quickly<'a, T: Deserialize<'a> + PartialEq + Debug>(text: &'a str) -> Result<T, ()> {
    let alone = json::quickly(text, &mut Habits::none()).map_err(|_| ());
    SEEN.with_borrow_mut(|(texts, habits)| {
        *texts = texts.wrapping_add(1);
        if *texts == 0 {
            *habits = Habits::default();
        }
        for _ in 0..2 {
            assert_eq!(json::quickly(text, habits).map_err(|_| ()), alone, "{text}");
        }
    });
    alone
}

/// Whatever the quick reader accepts must be what serde_json reads; says whether it accepted.
fn agree(text: &str) -> bool {
    let plainly = json::plainly::<Shape<'_>>(text);
    let Ok(quickly) = quickly::<Shape<'_>>(text) else { return false };
    assert_eq!(Ok(quickly), plainly, "{text}");
    true
}

/// What is passed over is taken and refused as serde_json does it.
fn agree_both_ways(text: &str) {
    let plainly = json::plainly::<Raw<'_>>(text).ok();
    assert_eq!(quickly::<Raw<'_>>(text).ok(), plainly, "{text:?}");
}

fn scalar() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "null",
        "true",
        "false",
        "0",
        "-0",
        "7",
        "-12.50",
        "1e5",
        "1.5E-07",
        "0.1",
        "\"\"",
        "\"AAPL\"",
        "\"a b/c\"",
        "\"\\u00e9\"",
        "\"é\"",
        "\"x\\\"y\\\\\"",
        "\"2026-01-08T14:40:50.715546+00:00\"",
        "123456789012345678901234567890",
        // None of these is JSON.
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "+1",
        "NaN",
        "nul",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\t\"",
        "'a'",
        "truex",
    ];
    select(WORDS).prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = String> {
    let key = select(&["qty", "side", "other", "a rather long key that nobody asks for", "k\\n"][..]);
    scalar().prop_recursive(4, 24, 4, move |inner| {
        let member = (key.clone(), inner.clone(), select(&["", " ", "\t"][..]));
        let members = proptest::collection::vec(member, 0..4);
        let object = members.prop_map(|members| {
            let told: Vec<String> = members.iter().map(|(key, value, blank)| format!("\"{key}\":{blank}{value}")).collect();
            format!("{{{}}}", told.join(", "))
        });
        let list = proptest::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(",")));
        prop_oneof![object, list]
    })
}

fn record() -> impl Strategy<Value = String> {
    let key = select(&["ts", "symbol", "symbols", "context", "positions", "other"][..]);
    let members = proptest::collection::vec((key, value()), 0..6);
    members.prop_map(|members| {
        let told: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
        format!("{{{}}}", told.join(", "))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_record_is_read_as_serde_json_reads_it(text in record()) {
        agree(&text);
    }

    #[test]
    fn a_damaged_record_is_read_as_serde_json_reads_it(text in record(), at: Index, byte in select(&b"{}[]\",:\\ 0e.-n\n\x01"[..]), cut: bool) {
        // What is remembered is the whole record.
        agree(&text);
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        if let Ok(text) = std::str::from_utf8(&bytes) {
            agree(text);
        }
    }

    /// A number is looked at eight bytes together, or byte by byte where it is longer or ends the text.
    #[test]
    fn any_number_is_passed_over_as_serde_json_does(
        number in proptest::collection::vec(select(&b"0001234567899..-+eE"[..]), 1..20),
        after in select(&["", "}", ", 2", " ", "x", "         "][..]),
    ) {
        let number: String = number.into_iter().map(char::from).collect();
        agree_both_ways(&format!("{number}{after}"));
        agree_both_ways(&format!("[{number}{after}]"));
        agree_both_ways(&format!("{{\"a\": {number}{after}"));
    }

    #[test]
    fn any_value_is_passed_over_as_serde_json_does(text in value()) {
        if let Ok(raw) = quickly::<Raw<'_>>(&text) {
            prop_assert_eq!(Ok(raw), json::plainly::<Raw<'_>>(&text));
        }
    }
}

/// Texts are looked at eight bytes together: wherever among them one ends, or what must not stand in it stands.
#[test]
fn a_text_is_passed_over_as_serde_json_does() {
    let special = [
        "", "\"", "\\", "\\n", "\\\"", "\\u00e9", "\\u00g9", "\u{1}", "\u{1f}", "\n", " ", "!", "#", "[", "]", "\u{7f}", "é", "€",
    ];
    for length in 0..20 {
        for (place, special) in (0..=length).flat_map(|place| special.iter().map(move |special| (place, special))) {
            let text = format!("{}{special}{}", "x".repeat(place), "x".repeat(length - place));
            agree_both_ways(&format!("[\"{text}\", 1]"));
            agree_both_ways(&format!("{{\"{text}\": 1, \"b\":\t\"{text}\" , \"c\" :[]}}"));
            agree_both_ways(&format!("\"{text}"));
        }
    }
}

/// A reader that refuses everything would agree with everything.
#[test]
fn what_the_bot_writes_is_not_refused() {
    for text in [
        r#"{"ts": "2026-01-08T14:40:50.715546+00:00", "symbol": "AAPL", "context": {"qty": 3, "side": "buy", "other": [1, {"a": []}]}}"#,
        r#"{"ts": 1.5e9, "symbols": ["A", "B"], "positions": [{"qty": "10", "side": null}, {}], "note": "caf\u00e9 \"quoted\""}"#,
        "{}",
        "  { \"ts\" : null , \"symbol\" : \"V\" }\t",
    ] {
        assert!(agree(text), "{text}");
    }
}

#[test]
fn what_is_not_plain_is_left_to_serde_json() {
    for text in [r#"{"symbol": "A\u0041"}"#, r#"{"context": [1, "buy"]}"#, "[]", "", "{", r#"{"ts": 1, "ts": 2}"#, "{} x"] {
        assert!(!agree(text), "{text}");
    }
    let deep = format!("{}{}", "[".repeat(400), "]".repeat(400));
    assert!(quickly::<Raw<'_>>(&deep).is_err());
    assert_eq!(json::read::<Raw<'_>>(&deep).unwrap().get(), deep);
}

/// A log of which every record is like the others but for one: wherever that one differs, and wherever it ends.
#[test]
fn a_record_that_breaks_with_habits_is_read_as_serde_json_reads_it() {
    let like = r#"{"ts": "2026-01-08T14:40:50.715546+00:00", "type": "x", "a name that is longer than what is remembered of one": 1, "symbol": "AAPL", "context": {"side": "buy", "weights": {"flow": 1.0, "net": {}, "all": [1, {"a": 2.5}]}, "qty": 3}, "positions": [{"qty": 1, "side": null}, {"qty": 2}]}"#;
    for at in 0..=like.len() {
        let (before, after) = like.split_at(at);
        for put in ["", " ", ",", "\"", "\\", "}", "]", "{", "x", "0", "\n", "é"] {
            let mut habits = Habits::default();
            for _ in 0..3 {
                assert!(json::quickly::<Shape<'_>>(like, &mut habits).is_ok());
            }
            let cut = after.char_indices().nth(1).map_or("", |(at, _)| &after[at..]);
            for text in [format!("{before}{put}{after}"), format!("{before}{put}{cut}"), format!("{before}{put}")] {
                let alone = json::quickly::<Shape<'_>>(&text, &mut Habits::none()).ok();
                for _ in 0..2 {
                    assert_eq!(json::quickly::<Shape<'_>>(&text, &mut habits).ok(), alone, "{text}");
                }
                if alone.is_some() {
                    assert_eq!(json::plainly::<Shape<'_>>(&text).ok(), alone, "{text}");
                }
                // And of what was remembered of that one, nothing is wrong for the others.
                assert_eq!(json::quickly::<Shape<'_>>(like, &mut habits).ok(), json::plainly(like).ok());
            }
        }
    }
}

/// Members with the values they had in the record before are passed over as one piece: whichever of them has another value, is spelt in another
/// way, goes on where the other ended, comes elsewhere, or is missing, it is read as serde_json reads it.
#[test]
fn what_changes_in_a_stretch_is_seen() {
    let values = [
        "1",
        "1.5",
        "1.50",
        "10",
        "-1",
        "1e5",
        "01",
        "1.",
        "null",
        "true",
        "trues",
        "\"a\"",
        "\"ab\"",
        "\"a\\\"b\"",
        "\"a",
        "{}",
        "[1]",
    ];
    let record = |members: &[(&str, &str)]| {
        let told: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        format!("{{\"ts\": 1, \"context\": {{\"side\": \"buy\", {0}, \"qty\": 3}}, \"other\": {{{0}}}, {0}}}", told.join(", "))
    };
    for (value, other) in values.iter().flat_map(|value| values.iter().map(move |other| (*value, *other))) {
        for changes in 0..3 {
            let mut habits = Habits::default();
            let mut members = [("a", "7"), ("b", value), ("c", "8")];
            let like = record(&members);
            members[changes].1 = other;
            let (changed, shorter) = (record(&members), record(&members[..2]));
            members.swap(0, 1);
            let swapped = record(&members);
            for text in [&like, &like, &like, &changed, &like, &changed, &changed, &swapped, &shorter, &like] {
                let alone = json::quickly::<Shape<'_>>(text, &mut Habits::none()).ok();
                assert_eq!(json::quickly::<Shape<'_>>(text, &mut habits).ok(), alone, "{text}");
                if alone.is_some() {
                    assert_eq!(json::plainly::<Shape<'_>>(text).ok(), alone, "{text}");
                }
            }
        }
    }
}

/// What was checked where few levels were open may be too deep where many are.
#[test]
fn a_stretch_is_no_way_to_go_deeper() {
    let nested = |levels: usize, inner: &str| format!("{}{inner}{}", "[".repeat(levels), "]".repeat(levels));
    let inner = format!("{{\"a\": 1, \"b\": {}, \"c\": 2}}", nested(60, ""));
    let mut habits = Habits::default();
    let mut accepted = Vec::new();
    for levels in (0..100).chain((0..100).rev()) {
        let text = format!("{{\"other\": {}}}", nested(levels, &inner));
        let alone = json::quickly::<Shape<'_>>(&text, &mut Habits::none()).ok();
        assert_eq!(json::quickly::<Shape<'_>>(&text, &mut habits).ok(), alone, "{levels}");
        assert!(alone.is_none() || json::plainly::<Shape<'_>>(&text).is_ok(), "{levels}");
        accepted.push(alone.is_some());
    }
    assert!(accepted.contains(&true) && accepted.contains(&false));
}

/// The same object is asked for in other ways by others: each is given what they ask for.
#[test]
fn what_one_asks_for_is_not_what_another_does() {
    #[derive(Deserialize, Debug, PartialEq)]
    struct Other<'a> {
        #[serde(borrow)]
        symbols: Option<Raw<'a>>,
        #[serde(borrow)]
        context: Option<Sides<'a>>,
    }
    #[derive(Deserialize, Debug, PartialEq)]
    struct Sides<'a> {
        #[serde(borrow)]
        side: Option<Raw<'a>>,
    }
    let text = r#"{"ts": 1, "symbol": "V", "symbols": ["A"], "context": {"qty": 3, "side": "buy"}, "positions": [{"qty": 1}]}"#;
    let mut habits = Habits::default();
    for _ in 0..3 {
        assert_eq!(json::quickly::<Shape<'_>>(text, &mut habits).ok(), json::plainly(text).ok());
        assert_eq!(json::quickly::<Other<'_>>(text, &mut habits).ok(), json::plainly(text).ok());
        let Rows(quickly) = json::quickly(text, &mut habits).unwrap();
        let Rows(plainly) = json::plainly(text).unwrap();
        assert_eq!(quickly, plainly);
        assert_eq!(json::quickly::<Raw<'_>>(text, &mut habits).ok(), json::plainly(text).ok());
    }
}

/// Names without end fill no memory, and names that change places are no habit; what is read stays the same.
#[test]
fn a_log_without_habits_is_read_as_serde_json_reads_it() {
    let mut habits = Habits::default();
    for record in 0..3_000 {
        let member = |place: usize| {
            format!("\"{}\": {place}, \"qty\": {{\"k{}\": [{{\"b\": {record}}}]}}", record * 7 % 1_009 + place, record % 97)
        };
        let text = format!("{{\"positions\": [{{{}}}], \"ts\": {record}, \"n{record}\": {{}}}}", member(record % 5));
        assert_eq!(json::quickly::<Shape<'_>>(&text, &mut habits).ok(), json::plainly(&text).ok(), "{text}");
    }
    assert!(format!("{habits:?}").len() < 4 << 20);
}

/// Every line of every log of the cases: read quickly or not, it is the same.
#[test]
fn every_line_of_the_cases_is_read_as_serde_json_reads_it() {
    let mut lines = 0;
    for entry in glob() {
        let text = String::from_utf8_lossy(&entry).into_owned();
        let mut habits = Habits::default();
        for line in text.lines() {
            let alone = json::quickly::<Rows<'_>>(line, &mut Habits::none()).map(|Rows(rows)| rows).ok();
            let like_others = json::quickly::<Rows<'_>>(line, &mut habits).map(|Rows(rows)| rows).ok();
            assert_eq!(like_others, alone, "{line}");
            if let Some(quickly) = alone {
                let Rows(plainly) = json::plainly(line).unwrap();
                assert_eq!(quickly, plainly);
                lines += 1;
            }
        }
    }
    assert!(lines > 500, "{lines}");
}

#[expect(clippy::disallowed_methods, reason = "a test reads the cases")]
fn glob() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "jsonl") {
                found.push(std::fs::read(path).unwrap());
            }
        }
    }
    found
}
