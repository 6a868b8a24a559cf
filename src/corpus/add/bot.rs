//! The bot's files as a case keeps them: plain text under their plain names, only the lines that are needed, redacted.

use itertools::Itertools;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::CannotAdd;
use super::reach::{Lines, Reach};
use crate::Request;
use crate::brokers::redact::Redactor;
use crate::layout::Layout;
use crate::read;
use crate::source::LONGEST_LINE;

/// What was kept of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its path in the case.
    pub path: String,
    /// `lines`, or `rows` of an answer of the broker's.
    pub unit: &'static str,
    /// How many were kept.
    pub lines: u64,
    /// How many there were.
    pub of: u64,
    /// Bytes that were kept.
    pub bytes: u64,
}

/// Paths below the case and their texts.
pub type Texts = Vec<(String, String)>;

/// Cuts every file of the directory, and redacts what is left.
pub fn cut(request: &Request, lines: &Lines, reach: &Reach, redactor: &mut Redactor) -> Result<(Texts, Vec<Kept>), CannotAdd> {
    let (mut cuts, mut kept) = gathered(request, lines, reach)?;
    redact(&mut cuts, &request.layout, redactor);
    for (one, (_, text)) in kept.iter_mut().zip(&cuts) {
        one.bytes = text.len() as u64;
    }
    // A log without a needed line is not needed, but for the bot's own account: without it nothing could be checked.
    let layout = &request.layout;
    cuts.retain(|(path, text)| !text.is_empty() || layout.is_own_account(path) || !layout.is_log(path));
    Ok((cuts, kept))
}

/// The files of the directory as text. Rotated and compressed parts of one log become one file, in the order of time.
pub fn gathered(request: &Request, lines: &Lines, reach: &Reach) -> Result<(Texts, Vec<Kept>), CannotAdd> {
    let layout = &request.layout;
    let mut files = read::files(&request.directory, layout);
    files.sort_by_cached_key(|(path, _)| {
        (layout.base_of(path).to_owned(), lines.first(path), Reverse(rotation(path)), path.clone())
    });
    let mut cuts: Texts = Vec::new();
    let mut kept = Vec::new();
    for (base, parts) in &files.iter().chunk_by(|(path, _)| layout.base_of(path).to_owned()) {
        let mut text = String::new();
        let mut one = Kept { path: base.clone(), unit: "lines", lines: 0, of: 0, bytes: 0 };
        for (path, file) in parts {
            // A state file is one record: it is needed whole, or it is another one.
            let wanted = if layout.is_log(path) { lines.kept(path, reach) } else { None };
            // The last line of a part may be torn; the next part must not go on in it.
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            part(file, wanted.as_ref(), &mut text, &mut one)?;
        }
        kept.push(one);
        cuts.push((base, text));
    }
    Ok((cuts, kept))
}

/// All files before any: an id that a message names may be met in another file only.
pub fn redact(cuts: &mut Texts, layout: &Layout, redactor: &mut Redactor) {
    for (path, text) in cuts.iter_mut() {
        *text = if layout.is_log(path) {
            text.split_inclusive('\n').map(|line| redactor.json(line).unwrap_or_else(|_| line.to_owned())).collect()
        } else {
            redactor.json(text).unwrap_or_else(|_| text.clone())
        };
    }
    for (_, text) in cuts {
        *text = redactor.stray(text);
    }
}

/// `run.jsonl.2.gz` is older than `run.jsonl.1`, and that than `run.jsonl`.
fn rotation(path: &str) -> u64 {
    path.split('.').filter_map(|part| part.parse().ok()).next_back().unwrap_or(0)
}

/// Adds the wanted lines of one file. What is not UTF-8 is cut where it stops being that, so that it is in trouble as before.
fn part(file: &Path, wanted: Option<&BTreeSet<u32>>, text: &mut String, kept: &mut Kept) -> Result<(), CannotAdd> {
    let failed = |why: String| CannotAdd::Unreadable(file.to_owned(), why);
    let mut reader = BufReader::new(read::open(file).map_err(|reason| failed(reason.to_string()))?);
    let mut line = Vec::new();
    let mut number = 0u32;
    loop {
        line.clear();
        let mut most = reader.by_ref().take(LONGEST_LINE as u64 + 1);
        if most.read_until(b'\n', &mut line).map_err(|error| failed(error.to_string()))? == 0 {
            return Ok(());
        }
        number = number.saturating_add(1);
        if line.len() > LONGEST_LINE {
            return Err(failed(format!("line {number} is longer than any record can be")));
        }
        kept.of += 1;
        if wanted.is_some_and(|wanted| !wanted.contains(&number)) {
            continue;
        }
        kept.lines += 1;
        let bytes = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        let valid = match std::str::from_utf8(bytes) {
            Ok(valid) => valid,
            Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
        };
        text.push_str(valid);
        let is_whole = valid.len() == bytes.len();
        if !valid.ends_with('\n') && (!is_whole || wanted.is_some()) {
            text.push('\n');
        }
    }
}
