//! `tapecheck completions`.

use clap::Args;
use clap_complete::Shell;

use super::Output;

/// Prints completions; put them where your shell looks for them.
#[derive(Args, Debug)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Output {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut super::command(), "tapecheck", &mut text);
        Output::shown(String::from_utf8_lossy(&text).into_owned())
    }
}
