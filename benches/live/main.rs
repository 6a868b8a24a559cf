//! How long a live audit takes, against the longest chain of requests that wait for each other: a broker on this machine whose every answer
//! takes as long as one from far away. The chain is the list of most pages, and the looks at the positions that come after it.
//!
//!     cargo bench --bench live

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a bench has a clock")]

#[path = "../../tests/fake/mod.rs"]
#[expect(dead_code, reason = "the tests look at more of the fake than this does")]
mod fake;

use itertools::Itertools;
use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fake::book::Book;
use fake::http::Seen;
use fake::scenario::Scenario;
use fake::{Fake, KEY, SECRET};

/// An answer from the broker takes about so long.
const FAR_AWAY: Duration = Duration::from_millis(100);

/// A quiet day, and one with several pages of orders and activities.
const DAYS: [&str; 2] = ["corpus/quiet-day", "corpus/scale-out-that-bought"];

const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    for day in DAYS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(day);
        let fake = runtime.block_on(Fake::start(Book::load(&folder.join("broker"))?, Scenario::Ok, 0))?;
        let at_once = best(&fake, &folder)?;
        fake.far_away(FAR_AWAY);
        let before = fake.seen().len();
        let far_away = best(&fake, &folder)?;
        let seen = fake.seen().split_off(before);
        let one = seen.len() / ROUNDS;
        let chain = longest_chain(&seen[..one]);
        let waits = FAR_AWAY.as_secs_f64() * chain as f64;
        println!(
            "{day}: {one} requests, at most {chain} one after another; answers at once {at_once:.3} s, after 100 ms {far_away:.3} s: {:.2} × the chain",
            far_away / waits
        );
    }
    Ok(())
}

fn best(fake: &Fake, folder: &Path) -> Result<f64, Box<dyn Error>> {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        Command::new(env!("CARGO_BIN_EXE_tapecheck"))
            .args(["audit", ".", "--broker", "live", "--quiet"])
            .current_dir(folder)
            .env("APCA_API_BASE_URL", fake.url())
            .env("APCA_API_KEY_ID", KEY)
            .env("APCA_API_SECRET_KEY", SECRET)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        best = best.min(began.elapsed().as_secs_f64());
    }
    Ok(best)
}

/// A page can only be asked for when the one before it was read, and the last look only when all lists were.
fn longest_chain(seen: &[Seen]) -> usize {
    let of = |path: &str| seen.iter().filter(|request| request.path == path).count();
    let looks = of("/v2/positions");
    let is_closed = |request: &&Seen| request.path == "/v2/orders" && !request.query.iter().any(|(_, value)| value == "open");
    let lists = [of("/v2/account/activities"), seen.iter().filter(is_closed).count(), 1];
    lists.into_iter().sorted().next_back().unwrap_or(1) + looks.saturating_sub(1)
}
