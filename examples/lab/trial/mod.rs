//! One trial: a day of a bot and its broker is simulated, written to disk, replayed through the front door, and the report held against
//! what really happened.
//!
//! The simulation is written from the formats alone. It shares nothing with the readers or the ledger but the report that it judges.

use std::path::Path;

use tapecheck::report::Report;
use tapecheck::{Replay, Request, replay};

mod broker;
mod chance;
mod day;
mod dirt;
mod disk;
mod ending;
mod entries;
mod exits;
mod faults;
pub mod judge;
mod moment;
pub mod plan;
mod reconciler;
pub mod truth;

use judge::Judgement;
use plan::{Plan, Row};
use truth::Truth;

/// A trial and what came of it.
pub struct Trial {
    /// What the day should be.
    pub plan: Plan,
    /// What really happened.
    pub truth: Truth,
    /// What the tool says.
    pub report: Report,
    /// How that is to be judged.
    pub judgement: Judgement,
}

/// What kept a trial from being made: the disk, or a tool that refuses its input.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Makes the day of a seed in a folder of its own, and judges what the tool says of it.
pub fn run(row: Row, seed: u64, folder: &Path) -> Result<Trial, Failure> {
    let (plan, chance) = Plan::draw(row, seed);
    let mut day = day::Day::play(&plan, chance);
    disk::write(&day.files(), folder)?;
    let broker = plan.witnesses.broker.then(|| folder.join("broker"));
    let Replay { report, .. } = replay(&Request { directory: folder.to_owned(), broker, ..Request::default() })?;
    let judgement = judge::judge(&plan, &day.truth, &report);
    Ok(Trial { plan, truth: day.truth, report, judgement })
}
