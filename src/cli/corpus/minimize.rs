//! `tapecheck corpus minimize`.

use clap::Args;
use itertools::Itertools;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::progress::Bar;
use super::super::{Failure, Output, selection, world};
use crate::breaks::Kind;
use crate::brokers::recording::Existing;
use crate::causes;
use crate::corpus::case::{ACCEPTED, Case, Command, MANIFEST, Manifest};
use crate::corpus::minimize::{self, Choice, Input, Minimized, Progress, Size, Wanted, Watch};
use crate::corpus::told::folded;
use crate::outputs::paint::Look;
use crate::position::Symbol;
use crate::settings::limits;

const EXAMPLES: &str = "\
Examples:
  tapecheck corpus minimize corpus/wrong-side
  tapecheck corpus minimize corpus/wrong-side --symbol HOOD --kind quantity
  tapecheck corpus minimize corpus/wrong-side --break 4f0c9a --timeout 300
  tapecheck corpus minimize bot --day 2026-02-05 -o corpus/smallest

The worst break stays if none is chosen, the earliest of those that are. The same break: the same symbol, kind, books, first failure, \
quantities and cause. No break and no warning is made that was not there before.

Exit status: 0 the case was made, also where --timeout stopped it; 2 it was not: there is no such break, say.";

/// Make a case as small as it can be while it shows the same break.
///
/// Drops symbols, then time, then lines and rows, then fields, and shortens what is left, as long as the same break stays. Each try is a
/// whole replay in memory. In the end no line and no field that is left can go alone.
///
/// The new case lies beside the old one as CASE-minimal. A bot's directory can be minimised, too; what is made of it is redacted.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Minimize {
    /// A case, or a bot's directory
    #[arg(value_name = "CASE|DIR")]
    case: PathBuf,
    /// The break is of this symbol
    #[arg(long, value_parser = selection::symbol)]
    symbol: Option<Symbol>,
    /// The break is of this kind
    #[arg(long, value_parser = kind)]
    kind: Option<Kind>,
    /// The break has this cause
    #[arg(long, value_parser = cause)]
    cause: Option<String>,
    /// The break has this id, or one that begins so
    #[arg(long = "break", value_name = "ID", value_parser = id)]
    id: Option<String>,
    /// The new case's folder (default: CASE-minimal)
    #[arg(long, short, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// Put it in the place of a case that is there
    #[arg(long)]
    replace: bool,
    /// Stop after so long, and keep the smallest so far
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, value_parser = limits::timeout)]
    timeout: f64,
    /// Of a bot's directory: one exchange day (America/New_York)
    #[arg(long, value_name = "YYYY-MM-DD")]
    day: Option<String>,
    /// Of a bot's directory: from here on (RFC 3339, or a date)
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Of a bot's directory: up to here (RFC 3339, or a date, which is included)
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Of a bot's directory: stop the tape here
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Of a bot's directory: a recording of the broker
    #[arg(long, value_name = "PATH|none")]
    broker: Option<String>,
}

fn kind(code: &str) -> Result<Kind, String> {
    let known = || Kind::ALL.iter().map(|kind| kind.code()).join(", ");
    Kind::ALL.into_iter().find(|kind| kind.code() == code).ok_or_else(|| format!("the kinds are {}", known()))
}

fn cause(code: &str) -> Result<String, String> {
    let known = || causes::ALL.iter().map(|cause| cause.code).join(", ");
    let is_known = causes::ALL.iter().any(|cause| cause.code == code);
    if is_known { Ok(code.to_owned()) } else { Err(format!("the causes are {}", known())) }
}

fn id(text: &str) -> Result<String, String> {
    let is_id = !text.is_empty() && text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id { Ok(text.to_ascii_lowercase()) } else { Err("an id has up to 12 hexadecimal digits".to_owned()) }
}

impl Minimize {
    pub(super) fn run(self, look: Look, bar: &Bar) -> Result<Output, Failure> {
        let passed = world::stopwatch();
        let wanted = self.wanted()?;
        let most = Duration::from_secs_f64(self.timeout);
        let tell = |progress: &Progress| {
            let summary = summary(progress.before, progress.now, progress.replays);
            bar.say(&look.spelt(&format!("{}: {summary}", progress.stage.name())));
        };
        let watch = Watch { is_over: &|| passed() >= most, tell: &tell };
        let minimized = minimize::minimize(&wanted, &watch, super::parsed);
        bar.clear();
        let minimized = minimized.map_err(|error| Failure::Corpus(error.to_string()))?;
        if !look.quiet {
            let summary = summary(minimized.before, minimized.after, minimized.replays);
            super::super::aside(&format!("{}, {:.1} s\n", look.spelt(&summary), passed().as_secs_f64()), false);
        }
        Ok(Output::shown(look.spelt(&told(&minimized, self.timeout, &look)).into_owned()))
    }

    fn wanted(&self) -> Result<Wanted, Failure> {
        if !self.case.exists() {
            let says = format!("{} is not there: give a case, or a bot's directory", self.case.display());
            return Err(Failure::Usage(says));
        }
        let is_case = [MANIFEST, ACCEPTED].iter().any(|file| self.case.join(file).exists());
        let (into, name) = self.target(is_case)?;
        let existing = if self.replace { Existing::Replace } else { Existing::Keep };
        let input = if is_case { self.of_case()? } else { self.of_bot()? };
        let choice = Choice { id: self.id.clone(), symbol: self.symbol.clone(), kind: self.kind, cause: self.cause.clone() };
        Ok(Wanted { input, into, name, existing, choice })
    }

    /// The folder that the case is made in, and its name there.
    fn target(&self, is_case: bool) -> Result<(PathBuf, String), Failure> {
        let usage = |text: String| Err(Failure::Usage(text));
        let name_of = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let (path, end) = match &self.output {
            Some(output) => (output.clone(), ""),
            None if is_case => {
                // `.` has a name, too.
                let whole = self.case.canonicalize().unwrap_or_else(|_| self.case.clone());
                (if name_of(&self.case).is_some() { self.case.clone() } else { whole }, "-minimal")
            }
            None => return usage("a bot's directory needs --output: the folder of the case that is made of it".to_owned()),
        };
        let into = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match name_of(&path) {
            Some(name) => Ok((into.to_owned(), format!("{name}{end}"))),
            None => usage(format!("--output {} has no name that the case could take", path.display())),
        }
    }

    fn of_case(&self) -> Result<Input, Failure> {
        let flags = [&self.day, &self.from, &self.until, &self.at, &self.broker];
        if flags.iter().any(|flag| flag.is_some()) {
            let says = "a case has its window and its broker in its case.toml: --day, --from, --until, --at and --broker are for a bot's directory";
            return Err(Failure::Usage(says.to_owned()));
        }
        let case = Case::load(&self.case, super::parsed).map_err(|error| Failure::Corpus(error.to_string()))?;
        Ok(Input::Case(Box::new(case)))
    }

    fn of_bot(&self) -> Result<Input, Failure> {
        let timed =
            [("day", &self.day), ("from", &self.from), ("until", &self.until), ("at", &self.at), ("broker", &self.broker)];
        let mut arguments: Vec<String> =
            timed.into_iter().filter_map(|(flag, value)| Some(format!("--{flag}={}", value.as_ref()?))).collect();
        arguments.extend(super::settings_of(&self.case));
        let mut request = super::without_account(super::parsed(Command::Replay, &arguments).map_err(Failure::Usage)?);
        if request.live.is_some() {
            let says =
                "a live broker answers differently each time: keep its answers with `tapecheck record`, and give the recording";
            return Err(Failure::Usage(says.to_owned()));
        }
        request.directory.clone_from(&self.case);
        let [day, from, until, at] = [&self.day, &self.from, &self.until, &self.at].map(Clone::clone);
        let manifest = Manifest {
            name: String::new(),
            about: String::new(),
            shows: Vec::new(),
            looks_like: Vec::new(),
            command: Command::Replay,
            broker: None,
            day,
            from,
            until,
            at,
            flags: Vec::new(),
        };
        Ok(Input::Bot { request: Box::new(request), manifest: Box::new(manifest) })
    }
}

/// `1,562 lines → 3 lines, 412 replays`.
fn summary(before: Size, after: Size, replays: u64) -> String {
    let has_rows = before.rows > 0;
    let replays = counted(usize::try_from(replays).unwrap_or(usize::MAX), "replay");
    format!("{} → {}, {replays}", size(before, has_rows), size(after, has_rows))
}

fn size(size: Size, has_rows: bool) -> String {
    let lines = counted(size.lines, "line");
    if has_rows { format!("{lines} and {}", counted(size.rows, "row")) } else { lines }
}

fn counted(number: usize, noun: &str) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    format!("{} {noun}{}", groups.join(","), if number == 1 { "" } else { "s" })
}

/// What was kept.
fn told(minimized: &Minimized, timeout: f64, look: &Look) -> String {
    let mut out = String::new();
    let fold = |text: String| folded(&text, look);
    let _ = writeln!(out, "made {}", minimized.folder.display());
    if look.quiet {
        return out;
    }
    let _ = writeln!(out, "{}", fold(format!("break {}", minimize::line(&minimized.found))));
    let kept: Vec<_> = minimized.files.iter().filter(|file| file.bytes > 0).collect();
    let widest = kept.iter().map(|file| file.path.len()).max().unwrap_or(0);
    for file in &kept {
        let lines = if file.of == 0 { String::new() } else { format!("{} of {} {}", file.lines, file.of, file.unit) };
        let _ = writeln!(out, "  {:<widest$}  {lines:>20}  {:>9} bytes", file.path, file.bytes);
    }
    let gone = minimized.files.len() - kept.len();
    if gone > 0 {
        let _ = writeln!(out, "cut {}", counted(gone, "whole file"));
    }
    if let Some(replaced) = minimized.replaced {
        let _ = writeln!(out, "redacted {replaced} ids");
    }
    let end = if minimized.stopped {
        format!("stopped after {timeout} s: this is the smallest so far, and more of it may go; give --timeout more seconds")
    } else {
        "minimal: no line, row or field that is left can go alone".to_owned()
    };
    let _ = writeln!(out, "{}", fold(end));
    let _ = writeln!(out, "verdict {}, breaks: {}", minimized.verdict.verdict, minimized.verdict.breaks.len());
    let folder = minimized.folder.display();
    let _ = writeln!(out, "next: look at {folder}, then tapecheck corpus run {folder}");
    out
}
