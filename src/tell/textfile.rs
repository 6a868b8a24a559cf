//! `--textfile`: metrics in a file, for a textfile collector. It is put in its place whole, and others may read it.

use std::io::Write;
use std::path::{Path, PathBuf};

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
        put(&self.path, page).map_err(|error| format!("{} cannot be written: {error}", self.path.display()))
    }
}

fn put(path: &Path, page: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new();
    file.prefix(".tapecheck-").suffix(".tmp");
    #[cfg(unix)]
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    #[cfg(unix)]
    file.permissions(readable);
    let mut file = file.tempfile_in(folder)?;
    file.write_all(page.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
