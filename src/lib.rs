//! tapecheck replays what a trading bot wrote about itself, works out which positions it should hold, and holds that against
//! what the bot believes and what the broker says.
//!
//! # The pipeline
//!
//! [`replay`] and [`judge`] are the whole of it, a stage a line: files are [`read`], the [`brokers`]' answers parsed, all facts put on one
//! [`tape`], folded by the [`ledger`], and told by the [`report`].
//!
//! # The laws of the fold
//!
//! They are tested under these numbers in `tests/properties.rs`.
//!
//! 1. The order in which lines arrive does not matter, only their times.
//! 2. A prefix and then the rest give the same as all at once.
//! 3. A book agrees with itself: stating the expected book opens no break.
//! 4. Every break has evidence.
//! 5. A duplicated line changes no quantity.
//! 6. Parsing what was recorded gives what was parsed.
//! 7. Lines read = understood + ignored + quarantined, for every source.
//! 8. A tape woven while the logs are being read is the tape woven of all at once.

pub mod accept;
pub mod account;
pub mod accounts;
pub mod again;
pub mod alarms;
pub mod assertion;
pub mod backtest;
pub mod biographies;
pub mod blocks;
pub mod books;
pub mod bounds;
pub mod breaks;
pub mod brokers;
pub mod cache;
pub mod calendar;
pub mod catalogue;
pub mod cause;
pub mod causes;
pub mod checks;
pub mod cli;
pub mod compact;
pub mod constant;
pub mod corpus;
pub mod counts;
pub mod cutter;
pub mod documents;
pub mod event;
pub mod excerpts;
pub mod fills;
pub mod flows;
pub mod fold;
pub mod follow;
pub mod integrity;
pub mod json;
pub mod judged;
pub mod layout;
pub mod ledger;
pub mod lines;
pub mod lives;
pub mod logs;
pub mod open;
pub mod order_id;
pub mod origin;
pub mod outcome;
pub mod outputs;
pub mod position;
pub mod prints;
pub mod profit;
pub mod progress;
pub mod provenance;
pub mod read;
pub mod report;
pub mod rivals;
pub mod runs;
pub mod seek;
pub mod settings;
pub mod sightings;
pub mod source;
pub mod spots;
pub mod stream;
pub mod symbol_tapes;
pub mod tape;
pub mod tell;
pub mod ties;
pub mod time;
pub mod trouble;
pub mod watch;
pub mod whole;
pub mod whole_book;
pub mod witness;
pub mod words;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use cause::Known;
use origin::{Origin, SourceId};
use source::{Quarantined, Source};

use accept::Rule;
use biographies::Biographies;
use brokers::BrokerRead;
use brokers::alpaca::live::Live;
use cache::Cache;
use calendar::Calendar;
use checks::Audit;
use fold::Fold;
use layout::Layout;
use ledger::{Ledger, Settings};
use position::Symbol;
use progress::{Observer, Told};
use read::Readings;
use report::{Asked, Parts, Report, Stats, Window};
use tape::{Cut, Tape, Woven};
use time::Time;

/// What to replay.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The bot's directory.
    pub directory: PathBuf,
    /// A recording, a positions array, or the bot's `alpaca_positions.json`; `None`: no broker.
    pub broker: Option<PathBuf>,
    /// Read the broker now, instead.
    pub live: Option<Live>,
    /// Judge what runs, too, as of `window.at`, or of what this clock says.
    pub audit: Option<fn() -> Time>,
    /// Which part of time.
    pub window: Window,
    /// Only these symbols; all if empty.
    pub symbols: BTreeSet<Symbol>,
    /// What equality means.
    pub settings: Settings,
    /// Warnings count as breaks.
    pub strict: bool,
    /// Where the bot's files lie.
    pub layout: Layout,
    /// Breaks that do not count.
    pub accept: Vec<Rule>,
    /// The account that the broker's answer must be of: its number, or the end of it.
    pub account: Option<String>,
    /// The file that some of this was read from.
    pub settings_file: Option<SettingsFile>,
    /// Keep what was decoded of large logs for the next run.
    pub cache: Option<cache::Asked>,
    /// The symbol whose biography is kept.
    pub follow: Option<Symbol>,
    /// Keep the whole tape, however long it is: to show it.
    pub keep_tape: bool,
    /// Who is told how it comes along.
    pub observer: Observer,
    /// Keep every symbol's biography: to draw it.
    pub biographies: bool,
}

/// The settings that a request was made of, for reports and for cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsFile {
    /// Where it lies, as it was given or found.
    pub path: String,
    /// It was named, and not found: a next command must name it too.
    pub named: bool,
    /// Its text.
    pub text: String,
}

/// Why nothing could be replayed.
#[derive(Debug, thiserror::Error)]
pub enum CannotReplay {
    /// The bot's directory.
    #[error(transparent)]
    Bot(#[from] read::CannotRead),
    /// The broker's recording.
    #[error(transparent)]
    Broker(#[from] brokers::recording::CannotLoad),
}

/// A replay: the report, and the stages behind it for those who look closer.
pub struct Replay {
    /// What was found.
    pub report: Report,
    /// The tape it was found on; without its events where it is longer than [`fold::KEPT`], or than [`fold::KEPT_FOR_A_PAGE`] where
    /// biographies were asked for, and was not to be kept.
    pub tape: Tape,
    /// The ledger after the tape; its fixes are in the report.
    pub ledger: Ledger,
    /// When the exchange was open.
    pub calendar: Calendar,
    /// What is worth telling beside the report.
    pub notices: Vec<String>,
    /// What was taken from the cache, where there is one.
    pub cached: Option<cache::Count>,
}

/// Reads, asks the broker, judges.
pub fn replay(request: &Request) -> Result<Replay, CannotReplay> {
    let mut readings = read::bot(&request.directory, &request.layout)?;
    readings.observer = request.observer.clone();
    let mut request = request.clone();
    let mut notices = Vec::new();
    let cache = opened(&request, &mut notices);
    readings.cache.clone_from(&cache);
    let mut shift = chrono::Duration::zero();
    let recording = match (&request.live, &request.broker) {
        (Some(live), _) => {
            request.observer.say(|| Told::AskingTheBroker);
            let answered = live.ask(&request.directory, since(&request, readings.span()));
            notices.extend(answered.notices);
            shift = answered.shift;
            Some(answered.recording)
        }
        (None, Some(path)) => Some(brokers::recording::load(path, request.window.at)?),
        (None, None) => None,
    };
    if let Some(clock) = request.audit {
        request.window.at = request.window.at.or_else(|| Some(clock() + shift));
    }
    let judged = judge(&request, readings, recording.as_ref());
    let cached = cache.map(|cache| cache.close(&mut notices));
    Ok(Replay { notices, cached, ..judged })
}

/// The cache that was asked for. A replay without it takes longer, and gives the same.
fn opened(request: &Request, notices: &mut Vec<String>) -> Option<Arc<Cache>> {
    match Cache::open(request.cache.as_ref()?, &request.directory) {
        Ok(cache) => Some(Arc::new(cache)),
        Err(why) => {
            notices.push(format!("without a cache: {why}"));
            None
        }
    }
}

/// Puts what was read on one tape, folds, reports. Live and recorded answers take this one path.
pub fn judge(request: &Request, mut readings: Readings, recording: Option<&brokers::Recording>) -> Replay {
    let heard = hear(request, &mut readings, recording);
    // The broker's activities are worked backwards from its read, however long after the window that was.
    let until = cut(request).until.map(|until| fills::read_at(&readings.events).map_or(until, |read| read.max(until)));
    let beginning = request.window.from.and_then(|from| seek::beginning(&readings, from, until, seek::WORTHWHILE));
    let cut = Cut { from: beginning.as_ref().map(|beginning| beginning.at), ..cut(request) };
    readings.only(beginning.as_ref().map(|beginning| beginning.parts.clone()).unwrap_or_default());
    let (fold, woven, accounts) = fold::pass(&readings, &cut, || begin(request, &readings));
    let lines = accounts.into_iter().map(|(id, account)| (id, account.source, account.quarantined)).collect();
    let passed = Passed { fold, woven, lines, opening: beginning.map(|beginning| beginning.stated) };
    let mut replay = conclude(request, &mut readings, heard, passed, |fold, readings, tape, known| match tape {
        Some(tape) => cause::explain(&mut fold.ledger, &tape.events, known),
        None => {
            let tapes = fold::concerning(readings, &cut, cause::symbols(&fold.ledger, known));
            request.observer.say(|| Told::Explaining);
            cause::explain_by(&mut fold.ledger, tapes, known);
        }
    });
    let report = &mut replay.report;
    report.number_lines(request.keep_tape || request.biographies, |id| readings.lines_before(id));
    (report.excerpts, report.spots) = excerpts::fetch(report, &readings.texts);
    replay
}

/// The broker's side, as far as it was heard.
pub struct Heard {
    broker: BrokerRead,
    calendar: Calendar,
    executions_from: Option<Time>,
}

/// Adds the broker's facts to what was read.
pub fn hear(request: &Request, readings: &mut Readings, recording: Option<&brokers::Recording>) -> Heard {
    let refused = recording.and_then(|recording| brokers::alpaca::of_another_account(recording, request.account.as_deref()));
    let (broker, calendar) = match refused.as_ref().or(recording) {
        Some(recording) => {
            let answer = brokers::alpaca::parse(recording, readings);
            (BrokerRead::of(recording, &answer), Calendar::of(&answer.calendar))
        }
        None => (BrokerRead::none(), Calendar::default()),
    };
    Heard { broker, calendar, executions_from: fills::oldest_activity(&readings.events) }
}

/// The whole tape has passed by.
pub struct Passed {
    /// What was drawn from it.
    pub fold: Fold,
    /// What its events do not tell themselves.
    pub woven: Woven,
    /// What became of the logs' lines.
    pub lines: Vec<(SourceId, Source, Vec<Quarantined>)>,
    /// The record that states what was held when the window began, where what lies before it was passed over.
    pub opening: Option<(Time, Origin)>,
}

/// Finds causes, and reports, but for the text of evidence. `explain` gets the tape where it was kept.
pub fn conclude(
    request: &Request,
    readings: &mut Readings,
    heard: Heard,
    passed: Passed,
    explain: impl FnOnce(&mut Fold, &Readings, Option<&Tape>, &Known),
) -> Replay {
    let Passed { mut fold, woven, lines, opening } = passed;
    let (tape, whole) = fold.finish(woven);
    readings.account_for(lines);
    request.observer.say(|| Told::Explaining);
    let known = fold.known(heard.executions_from);
    explain(&mut fold, readings, whole.then_some(&tape), &known);
    let Heard { broker, calendar, .. } = heard;
    let audit = request.audit.and(request.window.at).map(|now| Audit {
        now,
        calendar: calendar.clone(),
        activity: fold.activity.clone(),
    });
    let report = report::make(Parts {
        asked: asked(request),
        window: request.window,
        accept: &request.accept,
        symbols: &request.symbols,
        broker,
        sources: std::mem::take(&mut readings.sources),
        quarantined: std::mem::take(&mut readings.quarantined),
        missing: std::mem::take(&mut readings.missing),
        stats: stats(&fold, &tape.woven),
        ledger: &mut fold.ledger,
        profit: std::mem::take(&mut fold.reckoner.profit),
        first: fold.first,
        opening,
        audit,
    });
    Replay { report, tape, ledger: fold.ledger, calendar, notices: Vec::new(), cached: None }
}

fn begin(request: &Request, readings: &Readings) -> Fold {
    let mut ledger = Ledger::new(request.settings).following(request.follow.clone());
    ledger.biographies = request.biographies.then(|| Biographies::since(request.window.from));
    let kept = match (request.keep_tape, request.biographies) {
        (true, _) => usize::MAX,
        (false, true) => fold::KEPT_FOR_A_PAGE,
        (false, false) => fold::KEPT,
    };
    Fold::new(ledger, kept, request.window.from, readings.sources.iter().map(|source| source.format).collect())
}

/// An audit asks for so much of the past before the last record, unless a window says otherwise: a year's activities every few minutes
/// would use up the limit that the bot shares.
pub const AUDIT_LOOKS_BACK: chrono::Duration = chrono::Duration::days(7);

/// From when on the broker is asked what happened: the beginning of the window, else of the tape.
/// `span`: its ends.
pub fn since(request: &Request, span: Option<(Time, Time)>) -> Time {
    let (first, last) = span.unzip();
    let looks_back = last.filter(|_| request.audit.is_some()).map(|last| last - AUDIT_LOOKS_BACK);
    request.window.from.or(first.max(looks_back)).unwrap_or(Time::UNIX_EPOCH)
}

fn cut(request: &Request) -> Cut {
    Cut {
        from: None,
        until: request.window.until.into_iter().chain(request.window.at).min(),
        symbols: request.symbols.clone(),
        grace: request.settings.grace,
        tolerance: request.settings.tolerance_quantity,
    }
}

fn asked(request: &Request) -> Asked {
    Asked {
        directory: request.directory.display().to_string(),
        broker: match &request.live {
            Some(_) => Some("live".to_owned()),
            None => request.broker.as_ref().map(|path| path.display().to_string()),
        },
        strict: request.strict,
        settings: request.settings_file.as_ref().map(|file| file.path.clone()),
        settings_named: request.settings_file.as_ref().is_some_and(|file| file.named),
        audit: request.audit.is_some(),
        window: request.window,
        symbols: request.symbols.clone(),
        equality: request.settings,
    }
}

fn stats(fold: &Fold, woven: &Woven) -> Stats {
    Stats {
        events: fold.events,
        tally: fold.ledger.tally,
        sightings_joined: woven.joined,
        symbols: fold.ledger.accounts.len() as u64,
        symbols_left_out: woven.symbols_left_out.len() as u64,
    }
}
