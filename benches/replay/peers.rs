//! What a user would pick instead, where it is installed: the same fold over the same files, without the checking.

use std::io;
use std::path::Path;

use super::run::{self, Measured};

/// A program that answers which of the broker's books part from the bot's own account, or less than that.
pub struct Peer {
    pub name: &'static str,
    program: &'static str,
    arguments: Vec<String>,
}

impl Peer {
    /// Answers for one bot's directory.
    pub fn answer(&self, folder: &Path) -> io::Result<Measured> {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        run::process(self.program, &arguments, folder)
    }
}

/// The peers that are installed, and a word about those that are not.
pub fn installed() -> (Vec<Peer>, Vec<String>) {
    let (mut found, mut absent) = (Vec::new(), Vec::new());
    let script = |name: &str| format!("{}/benches/peers/{name}", env!("CARGO_MANIFEST_DIR"));
    // Nothing is left beside the scripts.
    let python = |name, scripts: &[&str]| {
        let arguments = ["-B".to_owned()].into_iter().chain(scripts.iter().map(|name| script(name))).collect();
        Peer { name, program: "python3", arguments }
    };
    if run::is_there("python3", &["-c", "import duckdb"]) {
        found.push(python("DuckDB and a fold", &["fold_duckdb.py"]));
        found.push(python("DuckDB, sums alone", &["sums_duckdb.py", "sums.sql"]));
    } else {
        absent.push("DuckDB is not installed (pip install duckdb): left out".to_owned());
    }
    if run::is_there("python3", &["--version"]) {
        found.push(python("Python json and a fold", &["fold_json.py"]));
    } else {
        absent.push("python3 is not installed: left out".to_owned());
    }
    (found, absent)
}
