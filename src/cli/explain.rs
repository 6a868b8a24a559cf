//! `tapecheck explain`.

use clap::Args;
use itertools::Itertools;
use std::fmt::Write as _;

use super::{Failure, Output};
use crate::catalogue::{self, Entry};
use crate::outputs::paint::Look;

const EXAMPLES: &str = "\
Examples:
  tapecheck explain
  tapecheck explain scale_out_wrong_side";

/// Says what a kind of break, a cause, a check or an integrity reason means; without CODE, lists them all.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Explain {
    /// A code as it stands in a report, such as scale_out_wrong_side
    code: Option<String>,
}

impl Explain {
    pub(super) fn run(self, look: Look) -> Result<Output, Failure> {
        let entries = catalogue::entries();
        let Some(code) = self.code else { return Ok(Output::shown(list(&entries))) };
        let wanted = code.to_ascii_lowercase().replace('-', "_");
        let found: Vec<&Entry> = entries.iter().filter(|entry| entry.code == wanted).collect();
        if found.is_empty() {
            return Err(Failure::Usage(format!(
                "there is no code `{code}`{}; `tapecheck explain` lists them",
                nearest(&wanted, &entries)
            )));
        }
        Ok(Output::shown(found.into_iter().map(|entry| told(entry, &look)).join("\n")))
    }
}

fn list(entries: &[Entry]) -> String {
    let mut out = String::new();
    let mut sort = "";
    for entry in entries {
        if entry.sort != sort {
            sort = entry.sort;
            let _ = writeln!(out, "{}{sort}:", if out.is_empty() { "" } else { "\n" });
        }
        let _ = writeln!(out, "  {:<24} {}", entry.code, entry.meaning.split_inclusive(['.', ':']).next().unwrap_or_default());
    }
    out
}

fn told(entry: &Entry, look: &Look) -> String {
    let mut out = format!("{} ({})\n", entry.code, entry.sort);
    let mut part = |label: &str, text: &str| {
        let options = textwrap::Options::new(look.width.min(100)).subsequent_indent("            ").initial_indent("  ");
        let _ = writeln!(out, "{}", textwrap::fill(&format!("{label:<10}{text}"), options));
    };
    part("meaning", entry.meaning);
    if let Some(evidence) = entry.evidence {
        part("evidence", evidence);
    }
    if let Some(remedy) = entry.remedy {
        part("do", remedy);
    }
    if let Some(case) = entry.case {
        let folder = format!("corpus/{case} --broker corpus/{case}/broker");
        let _ = match entry.now {
            Some(now) => writeln!(out, "  see it:   tapecheck audit {folder} --at {now}"),
            None => writeln!(out, "  see it:   tapecheck replay {folder}"),
        };
    }
    out
}

/// A code that shares the longest beginning or a word with what was typed.
fn nearest(wanted: &str, entries: &[Entry]) -> String {
    let shared = |code: &str| wanted.chars().zip(code.chars()).take_while(|(one, two)| one == two).count();
    let best = entries
        .iter()
        .max_by_key(|entry| (shared(entry.code), entry.code.split('_').filter(|word| wanted.contains(word)).count()));
    best.filter(|entry| shared(entry.code) >= 3).map_or_else(String::new, |entry| format!(" (did you mean `{}`?)", entry.code))
}
