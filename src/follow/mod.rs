//! Follows a running bot: each look gives what an audit made now would give, and reads of the logs only what was appended since the look
//! before.
//!
//! A look is *warm* where the logs were only appended to: the state of the fold goes on from where it was (`warm.rs`). Whatever else
//! happened to the files (`marks.rs`), they are read again from the beginning, and the look says so. Causes are looked for only in a *whole*
//! look, which is a fresh audit: one is made when something new is found, so that nothing is announced that an audit would not say. Between
//! whole looks each break keeps the cause that it had (`carried.rs`).

mod carried;
mod checkpoint;
mod marks;
mod warm;

use chrono::Duration;

use crate::brokers::Recording;
use crate::brokers::alpaca::live::OVERLAP;
use crate::read::{self, Readings};
use crate::time::Time;
use crate::{CannotReplay, Replay, Request};
use carried::Carried;
use warm::Warm;

pub use checkpoint::{Unusable, sealed};
pub use marks::Changed;

/// A log that was changed in its middle, at the same length, is known by nothing but its text: so often all of it is read again.
const READ_AGAIN: Duration = Duration::hours(6);

/// Follows one bot.
pub struct Follower {
    request: Request,
    kept: Duration,
    warm: Option<Warm>,
    carried: Carried,
    /// When the logs were read from their beginnings, also by a follower that this one was resumed from, and the last look.
    read_at: Option<Time>,
    looked_at: Option<Time>,
}

/// What the broker answered, and what counts as now.
pub struct Asked {
    /// The answer, if a broker is asked.
    pub recording: Option<Recording>,
    /// Now.
    pub now: Time,
}

/// What one look gave.
pub struct Look {
    /// What an audit gives now.
    pub replay: Replay,
    /// Now.
    pub now: Time,
    /// It is a fresh audit: causes were looked for.
    pub is_whole: bool,
    /// Why the logs were read from their beginnings, where they were.
    pub read_anew: Option<Changed>,
    /// Bytes of logs that were read to go on.
    pub bytes: u64,
}

impl Follower {
    /// A follower that has not looked yet. The request is that of an audit.
    pub fn new(request: Request) -> Follower {
        let kept = kept(&request);
        Follower { request, kept, warm: None, carried: Carried::default(), read_at: None, looked_at: None }
    }

    /// Looks at what there is at this moment. `ask` reads the broker, from a moment on, and then the clock.
    pub fn look(&mut self, ask: impl FnOnce(Time) -> Asked) -> Result<Look, CannotReplay> {
        let mut readings = read::bot(&self.request.directory, &self.request.layout)?;
        let (bytes, read_anew) = self.read_on(&mut readings);
        let span = self.warm.as_ref().map_or_else(|| readings.span(), |warm| warm.span(&readings));
        let Asked { recording, now } = ask(crate::since(&self.request, span));
        self.read_at = self.read_at.filter(|_| read_anew.is_none()).or(Some(now));
        self.looked_at = Some(now);
        let mut request = self.request.clone();
        request.window.at = request.window.at.or(Some(now));
        let warm = self.warm.as_ref();
        let replay = warm.and_then(|warm| warm.look(&request, readings.clone(), recording.as_ref(), &self.carried));
        let replay = replay.filter(|replay| !self.carried.lacks(&replay.ledger));
        let is_whole = replay.is_none();
        let replay = replay.unwrap_or_else(|| {
            let replay = crate::judge(&request, readings, recording.as_ref());
            self.carried.take(&replay.ledger);
            replay
        });
        Ok(Look { replay, now, is_whole, read_anew, bytes })
    }

    fn is_old(&self) -> bool {
        self.looked_at.zip(self.read_at).is_some_and(|(looked, read)| looked - read >= READ_AGAIN)
    }

    /// Reads what was appended to the logs, or all of them, where they were not only appended to. Gives the bytes, and why.
    fn read_on(&mut self, readings: &mut Readings) -> (u64, Option<Changed>) {
        let further = match self.warm.take() {
            Some(_) if self.is_old() => Err(Changed::Aged),
            Some(warm) => warm.further(readings, None),
            None => Err(Changed::First),
        };
        let (begun, why) = match further {
            Ok((warm, bytes)) => {
                self.warm = Some(warm);
                return (bytes, None);
            }
            Err(why) => (Warm::begun(&self.request, self.kept, readings), why),
        };
        // Where it cannot be read whole either, each look is a fresh audit, which tells why.
        let (warm, bytes) = begun.map_or((None, 0), |(warm, bytes)| (Some(warm), bytes));
        self.warm = warm;
        (bytes, Some(why))
    }
}

/// The broker is asked about the last days, and what it says of them is woven into them: what is younger than this is not folded for good.
fn kept(request: &Request) -> Duration {
    crate::AUDIT_LOOKS_BACK + OVERLAP + Duration::hours(1) + request.settings.grace
}

#[cfg(test)]
mod tests;
