//! What a setting announced, held against the report of the whole day.

use chrono::Duration;
use std::collections::BTreeMap;

use super::looks::{Told, Watched};
use super::{Named, Score};
use crate::alarms::sight::Subject;
use crate::alarms::{Announcement, Turn};
use crate::breaks::BookName;
use crate::report::Report;
use crate::time::Time;

/// A break that counts, in hindsight.
struct Real {
    subject: Subject,
    opened: Time,
    failed: Time,
    resolved: Option<Time>,
}

/// What a day's report knows in hindsight.
pub(super) struct Truth(Vec<Real>);

/// From one announcement that opens to the one that ends; or the one that tells that something came and went.
struct Alarm {
    /// When it was told.
    opened: Time,
    /// When that was there of which it tells.
    there: (Time, Time),
    ended: Option<Time>,
    /// Announcements between these.
    between: usize,
}

impl Truth {
    pub(super) fn of(report: &Report) -> Truth {
        let counting = report.breaks.iter().filter(|found| report.counts(found));
        let real = counting.map(|found| Real {
            subject: Subject::Break(found.symbol.clone(), found.kind, found.book),
            opened: found.opened_at,
            failed: found.first_failed_at,
            resolved: found.resolved_at,
        });
        Truth(real.collect())
    }

    /// Breaks that count.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// What a setting's announcements are worth.
    pub(super) fn judge(&self, day: &str, told: &Told, watched: &Watched) -> Score {
        let mut score = Score::of(told.setting);
        let mut alarms: BTreeMap<Subject, Vec<Alarm>> = BTreeMap::new();
        for announced in &told.announcements {
            match announced.subject {
                Subject::Break(..) => note(alarms.entry(announced.subject.clone()).or_default(), announced),
                Subject::Blind(_) => score.blind += usize::from(announced.turn == Turn::Opened),
                // What checks say is not looked at: they judge files that describe the end.
                Subject::Check(_) => {}
            }
        }
        for real in &self.0 {
            real.found_by(&alarms, day, watched, &mut score);
        }
        for (subject, alarms) in &alarms {
            for alarm in alarms {
                self.weigh(subject, alarm, day, &mut score);
            }
        }
        score
    }

    /// Whether what an alarm says was there.
    fn weigh(&self, subject: &Subject, alarm: &Alarm, day: &str, score: &mut Score) {
        let there: Vec<&Real> = self.0.iter().filter(|real| real.was_there(alarm.there)).collect();
        if there.iter().any(|real| real.subject == *subject) {
            score.extra += alarm.between;
        } else if there.iter().any(|real| is_of_the_same(&real.subject, subject)) {
            score.renamed += 1;
        } else {
            score.false_alarms.push(Named { day: day.to_owned(), at: alarm.opened, subject: subject.to_string() });
        }
    }
}

/// What is told at first of one symbol in one book may be called otherwise once more is known.
fn is_of_the_same(one: &Subject, other: &Subject) -> bool {
    match (one, other) {
        (Subject::Break(Some(symbol), _, book), Subject::Break(Some(other), _, another)) => symbol == other && book == another,
        _ => false,
    }
}

impl Real {
    fn was_there(&self, (from, until): (Time, Time)) -> bool {
        self.opened <= until && self.resolved.is_none_or(|resolved| resolved >= from)
    }

    fn found_by(&self, alarms: &BTreeMap<Subject, Vec<Alarm>>, day: &str, watched: &Watched, score: &mut Score) {
        // State files are seen with the end of the day.
        let failed = if self.is_of_a_state_file() { self.failed.max(watched.seen_whole) } else { self.failed };
        let until = self.resolved.unwrap_or(watched.ended);
        // An alarm that stands since an earlier break of the same kind tells of this one, too.
        // One that tells what came and went tells of what was there then.
        let is_of_then = |alarm: &&Alarm| alarm.ended != Some(alarm.opened) || alarm.there.1 >= self.opened;
        let tells =
            |alarm: &&Alarm| alarm.there.0 <= until && alarm.ended.is_none_or(|ended| ended > failed) && is_of_then(alarm);
        let own: Vec<&Alarm> = alarms.get(&self.subject).into_iter().flatten().filter(tells).collect();
        let renamed = alarms.iter().filter(|(subject, _)| is_of_the_same(subject, &self.subject)).flat_map(|(_, alarms)| alarms);
        match own.first().copied().or_else(|| renamed.filter(tells).min_by_key(|alarm| alarm.opened)) {
            Some(first) => {
                score.delays.push((first.opened - failed).max(Duration::zero()));
                // It was announced again while it was there.
                score.extra += own.iter().skip(1).map(|again| 1 + usize::from(again.ended.is_some())).sum::<usize>();
            }
            None if until - failed > score.setting.bound() => {
                score.missed.push(Named { day: day.to_owned(), at: failed, subject: self.subject.to_string() });
            }
            None => score.too_short += 1,
        }
    }

    fn is_of_a_state_file(&self) -> bool {
        matches!(self.subject, Subject::Break(_, _, BookName::Executor | BookName::Metadata))
    }
}

fn note(alarms: &mut Vec<Alarm>, announced: &Announcement) {
    match (announced.turn, alarms.last_mut()) {
        (Turn::Opened, _) => {
            alarms.push(Alarm { opened: announced.at, there: (announced.at, announced.at), ended: None, between: 0 })
        }
        (Turn::Passed, _) => {
            let there = (announced.since, announced.until.unwrap_or(announced.at));
            alarms.push(Alarm { opened: announced.at, there, ended: Some(announced.at), between: 0 });
        }
        (Turn::Changed | Turn::Standing | Turn::Resolved | Turn::Withdrawn, Some(alarm)) => {
            if announced.turn.is_end() {
                alarm.ended = Some(announced.at);
            } else {
                alarm.between += 1;
            }
        }
        (Turn::Changed | Turn::Standing | Turn::Resolved | Turn::Withdrawn, None) => {}
    }
}
