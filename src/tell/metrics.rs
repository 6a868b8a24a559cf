//! `--metrics`: a page for Prometheus at `/metrics`, and at `/healthz` whether looks come in time.
//!
//! The watch writes on a board, and a thread of its own shows it: who reads slowly, or says nothing, holds up nobody. It is read from this
//! machine alone unless that is asked for otherwise.

#![expect(clippy::disallowed_methods, reason = "the edge: whether looks come in time is told by the clock, memory by the system")]

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};

/// So many may read at once.
const READERS: usize = 16;

/// A request must have been made, and its answer taken, within this.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most bytes of a request.
const REQUEST: usize = 16 * 1024;

/// The version of the format that is written.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

/// After so many intervals without a look something is wrong.
const INTERVALS: u32 = 3;

/// What the watch writes, and whoever asks reads.
#[derive(Clone, Debug)]
pub struct Board(Arc<Mutex<Shown>>);

#[derive(Debug)]
struct Shown {
    page: String,
    /// When the last look ended; before that, when the watch began.
    looked: Instant,
    has_looked: bool,
    interval: Duration,
}

impl Board {
    /// An empty one. A look is due every `interval`, the first from now on.
    pub fn new(interval: Duration) -> Board {
        Board(Arc::new(Mutex::new(Shown { page: String::new(), looked: Instant::now(), has_looked: false, interval })))
    }

    /// A look ended, and this is to be read from now on.
    pub fn show(&self, page: String) {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (shown.page, shown.looked, shown.has_looked) = (page, Instant::now(), true);
    }

    fn page(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).page.clone()
    }

    /// Whether looks come in time, in a word.
    fn health(&self) -> (bool, String) {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (ago, due) = (shown.looked.elapsed(), shown.interval.as_secs_f32());
        let is_late = ago > shown.interval.saturating_mul(INTERVALS);
        let seconds = ago.as_secs();
        let text = match (is_late, shown.has_looked) {
            (false, true) => format!("ok: the last look ended {seconds} s ago\n"),
            (false, false) => "ok: the first look has not ended yet\n".to_owned(),
            (true, true) => format!("late: no look ended for {seconds} s, and one is due every {due} s\n"),
            (true, false) => format!("late: the first look has not ended for {seconds} s, and one is due every {due} s\n"),
        };
        (!is_late, text)
    }
}

/// The thread that shows a board. It ends with this.
#[derive(Debug)]
pub struct Metrics {
    address: SocketAddr,
    _stop: oneshot::Sender<Infallible>,
}

impl Metrics {
    /// Begins to show the board at `address`, an IP and a port; `anywhere`: other machines may read it, too.
    pub fn begin(address: &str, anywhere: bool, board: Board) -> Result<Metrics, String> {
        let wanted = parsed(address)?;
        if !wanted.ip().is_loopback() && !anywhere {
            return Err(format!("--metrics {wanted}: other machines could read this: --metrics-anywhere lets them"));
        }
        let cannot = |error: std::io::Error| format!("--metrics {wanted}: {error}");
        let listener = TcpListener::bind(wanted).map_err(cannot)?;
        listener.set_nonblocking(true).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
        let (stop, stopped) = oneshot::channel::<Infallible>();
        let work = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(listener, board) => {}
                    _ = stopped => {}
                }
            });
        };
        std::thread::Builder::new().name("metrics".to_owned()).spawn(work).map_err(cannot)?;
        Ok(Metrics { address, _stop: stop })
    }

    /// Where it is shown: the port is found where it was given as 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn parsed(address: &str) -> Result<SocketAddr, String> {
    let local = address.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    let local = local.map(|port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    local.or_else(|| address.parse().ok()).ok_or_else(|| {
        let shown = crate::source::harmless(address, 100);
        format!("--metrics {shown}: is no address; write it as 127.0.0.1:9187")
    })
}

async fn serve(listener: TcpListener, board: Board) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let places = Arc::new(Semaphore::new(READERS));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, say: others may give some back.
            sleep(Duration::from_millis(200)).await;
            continue;
        };
        let board = board.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| std::future::ready(Ok::<_, Infallible>(answer(&request, &board))));
            let mut server = http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(PATIENCE / 2).keep_alive(false).max_buf_size(REQUEST);
            // Who goes away in between, or asks for nothing, is nobody's trouble.
            drop(timeout(PATIENCE, server.serve_connection(TokioIo::new(stream), service)).await);
            drop(place);
        });
    }
}

fn answer(request: &Request<Incoming>, board: &Board) -> Response<Full<Bytes>> {
    const PLAIN: &str = "text/plain; charset=utf-8";
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let refused = said(StatusCode::METHOD_NOT_ALLOWED, PLAIN, "only GET and HEAD\n".to_owned());
        return with(refused, ALLOW, "GET, HEAD");
    }
    match request.uri().path() {
        "/metrics" => said(StatusCode::OK, EXPOSITION, board.page()),
        "/healthz" => {
            let (is_well, text) = board.health();
            said(if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, PLAIN, text)
        }
        _ => said(StatusCode::NOT_FOUND, PLAIN, "there is /metrics, and /healthz\n".to_owned()),
    }
}

fn said(status: StatusCode, kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    with(with(response, CONTENT_TYPE, kind), CACHE_CONTROL, "no-store")
}

fn with(mut response: Response<Full<Bytes>>, name: HeaderName, value: &'static str) -> Response<Full<Bytes>> {
    response.headers_mut().insert(name, hyper::header::HeaderValue::from_static(value));
    response
}

/// The bytes of memory that this process takes, where the system tells.
pub fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
