//! Lists of the JSON report that are so long that they are written on all cores: the fixes of a year are nearly all of its bytes, and nothing
//! else is left to do by then. The bytes are those that serde_json writes at once.

use serde::Serialize;
use serde_json::ser::Serializer;
use std::collections::BTreeMap;
use std::io::Write;
use std::num::NonZero;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use super::indented::Indented;

/// Fewer rows are written sooner than the cores are told.
pub(super) const FEW: usize = 2_000;

/// Rows that one core writes at a time: what waits to be written stays small, and in the core's cache.
const AT_A_TIME: usize = 1_000;

/// Writes a document in whose list of this name, which is empty in `around`, stand rows: at least one.
pub(super) fn write<'a, T: Sync, R: Serialize>(
    out: &mut impl Write,
    around: &str,
    name: &str,
    of: &'a [T],
    rows: impl Fn(&'a [T]) -> R + Sync,
) -> Result<(), serde_json::Error> {
    // No text has a line feed in it, so this is a member of the document itself, and so are these where rows stand in it.
    let (member, begins, ends) = (format!("\n  \"{name}\": []"), format!("\n  \"{name}\": [\n"), "\n  ]");
    let (before, after) = around.split_once(&member).ok_or_else(|| unlike(name))?;
    let (first, last) = (format!("{{{begins}"), format!("{ends}\n}}"));
    let mut put = |text: &[u8]| out.write_all(text).map_err(serde_json::Error::io);
    put(before.as_bytes())?;
    let mut between = begins.as_bytes();
    let written = |part: &'a [T]| {
        let mut text = Vec::new();
        let mut out = Serializer::with_formatter(&mut text, Indented::default());
        BTreeMap::from([(name, rows(part))]).serialize(&mut out).map(|()| text)
    };
    let parts: Vec<&[T]> = of.chunks(AT_A_TIME).collect();
    thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        // The cores take turns; each is one part ahead of what is put where it belongs.
        let made: Vec<Receiver<_>> = (0..cores.min(parts.len()))
            .map(|core| {
                let (send, receive) = mpsc::sync_channel(1);
                let mut its = parts.iter().skip(core).step_by(cores).map(|part| written(part));
                scope.spawn(move || its.try_for_each(|text| send.send(text)));
                receive
            })
            .collect();
        for core in (0..made.len()).cycle().take(parts.len()) {
            let text = made[core].recv().map_err(|_| unlike(name))??;
            let rows = text.strip_prefix(first.as_bytes()).and_then(|text| text.strip_suffix(last.as_bytes()));
            put(between)?;
            put(rows.ok_or_else(|| unlike(name))?)?;
            between = b",\n";
        }
        Ok(())
    })?;
    put(ends.as_bytes())?;
    put(after.as_bytes())
}

/// It is not spelt as serde_json spells documents: nothing is written that is none.
fn unlike(name: &str) -> serde_json::Error {
    serde::ser::Error::custom(format!("the list of {name} is not where it should be"))
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
            let mut out = Vec::new();
            write(&mut out, &around, "fixes", &fixes, |part| part).unwrap();
            let whole = serde_json::to_string_pretty(&Document { before, fixes: &fixes, after: 1 }).unwrap();
            assert!(String::from_utf8(out).unwrap() == whole, "{count}");
        }
    }

    #[test]
    fn a_document_without_the_list_is_an_error() {
        let row = Row { symbols: Vec::new(), line: 1 };
        for around in ["{}", "{\"fixes\": []}", "{\n  \"fixes\": [1]\n}"] {
            assert!(write(&mut Vec::new(), around, "fixes", std::slice::from_ref(&row), |part| part).is_err(), "{around}");
        }
    }
}
