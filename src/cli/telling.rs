//! Who is told what a watch announces, beside stdout: flags, and the ways that they open.

use clap::{Args, ValueEnum};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::watch::duration;
use super::{Failure, spared, world};
use crate::Request;
use crate::outputs::watching::{Delivery, Watching};
use crate::tell::command::Command;
use crate::tell::metrics::{self, Board, Metrics};
use crate::tell::queue::{Complain, Queue, WAITING};
use crate::tell::systemd::Systemd;
use crate::tell::textfile::Textfile;
use crate::tell::webhook::{Address, Patience, Shape, Webhook};
use crate::tell::{Message, Way};
use crate::watch::Guard;

/// Where a watch speaks.
#[derive(Args, Debug)]
#[command(next_help_heading = "Who is told, beside stdout")]
pub struct Telling {
    /// Run this for each announcement, with its JSON on stdin: words as a shell has them, without a shell
    #[arg(long, value_name = "COMMAND")]
    on_event: Option<String>,
    /// End the command after this long
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    on_event_timeout: Duration,
    /// POST each announcement to this address. It is a secret: others on this machine can read what is typed, so rather put it in a file, or
    /// into TAPECHECK_WEBHOOK
    #[arg(long, value_name = "URL", conflicts_with = "webhook_file")]
    webhook: Option<String>,
    /// The same, with the address in this file
    #[arg(long, value_name = "FILE")]
    webhook_file: Option<PathBuf>,
    /// What the other side understands, where its host does not tell
    #[arg(long, value_enum, value_name = "SHAPE")]
    webhook_shape: Option<Words>,
    /// Show /metrics (Prometheus) and /healthz at this address
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics: Option<String>,
    /// Other machines may read them, too
    #[arg(long, requires = "metrics")]
    metrics_anywhere: bool,
    /// Write the metrics to this file with each look, for a textfile collector
    #[arg(long, value_name = "FILE.prom")]
    textfile: Option<PathBuf>,
}

/// Shapes of a webhook's body.
#[derive(ValueEnum, Clone, Copy, Debug)]
enum Words {
    /// The published JSON of an announcement
    Json,
    /// Slack's, Mattermost's, Rocket.Chat's
    Slack,
    /// Discord's
    Discord,
}

impl From<Words> for Shape {
    fn from(words: Words) -> Shape {
        match words {
            Words::Json => Shape::Json,
            Words::Slack => Shape::Slack,
            Words::Discord => Shape::Discord,
        }
    }
}

/// What waits to arrive when a watch ends gets so much time.
const LAST_WORDS: Duration = Duration::from_secs(10);

impl Telling {
    /// Opens every way that is asked for.
    pub fn ways(&self, interval: Duration, request: &Request) -> Result<Ways, Failure> {
        let complain: Complain = Arc::new(|what: &str| super::tell(&[what.to_owned()]));
        let mut posts = Vec::new();
        if let Some(line) = &self.on_event {
            let command = Command::new(line, self.on_event_timeout).map_err(Failure::Usage)?;
            // A command that failed has run: who runs it again does not know what it did.
            posts.push(Post::begin(Box::new(command), true, &complain)?);
        }
        let address = Address::find(self.webhook.as_deref(), self.webhook_file.as_deref(), &world::environment);
        if let Some(address) = address.map_err(Failure::Usage)? {
            let shape = self.webhook_shape.map(Shape::from);
            let webhook = Webhook::new(address, shape, Patience::default()).map_err(Failure::Usage)?;
            posts.push(Post::begin(Box::new(webhook), false, &complain)?);
        }
        let board = Board::new(interval);
        let metrics = self.metrics.as_ref().map(|address| Metrics::begin(address, self.metrics_anywhere, board.clone()));
        self.textfile.as_deref().map_or(Ok(()), |file| spared::file(request, file))?;
        let textfile = self.textfile.as_deref().map(Textfile::new);
        let systemd = Systemd::of(&world::environment).map_err(Failure::Usage)?;
        super::tell(&systemd.impatient(interval).into_iter().collect::<Vec<String>>());
        Ok(Ways {
            posts,
            board,
            metrics: metrics.transpose().map_err(Failure::Usage)?,
            textfile: textfile.transpose().map_err(Failure::Usage)?,
            systemd,
            directory: request.directory.display().to_string(),
            interval,
            is_ready: false,
        })
    }
}

/// One way of telling, and what is on it.
struct Post {
    name: &'static str,
    queue: Queue,
    on_its_way: BTreeSet<u64>,
    /// What did not arrive is not sent again.
    gives_up: bool,
}

impl Post {
    fn begin(way: Box<dyn Way>, gives_up: bool, complain: &Complain) -> Result<Post, Failure> {
        let name = way.name();
        let queue = Queue::begin(way, WAITING, Arc::clone(complain)).map_err(Failure::Usage)?;
        Ok(Post { name, queue, on_its_way: BTreeSet::new(), gives_up })
    }

    /// The numbers of what arrived, or was given up.
    fn arrived(&mut self) -> Vec<u64> {
        let outcomes = self.queue.outcomes();
        for (number, _) in &outcomes {
            self.on_its_way.remove(number);
        }
        outcomes.into_iter().filter(|(_, arrived)| *arrived || self.gives_up).map(|(number, _)| number).collect()
    }
}

/// Every way that is open.
pub struct Ways {
    posts: Vec<Post>,
    board: Board,
    metrics: Option<Metrics>,
    textfile: Option<Textfile>,
    systemd: Systemd,
    directory: String,
    interval: Duration,
    is_ready: bool,
}

impl Ways {
    /// Those who are told what is announced.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.posts.iter().map(|post| post.name)
    }

    /// Sends on its way what is due, and was not sent yet.
    pub fn send(&mut self, guard: &Guard) {
        for post in &mut self.posts {
            for told in guard.due_to(post.name).filter(|told| !post.on_its_way.contains(&told.number)).collect::<Vec<_>>() {
                let sent = Message::of(told, &self.directory).map_err(|error| error.to_string());
                // What finds no room is due still.
                if sent.and_then(|message| post.queue.tell(&message)).is_err() {
                    break;
                }
                post.on_its_way.insert(told.number);
            }
        }
    }

    /// Notes what arrived meanwhile.
    pub fn note(&mut self, guard: &mut Guard) {
        for post in &mut self.posts {
            let arrived = post.arrived();
            if let Err(why) = guard.was_told(post.name, &arrived) {
                super::tell(&[why.to_string()]);
            }
        }
    }

    /// A look ended: its metrics, below those of its report, and a line on how it stands.
    pub fn looked(&mut self, report: &str, watching: &Watching, status: &str) {
        let deliveries: Vec<Delivery> = self.posts.iter().map(|post| post.queue.delivery()).collect();
        let interval = chrono::Duration::from_std(self.interval).unwrap_or(chrono::Duration::MAX);
        let page = format!("{report}{}", watching.write(&self.directory, interval, &deliveries, metrics::resident()));
        let mut troubles = Vec::new();
        if let Some(textfile) = &self.textfile {
            troubles.extend(textfile.show(&page).err());
        }
        self.board.show(page);
        let told = if self.is_ready { self.systemd.looked(status) } else { self.systemd.ready(status) };
        self.is_ready = true;
        troubles.extend(told.err());
        super::tell(&troubles);
    }

    /// Where the metrics are shown.
    pub fn metrics(&self) -> Option<String> {
        self.metrics.as_ref().map(|metrics| format!("http://{}/metrics", metrics.address()))
    }

    /// Ends: what waits gets a little time to arrive.
    pub fn end(mut self, guard: &mut Guard) {
        let mut troubles: Vec<String> = self.systemd.stopping().err().into_iter().collect();
        for post in &mut self.posts {
            troubles.extend(post.queue.finish(LAST_WORDS).err());
        }
        self.note(guard);
        super::tell(&troubles);
    }
}
