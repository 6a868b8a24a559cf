//! The broker as an adversary: whatever answers, a run ends, says in a sentence what is wrong, takes nothing for an answer that is none, and
//! gives the keys to nobody.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails, and brings its own files")]

#[expect(dead_code, reason = "the broker's own tests look at more of the fake than these do")]
mod fake;

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use fake::hostile::{Hostile, Malice};
use fake::{KEY, SECRET};
use tapecheck::brokers::Endpoint;
use tapecheck::brokers::alpaca::http::client::{Client, Settings};
use tapecheck::brokers::alpaca::http::keys;
use tapecheck::brokers::alpaca::http::read::read;
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// What a run may ask of the system, in KiB: with less it could not start its threads, with a broker's gigabyte it ends.
const MEMORY: u64 = 1 << 20;

/// A run that is not over by then never is; it gives up after a second itself.
const PATIENCE: &str = "60";

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Runs with little memory and the keys for that address.
fn run(url: &str, arguments: &[&str]) -> Output {
    let script = format!("ulimit -v {MEMORY}; exec timeout -s KILL {PATIENCE} \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_tapecheck")]).args(arguments);
    for family in keys::FAMILIES {
        command.env_remove(family.key).env_remove(family.secret).env_remove(family.base_url);
    }
    let key = keys::FAMILIES[0];
    command.env(key.base_url, url).env(key.key, KEY).env(key.secret, SECRET);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap()
}

fn assert_shows_no_keys(text: &str) {
    assert!(!text.contains(KEY) && !text.contains(SECRET), "a key shows in {text}");
}

/// Nothing that a terminal obeys, or that hides or turns around what it shows.
fn assert_is_harmless(text: &str) {
    let harms = |letter: &char| {
        (letter.is_control() && *letter != '\n')
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
    };
    assert!(!text.chars().any(|letter| harms(&letter)), "{text:?}");
}

/// What a replay and a recording say of such a broker.
fn told_of(url: &str, seconds: &str) -> String {
    let replay = run(url, &["replay", "corpus/quiet-day", "--broker", "live", "--timeout", seconds]);
    let folder = TempDir::new().unwrap();
    let kept = folder.path().join("kept");
    let record = run(url, &["record", "corpus/quiet-day", "--timeout", seconds, "-o", kept.to_str().unwrap()]);
    let mut told = String::new();
    for output in [&replay, &record] {
        assert_eq!(output.status.signal(), None, "{output:?}");
        for text in [&output.stdout, &output.stderr] {
            let text = String::from_utf8(text.clone()).unwrap();
            assert_is_harmless(&text);
            assert_shows_no_keys(&text);
            told.push_str(&text);
        }
    }
    for entry in std::fs::read_dir(&kept).into_iter().flatten() {
        assert_shows_no_keys(&String::from_utf8_lossy(&std::fs::read(entry.unwrap().path()).unwrap()));
    }
    // What of the answer could be read may show a break, too.
    assert!(matches!(replay.status.code(), Some(1 | 2)), "{told}");
    assert!(replay.status.code() == Some(2) || told.contains("could not check") || told.contains("quarantined"), "{told}");
    // Folded for 80 columns: what is looked for may stand on two lines.
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is said of each, and nothing is taken for the broker's word.
const MALICES: &[(Malice, &str)] = &[
    (Malice::EndlessBody, "the answers of the whole read are larger than 134217728 bytes"),
    (Malice::GigabyteBody, "the answer is larger than 67108864 bytes"),
    (Malice::DrippingBody, "the 1 s for the whole read ran out"),
    (Malice::DrippingHead, "the 1 s for the whole read ran out"),
    (Malice::EndlessHead, "the broker cannot be reached (message head is too large)"),
    (Malice::EndlessContinue, "the 1 s for the whole read ran out"),
    (Malice::Silence, "the 1 s for the whole read ran out"),
    (Malice::WrongTypes, "could not check"),
    (Malice::DeepLists, "it has more brackets in brackets than any answer"),
    (Malice::DeepLegs, "it has more brackets in brackets than any answer"),
    (Malice::EndOfTime, "no plausible timestamp"),
    (Malice::Redirect(301), "the host redirects, which is not followed (status 301"),
    (Malice::Redirect(302), "the host redirects, which is not followed (status 302"),
    (Malice::Redirect(307), "the host redirects, which is not followed (status 307"),
    (Malice::Redirect(308), "the host redirects, which is not followed (status 308"),
    (
        Malice::RepeatsKeys,
        "the broker refused the keys (status 403, \"*** *** *** \\u{1b}[31mred\\u{202e}<script>alert(1)</script> \\u{7}\"",
    ),
    (Malice::HoldsKeys, "the answer repeats your keys, and is neither used nor kept"),
    (Malice::HoldsKeysEscaped, "the answer repeats your keys, and is neither used nor kept"),
    (Malice::CutChunks, "the answer cannot be read: "),
    (Malice::TooShort, "the answer cannot be read: "),
    (Malice::TooLong, "the answer cannot be read: it is not JSON"),
    (Malice::Compressed, "the answer cannot be read: it is not UTF-8"),
    (Malice::NotHttp, "the broker cannot be reached ("),
    (Malice::HostileText, "could not check"),
];

#[test]
fn no_malice_is_taken_for_an_answer() {
    let runtime = runtime();
    let elsewhere = runtime.block_on(elsewhere());
    let (next, wrong) = (Mutex::new(MALICES.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some((malice, says)) = next.lock().unwrap().next() else { return };
                    let hostile = runtime.block_on(Hostile::start(*malice, elsewhere.url.clone())).unwrap();
                    // What ends by its size ends before its time, also on a busy machine.
                    let seconds = if says.contains("larger than") { "30" } else { "1" };
                    let told = told_of(&hostile.url(), seconds);
                    if !told.contains(says) {
                        wrong.lock().unwrap().push(format!("{malice:?}: {told}"));
                    }
                    let seen = hostile.seen();
                    assert!(!seen.is_empty() && seen.iter().all(|request| request.method == "GET"), "{malice:?}");
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert_eq!(*elsewhere.heard.lock().unwrap(), b"", "a redirect was followed");
}

/// Each page is as large as a page may be, and there is always one more: together they have a limit, too.
#[test]
fn pages_have_a_limit_together() {
    let runtime = runtime();
    let hostile = runtime.block_on(Hostile::start(Malice::FatPages, String::new())).unwrap();
    let environment = |name: &str| match name {
        "APCA_API_BASE_URL" => Some(hostile.url()),
        "APCA_API_KEY_ID" => Some(KEY.to_owned()),
        "APCA_API_SECRET_KEY" => Some(SECRET.to_owned()),
        _ => None,
    };
    let keys = keys::find(&environment, Path::new("/nonexistent"), &[]).unwrap();
    let settings = Settings { read_limit: 10_000_000, ..Settings::default() };
    let client = Client::new(&keys, settings).unwrap();
    let since = Utc::now() - TimeDelta::days(1);
    let reading = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(read(
        &client,
        since,
        None,
        Duration::ZERO,
        &Utc::now,
    ));
    let why = reading.failure(Endpoint::Activities).unwrap().to_string();
    assert!(why.contains("the answers of the whole read are larger than 10000000 bytes"), "{why}");
    let kept: usize = reading.pages.values().flatten().map(String::len).sum();
    assert!(kept <= 10_000_000);
    assert!(hostile.seen().len() < 20, "no page is asked for after that");
}

/// Somebody else on this machine, who keeps what is said to him.
struct Elsewhere {
    url: String,
    heard: Arc<Mutex<Vec<u8>>>,
}

async fn elsewhere() -> Elsewhere {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 4_096];
            let read = stream.read(&mut bytes).await.unwrap_or(0);
            shared.lock().unwrap().extend_from_slice(&bytes[..read]);
        }
    });
    Elsewhere { url, heard }
}

/// It has a certificate for the broker's name, and nobody who is trusted has signed it.
#[test]
fn a_host_that_does_not_prove_itself_is_told_nothing() {
    let runtime = runtime();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let address = runtime.block_on(untrusted(Arc::clone(&heard)));
    let told = told_of(&format!("https://{address}"), "5");
    assert!(told.contains("its certificate is not trusted (UnknownIssuer); no keys were sent"), "{told}");
    // One try for each question: a certificate is no better a moment later.
    assert!(!told.contains("tries)"), "{told}");
    assert_eq!(*heard.lock().unwrap(), b"", "something was said below TLS");
}

async fn untrusted(heard: Arc<Mutex<Vec<u8>>>) -> std::net::SocketAddr {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake");
    let certificate = std::fs::read(folder.join("untrusted.cert.der")).unwrap().into();
    let key = std::fs::read(folder.join("untrusted.key.der")).unwrap().try_into().unwrap();
    let tls = rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, heard) = (acceptor.clone(), Arc::clone(&heard));
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut bytes = vec![0; 4_096];
                let read = stream.read(&mut bytes).await.unwrap_or(0);
                heard.lock().unwrap().extend_from_slice(&bytes[..read]);
            });
        }
    });
    address
}

/// A port that speaks in the clear where TLS is expected hears no key either: TLS begins before anything is said.
#[test]
fn a_host_without_tls_where_tls_is_expected_hears_no_key() {
    let runtime = runtime();
    let elsewhere = runtime.block_on(elsewhere());
    let told = told_of(&elsewhere.url.replace("http:", "https:"), "1");
    assert!(told.contains("could not be read: GET /v2/"), "{told}");
    let heard = elsewhere.heard.lock().unwrap();
    assert!(!heard.is_empty());
    assert_shows_no_keys(&String::from_utf8_lossy(&heard));
}

/// A key with a line break in it would begin a header of its own.
#[test]
fn a_key_that_would_be_more_than_a_header_is_not_sent() {
    let runtime = runtime();
    let elsewhere = runtime.block_on(elsewhere());
    for secret in ["x\r\nX-Injected: 1", "x\nX-Injected: 1", "x\u{0}y", "x y", "x\u{e9}y"] {
        if secret.contains('\u{0}') {
            // No variable can hold it; a file can.
            let folder = TempDir::new().unwrap();
            std::fs::create_dir(folder.path().join("logs")).unwrap();
            std::fs::write(folder.path().join("logs/run.jsonl"), "").unwrap();
            let text = format!("APCA_API_BASE_URL={}\nAPCA_API_KEY_ID={KEY}\nAPCA_API_SECRET_KEY=\"{secret}\"\n", elsewhere.url);
            std::fs::write(folder.path().join(".env"), text).unwrap();
            let mut command = Command::new(env!("CARGO_BIN_EXE_tapecheck"));
            command.args(["replay", ".", "--broker", "live"]).current_dir(folder.path()).env_clear();
            let output = command.output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{output:?}");
            continue;
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_tapecheck"));
        command.args(["replay", "corpus/quiet-day", "--broker", "live"]).current_dir(env!("CARGO_MANIFEST_DIR")).env_clear();
        command.env("APCA_API_BASE_URL", &elsewhere.url).env("APCA_API_KEY_ID", KEY).env("APCA_API_SECRET_KEY", secret);
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains("characters that no key has"), "{text}");
    }
    assert_eq!(*elsewhere.heard.lock().unwrap(), b"");
}
