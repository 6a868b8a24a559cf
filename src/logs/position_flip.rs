//! `logs/position_flip.jsonl`: a position closed because the signal turned; no other log tells of it (`formats.md` 2, 7.5).

use super::displacement::closes;
use super::{LogFormat, Outcome, Sink};
use crate::event::Sighting;
use crate::trouble::Trouble;

pub const FORMAT: LogFormat = LogFormat { name: "position_flip", paths: &["logs/position_flip.jsonl"], decode };

fn decode(line: &str, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
    closes(line, Sighting::PositionFlip, out)
}
