//! Writing a case: into a folder beside, checked there, then put in its place at once.

#![expect(clippy::disallowed_methods, reason = "the edge: here a case is written")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::bot::Texts;
use super::{CannotAdd, Wanted};
use crate::brokers::Recording;
use crate::brokers::recording::{self, CannotWrite, Existing};
use crate::corpus::case::{ACCEPTED, Case, Command, Given, MANIFEST, Manifest, Parse};

/// Refuses a name that is none, and a case that is there already.
pub fn check_target(wanted: &Wanted) -> Result<(), CannotAdd> {
    let name = &wanted.manifest.name;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if name.is_empty() || name.starts_with('-') || !is_name {
        return Err(CannotAdd::BadName(name.clone()));
    }
    let target = wanted.into.join(name);
    match (fs::symlink_metadata(&target), wanted.existing) {
        (Ok(metadata), _) if !metadata.is_dir() => Err(CannotAdd::Exists(target)),
        (Ok(_), Existing::Keep) => Err(CannotAdd::Exists(target)),
        (Ok(_), Existing::Replace) | (Err(_), _) => Ok(()),
    }
}

/// Writes the case, replays it where it was written, and keeps what it gives as accepted.
pub fn write(wanted: &Wanted, texts: &Texts, recording: Option<&Recording>, parse: Parse) -> Result<(PathBuf, Given), CannotAdd> {
    let name = &wanted.manifest.name;
    // The case's own name must be its folder's from the beginning.
    let beside = wanted.into.join(format!(".{name}.tmp-{}", std::process::id()));
    let made = beside.join(name);
    let target = wanted.into.join(name);
    let written = fill(&made, wanted, texts, recording, parse);
    let placed = written.and_then(|given| place(&beside, &made, &target).map_err(CannotAdd::from).map(|()| given));
    // Whatever is left there is ours; the first error is the one to tell.
    drop(fs::remove_dir_all(&beside));
    Ok((target, placed?))
}

fn fill(made: &Path, wanted: &Wanted, texts: &Texts, recording: Option<&Recording>, parse: Parse) -> Result<Given, CannotAdd> {
    for (path, text) in texts {
        recording::keep(&made.join(path), text.as_bytes())?;
    }
    if let Some(recording) = recording {
        recording.write(&made.join("broker"), Existing::Replace)?;
    }
    recording::keep(&made.join(MANIFEST), manifest(&wanted.manifest).as_bytes())?;
    let given = Case::load(made, parse)?.given()?;
    recording::keep(&made.join(ACCEPTED), given.text().as_bytes())?;
    let folders = texts.iter().filter_map(|(path, _)| made.join(path).parent().map(Path::to_owned));
    for folder in folders.chain([made.to_owned()]).collect::<BTreeSet<PathBuf>>() {
        recording::sync_folder(&folder)?;
    }
    Ok(given)
}

/// One rename puts the case in its place; one that was there goes only when the new one is whole.
fn place(beside: &Path, made: &Path, target: &Path) -> Result<(), CannotWrite> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| CannotWrite::Io { path, source }
    };
    if fs::symlink_metadata(target).is_ok() {
        fs::rename(target, beside.join("replaced")).map_err(failed(target))?;
    }
    fs::rename(made, target).map_err(failed(target))?;
    target.parent().map_or(Ok(()), recording::sync_folder)
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
