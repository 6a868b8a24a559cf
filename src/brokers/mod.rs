//! Brokers: what they answered, live or recorded, as raw bodies with the times of the read.

pub mod alpaca;
pub mod recording;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::time::Time;

/// One question asked of a broker, and the file of a recording that keeps its answer (contract, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// The account.
    Account,
    /// All positions.
    Positions,
    /// Orders: open ones, and closed ones of the window.
    Orders,
    /// Fills and everything else that changes quantities.
    Activities,
    /// The broker's clock.
    Clock,
    /// The exchange calendar.
    Calendar,
}

impl Endpoint {
    /// All of them, in the order in which a recording is read.
    pub const ALL: [Endpoint; 6] =
        [Endpoint::Account, Endpoint::Activities, Endpoint::Calendar, Endpoint::Clock, Endpoint::Orders, Endpoint::Positions];

    /// The file of a recording.
    pub fn file(self) -> &'static str {
        match self {
            Endpoint::Account => "account.json",
            Endpoint::Positions => "positions.json",
            Endpoint::Orders => "orders.json",
            Endpoint::Activities => "activities.json",
            Endpoint::Clock => "clock.json",
            Endpoint::Calendar => "calendar.json",
        }
    }
}

/// Where the time of a read was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeSource {
    /// The read itself, live or as `recording.json` keeps it.
    Read,
    /// The broker's own clock beside the positions.
    Clock,
    /// The timestamp in the file.
    File,
    /// `--at`.
    Flag,
    /// The file's modification time: the weakest of all.
    Modified,
}

impl TimeSource {
    /// In words.
    pub fn says(self) -> &'static str {
        match self {
            TimeSource::Read => "the read itself",
            TimeSource::Clock => "the broker's clock",
            TimeSource::File => "the file's own timestamp",
            TimeSource::Flag => "--at",
            TimeSource::Modified => "the file's modification time",
        }
    }
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    /// The file it lies in, or would lie in.
    pub file: PathBuf,
    /// The body as sent.
    pub text: String,
}

/// The broker's raw answers of one read. Live and recorded reads take the same path from here on.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Read from the broker just now.
    pub live: bool,
    /// The answers.
    pub bodies: BTreeMap<Endpoint, Body>,
    /// When the read of the positions began: nothing at or after this is known (design, rule 4).
    pub read_began: Time,
    /// When it ended.
    pub read_ended: Option<Time>,
    /// Where `read_began` comes from.
    pub time_source: TimeSource,
    /// The host that answered.
    pub base_url: Option<String>,
    /// A paper account, where that is known.
    pub paper: Option<bool>,
}
