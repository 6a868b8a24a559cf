//! A guard beside a running bot: looks again and again, and tells what changes.
//!
//! A look goes through [`Follower`] (an audit of now), [`Sight`] (what it shows) and [`Alarms`] (what of it is worth telling). What is to be
//! told is due to each of those who are told, and stored so before anybody is told ([`store`]): a guard that is killed at any moment and
//! started again loses nothing, and announces nothing under a second number.

pub mod store;

use chrono::Duration;

use crate::alarms::rules::Rules;
use crate::alarms::sight::Sight;
use crate::alarms::{Alarms, Announcement};
use crate::follow::{Asked, Changed, Follower};
use crate::time::Time;
use crate::{CannotReplay, Replay, Request};
use store::{CannotStore, Due, Memory, Store};

/// Beside a bot.
pub struct Guard {
    follower: Follower,
    memory: Memory,
    rules: Rules,
    store: Option<Store>,
    stored_at: Option<Time>,
    /// Counts of this run.
    pub count: Count,
}

/// What was counted since the guard was started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Looks.
    pub looks: u64,
    /// Looks that were fresh audits.
    pub whole: u64,
}

/// What a look came to.
pub struct Looked {
    /// The audit; why there is none.
    pub audit: Result<Replay, CannotReplay>,
    /// Now.
    pub now: Time,
    /// What is to be told.
    pub told: Vec<Announcement>,
    /// What it shows.
    pub sight: Sight,
    /// What is worth telling beside it.
    pub notices: Vec<String>,
    /// Why nothing could be stored, where it could not. The guard goes on.
    pub not_stored: Option<CannotStore>,
}

/// The state of the fold is stored this often, and when the guard ends.
const STORED_EVERY: Duration = Duration::minutes(10);

impl Guard {
    /// Begins where the state that is stored ends. Gives what is worth telling of that, too.
    pub fn begin(request: Request, rules: Rules, store: Option<Store>) -> (Guard, Vec<String>) {
        let mut notices = Vec::new();
        let memory = store.as_ref().map(|store| store.memory(&mut notices)).unwrap_or_default();
        let follower = match &store {
            Some(store) => store.follower(request, &mut notices),
            None => Follower::new(request),
        };
        (Guard { follower, memory, rules, store, stored_at: None, count: Count::default() }, notices)
    }

    /// Looks once, and stores what is due to those who are told.
    pub fn look(&mut self, to: &[&str], clock: impl Fn() -> Time, ask: impl FnOnce(Time) -> Asked) -> Looked {
        let mut notices = Vec::new();
        let looked = self.follower.look(ask);
        self.count.looks += 1;
        let (sight, now, audit) = match looked {
            Ok(look) => {
                self.count.whole += u64::from(look.is_whole);
                let read_anew = look.read_anew.filter(Changed::is_news);
                notices.extend(read_anew.as_ref().map(|why| format!("the logs were read anew: {why}")));
                // A look that is not whole has the causes that whole looks found.
                let mut sight = Sight::of(&look.replay.report, look.now, true);
                sight.cut = read_anew.is_some_and(|why| why.loses());
                (sight, look.now, Ok(look.replay))
            }
            Err(why) => {
                let now = clock();
                (Sight::of_no_logs(now, &why.to_string()), now, Err(why))
            }
        };
        let told = self.memory.alarms.look(&sight, &self.rules);
        self.memory.due.extend(told.iter().map(|told| Due::new(told, to)));
        notices.extend(self.memory.shorten());
        let not_stored = self.keep(now).err();
        Looked { audit, now, told, sight, notices, not_stored }
    }

    fn keep(&mut self, now: Time) -> Result<(), CannotStore> {
        let Some(store) = &self.store else { return Ok(()) };
        store.remember(&self.memory)?;
        if self.stored_at.is_none_or(|stored| (now - stored).abs() >= STORED_EVERY) {
            store.keep(&self.follower)?;
            self.stored_at = Some(now);
        }
        Ok(())
    }

    /// What one who is told does not know yet, in order.
    pub fn due_to<'a>(&'a self, who: &'a str) -> impl Iterator<Item = &'a Announcement> {
        self.memory.due.iter().filter(move |due| due.to.iter().any(|other| other == who)).map(|due| &due.announcement)
    }

    /// One was told.
    pub fn was_told(&mut self, who: &str, numbers: &[u64]) -> Result<(), CannotStore> {
        if numbers.is_empty() {
            return Ok(());
        }
        for due in self.memory.due.iter_mut().filter(|due| numbers.contains(&due.announcement.number)) {
            due.to.retain(|other| other != who);
        }
        self.memory.due.retain(|due| !due.to.is_empty());
        match &self.store {
            Some(store) => store.remember(&self.memory),
            None => Ok(()),
        }
    }

    /// Appends to the journal, where there is one.
    pub fn journal(&self, number: u64, line: &str) -> Result<(), CannotStore> {
        self.store.as_ref().map_or(Ok(()), |store| store.journal(number, line))
    }

    /// The lives of what was seen.
    pub fn alarms(&self) -> &Alarms {
        &self.memory.alarms
    }

    /// Stores everything: the guard ends.
    pub fn end(&self) -> Result<(), CannotStore> {
        let Some(store) = &self.store else { return Ok(()) };
        store.remember(&self.memory)?;
        store.keep(&self.follower)
    }
}
