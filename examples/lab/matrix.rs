//! The kill matrix: how often each fault was found, and what was said where nothing was wrong.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::trial::Trial;
use crate::trial::judge::Seen;
use crate::trial::plan::{Fault, Row, Witnesses};

/// Which part of the matrix a fault is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Alone, every witness kept, and one of them could show it.
    Every,
    /// Alone, some witness not kept, and another could show it.
    Some,
    /// Alone, and no witness could show it.
    None,
    /// In a pair, and a witness could show it.
    Pair,
    /// In a pair, and no witness could show it.
    PairNone,
}

/// How often what happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Days with this fault.
    pub days: u64,
    found: u64,
    bracketed: u64,
    named: u64,
    ambiguous: u64,
    misnamed: u64,
    missed: u64,
}

impl Counts {
    fn count(&mut self, seen: &Seen) {
        self.days += 1;
        self.found += u64::from(seen.found);
        self.bracketed += u64::from(seen.bracketed);
        self.named += u64::from(seen.named);
        self.ambiguous += u64::from(seen.ambiguous);
        self.misnamed += u64::from(seen.misnamed);
        self.missed += u64::from(seen.witnessed && !seen.bracketed);
    }

    fn add(&mut self, other: &Counts) {
        self.days += other.days;
        self.found += other.found;
        self.bracketed += other.bracketed;
        self.named += other.named;
        self.ambiguous += other.ambiguous;
        self.misnamed += other.misnamed;
        self.missed += other.missed;
    }
}

/// Days without a fault, or with any, and what was said that is not true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alarms {
    /// Days.
    pub days: u64,
    /// Days with an entry about nothing that happened.
    pub false_alarms: u64,
    /// Days on which clean was withheld though nothing was missing.
    pub withheld: u64,
}

impl Alarms {
    fn add(&mut self, other: &Alarms) {
        self.days += other.days;
        self.false_alarms += other.false_alarms;
        self.withheld += other.withheld;
    }
}

/// All that was counted. Adding is the same in any order, so that it does not matter which thread was first.
#[derive(Clone, Debug, Default)]
pub struct Matrix {
    faults: BTreeMap<(Part, Fault), Counts>,
    clean: BTreeMap<Witnesses, Alarms>,
    faulty: BTreeMap<Witnesses, Alarms>,
    unplaced: u64,
    /// Days with which something is wrong: the row's name, the seed, what.
    pub complaints: Vec<(String, u64, Vec<String>)>,
}

/// The name of a row on the command line.
pub fn name(row: Row) -> &'static str {
    match row {
        Row::Clean => "clean",
        Row::Alone(fault) => fault.name(),
        Row::Pair => "pair",
    }
}

impl Matrix {
    /// Counts a trial.
    pub fn count(&mut self, row: Row, seed: u64, trial: &Trial) {
        let judgement = &trial.judgement;
        self.unplaced += trial.truth.unplaced.len() as u64;
        for seen in &judgement.seen {
            let part = match (row, seen.witnessed) {
                (Row::Pair, true) => Part::Pair,
                (Row::Pair, false) => Part::PairNone,
                (_, false) => Part::None,
                (_, true) if trial.plan.witnesses == Witnesses::EVERY => Part::Every,
                (_, true) => Part::Some,
            };
            self.faults.entry((part, seen.fault)).or_default().count(seen);
        }
        let alarms = Alarms {
            days: 1,
            false_alarms: u64::from(!judgement.false_alarms.is_empty()),
            withheld: u64::from(judgement.withheld),
        };
        match row {
            Row::Clean => self.clean.entry(trial.plan.witnesses).or_default().add(&alarms),
            Row::Alone(_) | Row::Pair => self.faulty.entry(trial.plan.witnesses).or_default().add(&alarms),
        }
        let complaints = judgement.complaints();
        if !complaints.is_empty() {
            self.complaints.push((name(row).to_owned(), seed, complaints));
        }
    }

    /// Adds what another thread counted.
    pub fn add(&mut self, other: Matrix) {
        for (key, counts) in other.faults {
            self.faults.entry(key).or_default().add(&counts);
        }
        for (key, alarms) in other.clean {
            self.clean.entry(key).or_default().add(&alarms);
        }
        for (key, alarms) in other.faulty {
            self.faulty.entry(key).or_default().add(&alarms);
        }
        self.unplaced += other.unplaced;
        self.complaints.extend(other.complaints);
    }

    /// One part as a table.
    pub fn table(&self, part: Part) -> String {
        let mut text = "| fault | days | found | bracketed | named | ambiguous | misnamed | missed |\n".to_owned();
        text.push_str("|---|--:|--:|--:|--:|--:|--:|--:|\n");
        let mut sum = Counts::default();
        let rows = Fault::ALL.into_iter().filter_map(|fault| Some((fault.name(), *self.faults.get(&(part, fault))?)));
        for (name, counts) in rows {
            sum.add(&counts);
            row(&mut text, &format!("`{name}`"), &counts);
        }
        row(&mut text, "all", &sum);
        text
    }

    /// Days without a fault and with one, by what was kept.
    pub fn alarms(&self) -> String {
        let mut text =
            "| kept | days without a fault | false alarms | clean withheld | days with a fault | false alarms beside it |\n"
                .to_owned();
        text.push_str("|---|--:|--:|--:|--:|--:|\n");
        let (mut clean, mut faulty) = (Alarms::default(), Alarms::default());
        for (witnesses, without) in self.clean.iter().rev() {
            let with = self.faulty.get(witnesses).copied().unwrap_or_default();
            clean.add(without);
            faulty.add(&with);
            alarm(&mut text, &witnesses.name(), without, &with);
        }
        alarm(&mut text, "all", &clean, &faulty);
        text
    }

    /// Faults that found no place in their day.
    pub fn unplaced(&self) -> u64 {
        self.unplaced
    }
}

fn row(text: &mut String, name: &str, counts: &Counts) {
    let Counts { days, found, bracketed, named, ambiguous, misnamed, missed } = counts;
    let _ = writeln!(text, "| {name} | {days} | {found} | {bracketed} | {named} | {ambiguous} | {misnamed} | {missed} |");
}

fn alarm(text: &mut String, name: &str, clean: &Alarms, faulty: &Alarms) {
    let Alarms { days, false_alarms, withheld } = clean;
    let (others, beside) = (faulty.days, faulty.false_alarms);
    let _ = writeln!(text, "| {name} | {days} | {false_alarms} | {withheld} | {others} | {beside} |");
}
