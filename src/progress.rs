//! Progress: how far a long piece of work has come. The work tells whoever asked to be told, and does not know who that is.

use std::fmt;
use std::sync::Arc;

/// How far the logs have been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that were read.
    pub read: u64,
    /// Bytes that there are.
    pub bytes: u64,
    /// Files that were read to their ends.
    pub done: usize,
    /// Files that there are.
    pub files: usize,
    /// The largest file that is being read, and how far.
    pub file: Option<(String, u64, u64)>,
}

impl Progress {
    /// Adds a file of which so many bytes were read.
    pub fn add(&mut self, path: &str, read: u64, bytes: u64, ended: bool) {
        self.read = self.read.saturating_add(read);
        self.bytes = self.bytes.saturating_add(bytes);
        self.files += 1;
        self.done += usize::from(ended);
        let largest = self.file.as_ref().map_or(0, |(_, _, bytes)| *bytes);
        if !ended && bytes > largest {
            self.file = Some((path.to_owned(), read, bytes));
        }
    }
}

/// What is being done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The logs are being read.
    Reading(Progress),
    /// The broker is being asked.
    AskingTheBroker,
    /// The causes are being looked for.
    Explaining,
}

/// Who is told.
#[derive(Clone, Default)]
pub struct Observer(Option<Arc<dyn Fn(&Told) + Send + Sync>>);

impl Observer {
    /// Somebody.
    pub fn new(told: impl Fn(&Told) + Send + Sync + 'static) -> Observer {
        Observer(Some(Arc::new(told)))
    }

    /// Tells how far the reading is, if anybody listens.
    pub fn tell(&self, progress: impl FnOnce() -> Progress) {
        self.say(|| Told::Reading(progress()));
    }

    /// Tells what is being done, if anybody listens.
    pub fn say(&self, told: impl FnOnce() -> Told) {
        if let Some(listener) = &self.0 {
            listener(&told());
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_some() { "Observer(somebody)" } else { "Observer(nobody)" })
    }
}
