//! Marks at how far a log was read: whether what lies before them is still what was read. Logs are cut in place, written anew, rotated
//! (`formats.md` T4, 1.4).

use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{self, Read};
use twox_hash::XxHash3_128;

use crate::read::Text;

/// Bytes at the beginning, and before the mark, by which a log is known again.
const KNOWN_BY: u64 = 4 << 10;

/// Bytes that are searched at once for the end of a line.
const BLOCK: u64 = 64 << 10;

/// Why logs had to be read from their beginnings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Nothing was read before.
    First,
    /// It was long ago that they were.
    Aged,
    /// Files came or went: their paths.
    Files(Vec<String>),
    /// A log is shorter than what was read of it.
    Cut(String),
    /// A log begins or goes on with other text than was read.
    Rewritten(String),
    /// A state file that is older than what is kept was written anew.
    Book(String),
    /// A record came that is older than what is kept.
    Late(String),
    /// A log could not be read on.
    Unreadable(String),
}

impl Changed {
    /// Whether something happened to the files.
    pub fn is_news(&self) -> bool {
        !matches!(self, Changed::First | Changed::Aged)
    }

    /// Whether something that was read may not be there any more.
    pub fn loses(&self) -> bool {
        matches!(self, Changed::Files(_) | Changed::Cut(_) | Changed::Rewritten(_))
    }
}

impl fmt::Display for Changed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Changed::First => formatter.write_str("nothing was read before"),
            Changed::Aged => formatter.write_str("they are from time to time"),
            Changed::Files(paths) => write!(formatter, "files came or went: {}", paths.join(", ")),
            Changed::Cut(path) => write!(formatter, "{path} was cut in place"),
            Changed::Rewritten(path) => write!(formatter, "{path} was written anew"),
            Changed::Book(path) => write!(formatter, "{path}, which was old, was written anew"),
            Changed::Late(path) => write!(formatter, "a record came much too late in {path}"),
            Changed::Unreadable(path) => write!(formatter, "{path} could not be read on"),
        }
    }
}

/// How far a log was read, and how to know it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Its whole lines end here. Of a compressed log: its length as it lies there, which is not read on.
    pub(super) until: u64,
    head: u128,
    tail: u128,
}

impl Mark {
    /// A mark at `until`, which is the end of a line.
    pub(super) fn at(text: &Text, until: u64) -> io::Result<Mark> {
        match text.length_if_seekable() {
            Some(_) => {
                let length = until.min(KNOWN_BY);
                Ok(Mark { until, head: print(text, 0, length)?, tail: print(text, until - length, length)? })
            }
            None => Ok(Mark { until: text.length(), head: 0, tail: 0 }),
        }
    }

    /// What happened to the log since, but for what was appended.
    pub(super) fn check(&self, text: &Text, path: &str) -> Result<(), Changed> {
        let Some(length) = text.length_if_seekable() else {
            return if text.length() == self.until { Ok(()) } else { Err(Changed::Rewritten(path.to_owned())) };
        };
        if length < self.until {
            return Err(Changed::Cut(path.to_owned()));
        }
        match Mark::at(text, self.until) {
            Ok(now) if now == *self => Ok(()),
            Ok(_) => Err(Changed::Rewritten(path.to_owned())),
            Err(_) => Err(Changed::Unreadable(path.to_owned())),
        }
    }
}

fn print(text: &Text, from: u64, length: u64) -> io::Result<u128> {
    let bytes = bytes(text, from, length)?;
    if bytes.len() as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(XxHash3_128::oneshot(&bytes))
}

fn bytes(text: &Text, from: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let reader = text.open_at(from).map_err(|reason| io::Error::other(reason.to_string()))?;
    reader.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Where the last whole line ends, of what was appended after `from`.
pub(super) fn whole_lines(text: &Text, from: u64, length: u64) -> io::Result<u64> {
    let mut until = length;
    while until > from {
        let begins = until.saturating_sub(BLOCK).max(from);
        if let Some(end) = memchr::memrchr(b'\n', &bytes(text, begins, until - begins)?) {
            return Ok(begins + end as u64 + 1);
        }
        until = begins;
    }
    Ok(from)
}
