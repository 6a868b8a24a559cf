//! Where a watch speaks: commands, webhooks, a page of metrics, the service manager. What is said was put into words by the outputs.
//!
//! | file | who is told |
//! |---|---|
//! | `command.rs` | a command of the user's, with the announcement as JSON on its stdin |
//! | `webhook.rs` | a chat, or any other address that takes a POST |
//! | `queue.rs` | lets either take its time while the watch goes on |
//! | `metrics.rs` | who scrapes `/metrics`, and who asks `/healthz` |
//! | `textfile.rs` | a collector that reads a file |
//! | `systemd.rs` | the service manager |

pub mod command;
pub mod metrics;
pub mod queue;
pub mod systemd;
pub mod textfile;
pub mod webhook;

use crate::alarms::Announcement;
use crate::outputs::announcement::{chat, document};

/// An announcement in every wording that one of the ways may want.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The announcement's number, by which complaints name it.
    pub number: u64,
    /// The published JSON, one line.
    pub json: String,
    /// The body for Slack.
    pub slack: String,
    /// The body for Discord.
    pub discord: String,
}

impl Message {
    /// Puts an announcement about the bot in `directory` into words.
    pub fn of(told: &Announcement, directory: &str) -> Result<Message, serde_json::Error> {
        Ok(Message {
            number: told.number,
            json: document::line(told, directory)?,
            slack: chat::slack(told, directory),
            discord: chat::discord(told, directory),
        })
    }
}

/// A way to tell somebody.
pub trait Way: Send {
    /// Its name, as metrics have it.
    fn name(&self) -> &'static str;

    /// Tells it, however often that must be tried, within a bounded time. The error is for people, and holds no secret.
    fn tell(&mut self, message: &Message) -> Result<(), String>;
}
