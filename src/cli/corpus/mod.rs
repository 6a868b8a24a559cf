//! `tapecheck corpus`: what a case asks for goes through the command line's own parser.

use clap::Parser;

use super::selection::Asking;
use super::world;
use crate::Request;
use crate::corpus::case::Command;

/// The flags of a case, as if they had been typed after `replay` or `audit`.
#[derive(Parser, Debug)]
#[command(name = "case.toml", no_binary_name = true, disable_help_flag = true)]
struct Typed {
    #[command(flatten)]
    asking: Asking,
}

/// The request that the arguments of a case make.
pub fn parsed(command: Command, arguments: &[String]) -> Result<Request, String> {
    let typed = Typed::try_parse_from(arguments).map_err(|error| first_line(&error.to_string()))?;
    let mut request = typed.asking.request().map_err(|failure| failure.to_string())?;
    match command {
        Command::Replay => {}
        Command::Audit => request.audit = Some(world::clock),
    }
    Ok(request)
}

/// The error without the usage below it, which is of no use in a file.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}
