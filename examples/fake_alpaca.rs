//! A broker on this machine, to try `tapecheck audit --broker live` without keys.
//!
//!     cargo run --example fake_alpaca -- SCENARIO [--dir FOLDER] [--port P]

#![expect(clippy::print_stdout, reason = "prints what to set in another shell")]

#[path = "../tests/fake/mod.rs"]
#[expect(
    dead_code,
    clippy::disallowed_methods,
    reason = "the tests look at more of the fake than this does; it has a clock and files"
)]
mod fake;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use fake::book::Book;
use fake::scenario::Scenario;
use fake::{Fake, KEY, SECRET};

/// A fake that was forgotten ends by itself.
const LIFETIME: Duration = Duration::from_secs(3600);

struct Arguments {
    scenario: Scenario,
    folder: Option<PathBuf>,
    port: u16,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments = arguments(std::env::args().skip(1))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(arguments))
}

async fn serve(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let book = match &arguments.folder {
        Some(folder) => Book::load(folder)?,
        None => Book::quiet(),
    };
    let fake = Fake::start(book, arguments.scenario, arguments.port).await?;
    println!("export APCA_API_BASE_URL={}", fake.url());
    println!("export APCA_API_KEY_ID={KEY}");
    println!("export APCA_API_SECRET_KEY={SECRET}");
    tokio::time::sleep(LIFETIME).await;
    Ok(())
}

fn arguments(mut given: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let names: Vec<&str> = Scenario::NAMED.iter().map(|(name, _)| *name).collect();
    let usage = format!("usage: fake_alpaca SCENARIO [--dir FOLDER] [--port P]\nscenarios: {}", names.join(" "));
    let name = given.next().ok_or(usage.clone())?;
    let named = Scenario::NAMED.iter().find(|(known, _)| *known == name);
    let (_, scenario) = named.ok_or(usage.clone())?;
    let mut arguments = Arguments { scenario: *scenario, folder: None, port: 0 };
    while let Some(flag) = given.next() {
        let value = given.next().ok_or(usage.clone())?;
        match flag.as_str() {
            "--dir" => arguments.folder = Some(value.into()),
            "--port" => arguments.port = value.parse().map_err(|_| usage.clone())?,
            _ => return Err(usage),
        }
    }
    Ok(arguments)
}
