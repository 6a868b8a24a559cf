//! What a run reads is never written over.

#![expect(clippy::disallowed_methods, reason = "the edge: where the files lie that a run reads and writes")]

use std::fs;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::Request;
use crate::brokers::recording::is_of_a_recording;
use crate::read;

/// Refuses a file to write that this run reads, or that the next one would read.
pub(super) fn file(request: &Request, output: &Path) -> Result<(), Failure> {
    let target = real(output);
    let directory = real(&request.directory);
    let path = target.strip_prefix(&directory).unwrap_or(&target);
    let is_the_bots = path.to_str().is_some_and(|path| request.layout.claim(path).is_some());
    let is_kept = || inputs(request).iter().any(|input| real(input) == target || is_same(input, output));
    if is_the_bots || is_kept() {
        let says = format!("{} is read by tapecheck, and is not written over: give another --output", output.display());
        return Err(Failure::Usage(says));
    }
    Ok(())
}

/// Refuses a folder to write in which there is something that this run reads.
pub(super) fn folder(request: &Request, output: &Path) -> Result<(), Failure> {
    let target = real(output);
    let within = inputs(request).into_iter().chain([request.directory.clone()]).find(|input| real(input).starts_with(&target));
    match within {
        Some(input) => Err(Failure::Usage(format!(
            "{} holds {}, which this run reads, and is not written over: give another folder",
            output.display(),
            input.display()
        ))),
        None => Ok(()),
    }
}

/// Refuses a file to write that lies in one of these cases.
pub(super) fn cases(cases: &[PathBuf], output: &Path) -> Result<(), Failure> {
    let target = real(output);
    match cases.iter().find(|case| target.starts_with(real(case))) {
        Some(case) => Err(Failure::Usage(format!(
            "{} lies in the case {}, which is not written to: give another --output",
            output.display(),
            case.display()
        ))),
        None => Ok(()),
    }
}

/// Every file that a run reads.
fn inputs(request: &Request) -> Vec<PathBuf> {
    let mut inputs: Vec<PathBuf> = read::files(&request.directory, &request.layout).into_iter().map(|(_, file)| file).collect();
    inputs.push(request.directory.join(".env"));
    inputs.extend(request.settings_file.as_ref().map(|file| PathBuf::from(&file.path)));
    if let Some(broker) = &request.broker {
        // Of one of its files the others are read, too.
        let folder = if broker.is_dir() { Some(broker.as_path()) } else { broker.parent() };
        let entries = folder.map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder }).map(fs::read_dir);
        let names = entries.and_then(Result::ok).into_iter().flatten().flatten();
        inputs.extend(names.filter(|entry| entry.file_name().to_str().is_some_and(is_of_a_recording)).map(|entry| entry.path()));
        inputs.push(broker.clone());
    }
    inputs
}

/// A path without links, though it need not be there yet.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    let folder = path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) if folder != path => real(folder).join(name),
        _ => path.to_owned(),
    }
}

/// The same file under two names.
#[cfg(unix)]
fn is_same(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let known = |path: &Path| fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|there| (there.dev(), there.ino()));
    known(one).is_some_and(|one| known(other) == Some(one))
}

/// Elsewhere a file has the one name that it is known by.
#[cfg(not(unix))]
fn is_same(_one: &Path, _other: &Path) -> bool {
    false
}
