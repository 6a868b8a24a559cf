//! `--webhook`: each announcement is sent to an address by POST.
//!
//! The address is a secret: who knows it can write into the chat. It is shown nowhere; errors name the host alone. Nothing is sent to
//! another address than this one: there are no redirects.

#![expect(clippy::disallowed_methods, reason = "the edge: the file that holds the address is read")]

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
use url::{Host, Url};

use super::{Message, Way};
use crate::brokers::alpaca::http::client;
use crate::source::harmless;

/// The variable that may hold the address.
pub const VARIABLE: &str = "TAPECHECK_WEBHOOK";

/// The most bytes of a file that holds an address.
const LONGEST: u64 = 16 * 1024;

/// Where announcements are sent.
#[derive(Clone)]
pub struct Address {
    url: Url,
    host: String,
    loopback: bool,
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "https://{}/***", self.host)
    }
}

impl Address {
    /// Takes an address: https, or this machine. What is wrong is told without repeating the text.
    pub fn parse(text: &str) -> Result<Address, String> {
        let url = Url::parse(text.trim()).map_err(|error| format!("the webhook's address is none: {error}"))?;
        let host = url.host().ok_or("the webhook's address has no host")?;
        let loopback = match &host {
            Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let name = host.to_string();
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(format!("the webhook's address is not encrypted: {name} is sent to over https only")),
            _ => return Err("the webhook's address must begin with https://".to_owned()),
        }
        Ok(Address { host: name, loopback, url })
    }

    /// The address by the flag, else in the file, else in the environment. A flag can be read by whoever lists the machine's processes.
    pub fn find(
        flag: Option<&str>,
        file: Option<&Path>,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Address>, String> {
        match (flag, file) {
            (Some(text), _) => Address::parse(text).map(Some),
            (None, Some(path)) => Address::parse(&read(path)?).map(Some),
            (None, None) => {
                let set = environment(VARIABLE).filter(|text| !text.trim().is_empty());
                set.map(|text| Address::parse(&text).map_err(|why| format!("{VARIABLE}: {why}"))).transpose()
            }
        }
    }

    /// The host, which is no secret.
    pub fn host(&self) -> &str {
        &self.host
    }
}

fn read(path: &Path) -> Result<String, String> {
    use std::io::Read as _;
    let told = |error: std::io::Error| format!("--webhook-file {}: {error}", path.display());
    let mut text = String::new();
    std::fs::File::open(path).map_err(told)?.take(LONGEST).read_to_string(&mut text).map_err(told)?;
    Ok(text)
}

/// What the other side understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The published JSON of an announcement.
    Json,
    /// Slack's, and Mattermost's and Rocket.Chat's.
    Slack,
    /// Discord's.
    Discord,
}

impl Shape {
    /// What a host is known to understand.
    pub fn of(host: &str) -> Shape {
        let is = |domain: &str| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        if is("hooks.slack.com") || is("hooks.slack-gov.com") {
            Shape::Slack
        } else if is("discord.com") || is("discordapp.com") {
            Shape::Discord
        } else {
            Shape::Json
        }
    }

    fn body(self, message: &Message) -> &str {
        match self {
            Shape::Json => &message.json,
            Shape::Slack => &message.slack,
            Shape::Discord => &message.discord,
        }
    }
}

/// How patient a webhook is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The time for one try.
    pub request: Duration,
    /// The time for one announcement.
    pub whole: Duration,
    /// How often one is sent at the most.
    pub tries: u32,
    /// The wait after the first try; it doubles with each further one.
    pub first: Duration,
    /// The longest wait, whatever the other side asks for.
    pub longest: Duration,
}

impl Default for Patience {
    /// Five tries in two minutes: chats that are down for longer are told by the next reminder.
    fn default() -> Patience {
        Patience {
            request: Duration::from_secs(10),
            whole: Duration::from_secs(120),
            tries: 5,
            first: Duration::from_secs(1),
            longest: Duration::from_secs(60),
        }
    }
}

/// Sends announcements to one address.
#[derive(Debug)]
pub struct Webhook {
    address: Address,
    shape: Shape,
    patience: Patience,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

/// One try that did not arrive.
struct Failed {
    why: String,
    again: bool,
    wait: Option<Duration>,
}

impl Webhook {
    /// A client for one address. `shape`: what it understands, where its host does not tell.
    pub fn new(address: Address, shape: Option<Shape>, patience: Patience) -> Result<Webhook, String> {
        let cannot = |why: &dyn Error| format!("the webhook's client cannot be made: {}", innermost(why));
        let builder = client::careful(address.loopback).map_err(|error| cannot(&error))?;
        // Between two announcements the other side has long hung up.
        let builder = builder.referer(false).pool_max_idle_per_host(0);
        Ok(Webhook {
            shape: shape.unwrap_or_else(|| Shape::of(&address.host)),
            http: builder.build().map_err(|error| cannot(&error.without_url()))?,
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| cannot(&error))?,
            address,
            patience,
        })
    }

    async fn send(&self, body: &str) -> Result<(), String> {
        let until = Instant::now() + self.patience.whole;
        let mut tries = 0;
        loop {
            tries += 1;
            let limit = until.min(Instant::now() + self.patience.request);
            let failed = match timeout_at(limit, self.post(body)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(failed)) => failed,
                Err(_) => Failed { why: "does not answer in time".to_owned(), again: true, wait: None },
            };
            let wait = failed.wait.unwrap_or_else(|| self.patience.first.saturating_mul(2_u32.saturating_pow(tries - 1)));
            let wait = wait.min(self.patience.longest);
            if !failed.again || tries >= self.patience.tries || Instant::now() + wait >= until {
                let times = if tries == 1 { String::new() } else { format!(" (tried {tries} times)") };
                return Err(format!("{} {}{times}", self.address.host, failed.why));
            }
            sleep(wait).await;
        }
    }

    async fn post(&self, body: &str) -> Result<(), Failed> {
        let request = self.http.post(self.address.url.clone()).header("content-type", "application/json").body(body.to_owned());
        let answer = request.send().await.map_err(|error| {
            let why = format!("cannot be reached: {}", innermost(&error.without_url()));
            Failed { why, again: true, wait: None }
        })?;
        let status = answer.status();
        let failed = |what: &str, again: bool| Failed { why: format!("answered {}{what}", status.as_u16()), again, wait: None };
        match status.as_u16() {
            200..=299 => Ok(()),
            300..=399 => Err(failed(": it redirects, which is not followed", false)),
            429 => {
                let asked = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
                // A fraction is what Discord writes; a date, nobody does.
                let seconds = asked.and_then(|text| text.trim().parse::<f64>().ok());
                let wait = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                Err(Failed { wait, ..failed("", true) })
            }
            408 | 425 | 500..=599 => Err(failed("", true)),
            _ => Err(failed("", false)),
        }
    }
}

impl Way for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn tell(&mut self, message: &Message) -> Result<(), String> {
        self.runtime.block_on(self.send(self.shape.body(message)))
    }
}

/// The innermost cause says most: "connection refused", not "error sending request".
fn innermost(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    harmless(&innermost.to_string(), 200)
}
