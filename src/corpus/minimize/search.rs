//! The search: cuts are tried by a real replay, in memory, and the smallest that still shows the break is kept.

use std::collections::HashSet;
use twox_hash::XxHash3_128;

use super::parts::{Cut, Parts, Role};
use super::target::Target;
use crate::Request;
use crate::brokers::Recording;
use crate::corpus::add::Texts;
use crate::read;
use crate::report::Report;

/// What is being made smaller just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// All that is about other symbols.
    Symbols,
    /// What came long before, and after.
    Time,
    /// Files, lines and rows.
    Events,
    /// What stands in them.
    Fields,
    /// How it is spelt.
    Values,
}

impl Stage {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Symbols => "symbols",
            Stage::Time => "time",
            Stage::Events => "events",
            Stage::Fields => "fields",
            Stage::Values => "values",
        }
    }
}

/// Lines of logs, and rows of documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Lines.
    pub lines: usize,
    /// Rows.
    pub rows: usize,
}

impl Size {
    /// What is left of a case.
    pub fn of(parts: &Parts, cut: &Cut) -> Size {
        Size { lines: parts.left(cut, &[Role::Line]).len(), rows: parts.left(cut, &[Role::Row]).len() }
    }
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How large the case was.
    pub before: Size,
    /// How large it is.
    pub now: Size,
    /// How often it was replayed.
    pub replays: u64,
}

/// Those outside who watch: the clock, and the terminal.
pub struct Watch<'a> {
    /// Whether the time is over.
    pub is_over: &'a dyn Fn() -> bool,
    /// Told before each replay.
    pub tell: &'a dyn Fn(&Progress),
}

/// The case as small as it has become.
pub struct Search<'a> {
    /// What it is made of.
    pub parts: &'a Parts,
    /// The smallest cut so far.
    pub best: Cut,
    /// How often it was replayed.
    pub replays: u64,
    /// The time was over before everything was tried.
    pub stopped: bool,
    request: &'a Request,
    target: &'a Target,
    watch: &'a Watch<'a>,
    stage: Stage,
    before: Size,
    now: Size,
    in_trouble: u64,
    shown: u128,
    failed: HashSet<u128>,
}

impl<'a> Search<'a> {
    /// Begins with everything; `None` where not even that shows the break.
    pub fn begin(parts: &'a Parts, request: &'a Request, target: &'a Target, watch: &'a Watch<'a>) -> Option<Search<'a>> {
        let best = parts.whole();
        let content = parts.rendered(&best);
        let shown = fingerprint(&content);
        let report = replayed(request, content);
        let before = Size::of(parts, &best);
        target.is_in(&report).then(|| Search {
            parts,
            best,
            replays: 1,
            stopped: false,
            request,
            target,
            watch,
            stage: Stage::Symbols,
            before,
            now: before,
            in_trouble: in_trouble(&report),
            shown,
            failed: HashSet::new(),
        })
    }

    /// What comes next.
    pub fn enter(&mut self, stage: Stage) {
        self.stage = stage;
    }

    /// Whether these can go, too; if so, they have gone.
    pub fn goes(&mut self, parts: &[usize]) -> bool {
        let cut = self.best.without(parts);
        self.try_cut(cut)
    }

    /// Keeps a cut that still shows the break. What was tried is not tried again.
    pub fn try_cut(&mut self, cut: Cut) -> bool {
        if self.stopped || (self.watch.is_over)() {
            self.stopped = true;
            return false;
        }
        let content = self.parts.rendered(&cut);
        let print = fingerprint(&content);
        // Without a file of the bot's there is nothing to replay.
        if content.0.is_empty() || self.failed.contains(&print) {
            return false;
        }
        if print != self.shown {
            let (stage, before, now) = (self.stage, self.before, self.now);
            (self.watch.tell)(&Progress { stage, before, now, replays: self.replays });
            self.replays += 1;
            let report = replayed(self.request, content);
            let in_trouble = in_trouble(&report);
            // A line that has become unreadable has not become smaller, it has gone in a worse way.
            if in_trouble > self.in_trouble || !self.target.is_in(&report) {
                self.failed.insert(print);
                return false;
            }
            self.in_trouble = in_trouble;
            self.shown = print;
        }
        self.best = cut;
        self.now = Size::of(self.parts, &self.best);
        true
    }
}

/// The path of every replay: nothing here knows a shorter one.
fn replayed(request: &Request, (texts, recording): (Texts, Option<Recording>)) -> Report {
    crate::judge(request, read::texts(texts, &request.layout), recording.as_ref()).report
}

fn in_trouble(report: &Report) -> u64 {
    report.sources.iter().map(|source| source.quarantined).sum()
}

fn fingerprint((texts, recording): &(Texts, Option<Recording>)) -> u128 {
    let mut hash = XxHash3_128::new();
    let mut text = |text: &str| {
        hash.write(&(text.len() as u64).to_le_bytes());
        hash.write(text.as_bytes());
    };
    for (path, content) in texts {
        text(path);
        text(content);
    }
    for (endpoint, body) in recording.iter().flat_map(|recording| &recording.bodies) {
        text(endpoint.name());
        text(&body.text);
    }
    if recording.is_some() {
        text("recorded");
    }
    hash.finish_128()
}
