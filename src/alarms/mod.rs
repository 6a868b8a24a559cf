//! Alarms: what of all that looks show is worth telling somebody, and when.
//!
//! A look is one audit. [`sight`] says what it shows: what stands against the books, and what it was blind for. [`Alarms`] follows the life
//! of each subject from look to look and announces its turns, each once: it was confirmed, it changed by much, it still stands, it is over.
//! A look that was blind for a subject says nothing about it. Nothing here knows a clock, a file or a network: looks come in, announcements
//! go out, and what must be known of the past is serialisable.

mod life;
mod passed;
pub mod rules;
pub mod sight;

use chrono::Duration;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use crate::time::Time;
use life::Life;
use passed::Past;
use rules::Rules;
use sight::{Condition, Sight, Subject};

/// A turn in the life of a subject that is worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// It was confirmed: it is there.
    Opened,
    /// It is there, and differs by much from what was told of it.
    Changed,
    /// It is there still, after a long time.
    Standing,
    /// It is over: a later look agreed.
    Resolved,
    /// It is not in the records any more, and no record says that it was resolved: they were cut, or told otherwise in hindsight.
    Withdrawn,
    /// It came and went: the records have it, and it was over before looks could confirm it.
    Passed,
}

impl Turn {
    /// Every turn.
    pub const ALL: [Turn; 6] = [Turn::Opened, Turn::Changed, Turn::Standing, Turn::Resolved, Turn::Withdrawn, Turn::Passed];

    /// The code that announcements carry.
    pub fn code(self) -> &'static str {
        match self {
            Turn::Opened => "opened",
            Turn::Changed => "changed",
            Turn::Standing => "standing",
            Turn::Resolved => "resolved",
            Turn::Withdrawn => "withdrawn",
            Turn::Passed => "passed",
        }
    }

    /// Whether nothing is left to do after it.
    pub fn is_end(self) -> bool {
        matches!(self, Turn::Resolved | Turn::Withdrawn | Turn::Passed)
    }
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Announcement {
    /// Counts from 1 as long as the memory lasts: who gets one twice knows it by its number.
    pub number: u64,
    /// The moment of the look.
    pub at: Time,
    /// What happened.
    pub turn: Turn,
    /// To what.
    pub subject: Subject,
    /// How it stands; at an end, how it stood last.
    pub condition: Condition,
    /// How it stood when it was last told, where that is another.
    pub before: Option<Condition>,
    /// Since when it is known to have been there.
    pub since: Time,
    /// When it was over, at an end.
    pub until: Option<Time>,
    /// USD times seconds that it was there, at an end, where it is worth money.
    pub exposure: Option<Decimal>,
}

impl Announcement {
    /// How long it has been there.
    pub fn lasted(&self) -> Duration {
        (self.until.unwrap_or(self.at) - self.since).max(Duration::zero())
    }
}

/// The lives of all subjects, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Alarms {
    lives: Vec<(Subject, Life)>,
    past: Past,
    announced: u64,
}

impl Alarms {
    /// Nothing was seen yet; so many announcements were made before.
    pub fn counting_from(announced: u64) -> Alarms {
        Alarms { announced, ..Alarms::default() }
    }

    /// Takes the next look; gives what is to be told, in the order of the subjects.
    pub fn look(&mut self, sight: &Sight, rules: &Rules) -> Vec<Announcement> {
        let mut lives: BTreeMap<Subject, Life> = std::mem::take(&mut self.lives).into_iter().collect();
        let subjects: BTreeSet<Subject> = lives.keys().chain(sight.standing.keys()).cloned().collect();
        let mut told = Vec::new();
        for subject in subjects {
            let life = lives.remove(&subject);
            let (life, turn) = match (life, sight.standing.get(&subject)) {
                // Who cannot see goes by what was seen, and says nothing of it: that it stands there still is not known.
                (life, _) if sight.is_blind_for(&subject) => (life.map(|life| life.overlooked(&subject, sight)), None),
                (None, None) => (None, None),
                (None, Some(condition)) => Life::begun(condition, sight.at).judged(&subject, sight, rules),
                (Some(life), Some(condition)) => life.seen(condition, sight.at).judged(&subject, sight, rules),
                (Some(life), None) => life.missed(&subject, sight).judged(&subject, sight, rules),
            };
            if let Some((turn, life)) = turn {
                self.announced += 1;
                told.push(life.announcement(self.announced, turn, sight.at, &subject));
            }
            self.lives.extend(life.map(|life| (subject, life)));
        }
        for (subject, life) in &mut self.lives {
            if told.iter().any(|told| told.subject == *subject) {
                life.was_told(sight.at);
            }
        }
        let lives = &self.lives;
        let stands_since =
            |subject: &Subject| lives.iter().find(|(other, life)| other == subject && life.is_told()).map(|(_, life)| life.since);
        for passed in self.past.look(sight, rules, &told, stands_since) {
            self.announced += 1;
            told.push(Announcement { number: self.announced, ..passed });
        }
        told
    }

    /// What was announced and is not over, by subject.
    pub fn standing(&self) -> impl Iterator<Item = (&Subject, &Condition, Time)> {
        self.lives.iter().filter(|(_, life)| life.is_told()).map(|(subject, life)| (subject, &life.condition, life.since))
    }

    /// How many subjects wait to be confirmed.
    pub fn unconfirmed(&self) -> usize {
        self.lives.iter().filter(|(_, life)| !life.is_told()).count()
    }

    /// How many announcements were made.
    pub fn announced(&self) -> u64 {
        self.announced
    }
}
