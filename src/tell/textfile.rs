//! `--textfile`: metrics in a file, for a textfile collector. It is put in its place whole, and others may read it.

use std::path::{Path, PathBuf};

use crate::whole::{self, Worth};

/// A file that is written anew with each look.
#[derive(Debug)]
pub struct Textfile {
    path: PathBuf,
}

impl Textfile {
    /// The collector takes files that end in `.prom` and no others.
    pub fn new(path: &Path) -> Result<Textfile, String> {
        if path.extension().is_none_or(|extension| extension != "prom") {
            return Err(format!("--textfile {}: a collector reads files that end in .prom only", path.display()));
        }
        Ok(Textfile { path: path.to_owned() })
    }

    /// Puts this page in its place.
    pub fn show(&self, page: &str) -> Result<(), String> {
        whole::replace(&self.path, Worth::Lasting, |out| out.write_all(page.as_bytes()))
            .map_err(|error| format!("{} cannot be written: {error}", self.path.display()))
    }
}
