//! `--on-event`: a command of the user's for each announcement, which it finds on its stdin as JSON.
//!
//! No shell takes the line apart, and nothing of an announcement stands in the command's arguments. It gets no key of the broker's, and so
//! much time; what it started and left running is ended with it.

#![expect(clippy::disallowed_methods, reason = "the edge: a command is given so much time by the clock")]

use std::io::{Read, Write};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use super::{Message, Way};
use crate::source::harmless;

/// The time that a command has unless it is told otherwise.
pub const LIMIT: Duration = Duration::from_secs(10);

/// How often is looked whether it ended.
const LOOKS: Duration = Duration::from_millis(20);

/// So much of what it says on stderr is kept, to be told if it fails; the rest is read and forgotten.
const KEPT: usize = 4096;

/// So much of that is told.
const TOLD: usize = 200;

/// Variables that begin so are the broker's keys, as bots have them: the command is none of the broker's business.
const KEYS: [&str; 2] = ["APCA_", "ALPACA_"];

/// Variables that lead to secrets of the watch, or to its service manager.
const OURS: [&str; 4] = ["TAPECHECK_WEBHOOK", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_PID"];

/// A command that is run for each announcement.
#[derive(Debug)]
pub struct Command {
    program: String,
    arguments: Vec<String>,
    limit: Duration,
}

impl Command {
    /// Takes the line apart as a shell would its words, and no more: no variables, no pipes.
    pub fn new(line: &str, limit: Duration) -> Result<Command, String> {
        let words = shlex::split(line).ok_or("--on-event: a quote is not closed")?;
        let (program, arguments) = words.split_first().ok_or("--on-event: there is no command")?;
        Ok(Command { program: program.clone(), arguments: arguments.to_vec(), limit })
    }

    fn start(&self) -> Result<Child, String> {
        let mut command = std::process::Command::new(&self.program);
        // What it prints on stdout would stand among the announcements.
        command.args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        for (name, _) in std::env::vars_os() {
            let spelt = name.to_string_lossy().to_ascii_uppercase();
            if KEYS.iter().any(|keys| spelt.starts_with(keys)) || OURS.contains(&spelt.as_str()) {
                command.env_remove(&name);
            }
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().map_err(|error| format!("{} cannot be run: {error}", harmless(&self.program, TOLD)))
    }
}

impl Way for Command {
    fn name(&self) -> &'static str {
        "on_event"
    }

    fn tell(&mut self, message: &Message) -> Result<(), String> {
        let mut child = self.start()?;
        if let Some(mut stdin) = child.stdin.take() {
            let line = format!("{}\n", message.json);
            // A command may end without having read it, or never read it.
            beside(move || drop(stdin.write_all(line.as_bytes())));
        }
        let (says, said) = channel();
        if let Some(stderr) = child.stderr.take() {
            beside(move || drop(says.send(beginning(stderr))));
        }
        let status = end(&mut child, self.limit)?;
        let program = harmless(&self.program, TOLD);
        let Some(status) = status else {
            return Err(format!("{program} took longer than {} s and was ended", self.limit.as_secs_f32()));
        };
        if status.success() {
            return Ok(());
        }
        // Whoever held it open is ended by now.
        let said = said.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
        let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
        let last = last.map(|line| format!(": {}", harmless(line, TOLD))).unwrap_or_default();
        Err(format!("{program} ended with {status}{last}"))
    }
}

/// Where no thread can be had, the command finds a pipe that is closed, and says so by its status.
fn beside(work: impl FnOnce() + Send + 'static) {
    drop(thread::Builder::new().name("on-event".to_owned()).spawn(work));
}

/// The beginning of what is said; all of it is taken, so that nobody who says much has to wait.
fn beginning(mut out: impl Read) -> String {
    let (mut kept, mut piece) = (Vec::new(), [0; KEPT]);
    while let Ok(count @ 1..) = out.read(&mut piece) {
        let room = KEPT.saturating_sub(kept.len());
        kept.extend(piece.iter().take(count.min(room)));
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// Waits as long as the limit, and ends what is left then. `None`: it had to be ended.
fn end(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>, String> {
    let until = Instant::now() + limit;
    let lost = |error: std::io::Error| format!("it cannot be waited for: {error}");
    while !has_ended(child).map_err(lost)? {
        if Instant::now() >= until {
            end_group(child);
            child.wait().map_err(lost)?;
            return Ok(None);
        }
        thread::sleep(LOOKS.min(limit));
    }
    end_group(child);
    child.wait().map(Some).map_err(lost)
}

/// Whether it ended. It is not reaped yet, so that its number is nobody else's when its group is ended.
#[cfg(unix)]
fn has_ended(child: &mut Child) -> std::io::Result<bool> {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    Ok(waitid(WaitId::Pid(Pid::from_child(child)), options)?.is_some())
}

#[cfg(not(unix))]
fn has_ended(child: &mut Child) -> std::io::Result<bool> {
    Ok(child.try_wait()?.is_some())
}

/// Ends it and what it started. That nothing is left to end is what is wanted.
fn end_group(child: &mut Child) {
    #[cfg(unix)]
    let _ = rustix::process::kill_process_group(rustix::process::Pid::from_child(child), rustix::process::Signal::KILL);
    #[cfg(not(unix))]
    drop(child.kill());
}
