//! `tapecheck watch`.

use clap::{Args, ValueEnum};
use itertools::Itertools;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::caching::Caching;
use super::selection::{Judging, Otherwise, Selection};
use super::telling::{Telling, Ways};
use super::{Failure, Output, selection, spared, world};
use crate::Request;
use crate::alarms::Announcement;
use crate::alarms::rules::Rules;
use crate::brokers::{Recording, Unread, recording};
use crate::follow::Asked;
use crate::outputs::announcement::{self, document};
use crate::outputs::paint::Look;
use crate::outputs::watching::Watching as Counted;
use crate::outputs::{prometheus, text};
use crate::report::Verdict;
use crate::time::Time;
use crate::watch::store::Store;
use crate::watch::{Guard, Looked};

const EXAMPLES: &str = "\
Examples:
  tapecheck watch bot --broker live
  tapecheck watch bot --broker live --interval 2m --webhook-file hook.url
  tapecheck watch bot --broker live --format json --on-event ./page-me
  tapecheck watch bot --broker live --metrics 127.0.0.1:9187

A line for what changes: OPENED, CHANGED, STANDING, RESOLVED, WITHDRAWN, PASSED; BLIND and SEES AGAIN for outages. Nothing while all is well.

Exit status: 0 it was ended (SIGTERM, SIGINT, --looks) and its state is stored; 2 it could not begin.";

/// Stay beside a bot: audit it again and again, and speak only when something changes
///
/// What is wrong is told once it was confirmed, again when it changes by much or stands for long, and when it is over. Not seeing is told,
/// too. Of the logs only what was appended is read.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Watch {
    /// The bot's directory
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// Look this often
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    interval: Duration,
    /// So many looks in a row must agree before something is told, and before it is over
    #[arg(long, value_name = "LOOKS", default_value_t = Rules::default().confirm, value_parser = clap::value_parser!(u32).range(1..=100))]
    confirm: u32,
    /// Something must have stood for so long before it is told [default: 0s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    settle: Option<Duration>,
    /// What stands is told again after this long [default: 6h]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    remind: Option<Duration>,
    /// Warnings count as breaks
    #[arg(long)]
    strict: bool,
    /// Where what must outlive the watch is stored [default: STATE_DIRECTORY, else below XDG_STATE_HOME or ~/.local/state]
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
    /// Format of the lines on stdout
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// End after so many looks
    #[arg(long, value_name = "LOOKS")]
    looks: Option<u64>,
    /// Stop the tape here, and take it for now: to try it on a recorded day
    #[arg(long, value_name = "TIME", value_parser = selection::from)]
    at: Option<Time>,
    #[command(flatten)]
    judging: Judging,
    #[command(flatten)]
    telling: Telling,
}

/// Formats of announcements.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// For people
    Text,
    /// For programs: one object a line
    Json,
}

/// A shorter interval would use up the requests that the broker grants the bot.
const SHORTEST_LIVE: Duration = Duration::from_secs(10);

/// Shorter than this nothing can be looked at.
const SHORTEST: Duration = Duration::from_millis(10);

/// While waiting for the next look, what was delivered meanwhile is noted this often.
const NOTED: Duration = Duration::from_millis(500);

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| format!("{error}; a duration looks like 90s, 5m or 6h"))?;
    if duration <= Duration::from_secs(366 * 86_400) { Ok(duration) } else { Err("a year at the most".to_owned()) }
}

impl Watch {
    pub(super) fn run(self, look: Look) -> Result<Output, Failure> {
        let request = self.request()?;
        let is_live = request.live.is_some();
        if self.interval < if is_live { SHORTEST_LIVE } else { SHORTEST } {
            let least = humantime::format_duration(if is_live { SHORTEST_LIVE } else { SHORTEST });
            return Err(Failure::Usage(format!("--interval: {least} at least, or the broker's limit of requests is used up")));
        }
        let store = self.store(&request)?;
        let signals = world::signals().map_err(|error| Failure::Usage(format!("signals cannot be waited for: {error}")))?;
        let mut ways = self.telling.ways(self.interval, &request)?;
        let (guard, notices) = Guard::begin(request.clone(), self.rules(), store);
        super::tell(&notices);
        let directory = self.directory.display().to_string();
        let counted = Counted::default();
        let mut watching = Watching { guard, request, look, format: self.format, directory, counted, is_heard: true };
        let mut looks = 0;
        loop {
            let passed = world::stopwatch();
            let goes_on = watching.look(&mut ways, &passed, self.interval)?;
            looks += 1;
            if !goes_on
                || self.looks.is_some_and(|most| looks >= most)
                || !watching.wait(self.interval, &passed, &signals, &mut ways)
            {
                break;
            }
        }
        ways.end(&mut watching.guard);
        watching.guard.end().map_err(|error| Failure::Usage(error.to_string()))?;
        Ok(Output::shown(String::new()))
    }

    fn request(&self) -> Result<Request, Failure> {
        let selection = Selection {
            directory: self.directory.clone(),
            day: None,
            from: None,
            until: None,
            at: self.at,
            judging: self.judging.clone(),
            caching: Caching::default(),
        };
        let request = selection.request(BTreeSet::new(), self.strict, Otherwise::Live)?;
        Ok(Request { audit: Some(world::clock), ..request })
    }

    fn rules(&self) -> Rules {
        let usual = Rules::default();
        let of = |given: Option<Duration>, usual| given.and_then(|given| chrono::Duration::from_std(given).ok()).unwrap_or(usual);
        Rules { confirm: self.confirm, settle: of(self.settle, usual.settle), remind: of(self.remind, usual.remind), ..usual }
    }

    fn store(&self, request: &Request) -> Result<Option<Store>, Failure> {
        let Some(folder) = self.state.clone().or_else(|| world::state_folder(&self.directory)) else {
            super::tell(&["there is no folder for what must outlive the watch (no HOME): give one with --state".to_owned()]);
            return Ok(None);
        };
        spared::folder(request, &folder)?;
        let build = world::print_of_this_build().unwrap_or_default();
        Store::open(&folder, build).map(Some).map_err(|error| Failure::Usage(error.to_string()))
    }
}

/// A watch that goes on.
struct Watching {
    guard: Guard,
    request: Request,
    look: Look,
    format: Format,
    directory: String,
    counted: Counted,
    /// Somebody reads stdout.
    is_heard: bool,
}

/// Those whom the watch tells itself.
const JOURNAL: &str = "journal";
const STDOUT: &str = "stdout";

impl Watching {
    /// Looks once, and tells what is to be told. Gives whether anybody is left to tell.
    fn look(&mut self, ways: &mut Ways, passed: &impl Fn() -> Duration, interval: Duration) -> Result<bool, Failure> {
        let own = if self.is_heard { &[JOURNAL, STDOUT][..] } else { &[JOURNAL] };
        let to: Vec<&str> = own.iter().copied().chain(ways.names()).collect();
        let request = &self.request;
        let looked = self.guard.look(&to, world::clock, |since| ask(request, since));
        super::tell(&looked.notices);
        super::tell(&looked.not_stored.iter().map(ToString::to_string).collect::<Vec<String>>());
        let took = chrono::Duration::from_std(passed()).unwrap_or(chrono::Duration::MAX);
        self.counted.looked(&looked.sight, &looked.told, self.guard.alarms(), took);
        let status = self.status(&looked);
        // Who begins with a directory that is none has mistyped it; one that goes away later is an outage.
        let looked = match looked {
            Looked { audit: Err(why), .. } if self.counted.looks() == 1 && self.guard.alarms().announced() == 0 => {
                return Err(why.into());
            }
            other => other,
        };
        if self.counted.looks() == 1 && !self.look.quiet {
            let every = humantime::format_duration(interval);
            let metrics = ways.metrics().map(|at| format!(", metrics at {at}")).unwrap_or_default();
            super::tell(&[format!("watching {} every {every}{metrics}; the first look: {status}", self.directory)]);
        }
        self.say(ways)?;
        ways.note(&mut self.guard);
        ways.send(&self.guard);
        let page = looked.audit.as_ref().map_or_else(|_| String::new(), |audit| prometheus::write(&audit.report, looked.now));
        ways.looked(&page, &self.counted, &status);
        Ok(self.is_heard || ways.names().next().is_some())
    }

    /// How it stands, in a line.
    fn status(&self, looked: &Looked) -> String {
        let standing = self.guard.alarms().standing().count();
        let stands = match standing {
            0 => "no alarm stands".to_owned(),
            1 => "1 alarm stands".to_owned(),
            _ => format!("{standing} alarms stand"),
        };
        match &looked.audit {
            Ok(audit) => {
                let why = audit.report.unchecked.first().filter(|_| audit.report.verdict == Verdict::CouldNotCheck);
                let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
                let brief = Look { quiet: true, width: 1_000, ..Look::plain() };
                format!("{}{why}; {stands}", text::write(&audit.report, &brief).split_whitespace().join(" "))
            }
            Err(why) => format!("could not look: {why}; {stands}"),
        }
    }

    /// Writes what is due to the journal, and to stdout, as long as somebody reads that.
    fn say(&mut self, ways: &Ways) -> Result<(), Failure> {
        let mut troubles = Vec::new();
        let mut journaled = Vec::new();
        for told in self.guard.due_to(JOURNAL) {
            match self.guard.journal(told.number, &document::line(told, &self.directory)?) {
                Ok(()) => journaled.push(told.number),
                Err(why) => {
                    troubles.push(why.to_string());
                    break;
                }
            }
        }
        let mut said = Vec::new();
        // What nobody read is due still, to whoever reads the next watch.
        let due = self.guard.due_to(STDOUT).filter(|_| self.is_heard).collect::<Vec<&Announcement>>();
        for told in due {
            let text = match self.format {
                Format::Text => announcement::text(told, &self.look),
                Format::Json => document::line(told, &self.directory)? + "\n",
            };
            let mut out = io::stdout().lock();
            match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                Ok(()) => said.push(told.number),
                Err(error) => {
                    self.is_heard = error.kind() != io::ErrorKind::BrokenPipe;
                    let others = ways.names().join(", ");
                    let goes_on = format!("nobody reads stdout any more; the watch goes on for {others}");
                    let says = if self.is_heard {
                        Some(format!("stdout: {error}"))
                    } else {
                        Some(goes_on).filter(|_| !others.is_empty())
                    };
                    troubles.extend(says);
                    break;
                }
            }
        }
        for (who, numbers) in [(JOURNAL, journaled), (STDOUT, said)] {
            troubles.extend(self.guard.was_told(who, &numbers).err().map(|why| why.to_string()));
        }
        super::tell(&troubles);
        Ok(())
    }

    /// Waits until the next look is due. Gives whether to go on: a signal ends the watch.
    fn wait(&mut self, interval: Duration, passed: &impl Fn() -> Duration, signals: &Receiver<()>, ways: &mut Ways) -> bool {
        loop {
            let left = interval.saturating_sub(passed());
            match signals.recv_timeout(left.min(NOTED)) {
                Ok(()) => return false,
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(left.min(NOTED)),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if left <= NOTED {
                return true;
            }
            ways.note(&mut self.guard);
        }
    }
}

fn ask(request: &Request, since: Time) -> Asked {
    let (recording, shift) = match (&request.live, &request.broker) {
        (Some(live), _) => {
            let answered = live.ask(&request.directory, since);
            (Some(answered.recording), answered.shift)
        }
        // One that cannot be read is a broker that does not answer.
        (None, Some(path)) => (Some(recording_at(path, request.window.at)), chrono::Duration::zero()),
        (None, None) => (None, chrono::Duration::zero()),
    };
    Asked { recording, now: request.window.at.unwrap_or_else(|| world::clock() + shift) }
}

fn recording_at(path: &Path, at: Option<Time>) -> Recording {
    recording::load(path, at).unwrap_or_else(|why| Recording {
        unread: vec![Unread { endpoint: None, why: why.to_string() }],
        ..Recording::nothing(at.unwrap_or_else(world::clock))
    })
}
