//! `metadata_lost`: a position whose annotations are gone, or annotations whose position is.

use super::{Hypothesis, Scene, no_edit};
use crate::breaks::{Break, Kind};

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "metadata_lost",
    meaning: "The row of position_metadata is gone, or was not pruned: the position itself is not touched.",
    evidence: "The metadata has no row for a held symbol, or one for a symbol that is not held.",
    remedy: "Restore the row from a backup, or let the reconciler make one (with score 0 and a new entry time).",
    case: "metadata-row-gone",
    propose: no_edit,
    recognise,
};

fn recognise(found: &Break, _: &Scene<'_>) -> Option<String> {
    let symbol = found.symbol.as_ref()?;
    match found.kind {
        Kind::MissingMetadata => Some(format!("the row of {symbol} is gone from position_metadata")),
        Kind::OrphanMetadata => Some(format!("the row of {symbol} was left in position_metadata")),
        _ => None,
    }
}
