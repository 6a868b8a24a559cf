//! `corpus minimize`: what is left of a case when everything has gone that one break does not need.

mod parts;
mod reduce;
mod search;
mod shorten;
mod stages;
mod target;
mod tree;

use std::path::PathBuf;

use super::add::{CannotAdd, Kept, Lines, Reach, Texts, bot, broker};
use super::case::{CannotLoad, Case, Given, Manifest, Parse};
use super::verdict::Verdict;
use super::write::{self, CannotMake, New};
use crate::breaks::Break;
use crate::brokers::recording::{self, CannotWrite, Existing};
use crate::brokers::redact::Redactor;
use crate::brokers::{Recording, TimeSource};
use crate::event::{Claim, Event, Fact, Statement};
use crate::read;
use crate::report::Report;
use crate::{CannotReplay, Request};
use parts::{Known, Parts};
use search::Search;
use target::Target;

pub use search::{Progress, Size, Stage, Watch};
pub use target::{Choice, line};

/// What is made smaller.
#[derive(Debug)]
pub enum Input {
    /// A case, which is redacted already.
    Case(Box<Case>),
    /// A bot's directory, and what is asked of it.
    Bot {
        /// The request.
        request: Box<Request>,
        /// The flags, as `case.toml` keeps them.
        manifest: Box<Manifest>,
    },
}

impl Input {
    fn request(&self) -> &Request {
        match self {
            Input::Case(case) => case.request(),
            Input::Bot { request, .. } => request,
        }
    }

    fn manifest(&self) -> &Manifest {
        match self {
            Input::Case(case) => &case.manifest,
            Input::Bot { manifest, .. } => manifest,
        }
    }
}

/// What is to be made.
#[derive(Debug)]
pub struct Wanted {
    /// Of what.
    pub input: Input,
    /// The folder that the case's folder is made in.
    pub into: PathBuf,
    /// The new case's name.
    pub name: String,
    /// What becomes of a case that is already there.
    pub existing: Existing,
    /// Which break must stay.
    pub choice: Choice,
}

/// A case that was made.
#[derive(Debug)]
pub struct Minimized {
    /// Where it lies.
    pub folder: PathBuf,
    /// The break that stayed.
    pub found: Break,
    /// What was kept of each file.
    pub files: Vec<Kept>,
    /// How large it was.
    pub before: Size,
    /// How large it is.
    pub after: Size,
    /// How often it was replayed.
    pub replays: u64,
    /// The time was over: something that is left may be able to go.
    pub stopped: bool,
    /// How many ids were replaced; a case's were when it was made.
    pub replaced: Option<usize>,
    /// What it gives.
    pub verdict: Verdict,
}

/// Why no case was made.
#[derive(Debug, thiserror::Error)]
pub enum CannotMinimize {
    /// Nothing broke.
    #[error("{0} shows no break, so there is none to keep: give a directory or a case that has one, or another window")]
    NoBreak(PathBuf),
    /// Something else broke.
    #[error("{0} shows no such break; it shows: {1}; choose one with --symbol, --kind, --cause or --break")]
    NoSuchBreak(PathBuf, String),
    /// As text, or redacted, it is another.
    #[error(
        "{0}: the break {1} needs how the files are stored, or an id that would be redacted: it is not there when they are read \
         as a case keeps them; make a case with `tapecheck corpus add`, which says what differs"
    )]
    Lost(PathBuf, String),
    /// The case.
    #[error(transparent)]
    Load(#[from] CannotLoad),
    /// The files.
    #[error(transparent)]
    Gather(#[from] CannotAdd),
    /// The broker's answers.
    #[error(transparent)]
    Replay(#[from] CannotReplay),
    /// They could not be redacted.
    #[error(transparent)]
    Redact(#[from] CannotWrite),
    /// It could not be written.
    #[error(transparent)]
    Make(#[from] CannotMake),
}

/// Makes the case.
pub fn minimize(wanted: &Wanted, watch: &Watch<'_>, parse: Parse) -> Result<Minimized, CannotMinimize> {
    let request = wanted.input.request();
    write::check_target(&wanted.into, &wanted.name, wanted.existing)?;
    write::check_inside(request)?;
    write::check_apart(&wanted.into, &wanted.name, &request.directory)?;
    let readings = read::bot(&request.directory, &request.layout).map_err(CannotReplay::Bot)?;
    let recording = recording(&wanted.input)?;
    let lines = Lines::of(&readings);
    let whole = crate::judge(request, readings, recording.as_ref()).report;
    let found = chosen(&wanted.choice, &whole, request)?;
    let target = Target::of(found, &whole);
    let (texts, recording, replaced) = as_kept(&wanted.input, &lines, recording)?;
    let known = known(request, &texts, recording.as_ref());
    let parts = Parts::of(texts, recording, &known);
    let lost = || CannotMinimize::Lost(request.directory.clone(), line(found));
    let mut search = Search::begin(&parts, request, &target, watch).ok_or_else(lost)?;
    stages::all(&mut search, found.symbol.as_ref());
    let (texts, recording) = parts.rendered(&search.best);
    let now = crate::judge(request, read::texts(texts.clone(), &request.layout), recording.as_ref()).report;
    let manifest = manifest(wanted, found, &now, recording.is_some());
    let new = New {
        into: &wanted.into,
        existing: wanted.existing,
        manifest: &manifest,
        texts: &texts,
        settings: request.settings_file.as_ref().map(|file| file.text.as_str()),
        recording: recording.as_ref(),
    };
    let (folder, given) = write::write(&new, parse, |given| still_shown(found, given))?;
    Ok(Minimized {
        folder,
        found: found.clone(),
        files: parts.kept(&search.best),
        before: Size::of(&parts, &parts.whole()),
        after: Size::of(&parts, &search.best),
        replays: search.replays,
        stopped: search.stopped,
        replaced,
        verdict: given.verdict,
    })
}

/// The broker's answers. A case must say when they were given.
fn recording(input: &Input) -> Result<Option<Recording>, CannotMinimize> {
    let request = input.request();
    let Some(path) = &request.broker else { return Ok(None) };
    let recording = recording::load(path, request.window.at).map_err(CannotReplay::Broker)?;
    match (input, recording.time_source) {
        (Input::Case(case), TimeSource::Modified) => Err(CannotLoad::Undated(case.folder.clone()).into()),
        (_, _) => Ok(Some(recording)),
    }
}

fn chosen<'a>(choice: &Choice, whole: &'a Report, request: &Request) -> Result<&'a Break, CannotMinimize> {
    let directory = || request.directory.clone();
    match choice.of(whole) {
        Some(found) => Ok(found),
        None if whole.breaks.is_empty() => Err(CannotMinimize::NoBreak(directory())),
        None => Err(CannotMinimize::NoSuchBreak(directory(), target::listed(whole))),
    }
}

/// The bot's files, the broker's answers, and how many ids were replaced.
type AsKept = (Texts, Option<Recording>, Option<usize>);

/// The files as a case keeps them: plain text, and redacted where they are a bot's.
fn as_kept(input: &Input, lines: &Lines, recording: Option<Recording>) -> Result<AsKept, CannotMinimize> {
    let request = input.request();
    let (mut texts, _) = bot::gathered(request, lines, &Reach::Everything)?;
    match input {
        Input::Case(_) => Ok((texts, recording, None)),
        Input::Bot { .. } => {
            let mut redactor = Redactor::new();
            let cut = |recording: &Recording| broker::cut(recording, &Reach::Everything, &mut redactor);
            let recording = recording.as_ref().map(cut).transpose()?;
            bot::redact(&mut texts, &request.layout, &mut redactor);
            Ok((texts, recording, Some(redactor.count())))
        }
    }
}

/// Where every fact stands in the texts, and which symbols they name.
fn known(request: &Request, texts: &Texts, recording: Option<&Recording>) -> Known {
    let readings = read::texts(texts.clone(), &request.layout);
    let mut events: Vec<Event> = readings.events.clone();
    let replay = crate::judge(request, readings, recording);
    // The broker's facts are read by the judge.
    events.extend(replay.tape.events);
    let mut known = Known { layout: request.layout.clone(), ..Known::default() };
    for event in &events {
        let path = replay.report.sources.get(usize::from(event.origin.source.0)).map(|source| source.path.clone());
        if let Some(path) = path.filter(|_| event.at != crate::time::Time::UNIX_EPOCH) {
            known.times.insert((path, event.origin.offset), event.at);
        }
        known.symbols.extend(event.symbol().cloned());
        if let Fact::Statement(Statement { claim: Claim::WholeBook(holdings), .. }) = &event.fact {
            known.symbols.extend(holdings.iter().map(|holding| holding.symbol.clone()));
        }
    }
    known
}

/// What `case.toml` says of it: the old case's words, and what it was minimised to.
fn manifest(wanted: &Wanted, found: &Break, now: &Report, has_broker: bool) -> Manifest {
    const MINIMISED: &str = "Minimised to ";
    let old = wanted.input.manifest();
    let symbol = found.symbol.as_ref().map_or("the whole book", |symbol| symbol.as_str());
    let minimised = format!("{MINIMISED}{symbol}, {}, {}.", found.kind.code(), found.cause.code);
    let about = old.about.split(MINIMISED).next().unwrap_or_default().trim();
    let about = if about.is_empty() {
        let day = crate::time::show(found.first_failed_at).get(..10).unwrap_or_default().to_owned();
        format!("A recorded incident, {day}. {minimised}")
    } else {
        format!("{about} {minimised}")
    };
    let causes: std::collections::BTreeSet<&str> = now.breaks.iter().map(|found| found.cause.code).collect();
    let known = |code: &&&str| crate::causes::ALL.iter().any(|cause| cause.code == **code);
    Manifest {
        name: wanted.name.clone(),
        about,
        shows: causes.iter().filter(known).map(|code| (*code).to_owned()).collect(),
        looks_like: old.looks_like.iter().filter(|code| !causes.contains(code.as_str())).cloned().collect(),
        broker: has_broker.then(|| "broker".to_owned()),
        ..old.clone()
    }
}

/// What was written is replayed from where it was written.
fn still_shown(found: &Break, given: &Given) -> Result<(), String> {
    let id = found.id();
    let is_there = given.verdict.breaks.iter().any(|other| other.id == id && other.cause.code == found.cause.code);
    if is_there { Ok(()) } else { Err(format!("does not show {}", line(found))) }
}
