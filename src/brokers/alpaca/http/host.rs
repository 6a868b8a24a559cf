//! Which hosts may be given keys.

use std::fmt;

use thiserror::Error;
use url::{Host, Url};

/// The paper host: what is read when nothing else is spelt out (alpaca.md 1.1; the reasons in alpaca.md 0, fact 13).
pub const PAPER_URL: &str = "https://paper-api.alpaca.markets";
const PAPER_HOST: &str = "paper-api.alpaca.markets";
const LIVE_HOST: &str = "api.alpaca.markets";
const ALPACA_DOMAIN: &str = ".alpaca.markets";

/// The part of an address before `/v2`, on a host that may be given keys.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
    loopback: bool,
}

/// Why an address may not be given keys.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HostError {
    /// Not an address at all. The text is not repeated: a key pasted into the wrong variable would show.
    #[error("the base URL is not an address; write it as {PAPER_URL}")]
    NotAnAddress,
    /// User information, a query or a fragment: no base URL has them, and each can carry a key into a log.
    #[error("the base URL for host {host} carries a user name, a query or a fragment; write only scheme, host and path")]
    Decorated {
        /// The host that was meant.
        host: String,
    },
    /// Plain http, or another scheme, beyond this machine.
    #[error("keys are not sent to {host} over {scheme}; use https (plain http is for this machine only)")]
    NotEncrypted {
        /// The host that was meant.
        host: String,
        /// The scheme that was written.
        scheme: String,
    },
    /// A host that is not Alpaca's and was not allowed.
    #[error(
        "keys are only sent to *.alpaca.markets or to this machine, not to {host}; if you trust it, give --allow-host {host}"
    )]
    NotAllowed {
        /// The host that was meant.
        host: String,
    },
}

impl BaseUrl {
    /// Reads an address: blanks trimmed, one layer of quotes, trailing slashes and one trailing `/v2` taken off
    /// (alpaca.md 1.1), and checks that its host may be given keys. `allow_hosts` are further hosts, over https only.
    pub fn parse(text: &str, allow_hosts: &[String]) -> Result<Self, HostError> {
        let url = Url::parse(without_version(unquoted(text))).map_err(|_| HostError::NotAnAddress)?;
        let host = url.host().ok_or(HostError::NotAnAddress)?;
        let name = host.to_string().to_ascii_lowercase();
        let decorated = !url.username().is_empty() || url.password().is_some();
        if decorated || url.query().is_some() || url.fragment().is_some() {
            return Err(HostError::Decorated { host: name });
        }
        let loopback = is_loopback(&host);
        let may_be_plain = loopback && url.scheme() == "http";
        if url.scheme() != "https" && !may_be_plain {
            return Err(HostError::NotEncrypted { host: name, scheme: url.scheme().to_owned() });
        }
        let allowed = allow_hosts.iter().any(|allowed| allowed.trim().eq_ignore_ascii_case(&name));
        if !loopback && !name.ends_with(ALPACA_DOMAIN) && !allowed {
            return Err(HostError::NotAllowed { host: name });
        }
        Ok(Self { url, loopback })
    }

    /// The address of an endpoint, such as `/v2/account`, with its query.
    pub(super) fn endpoint(&self, path: &str, query: &[(&'static str, String)]) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{path}", self.url.path().trim_end_matches('/')));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Paper or live, where the host tells (alpaca.md 1.1); `None` for this machine and for allowed hosts.
    pub fn paper(&self) -> Option<bool> {
        match self.url.host_str() {
            Some(PAPER_HOST) => Some(true),
            Some(LIVE_HOST) => Some(false),
            _ => None,
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Takes off blanks and one layer of quotes, as bots' own readers do (formats.md 12).
pub(super) fn unquoted(text: &str) -> &str {
    let text = text.trim();
    for quote in ['"', '\''] {
        let inner = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner.trim();
        }
    }
    text
}

/// Bots' env files often carry the version in the base URL (alpaca.md 1.1).
fn without_version(text: &str) -> &str {
    let text = text.trim_end_matches('/');
    text.strip_suffix("/v2").unwrap_or(text).trim_end_matches('/')
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> String {
        BaseUrl::parse(text, &[]).map_or_else(|error| format!("{error:?}"), |base| base.to_string())
    }

    #[test]
    fn decorations_of_a_base_url_come_off() {
        for text in [
            PAPER_URL,
            "https://paper-api.alpaca.markets/",
            " 'https://paper-api.alpaca.markets/v2/' ",
            "\"https://paper-api.alpaca.markets/v2\"",
        ] {
            assert_eq!(base(text), PAPER_URL);
        }
        assert_eq!(base("http://127.0.0.1:80/fake/v2/v2"), "http://127.0.0.1/fake/v2");
    }

    #[test]
    fn keys_go_nowhere_else() {
        for refused in [
            "http://paper-api.alpaca.markets",
            "https://alpaca.markets.example.com",
            "https://evilalpaca.markets",
            "https://api.alpaca.markets@example.com",
            "https://key:secret@api.alpaca.markets",
            "https://api.alpaca.markets?key=1",
            "http://192.168.1.4:8080",
            "http://localhost.example.com",
            "ftp://127.0.0.1",
            "paper-api.alpaca.markets",
            "",
        ] {
            assert!(BaseUrl::parse(refused, &[]).is_err(), "{refused}");
        }
        for taken in
            ["https://api.alpaca.markets", "http://localhost:9", "http://127.0.0.9:1", "http://[::1]:8080", "https://127.0.0.1"]
        {
            assert!(BaseUrl::parse(taken, &[]).is_ok(), "{taken}");
        }
    }

    #[test]
    fn an_allowed_host_still_needs_https() {
        let allowed = vec!["Proxy.Example.com".to_owned()];
        assert!(BaseUrl::parse("https://proxy.example.com", &allowed).is_ok());
        assert!(BaseUrl::parse("https://other.example.com", &allowed).is_err());
        let plain = BaseUrl::parse("http://proxy.example.com", &allowed);
        assert!(matches!(plain, Err(HostError::NotEncrypted { .. })));
    }

    #[test]
    fn the_host_tells_paper_from_live() {
        let paper = |text| BaseUrl::parse(text, &[]).unwrap().paper();
        assert_eq!(paper(PAPER_URL), Some(true));
        assert_eq!(paper("https://API.alpaca.markets/v2"), Some(false));
        assert_eq!(paper("http://127.0.0.1:9"), None);
    }

    #[test]
    fn endpoints_keep_the_path_of_the_base() {
        let base = BaseUrl::parse("http://127.0.0.1:9/fake/", &[]).unwrap();
        let url =
            base.endpoint("/v2/orders", &[("status", "open".to_owned()), ("after", "2026-01-01T00:00:00+00:00".to_owned())]);
        assert_eq!(url.as_str(), "http://127.0.0.1:9/fake/v2/orders?status=open&after=2026-01-01T00%3A00%3A00%2B00%3A00");
    }
}
