//! Documents: a state file, or a body of the broker's, is one record, whose lines are understood or quarantined together.

use crate::event::{Event, Fact};
use crate::origin::{Origin, SourceId};
use crate::source::{Harvest, Quarantined, Source, harmless};
use crate::time::Time;
use crate::trouble::{Reason, Trouble};

/// Reads a document that is one record: a state file, or a body of the broker's. Its lines are understood, or quarantined, together.
pub fn whole(
    id: SourceId,
    format: &'static str,
    path: &str,
    text: &str,
    read: impl Fn(&str) -> Result<Vec<(Time, Fact)>, Trouble>,
) -> Harvest {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let facts = read(text).or_else(|trouble| match crate::json::repaired(text) {
        Some(repaired) => read(&repaired).map_err(|_| trouble),
        None => Err(torn(trouble)),
    });
    let facts = match facts {
        Ok(facts) => facts,
        Err(trouble) => return whole_in_trouble(id, format, path, text, trouble),
    };
    let origin = Origin { source: id, offset: 0, line: 1 };
    let events: Vec<Event> = facts.into_iter().map(|(at, fact)| Event { at, origin, fact }).collect();
    let lines = text.lines().count() as u64;
    let dated = || events.iter().map(|event| event.at).filter(|at| *at != Time::UNIX_EPOCH);
    let source = Source {
        path: path.to_owned(),
        format,
        bytes: text.len() as u64,
        lines,
        understood: lines,
        events: events.len() as u64,
        first: dated().min(),
        last: dated().max(),
        ..Source::default()
    };
    Harvest { source, events, quarantined: Vec::new() }
}

/// A state file is written in place, without a lock (`formats.md` 1.5): one that is not JSON was caught half-way.
fn torn(trouble: Trouble) -> Trouble {
    match trouble.reason {
        Reason::NotJson => Trouble { reason: Reason::TornLine, ..trouble },
        _ => trouble,
    }
}

/// A document that could not be understood: all its lines are quarantined.
pub fn whole_in_trouble(id: SourceId, format: &'static str, path: &str, text: &str, trouble: Trouble) -> Harvest {
    let lines = (text.lines().count() as u64).max(1);
    let origin = Origin { source: id, offset: 0, line: 1 };
    let quarantined = Quarantined { origin, trouble, excerpt: harmless(text, 120), after: None, before: None };
    let source =
        Source { path: path.to_owned(), format, bytes: text.len() as u64, lines, quarantined: lines, ..Source::default() };
    Harvest { source, events: Vec::new(), quarantined: vec![quarantined] }
}
