//! Brokers: what they answered, live or recorded, as raw bodies with the times of the read.

pub mod alpaca;
pub mod recording;
pub mod redact;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::position::Symbol;
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
    pub const fn file(self) -> &'static str {
        match self {
            Endpoint::Account => "account.json",
            Endpoint::Positions => "positions.json",
            Endpoint::Orders => "orders.json",
            Endpoint::Activities => "activities.json",
            Endpoint::Clock => "clock.json",
            Endpoint::Calendar => "calendar.json",
        }
    }

    /// Its name, in `recording.json` and in the report.
    pub fn name(self) -> &'static str {
        match self {
            Endpoint::Account => "account",
            Endpoint::Positions => "positions",
            Endpoint::Orders => "orders",
            Endpoint::Activities => "activities",
            Endpoint::Clock => "clock",
            Endpoint::Calendar => "calendar",
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Something that was asked and not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// What was asked for; `None` where nothing could be asked at all.
    pub endpoint: Option<Endpoint>,
    /// Why there is no answer and what to do about it, in words. Never holds a key.
    pub why: String,
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
    /// When the whole read began, where that is known.
    pub whole_read_began: Option<Time>,
    /// Symbols whose state kept moving while it was read: nothing firm can be said of them (`alpaca.md` 6.3).
    pub unstable: Vec<String>,
    /// What could not be read.
    pub unread: Vec<Unread>,
}

/// The broker's side of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerRead {
    /// `live`, `recorded` or `none`.
    pub kind: &'static str,
    /// When the read of the positions began.
    pub read_began: Option<Time>,
    /// When it ended.
    pub read_ended: Option<Time>,
    /// Where the time comes from.
    pub time_source: Option<TimeSource>,
    /// The host that answered.
    pub base_url: Option<String>,
    /// The account.
    pub account: Option<alpaca::Account>,
    /// A paper account.
    pub paper: Option<bool>,
    /// The positions were read, every row was understood, and nothing kept moving. True when no broker was asked for.
    pub whole: bool,
    /// Symbols that kept moving while they were read.
    pub unstable: Vec<Symbol>,
    /// What could not be read.
    pub unread: Vec<Unread>,
}

impl BrokerRead {
    /// No broker was asked for.
    pub fn none() -> BrokerRead {
        BrokerRead {
            kind: "none",
            read_began: None,
            read_ended: None,
            time_source: None,
            base_url: None,
            account: None,
            paper: None,
            whole: true,
            unstable: Vec::new(),
            unread: Vec::new(),
        }
    }

    /// A recording, and what its parse told.
    pub fn of(recording: &Recording, answer: &alpaca::Answer) -> BrokerRead {
        BrokerRead {
            kind: if recording.live { "live" } else { "recorded" },
            read_began: Some(recording.read_began),
            read_ended: recording.read_ended,
            time_source: Some(recording.time_source),
            base_url: recording.base_url.clone(),
            account: answer.account.clone(),
            paper: recording.paper,
            whole: answer.positions_whole,
            unstable: recording.unstable.iter().filter_map(|name| Symbol::parse(name)).collect(),
            unread: recording.unread.clone(),
        }
    }

    /// Whether there is an answer at all.
    pub fn has_answered(&self) -> bool {
        self.unread.iter().all(|unread| !matches!(unread.endpoint, None | Some(Endpoint::Positions)))
    }

    /// Why the verdict cannot rest on this read, in words.
    pub fn unchecked(&self) -> Vec<String> {
        let mut reasons = self.not_answered();
        for symbol in &self.unstable {
            reasons.push(format!(
                "{symbol} kept moving at the broker while it was read: nothing firm can be said of it; run it again"
            ));
        }
        if !self.whole && reasons.is_empty() {
            reasons.push("the broker's positions could not be read completely".to_owned());
        }
        reasons
    }

    /// What was asked, is needed, and was not answered, in words.
    pub fn not_answered(&self) -> Vec<String> {
        let mut reasons: Vec<String> = Vec::new();
        let mut groups: Vec<(String, &Unread, Vec<&'static str>)> = Vec::new();
        let needed = |unread: &&Unread| !matches!(unread.endpoint, Some(Endpoint::Clock | Endpoint::Calendar));
        for unread in self.unread.iter().filter(needed) {
            let name = unread.endpoint.map_or("answer", Endpoint::name);
            let key = gist(&unread.why);
            match groups.iter_mut().find(|(known, _, _)| *known == key) {
                Some((_, _, names)) => names.push(name),
                None => groups.push((key, unread, vec![name])),
            }
        }
        for (_, first, names) in groups {
            reasons.push(format!("the broker's {} could not be read: {}", names.join(", "), first.why));
        }
        reasons
    }
}

/// The reason without the endpoint before it and the request's id in it: the same fault of several requests.
fn gist(why: &str) -> String {
    let reason = why.split_once(": ").map_or(why, |(_, reason)| reason);
    let (before, id) = reason.split_once("X-Request-ID ").unwrap_or((reason, ""));
    let after = id.find([')', ',', ';']).map_or("", |end| &id[end..]);
    format!("{before}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fault_of_several_requests_is_one_reason() {
        let unread = |endpoint: Endpoint, id: &str| Unread {
            endpoint: Some(endpoint),
            why: format!("GET /v2/{endpoint}: the broker refused the keys (status 403, X-Request-ID {id}); check them"),
        };
        let all = Endpoint::ALL.into_iter().enumerate().map(|(number, endpoint)| unread(endpoint, &number.to_string()));
        let read = BrokerRead { unread: all.collect(), whole: false, ..BrokerRead::none() };
        let reasons = read.unchecked();
        assert_eq!(reasons.len(), 1, "{reasons:?}");
        assert!(reasons[0].starts_with("the broker's account, activities, orders, positions could not be read: GET /v2/account"));
        assert!(reasons[0].contains("X-Request-ID 0"));
        assert!(!read.has_answered());
    }

    #[test]
    fn only_the_clock_and_the_calendar_can_be_done_without() {
        let unread = |endpoint| Unread { endpoint: Some(endpoint), why: "down".to_owned() };
        let read = BrokerRead { unread: vec![unread(Endpoint::Clock), unread(Endpoint::Calendar)], ..BrokerRead::none() };
        assert!(read.unchecked().is_empty() && read.has_answered());
        let orders = BrokerRead { unread: vec![unread(Endpoint::Orders)], ..BrokerRead::none() };
        assert_eq!(orders.unchecked(), ["the broker's orders could not be read: down"]);
    }
}
