//! The fault lab on a few days: where a witness could have shown a fault it is found and bracketed, and nothing is said of what did not
//! happen. `just lab` does the same on many, and writes `docs/kill-matrix.md`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../examples/lab/trial/mod.rs"]
#[expect(dead_code, reason = "the lab prints more of a trial than the test looks at")]
mod trial;

use std::path::Path;
use trial::plan::{Age, Fault, Plan, Row};

/// Days of each row. The seeds are not those that the matrix begins with.
const DAYS: u64 = 12;
const FIRST: u64 = 1_000_000;

fn complaints(row: Row, folder: &Path) -> Vec<String> {
    let day = |seed: u64| {
        let trial = trial::run(row, seed, folder).unwrap();
        // The limit that the matrix tells of: nothing that is kept says that the broker could not be reached.
        let unreached = trial.plan.faults.contains(&Fault::StateReset) && tells_nothing_of_resets(&trial.plan);
        let wrong = trial.judgement.complaints();
        wrong.into_iter().filter(move |_| !unreached).map(move |wrong| format!("{row:?}, seed {seed}: {wrong}"))
    };
    (FIRST..FIRST + DAYS).flat_map(day).collect()
}

fn tells_nothing_of_resets(plan: &Plan) -> bool {
    plan.age == Age::January && !plan.witnesses.autofix && !plan.witnesses.portfolio
}

#[test]
fn every_fault_that_could_be_seen_is_found_and_nothing_else_is() {
    let rows: Vec<Row> = [Row::Clean, Row::Pair].into_iter().chain(Fault::ALL.map(Row::Alone)).collect();
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let halves = rows.chunks(rows.len().div_ceil(2)).map(|half| {
            scope.spawn(move || {
                let folder = tempfile::tempdir().unwrap();
                half.iter().flat_map(|row| complaints(*row, folder.path())).collect::<Vec<_>>()
            })
        });
        halves.collect::<Vec<_>>().into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Days on which what was kept cannot tell what happened from another story: nothing that did not happen may be proved. The last is
/// a metadata row that goes after the last record.
#[test]
fn what_cannot_be_told_apart_is_not_proved() {
    let folder = tempfile::tempdir().unwrap();
    let (closed, split) = (Row::Alone(Fault::ClosedByHand), Row::Alone(Fault::CorporateAction));
    let days = [(closed, [525, 1059, 9909].as_slice()), (split, &[609, 1292, 1638, 1823, 3043, 3085, 7204])];
    let unsold = (Row::Alone(Fault::ScaleOutNotExecuted), [6633].as_slice());
    let added = (Row::Alone(Fault::AddedByHand), [4199].as_slice());
    let pairs = (Row::Pair, [3, 359, 1271, 1469, 4296, 4530, 6539, 7689, 8264, 4782].as_slice());
    for (row, seeds) in days.into_iter().chain([unsold, added, pairs]) {
        for seed in seeds {
            let complaints = trial::run(row, *seed, folder.path()).unwrap().judgement.complaints();
            assert!(complaints.is_empty(), "{row:?}, seed {seed}: {}", complaints.join("; "));
        }
    }
}

/// The lab's own laws: a seed makes the same day twice, and every fault finds a place.
#[test]
fn a_seed_is_a_day() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for fault in [Fault::SideFlip, Fault::StateReset, Fault::ExitQueued] {
        let first = trial::run(Row::Alone(fault), FIRST, one.path()).unwrap();
        let again = trial::run(Row::Alone(fault), FIRST, other.path()).unwrap();
        assert_eq!(format!("{:?}", first.truth), format!("{:?}", again.truth));
        assert_eq!(first.report.breaks, again.report.breaks);
        assert!(first.truth.unplaced.is_empty() && !first.truth.episodes.is_empty());
    }
}
