//! How often we may ask: the limit is shared with the bot (alpaca.md 6.2).

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The broker counts by the minute (alpaca.md 6.2).
const WINDOW: Duration = Duration::from_secs(60);

/// At most so many requests in any minute, over all requests of a client.
#[derive(Debug)]
pub(super) struct Budget {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    sent: VecDeque<Instant>,
    held_until: Option<Instant>,
}

/// The next request would have to wait past the deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spent {
    /// How long it would have to wait.
    pub(super) wait: Duration,
}

impl Budget {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), state: Mutex::default() }
    }

    /// Waits for a turn and takes it; gives up at once when the turn comes after `until`.
    pub(super) async fn take(&self, until: Instant) -> Result<(), Spent> {
        loop {
            let now = Instant::now();
            let Some(turn) = self.turn(now) else {
                return Ok(());
            };
            if turn > until {
                return Err(Spent { wait: turn - now });
            }
            tokio::time::sleep_until(turn).await;
        }
    }

    /// Nothing is sent before `until`: the broker said that it has had enough (alpaca.md 6.2).
    pub(super) fn hold(&self, until: Instant) {
        let mut state = self.lock();
        state.held_until = state.held_until.max(Some(until));
    }

    /// Takes a turn now and gives `None`, or gives the time at which to ask again.
    fn turn(&self, now: Instant) -> Option<Instant> {
        let mut state = self.lock();
        if let Some(held) = state.held_until.filter(|held| *held > now) {
            return Some(held);
        }
        while state.sent.front().is_some_and(|sent| *sent + WINDOW <= now) {
            state.sent.pop_front();
        }
        match state.sent.front() {
            Some(oldest) if state.sent.len() >= self.limit => Some(*oldest + WINDOW),
            _ => {
                state.sent.push_back(now);
                None
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_minute_has_more_than_the_limit() {
        let budget = Budget::new(3);
        let until = Instant::now() + Duration::from_secs(600);
        let mut sent = Vec::new();
        for _ in 0..10 {
            budget.take(until).await.unwrap();
            sent.push(Instant::now());
        }
        for pair in sent.windows(4) {
            assert!(pair[3] - pair[0] >= WINDOW);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_past_the_deadline_is_refused_at_once() {
        let budget = Budget::new(1);
        let began = Instant::now();
        let until = began + Duration::from_secs(30);
        budget.take(until).await.unwrap();
        assert_eq!(budget.take(until).await, Err(Spent { wait: WINDOW }));
        assert_eq!(Instant::now(), began);
    }

    #[tokio::test(start_paused = true)]
    async fn a_hold_stops_everyone() {
        let budget = Budget::new(9);
        let began = Instant::now();
        budget.hold(began + Duration::from_secs(5));
        budget.hold(began + Duration::from_secs(2));
        budget.take(began + Duration::from_secs(30)).await.unwrap();
        assert_eq!(began.elapsed(), Duration::from_secs(5));
    }
}
