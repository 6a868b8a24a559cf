//! One way of telling in a thread of its own: what takes its time, or hangs, does not hold up the next look.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, channel, sync_channel};
use std::thread;
use std::time::Duration;

use super::{Message, Way};
use crate::outputs::watching::Delivery;

/// So many announcements may wait: as many symbols as a bot holds, and no more than can be read.
pub const WAITING: usize = 64;

/// Who is told what did not arrive.
pub type Complain = Arc<dyn Fn(&str) + Send + Sync>;

/// Announcements on their way, in order.
pub struct Queue {
    name: &'static str,
    post: Option<SyncSender<Message>>,
    /// Hangs up when the thread ends.
    ended: Receiver<Infallible>,
    /// Of each announcement whether it arrived.
    outcomes: Receiver<(u64, bool)>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    delivered: AtomicU64,
    failed: AtomicU64,
    waiting: AtomicU64,
    /// The watch ends: what waits is not begun any more.
    closed: AtomicBool,
}

impl Queue {
    /// Begins the thread. `waiting`: so many announcements may wait; what comes beyond is not told, and complained of.
    pub fn begin(mut way: Box<dyn Way>, waiting: usize, complain: Complain) -> Result<Queue, String> {
        let name = way.name();
        let (post, waits) = sync_channel::<Message>(waiting);
        let (ends, ended) = channel::<Infallible>();
        let (notes, outcomes) = channel::<(u64, bool)>();
        let counts = Arc::new(Counts::default());
        let counted = Arc::clone(&counts);
        let work = move || {
            for message in waits {
                if counted.closed.load(Ordering::Relaxed) {
                    break;
                }
                let told = way.tell(&message);
                // Who began the queue may be gone, and then nobody asks.
                let _ = notes.send((message.number, told.is_ok()));
                match told {
                    Ok(()) => counted.delivered.fetch_add(1, Ordering::Relaxed),
                    Err(why) => {
                        complain(&format!("{name}: announcement {} was not delivered: {why}", message.number));
                        counted.failed.fetch_add(1, Ordering::Relaxed)
                    }
                };
                counted.waiting.fetch_sub(1, Ordering::Relaxed);
            }
            drop(ends);
        };
        let begun = thread::Builder::new().name(format!("tell-{name}")).spawn(work);
        begun.map_err(|error| format!("{name}: no thread can be begun: {error}"))?;
        Ok(Queue { name, post: Some(post), ended, outcomes, counts })
    }

    /// Puts an announcement in line. It never waits; the error tells that nobody will hear of it this way.
    pub fn tell(&mut self, message: &Message) -> Result<(), String> {
        self.counts.waiting.fetch_add(1, Ordering::Relaxed);
        let refused = match self.post.as_ref().map(|post| post.try_send(message.clone())) {
            Some(Ok(())) => return Ok(()),
            Some(Err(TrySendError::Full(_))) => "too many wait already",
            Some(Err(TrySendError::Disconnected(_))) | None => "nobody delivers any more",
        };
        let waiting = self.counts.waiting.fetch_sub(1, Ordering::Relaxed).saturating_sub(1);
        self.counts.failed.fetch_add(1, Ordering::Relaxed);
        Err(format!("{}: announcement {} is not sent: {refused} ({waiting})", self.name, message.number))
    }

    /// What became of announcements since this was asked last: their numbers, and whether they arrived.
    pub fn outcomes(&self) -> Vec<(u64, bool)> {
        self.outcomes.try_iter().collect()
    }

    /// How it fares.
    pub fn delivery(&self) -> Delivery {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Delivery {
            way: self.name,
            delivered: of(&self.counts.delivered),
            failed: of(&self.counts.failed),
            waiting: of(&self.counts.waiting),
        }
    }

    /// Gives what waits so much time to arrive, and then no more; the error tells how many did not.
    pub fn finish(&mut self, limit: Duration) -> Result<(), String> {
        self.post = None;
        let ended = self.ended.recv_timeout(limit);
        self.counts.closed.store(true, Ordering::Relaxed);
        match (ended, self.delivery().waiting) {
            (Err(RecvTimeoutError::Disconnected), 0) => Ok(()),
            (_, waiting) => Err(format!("{}: {waiting} announcements were not delivered", self.name)),
        }
    }
}
