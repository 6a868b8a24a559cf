//! `docs/kill-matrix.md`.

use crate::matrix::{Matrix, Part};

/// The page.
pub fn matrix(matrix: &Matrix, from: u64, days: u64) -> String {
    let until = from + days.saturating_sub(1);
    format!(
        "seeds {from} to {until}\n\n{}\n\n{}\n\n{}\n\n{}\n\n{}\n\n{}\n\nunplaced {}\n",
        matrix.alarms(),
        matrix.table(Part::Every),
        matrix.table(Part::Some),
        matrix.table(Part::None),
        matrix.table(Part::Pair),
        matrix.table(Part::PairNone),
        matrix.unplaced(),
    )
}
