//! The file that `tapecheck init` writes: every setting as a comment, and what was seen in the bot's directory.

use std::fmt::Write as _;

use super::Settings;
use super::table::Written;
use crate::json::{self, Raw, Rows};

/// What was seen in a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Paths of the files that lie where they usually do.
    pub usual: Vec<String>,
    /// Files of a known name that lie elsewhere.
    pub elsewhere: Vec<Elsewhere>,
    /// Logs of no known name.
    pub unknown: Vec<Unknown>,
}

/// A file of a known name that lies elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// The name of its format.
    pub format: &'static str,
    /// Where it lies.
    pub path: String,
}

/// A log of no known name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Where it lies.
    pub path: String,
    /// Its first lines.
    pub lines: Vec<String>,
}

/// Logs of no known format that are described; of more of them, one learns how from these.
const DESCRIBED: usize = 3;

const HEAD: &str = "\
# Settings of tapecheck for this bot. Flags win over what is set here.
# Every line is a comment: take the # away from what you want to set. `tapecheck config` shows what counts, and where it comes from.
";

const MEANINGS: [(&str, &str); 8] = [
    (
        "broker",
        "Which broker is asked: \"live\", \"none\", or the path of a recording, from this file's folder.\n# Not set: audit takes the live one when keys are set, all others none.",
    ),
    ("account", "The account that the broker must answer for: its number, or the end of it. An answer of another is not used."),
    ("strict", "Warnings count as breaks."),
    ("grace", "Seconds around a movement in which either side of it is accepted."),
    ("tolerance_qty", "Quantities that differ by no more are equal."),
    ("tolerance_price", "Entry prices that differ by no more USD, or by no more than 0.01 %, are equal."),
    ("timeout", "Seconds for a whole live read."),
    ("allow_hosts", "Hosts that may be given the keys besides *.alpaca.markets and this machine."),
];

const ACCEPT: &str = "
# A break that you know of and live with. It stays in every report, and does not count until its last day is over.
# `kind` and `cause` make a rule narrower; `tapecheck explain` lists them.
# [[accept]]
# symbol = \"HOOD\"
# kind = \"quantity\"
# reason = \"bought by hand, sold when the lock-up ends\"
# until = 2026-12-31
";

/// The text of the file.
pub fn of(seen: &Seen) -> String {
    let mut out = HEAD.to_owned();
    for row in &Settings::default().sections()[0].rows {
        let meaning = MEANINGS.iter().find(|(key, _)| *key == row.key).map_or("", |(_, meaning)| meaning);
        let value = row.value.clone().unwrap_or_else(|| Written::Text(example(&row.key).to_owned()));
        let _ = writeln!(out, "\n# {meaning}\n# {} = {value}", row.key);
    }
    paths(seen, &mut out);
    out.push_str(ACCEPT);
    for unknown in seen.unknown.iter().take(DESCRIBED) {
        custom(unknown, &mut out);
    }
    if seen.unknown.len() > DESCRIBED {
        let _ = writeln!(out, "\n# (+{} more logs of no known format)", seen.unknown.len() - DESCRIBED);
        for unknown in &seen.unknown[DESCRIBED..] {
            let _ = writeln!(out, "# {}", one_line(&unknown.path));
        }
    }
    out
}

fn example(key: &str) -> &'static str {
    if key == "broker" { "live" } else { "PA3ABCDEFGHI" }
}

/// A comment ends with its line, whatever a file is called.
fn one_line(text: &str) -> String {
    crate::source::harmless(text, 200)
}

fn paths(seen: &Seen, out: &mut String) {
    out.push_str(
        "\n# Where files lie that are not where they usually are, from the bot's directory. What is named here must be there.\n",
    );
    let _ = writeln!(
        out,
        "# Found where they usually are: {}.",
        if seen.usual.is_empty() { "none".to_owned() } else { one_line(&seen.usual.join(", ")) }
    );
    out.push_str("# [paths]\n");
    if seen.elsewhere.is_empty() {
        out.push_str("# attribution = \"logs/attribution.jsonl\"\n");
    }
    let mut rest = seen.elsewhere.as_slice();
    while let Some(first) = rest.first() {
        let same = rest.iter().take_while(|other| other.format == first.format).count();
        let list: Vec<String> = rest[..same].iter().map(|found| found.path.clone()).collect();
        let value = if let [one] = list.as_slice() { Written::Text(one.clone()) } else { Written::List(list) };
        let _ = writeln!(out, "# {} = {value}", first.format);
        rest = &rest[same..];
    }
}

/// Names that a field often has, by what it means.
const OFTEN: [(&str, &[&str]); 7] = [
    ("time", &["ts", "time", "timestamp", "when", "at", "datetime", "date", "created_at", "t"]),
    ("kind", &["event", "kind", "type", "action", "msg", "event_type"]),
    ("symbol", &["symbol", "ticker", "sym", "instrument", "asset"]),
    ("quantity", &["qty", "quantity", "size", "shares", "amount", "filled_qty", "volume"]),
    ("side", &["side", "direction"]),
    ("price", &["price", "fill_price", "avg_price", "px", "filled_avg_price"]),
    ("order_id", &["order_id", "oid"]),
];

/// A log of no known format, with a guess at what its fields mean.
fn custom(unknown: &Unknown, out: &mut String) {
    let stem = unknown.path.rsplit('/').next().unwrap_or_default().split('.').next().unwrap_or_default();
    let name: String = stem.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    let name = if name.is_empty() { "log".to_owned() } else { name };
    let _ = writeln!(
        out,
        "\n# {} is of no known format. If it tells what the bot traded or holds, say how it is read:",
        one_line(&unknown.path)
    );
    let _ = writeln!(out, "# docs/adapting-to-another-bot.md goes through an example.");
    if let Some(line) = unknown.lines.first() {
        let _ = writeln!(out, "# Its first line: {}", one_line(line));
    }
    let mut fields = Vec::new();
    for line in &unknown.lines {
        descend(line, "", 0, &mut fields);
    }
    let guess = |meaning: &str| {
        let names = OFTEN.iter().find(|(name, _)| *name == meaning).map_or(&[] as &[&str], |(_, names)| names);
        let last = |field: &str| field.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        names.iter().find_map(|name| fields.iter().find(|field| last(field) == *name)).cloned()
    };
    let _ = writeln!(out, "# [logs.custom.{name}]\n# files = {}", Written::Text(unknown.path.clone()));
    for (meaning, names) in OFTEN {
        // What a log need not have is left out where nothing looks like it.
        let needed = || ["time", "kind", "symbol", "quantity"].contains(&meaning).then(|| names[0].to_owned());
        if let Some(field) = guess(meaning).or_else(needed) {
            let _ = writeln!(out, "# {meaning} = {}", Written::Text(field));
        }
    }
    let _ = writeln!(out, "# [logs.custom.{name}.kinds]\n# entry = [\"opened\"]\n# exit = [\"closed\"]");
}

/// Adds the paths of a record's fields, as far as a path can spell them, and as far as they are new.
fn descend(text: &str, above: &str, depth: usize, found: &mut Vec<String>) {
    const DEPTH: usize = 3;
    let Ok(rows) = json::read::<Rows<'_>>(text) else { return };
    let spelt = |key: &str| !key.is_empty() && !key.contains('.') && !key.starts_with('/');
    let rows: Vec<(String, Raw<'_>)> = rows
        .last_of_each()
        .filter(|(key, _)| spelt(key))
        .map(|(key, raw)| (if above.is_empty() { key.to_string() } else { format!("{above}.{key}") }, raw))
        .collect();
    for (path, raw) in &rows {
        if raw.get().starts_with('{') && depth < DEPTH {
            descend(raw.get(), path, depth + 1, found);
        } else if !found.contains(path) {
            found.push(path.clone());
        }
    }
}
