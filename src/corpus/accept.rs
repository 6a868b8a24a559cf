//! `corpus accept`: what a case gives now becomes what it must give.

use std::path::Path;

use super::case::{ACCEPTED, CannotLoad, Case, Given, Parse};
use super::changes::{Change, changes};
use super::differences::{Difference, differences};
use crate::brokers::recording::{self, CannotWrite};

/// A case, what was accepted of it, and what it gives now.
#[derive(Debug)]
pub struct Acceptable {
    /// The case.
    pub case: Case,
    /// What it gives now.
    pub now: Given,
    /// What was accepted so far.
    pub before: Before,
}

/// What was accepted before.
#[derive(Debug)]
pub enum Before {
    /// Nothing.
    Nothing,
    /// Something that cannot be read any more: why.
    Damaged(String),
    /// The very same report.
    Same,
    /// Another one.
    Other {
        /// What changes in the verdict.
        changes: Vec<Change>,
        /// Where the reports differ.
        differences: Vec<Difference>,
    },
}

/// Replays a case and holds it against what was accepted. A case that is not whole can never be accepted.
pub fn look(folder: &Path, parse: Parse) -> Result<Acceptable, CannotLoad> {
    let case = Case::load(folder, parse)?;
    let now = case.given()?;
    let before = match case.accepted() {
        Ok(accepted) if accepted.report == now.report => Before::Same,
        Ok(accepted) => Before::Other {
            changes: changes(&accepted.verdict, &now.verdict),
            differences: differences(&accepted.report, &now.report),
        },
        Err(CannotLoad::NothingAccepted(_)) => Before::Nothing,
        Err(CannotLoad::BadAccepted(_, why)) => Before::Damaged(why),
        Err(error) => return Err(error),
    };
    Ok(Acceptable { case, now, before })
}

impl Acceptable {
    /// Whether accepting it would change anything.
    pub fn is_new(&self) -> bool {
        !matches!(self.before, Before::Same)
    }

    /// Writes `expected.json`, whole or not at all.
    pub fn write(&self) -> Result<(), CannotWrite> {
        recording::keep(&self.case.folder.join(ACCEPTED), self.now.text().as_bytes())
    }
}
