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
            let line = first_line(&directory.join(&path));
            seen.unknown.push(Unknown { path, line });
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

fn first_line(file: &Path) -> Option<String> {
    let mut reader = BufReader::new(read::open(file).ok()?.take(BEGINNING));
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    Some(line.trim().to_owned()).filter(|line| !line.is_empty())
}
