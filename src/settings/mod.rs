//! Settings: what is true of every run on a bot. Each has a default, may be set in `tapecheck.toml`, and by a flag, which wins; where a
//! value comes from is kept beside it. Nothing here reads a file.

mod custom;
mod file;
pub mod limits;
pub mod problem;
mod rows;
mod table;
pub mod template;

use chrono::Duration;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

use crate::accept::Rule;
use crate::layout::{CustomLog, Layout};
use crate::ledger;

pub use file::{TOP, read, without_account};
pub use rows::{Row, Section};
pub use table::Written;

/// The name of the file.
pub const FILE: &str = "tapecheck.toml";

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whence {
    /// Nobody said anything else.
    Default,
    /// A line of the file.
    Line(u32),
    /// A flag.
    Flag(&'static str),
}

/// A value, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Valued<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub whence: Whence,
}

impl<T> Valued<T> {
    fn default(value: T) -> Valued<T> {
        Valued { value, whence: Whence::Default }
    }

    /// A flag wins, where it was given.
    fn flag(&mut self, name: &'static str, given: Option<T>) {
        if let Some(value) = given {
            *self = Valued { value, whence: Whence::Flag(name) };
        }
    }
}

/// A log of a format of its own, as the file describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Custom {
    /// Its name: `NAME` of `[logs.custom.NAME]`.
    pub name: String,
    /// How it is read.
    pub log: CustomLog,
    /// Its keys as they are written, each with its line, and those of its tables under their names.
    written: Vec<(String, Vec<(String, Written, u32)>)>,
}

/// All settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The file that they were read from.
    pub file: Option<String>,
    /// `live`, `none`, or a recording. `None`: what the command takes by itself.
    pub broker: Valued<Option<String>>,
    /// The account that the broker must answer for.
    pub account: Valued<Option<String>>,
    /// Warnings count as breaks.
    pub strict: Valued<bool>,
    /// Seconds around a movement in which either side is accepted.
    pub grace: Valued<f64>,
    /// Quantities that differ by no more are equal.
    pub tolerance_qty: Valued<Decimal>,
    /// Prices that differ by no more USD are equal.
    pub tolerance_price: Valued<Decimal>,
    /// Seconds for a live read.
    pub timeout: Valued<f64>,
    /// Hosts that may be given the keys.
    pub allow_hosts: Valued<Vec<String>>,
    /// Where files lie, by the name of their format.
    pub paths: BTreeMap<&'static str, Valued<Vec<String>>>,
    /// Breaks that do not count.
    pub accept: Vec<Valued<Rule>>,
    /// Logs of a format of their own.
    pub custom: Vec<Custom>,
}

impl Default for Settings {
    fn default() -> Settings {
        let equality = ledger::Settings::default();
        Settings {
            file: None,
            broker: Valued::default(None),
            account: Valued::default(None),
            strict: Valued::default(false),
            grace: Valued::default(equality.grace.num_seconds() as f64),
            tolerance_qty: Valued::default(equality.tolerance_quantity),
            tolerance_price: Valued::default(equality.tolerance_price),
            timeout: Valued::default(30.0),
            allow_hosts: Valued::default(Vec::new()),
            paths: BTreeMap::new(),
            accept: Vec::new(),
            custom: Vec::new(),
        }
    }
}

/// What was said by flags.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flags {
    /// `--broker`.
    pub broker: Option<String>,
    /// `--strict`.
    pub strict: bool,
    /// `--grace`.
    pub grace: Option<f64>,
    /// `--tolerance-qty`.
    pub tolerance_qty: Option<Decimal>,
    /// `--tolerance-price`.
    pub tolerance_price: Option<Decimal>,
    /// `--timeout`.
    pub timeout: Option<f64>,
    /// `--allow-host`.
    pub allow_hosts: Vec<String>,
}

impl Settings {
    /// These settings, where no flag says otherwise.
    pub fn with(mut self, flags: Flags) -> Settings {
        self.broker.flag("--broker", flags.broker.map(Some));
        self.strict.flag("--strict", flags.strict.then_some(true));
        self.grace.flag("--grace", flags.grace);
        self.tolerance_qty.flag("--tolerance-qty", flags.tolerance_qty);
        self.tolerance_price.flag("--tolerance-price", flags.tolerance_price);
        self.timeout.flag("--timeout", flags.timeout);
        self.allow_hosts.flag("--allow-host", (!flags.allow_hosts.is_empty()).then_some(flags.allow_hosts));
        self
    }

    /// What equality means.
    pub fn equality(&self) -> ledger::Settings {
        ledger::Settings {
            grace: Duration::milliseconds((self.grace.value * 1000.0).round() as i64),
            tolerance_quantity: self.tolerance_qty.value,
            tolerance_price: self.tolerance_price.value,
        }
    }

    /// Where the bot's files lie.
    pub fn layout(&self) -> Layout {
        Layout {
            paths: self.paths.iter().map(|(format, paths)| (*format, paths.value.clone())).collect(),
            custom: self.custom.iter().map(|custom| custom.log.clone()).collect(),
        }
    }

    /// The rules by which breaks are accepted.
    pub fn rules(&self) -> Vec<Rule> {
        self.accept.iter().map(|rule| rule.value.clone()).collect()
    }
}
