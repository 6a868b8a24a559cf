//! One live read: keys found, the account read, and the answer as a recording, whatever went wrong.

use std::path::Path;
use std::time::{Duration, Instant};

use super::http::client::{Client, RequestLog, Settings};
use super::http::keys::{self, KeysError};
use super::http::read::{self, Reading};
pub use super::http::read::{OVERLAP, SETTLE};
use crate::brokers::{Recording, Unread};
use crate::time::Time;

/// How to read the broker. The world comes in as functions: this file knows neither the clock nor the environment.
#[derive(Clone, Debug)]
pub struct Live {
    /// The time for the whole read.
    pub timeout: Duration,
    /// How long after a fill the broker's answers may still disagree: [`SETTLE`].
    pub settle: Duration,
    /// Hosts that may be given keys besides Alpaca's own and this machine.
    pub allow_hosts: Vec<String>,
    /// What time it is.
    pub clock: fn() -> Time,
    /// What a variable of the environment is set to.
    pub environment: fn(&str) -> Option<String>,
}

/// What a live read gave.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The answer, with what could not be read.
    pub recording: Recording,
    /// How far the broker's clock is ahead of ours, where the answer is dated by it; else zero.
    pub shift: chrono::Duration,
    /// What is worth telling the user.
    pub notices: Vec<String>,
    /// The requests that were made.
    pub requests: Vec<RequestLog>,
    /// How long it took.
    pub took: Duration,
}

/// Why the broker was not even asked.
#[derive(Debug, thiserror::Error)]
enum NotAsked {
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Client(#[from] super::http::refusal::ClientError),
    #[error("the runtime of the HTTP client cannot be made: {0}")]
    Runtime(#[from] std::io::Error),
}

impl Live {
    /// Whether no keys are set at all, in the environment or in the directory's `.env`.
    pub fn has_no_keys(&self, directory: &Path) -> bool {
        matches!(keys::find(&self.environment, directory, &self.allow_hosts), Err(KeysError::NotSet))
    }

    /// Reads the account: orders and activities from `since` on, everything else as it is now. What cannot be read is told in the
    /// answer, never as an error: a run says what it found beside it.
    #[expect(clippy::disallowed_methods, reason = "the edge: how long the read took is told, and decides nothing")]
    pub fn ask(&self, directory: &Path, since: Time) -> Answered {
        let began = Instant::now();
        let nothing = |why: String| Answered {
            recording: Recording {
                live: true,
                unread: vec![Unread { endpoint: None, why }],
                ..Recording::nothing((self.clock)())
            },
            shift: chrono::Duration::zero(),
            notices: Vec::new(),
            requests: Vec::new(),
            took: began.elapsed(),
        };
        match self.read(directory, since) {
            Ok((reading, mut notices)) => {
                let recording = Recording::of(&reading);
                let shift = recording.read_began - Time::from(reading.read_began);
                if !shift.is_zero() {
                    let apart = shift.num_seconds().abs();
                    notices.push(format!("this machine's clock is {apart} s away from the broker's: times are the broker's"));
                }
                Answered { recording, shift, notices, requests: reading.requests, took: began.elapsed() }
            }
            Err(error) => nothing(error.to_string()),
        }
    }

    fn read(&self, directory: &Path, since: Time) -> Result<(Reading, Vec<String>), NotAsked> {
        let keys = keys::find(&self.environment, directory, &self.allow_hosts)?;
        let notices = keys.warnings.iter().map(ToString::to_string).collect();
        let settings = Settings { deadline: self.timeout, ..Settings::default() };
        let client = Client::new(&keys, settings)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let now = || (self.clock)().utc();
        let reading = runtime.block_on(read::read(&client, since.utc(), None, self.settle, &now));
        Ok((reading, notices))
    }
}
