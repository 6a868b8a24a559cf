//! The bot's state files: one file per book, each read as a whole into statements at the book's own time.

use crate::event::Fact;
use crate::time::Time;
use crate::trouble::Trouble;

pub mod alpaca_positions;
mod degraded_mode;
mod executor;
mod internal_positions;
mod metadata;

/// One state file: where it lies and what it states.
pub struct BookFormat {
    /// The name that reports use.
    pub name: &'static str,
    /// Path below the bot's directory.
    pub path: &'static str,
    /// The book is one that the audit cannot do without: when the file is missing, the report says so.
    pub required: bool,
    /// Reads the whole text into facts with their times. An empty list: the file says nothing yet.
    pub read: fn(text: &str) -> Result<Facts, Trouble>,
}

/// What a state file says, each fact at its own time.
pub type Facts = Vec<(Time, Fact)>;

/// Every state file, in the order of the report's sources.
pub const ALL: &[BookFormat] =
    &[alpaca_positions::FORMAT, degraded_mode::FORMAT, executor::FORMAT, internal_positions::FORMAT, metadata::FORMAT];
