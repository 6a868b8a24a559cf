//! What a watch did so far, as metrics beside those of its last report: looks, announcements, and whether they arrived.

use chrono::Duration;
use itertools::Itertools;
use std::collections::BTreeMap;

use super::prometheus::{Page, moment, seconds};
use crate::alarms::sight::{Eye, Sight, Subject};
use crate::alarms::{Alarms, Announcement, Turn};
use crate::breaks::Severity;
use crate::time::Time;

/// What is counted from look to look, since the watch began.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watching {
    looks: u64,
    last: Option<(Time, Duration)>,
    blind: BTreeMap<Eye, u64>,
    told: BTreeMap<Turn, u64>,
    standing: BTreeMap<Severity, u64>,
    unconfirmed: u64,
}

/// How one of the ways of telling fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Its name: `webhook`, `on_event`.
    pub way: &'static str,
    /// What arrived.
    pub delivered: u64,
    /// What did not, for good.
    pub failed: u64,
    /// What waits.
    pub waiting: u64,
}

impl Watching {
    /// Counts a look that ended: what it showed, what was told of it, what stands after it, and how long it took.
    pub fn looked(&mut self, sight: &Sight, told: &[Announcement], alarms: &Alarms, took: Duration) {
        self.looks += 1;
        self.last = Some((sight.at, took));
        for eye in Eye::ALL.into_iter().filter(|eye| sight.standing.contains_key(&Subject::Blind(*eye))) {
            *self.blind.entry(eye).or_default() += 1;
        }
        for announcement in told {
            *self.told.entry(announcement.turn).or_default() += 1;
        }
        self.standing.clear();
        for (_, condition, _) in alarms.standing() {
            *self.standing.entry(condition.severity).or_default() += 1;
        }
        self.unconfirmed = alarms.unconfirmed() as u64;
    }

    /// How many looks there were.
    pub fn looks(&self) -> u64 {
        self.looks
    }

    /// When the last look was, and how long it took.
    pub fn last(&self) -> Option<(Time, Duration)> {
        self.last
    }

    /// The page of these, to stand below that of the last report. `resident`: the bytes of memory that are taken, where that is known.
    pub fn write(&self, directory: &str, interval: Duration, deliveries: &[Delivery], resident: Option<u64>) -> String {
        let mut page = Page::of(directory);
        page.counter("watch_looks_total", "Looks that ended.", [(Vec::new(), self.looks.to_string())]);
        page.value("watch_interval_seconds", "A look is begun so often.", seconds(interval));
        page.value(
            "watch_last_look_timestamp_seconds",
            "What counted as now in the last look.",
            self.last.map(|(at, _)| moment(at)),
        );
        page.value("watch_last_look_duration_seconds", "How long the last look took.", self.last.map(|(_, took)| seconds(took)));
        let labelled = |label: &'static str, value: &str, count: u64| (vec![(label, value.to_owned())], count.to_string());
        let of = |count: Option<&u64>| count.copied().unwrap_or(0);
        page.counter(
            "watch_blind_looks_total",
            "Looks that could not see, by what they looked with.",
            Eye::ALL.map(|eye| labelled("eye", eye.code(), of(self.blind.get(&eye)))),
        );
        page.counter(
            "watch_announcements_total",
            "What was told, by what happened.",
            Turn::ALL.map(|turn| labelled("turn", turn.code(), of(self.told.get(&turn)))),
        );
        page.metric(
            "watch_standing",
            "What was told and is not over.",
            [Severity::Break, Severity::Warning, Severity::Note]
                .map(|severity| labelled("severity", severity.code(), of(self.standing.get(&severity)))),
        );
        page.value("watch_unconfirmed", "What was seen and waits to be confirmed.", self.unconfirmed.to_string());
        let each =
            |count: fn(&Delivery) -> u64| deliveries.iter().map(move |of| labelled("way", of.way, count(of))).collect_vec();
        page.counter("watch_delivered_total", "Announcements that arrived, by where they went.", each(|of| of.delivered));
        page.counter("watch_deliveries_failed_total", "Announcements that did not arrive.", each(|of| of.failed));
        page.metric("watch_undelivered", "Announcements that wait to be delivered.", each(|of| of.waiting));
        page.value("watch_resident_memory_bytes", "Memory that the watch takes.", resident.map(|bytes| bytes.to_string()));
        page.text
    }
}
