//! The whole account, as one coherent reading (alpaca.md 6.3).
//!
//! Positions and open orders are looked at before and after the fills. Symbols that moved meanwhile, or were touched
//! within the settle time, are looked at again, three times at the most, and are then called unstable.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use crate::brokers::Endpoint;
use crate::brokers::alpaca::http::body::Shape;
use crate::brokers::alpaca::http::client::{Client, Request, RequestLog, Session};
use crate::brokers::alpaca::http::coherence::{Look, clock_time, is_paper_account, last_touched};
use crate::brokers::alpaca::http::pages::{Stretch, activities, open_orders, orders};
use crate::brokers::alpaca::http::refusal::ClientError;

/// How long orders, fills and positions may disagree (alpaca.md 6.3: up to about ten seconds were seen).
pub const SETTLE: Duration = Duration::from_secs(15);
/// Activities can come in late with an older date (alpaca.md 4.1), and an order can be older than its fills.
pub const OVERLAP: TimeDelta = TimeDelta::days(3);
/// How often symbols that move are looked at again.
const ROUNDS: u32 = 3;
/// The wait before looking again at what merely moved.
const PAUSE: Duration = Duration::from_secs(1);
/// Time that looking again takes, kept free before the deadline.
const ROUND_TIME: Duration = Duration::from_millis(500);
/// Looking again at activities goes back this far before the read: fills are written down late, too.
const TAIL: TimeDelta = TimeDelta::minutes(2);
/// Around the window: enough for the longest holiday.
const CALENDAR_MARGIN: TimeDelta = TimeDelta::days(10);

/// An endpoint that could not be read, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// What was asked for.
    pub endpoint: Endpoint,
    /// Why it was not given.
    pub why: ClientError,
}

/// What the broker answered, exactly as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// When the whole read began.
    pub whole_read_began: DateTime<Utc>,
    /// When the read of `positions` that was kept, the last one, began.
    pub read_began: DateTime<Utc>,
    /// When the whole read ended.
    pub read_ended: DateTime<Utc>,
    /// Where it was read.
    pub base_url: String,
    /// Paper or live: by the host, else by the account's number (alpaca.md 1.1, 2.1).
    pub paper: bool,
    /// The bodies, in the order in which they were read; where an order comes twice, the later one holds. An endpoint
    /// that could not be read whole is not in here.
    pub pages: BTreeMap<Endpoint, Vec<String>>,
    /// The endpoints that could not be read.
    pub unread: Vec<Unread>,
    /// The symbols whose state kept moving, sorted, crypto pairs without the slash: nothing firm can be said of them.
    pub unstable: Vec<String>,
    /// How far the broker's clock is ahead of ours; zero where it was not read.
    pub clock_ahead: TimeDelta,
    /// The requests that were made.
    pub requests: Vec<RequestLog>,
}

impl Reading {
    /// Why an endpoint is not in `pages`.
    pub fn failure(&self, endpoint: Endpoint) -> Option<&ClientError> {
        self.unread.iter().find(|unread| unread.endpoint == endpoint).map(|unread| &unread.why)
    }

    /// Whether what is held is known at all: without account and positions nothing can be checked (contract.md 3).
    pub fn has_holdings(&self) -> bool {
        self.pages.contains_key(&Endpoint::Account) && self.pages.contains_key(&Endpoint::Positions)
    }
}

/// Reads the account: orders and activities from `since` (and three days before) to `until`, everything else as it is
/// now. `settle` is how long after a fill the broker's answers may still disagree; `now` says what time it is.
pub async fn read(
    client: &Client,
    since: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
    settle: Duration,
    now: &dyn Fn() -> DateTime<Utc>,
) -> Reading {
    let whole_read_began = now();
    let session = client.session(now);
    let stretch = Stretch { after: since - OVERLAP, until };
    let end = until.unwrap_or(whole_read_began).max(whole_read_began);
    let (account, clock, calendar, mut holdings) = tokio::join!(
        object(&session, Endpoint::Account),
        timed_clock(&session),
        calendar(&session, since, end),
        Holdings::read(&session, stretch),
    );
    let skew = clock.as_ref().map_or(TimeDelta::zero(), |(_, skew)| *skew);
    let unstable = holdings.settle(&session, stretch, settle, skew).await;
    let by_number = account.as_ref().ok().and_then(|body| is_paper_account(body));
    let mut reading = Reading {
        whole_read_began,
        read_began: holdings.positions_began,
        read_ended: now(),
        base_url: client.base_url().to_string(),
        paper: client.base_url().paper().or(by_number).unwrap_or(true),
        pages: BTreeMap::new(),
        unread: Vec::new(),
        unstable: unstable.into_iter().collect(),
        clock_ahead: skew,
        requests: client.take_log(),
    };
    reading.keep(Endpoint::Account, account.map(|body| vec![body]));
    reading.keep(Endpoint::Positions, holdings.positions.clone().map(|body| vec![body]));
    reading.keep(Endpoint::Orders, holdings.all_orders());
    reading.keep(Endpoint::Activities, holdings.activities);
    reading.keep(Endpoint::Clock, clock.map(|(body, _)| vec![body]));
    reading.keep(Endpoint::Calendar, calendar_pages(calendar));
    reading
}

impl Reading {
    fn keep(&mut self, endpoint: Endpoint, answer: Result<Vec<String>, ClientError>) {
        match answer {
            Ok(pages) => {
                self.pages.insert(endpoint, pages);
            }
            Err(why) => self.unread.push(Unread { endpoint, why }),
        }
    }
}

type Body = Result<String, ClientError>;
type Pages = Result<Vec<String>, ClientError>;

async fn object(session: &Session<'_>, endpoint: Endpoint) -> Body {
    session.get(&Request { endpoint: endpoint.path(), query: Vec::new(), shape: Shape::Object }).await
}

async fn positions(session: &Session<'_>) -> Body {
    session.get(&Request { endpoint: Endpoint::Positions.path(), query: Vec::new(), shape: Shape::Array }).await
}

/// The clock, and how far the broker's time is ahead of ours.
async fn timed_clock(session: &Session<'_>) -> Result<(String, TimeDelta), ClientError> {
    let body = object(session, Endpoint::Clock).await?;
    let skew = clock_time(&body).map_or(TimeDelta::zero(), |time| time - (session.now)());
    Ok((body, skew))
}

async fn calendar(session: &Session<'_>, since: DateTime<Utc>, end: DateTime<Utc>) -> Body {
    let start = (since - CALENDAR_MARGIN).date_naive();
    let end = (end + CALENDAR_MARGIN).date_naive();
    let query = vec![("start", start.to_string()), ("end", end.to_string())];
    session.get(&Request { endpoint: Endpoint::Calendar.path(), query, shape: Shape::Array }).await
}

fn calendar_pages(body: Body) -> Pages {
    body.map(|body| vec![body])
}

/// What is held, what is open, and how it came about.
struct Holdings {
    positions: Body,
    positions_began: DateTime<Utc>,
    open: Pages,
    orders: Pages,
    activities: Pages,
    /// The symbols that moved between the last two looks.
    moved: BTreeSet<String>,
}

impl Holdings {
    /// Looks, reads the lists side by side with it, and looks again.
    async fn read(session: &Session<'_>, stretch: Stretch) -> Self {
        let positions_began = (session.now)();
        let (first_positions, first_open, orders, activities) =
            tokio::join!(positions(session), open_orders(session), orders(session, stretch, &[]), activities(session, stretch));
        let Ok(held) = &first_positions else {
            // There is nothing to compare with, and a second look would only cost the bot more of its limit.
            let moved = BTreeSet::new();
            return Self { positions: first_positions, positions_began, open: first_open, orders, activities, moved };
        };
        // Open orders that could not be read compare as none: what is then seen counts as moved.
        let before = Look::read(held, first_open.as_deref().unwrap_or_default());
        let positions_began = (session.now)();
        let (positions, open) = tokio::join!(positions(session), open_orders(session));
        let moved = match &positions {
            Ok(held) => before.moved(&Look::read(held, open.as_deref().unwrap_or_default())),
            Err(_) => BTreeSet::new(),
        };
        Self { positions, positions_began, open, orders, activities, moved }
    }

    /// Looks again until nothing moves and nothing is young; gives the symbols for which that did not come about.
    async fn settle(&mut self, session: &Session<'_>, stretch: Stretch, settle: Duration, skew: TimeDelta) -> BTreeSet<String> {
        for _ in 0..ROUNDS {
            let young = self.young(settle, skew);
            let suspects: BTreeSet<String> = self.moved.iter().chain(young.keys()).cloned().collect();
            if suspects.is_empty() || self.positions.is_err() || self.open.is_err() {
                return suspects;
            }
            let broker_now = (session.now)() + skew;
            let wait = young.values().map(|settled| (*settled - broker_now).to_std().unwrap_or_default()).max();
            let wait = wait.unwrap_or_default().max(PAUSE.min(settle));
            if Instant::now() + wait + ROUND_TIME >= session.until {
                return suspects;
            }
            tokio::time::sleep(wait).await;
            if !self.look_again(session, stretch, skew, &suspects).await {
                return suspects;
            }
        }
        let young = self.young(settle, skew);
        self.moved.iter().chain(young.keys()).cloned().collect()
    }

    /// The symbols that were touched within `settle` before the last look, and when they will have settled.
    fn young(&self, settle: Duration, skew: TimeDelta) -> BTreeMap<String, DateTime<Utc>> {
        let settle = TimeDelta::from_std(settle).unwrap_or(TimeDelta::MAX);
        let looked = self.positions_began + skew;
        let lists = [&self.orders, &self.activities, &self.open];
        let pages = lists.into_iter().filter_map(|list| list.as_ref().ok()).flatten();
        let settled = last_touched(pages).into_iter().map(|(symbol, touched)| (symbol, touched + settle));
        settled.filter(|(_, settled)| *settled > looked).collect()
    }

    /// One more look, with the lists of what may have changed; false when it failed, and then nothing is replaced.
    async fn look_again(
        &mut self,
        session: &Session<'_>,
        stretch: Stretch,
        skew: TimeDelta,
        suspects: &BTreeSet<String>,
    ) -> bool {
        let symbols: Vec<String> = suspects.iter().cloned().collect();
        let tail = Stretch { after: self.positions_began + skew - TAIL, ..stretch };
        // The lists first, then the look: what the look shows is then at least as new as what explains it.
        let (newer_orders, newer_activities) = tokio::join!(orders(session, stretch, &symbols), activities(session, tail));
        let positions_began = (session.now)();
        let (positions, open) = tokio::join!(positions(session), open_orders(session));
        let (Some(before), Some(after)) = (look(&self.positions, &self.open), look(&positions, &open)) else {
            return false;
        };
        let (Ok(newer_orders), Ok(newer_activities)) = (newer_orders, newer_activities) else {
            return false;
        };
        self.moved = before.moved(&after);
        (self.positions, self.positions_began, self.open) = (positions, positions_began, open);
        append(&mut self.orders, newer_orders);
        append(&mut self.activities, newer_activities);
        true
    }

    /// The orders of the stretch, then those that are open: what was read later comes later.
    fn all_orders(&self) -> Pages {
        let mut all = self.orders.clone()?;
        all.extend(self.open.clone()?.into_iter().filter(|page| !is_empty_list(page)));
        Ok(all)
    }
}

fn look(positions: &Body, open: &Pages) -> Option<Look> {
    Some(Look::read(positions.as_ref().ok()?, open.as_ref().ok()?))
}

fn append(list: &mut Pages, newer: Vec<String>) {
    if let Ok(pages) = list {
        pages.extend(newer.into_iter().filter(|page| !is_empty_list(page)));
    }
}

fn is_empty_list(page: &str) -> bool {
    page.split_whitespace().collect::<String>() == "[]"
}
