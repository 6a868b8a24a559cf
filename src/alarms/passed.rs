//! Breaks that came and went: the records have them, and they were over before looks could confirm them. A reconciler that copies the
//! broker's book within a minute hides a fault as quickly.

use chrono::Duration;
use serde::{Deserialize, Serialize};

use super::rules::Rules;
use super::sight::{Passed, Sight, Subject};
use super::{Announcement, Turn};
use crate::time::Time;

/// What ended longer ago is not told any more, and is forgotten. A look shows no more than [`Passed::LATELY`].
const FORGOTTEN: Duration = Duration::hours(72);

/// The same fault, dated by one witness and then by another, begins and ends this far apart at the most.
const APART: Duration = Duration::minutes(2);

/// A stretch of time in which a subject was not as it should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stretch {
    subject: Subject,
    from: Time,
    until: Time,
}

impl Stretch {
    fn of(passed: &Passed) -> Stretch {
        Stretch { subject: passed.subject.clone(), from: passed.condition.since.min(passed.over.at), until: passed.over.at }
    }

    /// Whether both may be of one fault.
    fn meets(&self, other: &Stretch) -> bool {
        self.subject == other.subject && self.from <= other.until + APART && other.from <= self.until + APART
    }
}

/// What is known of breaks that are over.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Past {
    /// The first look: what was over before it is history.
    began: Option<Time>,
    /// What need not be told any more.
    known: Vec<Stretch>,
    /// What is not told yet, and looks in a row that showed it.
    seen: Vec<(Stretch, u32)>,
}

impl Past {
    /// Remembers what ends in a look, and gives what must be told beside. `stands_since`: since when a subject is told to stand.
    pub(super) fn look(
        &mut self,
        sight: &Sight,
        rules: &Rules,
        told: &[Announcement],
        stands_since: impl Fn(&Subject) -> Option<Time>,
    ) -> Vec<Announcement> {
        let began = *self.began.get_or_insert(sight.at);
        let ends = told.iter().filter(|announcement| announcement.turn.is_end());
        self.known.extend(ends.map(|end| Stretch { subject: end.subject.clone(), from: end.since, until: end.at }));
        // Without the bot's account, or the broker's, the one looks wrong by the other.
        if sight.is_blind() {
            return Vec::new();
        }
        let (mut seen, mut passed) = (Vec::new(), Vec::new());
        for one in &sight.passed {
            let stretch = Stretch::of(one);
            let stands = stands_since(&one.subject).is_some_and(|since| since <= stretch.until + APART);
            let was_short = stretch.until - stretch.from < rules.settle;
            if was_short || stretch.until <= began || stands || self.known.iter().any(|known| known.meets(&stretch)) {
                continue;
            }
            let looks = self.seen.iter().find(|(other, _)| other.meets(&stretch)).map_or(1, |(_, looks)| looks.saturating_add(1));
            if looks < rules.confirm.max(1) {
                seen.push((stretch, looks));
            } else {
                self.known.push(stretch);
                passed.push(of(one, sight.at));
            }
        }
        self.seen = seen;
        self.known.retain(|known| sight.at - known.until < FORGOTTEN);
        passed
    }
}

/// It has no number yet.
fn of(passed: &Passed, at: Time) -> Announcement {
    Announcement {
        number: 0,
        at,
        turn: Turn::Passed,
        subject: passed.subject.clone(),
        condition: passed.condition.clone(),
        before: None,
        since: passed.condition.since.min(passed.over.at),
        until: Some(passed.over.at),
        exposure: passed.over.exposure,
    }
}
