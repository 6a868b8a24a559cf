//! The rows of the fixes. Those of a year are nearly all of a report's bytes, and rows of one kind differ in their moment, their symbols and
//! their line alone: so serde_json writes the first of each kind, and the others are that one with their own put in. It takes a quarter of the
//! instructions of writing each of them anew, and the bytes are the same.

use itertools::Itertools;

use super::findings::FixDocument;
use super::{json, many};
use crate::constant::Word;
use crate::origin::SourceId;
use crate::outcome::Fix;
use crate::report::Report;
use crate::time::Shown;

/// Stands where a moment or a symbol will stand: no text has this character but as an escape.
const MARK: &str = "\u{1}";
/// What it is written as.
const MARKED: &str = r"\u0001";
/// Stands where the line will stand.
const LINE: u32 = u32::MAX;

/// What all rows of one kind have in common.
#[derive(PartialEq, Eq)]
struct Kind {
    event: Word,
    verdict: Word,
    source: SourceId,
    symbols: usize,
}

/// A row of one kind without what is its own.
struct Form {
    kind: Kind,
    /// What stands before the moment, before each symbol, before the line. `None` where it cannot be told: then each row is written by itself.
    before: Option<Vec<String>>,
    after: String,
}

/// Adds the rows of these fixes, as they stand in the report.
pub(super) fn write(fixes: &[Fix], report: &Report, text: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let (mut forms, mut shown): (Vec<Form>, Shown) = Default::default();
    for (place, fix) in fixes.iter().enumerate() {
        if place > 0 {
            text.extend_from_slice(b",\n");
        }
        let kind = Kind { event: fix.event, verdict: fix.verdict(), source: fix.origin.source, symbols: fix.symbols.len() };
        let known = match forms.iter().position(|form| form.kind == kind) {
            Some(known) => known,
            None => {
                forms.push(Form::of(kind, fix, report)?);
                forms.len() - 1
            }
        };
        forms[known].fill(fix, report, &mut shown, text)?;
    }
    Ok(())
}

impl Form {
    fn of(kind: Kind, fix: &Fix, report: &Report) -> Result<Form, serde_json::Error> {
        let symbols = vec![MARK; kind.symbols];
        let marked = many::row(&FixDocument { ts: MARK.to_owned(), symbols, line: LINE, ..json::fix(fix, report) })?;
        let mut parts: Vec<&str> = marked.split(MARKED).collect();
        let all = kind.symbols + 1;
        let line = LINE.to_string();
        let ends = parts.pop().and_then(|last| last.split(&line).collect_tuple());
        let (before, after) = match ends {
            Some((before_line, after)) if parts.len() == all => {
                parts.push(before_line);
                (Some(parts.into_iter().map(str::to_owned).collect()), after.to_owned())
            }
            Some(_) | None => (None, String::new()),
        };
        Ok(Form { kind, before, after })
    }

    fn fill(&self, fix: &Fix, report: &Report, shown: &mut Shown, text: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        let Some([before_moment, before_symbols @ .., before_line]) = self.before.as_deref() else {
            text.extend_from_slice(many::row(&json::fix(fix, report))?.as_bytes());
            return Ok(());
        };
        text.extend_from_slice(before_moment.as_bytes());
        shown.add(fix.at, text);
        for (before, symbol) in before_symbols.iter().zip(&fix.symbols) {
            text.extend_from_slice(before.as_bytes());
            // It has letters, digits and a few marks alone: none is escaped.
            text.extend_from_slice(symbol.as_str().as_bytes());
        }
        text.extend_from_slice(before_line.as_bytes());
        text.extend_from_slice(report.line_of(fix.origin).to_string().as_bytes());
        text.extend_from_slice(self.after.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::event::FIXES;
    use crate::layout::Layout;
    use crate::origin::{Origin, SourceId};
    use crate::outcome::Fix;
    use crate::position::Symbol;
    use crate::time::Time;
    use crate::{Request, judge, outputs, read};

    /// Of every kind, from sources whose names look like what is put in, of moments in order and not: as serde_json writes all of them.
    #[test]
    fn many_fixes_are_written_as_few() {
        let readings = read::texts(vec![("logs/run.jsonl".to_owned(), String::new())], &Layout::default());
        let mut report = judge(&Request::default(), readings, None).report;
        let names = ["a.jsonl", "\u{1}", "4294967295", "\"é\\\u{7f}"];
        let source = report.sources[0].clone();
        report.sources = names.map(|path| crate::source::Source { path: path.to_owned(), ..source.clone() }).to_vec();
        let fix = |place: u32| {
            let moment = i64::from(place / 7) * 3_600_000_000_000 + [0, 500_000_000, 1_000, 7, 999_999_999][place as usize % 5];
            let line = if place.is_multiple_of(11) { u32::MAX - place } else { place };
            let symbols = (0..place % 4).map(|symbol| Symbol::parse(&format!("S{symbol}.{place}")).unwrap()).collect();
            Fix {
                at: Time::of_nanoseconds(moment * if place.is_multiple_of(13) { -1 } else { 1 }),
                origin: Origin { source: SourceId(u16::try_from(place / 3 % 5).unwrap()), offset: 0, line },
                event: FIXES[place as usize % FIXES.len()],
                symbols,
                contradicted: place.is_multiple_of(3),
                degraded: place.is_multiple_of(5),
                cause_known: place.is_multiple_of(2),
            }
        };
        report.fixes = (0..5_000).map(fix).collect();
        let mut text = Vec::new();
        outputs::json::write_to(&mut text, &report).unwrap();
        let (text, plainly) = (String::from_utf8(text).unwrap(), outputs::json::write(&report).unwrap());
        let other = text.lines().zip(plainly.lines()).find(|(one, other)| one != other);
        assert_eq!(other, None);
        assert!(text == plainly);
    }
}
