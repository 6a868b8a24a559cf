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
    TooLarge { limit: usize },
    Unreadable { reason: String },
}

/// The body, as far as the limit.
pub(super) async fn read_body(response: &mut reqwest::Response, limit: usize) -> Result<Vec<u8>, BodyFault> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > limit => {
                return Err(BodyFault::TooLarge { limit });
            }
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
    match (shape, text.trim_start().as_bytes().first()) {
        (Shape::Object, Some(b'{')) | (Shape::Array, Some(b'[')) => Ok(text),
        (Shape::Object, _) => Err(unreadable("it is not a JSON object")),
        (Shape::Array, _) => Err(unreadable("it is not a JSON array")),
    }
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
