//! What lies in a bot's directory: files where they usually are, the same elsewhere, and logs of no known format.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use crate::layout::Layout;
use crate::read;
use crate::settings::template::{Elsewhere, Seen, Unknown};

/// Folders in folders that are looked into.
const DEPTH: usize = 4;

/// Files that are looked at; a directory with more of them is no bot's alone.
const MOST: usize = 20_000;

/// Bytes of a log that are looked at.
const BEGINNING: u64 = 64 << 10;

/// Lines of a log that are looked at: not each has every field.
const LINES: usize = 50;

/// Folders that are never a bot's logs.
const NOT_LOGS: [&str; 6] = ["node_modules", "target", "venv", "__pycache__", "site-packages", "broker"];

/// Looks at it.
pub(super) fn at(directory: &Path) -> Seen {
    let layout = Layout::default();
    let usual: BTreeSet<String> = layout.find(directory).into_iter().map(|found| found.path).collect();
    let mut seen = Seen { usual: usual.iter().cloned().collect(), ..Seen::default() };
    let mut paths = Vec::new();
    walk(directory, "", 0, &mut paths);
    paths.sort();
    for path in paths.into_iter().filter(|path| !usual.contains(path)) {
        if let Some(format) = layout.format_of_name(&path) {
            seen.elsewhere.push(Elsewhere { format, path });
        } else if path.ends_with(".jsonl") || path.ends_with(".ndjson") {
            let lines = first_lines(&directory.join(&path));
            seen.unknown.push(Unknown { path, lines });
        }
    }
    seen
}

/// Links are not followed, and hidden folders not looked into.
fn walk(directory: &Path, folder: &str, depth: usize, paths: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(directory.join(folder)) else { return };
    for entry in entries.filter_map(Result::ok) {
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_file() && paths.len() < MOST {
            paths.push(path);
        } else if kind.is_dir() && depth < DEPTH && !name.starts_with('.') && !NOT_LOGS.contains(&name.as_str()) {
            walk(directory, &path, depth + 1, paths);
        }
    }
}

/// The first whole lines, as far as they can be read.
fn first_lines(file: &Path) -> Vec<String> {
    let Ok(text) = read::open(file) else { return Vec::new() };
    let lines = BufReader::new(text.take(BEGINNING)).lines().map_while(Result::ok);
    lines.filter(|line| !line.trim().is_empty()).take(LINES).collect()
}
