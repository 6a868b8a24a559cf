//! The life of one subject: seen, confirmed, told, missed, over.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::rules::Rules;
use super::sight::{Condition, Over, Sight, Subject};
use super::{Announcement, Turn};
use crate::time::Time;

/// What shows another state with each look is told after so many times the looks that confirm one state.
const RESTLESS: u32 = 2;

/// Blindness, after so many: a busy bot's last movements keep another symbol open in each look.
const BLIND: u32 = 5;

/// What is known of a subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Life {
    /// How it stood when it was last seen.
    pub(super) condition: Condition,
    /// Since when it is known to be there.
    pub(super) since: Time,
    /// Looks in a row that showed it so.
    looks: u32,
    /// Looks in a row that showed it in any state.
    in_any_state: u32,
    /// Looks in a row that did not show it.
    missed: u32,
    /// What they told of its end.
    over: Option<Over>,
    /// It may have gone with logs that were cut, or is set aside: nothing tells that it was resolved.
    gone: bool,
    /// What was told of it, and when last.
    told: Option<(Condition, Time)>,
    /// USD times seconds, as far as looks showed it.
    exposure: Option<Decimal>,
    last: Time,
}

impl Life {
    /// It is seen for the first time.
    pub(super) fn begun(condition: &Condition, at: Time) -> Life {
        Life {
            condition: condition.clone(),
            since: condition.since.min(at),
            looks: 1,
            in_any_state: 1,
            missed: 0,
            over: None,
            gone: false,
            told: None,
            exposure: None,
            last: at,
        }
    }

    /// It is seen again.
    pub(super) fn seen(mut self, condition: &Condition, at: Time) -> Life {
        if self.missed > 0 {
            // It was away: what it was worth then counts as far as the records have it.
            self.last = self.last.max(condition.since.min(at));
            self.in_any_state = 0;
        }
        self.reckon(at);
        let is_so = self.condition.is_as(condition);
        self.looks = if is_so && self.missed == 0 { self.looks.saturating_add(1) } else { 1 };
        self.in_any_state = self.in_any_state.saturating_add(1);
        self.since = self.since.min(condition.since);
        let cause = condition.cause.clone().or_else(|| self.condition.cause.take().filter(|_| is_so));
        self.condition = Condition { cause, ..condition.clone() };
        (self.missed, self.over, self.gone) = (0, None, false);
        self
    }

    /// It is not seen.
    pub(super) fn missed(mut self, subject: &Subject, sight: &Sight) -> Life {
        // One that was resolved before this life began is another.
        let over = sight.over.get(subject).filter(|over| over.at >= self.since);
        if self.missed == 0 {
            self.reckon(over.map_or(sight.at, |over| over.at.min(sight.at)));
        }
        self.missed = self.missed.saturating_add(1);
        self.over = self.over.or_else(|| over.cloned());
        self.gone |= matches!(subject, Subject::Break(..)) && (sight.cut || sight.set_aside.contains(subject));
        self
    }

    /// The look was blind for it, and may have told why it will not be seen again: the logs were cut.
    pub(super) fn overlooked(mut self, subject: &Subject, sight: &Sight) -> Life {
        self.gone |= matches!(subject, Subject::Break(..)) && sight.cut;
        self
    }

    fn reckon(&mut self, until: Time) {
        let from = if self.exposure.is_none() { self.since } else { self.last };
        let seconds = Decimal::new((until - from).num_milliseconds().max(0), 3);
        let more = self.condition.money.and_then(|money| money.checked_mul(seconds));
        if let Some(more) = more {
            self.exposure = Some(self.exposure.unwrap_or_default().saturating_add(more));
        }
        self.last = self.last.max(until);
    }

    /// What follows from the look: the life that goes on, if it does, and the turn that is to be told, with the life as it is told.
    pub(super) fn judged(self, subject: &Subject, sight: &Sight, rules: &Rules) -> (Option<Life>, Option<(Turn, Life)>) {
        let confirmed = rules.confirm.max(1);
        if self.missed > 0 {
            if self.told.is_none() {
                return (None, None);
            }
            if self.missed < confirmed {
                return (Some(self), None);
            }
            let turn = if self.gone && self.over.is_none() { Turn::Withdrawn } else { Turn::Resolved };
            return (None, Some((turn, self)));
        }
        let is_confirmed = self.looks >= confirmed;
        let restless = if subject.eye().is_some() { BLIND } else { RESTLESS };
        // What is another with each look never confirms itself, and is there: an order that is sent again and again.
        let is_there = is_confirmed || self.in_any_state >= confirmed.saturating_mul(restless);
        let turn = match &self.told {
            None if is_there && sight.at - self.since >= rules.settle => Some(Turn::Opened),
            None => None,
            Some((told, _)) if is_confirmed && self.condition.is_worth_telling_after(told, rules) => Some(Turn::Changed),
            Some((_, at)) if sight.at - *at >= rules.remind => Some(Turn::Standing),
            Some(_) => None,
        };
        (Some(self.clone()), turn.map(|turn| (turn, self)))
    }

    pub(super) fn announcement(&self, number: u64, turn: Turn, at: Time, subject: &Subject) -> Announcement {
        let before =
            self.told.as_ref().map(|(told, _)| told.clone()).filter(|told| turn == Turn::Changed && *told != self.condition);
        let until = turn.is_end().then(|| self.over.as_ref().map_or(self.last, |over| over.at));
        let exposure = self.over.as_ref().and_then(|over| over.exposure).or(self.exposure).filter(|_| turn.is_end());
        Announcement {
            number,
            at,
            turn,
            subject: subject.clone(),
            condition: self.condition.clone(),
            before,
            since: self.since,
            until,
            exposure: exposure.map(|exposure| exposure.round_dp(2)),
        }
    }

    pub(super) fn was_told(&mut self, at: Time) {
        self.told = Some((self.condition.clone(), at));
    }

    pub(super) fn is_told(&self) -> bool {
        self.told.is_some()
    }
}
