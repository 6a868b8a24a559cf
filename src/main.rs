//! Parse, run, print, exit: all of it in [`tapecheck::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(tapecheck::cli::main())
}
