//! Why a request gave no answer.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

/// Gateways answer with whole pages; the report needs a line.
const MESSAGE_LIMIT: usize = 200;

/// A request that was sent until there was no point in sending it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The path, such as `/v2/positions`.
    pub endpoint: &'static str,
    /// How often it was sent; 0 when it never was.
    pub tries: u32,
}

impl fmt::Display for Asked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tries {
            0 => write!(formatter, "GET {} (not sent)", self.endpoint),
            1 => write!(formatter, "GET {}", self.endpoint),
            tries => write!(formatter, "GET {} ({tries} tries)", self.endpoint),
        }
    }
}

/// What the broker said instead of an answer (alpaca.md 6.1). Matched by status only; the rest is for people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Alpaca's own code, such as 40110000.
    pub code: Option<i64>,
    /// Alpaca's message, or the beginning of the body: one line, control characters escaped, cut short.
    pub message: Option<String>,
    /// The `X-Request-ID`, which Alpaca's support asks for (alpaca.md 6.2).
    pub request_id: Option<String>,
}

impl Answer {
    /// Reads a refusal. `code` may be absent and the body may not be JSON (alpaca.md 6.1).
    /// `shown` takes out what may not be.
    pub(super) fn read(status: u16, body: &str, request_id: Option<String>, shown: &dyn Fn(&str) -> String) -> Self {
        #[derive(Deserialize)]
        struct Wire {
            code: Option<serde_json::Number>,
            message: Option<String>,
        }
        let wire = serde_json::from_str::<Wire>(body).ok();
        let code = wire.as_ref().and_then(|wire| wire.code.as_ref()?.as_i64());
        let message = wire.and_then(|wire| wire.message).unwrap_or_else(|| body.trim().to_owned());
        // Only what was decoded can be looked through: a string has many spellings.
        let message = Some(one_line(&shown(&message))).filter(|message| !message.is_empty());
        Self { status, code, message, request_id }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "status {}", self.status)?;
        if let Some(code) = self.code {
            write!(formatter, ", code {code}")?;
        }
        if let Some(message) = &self.message {
            write!(formatter, ", \"{message}\"")?;
        }
        if let Some(request_id) = &self.request_id {
            write!(formatter, ", X-Request-ID {request_id}")?;
        }
        Ok(())
    }
}

/// Why a request gave no answer, and what to do about it. No variant ever holds a key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClientError {
    /// 401 or 403: the keys or the environment they are for (alpaca.md 1.2). Never sent again.
    #[error(
        "{asked}: the broker refused the keys ({answer}); check that both halves belong together, are current, and are for this host: paper and live keys are not interchangeable"
    )]
    KeysRefused {
        /// What was asked.
        asked: Asked,
        /// What was answered.
        answer: Answer,
    },
    /// 404: on the endpoints we read, a wrong base URL and never "flat" (alpaca.md 2.2).
    #[error("{asked}: no such endpoint ({answer}); check the base URL")]
    NotFound {
        /// What was asked.
        asked: Asked,
        /// What was answered.
        answer: Answer,
    },
    /// Another 4xx. Never sent again.
    #[error("{asked}: the broker did not accept the request ({answer}); report this as a fault of tapecheck")]
    NotAccepted {
        /// What was asked.
        asked: Asked,
        /// What was answered.
        answer: Answer,
    },
    /// A redirect. Not followed: it could carry the keys elsewhere.
    #[error("{asked}: the host redirects, which is not followed ({answer}); set the base URL to the final address")]
    Redirected {
        /// What was asked.
        asked: Asked,
        /// What was answered.
        answer: Answer,
    },
    /// 429, still after the last try.
    #[error("{asked}: the rate limit is used up ({answer}); wait a minute: the bot shares this limit")]
    RateLimited {
        /// What was asked.
        asked: Asked,
        /// What was answered.
        answer: Answer,
    },
    /// 5xx, 408 or 425, still after the last try.
    #[error("{asked}: the broker is in trouble ({answer}); look at status.alpaca.markets and try again")]
    BrokerTrouble {
        /// What was asked.
        asked: Asked,
        /// What was answered.
        answer: Answer,
    },
    /// No whole answer within the time for one request, still after the last try.
    #[error("{asked}: no whole answer within {}; try again, or allow more time", seconds(*limit))]
    TimedOut {
        /// What was asked.
        asked: Asked,
        /// The time for one request.
        limit: Duration,
    },
    /// No connection, or a broken one, still after the last try.
    #[error("{asked}: the broker cannot be reached ({reason}); check the network and the base URL")]
    Unreachable {
        /// What was asked.
        asked: Asked,
        /// What the network said.
        reason: String,
    },
    /// A body that is cut short, is not JSON, or is not the kind that the endpoint gives, still after the last try.
    #[error("{asked}: the answer cannot be read: {reason} ({answer}); try again")]
    Malformed {
        /// What was asked.
        asked: Asked,
        /// What is wrong with it.
        reason: String,
        /// What was answered, without its body.
        answer: Answer,
    },
    /// A body beyond the limit.
    #[error("{asked}: the answer is larger than {limit} bytes ({answer}); check the base URL")]
    TooLarge {
        /// What was asked.
        asked: Asked,
        /// The limit, in bytes.
        limit: usize,
        /// What was answered, without its body.
        answer: Answer,
    },
    /// All answers together, beyond the limit.
    #[error(
        "{asked}: the answers of the whole read are larger than {limit} bytes; read less of the past (--from, or record --since)"
    )]
    TooMuch {
        /// What was asked.
        asked: Asked,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A body with the keys in it: they would be shown and kept with what they are in.
    #[error(
        "{asked}: the answer repeats your keys, and is neither used nor kept ({answer}); check that the base URL is the broker's"
    )]
    HoldsKeys {
        /// What was asked.
        asked: Asked,
        /// What was answered, without its body.
        answer: Answer,
    },
    /// A certificate that does not prove whose the host is. The keys were not sent.
    #[error(
        "{asked}: the host does not prove that it is the broker: its certificate is not trusted ({reason}); no keys were sent; check the base URL"
    )]
    Untrusted {
        /// What was asked.
        asked: Asked,
        /// What is wrong with the certificate.
        reason: String,
    },
    /// Our own limit (alpaca.md 6.2), and no time to wait for it.
    #[error("{asked}: the budget of {limit} requests a minute, or what the broker leaves of its own, is used up; the next turn is in {}, after the time allowed; allow more time or more requests", seconds(*wait))]
    BudgetSpent {
        /// What was asked.
        asked: Asked,
        /// Requests a minute.
        limit: usize,
        /// How long the next one would have to wait.
        wait: Duration,
    },
    /// The time for the whole read ran out.
    #[error("{asked}: the {} for the whole read ran out{}; allow more time (--timeout)", seconds(*limit), after(last.as_deref()))]
    DeadlinePassed {
        /// What was asked.
        asked: Asked,
        /// The time for the whole read.
        limit: Duration,
        /// What went wrong with the last try.
        last: Option<Box<ClientError>>,
    },
    /// Pages that do not end, or repeat.
    #[error("{asked}: {reason}; what was read is not used, because nobody knows what is missing")]
    Endless {
        /// What was asked.
        asked: Asked,
        /// What the pages did.
        reason: String,
    },
    /// The client itself cannot be made.
    #[error("the HTTP client cannot be made: {reason}")]
    Setup {
        /// What is missing.
        reason: String,
    },
}

impl ClientError {
    /// The `X-Request-ID` of the last answer, where there was one.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::KeysRefused { answer, .. }
            | Self::NotFound { answer, .. }
            | Self::NotAccepted { answer, .. }
            | Self::Redirected { answer, .. }
            | Self::RateLimited { answer, .. }
            | Self::BrokerTrouble { answer, .. }
            | Self::Malformed { answer, .. }
            | Self::HoldsKeys { answer, .. }
            | Self::TooLarge { answer, .. } => answer.request_id.as_deref(),
            Self::DeadlinePassed { last, .. } => last.as_ref().and_then(|last| last.request_id()),
            Self::TimedOut { .. } | Self::Unreachable { .. } | Self::BudgetSpent { .. } => None,
            Self::TooMuch { .. } | Self::Untrusted { .. } | Self::Endless { .. } | Self::Setup { .. } => None,
        }
    }
}

/// Text from outside, fit for one line of a terminal: control characters escaped, cut short.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::new();
    for character in text.chars().take(MESSAGE_LIMIT) {
        match character {
            '\n' | '\r' | '\t' => line.push(' '),
            // Beside the control characters, what reorders or hides text on a terminal.
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
                line.extend(character.escape_unicode())
            }
            character if character.is_control() => line.extend(character.escape_unicode()),
            character => line.push(character),
        }
    }
    if text.chars().nth(MESSAGE_LIMIT).is_some() {
        line.push('…');
    }
    line
}

fn seconds(duration: Duration) -> String {
    let text = format!("{:.1}", duration.as_secs_f64());
    format!("{} s", text.strip_suffix(".0").unwrap_or(&text))
}

fn after(last: Option<&ClientError>) -> String {
    last.map(|last| format!(" (the last try: {last})")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_read_with_and_without_a_code() {
        let coded = Answer::read(
            401,
            r#"{"code":40110000,"message":"access key verification failed"}"#,
            Some("r1".to_owned()),
            &str::to_owned,
        );
        assert_eq!(coded.to_string(), "status 401, code 40110000, \"access key verification failed\", X-Request-ID r1");
        let bare = Answer::read(403, r#"{"message":"forbidden."}"#, None, &str::to_owned);
        assert_eq!((bare.code, bare.message.as_deref()), (None, Some("forbidden.")));
        let page = Answer::read(502, "<html>\r\n<h1>Bad Gateway</h1>", None, &str::to_owned);
        assert_eq!(page.message.as_deref(), Some("<html>  <h1>Bad Gateway</h1>"));
        assert_eq!(Answer::read(500, " ", None, &str::to_owned).message, None);
    }

    #[test]
    fn text_from_outside_cannot_write_on_the_terminal() {
        assert_eq!(one_line("a\u{1b}[31mb\u{202e}c\n"), "a\\u{1b}[31mb\\u{202e}c ");
        assert_eq!(one_line(&"x".repeat(500)).chars().count(), MESSAGE_LIMIT + 1);
    }
}
