//! A broker on this machine, as alpaca.md 10 sets out: for the tests, and to be started by hand
//! (`cargo run --example fake_alpaca -- SCENARIO`).

pub mod book;
pub mod hostile;
pub mod http;
pub mod query;
pub mod scenario;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use book::Book;
use http::{Answer, Seen};
use scenario::{Scenario, Step};

/// The keys that the fake takes. They are nobody's.
pub const KEY: &str = "PKFAKEFAKEFAKEFAKE00";
/// The other half.
pub const SECRET: &str = "fakesecretfakesecretfakesecretfakesecret";

/// A running fake. Dropping it stops it.
pub struct Fake {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

/// What the fake serves, and what it saw.
pub struct State {
    pub book: Book,
    pub scenario: Scenario,
    pub seen: Vec<Seen>,
    /// Each answer takes so long.
    pub delay: Duration,
}

impl Fake {
    /// Starts on a port (0: any free one) of this machine.
    pub async fn start(book: Book, scenario: Scenario, port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State { book, scenario, seen: Vec::new(), delay: Duration::ZERO }));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            if scenario == Scenario::Down {
                return;
            }
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Ok(Self { address, state, task })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on each answer takes so long, as one from far away does.
    pub fn far_away(&self, delay: Duration) {
        lock(&self.state).delay = delay;
    }

    /// Changes what it serves.
    pub fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut lock(&self.state));
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.state).seen.clone()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    while let Some(request) = http::read_request(&mut stream).await {
        let (step, delay) = {
            let mut state = lock(&state);
            (decide(&mut state, request), state.delay)
        };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let sent = match step {
            Step::Answer(answer) => stream.write_all(&answer.bytes()).await,
            Step::Slow(answer, delay) => {
                tokio::time::sleep(delay).await;
                stream.write_all(&answer.bytes()).await
            }
            Step::Truncate(answer) => {
                let bytes = answer.bytes();
                let half = bytes.len() - answer.body.len() / 2;
                let _ = stream.write_all(&bytes[..half]).await;
                return;
            }
            Step::Reset => return,
        };
        if sent.is_err() {
            return;
        }
    }
}

/// Auth first, then the script, then the book.
fn decide(state: &mut State, request: Seen) -> Step {
    state.seen.push(request.clone());
    if request.method != "GET" {
        return Step::Answer(Answer::error(405, "{\"message\":\"this fake takes GET only\"}"));
    }
    if request.path == "/stolen" {
        return Step::Answer(Answer::json("[]".to_owned()));
    }
    if state.scenario.refuses_all() {
        return Step::Answer(Answer::error(403, "{\"message\":\"forbidden.\"}"));
    }
    let given = (request.header("apca-api-key-id"), request.header("apca-api-secret-key"));
    if given != (Some(KEY), Some(SECRET)) {
        let body = "{\"code\":40110000,\"message\":\"access key verification failed : verification failure\"}";
        return Step::Answer(Answer::error(401, body));
    }
    let visit = state.seen.iter().filter(|seen| seen.path == request.path && seen.query == request.query).count();
    let answer = state.scenario.book_answer(&state.book, &request, visit).unwrap_or_else(|| answer(&state.book, &request));
    state.scenario.fault(&request, visit, answer)
}

/// What an honest broker answers.
pub fn answer(book: &Book, request: &Seen) -> Answer {
    match request.path.as_str() {
        "/v2/account" => Answer::json(book.account.clone()),
        "/v2/positions" => Answer::json(book.positions.clone()),
        "/v2/clock" => Answer::json(book.clock.clone()),
        "/v2/calendar" => Answer::json(book.calendar.clone()),
        "/v2/orders" => query::orders(book, request),
        "/v2/account/activities" => query::activities(book, request),
        _ => Answer::error(404, "{\"code\":40410000,\"message\":\"endpoint not found\"}"),
    }
}
