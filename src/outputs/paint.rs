//! How text looks: width, colour, how much of it.

use owo_colors::{OwoColorize, Style};
use unicode_width::UnicodeWidthChar;

/// How text is laid out for one reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns.
    pub width: usize,
    /// A person looks at it: long rows are cut at the width instead of running on.
    pub terminal: bool,
    /// ANSI colours.
    pub colour: bool,
    /// Everything, nothing folded.
    pub verbose: bool,
    /// Only the verdict.
    pub quiet: bool,
}

impl Look {
    /// For a pipe or a file: 80 columns, no colour.
    pub fn plain() -> Look {
        Look { width: 80, terminal: false, colour: false, verbose: false, quiet: false }
    }

    /// Text in a style, where the output takes colours.
    pub fn paint(&self, text: &str, style: Style) -> String {
        if self.colour { text.style(style).to_string() } else { text.to_owned() }
    }

    /// As much of `text` as fits when `used` columns are taken.
    pub fn cut(&self, text: &str, used: usize) -> String {
        let room = self.width.saturating_sub(used).max(20);
        let mut taken = 0;
        let mut out = String::new();
        for character in text.chars() {
            taken += character.width().unwrap_or(0);
            if taken > room - 1 {
                out.push('…');
                return out;
            }
            out.push(character);
        }
        out
    }
}
