//! Flags of the cache.

use clap::Args;
use std::path::PathBuf;

use super::world;
use crate::cache::{Asked, Count};
use crate::outputs::paint::Look;

/// Whether what was decoded is kept, and where.
#[derive(Args, Debug, Default)]
pub struct Caching {
    /// Keep what was decoded of large logs, and decode only what was appended since: in XDG_CACHE_HOME/tapecheck or ~/.cache/tapecheck
    #[arg(long)]
    cache: bool,
    /// Keep it in this folder instead
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
}

impl Caching {
    /// What these flags ask for.
    pub fn asked(&self) -> Option<Asked> {
        let folder = self.cache_dir.clone().or_else(of_the_user);
        (self.cache || self.cache_dir.is_some()).then(|| Asked {
            folder,
            build: world::print_of_this_build(),
            now: world::clock(),
        })
    }
}

/// The folder that the XDG Base Directory Specification gives: a path that is not absolute does not count.
fn of_the_user() -> Option<PathBuf> {
    let absolute = |name| world::environment(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))?;
    Some(caches.join("tapecheck"))
}

/// With `--verbose`, what the cache was good for.
pub fn tell(cached: Option<Count>, look: Look) {
    if let Some(Count { taken, kept }) = cached.filter(|_| look.verbose) {
        super::tell(&[format!("cache: {taken} pieces of logs were decoded in a run before, {kept} are new and were kept")]);
    }
}
