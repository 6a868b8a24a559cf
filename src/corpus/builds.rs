//! `corpus diff`: what two builds say of the same cases.

#![expect(clippy::disallowed_methods, reason = "the edge: here results are read, and other builds are run")]

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::changes::{Change, changes};
use super::document::SCHEMA;
use super::told::wrapped;
use super::verdict::Verdict;
use crate::outputs::paint::Look;

/// What a build says of each case: its verdict, or why there is none.
pub type Said = BTreeMap<String, Result<Verdict, String>>;

/// Why a build's side could not be had.
#[derive(Debug, thiserror::Error)]
pub enum CannotAsk {
    /// The file could not be read, or not run.
    #[error("{0}: {1}; give a tapecheck binary, or a file written by `tapecheck corpus run --format json`")]
    Unreadable(PathBuf, io::Error),
    /// What it gave is no result of a run.
    #[error("{0}: {1}; it is no result of `tapecheck corpus run --format json`, or of a build that has no such command")]
    NoResult(PathBuf, String),
}

#[derive(Deserialize)]
struct Wire {
    schema: String,
    cases: Vec<CaseWire>,
}

#[derive(Deserialize)]
struct CaseWire {
    name: String,
    path: String,
    why: Option<String>,
    report: Option<Value>,
}

/// Asks a build: runs the binary over the cases, or reads the result of a run.
pub fn ask(build: &Path, paths: &[PathBuf]) -> Result<Said, CannotAsk> {
    let unreadable = |error| CannotAsk::Unreadable(build.to_owned(), error);
    let bytes = fs::read(build).map_err(unreadable)?;
    if bytes.trim_ascii_start().starts_with(b"{") {
        return said(build, &bytes, "");
    }
    // A bare name would be looked for elsewhere.
    let whole = fs::canonicalize(build).map_err(unreadable)?;
    let output =
        Command::new(whole).args(["corpus", "run", "--format", "json", "--"]).args(paths).output().map_err(unreadable)?;
    said(build, &output.stdout, &String::from_utf8_lossy(&output.stderr))
}

fn said(build: &Path, bytes: &[u8], error: &str) -> Result<Said, CannotAsk> {
    let no_result = |why: String| CannotAsk::NoResult(build.to_owned(), why);
    let told = |parsed: serde_json::Error| error.lines().next().map_or_else(|| parsed.to_string(), str::to_owned);
    let wire: Wire = serde_json::from_slice(bytes).map_err(|parsed| no_result(told(parsed)))?;
    if wire.schema != SCHEMA {
        return Err(no_result(format!("its schema is {}, not {SCHEMA}", wire.schema)));
    }
    let verdict = |case: &CaseWire| match (&case.report, &case.why) {
        (Some(report), _) => Verdict::of(report).map_err(|error| error.to_string()),
        (None, why) => Err(why.clone().unwrap_or_else(|| "there is no report".to_owned())),
    };
    // A corpus lies elsewhere on another machine; its cases have their names everywhere.
    let names: BTreeSet<&str> = wire.cases.iter().map(|case| case.name.as_str()).collect();
    let is_named = names.len() == wire.cases.len();
    let key = |case: &CaseWire| if is_named { case.name.clone() } else { case.path.clone() };
    Ok(wire.cases.iter().map(|case| (key(case), verdict(case))).collect())
}

/// What two builds say of one case.
#[derive(Debug, PartialEq, Eq)]
pub enum Compared {
    /// The same.
    Same,
    /// Not the same.
    Changed(Vec<Change>),
    /// One of them could not check it, or did not see it: which, and why.
    CouldNotCheck(Vec<String>),
}

/// Holds the two against each other, case by case.
pub fn compare(old: &Said, new: &Said) -> Vec<(String, Compared)> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let compared = names.into_iter().map(|name| {
        let one = match (old.get(name), new.get(name)) {
            (Some(Ok(was)), Some(Ok(is))) => match changes(was, is) {
                changes if changes.is_empty() => Compared::Same,
                changes => Compared::Changed(changes),
            },
            (was, is) => Compared::CouldNotCheck([("old", was), ("new", is)].into_iter().filter_map(unchecked).collect()),
        };
        (name.clone(), one)
    });
    compared.collect()
}

fn unchecked((build, said): (&str, Option<&Result<Verdict, String>>)) -> Option<String> {
    match said {
        None => Some(format!("the {build} build did not see it")),
        Some(Err(why)) => Some(format!("the {build} build could not check it: {why}")),
        Some(Ok(_)) => None,
    }
}

/// The exit status: as that of a run.
pub fn exit_status(compared: &[(String, Compared)]) -> u8 {
    let any = |is: fn(&Compared) -> bool| compared.iter().any(|(_, one)| is(one));
    match (any(|one| matches!(one, Compared::Changed(_))), any(|one| matches!(one, Compared::CouldNotCheck(_)))) {
        (true, _) => 1,
        (false, true) => 2,
        (false, false) => 0,
    }
}

/// For people.
pub fn text(compared: &[(String, Compared)], look: &Look) -> String {
    let mut out = String::new();
    let (mut same, mut changed, mut unchecked) = (0, 0, 0);
    for (name, one) in compared {
        match one {
            Compared::Same => {
                same += 1;
                if look.verbose {
                    out.push_str(&format!("same     {name}\n"));
                }
            }
            Compared::Changed(changes) => {
                changed += 1;
                out.push_str(&format!("CHANGED  {name}\n"));
                for change in changes {
                    wrapped(&mut out, look, "", &change.to_string());
                }
            }
            Compared::CouldNotCheck(reasons) => {
                unchecked += 1;
                out.push_str(&format!("?        {name}\n"));
                for reason in reasons {
                    wrapped(&mut out, look, "", reason);
                }
            }
        }
    }
    if look.quiet {
        out.clear();
    }
    out.push_str(&format!("{} cases: {same} same, {changed} changed, {unchecked} could not be checked\n", compared.len()));
    out
}

/// For programs.
pub fn document(compared: &[(String, Compared)]) -> String {
    let cases = compared.iter().map(|(name, one)| match one {
        Compared::Same => json!({"case": name, "status": "same"}),
        Compared::Changed(changes) => {
            let says: Vec<String> = changes.iter().map(ToString::to_string).collect();
            json!({"case": name, "status": "changed", "changes": says})
        }
        Compared::CouldNotCheck(reasons) => json!({"case": name, "status": "could_not_check", "why": reasons}),
    });
    format!("{:#}\n", json!({"schema": "tapecheck.corpus-diff/1", "cases": cases.collect::<Vec<_>>()}))
}
