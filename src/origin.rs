//! Where a fact came from: source, line, byte.

use serde::{Deserialize, Serialize};

/// A source of facts, by its place in the sorted list of sources of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceId(pub u16);

/// The place of one record: enough to show `file:line`, and to fetch its text again.
///
/// Text is not kept with events; an excerpt is read again from `offset` when a report needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The file, or the body of a broker's answer.
    pub source: SourceId,
    /// Byte offset of the line's first byte in the decoded text of the source.
    pub offset: u64,
    /// Line, counted from 1.
    pub line: u32,
}
