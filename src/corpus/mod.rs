//! The corpus: recorded days that must give the same verdict for ever.
//!
//! A case is a folder: `case.toml` says what happened and what to replay, the bot's files lie beside it in their own layout, `broker/`
//! is a recording, `expected.json` the accepted report. A case that cannot be loaded whole was not checked, and never looks unchanged.

pub mod accept;
pub mod add;
pub mod builds;
pub mod case;
pub mod changes;
pub mod differences;
pub mod document;
pub mod find;
pub mod list;
pub mod minimize;
pub mod run;
pub mod told;
pub mod verdict;
pub mod write;
