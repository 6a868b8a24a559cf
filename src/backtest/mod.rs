//! A backtest of the alarms: recorded days, looked at as if they were live, with every setting of interval, confirmation, grace and
//! settling; what is announced is held against the whole day's report, which has hindsight.

pub mod document;
mod lags;
mod looks;
mod score;
pub mod told;
pub mod tune;

use chrono::Duration;
use itertools::iproduct;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::alarms::rules::Rules;
use crate::time::Time;
use crate::{CannotReplay, Request};

pub use lags::Lags;
use score::Truth;

/// A recorded day.
#[derive(Clone, Debug)]
pub struct Day {
    /// Its name.
    pub name: String,
    /// What is to be replayed of it. Its own grace is the one of hindsight.
    pub request: Request,
}

/// How the bot is watched. Times are in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Setting {
    /// From one look to the next.
    pub interval: u32,
    /// Looks that confirm.
    pub confirm: u32,
    /// The grace around a movement.
    pub grace: u32,
    /// How long it must have stood.
    pub settle: u32,
}

impl Setting {
    /// What a watch does where nobody says otherwise, looking once a minute.
    pub fn usual() -> Setting {
        let (rules, equality) = (Rules::default(), crate::ledger::Settings::default());
        let seconds = |time: Duration| u32::try_from(time.num_seconds()).unwrap_or(u32::MAX);
        Setting { interval: 60, confirm: rules.confirm, grace: seconds(equality.grace), settle: seconds(rules.settle) }
    }

    /// What stands for longer must have been announced: so many looks confirm it, after it has settled, and the first of them comes
    /// within an interval.
    pub fn bound(&self) -> Duration {
        let interval = i64::from(self.interval);
        Duration::seconds(i64::from(self.confirm.max(1)) * interval + i64::from(self.settle) + interval)
    }

    fn rules(&self) -> Rules {
        Rules { confirm: self.confirm, settle: Duration::seconds(i64::from(self.settle)), ..Rules::default() }
    }
}

/// The settings that are tried: each with each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Seconds from one look to the next.
    pub intervals: Vec<u32>,
    /// Looks that confirm.
    pub confirms: Vec<u32>,
    /// Seconds of grace.
    pub graces: Vec<u32>,
    /// Seconds of settling.
    pub settles: Vec<u32>,
}

impl Default for Grid {
    fn default() -> Grid {
        Grid {
            intervals: vec![15, 30, 60, 120, 300],
            confirms: vec![1, 2, 3],
            graces: vec![5, 10, 20, 60],
            settles: vec![0, 30, 120],
        }
    }
}

impl Grid {
    /// Every setting, in order.
    pub fn settings(&self) -> Vec<Setting> {
        let all = iproduct!(&self.intervals, &self.confirms, &self.graces, &self.settles);
        all.map(|(interval, confirm, grace, settle)| Setting {
            interval: *interval,
            confirm: *confirm,
            grace: *grace,
            settle: *settle,
        })
        .collect()
    }

    /// The same, each list in order and nothing twice.
    pub fn sorted(mut self) -> Grid {
        for list in [&mut self.intervals, &mut self.confirms, &mut self.graces, &mut self.settles] {
            list.sort_unstable();
            list.dedup();
        }
        self
    }
}

/// An alarm or a break, by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Of which day.
    pub day: String,
    /// When it was announced; of a miss, when it first failed.
    pub at: Time,
    /// What it is about.
    pub subject: String,
}

/// What came of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    /// The setting.
    pub setting: Setting,
    /// From the first failure to the announcement, of every break that was announced while it was there. In order.
    pub delays: Vec<Duration>,
    /// Announced, and nothing of the kind was there in hindsight.
    pub false_alarms: Vec<Named>,
    /// There for longer than the bound, and never announced.
    pub missed: Vec<Named>,
    /// Never announced, and gone within the bound.
    pub too_short: usize,
    /// Announcements of breaks that were there, beyond the first that opened and its end.
    pub extra: usize,
    /// Announced by another name than hindsight has for what was there.
    pub renamed: usize,
    /// Announcements that something could not be seen.
    pub blind: usize,
}

impl Score {
    fn of(setting: Setting) -> Score {
        Score {
            setting,
            delays: Vec::new(),
            false_alarms: Vec::new(),
            missed: Vec::new(),
            too_short: 0,
            extra: 0,
            renamed: 0,
            blind: 0,
        }
    }

    fn add(&mut self, other: Score) {
        self.delays.extend(other.delays);
        self.false_alarms.extend(other.false_alarms);
        self.missed.extend(other.missed);
        self.too_short += other.too_short;
        self.extra += other.extra;
        self.renamed += other.renamed;
        self.blind += other.blind;
    }

    /// Nothing was told that was not there, and nothing kept that was.
    pub fn is_right(&self) -> bool {
        self.false_alarms.is_empty() && self.missed.is_empty()
    }
}

/// The value below which so many hundredths of a sorted list lie, by the nearest rank.
pub fn percentile<T: Copy>(sorted: &[T], hundredths: usize) -> Option<T> {
    let rank = (sorted.len() * hundredths).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// What came of all days and settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Backtest {
    /// By setting, in the order of the grid.
    pub scores: Vec<Score>,
    /// How long the broker's books lag behind the records.
    pub lags: Lags,
    /// The days that were replayed.
    pub days: Vec<String>,
    /// Breaks that count, of all days in hindsight.
    pub real: usize,
    /// Looks of which each setting takes its own.
    pub looks: u64,
    /// Days that could not be replayed, and why.
    pub failed: Vec<(String, String)>,
}

/// What came of one day.
struct OfDay {
    real: usize,
    lags: Lags,
    scores: Vec<Score>,
    looks: u64,
}

/// Replays the days, `jobs` at a time. `tell` is told how many are done.
pub fn run(days: &[Day], grid: &Grid, jobs: usize, tell: &(dyn Fn(usize) + Sync)) -> Backtest {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        let mut mine = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(day) = days.get(place) else { return mine };
            mine.push((place, one(day, grid)));
            tell(done.fetch_add(1, Ordering::Relaxed) + 1);
        }
    };
    let mut outcomes: Vec<(usize, Result<OfDay, CannotReplay>)> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..jobs.clamp(1, days.len().max(1))).map(|_| scope.spawn(work)).collect();
        handles.into_iter().flat_map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    outcomes.sort_by_key(|(place, _)| *place);
    let mut sum = Backtest {
        scores: grid.settings().into_iter().map(Score::of).collect(),
        lags: Lags::default(),
        days: Vec::new(),
        real: 0,
        looks: 0,
        failed: Vec::new(),
    };
    for (place, outcome) in outcomes {
        let name = days[place].name.clone();
        match outcome {
            Ok(day) => sum.add(name, day),
            Err(why) => sum.failed.push((name, why.to_string())),
        }
    }
    sum.scores.iter_mut().for_each(|score| score.delays.sort_unstable());
    sum.lags.sort();
    sum
}

impl Backtest {
    fn add(&mut self, name: String, day: OfDay) {
        self.days.push(name);
        self.real += day.real;
        self.looks += day.looks;
        self.lags.add(day.lags);
        for (score, other) in self.scores.iter_mut().zip(day.scores) {
            score.add(other);
        }
    }
}

/// One day: hindsight once, and the looks once for each grace.
fn one(day: &Day, grid: &Grid) -> Result<OfDay, CannotReplay> {
    let whole = Request { audit: None, live: None, keep_tape: true, biographies: true, ..day.request.clone() };
    let replay = crate::replay(&whole)?;
    let truth = Truth::of(&replay.report);
    let settings = grid.settings();
    let mut scores: Vec<Score> = settings.iter().copied().map(Score::of).collect();
    let mut looks = 0;
    for grace in &grid.graces {
        let own: Vec<Setting> = settings.iter().copied().filter(|setting| setting.grace == *grace).collect();
        let watched = looks::watch(&whole, &own)?;
        looks += watched.looks;
        for told in &watched.told {
            let of_setting = scores.iter_mut().find(|score| score.setting == told.setting);
            if let Some(score) = of_setting {
                score.add(truth.judge(&day.name, told, &watched));
            }
        }
    }
    Ok(OfDay { real: truth.count(), lags: Lags::of(&replay), scores, looks })
}
