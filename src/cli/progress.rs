//! Progress on stderr: on a terminal alone, and of what takes long enough to be waited for.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
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

/// The line that moves.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A line that is seen once the patience has run out, if it may be seen at all.
    pub(super) fn begin(wanted: bool) -> Bar {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Bar(bar.clone()).say("working");
        if wanted && std::io::stderr().is_terminal() {
            let late = bar.clone();
            // It ends with the process, at the latest.
            std::thread::spawn(move || {
                std::thread::sleep(PATIENCE);
                if !late.is_finished() {
                    late.set_draw_target(ProgressDrawTarget::stderr());
                    late.enable_steady_tick(TICK);
                }
            });
        }
        Bar(bar)
    }

    /// Tells how a replay comes along.
    pub(super) fn observer(&self) -> Observer {
        let bar = Bar(self.0.clone());
        Observer::new(move |told| match told {
            Told::Reading(progress) => bar.read(progress),
            Told::AskingTheBroker => bar.say("reading the broker"),
            Told::Explaining => bar.say("looking for causes"),
        })
    }

    /// Says what is being done.
    pub(super) fn say(&self, text: &str) {
        self.style(SAID);
        self.0.set_message(text.to_owned());
    }

    fn read(&self, progress: &Progress) {
        self.style(COUNTED);
        self.0.set_length(progress.bytes);
        self.0.set_position(progress.read);
        let file = progress.file.as_ref().map_or_else(String::new, |(path, _, _)| visible(path));
        self.0.set_message(format!("{} of {} files  {file}", progress.done, progress.files));
    }

    fn style(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style.progress_chars("#>-").tick_chars("|/-\\ "));
        }
    }

    /// Takes the line away.
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
