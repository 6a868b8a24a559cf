//! Lists of the JSON report that are so long that they are written on all cores: the fixes of a year are nearly all of its bytes, and nothing
//! else is left to do by then. The bytes are those that serde_json writes at once.

use serde::Serialize;
use std::io::Write;
use std::num::NonZero;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use crate::blocks::Blocks;

/// Fewer rows are written sooner than the cores are told.
pub(super) const FEW: usize = 2_000;

/// Rooms of each core: of what it makes, and of what it made before, which is put where it belongs.
const ROOMS: usize = 2;

/// Writes a document in whose list of this name, which is empty in `around`, stand rows: at least one. `written` adds the text of some
/// that follow each other, as they stand in the list, without what is before and after them.
pub(super) fn write<'a, T: Sync>(
    out: &mut impl Write,
    around: &str,
    name: &str,
    of: &'a Blocks<T>,
    written: impl Fn(&'a [T], &mut Vec<u8>) -> Result<(), serde_json::Error> + Sync,
) -> Result<(), serde_json::Error> {
    // No text has a line feed in it, so this is a member of the document itself, and so are these where rows stand in it.
    let (member, begins, ends) = (format!("\n  \"{name}\": []"), format!("\n  \"{name}\": [\n"), "\n  ]");
    let (before, after) = around.split_once(&member).ok_or_else(|| unlike(name))?;
    let mut put = |text: &[u8]| out.write_all(text).map_err(serde_json::Error::io);
    put(before.as_bytes())?;
    let mut between = begins.as_bytes();
    // What waits to be written stays small, and in the core's cache.
    let parts: Vec<&[T]> = of.blocks().collect();
    thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        // The cores take turns; each is one part ahead of what is put where it belongs, and gets the room of that one again.
        let made: Vec<(Receiver<_>, Sender<_>)> = (0..cores.min(parts.len()))
            .map(|core| {
                let (send, receive) = mpsc::sync_channel(1);
                let (give_back, given_back) = mpsc::channel();
                (0..ROOMS).for_each(|_| give_back.send(Vec::new()).unwrap_or_default());
                let (written, its) = (&written, parts.iter().skip(core).step_by(cores));
                let mut texts = its.map(move |part| {
                    let mut text: Vec<u8> = given_back.recv().unwrap_or_default();
                    text.clear();
                    written(part, &mut text).map(|()| text)
                });
                scope.spawn(move || texts.try_for_each(|text| send.send(text)));
                (receive, give_back)
            })
            .collect();
        for core in (0..made.len()).cycle().take(parts.len()) {
            let (receive, give_back) = &made[core];
            let rows = receive.recv().map_err(|_| unlike(name))??;
            put(between)?;
            put(&rows)?;
            between = b",\n";
            // Whoever has no part left does not wait for it.
            give_back.send(rows).ok();
        }
        Ok(())
    })?;
    put(ends.as_bytes())?;
    put(after.as_bytes())
}

/// One row, as it stands in such a list: no text has a line feed in it.
pub(super) fn row(row: &impl Serialize) -> Result<String, serde_json::Error> {
    let text = serde_json::to_string_pretty(row)?;
    Ok(format!("    {}", text.replace('\n', "\n    ")))
}

/// It is not spelt as serde_json spells documents: nothing is written that is none.
fn unlike(name: &str) -> serde_json::Error {
    serde::ser::Error::custom(format!("the list of {name} is not where it should be"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use itertools::Itertools;

    fn rows(rows: &[Row], text: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        let rows: Vec<String> = rows.iter().map(row).try_collect()?;
        text.extend(rows.join(",\n").into_bytes());
        Ok(())
    }

    #[derive(Serialize)]
    struct Document<'a> {
        before: &'a str,
        fixes: Vec<&'a Row>,
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
        for count in [1, 2, 3, 4, 5, 39] {
            let row = |line| Row { symbols: (0..line % 3).map(|symbol| format!("S{symbol} \"é")).collect(), line };
            let fixes: Blocks<Row> = (0..count).map(row).collect();
            let around = serde_json::to_string_pretty(&Document { before, fixes: Vec::new(), after: 1 }).unwrap();
            let mut out = Vec::new();
            write(&mut out, &around, "fixes", &fixes, rows).unwrap();
            let whole = serde_json::to_string_pretty(&Document { before, fixes: fixes.iter().collect(), after: 1 }).unwrap();
            assert!(String::from_utf8(out).unwrap() == whole, "{count}");
        }
    }

    #[test]
    fn a_document_without_the_list_is_an_error() {
        let row = Blocks::from_iter([Row { symbols: Vec::new(), line: 1 }]);
        for around in ["{}", "{\"fixes\": []}", "{\n  \"fixes\": [1]\n}"] {
            assert!(write(&mut Vec::new(), around, "fixes", &row, rows).is_err(), "{around}");
        }
    }
}
