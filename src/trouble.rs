//! What is wrong with a record that could not be understood, and where in it.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::constant::{self, Word};

/// Why a line, a file or an answer was quarantined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Byte column in the line, counted from 1, where it can be told.
    pub column: Option<u32>,
    /// What is wrong.
    pub reason: Reason,
}

/// The named reasons of quarantine. Their codes stand in the report and never change meaning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// Not JSON, nor anything a lenient second reading makes JSON of.
    NotJson,
    /// The last line of a file ends in the middle of a record.
    TornLine,
    /// Not UTF-8.
    BadUtf8,
    /// Longer than any record can be.
    GiganticLine,
    /// JSON of another shape than this log has.
    WrongShape,
    /// No timestamp, or none that is a plausible time.
    BadTimestamp,
    /// No symbol, or letters that no symbol has.
    BadSymbol,
    /// A number that is none, or has more digits than can be held exactly.
    BadNumber(#[serde(with = "constant")] Word),
    /// A field that this record cannot do without is missing.
    MissingField(#[serde(with = "constant")] Word),
    /// A field of a log that the settings map has a word that they do not name.
    UnknownWord(#[serde(with = "constant")] Word),
    /// Sign and side of a position contradict each other.
    SideContradictsSign,
    /// Not a file: a directory, a pipe, a device.
    NotAFile,
    /// The file could not be opened or read to its end.
    Unreadable(String),
    /// The compressed data is damaged or cut.
    BadCompression(String),
    /// Longer, once it is decompressed, than anything that a bot writes: so many bytes at most.
    TooLarge(u64),
    /// So many more lines of this log are in trouble.
    AndMore(u64),
}

impl Reason {
    /// Every reason's code, for tests and documentation.
    pub const CODES: [&'static str; 16] = [
        "not_json",
        "torn_line",
        "bad_utf8",
        "gigantic_line",
        "wrong_shape",
        "bad_timestamp",
        "bad_symbol",
        "bad_number",
        "missing_field",
        "unknown_word",
        "side_contradicts_sign",
        "not_a_file",
        "unreadable",
        "bad_compression",
        "too_large",
        "and_more",
    ];

    /// Whether a whole file, or the rest of one, was not read: nobody knows how much that is.
    pub fn is_failed_read(&self) -> bool {
        matches!(self, Reason::NotAFile | Reason::Unreadable(_) | Reason::BadCompression(_) | Reason::TooLarge(_))
    }

    /// What a code means, in a sentence.
    pub fn meaning(code: &str) -> Option<&'static str> {
        Some(match code {
            "not_json" => "The line is not JSON, nor anything that Python's reader would take for it.",
            "torn_line" => "The file ends in the middle of this record: it was being written, or cut.",
            "bad_utf8" => "The line is not UTF-8.",
            "gigantic_line" => "The line is longer than any record can be.",
            "wrong_shape" => "The line is JSON, but not of this log's shape.",
            "bad_timestamp" => "The record has no timestamp, or none that is a plausible time.",
            "bad_symbol" => "The record has no symbol, or letters that no symbol has.",
            "bad_number" => "A number is none, or has more digits than can be held exactly.",
            "missing_field" => "A field that the record cannot do without is missing.",
            "unknown_word" => {
                "A word for a kind or a side in a log of another format that tapecheck.toml does not name: whether it moved something is not known."
            }
            "side_contradicts_sign" => "A position is called long and has a negative quantity.",
            "not_a_file" => "There is a directory, a pipe or a device where a file should be.",
            "unreadable" => "The file could not be opened or read to its end.",
            "bad_compression" => "The compressed data is damaged or cut.",
            "too_large" => "The file is longer, once it is decompressed, than anything that a bot writes.",
            "and_more" => "More lines of this log are in trouble than are told one by one.",
            "missing_file" => "A file that cannot be done without is not there, or holds nothing.",
            _ => return None,
        })
    }

    /// The case under `corpus/` that shows a code. A case is small text: a line of many megabytes, and bytes that are no text, are not.
    pub fn case(code: &str) -> Option<&'static str> {
        Some(match code {
            "not_json" => "traceback-in-the-log",
            "torn_line" => "log-cut-in-mid-line",
            "wrong_shape" => "row-of-another-program",
            "bad_timestamp" => "row-without-a-time",
            "bad_symbol" => "fix-of-a-symbol-that-is-none",
            "bad_number" => "quantity-that-is-a-word",
            "missing_field" => "count-that-was-not-written",
            "unknown_word" => "another-bots-word-of-no-meaning",
            "side_contradicts_sign" => "long-position-of-minus-eight",
            "not_a_file" => "folder-in-the-place-of-a-log",
            "unreadable" => "file-in-the-place-of-a-folder",
            "bad_compression" => "error-page-saved-as-a-log",
            "missing_file" => "executor-file-gone",
            _ => return None,
        })
    }

    /// The code that the report uses.
    pub fn code(&self) -> &'static str {
        match self {
            Reason::NotJson => "not_json",
            Reason::TornLine => "torn_line",
            Reason::BadUtf8 => "bad_utf8",
            Reason::GiganticLine => "gigantic_line",
            Reason::WrongShape => "wrong_shape",
            Reason::BadTimestamp => "bad_timestamp",
            Reason::BadSymbol => "bad_symbol",
            Reason::BadNumber(_) => "bad_number",
            Reason::MissingField(_) => "missing_field",
            Reason::UnknownWord(_) => "unknown_word",
            Reason::SideContradictsSign => "side_contradicts_sign",
            Reason::NotAFile => "not_a_file",
            Reason::Unreadable(_) => "unreadable",
            Reason::BadCompression(_) => "bad_compression",
            Reason::TooLarge(_) => "too_large",
            Reason::AndMore(_) => "and_more",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::NotJson => f.write_str("not JSON"),
            Reason::TornLine => f.write_str("torn: the file ends in the middle of this record"),
            Reason::BadUtf8 => f.write_str("not UTF-8"),
            Reason::GiganticLine => f.write_str("longer than any record can be"),
            Reason::WrongShape => f.write_str("JSON, but not of this log's shape"),
            Reason::BadTimestamp => f.write_str("no plausible timestamp"),
            Reason::BadSymbol => f.write_str("no symbol, or not one"),
            Reason::BadNumber(field) => write!(f, "`{field}` is not a number that can be held exactly"),
            Reason::MissingField(field) => write!(f, "`{field}` is missing"),
            Reason::UnknownWord(field) => write!(f, "the settings do not say what this `{field}` means"),
            Reason::SideContradictsSign => f.write_str("the sign of the quantity contradicts the side"),
            Reason::NotAFile => f.write_str("not a file"),
            Reason::Unreadable(why) => write!(f, "cannot be read: {why}"),
            Reason::BadCompression(why) => write!(f, "damaged compressed data: {why}"),
            Reason::TooLarge(most) => write!(f, "longer than {most} bytes, which no file of a bot's is"),
            Reason::AndMore(lines) => write!(f, "{lines} more lines in trouble from here on"),
        }
    }
}

impl From<Reason> for Trouble {
    fn from(reason: Reason) -> Trouble {
        Trouble { column: None, reason }
    }
}
