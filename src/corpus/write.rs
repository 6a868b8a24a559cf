//! Writing a case: into a folder beside, checked there, then put in its place at once.

#![expect(clippy::disallowed_methods, reason = "the edge: here a case is written")]

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::add::Texts;
use super::case::{ACCEPTED, CannotLoad, Case, Command, Given, MANIFEST, Manifest, Parse};
use crate::Request;
use crate::brokers::Recording;
use crate::brokers::recording::{self, CannotWrite, Existing};
use crate::settings;
use crate::whole::{self, Staged};

/// A case that is to be written.
#[derive(Debug)]
pub struct New<'a> {
    /// The folder that the case's folder is made in.
    pub into: &'a Path,
    /// What becomes of a case that is already there.
    pub existing: Existing,
    /// What `case.toml` will say.
    pub manifest: &'a Manifest,
    /// The bot's files.
    pub texts: &'a Texts,
    /// The text of its settings, if it has any.
    pub settings: Option<&'a str>,
    /// The broker's answers.
    pub recording: Option<&'a Recording>,
}

/// Why a case was not written.
#[derive(Debug, thiserror::Error)]
pub enum CannotMake {
    /// A name that is no folder's.
    #[error("`{0}` cannot be a case's name: letters, digits, `-` and `_`, such as scale-out-that-bought")]
    BadName(String),
    /// There is one of that name.
    #[error("{0} is already there; give another name, or --replace")]
    Exists(PathBuf),
    /// What is there is no case, and is not replaced by one.
    #[error("{0} is already there, and is no case: --replace puts a case in the place of a case only; give another name")]
    NoCase(PathBuf),
    /// It would lie in what it is made of, or the other way round.
    #[error("{0} would be written over what it is made of, {1}: give another --output, beside it")]
    OverInput(PathBuf, PathBuf),
    /// Settings that read what is not in the bot's directory.
    #[error("{0} names {1}, which lies outside of the bot's directory: a case reads nothing outside of its folder")]
    Outside(String, String),
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] CannotWrite),
    /// It was written, and cannot be loaded.
    #[error(transparent)]
    Load(#[from] CannotLoad),
    /// It was written, and is not what it was made to be.
    #[error("no case was made: what was written {0}")]
    NotWhatItShouldBe(String),
}

/// Refuses settings that lead out of the bot's directory.
pub fn check_inside(request: &Request) -> Result<(), CannotMake> {
    let file = request.settings_file.as_ref().map_or(settings::FILE, |file| &file.path);
    request.layout.outside().map_or(Ok(()), |path| Err(CannotMake::Outside(file.to_owned(), path.to_owned())))
}

/// Refuses a name that is none, and a case that is there already.
pub fn check_target(into: &Path, name: &str, existing: Existing) -> Result<(), CannotMake> {
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if name.is_empty() || name.starts_with('-') || !is_name {
        return Err(CannotMake::BadName(name.to_owned()));
    }
    let target = into.join(name);
    match (fs::symlink_metadata(&target), existing) {
        (Ok(metadata), _) if !metadata.is_dir() => Err(CannotMake::Exists(target)),
        (Ok(_), Existing::Keep) => Err(CannotMake::Exists(target)),
        (Ok(_), Existing::Replace) if !target.join(MANIFEST).is_file() => Err(CannotMake::NoCase(target)),
        (Ok(_), Existing::Replace) | (Err(_), _) => Ok(()),
    }
}

/// Refuses a case that would lie inside of what it is made of, or around it.
pub fn check_apart(into: &Path, name: &str, input: &Path) -> Result<(), CannotMake> {
    let input_is = fs::canonicalize(input).unwrap_or_else(|_| input.to_owned());
    // What is not there yet lies below what is.
    let there = into.ancestors().find_map(|folder| {
        let known = fs::canonicalize(if folder.as_os_str().is_empty() { Path::new(".") } else { folder }).ok()?;
        Some(known.join(into.strip_prefix(folder).ok()?))
    });
    let target = there.unwrap_or_else(|| into.to_owned()).join(name);
    if target.starts_with(&input_is) || input_is.starts_with(&target) {
        return Err(CannotMake::OverInput(into.join(name), input.to_owned()));
    }
    Ok(())
}

/// Writes the case, replays it where it was written, and keeps what it gives as accepted, if that is `right`.
pub fn write(new: &New<'_>, parse: Parse, right: impl Fn(&Given) -> Result<(), String>) -> Result<(PathBuf, Given), CannotMake> {
    let target = new.into.join(&new.manifest.name);
    let failed = |source: io::Error| CannotWrite::Io { path: target.clone(), source };
    whole::make_folder(new.into).map_err(failed)?;
    // Beside it, and yet under its own name: the case's name must be its folder's from the beginning.
    let staged = Staged::beside(&target).map_err(failed)?;
    let given = fill(staged.folder(), new, parse)?;
    right(&given).map_err(CannotMake::NotWhatItShouldBe)?;
    // A case that was there goes as a whole, when the new one is.
    staged.place(&target, &|_| true).map_err(failed)?;
    Ok((target, given))
}

fn fill(made: &Path, new: &New<'_>, parse: Parse) -> Result<Given, CannotMake> {
    for (path, text) in new.texts {
        recording::keep(&made.join(path), text.as_bytes())?;
    }
    if let Some(recording) = new.recording {
        recording.fill(&made.join("broker"))?;
    }
    if let Some(settings) = new.settings {
        recording::keep(&made.join(settings::FILE), settings.as_bytes())?;
    }
    recording::keep(&made.join(MANIFEST), manifest(new.manifest).as_bytes())?;
    let given = Case::load(made, parse)?.given()?;
    recording::keep(&made.join(ACCEPTED), given.text().as_bytes())?;
    Ok(given)
}

/// `case.toml`, its keys in the order in which one reads them.
fn manifest(manifest: &Manifest) -> String {
    let mut out = String::new();
    // A string of JSON is one of TOML too.
    let text = |value: &str| serde_json::Value::from(value).to_string();
    let list = |values: &[String]| format!("[{}]", values.iter().map(|value| text(value)).collect::<Vec<_>>().join(", "));
    let _ = writeln!(out, "name = {}", text(&manifest.name));
    let _ = writeln!(out, "about = {}", text(&manifest.about));
    for (key, values) in [("shows", &manifest.shows), ("looks_like", &manifest.looks_like)] {
        if !values.is_empty() {
            let _ = writeln!(out, "{key} = {}", list(values));
        }
    }
    match manifest.command {
        Command::Replay => {}
        Command::Audit => {
            let _ = writeln!(out, "command = {}", text(manifest.command.name()));
        }
    }
    let keys = [
        ("broker", &manifest.broker),
        ("day", &manifest.day),
        ("from", &manifest.from),
        ("until", &manifest.until),
        ("at", &manifest.at),
    ];
    for (key, value) in keys {
        if let Some(value) = value {
            let _ = writeln!(out, "{key} = {}", text(value));
        }
    }
    if !manifest.flags.is_empty() {
        let _ = writeln!(out, "flags = {}", list(&manifest.flags));
    }
    out
}
