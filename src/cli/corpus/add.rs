//! `tapecheck corpus add`.

use clap::Args;
use itertools::Itertools;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::super::{Failure, Output};
use crate::brokers::recording::Existing;
use crate::corpus::add::{self, Added, Wanted};
use crate::corpus::case::{Command, Manifest};
use crate::corpus::told::folded;
use crate::outputs::paint::Look;

const EXAMPLES: &str = "\
Examples:
  tapecheck corpus add wrong-side --from bot --day 2026-02-05
  tapecheck corpus add flip --from bot --from 2026-02-05 --until 2026-02-06
  tapecheck corpus add wrong-side --from bot --broker recordings/2026-02-05
  tapecheck corpus add held-by-nobody --from bot --symbol HOOD --broker live
  tapecheck corpus add stopped --from bot --audit --at 2026-02-05T15:00:00Z

--from is given once with the bot's directory, and again with a time where the window begins: what is a directory is the directory, \
what is not is the time.

Exit status: 0 the case was made, whatever its verdict; 2 it was not.";

/// Make a case of a bot's directory: cut to a window, redacted, giving the same verdict.
///
/// It keeps the window and what its opening balance needs, as text. The case gives the verdict that the whole directory gives, or it is
/// made wider until it does; nothing is written before it does.
///
/// Ids, account numbers and keys are replaced, each by the same replacement everywhere. Look at the case before you share it: what a
/// message says in words is kept.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Add {
    /// The case's name, which its folder gets: letters, digits, - and _
    name: String,
    /// The bot's directory; again with a time: report from here on
    #[arg(long, value_name = "DIR|TIME", required = true)]
    from: Vec<String>,
    /// One exchange day (America/New_York)
    #[arg(long, value_name = "YYYY-MM-DD")]
    day: Option<String>,
    /// Report up to here (RFC 3339, or a date, which is included)
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Stop the tape here, and take it for now
    #[arg(long, visible_alias = "now", value_name = "TIME")]
    at: Option<String>,
    /// The broker: `live` reads it now; or a recording
    #[arg(long, value_name = "live|PATH|none")]
    broker: Option<String>,
    /// Only these symbols (repeatable, comma separated; default: those that broke)
    #[arg(long, value_name = "SYMBOL", value_delimiter = ',')]
    symbol: Vec<String>,
    /// A case of `audit`: the eight checks, too, as of --at
    #[arg(long, requires = "at")]
    audit: bool,
    /// What happened, in a line
    #[arg(long, value_name = "TEXT")]
    about: Option<String>,
    /// The corpus
    #[arg(long, value_name = "FOLDER", default_value = "corpus")]
    into: PathBuf,
    /// Put it in the place of a case of that name
    #[arg(long)]
    replace: bool,
}

impl Add {
    pub(super) fn run(self, look: Look) -> Result<Output, Failure> {
        let (directory, from) = self.directory_and_time()?;
        let command = if self.audit { Command::Audit } else { Command::Replay };
        let symbols = self.symbol.iter().map(|symbol| symbol.to_ascii_uppercase()).join(",");
        let flags: Vec<String> = if symbols.is_empty() { Vec::new() } else { vec![format!("--symbol={symbols}")] };
        let timed = [("day", &self.day), ("from", &from), ("until", &self.until), ("at", &self.at), ("broker", &self.broker)];
        let mut arguments: Vec<String> =
            timed.into_iter().filter_map(|(flag, value)| Some(format!("--{flag}={}", value.as_ref()?))).collect();
        arguments.extend(flags.iter().cloned());
        arguments.extend(super::settings_of(Path::new(&directory)));
        let mut request = super::without_account(super::parsed(command, &arguments).map_err(Failure::Usage)?);
        request.directory = PathBuf::from(directory);
        let has_broker = request.broker.is_some() || request.live.is_some();
        let manifest = Manifest {
            name: self.name,
            about: self.about.unwrap_or_default().trim().to_owned(),
            shows: Vec::new(),
            looks_like: Vec::new(),
            command,
            broker: has_broker.then(|| "broker".to_owned()),
            day: self.day,
            from,
            until: self.until,
            at: self.at,
            flags,
        };
        let existing = if self.replace { Existing::Replace } else { Existing::Keep };
        super::super::spared::folder(&request, &self.into.join(&manifest.name))?;
        let wanted = Wanted { into: self.into, existing, manifest, request };
        let added = add::add(wanted, super::parsed).map_err(|error| Failure::Corpus(error.to_string()))?;
        super::super::tell(&added.notices);
        Ok(Output::shown(look.spelt(&told(&added, &look)).into_owned()))
    }

    /// Of the values of `--from`, the one that is a directory, and the other one.
    fn directory_and_time(&self) -> Result<(String, Option<String>), Failure> {
        let (directories, times): (Vec<&String>, Vec<&String>) =
            self.from.iter().partition(|value| std::path::Path::new(value.as_str()).is_dir());
        match (&directories[..], &times[..]) {
            ([directory], []) => Ok(((*directory).clone(), None)),
            ([directory], [time]) => Ok(((*directory).clone(), Some((*time).clone()))),
            ([], values) => {
                let values = values.iter().join(", ");
                Err(Failure::Usage(format!("--from must name the bot's directory, and there is no directory {values}")))
            }
            (_, _) => Err(Failure::Usage("--from takes one directory and one time".to_owned())),
        }
    }
}

/// What was kept, cut and redacted.
fn told(added: &Added, look: &Look) -> String {
    let mut out = String::new();
    let fold = |text: String| folded(&text, look);
    let _ = writeln!(out, "made {}", added.folder.display());
    let symbols = added.symbols.iter().join(", ");
    let about = if symbols.is_empty() { "all symbols".to_owned() } else { format!("only {symbols}") };
    let _ = writeln!(out, "{}", fold(format!("kept {}, {about}", added.reach)));
    if let Some(change) = added.smaller.first() {
        let more = if added.smaller.len() > 1 { format!(" (+{} more)", added.smaller.len() - 1) } else { String::new() };
        let _ = writeln!(out, "{}", fold(format!("widened: with less, {change}{more}")));
    }
    let widest = added.files.iter().map(|file| file.path.len()).max().unwrap_or(0);
    for file in &added.files {
        let cut = if file.lines == 0 && file.unit == "lines" { "  (cut)" } else { "" };
        let lines = format!("{} of {} {}", file.lines, file.of, file.unit);
        let _ = writeln!(out, "  {:<widest$}  {lines:>20}  {:>9} bytes{cut}", file.path, file.bytes);
    }
    let _ = writeln!(out, "redacted {} ids", added.replaced);
    let causes = added.verdict.breaks.iter().map(|found| found.cause.code.as_str()).sorted().dedup().join(", ");
    let causes = if causes.is_empty() { causes } else { format!(" ({causes})") };
    let _ =
        writeln!(out, "{}", fold(format!("verdict {}, breaks: {}{causes}", added.verdict.verdict, added.verdict.breaks.len())));
    let _ = writeln!(out, "next: say what happened in {0}/case.toml, then tapecheck corpus run {0}", added.folder.display());
    out
}
