//! Excerpts: the text of evidence, fetched again from its file when the report is made, and the numbers of its lines. Text is not kept
//! with events, and lines that were passed over are counted only where the report points behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read};

use crate::logs;
use crate::origin::{Origin, SourceId};
use crate::read::Text;
use crate::report::{Excerpts, Report, Spots};
use crate::source::{LONGEST_LINE, harmless};
use crate::spots;
use crate::trouble::Reason;

/// Characters of a line that evidence shows.
const EXCERPT: usize = 240;

/// Bytes of a row of an indented document in which the bytes that matter are looked for.
const ROW: usize = 4 << 10;

/// What is asked of each record.
type Asked<'a> = BTreeMap<Origin, spots::Asked<'a>>;

/// What was fetched.
#[derive(Default)]
struct Fetched {
    excerpts: Excerpts,
    spots: Spots,
}

impl Fetched {
    fn keep(&mut self, origin: Origin, text: &str, asked: &Asked<'_>) {
        self.excerpts.insert(origin, harmless(text, EXCERPT));
        let found = asked.get(&origin).map(|asked| spots::find(text, asked)).unwrap_or_default();
        self.spots.extend(found.into_iter().map(|((symbol, fields), spot)| ((origin, symbol.cloned(), fields), spot)));
    }
}

impl Report {
    /// The number of an origin's line in its source, once lines that were passed over are counted.
    pub fn line_of(&self, origin: Origin) -> u32 {
        let before = self.sources.get(usize::from(origin.source.0)).map_or(0, |source| source.lines_before);
        origin.line.saturating_add(before)
    }

    /// Counts, with `lines_before`, the lines that were passed over in each source that the report points at, or in all of them. Where that
    /// fails, the report says so, and is not clean.
    pub fn number_lines(&mut self, all: bool, lines_before: impl Fn(SourceId) -> Result<u32, Reason>) {
        let evidence = self.breaks.iter().flat_map(|found| &found.evidence).map(|evidence| evidence.origin);
        let fixes = self.fixes.iter().map(|fix| fix.origin);
        let ties = self.ties.iter().flat_map(|tie| tie.origins.iter().copied());
        let profit = self.profit.differing.iter().map(|difference| difference.origin);
        let opening = self.opening.iter().map(|(_, origin)| *origin);
        let pointed_at: BTreeSet<SourceId> =
            evidence.chain(fixes).chain(ties).chain(profit).chain(opening).map(|origin| origin.source).collect();
        let mut uncounted = Vec::new();
        for (place, source) in self.sources.iter_mut().enumerate().filter(|(_, source)| source.passed_over > 0) {
            let id = SourceId(u16::try_from(place).unwrap_or(u16::MAX));
            let mut entries = self.integrity.iter_mut().filter(|entry| entry.source == source.path).peekable();
            if all || pointed_at.contains(&id) || entries.peek().is_some() {
                match lines_before(id) {
                    Ok(lines) => source.lines_before = lines,
                    Err(reason) => uncounted.push((source.path.clone(), reason)),
                }
                entries.for_each(|entry| entry.line = entry.line.saturating_add(source.lines_before));
            }
        }
        uncounted.into_iter().for_each(|(path, reason)| self.add_uncounted(path, &reason));
    }
}

/// Fetches the lines that the report's evidence points at, and finds in them what it speaks of. A line that is no longer there gets no
/// excerpt.
pub fn fetch(report: &Report, texts: &[Text]) -> (Excerpts, Spots) {
    let mut wanted: BTreeMap<u16, Vec<Origin>> = BTreeMap::new();
    let mut asked = Asked::new();
    for found in &report.breaks {
        for evidence in &found.evidence {
            wanted.entry(evidence.origin.source.0).or_default().push(evidence.origin);
            asked.entry(evidence.origin).or_default().insert((found.symbol.as_ref(), evidence.reads));
        }
    }
    let mut fetched = Fetched::default();
    for (source, mut origins) in wanted {
        origins.sort();
        origins.dedup();
        let Some(text) = texts.get(usize::from(source)) else { continue };
        let is_log = |format: &str| format == logs::custom::NAME || logs::ALL.iter().any(|log| log.name == format);
        let log = report.sources.get(usize::from(source)).is_some_and(|source| is_log(source.format));
        if log && text.length_if_seekable().is_some() {
            at_their_bytes(text, &origins, &asked, &mut fetched);
        } else if let Ok(reader) = text.open() {
            lines(reader, origins, &asked, &mut fetched);
        }
    }
    (fetched.excerpts, fetched.spots)
}

/// Fetches lines of a log that can be read from anywhere, each from its own byte: a large log is not read again for a few lines.
fn at_their_bytes(text: &Text, origins: &[Origin], asked: &Asked<'_>, fetched: &mut Fetched) {
    for origin in origins {
        let Ok(reader) = text.open_at(origin.offset) else { return };
        let mut line = Vec::new();
        let read = BufReader::with_capacity(1 << 14, reader).take(LONGEST_LINE as u64).read_until(b'\n', &mut line);
        if read.is_ok_and(|read| read > 0) {
            fetched.keep(*origin, &String::from_utf8_lossy(&line), asked);
        }
    }
}

/// Reads once through the file and keeps the lines that are wanted: by number, which holds for logs and documents alike.
fn lines(reader: Box<dyn Read + '_>, mut origins: Vec<Origin>, asked: &Asked<'_>, fetched: &mut Fetched) {
    origins.sort_by_key(|origin| origin.line);
    let mut reader = BufReader::with_capacity(1 << 20, reader);
    let mut number = 0u32;
    let mut line = Vec::new();
    let mut wanted = origins.into_iter().peekable();
    while let Some(next) = wanted.peek().copied() {
        match next_line(&mut reader, &mut line) {
            Ok(read) if read > 0 => number += 1,
            Ok(_) | Err(_) => return,
        }
        if number == next.line {
            let mut text = String::from_utf8_lossy(&line).into_owned();
            if opens_a_row(&text) {
                text =
                    row(&text, &mut reader, &mut number, wanted.clone().map(|origin| origin.line).find(|line| *line > next.line));
            }
            while wanted.peek().is_some_and(|origin| origin.line == next.line) {
                if let Some(origin) = wanted.next() {
                    fetched.keep(origin, &text, asked);
                }
            }
        }
    }
}

/// Reads a line, of a longer one than any record no more than that.
fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    line.clear();
    let read = reader.by_ref().take(LONGEST_LINE as u64).read_until(b'\n', line)?;
    if read == LONGEST_LINE && !line.ends_with(b"\n") {
        reader.skip_until(b'\n')?;
    }
    Ok(read)
}

/// In an indented document a row begins with a line that ends in an opening brace; its first fields are what is worth seeing.
fn opens_a_row(line: &str) -> bool {
    line.trim_end().ends_with(['{', '['])
}

/// The row's lines drawn together, as far as they are looked at, but not past the next line that is wanted.
fn row(first: &str, reader: &mut impl BufRead, number: &mut u32, next_wanted: Option<u32>) -> String {
    let mut text = first.trim().to_owned();
    let mut line = Vec::new();
    while text.len() < ROW && next_wanted.is_none_or(|wanted| *number + 1 < wanted) {
        match next_line(reader, &mut line) {
            Ok(read) if read > 0 => *number += 1,
            Ok(_) | Err(_) => break,
        }
        let part = String::from_utf8_lossy(&line);
        let part = part.trim();
        text.push(' ');
        text.push_str(part);
        if part.starts_with('}') || part.starts_with(']') {
            break;
        }
    }
    text
}
