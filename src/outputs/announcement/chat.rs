//! An announcement as chats take it from webhooks: text that rings for nobody, and links to nothing, whatever stands in the logs.

use serde_json::json;

use super::{shown, text};
use crate::alarms::Announcement;
use crate::outputs::paint::Look;

/// A chat folds lines itself.
const CHAT: Look = Look { width: 100_000, terminal: false, unicode: true, colour: false, verbose: false, quiet: false };

/// The most characters of Slack's that are read in one message; what is longer, Slack would cut itself.
const SLACKS_MOST: usize = 4000;

/// The most characters that Discord takes; of what is longer it takes nothing.
const DISCORDS_MOST: usize = 2000;

fn words(told: &Announcement, directory: &str) -> String {
    format!("{}    in {}", text(told, &CHAT), shown(directory))
}

/// For an incoming webhook of Slack's, and of those that take the same: Mattermost, Rocket.Chat. Its three special characters are escaped,
/// so that nothing is a mention or a link, and its marks of style are off.
pub fn slack(told: &Announcement, directory: &str) -> String {
    let text = cut(&words(told, directory), SLACKS_MOST, |character| match character {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        // Slack takes no bare @channel for a mention, but those that take the same do.
        '@' => "\u{ff20}".to_owned(),
        other => other.to_string(),
    });
    json!({ "text": text, "mrkdwn": false, "link_names": false, "unfurl_links": false, "unfurl_media": false }).to_string()
}

/// For a webhook of Discord's: a block of code, which nothing in it can end, and mentions are off.
pub fn discord(told: &Announcement, directory: &str) -> String {
    const FENCE: &str = "```";
    let room = DISCORDS_MOST - 2 * (FENCE.len() + 1);
    let text = cut(&words(told, directory), room, |character| match character {
        '`' => "'".to_owned(),
        other => other.to_string(),
    });
    json!({ "content": format!("{FENCE}\n{text}\n{FENCE}"), "allowed_mentions": { "parse": [] } }).to_string()
}

/// Text spelt as a chat wants it, cut so that it has `most` characters at the most, counted as JavaScript counts them.
fn cut(text: &str, most: usize, spelt: impl Fn(char) -> String) -> String {
    let mut out = String::new();
    let mut taken = 0;
    for character in text.chars() {
        let spelt = spelt(character);
        taken += spelt.encode_utf16().count();
        if taken > most.saturating_sub(1) {
            out.push('…');
            break;
        }
        out.push_str(&spelt);
    }
    out
}
