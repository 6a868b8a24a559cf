//! Progress on stderr: on a terminal alone, and of what takes long enough to be waited for.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::progress::{Observer, Progress, Told};
use crate::source::visible;

/// Shorter than this nobody waits.
const PATIENCE: Duration = Duration::from_millis(500);

/// Often enough to be seen moving.
const TICK: Duration = Duration::from_millis(100);

/// ASCII: stderr may be of another locale than it looks.
const COUNTED: &str = "{bar:24} {bytes} of {total_bytes}, {wide_msg}";
const SAID: &str = "{spinner} {wide_msg}";

/// The line that moves, where it may be seen.
pub(super) struct Bar(Option<Arc<Line>>);

impl Bar {
    /// A line that is seen once the patience has run out, if it may be seen at all.
    pub(super) fn begin(wanted: bool) -> Bar {
        if !wanted || !std::io::stderr().is_terminal() {
            return Bar(None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let line = Line { bar: bar.clone(), template: Mutex::default() };
        line.say("working");
        // It ends with the process, at the latest.
        std::thread::spawn(move || {
            std::thread::sleep(PATIENCE);
            if !bar.is_finished() {
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.enable_steady_tick(TICK);
            }
        });
        Bar(Some(Arc::new(line)))
    }

    /// Tells how a replay comes along.
    pub(super) fn observer(&self) -> Observer {
        let Some(line) = self.0.clone() else { return Observer::default() };
        Observer::new(move |told| match told {
            Told::Reading(progress) => line.read(progress),
            Told::AskingTheBroker => line.say("reading the broker"),
            Told::Explaining => line.say("looking for causes"),
        })
    }

    /// Says what is being done.
    pub(super) fn say(&self, text: &str) {
        if let Some(line) = &self.0 {
            line.say(text);
        }
    }

    /// Takes the line away.
    pub(super) fn clear(&self) {
        if let Some(line) = &self.0 {
            line.bar.finish_and_clear();
        }
    }
}

struct Line {
    bar: ProgressBar,
    /// What it looks like now: to make another of it takes a while.
    template: Mutex<&'static str>,
}

impl Line {
    fn say(&self, text: &str) {
        self.style(SAID);
        self.bar.set_message(text.to_owned());
    }

    fn read(&self, progress: &Progress) {
        self.style(COUNTED);
        self.bar.set_length(progress.bytes);
        self.bar.set_position(progress.read);
        let file = progress.file.as_ref().map_or_else(String::new, |(path, _, _)| visible(path));
        self.bar.set_message(format!("{} of {} files  {file}", progress.done, progress.files));
    }

    fn style(&self, template: &'static str) {
        let mut now = self.template.lock().unwrap_or_else(PoisonError::into_inner);
        if *now != template
            && let Ok(style) = ProgressStyle::with_template(template)
        {
            *now = template;
            self.bar.set_style(style.progress_chars("#>-").tick_chars("|/-\\ "));
        }
    }
}
