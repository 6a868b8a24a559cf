//! `corpus add`: a case out of a bot's directory: cut to a window, redacted, and giving the verdict that the whole directory gave.

pub(super) mod bot;
pub(super) mod broker;
mod reach;

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::case::{Given, Manifest, Parse};
use super::changes::{Change, changes};
use super::verdict::{Break, NotAReport, Verdict};
use super::write::{self, CannotMake, New};
use crate::breaks::Severity;
use crate::brokers::Recording;
use crate::brokers::recording::{self, CannotWrite, Existing};
use crate::brokers::redact::Redactor;
use crate::outputs::json;
use crate::position::Symbol;
use crate::read::{self, CannotRead};
use crate::report;
use crate::{CannotReplay, Request};

pub use bot::{Kept, Texts};
pub use reach::{Lines, Reach};

/// What is to be made.
#[derive(Debug)]
pub struct Wanted {
    /// The folder that the case's folder is made in.
    pub into: PathBuf,
    /// What becomes of a case that is already there.
    pub existing: Existing,
    /// What `case.toml` will say; `shows`, and `about` where it is empty, are filled in.
    pub manifest: Manifest,
    /// What is asked of the bot's directory, as the command line made it.
    pub request: Request,
}

/// A case that was made.
#[derive(Debug)]
pub struct Added {
    /// Where it lies.
    pub folder: PathBuf,
    /// What was kept of each file.
    pub files: Vec<Kept>,
    /// How far back it goes.
    pub reach: Reach,
    /// What a smaller case would have said otherwise; empty if the smallest one does.
    pub smaller: Vec<Change>,
    /// The symbols that it is about; all if empty.
    pub symbols: BTreeSet<Symbol>,
    /// How many ids were replaced.
    pub replaced: usize,
    /// What it gives.
    pub verdict: Verdict,
    /// What is worth telling of a live read.
    pub notices: Vec<String>,
}

/// Why no case was made.
#[derive(Debug, thiserror::Error)]
pub enum CannotAdd {
    /// The bot's directory, or its broker.
    #[error(transparent)]
    Replay(#[from] CannotReplay),
    /// The report is not one.
    #[error(transparent)]
    Report(#[from] NotAReport),
    /// A file could not be read again.
    #[error("{0}: {1}")]
    Unreadable(PathBuf, String),
    /// It could not be redacted.
    #[error(transparent)]
    Redact(#[from] CannotWrite),
    /// It could not be written.
    #[error(transparent)]
    Make(#[from] CannotMake),
    /// Even with everything kept it says something else.
    #[error("no case was made: even with every line kept it would not give the verdict of the directory: {}", told(.0))]
    OtherVerdict(Vec<Change>),
}

fn told(changes: &[Change]) -> String {
    changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl From<CannotRead> for CannotAdd {
    fn from(error: CannotRead) -> CannotAdd {
        CannotAdd::Replay(CannotReplay::Bot(error))
    }
}

/// Makes the case.
pub fn add(mut wanted: Wanted, parse: Parse) -> Result<Added, CannotAdd> {
    write::check_target(&wanted.into, &wanted.manifest.name, wanted.existing)?;
    write::check_inside(&wanted.request)?;
    let readings = read::bot(&wanted.request.directory, &wanted.request.layout)?;
    let (whole_recording, notices) = recording(&wanted.request, &readings)?;
    let lines = reach::Lines::of(&readings);
    let whole = judged(&wanted.request, readings, whole_recording.as_ref())?;
    let whole = narrowed(&mut wanted, whole, whole_recording.as_ref())?;
    let symbols = wanted.request.symbols.clone();
    let mut smaller = Vec::new();
    for reach in lines.reaches(&wanted.request) {
        let mut redactor = Redactor::new();
        let recording = whole_recording.as_ref().map(|whole| broker::cut(whole, &reach, &mut redactor)).transpose()?;
        let (texts, mut files) = bot::cut(&wanted.request, &lines, &reach, &mut redactor)?;
        let now = judged(&wanted.request, read::texts(texts.clone(), &wanted.request.layout), recording.as_ref())?;
        let differs = what_differs(&whole, &now);
        if differs.is_empty() {
            files.extend(recording.iter().zip(&whole_recording).flat_map(|(cut, whole)| broker::kept(cut, whole)));
            describe(&mut wanted.manifest, &now);
            let Wanted { into, existing, manifest, request } = &wanted;
            let settings = request.settings_file.as_ref().map(|file| file.text.as_str());
            let new = New { into, existing: *existing, manifest, texts: &texts, settings, recording: recording.as_ref() };
            let (folder, given) = write::write(&new, parse, |_| Ok(()))?;
            let replaced = redactor.count();
            return Ok(Added { folder, files, reach, smaller, symbols, replaced, verdict: given.verdict, notices });
        }
        smaller = differs;
    }
    Err(CannotAdd::OtherVerdict(smaller))
}

/// The broker's answers, read now or loaded.
fn recording(request: &Request, readings: &read::Readings) -> Result<(Option<Recording>, Vec<String>), CannotAdd> {
    match (&request.live, &request.broker) {
        (Some(live), _) => {
            let answered = live.ask(&request.directory, crate::since(request, readings.span()));
            Ok((Some(answered.recording), answered.notices))
        }
        (None, Some(path)) => {
            let loaded = recording::load(path, request.window.at).map_err(CannotReplay::Broker)?;
            Ok((Some(loaded), Vec::new()))
        }
        (None, None) => Ok((None, Vec::new())),
    }
}

fn judged(request: &Request, readings: read::Readings, recording: Option<&Recording>) -> Result<Verdict, CannotAdd> {
    let replay = crate::judge(request, readings, recording);
    let report = json::value(&replay.report).map_err(|error| NotAReport(error.to_string()))?;
    Ok(Given::of(report)?.verdict)
}

/// Unless symbols were asked for, a case of an incident is about those that broke, if it says the same of them alone.
fn narrowed(wanted: &mut Wanted, whole: Verdict, recording: Option<&Recording>) -> Result<Verdict, CannotAdd> {
    let counts = |found: &&Break| found.severity != Severity::Note.code();
    let broke: Option<BTreeSet<Symbol>> =
        whole.breaks.iter().filter(counts).map(|found| found.symbol.as_deref().and_then(Symbol::parse)).collect();
    let broke = broke.filter(|_| whole.verdict == report::Verdict::Breaks.code());
    let (true, None, Some(broke)) = (wanted.request.symbols.is_empty(), wanted.request.audit, broke) else { return Ok(whole) };
    let request = Request { symbols: broke, ..wanted.request.clone() };
    let alone = judged(&request, read::bot(&request.directory, &request.layout)?, recording)?;
    let is_about =
        |found: &&Break| found.symbol.as_deref().and_then(Symbol::parse).is_some_and(|one| request.symbols.contains(&one));
    if alone.verdict != whole.verdict || !alone.breaks.iter().eq(whole.breaks.iter().filter(is_about)) {
        return Ok(whole);
    }
    let names: Vec<&str> = request.symbols.iter().map(Symbol::as_str).collect();
    wanted.manifest.flags.push(format!("--symbol={}", names.join(",")));
    wanted.request = request;
    Ok(alone)
}

/// Lines in trouble that lie outside of the window are cut with it; where they mattered, the verdict tells.
fn what_differs(whole: &Verdict, now: &Verdict) -> Vec<Change> {
    let without = |verdict: &Verdict| Verdict { integrity: Default::default(), ..verdict.clone() };
    changes(&without(whole), &without(now))
}

/// Breaks that the line about a case names until somebody says what happened.
const NAMED: usize = 4;

/// Causes are named once, as they are found.
fn describe(manifest: &mut Manifest, verdict: &Verdict) {
    let known = |code: &&str| crate::causes::ALL.iter().any(|cause| cause.code == *code);
    let causes: BTreeSet<&str> = verdict.breaks.iter().map(|found| found.cause.code.as_str()).filter(known).collect();
    manifest.shows = causes.into_iter().map(str::to_owned).collect();
    if manifest.about.is_empty() {
        let breaks = verdict.breaks.iter().map(|found| format!("{} {}", found.symbol.as_deref().unwrap_or("*"), found.kind));
        let breaks: Vec<String> = breaks.collect::<BTreeSet<_>>().into_iter().collect();
        let more = breaks.len().saturating_sub(NAMED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let breaks = format!("{}{more}", breaks[..breaks.len().min(NAMED)].join(", "));
        let failed = verdict.breaks.iter().map(|found| found.first_failed_at.as_str()).min();
        let day = |at: &str| at.get(..10).map(str::to_owned);
        let when = manifest.day.clone().or_else(|| failed.or(verdict.window.1.as_deref()).and_then(day));
        let when = when.unwrap_or_else(|| "undated".to_owned());
        manifest.about = match breaks.as_str() {
            "" => format!("A recorded day, {when}: {}.", verdict.verdict),
            breaks => format!("A recorded incident, {when}: {breaks}."),
        };
    }
}
