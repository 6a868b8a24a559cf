//! Parse, run, print, exit: all of it in [`tapecheck::cli`].

use std::process::ExitCode;

/// What one thread decodes another one forgets: the system's allocator makes the two wait for each other (`docs/performance.md`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(tapecheck::cli::main())
}
