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
use fake::hostile::{Hostile, Malice};
use fake::scenario::Scenario;
use fake::{Fake, KEY, SECRET};

/// A fake that was forgotten ends by itself.
const LIFETIME: Duration = Duration::from_secs(3600);

/// A broker with one fault, or one that means harm.
enum Kind {
    Fault(Scenario),
    Harm(Malice),
}

struct Arguments {
    kind: Kind,
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
    match arguments.kind {
        Kind::Fault(scenario) => {
            let fake = Fake::start(book, scenario, arguments.port).await?;
            told(&fake.url()).await;
        }
        Kind::Harm(malice) => {
            let hostile = Hostile::start(malice, "http://127.0.0.1:9".to_owned()).await?;
            told(&hostile.url()).await;
        }
    }
    Ok(())
}

/// Says what to set, and stays.
async fn told(url: &str) {
    println!("export APCA_API_BASE_URL={url}");
    println!("export APCA_API_KEY_ID={KEY}");
    println!("export APCA_API_SECRET_KEY={SECRET}");
    tokio::time::sleep(LIFETIME).await;
}

fn arguments(mut given: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let names: Vec<&str> = Scenario::NAMED.iter().map(|(name, _)| *name).collect();
    let harms: Vec<&str> = Malice::NAMED.iter().map(|(name, _)| *name).collect();
    let (names, harms) = (names.join(" "), harms.join(" "));
    let usage = format!("usage: fake_alpaca SCENARIO [--dir FOLDER] [--port P]\nscenarios: {names}\nthat mean harm: {harms}");
    let name = given.next().ok_or(usage.clone())?;
    let fault = Scenario::NAMED.iter().find(|(known, _)| *known == name).map(|(_, scenario)| Kind::Fault(*scenario));
    let harm = || Malice::NAMED.iter().find(|(known, _)| *known == name).map(|(_, malice)| Kind::Harm(*malice));
    let kind = fault.or_else(harm).ok_or(usage.clone())?;
    let mut arguments = Arguments { kind, folder: None, port: 0 };
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
