//! One GET, sent until it is answered or there is no point in sending it again.
//!
//! There is no other verb here, and no parameter that could make one.

use std::cell::Cell;
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

use crate::brokers::alpaca::http::body::{
    BodyFault, Shape, checked, header, holds, rate_headers, read_body, reason_of, untrusted,
};
use crate::brokers::alpaca::http::budget::Budget;
use crate::brokers::alpaca::http::host::BaseUrl;
use crate::brokers::alpaca::http::keys::Keys;
use crate::brokers::alpaca::http::refusal::{Answer, Asked, ClientError, one_line};
use crate::brokers::alpaca::http::retry::{Backoff, Outcome, http_date};
use crate::brokers::alpaca::http::secret::Secret;

const KEY_HEADER: HeaderName = HeaderName::from_static("apca-api-key-id");
const SECRET_HEADER: HeaderName = HeaderName::from_static("apca-api-secret-key");
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
/// How much of a refusal is read: enough for any message, however long the gateway's page.
const REFUSAL_LIMIT: usize = 64 * 1024;
/// What is shorter is no key, and stands in many a text.
const SHORTEST_KEY: usize = 8;
/// So many requests of each minute stay the bot's, whatever our budget says (alpaca.md 6.2).
const RESERVE: u64 = 5;

/// How patient the client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The time for one request, body and all.
    pub request_timeout: Duration,
    /// The time for a whole read.
    pub deadline: Duration,
    /// The largest body that is taken, in bytes.
    pub body_limit: usize,
    /// The most bytes that are taken in a whole read.
    pub read_limit: usize,
    /// The most requests in any minute (alpaca.md 6.2: the limit is shared with the bot).
    pub requests_per_minute: usize,
    /// How often one request is sent at the most.
    pub tries: u32,
    /// The waits between tries.
    pub backoff: Backoff,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(10),
            deadline: Duration::from_secs(30),
            body_limit: 64 * 1024 * 1024,
            read_limit: 128 * 1024 * 1024,
            requests_per_minute: 60,
            tries: 4,
            backoff: Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(5) },
        }
    }
}

/// One request as it went, for the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLog {
    /// The path, such as `/v2/positions`.
    pub endpoint: &'static str,
    /// The last status; `None` when none came.
    pub status: Option<u16>,
    /// How often it was sent.
    pub tries: u32,
    /// From the first sending to the end, waits included.
    pub millis: u64,
    /// The last `X-Request-ID`.
    pub request_id: Option<String>,
}

/// A client that is about to carry secrets: it goes where it is sent and nowhere else, and once.
pub fn careful(to_this_machine: bool) -> Result<reqwest::ClientBuilder, rustls::Error> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .user_agent(USER_AGENT);
    // A proxy from the environment carries https as a tunnel, but would read what goes to this machine over http.
    Ok(if to_this_machine { builder.no_proxy() } else { builder.https_only(true) })
}

/// Reads Alpaca, and can do nothing else.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    key: Secret,
    secret: Secret,
    base_url: BaseUrl,
    settings: Settings,
    budget: Budget,
    log: Mutex<Vec<RequestLog>>,
}

impl Client {
    /// A client for one account. Its budget is shared by everything that is read through it.
    pub fn new(keys: &Keys, settings: Settings) -> Result<Self, ClientError> {
        let setup = |error: &dyn Error| ClientError::Setup { reason: reason_of(error) };
        let builder = careful(keys.base_url.is_loopback()).map_err(|error| setup(&error))?;
        Ok(Self {
            http: builder.build().map_err(|error| setup(&error))?,
            key: keys.key.clone(),
            secret: keys.secret.clone(),
            base_url: keys.base_url.clone(),
            settings,
            budget: Budget::new(settings.requests_per_minute),
            log: Mutex::default(),
        })
    }

    /// Where this client reads.
    pub fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    /// How patient this client is.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The requests since the client was made or the log was last taken, in the order in which they ended.
    pub fn take_log(&self) -> Vec<RequestLog> {
        std::mem::take(&mut *self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// One look at the account: everything in it shares one deadline, which begins now.
    pub(super) fn session<'a>(&'a self, now: &'a dyn Fn() -> DateTime<Utc>) -> Session<'a> {
        Session { client: self, now, until: Instant::now() + self.settings.deadline, taken: Cell::new(0) }
    }

    /// An answer that repeats the keys would be kept with them, and shown.
    fn keyless(&self, body: String) -> Result<String, BodyFault> {
        let keys: Vec<&str> =
            [&self.key, &self.secret].map(Secret::reveal).into_iter().filter(|key| key.len() >= SHORTEST_KEY).collect();
        if holds(&body, &keys) { Err(BodyFault::HoldsKeys) } else { Ok(body) }
    }

    fn headers(&self) -> Result<HeaderMap, ClientError> {
        let mut headers = HeaderMap::new();
        for (name, secret) in [(KEY_HEADER, &self.key), (SECRET_HEADER, &self.secret)] {
            // The error is not shown: it could tell what the key is made of.
            let value = HeaderValue::from_str(secret.reveal());
            let mut value = value.map_err(|_| ClientError::Setup { reason: "a key cannot be sent".to_owned() })?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }
}

/// One request to be made.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) endpoint: &'static str,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) shape: Shape,
}

/// Requests that share a deadline.
pub(super) struct Session<'a> {
    client: &'a Client,
    /// What time it is.
    pub(super) now: &'a dyn Fn() -> DateTime<Utc>,
    /// When everything must be over.
    pub(super) until: Instant,
    /// Bytes of bodies so far.
    taken: Cell<usize>,
}

/// One try that did not give an answer.
struct Failed {
    error: ClientError,
    again: bool,
    wait: Option<Duration>,
}

impl Session<'_> {
    /// Sends one request until it is answered; gives the body as it was sent.
    pub(super) async fn get(&self, request: &Request) -> Result<String, ClientError> {
        let began = Instant::now();
        let mut entry = RequestLog { endpoint: request.endpoint, status: None, tries: 0, millis: 0, request_id: None };
        let result = self.get_logged(request, &mut entry).await;
        entry.millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.client.log.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
        result
    }

    async fn get_logged(&self, request: &Request, entry: &mut RequestLog) -> Result<String, ClientError> {
        let settings = &self.client.settings;
        let mut last: Option<ClientError> = None;
        loop {
            let asked = Asked { endpoint: request.endpoint, tries: entry.tries };
            if Instant::now() >= self.until {
                return Err(self.deadline_passed(asked, last));
            }
            if let Err(spent) = self.client.budget.take(self.until).await {
                let limit = settings.requests_per_minute;
                return Err(last.unwrap_or(ClientError::BudgetSpent { asked, limit, wait: spent.wait }));
            }
            entry.tries += 1;
            let failed = match self.send(request, entry).await {
                Ok(body) => return Ok(body),
                Err(failed) => failed,
            };
            if !failed.again || entry.tries >= settings.tries {
                return Err(failed.error);
            }
            let wait = failed.wait.unwrap_or_else(|| settings.backoff.wait(entry.tries));
            if Instant::now() + wait >= self.until {
                let asked = Asked { endpoint: request.endpoint, tries: entry.tries };
                return Err(self.deadline_passed(asked, Some(failed.error)));
            }
            last = Some(failed.error);
            tokio::time::sleep(wait).await;
        }
    }

    fn deadline_passed(&self, asked: Asked, last: Option<ClientError>) -> ClientError {
        ClientError::DeadlinePassed { asked, limit: self.client.settings.deadline, last: last.map(Box::new) }
    }

    async fn send(&self, request: &Request, entry: &mut RequestLog) -> Result<String, Failed> {
        let asked = Asked { endpoint: request.endpoint, tries: entry.tries };
        let limit = self.client.settings.request_timeout;
        let until = self.until.min(Instant::now() + limit);
        match tokio::time::timeout_at(until, self.exchange(request, entry, &asked)).await {
            Ok(result) => result,
            Err(_) if until == self.until => Err(Failed { error: self.deadline_passed(asked, None), again: false, wait: None }),
            Err(_) => Err(Failed { error: ClientError::TimedOut { asked, limit }, again: true, wait: None }),
        }
    }

    async fn exchange(&self, request: &Request, entry: &mut RequestLog, asked: &Asked) -> Result<String, Failed> {
        let url = self.client.base_url.endpoint(request.endpoint, &request.query);
        let headers = self.client.headers().map_err(|error| Failed { error, again: false, wait: None })?;
        let mut response = self.client.http.get(url).headers(headers).send().await.map_err(|error| {
            let (asked, error) = (asked.clone(), error.without_url());
            match untrusted(&error) {
                Some(reason) => Failed { error: ClientError::Untrusted { asked, reason }, again: false, wait: None },
                None => {
                    let reason = reason_of(&error);
                    Failed { error: ClientError::Unreachable { asked, reason }, again: true, wait: None }
                }
            }
        })?;
        let status = response.status().as_u16();
        entry.status = Some(status);
        entry.request_id = header(&response, "x-request-id").map(|text| one_line(&self.without_keys(&text)));
        let rate = rate_headers(&response);
        // The broker's own clock, so that a skewed one here does not make a reset look far away.
        let now = header(&response, "date").and_then(|text| http_date(&text)).unwrap_or_else(self.now);
        if let Some(wait) = rate.wait_for_the_bot(RESERVE, now) {
            self.client.budget.hold(Instant::now() + wait);
        }
        let request_id = entry.request_id.clone();
        let outcome = Outcome::of(status);
        if outcome == Outcome::Answered {
            let body = read_body(&mut response, self.client.settings.body_limit, |bytes| self.has_room(bytes)).await;
            let answer = Answer { status, request_id, ..Answer::default() };
            let body = checked(body, request.shape).and_then(|body| self.client.keyless(body));
            return body.map_err(|fault| unusable(fault, asked.clone(), answer, self.client.settings.read_limit));
        }
        let wait = if outcome == Outcome::RateLimited { rate.wait(now) } else { None };
        Err(self.refused(response, outcome, asked.clone(), request_id, wait).await)
    }

    /// Reads why there is no answer. What can be read of it is for people; that it cannot be read changes nothing.
    async fn refused(
        &self,
        mut response: reqwest::Response,
        outcome: Outcome,
        asked: Asked,
        request_id: Option<String>,
        wait: Option<Duration>,
    ) -> Failed {
        let status = response.status().as_u16();
        if let Some(wait) = wait {
            self.client.budget.hold(Instant::now() + wait);
        }
        let body = read_body(&mut response, REFUSAL_LIMIT, |bytes| self.has_room(bytes)).await.unwrap_or_default();
        let shown = |text: &str| self.without_keys(text);
        let error = refusal(outcome, asked, Answer::read(status, &String::from_utf8_lossy(&body), request_id, &shown));
        Failed { error, again: is_worth_repeating(outcome), wait }
    }

    /// A gateway may echo the request, headers and all.
    fn without_keys(&self, text: &str) -> String {
        text.replace(self.client.secret.reveal(), "***").replace(self.client.key.reveal(), "***")
    }

    /// Takes so many bytes, if the whole read has room for them.
    fn has_room(&self, bytes: usize) -> bool {
        self.taken.set(self.taken.get().saturating_add(bytes));
        self.taken.get() <= self.client.settings.read_limit
    }
}

/// An answer whose body is of no use. A body that is too large will be so again.
fn unusable(fault: BodyFault, asked: Asked, answer: Answer, most: usize) -> Failed {
    match fault {
        BodyFault::TooMuch => Failed { error: ClientError::TooMuch { asked, limit: most }, again: false, wait: None },
        BodyFault::HoldsKeys => Failed { error: ClientError::HoldsKeys { asked, answer }, again: false, wait: None },
        BodyFault::TooLarge { limit } => {
            Failed { error: ClientError::TooLarge { asked, limit, answer }, again: false, wait: None }
        }
        BodyFault::Unreadable { reason } => {
            Failed { error: ClientError::Malformed { asked, reason, answer }, again: true, wait: None }
        }
    }
}

fn refusal(outcome: Outcome, asked: Asked, answer: Answer) -> ClientError {
    match outcome {
        Outcome::KeysRefused => ClientError::KeysRefused { asked, answer },
        Outcome::NotFound => ClientError::NotFound { asked, answer },
        Outcome::Redirected => ClientError::Redirected { asked, answer },
        Outcome::RateLimited => ClientError::RateLimited { asked, answer },
        Outcome::BrokerTrouble => ClientError::BrokerTrouble { asked, answer },
        Outcome::Answered | Outcome::NotAccepted => ClientError::NotAccepted { asked, answer },
    }
}

fn is_worth_repeating(outcome: Outcome) -> bool {
    match outcome {
        Outcome::RateLimited | Outcome::BrokerTrouble => true,
        Outcome::Answered | Outcome::KeysRefused | Outcome::NotFound | Outcome::NotAccepted | Outcome::Redirected => false,
    }
}
