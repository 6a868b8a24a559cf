//! As much of HTTP/1.1 as one client needs.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// No request of ours has a longer head.
const HEAD_LIMIT: usize = 64 * 1024;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

/// What is sent back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Answer {
    pub fn json(body: String) -> Self {
        let minute_end = (chrono::Utc::now().timestamp() / 60 + 1) * 60;
        let headers = vec![
            ("Content-Type", "application/json; charset=UTF-8".to_owned()),
            ("X-RateLimit-Limit", "200".to_owned()),
            ("X-RateLimit-Remaining", "199".to_owned()),
            ("X-RateLimit-Reset", minute_end.to_string()),
        ];
        Self { status: 200, headers, body }
    }

    pub fn error(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.to_owned() }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Fake\r\nContent-Length: {}\r\n", self.status, self.body.len());
        head.push_str(&format!("X-Request-ID: fake-{}-{}\r\n", self.status, self.body.len()));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        format!("{head}\r\n{}", self.body).into_bytes()
    }
}

/// The next request of a connection; `None` when it is over or makes no sense. A body is read and dropped.
pub async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > HEAD_LIMIT {
            return None;
        }
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let url = url::Url::parse(&format!("http://fake{target}")).ok()?;
    let seen = Seen { method, path: url.path().to_owned(), query: url.query_pairs().into_owned().collect(), headers };
    let length: u64 = seen.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    tokio::io::copy(&mut stream.take(length.min(1 << 20)), &mut tokio::io::sink()).await.ok()?;
    Some(seen)
}
