//! One case: a folder with what is to be replayed and the report that was accepted.

#![expect(clippy::disallowed_methods, reason = "the edge: here the files of a case are found and read")]

use serde::Deserialize;
use serde_json::Value;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::verdict::{NotAReport, Verdict};
use crate::brokers::TimeSource;
use crate::open;
use crate::outputs::json;
use crate::report::Asked;
use crate::settings;
use crate::{CannotReplay, Replay, Request};

/// The file that makes a folder a case.
pub const MANIFEST: &str = "case.toml";

/// The accepted report.
pub const ACCEPTED: &str = "expected.json";

/// No manifest is longer, and no accepted report: what is was not written for a case.
const LONGEST_MANIFEST: u64 = 1 << 20;
const LONGEST_REPORT: u64 = 64 << 20;

/// Which command a case runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Command {
    /// What should be held, from the logs.
    #[default]
    Replay,
    /// The same as of `at`, and the eight checks.
    Audit,
}

impl Command {
    /// As `case.toml` and the command line spell it.
    pub fn name(self) -> &'static str {
        match self {
            Command::Replay => "replay",
            Command::Audit => "audit",
        }
    }
}

/// `case.toml`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The folder's name.
    pub name: String,
    /// What happened, in a line.
    pub about: String,
    /// Causes that it shows: the accepted report has a break of each.
    #[serde(default)]
    pub shows: Vec<String>,
    /// Causes that it looks like, and that are not what happened: the accepted report has a break of none.
    #[serde(default)]
    pub looks_like: Vec<String>,
    /// What runs.
    #[serde(default)]
    pub command: Command,
    /// The recording, below the case's folder.
    pub broker: Option<String>,
    /// `--day`.
    pub day: Option<String>,
    /// `--from`.
    pub from: Option<String>,
    /// `--until`.
    pub until: Option<String>,
    /// `--at`.
    pub at: Option<String>,
    /// Further flags of the command.
    #[serde(default)]
    pub flags: Vec<String>,
}

/// Turns the arguments of a command into a request: the command line's own parser, so that there is no second one.
pub type Parse = fn(Command, &[String]) -> Result<Request, String>;

/// A case, loaded: everything that it names is there.
#[derive(Clone, Debug)]
pub struct Case {
    /// Where it lies.
    pub folder: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
    request: Request,
}

/// Why a case could not be loaded, and what to do about it. It was not checked.
#[derive(Debug, thiserror::Error)]
pub enum CannotLoad {
    /// There is no case.
    #[error("{0} is no case: it has no case.toml; make one with `tapecheck corpus add NAME --from DIR`")]
    NoManifest(PathBuf),
    /// A file of it could not be read.
    #[error("{0}: {1}; make it readable, or take the case out of the corpus")]
    Unreadable(PathBuf, io::Error),
    /// Its manifest is not one.
    #[error("{0}: {1}")]
    BadManifest(PathBuf, String),
    /// Its manifest has another case's name: it was copied and not adapted.
    #[error("{0} calls itself `{1}`: set `name` in its case.toml to the folder's name")]
    OtherName(PathBuf, String),
    /// It names, or links to, what lies outside.
    #[error("{0} reaches outside of its folder: {1}; copy the file into the case")]
    Outside(PathBuf, String),
    /// Its flags make no request.
    #[error("{0}: case.toml asks for what cannot be run: {1}")]
    BadFlags(PathBuf, String),
    /// Its recording is dated by the file's modification time, which a copy does not keep.
    #[error(
        "{0}: nothing in its recording tells when the broker was read; put `read_began` into a recording.json beside the answers"
    )]
    Undated(PathBuf),
    /// Something that it needs is not there.
    #[error("{0} is half-copied: {1} is not there; copy the whole folder again")]
    HalfCopied(PathBuf, String),
    /// Nothing was accepted yet.
    #[error("{0} has no expected.json; look at its report and run `tapecheck corpus accept {0}`")]
    NothingAccepted(PathBuf),
    /// The accepted report is not one.
    #[error("{0}/expected.json is damaged: {1}; restore it, or accept the report anew with `tapecheck corpus accept`")]
    BadAccepted(PathBuf, String),
    /// It could be loaded, and nothing could be replayed.
    #[error("{0}: {1}")]
    Replay(PathBuf, CannotReplay),
    /// Its report could not be put into JSON.
    #[error("{0}: {1}")]
    Report(PathBuf, #[source] NotAReport),
}

/// What a case gives now: the report without its producer, as `expected.json` keeps it, and the verdict of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The report as JSON.
    pub report: Value,
    /// What counts of it.
    pub verdict: Verdict,
}

impl Given {
    /// What a report says, from its JSON.
    pub fn of(mut report: Value) -> Result<Given, NotAReport> {
        let verdict = Verdict::of(&report)?;
        if let Some(document) = report.as_object_mut() {
            document.remove("producer");
        }
        Ok(Given { report, verdict })
    }

    /// As `expected.json` keeps it.
    pub fn text(&self) -> String {
        format!("{:#}\n", self.report)
    }
}

impl Case {
    /// Loads a case. It need not be accepted yet.
    pub fn load(folder: &Path, parse: Parse) -> Result<Case, CannotLoad> {
        let text = match open::text(&folder.join(MANIFEST), LONGEST_MANIFEST) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(no_manifest(folder)),
            Err(error) => return Err(CannotLoad::Unreadable(folder.join(MANIFEST), error)),
        };
        let broken = |why: String| CannotLoad::BadManifest(folder.join(MANIFEST), why);
        let manifest: Manifest = toml::from_str(&text).map_err(|error| broken(error.message().to_owned()))?;
        let name = folder_name(folder)?;
        if manifest.name != name {
            return Err(CannotLoad::OtherName(folder.to_owned(), manifest.name));
        }
        refuse_links_out(folder)?;
        let request = request(folder, &manifest, parse)?;
        Ok(Case { folder: folder.to_owned(), manifest, request })
    }

    /// The folder's name.
    pub fn name(&self) -> &str {
        &self.manifest.name
    }

    /// What is to be replayed.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Replays it. The report names the case and not the place where the corpus lies, so it is the same everywhere.
    pub fn replay(&self) -> Result<Replay, CannotLoad> {
        let mut replay = crate::replay(&self.request).map_err(|error| CannotLoad::Replay(self.folder.clone(), error))?;
        if replay.report.broker.time_source == Some(TimeSource::Modified) {
            return Err(CannotLoad::Undated(self.folder.clone()));
        }
        replay.report.asked = self.asked();
        Ok(replay)
    }

    /// What its report says was asked.
    pub fn asked(&self) -> Asked {
        let broker = self.manifest.broker.as_ref().map(|broker| format!("{}/{broker}", self.name()));
        let settings = self.request.settings_file.as_ref().map(|_| format!("{}/{}", self.name(), settings::FILE));
        Asked { directory: self.name().to_owned(), broker, strict: self.request.strict, settings, ..Asked::default() }
    }

    /// What it gives now.
    pub fn given(&self) -> Result<Given, CannotLoad> {
        let replay = self.replay()?;
        let failed = |error| CannotLoad::Report(self.folder.clone(), error);
        let report = json::value(&replay.report).map_err(|error| failed(NotAReport(error.to_string())))?;
        Given::of(report).map_err(failed)
    }

    /// What was accepted. Every source that the accepted report read must still be there.
    pub fn accepted(&self) -> Result<Given, CannotLoad> {
        let file = self.folder.join(ACCEPTED);
        let text = match open::text(&file, LONGEST_REPORT) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(CannotLoad::NothingAccepted(self.folder.clone()));
            }
            Err(error) => return Err(CannotLoad::Unreadable(file, error)),
        };
        let damaged = |why: String| CannotLoad::BadAccepted(self.folder.clone(), why);
        let report: Value = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        let accepted = Given::of(report).map_err(|error| damaged(error.to_string()))?;
        // A source below what is no folder could not be read when the report was accepted, either.
        let gone = |path: &&String| {
            fs::symlink_metadata(self.file_of(path)).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
        };
        match accepted.verdict.sources.iter().find(gone) {
            Some(path) => Err(CannotLoad::HalfCopied(self.folder.clone(), path.clone())),
            None => Ok(accepted),
        }
    }

    /// Where a source of its report lies: sources of the broker are called `broker/…` wherever the recording is.
    pub fn file_of(&self, source: &str) -> PathBuf {
        let recording = source.strip_prefix("broker/").zip(self.request.broker.as_ref());
        match recording {
            Some((_, path)) if path.is_file() => path.clone(),
            Some((name, folder)) => folder.join(name),
            None => self.folder.join(source),
        }
    }
}

/// A folder with an accepted report was a case once.
fn no_manifest(folder: &Path) -> CannotLoad {
    match fs::symlink_metadata(folder.join(ACCEPTED)) {
        Ok(_) => CannotLoad::HalfCopied(folder.to_owned(), MANIFEST.to_owned()),
        Err(_) => CannotLoad::NoManifest(folder.to_owned()),
    }
}

/// The folder's own name, also where it was given as `.`.
fn folder_name(folder: &Path) -> Result<String, CannotLoad> {
    let whole = fs::canonicalize(folder).map_err(|error| CannotLoad::Unreadable(folder.to_owned(), error))?;
    let name = whole.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    name.ok_or_else(|| CannotLoad::BadManifest(folder.to_owned(), "the folder's name is not UTF-8".to_owned()))
}

/// A path of `case.toml`, which must lie below the case.
fn below(folder: &Path, path: &str) -> Result<PathBuf, CannotLoad> {
    let is_below = !path.is_empty()
        && Path::new(path).components().all(|part| match part {
            Component::Normal(_) | Component::CurDir => true,
            Component::Prefix(_) | Component::RootDir | Component::ParentDir => false,
        });
    if !is_below {
        return Err(CannotLoad::Outside(folder.to_owned(), format!("case.toml names `{path}`")));
    }
    let whole = folder.join(path);
    match fs::metadata(&whole) {
        Ok(_) => Ok(whole),
        Err(_) => Err(CannotLoad::HalfCopied(folder.to_owned(), path.to_owned())),
    }
}

/// A link that stays inside of the case is part of it; one that leads out is not.
fn refuse_links_out(case: &Path) -> Result<(), CannotLoad> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |error| CannotLoad::Unreadable(path, error)
    };
    let inside = fs::canonicalize(case).map_err(unreadable(case))?;
    let mut folders = vec![case.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(unreadable(&folder))? {
            let entry = entry.map_err(unreadable(&folder))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(unreadable(&path))?;
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_symlink() {
                let says = || format!("{} is a link", path.strip_prefix(case).unwrap_or(&path).display());
                match fs::canonicalize(&path) {
                    Ok(target) if target.starts_with(&inside) => {}
                    Ok(_) => return Err(CannotLoad::Outside(case.to_owned(), says())),
                    Err(_) => return Err(CannotLoad::HalfCopied(case.to_owned(), format!("what {} points at", path.display()))),
                }
            }
        }
    }
    Ok(())
}

/// The arguments as they would be typed, through the command line's own parser.
fn request(folder: &Path, manifest: &Manifest, parse: Parse) -> Result<Request, CannotLoad> {
    let bad = |why: &str| CannotLoad::BadFlags(folder.to_owned(), why.to_owned());
    let broker = manifest.broker.as_deref().map(|path| below(folder, path)).transpose()?;
    let mut arguments =
        vec![format!("--broker={}", broker.as_ref().map_or_else(|| "none".into(), |path| path.to_string_lossy()))];
    let timed = [("day", &manifest.day), ("from", &manifest.from), ("until", &manifest.until), ("at", &manifest.at)];
    arguments.extend(timed.into_iter().filter_map(|(flag, value)| Some(format!("--{flag}={}", value.as_ref()?))));
    arguments.extend(manifest.flags.iter().cloned());
    // The case's own settings, and no others.
    let own = folder.join(settings::FILE);
    if fs::symlink_metadata(&own).is_ok() {
        arguments.push(format!("--config={}", own.display()));
    }
    let mut request = parse(manifest.command, &arguments).map_err(|error| bad(error.trim()))?;
    if request.directory != Path::new(".") {
        return Err(CannotLoad::Outside(folder.to_owned(), format!("its flags name {}", request.directory.display())));
    }
    if request.audit.is_some() && request.window.at.is_none() {
        return Err(bad("an audit needs `at`, or it would be another one tomorrow"));
    }
    let outside = |what: &str| CannotLoad::Outside(folder.to_owned(), format!("{} names {what}", settings::FILE));
    if let Some(file) = request.settings_file.as_ref().filter(|file| Path::new(&file.path) != own) {
        return Err(CannotLoad::Outside(folder.to_owned(), format!("its flags name {}", file.path)));
    }
    if let Some(path) = request.layout.outside() {
        return Err(outside(path));
    }
    // As it was given: the flag's text may have lost what is not UTF-8.
    request.broker = broker;
    request.live = None;
    request.directory = folder.to_owned();
    Ok(request)
}
