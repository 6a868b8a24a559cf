//! The broker, read through a fake one: what goes wrong on the wire, and what must never happen whatever goes wrong.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails, and looks at the world")]

#[expect(dead_code, reason = "a bench wants a broker that is far away")]
mod fake;

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use fake::book::{Book, Row};
use fake::http::Seen;
use fake::scenario::Scenario;
use fake::{Fake, KEY, SECRET};
use tapecheck::brokers::Endpoint;
use tapecheck::brokers::Recording;
use tapecheck::brokers::alpaca::http::client::{Client, Settings};
use tapecheck::brokers::alpaca::http::keys::{self, Keys};
use tapecheck::brokers::alpaca::http::read::{Reading, read};
use tapecheck::brokers::alpaca::http::refusal::ClientError;
use tapecheck::brokers::recording::{Existing, load};

const SETTLE: Duration = Duration::from_millis(300);

fn patient() -> Settings {
    let mut settings = Settings { request_timeout: Duration::from_secs(3), requests_per_minute: 5_000, ..Settings::default() };
    settings.backoff.first = Duration::from_millis(10);
    settings.backoff.longest = Duration::from_millis(50);
    settings
}

fn keys_for(url: &str, secret: &str) -> Keys {
    let environment = |name: &str| match name {
        "APCA_API_BASE_URL" => Some(format!("{url}/v2/")),
        "APCA_API_KEY_ID" => Some(KEY.to_owned()),
        "APCA_API_SECRET_KEY" => Some(secret.to_owned()),
        _ => None,
    };
    keys::find(&environment, Path::new("/nonexistent"), &[]).unwrap()
}

/// The answer of a scenario, and what the broker saw of it.
async fn read_with(book: Book, scenario: Scenario, settings: Settings) -> (Reading, Vec<Seen>) {
    let fake = Fake::start(book, scenario, 0).await.unwrap();
    let client = Client::new(&keys_for(&fake.url(), SECRET), settings).unwrap();
    let reading = read_client(&client).await;
    let seen = fake.seen();
    assert!(seen.iter().all(|request| request.method == "GET"), "only GET may be sent");
    assert_shows_no_keys(&format!("{client:?} {reading:?} {reading:#?}"));
    for unread in &reading.unread {
        assert_shows_no_keys(&unread.why.to_string());
    }
    let recording = Recording::of(&reading);
    {
        let folder = tempfile::tempdir().unwrap();
        recording.write(folder.path(), Existing::Keep).unwrap();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            assert_shows_no_keys(&std::fs::read_to_string(entry.unwrap().path()).unwrap());
        }
        let loaded = load(folder.path(), None);
        if recording.bodies.contains_key(&Endpoint::Positions) {
            assert_same_answer(&loaded.unwrap(), &recording);
        }
    }
    (reading, seen)
}

/// Alike but for where the bodies lie and that one is read from a folder.
fn assert_same_answer(loaded: &Recording, live: &Recording) {
    let texts = |recording: &Recording| recording.bodies.values().map(|body| body.text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(loaded), texts(live));
    let expected = Recording { live: false, bodies: loaded.bodies.clone(), ..live.clone() };
    assert_eq!(*loaded, expected);
}

async fn read_client(client: &Client) -> Reading {
    read(client, Utc::now() - TimeDelta::days(1), None, SETTLE, &Utc::now).await
}

fn assert_shows_no_keys(text: &str) {
    assert!(!text.contains(KEY) && !text.contains(SECRET), "a key shows in {text}");
}

fn assert_read_whole(reading: &Reading) {
    assert_eq!(reading.unread, []);
    assert_eq!(reading.pages.len(), 6);
    assert!(reading.has_holdings());
}

fn positions_error(reading: &Reading) -> &ClientError {
    assert!(!reading.has_holdings());
    reading.failure(Endpoint::Positions).unwrap()
}

#[tokio::test]
async fn a_quiet_small_account_costs_at_most_ten_requests() {
    let book = Book::quiet();
    let began = Instant::now();
    let (reading, seen) = read_with(book.clone(), Scenario::Ok, patient()).await;
    assert_read_whole(&reading);
    assert_eq!(reading.unstable, [""; 0]);
    assert_eq!(reading.pages[&Endpoint::Positions], [book.positions]);
    assert!(reading.paper);
    assert!(reading.whole_read_began <= reading.read_began && reading.read_began <= reading.read_ended);
    assert!(seen.len() <= 10, "{} requests", seen.len());
    assert_eq!(reading.requests.len(), seen.len());
    assert!(reading.requests.iter().all(|request| request.status == Some(200) && request.request_id.is_some()));
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn the_samples_come_through_byte_for_byte() {
    // The samples lie beside the checkout; where they do not, there is nothing to compare.
    for day in ["clean-day", "noisy-day", "scale-out-day", "split-and-stale-day", "three-faults-day"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples").join(day).join("broker");
        let Ok(book) = Book::load(&folder) else {
            continue;
        };
        let clock = load(&folder, None).unwrap();
        let fake = Fake::start(book, Scenario::Ok, 0).await.unwrap();
        let client = Client::new(&keys_for(&fake.url(), SECRET), patient()).unwrap();
        let now = clock.read_began.utc();
        let reading = read(&client, now - TimeDelta::days(1), None, SETTLE, &|| now).await;
        assert_read_whole(&reading);
        assert_eq!(reading.unstable, [""; 0], "{day}");
        assert!(fake.seen().len() <= 10, "{day}: {} requests", fake.seen().len());
        let kept = Recording::of(&reading);
        for endpoint in Endpoint::ALL {
            let Ok(sent) = std::fs::read_to_string(folder.join(endpoint.file())) else {
                continue;
            };
            let rows = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
            assert_eq!(rows(&kept.bodies[&endpoint].text), rows(&sent), "{day}: {endpoint}");
        }
    }
}

#[tokio::test]
async fn wrong_keys_are_refused_at_once_and_said() {
    let fake = Fake::start(Book::quiet(), Scenario::Ok, 0).await.unwrap();
    let client = Client::new(&keys_for(&fake.url(), "wrong"), patient()).unwrap();
    let reading = read_client(&client).await;
    let error = positions_error(&reading);
    assert!(matches!(error, ClientError::KeysRefused { answer, .. } if answer.code == Some(40110000)), "{error}");
    assert!(error.to_string().contains("X-Request-ID fake-401"), "{error}");
    assert!(reading.requests.iter().all(|request| request.tries == 1));
    let (reading, _) = read_with(Book::quiet(), Scenario::Forbidden, patient()).await;
    let error = positions_error(&reading);
    assert!(matches!(error, ClientError::KeysRefused { answer, .. } if answer.status == 403 && answer.code.is_none()));
}

#[tokio::test]
async fn passing_faults_are_overcome() {
    let faults = [Scenario::LimitedBare, Scenario::HtmlOnce, Scenario::Truncated, Scenario::Reset, Scenario::Empty];
    for scenario in faults {
        let (reading, _) = read_with(Book::quiet(), scenario, patient()).await;
        assert_read_whole(&reading);
        let most = reading.requests.iter().map(|request| request.tries).max();
        assert!(most >= Some(2), "{scenario:?}: {most:?}");
    }
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    let began = Instant::now();
    let (reading, _) = read_with(Book::quiet(), Scenario::LimitedWithWait, patient()).await;
    assert_read_whole(&reading);
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn lasting_faults_are_told_with_their_tries() {
    let (reading, seen) = read_with(Book::quiet(), Scenario::HtmlAlways, patient()).await;
    let error = positions_error(&reading);
    assert!(matches!(error, ClientError::BrokerTrouble { asked, answer } if asked.tries == 4 && answer.status == 500));
    assert!(error.to_string().contains("Internal Server Error"), "{error}");
    assert_eq!(reading.unread.len(), 6);
    assert!(seen.len() <= 7 * 4);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (reading, seen) = read_with(Book::quiet(), Scenario::Redirect, patient()).await;
    let error = positions_error(&reading);
    assert!(matches!(error, ClientError::Redirected { asked, .. } if asked.tries == 1), "{error}");
    assert!(seen.iter().all(|request| request.path != "/stolen"));
}

#[tokio::test]
async fn nobody_listening_is_told() {
    let (reading, _) = read_with(Book::quiet(), Scenario::Down, patient()).await;
    let error = positions_error(&reading);
    assert!(matches!(error, ClientError::Unreachable { asked, .. } if asked.tries == 4), "{error}");
    assert_eq!(reading.unread.len(), 6);
}

#[tokio::test]
async fn no_scenario_outlasts_its_deadline_or_shows_a_key() {
    let settings = Settings { deadline: Duration::from_millis(600), ..patient() };
    for (name, scenario) in Scenario::NAMED {
        let began = Instant::now();
        let (reading, _) = read_with(Book::quiet(), scenario, settings).await;
        assert!(began.elapsed() < Duration::from_millis(1_500), "{name}: {:?}", began.elapsed());
        assert_eq!(reading.pages.len() + reading.unread.len(), 6, "{name}");
    }
}

#[tokio::test]
async fn orders_are_read_whole_without_their_cursor() {
    let start = Utc::now() - TimeDelta::hours(20);
    let orders = (0..1_200).map(|number| numbered(start, number, "order")).collect();
    let book = Book { orders, ..Book::quiet() };
    let (reading, _) = read_with(book, Scenario::NoOrderCursor, patient()).await;
    assert_read_whole(&reading);
    let kept = Recording::of(&reading).bodies;
    let rows: Vec<serde_json::Value> = serde_json::from_str(&kept[&Endpoint::Orders].text).unwrap();
    assert_eq!(rows.len(), 1_200);
}

/// A row of a list, three to the second, as children share their parent's time (alpaca.md 3.1).
fn numbered(start: DateTime<Utc>, number: usize, key: &str) -> Row {
    let at = start + TimeDelta::seconds(i64::try_from(number / 3).unwrap());
    Row {
        raw: format!("{{\"id\":\"{key}-{number}\",\"qty\":\"{number}\",\"submitted_at\":\"{}\"}}", at.to_rfc3339()),
        id: format!("{key}-{number}"),
        symbol: String::new(),
        status: "filled".to_owned(),
        at: Some(at),
        legs: Vec::new(),
    }
}

#[tokio::test]
async fn a_slow_broker_costs_no_more_than_the_deadline() {
    let settings = Settings { deadline: Duration::from_millis(800), request_timeout: Duration::from_millis(300), ..patient() };
    let began = Instant::now();
    let (reading, _) = read_with(Book::quiet(), Scenario::Slow, settings).await;
    assert!(began.elapsed() < Duration::from_millis(1_500), "{:?}", began.elapsed());
    let error = positions_error(&reading);
    assert!(matches!(error, ClientError::DeadlinePassed { .. }), "{error}");
    assert!(reading.pages.contains_key(&Endpoint::Account), "what was read is kept");
}

#[tokio::test]
async fn the_budget_is_never_exceeded() {
    let settings = Settings { requests_per_minute: 5, ..patient() };
    let began = Instant::now();
    let (reading, seen) = read_with(Book::quiet(), Scenario::Ok, settings).await;
    assert_eq!(seen.len(), 5);
    assert!(!reading.unread.is_empty());
    for unread in &reading.unread {
        assert!(matches!(unread.why, ClientError::BudgetSpent { limit: 5, .. }), "{}", unread.why);
    }
    assert!(began.elapsed() < Duration::from_secs(2), "it says so at once");
}

#[tokio::test]
async fn a_book_that_never_rests_is_unstable_and_not_wrong() {
    let (reading, _) = read_with(Book::quiet(), Scenario::NeverConverging, patient()).await;
    assert_read_whole(&reading);
    assert_eq!(reading.unstable, ["ZZMOVE"]);
    let visits = reading.requests.iter().filter(|request| request.endpoint == "/v2/positions").count();
    assert_eq!(visits, 5, "before, after, and three times more");
    assert!(reading.pages[&Endpoint::Positions][0].contains("\"qty\":\"5\""), "the last one is kept");
}

#[tokio::test]
async fn books_that_run_ahead_are_waited_for() {
    for scenario in [Scenario::PositionsAhead, Scenario::FillsAhead] {
        let (reading, _) = read_with(Book::quiet(), scenario, patient()).await;
        assert_read_whole(&reading);
        assert_eq!(reading.unstable, [""; 0], "{scenario:?}");
        assert!(reading.pages[&Endpoint::Positions][0].contains("ZZMOVE"), "{scenario:?}");
        let kept = Recording::of(&reading).bodies;
        assert_eq!(kept[&Endpoint::Activities].text.matches("ZZMOVE").count(), 1, "{scenario:?}");
        assert_eq!(kept[&Endpoint::Orders].text.matches("ZZMOVE").count(), 1, "{scenario:?}");
        assert!(kept[&Endpoint::Orders].text.contains("\"filled\""), "{scenario:?}");
    }
}

#[tokio::test]
async fn pages_that_do_not_end_are_an_error() {
    for (scenario, most) in [(Scenario::LoopToken, 20), (Scenario::EndlessPages, 1_020)] {
        let (reading, seen) = read_with(Book::quiet(), scenario, patient()).await;
        let error = reading.failure(Endpoint::Activities).unwrap();
        assert!(matches!(error, ClientError::Endless { .. }), "{error}");
        assert!(reading.has_holdings());
        assert!(seen.len() <= most, "{} requests", seen.len());
    }
}

#[tokio::test]
async fn large_accounts_are_read_whole_with_the_fewest_requests() {
    let start: DateTime<Utc> = Utc::now() - TimeDelta::hours(20);
    let positions: Vec<_> = (0..1_000).map(|number| format!("{{\"symbol\":\"S{number}\",\"qty\":\"{number}\"}}")).collect();
    let book = Book {
        positions: format!("[{}]", positions.join(",")),
        activities: (0..25_000).map(|number| numbered(start, number, "activity")).collect(),
        orders: (0..1_200).map(|number| numbered(start, number, "order")).collect(),
        ..Book::quiet()
    };
    let (reading, seen) = read_with(book, Scenario::Ok, patient()).await;
    assert_read_whole(&reading);
    let count = |path: &str| seen.iter().filter(|request| request.path == path).count();
    assert_eq!(count("/v2/account/activities"), 251);
    assert_eq!(count("/v2/orders"), 3 + 2);
    let kept = Recording::of(&reading).bodies;
    let rows = |endpoint: Endpoint| serde_json::from_str::<Vec<serde_json::Value>>(&kept[&endpoint].text).unwrap().len();
    assert_eq!([rows(Endpoint::Positions), rows(Endpoint::Activities), rows(Endpoint::Orders)], [1_000, 25_000, 1_200]);
}

#[tokio::test]
async fn bodies_beyond_the_limit_are_not_taken() {
    let settings = Settings { body_limit: 40, ..patient() };
    let (reading, _) = read_with(Book::quiet(), Scenario::Ok, settings).await;
    let error = positions_error(&reading);
    assert!(matches!(error, ClientError::TooLarge { asked, limit: 40, .. } if asked.tries == 1), "{error}");
}

#[tokio::test]
async fn the_fake_tells_on_anything_but_get() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let fake = Fake::start(Book::quiet(), Scenario::Ok, 0).await.unwrap();
    let mut stream = tokio::net::TcpStream::connect(fake.url().trim_start_matches("http://")).await.unwrap();
    stream.write_all(b"POST /v2/orders HTTP/1.1\r\nHost: fake\r\nContent-Length: 2\r\n\r\n{}").await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 405");
    assert_eq!(fake.seen()[0].method, "POST");
}

#[test]
fn there_is_no_other_verb_in_the_source() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/brokers/alpaca/http");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for verb in [".post(", ".put(", ".patch(", ".delete(", ".request(", "Method::", "reqwest::Request"] {
            assert!(!text.contains(verb), "{verb} in {}", path.display());
        }
    }
}
