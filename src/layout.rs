//! Where the bot's files lie: the paths of the formats, those that the settings name instead, and logs that the settings map.

#![expect(clippy::disallowed_methods, reason = "the edge: here the bot's files are found")]

use glob::{MatchOptions, Pattern};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::books::{self, BookFormat};
use crate::logs::{self, Reader, custom::Mapping};

/// Where the bot's files lie.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// Paths that are set, by the name of the format; all others have theirs.
    pub paths: BTreeMap<&'static str, Vec<String>>,
    /// Logs that are read by the fields that the settings name.
    pub custom: Vec<CustomLog>,
}

/// A log of a bot with a format of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomLog {
    /// Paths, whose parts may have `*`, `?` and `[…]`.
    pub files: Vec<String>,
    /// Each file is one record, and not one a line.
    pub document: bool,
    /// How a record is read.
    pub mapping: Arc<Mapping>,
}

/// How a file is read.
#[derive(Clone)]
pub enum Format {
    /// Line by line.
    Log(Reader),
    /// A state file of this bot's, as a whole.
    Book(&'static BookFormat),
    /// A state file that the settings map, as a whole.
    Document(Arc<Mapping>),
}

/// The name that reports use for a state file that the settings map.
pub const DOCUMENT: &str = "custom_document";

/// A file that is there.
pub struct Found {
    /// Its path below the bot's directory, or an absolute one.
    pub path: String,
    /// Where it is.
    pub file: PathBuf,
    /// How it is read.
    pub format: Format,
}

/// A file that should be there and is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The name of its format.
    pub format: &'static str,
    /// Where it should be.
    pub path: String,
    /// It is a state file, which describes one moment alone.
    pub is_book: bool,
}

/// A path that may be of many files, and how they are read.
struct Place<'a> {
    path: &'a str,
    format: Format,
    /// A file must be there.
    required: bool,
}

impl Place<'_> {
    /// Whether it also stands for rotated and compressed files.
    fn is_log(&self) -> bool {
        match self.format {
            Format::Log(_) => true,
            Format::Book(_) | Format::Document(_) => false,
        }
    }

    /// Whether a path is one of its files.
    fn has(&self, path: &str) -> bool {
        let base = if self.is_log() { without_rotation(path) } else { path };
        matches(self.path, path) || matches(self.path, base)
    }

    /// The name of its format.
    fn name(&self) -> &'static str {
        match &self.format {
            Format::Log(reader) => reader.name(),
            Format::Book(format) => format.name,
            Format::Document(_) => DOCUMENT,
        }
    }

    fn missing(&self) -> Missing {
        Missing { format: self.name(), path: self.path.to_owned(), is_book: !self.is_log() }
    }

    fn is_custom(&self) -> bool {
        match &self.format {
            Format::Log(Reader::Custom(_)) | Format::Document(_) => true,
            Format::Log(Reader::Format(_)) | Format::Book(_) => false,
        }
    }
}

impl Layout {
    /// Every place, those that the settings name first: they take a file away from the others.
    fn places(&self) -> Vec<Place<'_>> {
        let mut places = Vec::new();
        for log in &self.custom {
            let format = if log.document {
                Format::Document(log.mapping.clone())
            } else {
                Format::Log(Reader::Custom(log.mapping.clone()))
            };
            places.extend(log.files.iter().map(|path| Place { path, format: format.clone(), required: true }));
        }
        for format in logs::ALL {
            let set = self.paths.get(format.name);
            let required = set.is_some() || (format.paths.contains(&logs::OWN_ACCOUNT) && !self.is_another_bots());
            let paths = set.map_or_else(|| format.paths.to_vec(), |set| set.iter().map(String::as_str).collect());
            let place = |path| Place { path, format: Format::Log(Reader::Format(format)), required };
            places.extend(paths.into_iter().map(place));
        }
        for format in books::ALL {
            let set = self.paths.get(format.name);
            let required = set.is_some() || (format.required && !self.is_another_bots());
            let paths = set.map_or_else(|| vec![format.path], |set| set.iter().map(String::as_str).collect());
            places.extend(paths.into_iter().map(|path| Place { path, format: Format::Book(format), required }));
        }
        places.sort_by_key(|place| !place.required);
        places
    }

    /// A bot that keeps account of its trades in a log that the settings map need not have the files of the bot that is known.
    pub fn is_another_bots(&self) -> bool {
        self.custom.iter().any(|log| log.mapping.moves())
    }

    /// A path that leads out of the bot's directory, if there is one.
    pub fn outside(&self) -> Option<&str> {
        let set = self.paths.values().flatten().chain(self.custom.iter().flat_map(|log| &log.files));
        let leads_out = |path: &&String| path.starts_with('/') || path.split('/').any(|part| part == "..");
        set.into_iter().find(leads_out).map(String::as_str)
    }

    /// The format that claims a path.
    pub fn claim(&self, path: &str) -> Option<Format> {
        self.claims(std::iter::once(path)).pop().flatten()
    }

    /// The formats that claim these paths.
    pub fn claims<'a>(&self, paths: impl Iterator<Item = &'a str>) -> Vec<Option<Format>> {
        let places = self.places();
        paths.map(|path| places.iter().find(|place| place.has(path)).map(|place| place.format.clone())).collect()
    }

    /// Whether a path is a log's, to be read line by line.
    pub fn is_log(&self, path: &str) -> bool {
        matches!(self.claim(path), Some(Format::Log(_)))
    }

    /// Whether a log is the bot's account of its trades, without which nothing could be checked.
    pub fn is_own_account(&self, path: &str) -> bool {
        match self.claim(path) {
            Some(Format::Log(Reader::Custom(mapping))) => mapping.moves(),
            Some(Format::Log(Reader::Format(format))) => format.paths.contains(&logs::OWN_ACCOUNT),
            Some(Format::Book(_) | Format::Document(_)) | None => false,
        }
    }

    /// The path without rotation and compression, if it is a log's.
    pub fn base_of<'a>(&self, path: &'a str) -> &'a str {
        let base = without_rotation(path);
        if self.is_log(path) && self.claim(base).is_some() { base } else { path }
    }

    /// The format of a file of this name, wherever it lies.
    pub fn format_of_name(&self, path: &str) -> Option<&'static str> {
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let own = name(without_rotation(path));
        self.places().iter().find(|place| name(place.path) == own).map(Place::name)
    }

    /// The files that are there, sorted by path.
    pub fn find(&self, directory: &Path) -> Vec<Found> {
        let mut found: BTreeMap<String, Found> = BTreeMap::new();
        let mut listings = Listings { directory, listed: BTreeMap::new() };
        for place in self.places() {
            for path in there(&mut listings, &place) {
                let file = directory.join(&path);
                found.entry(path.clone()).or_insert(Found { path, file, format: place.format.clone() });
            }
        }
        found.into_values().collect()
    }

    /// The required files of which none is among these paths. Without the bot's own account of its trades there is nothing to hold the other
    /// books against.
    pub fn missing<'a>(&self, paths: impl Iterator<Item = &'a str> + Clone) -> Vec<Missing> {
        let places = self.places();
        let is_there = |place: &&Place<'_>| paths.clone().any(|path| place.has(path));
        // One of several paths of a format is enough.
        let has_other = |place: &Place<'_>| {
            let mut others = places.iter().filter(|other| other.name() == place.name());
            !place.is_custom() && others.any(|other| is_there(&other))
        };
        let lacking = places.iter().filter(|place| place.required && !is_there(place) && !has_other(place));
        lacking.map(Place::missing).collect()
    }
}

/// Whether a path fits a pattern, part by part.
fn matches(pattern: &str, path: &str) -> bool {
    let options = MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
    let fits = || Pattern::new(pattern).is_ok_and(|pattern| pattern.matches_with(path, options));
    pattern == path || (is_pattern(pattern) && fits())
}

fn is_pattern(part: &str) -> bool {
    part.contains(['*', '?', '['])
}

/// The files of a place. A path without a pattern is one file, and beside it, for a log, what was rotated and compressed.
fn there(listings: &mut Listings<'_>, place: &Place<'_>) -> Vec<String> {
    let (folder, name) = place.path.rsplit_once('/').map_or(("", place.path), |(folder, name)| (folder, name));
    if !place.is_log() && !is_pattern(place.path) {
        let is_there = fs::symlink_metadata(listings.directory.join(place.path)).is_ok();
        return if is_there { vec![place.path.to_owned()] } else { Vec::new() };
    }
    let absolute = if place.path.starts_with('/') { "/" } else { "" };
    let (mut folders, mut unlisted) = (vec![absolute.to_owned()], Vec::new());
    for part in folder.split('/').filter(|part| !part.is_empty()) {
        folders = folders.iter().flat_map(|folder| below(listings, folder, part, &mut unlisted)).collect();
    }
    folders.iter().flat_map(|folder| names(listings, folder, name, place)).chain(unlisted).collect()
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() || folder.ends_with('/') { format!("{folder}{name}") } else { format!("{folder}/{name}") }
}

/// The folders that fit a part of a path. One that cannot be listed is not empty: it is told as it stands, so that opening it tells why.
fn below(listings: &mut Listings<'_>, folder: &str, part: &str, unlisted: &mut Vec<String>) -> Vec<String> {
    if !is_pattern(part) {
        return vec![joined(folder, part)];
    }
    match listings.names(folder) {
        Ok(folders) => folders.iter().filter(|name| matches(part, name)).map(|name| joined(folder, name)).collect(),
        Err(kind) if is_no_folder(*kind) => Vec::new(),
        Err(_) => {
            unlisted.push(joined(folder, part));
            Vec::new()
        }
    }
}

/// There is no such folder, or it is a file: nothing is in it.
fn is_no_folder(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// `run.jsonl`, and beside it `run.jsonl.1`, `run.jsonl.gz`, `run.jsonl.2.zst`, ….
///
/// A folder that is not there has none. One that cannot be listed is not empty: the plain path is tried, so that opening it tells why.
fn names(listings: &mut Listings<'_>, folder: &str, name: &str, place: &Place<'_>) -> Vec<String> {
    match listings.names(folder) {
        Ok(names) => {
            // Rotation and compression are added at the end: all of a log's files begin with its name.
            let begins = if is_pattern(name) { "" } else { name };
            let of_the_name = names.range(begins.to_owned()..).take_while(|other| other.starts_with(begins));
            of_the_name.map(|name| joined(folder, name)).filter(|path| place.has(path)).collect()
        }
        Err(kind) if is_no_folder(*kind) && (*kind == io::ErrorKind::NotFound || is_pattern(place.path)) => Vec::new(),
        Err(_) => vec![joined(folder, name)],
    }
}

/// What folders hold. Each is listed once, however many files are looked for in it.
struct Listings<'a> {
    directory: &'a Path,
    listed: BTreeMap<String, Result<BTreeSet<String>, io::ErrorKind>>,
}

impl Listings<'_> {
    fn names(&mut self, folder: &str) -> &Result<BTreeSet<String>, io::ErrorKind> {
        if !self.listed.contains_key(folder) {
            let names = listed(&self.directory.join(folder)).map_err(|error| error.kind());
            self.listed.insert(folder.to_owned(), names);
        }
        &self.listed[folder]
    }
}

fn listed(folder: &Path) -> io::Result<BTreeSet<String>> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    // A name that is no text is told as it is shown: it cannot be opened, and so it is not passed over.
    Ok(entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}

/// A path without a rotation number and a compression at its end.
fn without_rotation(path: &str) -> &str {
    let is_added =
        |part: &str| part == "gz" || part == "zst" || (!part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    let mut base = path;
    while let Some((rest, last)) = base.rsplit_once('.') {
        if !is_added(last) || last.contains('/') || rest.is_empty() || rest.ends_with('/') {
            break;
        }
        base = rest;
    }
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a folder holds that cannot be listed is not known, and the one who asks is told so, not that there is nothing.
    #[cfg(unix)]
    #[test]
    fn a_folder_that_cannot_be_listed_is_not_empty() {
        let folder = tempfile::TempDir::new().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/trades-1.jsonl"), "").unwrap();
        fs::write(folder.path().join("no-folder"), "").unwrap();
        std::os::unix::fs::symlink("b", folder.path().join("b")).unwrap();
        let found = |path: &str| {
            let paths = BTreeMap::from([("attribution", vec![path.to_owned()])]);
            let layout = Layout { paths, ..Layout::default() };
            layout.find(folder.path()).into_iter().map(|found| found.path).collect::<Vec<_>>()
        };
        assert_eq!(found("*/trades-*.jsonl"), ["a/trades-1.jsonl", "b/trades-*.jsonl"]);
        assert_eq!(found("b/*/trades.jsonl"), ["b/*"]);
        assert_eq!(found("gone/*/trades.jsonl"), [""; 0]);
    }

    #[test]
    fn a_rotated_log_is_the_same_log() {
        for path in ["a/run.jsonl", "a/run.jsonl.1", "a/run.jsonl.2.gz", "a/run.jsonl.zst"] {
            assert_eq!(without_rotation(path), "a/run.jsonl");
        }
        for path in ["a/run.jsonl.old", "a/2026", ".1", "a.1/run.jsonl", "a/.1"] {
            assert_eq!(without_rotation(path), path);
        }
    }
}
