//! Excerpts: the text of evidence, fetched again from its file when the report is made. Text is not kept with events.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use crate::origin::Origin;
use crate::read::Text;
use crate::report::{Excerpts, Report};
use crate::source::harmless;

/// Characters of a line that evidence shows.
const EXCERPT: usize = 240;

/// Fetches the lines that the report's evidence points at. A line that is no longer there gets no excerpt.
pub fn fetch(report: &Report, texts: &[Text]) -> Excerpts {
    let mut wanted: BTreeMap<u16, Vec<Origin>> = BTreeMap::new();
    for evidence in report.breaks.iter().flat_map(|found| &found.evidence) {
        wanted.entry(evidence.origin.source.0).or_default().push(evidence.origin);
    }
    let mut excerpts = Excerpts::new();
    for (source, mut origins) in wanted {
        origins.sort();
        origins.dedup();
        let Some(text) = texts.get(usize::from(source)) else { continue };
        if let Ok(reader) = text.open() {
            lines(reader, origins, &mut excerpts);
        }
    }
    excerpts
}

/// Reads once through the file and keeps the lines that are wanted: by number, which holds for logs and documents alike.
fn lines(reader: Box<dyn Read + '_>, mut origins: Vec<Origin>, excerpts: &mut Excerpts) {
    origins.sort_by_key(|origin| origin.line);
    let mut reader = BufReader::with_capacity(1 << 20, reader);
    let mut number = 0u32;
    let mut line = Vec::new();
    let mut wanted = origins.into_iter().peekable();
    while let Some(next) = wanted.peek().copied() {
        line.clear();
        match reader.read_until(b'\n', &mut line) {
            Ok(read) if read > 0 => number += 1,
            Ok(_) | Err(_) => return,
        }
        if number == next.line {
            let mut text = String::from_utf8_lossy(&line).into_owned();
            if opens_a_row(&text) {
                text =
                    row(&text, &mut reader, &mut number, wanted.clone().map(|origin| origin.line).find(|line| *line > next.line));
            }
            let text = harmless(&text, EXCERPT);
            while wanted.peek().is_some_and(|origin| origin.line == next.line) {
                if let Some(origin) = wanted.next() {
                    excerpts.insert(origin, text.clone());
                }
            }
        }
    }
}

/// In an indented document a row begins with a line that ends in an opening brace; its first fields are what is worth seeing.
fn opens_a_row(line: &str) -> bool {
    line.trim_end().ends_with(['{', '['])
}

/// The row's lines drawn together, as far as an excerpt goes, but not past the next line that is wanted.
fn row(first: &str, reader: &mut impl BufRead, number: &mut u32, next_wanted: Option<u32>) -> String {
    let mut text = first.trim().to_owned();
    let mut line = String::new();
    while text.len() < EXCERPT && next_wanted.is_none_or(|wanted| *number + 1 < wanted) {
        line.clear();
        match reader.read_line(&mut line) {
            Ok(read) if read > 0 => *number += 1,
            Ok(_) | Err(_) => break,
        }
        let part = line.trim();
        text.push(' ');
        text.push_str(part);
        if part.starts_with('}') || part.starts_with(']') {
            break;
        }
    }
    text
}
