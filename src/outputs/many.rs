//! Lists of the JSON report that are so long that they are written on all cores: the fixes of a year are nearly all of its bytes, and nothing
//! else is left to do by then. The bytes are those that serde_json writes at once.

use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::num::NonZero;
use std::thread;

/// Fewer rows are written sooner than the cores are told.
pub(super) const FEW: usize = 2_000;

/// Rows that one core writes at a time: what waits to be written stays small.
const AT_A_TIME: usize = 4_000;

/// Where in a document of ours a list of this name stands that is empty: what is before it, and after it.
pub(super) fn place_in<'a>(document: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    // No text has a line feed in it, so this is a member of the document itself.
    let member = format!("\n  \"{name}\": []");
    let at = document.find(&member)?;
    Some((document.get(..at)?, document.get(at + member.len()..)?))
}

/// Writes what stands between the two: the member with its rows, of which there is at least one.
pub(super) fn write<'a, T: Sync, R: Serialize>(
    out: &mut impl Write,
    name: &str,
    of: &'a [T],
    rows: impl Fn(&'a [T]) -> R + Sync,
) -> Result<(), serde_json::Error> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let (begins, ends) = (format!("{{\n  \"{name}\": [\n"), "\n  ]\n}");
    let mut between = format!("\n  \"{name}\": [\n");
    for round in of.chunks(AT_A_TIME * cores) {
        let texts: Vec<Result<String, serde_json::Error>> = thread::scope(|scope| {
            let write = |part: &'a [T]| serde_json::to_string_pretty(&BTreeMap::from([(name, rows(part))]));
            let (first, others) = round.split_at(AT_A_TIME.min(round.len()));
            let others: Vec<_> = others.chunks(AT_A_TIME).map(|part| scope.spawn(move || write(part))).collect();
            let first = write(first);
            let others = others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            std::iter::once(first).chain(others).collect()
        });
        for text in texts {
            let text = text?;
            let rows = text.strip_prefix(&begins).and_then(|text| text.strip_suffix(ends)).unwrap_or(&text);
            out.write_all(between.as_bytes()).and_then(|()| out.write_all(rows.as_bytes())).map_err(serde_json::Error::io)?;
            between = ",\n".to_owned();
        }
    }
    out.write_all(b"\n  ]").map_err(serde_json::Error::io)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Document<'a> {
        before: &'a str,
        fixes: &'a [Row],
        after: u8,
    }

    #[derive(Serialize)]
    struct Row {
        symbols: Vec<String>,
        line: usize,
    }

    #[test]
    fn many_rows_are_written_as_all_at_once() {
        // A text that looks like the place does not have its line feed.
        let before = "\n  \"fixes\": []";
        for count in [1, 2, AT_A_TIME - 1, AT_A_TIME, AT_A_TIME + 1, 5 * AT_A_TIME + 17] {
            let row = |line| Row { symbols: (0..line % 3).map(|symbol| format!("S{symbol} \"é")).collect(), line };
            let fixes: Vec<Row> = (0..count).map(row).collect();
            let around = serde_json::to_string_pretty(&Document { before, fixes: &[], after: 1 }).unwrap();
            let (begin, end) = place_in(&around, "fixes").unwrap();
            let mut out = begin.as_bytes().to_vec();
            write(&mut out, "fixes", &fixes, |part| part).unwrap();
            out.extend_from_slice(end.as_bytes());
            let whole = serde_json::to_string_pretty(&Document { before, fixes: &fixes, after: 1 }).unwrap();
            assert!(String::from_utf8(out).unwrap() == whole, "{count}");
        }
    }
}
