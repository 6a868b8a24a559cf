//! Flags that several commands share (contract, section 1).

use chrono::{Duration, NaiveDate};
use clap::{Args, ColorChoice, ValueEnum};
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use super::caching::Caching;
use super::settings::Chosen;
use super::{Failure, spared, world};
use crate::brokers::alpaca::live::{Live, SETTLE};
use crate::outputs::paint::Look;
use crate::position::Symbol;
use crate::progress::Observer;
use crate::report::Window;
use crate::settings::{Flags, Settings, limits};
use crate::time::{self, Time};
use crate::{Request, SettingsFile};

/// What to read, and which part of it.
#[derive(Args, Debug)]
pub struct Selection {
    /// The bot's directory
    #[arg(value_name = "DIR", default_value = ".")]
    pub directory: PathBuf,
    /// One exchange day (America/New_York)
    #[arg(long, value_name = "YYYY-MM-DD", conflicts_with_all = ["from", "until"], value_parser = day)]
    pub day: Option<NaiveDate>,
    /// Report from here on (RFC 3339, or a date); what came before is still folded
    #[arg(long, value_name = "TIME", value_parser = from)]
    pub from: Option<Time>,
    /// Report up to here (RFC 3339, or a date, which is included)
    #[arg(long, value_name = "TIME", value_parser = until)]
    pub until: Option<Time>,
    /// Stop the tape here, and take it for now
    #[arg(long, visible_alias = "now", value_name = "TIME", value_parser = from)]
    pub at: Option<Time>,
    #[command(flatten)]
    pub judging: Judging,
    #[command(flatten)]
    pub caching: Caching,
}

/// How a run judges, whatever part of time it is about: what tapecheck.toml may say, too.
#[derive(Args, Debug, Clone)]
pub struct Judging {
    /// The broker: `live` reads it now; or a recording folder, a positions array, the bot's alpaca_positions.json; or `none`.
    /// `audit` and `watch` read it live when keys are set, everything else takes `none`
    #[arg(long, value_name = "live|PATH|none")]
    pub broker: Option<String>,
    #[command(flatten)]
    pub reading: Reading,
    /// Either side of a movement is accepted this many seconds around it [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = limits::grace)]
    pub grace: Option<f64>,
    /// Quantities that differ by no more are equal [default: 0.000000001]
    #[arg(long, value_name = "QUANTITY", value_parser = limits::tolerance)]
    pub tolerance_qty: Option<Decimal>,
    /// Entry prices that differ by no more USD (or 0.01 %) are equal [default: 0.01]
    #[arg(long, value_name = "USD", value_parser = limits::tolerance)]
    pub tolerance_price: Option<Decimal>,
    #[command(flatten)]
    pub chosen: Chosen,
}

impl Judging {
    /// The settings that the file and these flags make, and the file.
    pub fn settings(&self, directory: &Path, strict: bool) -> Result<(Settings, Option<SettingsFile>), Failure> {
        let flags = Flags {
            broker: self.broker.clone(),
            strict,
            grace: self.grace,
            tolerance_qty: self.tolerance_qty,
            tolerance_price: self.tolerance_price,
            ..self.reading.flags()
        };
        self.chosen.settings(directory, flags)
    }
}

/// How a live broker is read.
#[derive(Args, Debug, Clone)]
pub struct Reading {
    /// Time for the whole live read [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = limits::timeout)]
    pub timeout: Option<f64>,
    /// A host that may be given the keys besides *.alpaca.markets and this machine (repeatable)
    #[arg(long, value_name = "HOST")]
    pub allow_host: Vec<String>,
}

impl Reading {
    /// What of the settings they say.
    pub fn flags(&self) -> Flags {
        Flags { timeout: self.timeout, allow_hosts: self.allow_host.clone(), ..Flags::default() }
    }
}

/// The client's side of a live read, with the world's clock and environment.
pub fn live(settings: &Settings) -> Live {
    Live {
        timeout: std::time::Duration::from_secs_f64(settings.timeout.value),
        settle: SETTLE,
        allow_hosts: settings.allow_hosts.value.clone(),
        clock: world::clock,
        environment: world::environment,
    }
}

/// Only some symbols.
#[derive(Args, Debug)]
pub struct Symbols {
    /// Only these symbols (repeatable, comma separated)
    #[arg(long, value_name = "SYMBOL", value_delimiter = ',', value_parser = symbol)]
    pub symbol: Vec<Symbol>,
}

/// What is asked of a report: what to read, and how to tell it.
#[derive(Args, Debug)]
pub struct Asking {
    #[command(flatten)]
    pub(super) selection: Selection,
    #[command(flatten)]
    pub(super) symbols: Symbols,
    /// Format of the report
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: Format,
    /// Write the report here instead of to stdout
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Warnings count as breaks
    #[arg(long)]
    pub(super) strict: bool,
}

/// Formats of the report.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// For people: one page with the day as a picture, to open in a browser
    Html,
    /// For CI: the verdict, each check and each break is a test
    Junit,
    /// For code hosts: each break on the line that did it
    Sarif,
    /// For a textfile collector: the verdict, breaks, ages and counts as gauges
    Prometheus,
}

/// Formats of the stages.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageFormat {
    /// For people
    Text,
    /// One object a line
    Json,
}

/// A moment, or the beginning of a day.
pub fn from(text: &str) -> Result<Time, String> {
    moment(text, time::day_begins)
}

fn until(text: &str) -> Result<Time, String> {
    moment(text, last_moment)
}

/// A day on which something can have been logged: no record has another (`formats.md` 1.2).
fn day(text: &str) -> Result<NaiveDate, String> {
    let day = limits::day(text)?;
    let begins = time::day_begins(day).and_then(time::plausible);
    begins.map(|_| day).ok_or_else(|| "a day of the years 2000 to 2199 is wanted".to_owned())
}

fn moment(text: &str, of_day: fn(NaiveDate) -> Option<Time>) -> Result<Time, String> {
    let date = day(text).ok().and_then(of_day);
    date.or_else(|| time::parse_text(text)).ok_or_else(|| "a time looks like 2026-02-05T18:05:33Z or 2026-02-05".to_owned())
}

pub(super) fn symbol(text: &str) -> Result<Symbol, String> {
    Symbol::parse(text).ok_or_else(|| "not a symbol, such as HOOD or BTC/USD".to_owned())
}

fn last_moment(day: NaiveDate) -> Option<Time> {
    time::day_ends(day).map(|end| end - Duration::nanoseconds(1))
}

/// Which broker a command takes where nobody says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// None.
    None,
    /// The live one.
    Live,
}

impl Asking {
    /// The request these flags make, `otherwise` where they and the settings do not say which broker.
    pub fn request(&self, otherwise: Otherwise) -> Result<Request, Failure> {
        let request = self.selection.request(self.symbols.symbol.iter().cloned().collect(), self.strict, otherwise)?;
        self.output.as_ref().map_or(Ok(()), |output| spared::file(&request, output))?;
        Ok(Request { biographies: matches!(self.format, Format::Html), ..request })
    }
}

impl Selection {
    /// The request that these flags and the settings make.
    pub fn request(&self, symbols: BTreeSet<Symbol>, strict: bool, otherwise: Otherwise) -> Result<Request, Failure> {
        let window = Window {
            from: self.day.and_then(time::day_begins).or(self.from),
            until: self.day.and_then(last_moment).or(self.until),
            at: self.at,
        };
        if window.from.zip(window.until.or(window.at)).is_some_and(|(from, until)| from > until) {
            return Err(Failure::Usage("the window ends before it begins: check --from, --until, --at".to_owned()));
        }
        let (settings, settings_file) = self.judging.settings(&self.directory, strict)?;
        let is_live = match settings.broker.value.as_deref() {
            Some(broker) => broker == "live",
            None => otherwise == Otherwise::Live,
        };
        let path = settings.broker.value.as_deref().filter(|broker| !matches!(*broker, "none" | "live"));
        Ok(Request {
            directory: self.directory.clone(),
            broker: path.map(PathBuf::from),
            live: is_live.then(|| live(&settings)),
            audit: None,
            window,
            symbols,
            settings: settings.equality(),
            strict: settings.strict.value,
            layout: settings.layout(),
            accept: settings.rules(),
            account: settings.account.value.clone(),
            settings_file,
            cache: self.caching.asked(),
            follow: None,
            keep_tape: false,
            observer: Observer::default(),
            biographies: false,
        })
    }
}

/// Width, colour and alphabet of stdout. What is piped looks the same everywhere, unless COLUMNS is exported.
#[expect(clippy::disallowed_methods, reason = "the edge: NO_COLOR, CLICOLOR_FORCE, COLUMNS and the locale are the user's word")]
pub fn look(color: ColorChoice, quiet: bool, verbose: bool) -> Look {
    let terminal = std::io::stdout().is_terminal();
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let colour = match color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => !set("NO_COLOR") && (set("CLICOLOR_FORCE") || terminal),
    };
    let columns = terminal_size::terminal_size().filter(|_| terminal).map(|(width, _)| usize::from(width.0));
    let exported = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    let width = columns.or_else(exported).unwrap_or(80).clamp(60, 1000);
    Look { width, terminal, unicode: terminal && locale_is_unicode(|name| std::env::var(name).ok()), colour, verbose, quiet }
}

/// Whether the locale's characters are Unicode: the first of these that is set says so.
fn locale_is_unicode(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| variable(name).filter(|value| !value.is_empty()));
    set.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_is_the_locale() {
        let unicode = |set: &[(&str, &str)]| {
            locale_is_unicode(|name| set.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned()))
        };
        assert!(unicode(&[("LANG", "de_DE.UTF-8")]));
        assert!(unicode(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8"), ("LANG", "C")]));
        assert!(!unicode(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]));
        assert!(!unicode(&[]));
    }
}
