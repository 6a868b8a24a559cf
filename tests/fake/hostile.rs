//! A broker that means harm, or something else that listens where the broker should.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::book::Book;
use super::http::{Answer, Seen};
use super::{KEY, SECRET, answer};

/// What it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malice {
    /// Activities without end, each page large.
    FatPages,
    /// A list of blanks without end, in chunks.
    EndlessBody,
    /// A gigabyte that says so.
    GigabyteBody,
    /// A body, a byte every now and then.
    DrippingBody,
    /// A header every now and then, for ever.
    DrippingHead,
    /// Headers without end.
    EndlessHead,
    /// `100 Continue` without end.
    EndlessContinue,
    /// Nothing at all, and the connection stays.
    Silence,
    /// Other types than the reference has, everywhere.
    WrongTypes,
    /// Lists in lists in lists.
    DeepLists,
    /// Orders whose legs have legs that have legs.
    DeepLegs,
    /// Times at the end of what a calendar can hold.
    EndOfTime,
    /// A redirect to another host, of each kind.
    Redirect(u16),
    /// A refusal that repeats what it was sent, one way or another, with control characters between.
    RepeatsKeys,
    /// Positions with the keys in them.
    HoldsKeys,
    /// The same, spelt with escapes.
    HoldsKeysEscaped,
    /// A body that ends before its chunks do.
    CutChunks,
    /// A body shorter than it says.
    TooShort,
    /// A body longer than it says.
    TooLong,
    /// A compressed body, which nobody asked for, and which is a thousand times larger inside.
    Compressed,
    /// Bytes that are no HTTP.
    NotHttp,
    /// Text that writes on terminals, in every string.
    HostileText,
}

impl Malice {
    /// All of them, by the names that the command line takes.
    pub const NAMED: [(&'static str, Self); 22] = [
        ("fat-pages", Self::FatPages),
        ("endless-body", Self::EndlessBody),
        ("gigabyte", Self::GigabyteBody),
        ("dripping-body", Self::DrippingBody),
        ("dripping-head", Self::DrippingHead),
        ("endless-head", Self::EndlessHead),
        ("endless-continue", Self::EndlessContinue),
        ("silence", Self::Silence),
        ("wrong-types", Self::WrongTypes),
        ("deep-lists", Self::DeepLists),
        ("deep-legs", Self::DeepLegs),
        ("end-of-time", Self::EndOfTime),
        ("redirect-elsewhere", Self::Redirect(302)),
        ("repeats-keys", Self::RepeatsKeys),
        ("holds-keys", Self::HoldsKeys),
        ("holds-keys-escaped", Self::HoldsKeysEscaped),
        ("cut-chunks", Self::CutChunks),
        ("too-short", Self::TooShort),
        ("too-long", Self::TooLong),
        ("compressed", Self::Compressed),
        ("not-http", Self::NotHttp),
        ("hostile-text", Self::HostileText),
    ];
}

/// One that listens. Dropping it stops it.
pub struct Hostile {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

/// So often something drips: more often than anybody gives up.
const DRIP: Duration = Duration::from_millis(20);

impl Hostile {
    /// Starts on a free port of this machine. `elsewhere` is where redirects lead.
    pub async fn start(malice: Malice, elsewhere: String) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, malice, elsewhere.clone(), Arc::clone(&shared)));
            }
        });
        Ok(Self { address, seen, task })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: tokio::net::TcpStream, malice: Malice, elsewhere: String, seen: Arc<Mutex<Vec<Seen>>>) {
    while let Some(request) = super::http::read_request(&mut stream).await {
        seen.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        if harm(&mut stream, malice, &request, &elsewhere).await.is_none() {
            return;
        }
    }
}

/// Sends what it sends; `None` where the connection is over.
async fn harm(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), malice: Malice, request: &Seen, elsewhere: &str) -> Option<()> {
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let honest = answer(&Book::quiet(), request);
    let told = match malice {
        Malice::FatPages
        | Malice::WrongTypes
        | Malice::DeepLists
        | Malice::DeepLegs
        | Malice::EndOfTime
        | Malice::HostileText => Answer { body: body(malice, request, &honest), ..honest }.bytes(),
        Malice::HoldsKeys | Malice::HoldsKeysEscaped => Answer { body: body(malice, request, &honest), ..honest }.bytes(),
        Malice::Redirect(status) => Answer::error(status, "").with("Location", elsewhere.to_owned() + &request.path).bytes(),
        Malice::RepeatsKeys => repeats_keys().bytes(),
        Malice::EndlessBody => {
            return for_ever(stream, &format!("{CHUNKED}1\r\n[\r\n"), &format!("10000\r\n{}\r\n", " ".repeat(65_536))).await;
        }
        Malice::GigabyteBody => {
            return for_ever(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n[", &" ".repeat(65_536)).await;
        }
        Malice::EndlessHead => return for_ever(stream, "HTTP/1.1 200 OK\r\n", &format!("X-A: {}\r\n", "a".repeat(1_000))).await,
        Malice::EndlessContinue => return for_ever(stream, "", "HTTP/1.1 100 Continue\r\n\r\n").await,
        Malice::DrippingBody => return drip(stream, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n[", " ").await,
        Malice::DrippingHead => return drip(stream, "HTTP/1.1 200 OK\r\n", "X-A: a\r\n").await,
        Malice::Silence => return drip(stream, "", "").await,
        Malice::CutChunks => {
            stream.write_all(format!("{CHUNKED}2\r\n[{{\r\n").as_bytes()).await.ok()?;
            return None;
        }
        Malice::TooShort => {
            format!("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nConnection: close\r\n\r\n{}", honest.body).into_bytes()
        }
        Malice::TooLong => format!("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}", honest.body.repeat(9)).into_bytes(),
        Malice::Compressed => compressed(),
        Malice::NotHttp => b"SSH-2.0-OpenSSH_9.9\r\n\x00\x1b[31m\xff".to_vec(),
    };
    stream.write_all(&told).await.ok()?;
    // What has no end that the reader knows of ends with the connection.
    let ends = matches!(malice, Malice::TooShort | Malice::NotHttp);
    if ends { None } else { Some(()) }
}

async fn for_ever(stream: &mut (impl AsyncWrite + Unpin), first: &str, again: &str) -> Option<()> {
    stream.write_all(first.as_bytes()).await.ok()?;
    loop {
        stream.write_all(again.as_bytes()).await.ok()?;
    }
}

async fn drip(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), first: &str, again: &str) -> Option<()> {
    stream.write_all(first.as_bytes()).await.ok()?;
    loop {
        stream.write_all(again.as_bytes()).await.ok()?;
        // Whoever gives up is noticed by what cannot be read any more.
        if matches!(tokio::time::timeout(DRIP, stream.read_u8()).await, Ok(Err(_))) {
            return None;
        }
    }
}

fn repeats_keys() -> Answer {
    let escaped: String = SECRET.chars().map(|letter| format!("\\u{:04x}", u32::from(letter))).collect();
    let message = format!("{KEY} {SECRET} {escaped} \\u001b[31mred\\u202e<script>alert(1)</script>\\n\\u0007");
    Answer::error(403, &format!("{{\"message\":\"{message}\"}}")).with("X-Request-ID", format!("{KEY}/{SECRET}"))
}

/// A gzip of a hundred megabytes of blanks, by hand: the same block of deflate again and again.
fn compressed() -> Vec<u8> {
    let mut body = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    body.extend(std::iter::repeat_n([0xec, 0xc1, 0x01, 0x01].into_iter(), 25_000).flatten());
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.into_bytes(), body].concat()
}

fn body(malice: Malice, request: &Seen, honest: &Answer) -> String {
    let path = request.path.as_str();
    let is_list = honest.body.starts_with('[');
    match (malice, path) {
        (Malice::FatPages, "/v2/account/activities") => {
            let token: u64 = request.parameter("page_token").and_then(|token| token.parse().ok()).unwrap_or(0);
            let filler = "x".repeat(40_000);
            let row = |number: u64| format!(r#"{{"id":"{number}","activity_type":"FEE","description":"{filler}"}}"#);
            format!("[{}]", (token + 1..=token + 100).map(row).collect::<Vec<_>>().join(","))
        }
        (Malice::WrongTypes, _) if is_list => {
            r#"[1,null,"x",[],{},{"symbol":5,"qty":[]},{"symbol":"AAPL","qty":{},"side":7,"id":[],"date":{}},true]"#.to_owned()
        }
        (Malice::WrongTypes, _) => {
            r#"{"account_number":5,"status":[],"equity":{},"cash":"much","trading_blocked":"perhaps","timestamp":[12]}"#
                .to_owned()
        }
        (Malice::DeepLists, _) if is_list => "[".repeat(200_000) + &"]".repeat(200_000),
        (Malice::DeepLegs, "/v2/orders") => {
            let row = r#"{"id":"1","symbol":"A","side":"buy","legs":["#;
            format!("[{}{}]", row.repeat(20_000), "]}".repeat(20_000))
        }
        (Malice::EndOfTime, _) => {
            let times = ["transaction_time", "submitted_at", "created_at", "filled_at", "timestamp", "date"];
            let end = "+262142-12-31T23:59:59Z";
            let fields: Vec<String> = times.iter().map(|name| format!(r#""{name}":"{end}""#)).collect();
            let row =
                format!(r#"{{"id":"1","symbol":"AAPL","qty":"1","side":"long","activity_type":"FILL",{}}}"#, fields.join(","));
            if is_list { format!("[{row}]") } else { row }
        }
        (Malice::HoldsKeys, "/v2/positions") => format!(r#"[{{"symbol":"{SECRET}","qty":"1","side":"long"}}]"#),
        (Malice::HoldsKeysEscaped, "/v2/positions") => {
            let escaped: String = SECRET.chars().map(|letter| format!("\\u{:04x}", u32::from(letter))).collect();
            format!(r#"[{{"symbol":"{escaped}","qty":"1","side":"long"}}]"#)
        }
        (Malice::HostileText, _) => {
            let text = r"A\u001b[31m\u202e\u200b<script>&\u0007\u009b1m";
            let row = format!(
                r#"{{"id":"{text}","symbol":"{text}","qty":"{text}","side":"{text}","status":"{text}","account_number":"{text}","timestamp":"{text}","activity_type":"{text}"}}"#
            );
            if is_list { format!("[{row}]") } else { row }
        }
        _ => honest.body.clone(),
    }
}
