//! Which setting to take: the soonest of those that told nothing wrong and kept nothing back, and what each step away from it costs.

use chrono::Duration;
use std::cmp::Reverse;

use super::{Backtest, Grid, Score, Setting, percentile};

/// What is proposed.
pub struct Proposal<'a> {
    /// The setting, with what came of it.
    pub score: &'a Score,
    /// No setting was without false alarms and misses: it has the fewest.
    pub is_compromise: bool,
    /// The settings a step away, each with what is stepped.
    pub steps: Vec<(&'static str, &'a Score)>,
}

/// How one setting compares with another: misses first, since a break that is kept back is worse than a false alarm; then how soon it is
/// told, at worst and in the middle.
fn cost(score: &Score) -> (usize, usize, Duration, Duration) {
    // Who found nothing was never soon.
    let delay = |hundredths| percentile(&score.delays, hundredths).unwrap_or(Duration::MAX);
    (score.missed.len(), score.false_alarms.len(), delay(90), delay(50))
}

/// The proposal; `None` if no setting found anything.
pub fn propose<'a>(backtest: &'a Backtest, grid: &Grid) -> Option<Proposal<'a>> {
    let found = backtest.scores.iter().filter(|score| !score.delays.is_empty());
    // Of equals the one with fewer wrong ones a step away, then the one that looks less often.
    let wrong_beside = |score: &Score| {
        let beside = steps(backtest, grid, score.setting);
        beside.iter().map(|(_, other)| other.missed.len() + other.false_alarms.len()).sum::<usize>()
    };
    let score = found.min_by_key(|score| (cost(score), wrong_beside(score), score.extra, Reverse(score.setting.interval)))?;
    Some(Proposal { score, is_compromise: !score.is_right(), steps: steps(backtest, grid, score.setting) })
}

/// The scores of the settings a step away, where there are any.
pub fn steps<'a>(backtest: &'a Backtest, grid: &Grid, from: Setting) -> Vec<(&'static str, &'a Score)> {
    let mut found = Vec::new();
    let dimensions: [(&'static str, &[u32], u32); 4] = [
        ("interval", &grid.intervals, from.interval),
        ("confirm", &grid.confirms, from.confirm),
        ("grace", &grid.graces, from.grace),
        ("settle", &grid.settles, from.settle),
    ];
    for (name, values, own) in dimensions {
        let Some(place) = values.iter().position(|value| *value == own) else { continue };
        let beside = [place.checked_sub(1), Some(place + 1)];
        for value in beside.into_iter().flatten().filter_map(|place| values.get(place)) {
            let to = match name {
                "interval" => Setting { interval: *value, ..from },
                "confirm" => Setting { confirm: *value, ..from },
                "grace" => Setting { grace: *value, ..from },
                _ => Setting { settle: *value, ..from },
            };
            found.extend(backtest.scores.iter().find(|score| score.setting == to).map(|score| (name, score)));
        }
    }
    found
}
