//! The command line: one file per command. Parse here, run there, print and exit in `main`.

mod audit;
mod backtest;
mod caching;
mod completions;
mod config;
pub mod corpus;
mod explain;
mod file;
mod init;
mod man;
mod progress;
mod record;
mod replay;
mod schema;
mod selection;
mod settings;
mod show;
mod spared;
mod telling;
mod watch;
mod world;

use clap::{ColorChoice, Parser, Subcommand};
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use progress::Bar;

use crate::CannotReplay;
use crate::brokers::recording::CannotWrite;
use crate::outputs::{html, json, junit, paint::shown};
use crate::report::{Report, Verdict};

const EXAMPLES: &str = "\
Examples:
  tapecheck replay bot --day 2026-02-05
  tapecheck replay bot --broker recordings/2026-02-05
  tapecheck replay bot --format json -o report.json
  tapecheck audit bot --broker live
  tapecheck audit bot --broker live --format prometheus -o bot.prom
  tapecheck watch bot --broker live --interval 60s
  tapecheck record bot -o recordings/2026-02-05
  tapecheck show biography bot --symbol HOOD --day 2026-02-05

Exit status: 0 everything that was asked was checked and agrees; 1 at least one break; 2 could not check.";

/// The heading of the options that every command takes; else they would stand between its own.
const EVERYWHERE: &str = "Options of every command";

/// Replays what a trading bot wrote about itself, and says when, where and why its books part from the broker's.
#[derive(Parser, Debug)]
#[command(name = "tapecheck", version, after_help = EXAMPLES, max_term_width = 100, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    command: Command,
    /// When to colour text: NO_COLOR is honoured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = EVERYWHERE, display_order = 100)]
    color: ColorChoice,
    /// Only the verdict
    #[arg(long, short, global = true, conflicts_with = "verbose", help_heading = EVERYWHERE, display_order = 101)]
    quiet: bool,
    /// Everything, nothing folded
    #[arg(long, short, global = true, help_heading = EVERYWHERE, display_order = 102)]
    verbose: bool,
    /// No progress on stderr: it is shown on a terminal alone, and where it takes long enough
    #[arg(long, global = true, help_heading = EVERYWHERE, display_order = 103)]
    no_progress: bool,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Work out what should be held, from the logs alone or against a recording of the broker
    Replay(replay::Replay),
    /// Audit the bot now: books, breaks, and the eight checks
    Audit(audit::Audit),
    // Says itself what it does: the short and the long of it.
    Watch(watch::Watch),
    /// Read the broker (only read) and keep its raw answers
    Record(record::Record),
    /// Show the stages: the tape, the expected book, the biography of a symbol
    #[command(subcommand)]
    Show(show::Show),
    /// Keep recorded days as tests: replay cases, and tell what changed
    Corpus(corpus::Corpus),
    // Each says itself what it does: the short and the long of it.
    Backtest(backtest::Backtest),
    Init(init::Init),
    Config(config::Config),
    /// Say what a code of a report means, and which case shows it
    Explain(explain::Explain),
    /// Print completions for a shell
    Completions(completions::Completions),
    /// Print man pages, one per command
    Man(man::Man),
    /// Print the JSON Schema of the report
    Schema(schema::Schema),
}

/// Why a command could not do what it was asked; exit status 2.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The bot or the broker could not be read.
    #[error(transparent)]
    Replay(#[from] CannotReplay),
    /// A report could not be written.
    #[error("cannot write {0}: {1}")]
    Write(String, io::Error),
    /// A report could not be put into JSON.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A report could not be put into XML.
    #[error("cannot write JUnit XML: {0}")]
    Junit(#[from] junit::CannotWrite),
    /// A report could not be made a page.
    #[error("cannot write HTML: {0}")]
    Html(#[from] html::CannotWrite),
    /// A recording could not be written.
    #[error(transparent)]
    Record(#[from] CannotWrite),
    /// The cases could not be had.
    #[error("{0}")]
    Corpus(String),
    /// The file of settings.
    #[error("{0}")]
    Settings(String),
    /// Flags that do not go together.
    #[error("{0}")]
    Usage(String),
}

/// What is to be written.
enum Content {
    /// For a person.
    Text(String),
    /// For a program, which has its own rules of what may stand in it.
    Document(String),
    /// A report as JSON, made while it is written.
    Json(Box<Report>),
}

impl From<String> for Content {
    fn from(text: String) -> Content {
        Content::Text(text)
    }
}

/// Bytes of a report that are written at once.
const WRITTEN_AT_ONCE: usize = 256 << 10;

impl Content {
    fn write(&self, out: &mut dyn Write, coloured: bool) -> io::Result<()> {
        let mut out = io::BufWriter::with_capacity(WRITTEN_AT_ONCE, out);
        match self {
            Content::Text(text) => out.write_all(shown(text, coloured).as_bytes())?,
            Content::Document(text) => out.write_all(text.as_bytes())?,
            Content::Json(report) => json::write_to(&mut out, report)?,
        }
        out.flush()
    }
}

/// What a command gives: text for stdout or a file, and the exit status.
pub struct Output {
    text: Content,
    file: Option<PathBuf>,
    status: u8,
}

impl Output {
    fn of(text: Content, file: Option<PathBuf>, verdict: Verdict) -> Output {
        Output { text, file, status: verdict.exit_status() }
    }

    /// Something to look at: no verdict follows from it.
    fn shown(text: impl Into<Content>) -> Output {
        Output { text: text.into(), file: None, status: 0 }
    }
}

/// Parses the arguments, runs the command, prints, and gives the exit status.
pub fn main() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let usage_error = error.use_stderr();
            if usage_error {
                let text = error.render();
                let coloured = io::stderr().is_terminal() && world::environment("NO_COLOR").is_none_or(|set| set.is_empty());
                aside(&if coloured { text.ansi().to_string() } else { text.to_string() }, coloured);
                return 2;
            }
            // Nothing can be done about a help text that cannot be printed. A reader that goes away has seen enough.
            let is_unread = error.print().is_err_and(|error| error.kind() != io::ErrorKind::BrokenPipe);
            return if is_unread { 2 } else { 0 };
        }
    };
    #[cfg(debug_assertions)]
    if let Some(number) = world::environment("TAPECHECK_KILLED_AT").and_then(|number| number.parse().ok()) {
        crate::whole::killing::at(number);
    }
    let look = selection::look(cli.color, cli.quiet, cli.verbose);
    // A watch has no end to come nearer to.
    let has_end = !matches!(cli.command, Command::Watch(_));
    let bar = Bar::begin(has_end && !cli.no_progress && !cli.quiet);
    let output = match cli.command {
        Command::Replay(replay) => replay.run(look, &bar),
        Command::Audit(audit) => audit.run(look, &bar),
        Command::Watch(watch) => watch.run(look),
        Command::Record(record) => record.run(&bar),
        Command::Show(show) => show.run(look, &bar),
        Command::Corpus(corpus) => corpus.run(look, &bar),
        Command::Backtest(backtest) => backtest.run(look, &bar),
        Command::Init(init) => init.run(),
        Command::Config(config) => config.run(),
        Command::Explain(explain) => explain.run(look),
        Command::Completions(completions) => Ok(completions.run()),
        Command::Man(man) => man.run(),
        Command::Schema(schema) => schema.run(),
    };
    bar.clear();
    match output.and_then(|output| deliver(output, look.colour)) {
        Ok(status) => status,
        Err(failure) => {
            // Problems of settings are several, each with its place. In all else a break is data's, and begins no line of ours.
            let text = match &failure {
                Failure::Settings(problems) => problems.clone(),
                other => other.to_string().replace('\n', "\n    "),
            };
            tell(&[text]);
            2
        }
    }
}

/// What is worth telling goes to stderr.
fn tell(notices: &[String]) {
    for notice in notices {
        aside(&format!("tapecheck: {notice}\n"), false);
    }
}

/// Says something beside the result. Where nobody can hear it, the result and the exit status still stand.
fn aside(text: &str, coloured: bool) {
    let _unheard = io::stderr().lock().write_all(shown(text, coloured).as_bytes());
}

/// The result goes to stdout or the file that was asked for. A reader that goes away is not an error.
fn deliver(output: Output, coloured: bool) -> Result<u8, Failure> {
    match &output.file {
        Some(file) => file::write(file, &output.text)?,
        None => match output.text.write(&mut io::stdout().lock(), coloured) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(Failure::Write("stdout".to_owned(), error)),
            Ok(()) | Err(_) => {}
        },
    }
    // The program ends now. A report may hold millions of small things, which the system takes back sooner than they are freed one by one.
    std::mem::forget(output.text);
    Ok(output.status)
}

/// The command line's definition, for completions and tests.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}
