//! Taking an answer in: its headers, and its body up to a limit.

use std::error::Error;

use serde::de::IgnoredAny;

use crate::brokers::alpaca::http::refusal::one_line;
use crate::brokers::alpaca::http::retry::RateHeaders;

/// What an endpoint answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Object,
    Array,
}

/// What is wrong with the body of an answer.
pub(super) enum BodyFault {
    TooLarge {
        limit: usize,
    },
    /// This answer and those before it.
    TooMuch,
    Unreadable {
        reason: String,
    },
    /// It repeats what the request was sent with.
    HoldsKeys,
}

/// Brackets in brackets: Alpaca's answers have four at the most. Below that a row would be read again and again, once for each level.
const DEEPEST: usize = 32;

/// The body, as far as the limit; `room` says whether so many bytes more may be taken in the whole read.
pub(super) async fn read_body(
    response: &mut reqwest::Response,
    limit: usize,
    room: impl Fn(usize) -> bool,
) -> Result<Vec<u8>, BodyFault> {
    // What says that it is too large need not be read to be believed.
    if response.content_length().is_some_and(|length| usize::try_from(length).is_ok_and(|length| length > limit)) {
        return Err(BodyFault::TooLarge { limit });
    }
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > limit => {
                return Err(BodyFault::TooLarge { limit });
            }
            Ok(Some(chunk)) if !room(chunk.len()) => return Err(BodyFault::TooMuch),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => {
                return Err(BodyFault::Unreadable { reason: reason_of(&error.without_url()) });
            }
        }
    }
}

/// The body as text, when it is whole JSON of the right kind.
pub(super) fn checked(body: Result<Vec<u8>, BodyFault>, shape: Shape) -> Result<String, BodyFault> {
    let unreadable = |reason: &str| BodyFault::Unreadable { reason: reason.to_owned() };
    let text = String::from_utf8(body?).map_err(|_| unreadable("it is not UTF-8"))?;
    if text.trim().is_empty() {
        return Err(unreadable("it is empty"));
    }
    serde_json::from_str::<IgnoredAny>(&text).map_err(|error| unreadable(&format!("it is not JSON: {error}")))?;
    if depth(&text) > DEEPEST {
        return Err(unreadable("it has more brackets in brackets than any answer"));
    }
    match (shape, text.trim_start().as_bytes().first()) {
        (Shape::Object, Some(b'{')) | (Shape::Array, Some(b'[')) => Ok(text),
        (Shape::Object, _) => Err(unreadable("it is not a JSON object")),
        (Shape::Array, _) => Err(unreadable("it is not a JSON array")),
    }
}

/// How deep the brackets of a JSON text go.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Whether a JSON text has one of these words in it, however it is spelt.
pub(super) fn holds(text: &str, words: &[&str]) -> bool {
    let has = |text: &str| words.iter().any(|word| text.contains(word));
    has(text) || (text.contains('\\') && has(&unescaped(text)))
}

/// A JSON text with what is escaped in its strings spelt out.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let code = after.strip_prefix('u').and_then(|after| u32::from_str_radix(after.get(..4)?, 16).ok());
        let (spelt, length) = match code.and_then(char::from_u32) {
            Some(spelt) => (Some(spelt), 5),
            None => (after.chars().next(), after.chars().next().map_or(0, char::len_utf8)),
        };
        out.extend(spelt);
        rest = after.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The certificate did not prove whose the host is: why, if that is what went wrong.
pub(super) fn untrusted(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(rustls::Error::InvalidCertificate(why)) = error.downcast_ref::<rustls::Error>() {
            return Some(one_line(&why.to_string()));
        }
        // What an error of the system was made of is not its source.
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}

/// A header, when it is there and is text.
pub(super) fn header(response: &reqwest::Response, name: &str) -> Option<String> {
    response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// What the headers say of the next request.
pub(super) fn rate_headers(response: &reqwest::Response) -> RateHeaders {
    RateHeaders {
        retry_after: header(response, "retry-after"),
        reset: header(response, "x-ratelimit-reset"),
        remaining: header(response, "x-ratelimit-remaining"),
    }
}

/// The innermost cause says most: "connection refused", not "error sending request".
pub(super) fn reason_of(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    one_line(&innermost.to_string())
}
