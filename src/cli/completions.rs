//! `tapecheck completions`.

use clap::Args;
use clap_complete::Shell;

use super::{Content, Output};

const EXAMPLES: &str = "\
Examples:
  tapecheck completions bash > /etc/bash_completion.d/tapecheck
  tapecheck completions zsh > ~/.zfunc/_tapecheck
  tapecheck completions fish > ~/.config/fish/completions/tapecheck.fish";

/// Prints completions; put them where your shell looks for them.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Output {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut super::command(), "tapecheck", &mut text);
        Output::shown(Content::Document(String::from_utf8_lossy(&text).into_owned()))
    }
}
