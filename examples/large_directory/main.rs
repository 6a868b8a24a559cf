//! Writes a bot's directory of any size, for measuring: trading days of one bot, minute by minute, in which every book agrees, unless
//! faults are asked for.
//!
//!     cargo run --release --example large_directory -- OUT --megabytes 1000
//!
//! The records have the shapes, and nearly the lengths, of the bot's own; the same arguments give the same bytes.

mod bot;

use clap::Parser;
use std::io::{self, Write};
use std::path::PathBuf;

/// Writes a bot's directory of any size, in which every book agrees.
#[derive(Parser)]
struct Arguments {
    /// Where to write; made when missing.
    out: PathBuf,
    #[command(flatten)]
    plan: bot::Plan,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let written = bot::write(&arguments.out, &arguments.plan)?;
    writeln!(io::stdout().lock(), "{written}")
}
