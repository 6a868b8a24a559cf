//! `corpus run`: every case is replayed and held against what was accepted.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::case::{CannotLoad, Case, Given, Parse};
use super::changes::{Change, changes};
use super::differences::{Difference, differences};

/// What became of one case.
#[derive(Debug)]
pub struct Outcome {
    /// The case's name: its folder's.
    pub name: String,
    /// Where it lies, as it was given.
    pub folder: PathBuf,
    /// What was found.
    pub result: Result<Compared, CannotLoad>,
}

/// A case that was replayed.
#[derive(Debug)]
pub struct Compared {
    /// The case.
    pub case: Case,
    /// What was accepted.
    pub accepted: Given,
    /// What it gives now.
    pub now: Given,
    /// What changed in the verdict.
    pub changes: Vec<Change>,
    /// Where the reports differ, in the verdict or elsewhere.
    pub differences: Vec<Difference>,
}

/// How a case came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The verdict is the accepted one.
    Same,
    /// It is another.
    Changed,
    /// It was not to be had.
    CouldNotCheck,
}

impl Status {
    /// The code of the document.
    pub fn code(self) -> &'static str {
        match self {
            Status::Same => "same",
            Status::Changed => "changed",
            Status::CouldNotCheck => "could_not_check",
        }
    }
}

impl Outcome {
    /// How it came out. Where it is strict, a report that differs elsewhere has changed too.
    pub fn status(&self, strict: bool) -> Status {
        match &self.result {
            Ok(compared) if !compared.changes.is_empty() || (strict && !compared.differences.is_empty()) => Status::Changed,
            Ok(_) => Status::Same,
            Err(_) => Status::CouldNotCheck,
        }
    }
}

/// The exit status of a run: 1 if a case changed, else 2 if one could not be checked, else 0.
pub fn exit_status(outcomes: &[Outcome], strict: bool) -> u8 {
    let any = |status: Status| outcomes.iter().any(|outcome| outcome.status(strict) == status);
    match (any(Status::Changed), any(Status::CouldNotCheck)) {
        (true, _) => 1,
        (false, true) => 2,
        (false, false) => 0,
    }
}

/// Runs every case, `jobs` at a time, and gives the outcomes in the order of the folders. `tell` is told how many are done.
pub fn run(folders: &[PathBuf], jobs: usize, parse: Parse, tell: &(dyn Fn(usize) + Sync)) -> Vec<Outcome> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        let mut mine = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(folder) = folders.get(place) else { return mine };
            mine.push((place, one(folder, parse)));
            tell(done.fetch_add(1, Ordering::Relaxed) + 1);
        }
    };
    let mut outcomes: Vec<(usize, Outcome)> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..jobs.clamp(1, folders.len().max(1))).map(|_| scope.spawn(work)).collect();
        handles.into_iter().flat_map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    outcomes.sort_by_key(|(place, _)| *place);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

/// Runs one case.
pub fn one(folder: &Path, parse: Parse) -> Outcome {
    let result = Case::load(folder, parse).and_then(compared);
    let name = match &result {
        Ok(compared) => compared.case.name().to_owned(),
        Err(_) => folder.file_name().map_or_else(|| folder.display().to_string(), |name| name.to_string_lossy().into_owned()),
    };
    Outcome { name, folder: folder.to_owned(), result }
}

fn compared(case: Case) -> Result<Compared, CannotLoad> {
    let accepted = case.accepted()?;
    let now = case.given()?;
    let changes = changes(&accepted.verdict, &now.verdict);
    let differences = differences(&accepted.report, &now.report);
    Ok(Compared { case, accepted, now, changes, differences })
}
