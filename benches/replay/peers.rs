//! What a user would pick instead, where it is installed: the same fold over the same files, without the checking.

use std::io;
use std::path::Path;

use super::run::{self, Measured};

/// The statement for DuckDB.
const SQL: &str = include_str!("../peers/fold.sql");

/// A program that answers what `fold.sql` asks.
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
    if run::is_there("python3", &["-c", "import duckdb"]) {
        let arguments = vec![script("fold_duckdb.py"), script("fold.sql")];
        found.push(Peer { name: "DuckDB", program: "python3", arguments });
    } else if run::is_there("duckdb", &["--version"]) {
        let arguments = ["-csv", "-noheader", "-c", SQL].map(str::to_owned).to_vec();
        found.push(Peer { name: "DuckDB", program: "duckdb", arguments });
    } else {
        absent.push("DuckDB is not installed (pip install duckdb): left out".to_owned());
    }
    if run::is_there("python3", &["--version"]) {
        found.push(Peer { name: "Python json", program: "python3", arguments: vec![script("fold_json.py")] });
    } else {
        absent.push("python3 is not installed: left out".to_owned());
    }
    (found, absent)
}
