//! `tapecheck record`.

use clap::Args;
use itertools::Itertools;
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::progress::Bar;
use super::selection::{Reading, from, live};
use super::settings::Chosen;
use super::{Failure, Output, spared, world};
use crate::SettingsFile;
use crate::brokers::alpaca::{live::Answered, of_another_account};
use crate::brokers::recording::{CannotWrite, Existing, check_target, is_of_a_recording, keep, put};
use crate::brokers::redact::Redactor;
use crate::brokers::{Endpoint, Recording};
use crate::layout::Layout;
use crate::open::{self, Found};
use crate::read;
use crate::settings::{self, without_account};
use crate::time::{self, Time};

const EXAMPLES: &str = "\
Examples:
  tapecheck record bot -o recordings/2026-02-05
  tapecheck record bot -o incidents/hood --with-bot --redact
  tapecheck replay bot --broker recordings/2026-02-05

Exit status: 0 all of it was read and kept; 2 some of it was not.";

/// Reads the broker, and nothing but reads, and keeps its raw answers: `--broker FOLDER` replays them for ever.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Record {
    /// The bot's directory: for its .env, and for how far back to ask
    #[arg(default_value = ".", value_name = "DIR")]
    directory: PathBuf,
    /// The folder to write
    #[arg(long, short, value_name = "FOLDER")]
    output: PathBuf,
    /// Copy the bot's files too: FOLDER is then a case, with the answers in FOLDER/broker
    #[arg(long)]
    with_bot: bool,
    /// Replace account numbers, order ids and asset ids, each by the same replacement everywhere
    #[arg(long)]
    redact: bool,
    /// Ask for orders and activities from here on (default: as an audit does, a week before the last record)
    #[arg(long, value_name = "TIME", value_parser = from)]
    since: Option<Time>,
    /// Replace a recording that is already there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    chosen: Chosen,
}

impl Record {
    pub(super) fn run(self, bar: &Bar) -> Result<Output, Failure> {
        let (settings, file) = self.chosen.settings(&self.directory, self.reading.flags())?;
        let layout = settings.layout();
        spared::folder(&self.request(&layout, file.clone()), &self.output)?;
        bar.say("reading the broker");
        let mut answered = live(&settings).ask(&self.directory, self.since(&layout));
        bar.clear();
        super::tell(&answered.notices);
        if let Some(refused) = of_another_account(&answered.recording, settings.account.value.as_deref()) {
            answered.recording = refused;
        }
        let told = told(&answered);
        let Answered { mut recording, .. } = answered;
        let whole = [Endpoint::Account, Endpoint::Positions, Endpoint::Orders, Endpoint::Activities];
        let is_whole = whole.iter().all(|endpoint| recording.bodies.contains_key(endpoint));
        let mut out = told;
        if recording.bodies.is_empty() {
            out.push_str("nothing was written\n");
            return Ok(Output { text: out.into(), file: None, status: 2 });
        }
        let mut redactor = Redactor::new();
        if self.redact {
            recording = recording.redacted(&mut redactor)?;
        }
        let folder = if self.with_bot { self.output.join("broker") } else { self.output.clone() };
        if self.with_bot {
            let copied = self.keep_case(&recording, &layout, self.redact.then_some(&redactor), file.as_ref())?;
            let _ = writeln!(out, "kept in {}", folder.display());
            let _ = writeln!(out, "{copied} files of the bot copied to {}", self.output.display());
        } else {
            recording.write(&folder, self.existing())?;
            let _ = writeln!(out, "kept in {}", folder.display());
        }
        // What could not be read is told in the recording, and never looks like a success.
        Ok(Output { text: out.into(), file: None, status: if is_whole { 0 } else { 2 } })
    }

    /// What is read of the bot.
    fn request(&self, layout: &Layout, settings_file: Option<SettingsFile>) -> crate::Request {
        crate::Request { directory: self.directory.clone(), layout: layout.clone(), settings_file, ..Default::default() }
    }

    fn since(&self, layout: &Layout) -> Time {
        let request = crate::Request { audit: Some(world::clock), ..self.request(layout, None) };
        let begins = || read::bot(&self.directory, layout).ok().map(|readings| crate::since(&request, readings.span()));
        self.since.or_else(begins).unwrap_or_else(|| world::clock() - crate::AUDIT_LOOKS_BACK)
    }

    fn existing(&self) -> Existing {
        if self.force { Existing::Replace } else { Existing::Keep }
    }

    /// The files that a replay reads, the settings without which they would be read in another way, and the answers: all of it or nothing.
    fn keep_case(
        &self,
        recording: &Recording,
        layout: &Layout,
        redactor: Option<&Redactor>,
        settings: Option<&SettingsFile>,
    ) -> Result<usize, Failure> {
        if let Some(path) = layout.outside() {
            return Err(Failure::Settings(format!("{path} lies outside of the bot's directory: it is not copied by --with-bot")));
        }
        let files = read::files(&self.directory, layout);
        let answers = Endpoint::ALL.map(|endpoint| format!("broker/{}", endpoint.file()));
        let copied = files.iter().map(|(path, _)| kept_as(path, redactor.is_some()).to_owned());
        for path in answers.into_iter().chain(copied).chain(settings.map(|_| settings::FILE.to_owned())) {
            check_target(&self.output.join(path), self.existing())?;
        }
        let goes = |path: &str| {
            let is_answer = path.strip_prefix("broker/").is_some_and(is_of_a_recording);
            is_answer || path == settings::FILE || layout.claim(path).is_some()
        };
        put(&self.output, &goes, |made| {
            recording.fill(&made.join("broker"))?;
            for (path, file) in &files {
                copy(path, file, made, redactor)?;
            }
            let Some(file) = settings else { return Ok(()) };
            let text = if self.redact { without_account(&file.text) } else { file.text.clone() };
            keep(&made.join(settings::FILE), text.as_bytes())
        })?;
        Ok(files.len())
    }
}

/// Redaction works on text: what was compressed is kept plain, under a name that is read as well.
fn kept_as(path: &str, redacted: bool) -> &str {
    let plain = path.strip_suffix(".gz").or_else(|| path.strip_suffix(".zst")).unwrap_or(path);
    if redacted { plain } else { path }
}

/// Bytes of a file that are redacted at once, in memory.
const LARGEST_REDACTED: u64 = 4 << 30;

fn copy(path: &str, file: &Path, folder: &Path, redactor: Option<&Redactor>) -> Result<(), CannotWrite> {
    let failed = |source| CannotWrite::Io { path: file.to_owned(), source };
    let refused = |says: String| failed(std::io::Error::other(says));
    let mut bytes = Vec::new();
    let Some(redactor) = redactor else {
        // Neither a pipe nor a device: to copy one would never end.
        let opened = open::plain(file, &Found::at(file), 0).map_err(|reason| refused(reason.to_string()))?;
        { opened }.read_to_end(&mut bytes).map_err(failed)?;
        return keep(&folder.join(path), &bytes);
    };
    // Redaction works on text: what was compressed is kept plain, under a name that is read as well.
    let opened = read::open(file).map_err(|reason| refused(reason.to_string()))?;
    opened.take(LARGEST_REDACTED + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST_REDACTED {
        return Err(refused(format!("longer than the {LARGEST_REDACTED} bytes that are redacted at once")));
    }
    let text = redactor.text(&String::from_utf8_lossy(&bytes));
    keep(&folder.join(kept_as(path, true)), text.as_bytes())
}

/// What was read, what was not and why, and what it cost.
fn told(answered: &Answered) -> String {
    let Recording { bodies, unread, unstable, base_url, paper, .. } = &answered.recording;
    let mut out = String::new();
    if let Some(url) = base_url {
        let kind = if *paper == Some(false) { "LIVE" } else { "paper" };
        let _ = writeln!(out, "read {url} ({kind}) at {}", time::show(answered.recording.read_began));
    }
    for (endpoint, body) in bodies {
        let _ = writeln!(out, "  {:<10} {} bytes", endpoint.name(), body.text.len());
    }
    for unread in unread {
        let _ = writeln!(out, "  {:<10} NOT READ: {}", unread.endpoint.map_or("all", Endpoint::name), unread.why);
    }
    if !unstable.is_empty() {
        let _ = writeln!(out, "kept moving while they were read: {}", unstable.iter().join(", "));
    }
    let sent: u32 = answered.requests.iter().map(|request| request.tries).sum();
    let _ = writeln!(out, "{sent} requests, {:.1} s", answered.took.as_secs_f64());
    out
}
