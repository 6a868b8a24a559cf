//! How text looks: width, colour, alphabet, how much of it.

use owo_colors::{OwoColorize, Style};
use std::borrow::Cow;
use unicode_width::UnicodeWidthChar;

use crate::source::is_hidden;

/// How text is laid out for one reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns.
    pub width: usize,
    /// A person looks at it: long rows are cut at the width instead of running on.
    pub terminal: bool,
    /// More than ASCII may be written.
    pub unicode: bool,
    /// ANSI colours.
    pub colour: bool,
    /// Everything, nothing folded.
    pub verbose: bool,
    /// Only the verdict.
    pub quiet: bool,
}

impl Look {
    /// For a pipe or a file: 80 columns, no colour, ASCII, whatever the locale is, so that a mail of cron's can be read and the same input
    /// gives the same bytes.
    pub fn plain() -> Look {
        Look { width: 80, terminal: false, unicode: false, colour: false, verbose: false, quiet: false }
    }

    /// Text in a style, where the output takes colours.
    pub fn paint(&self, text: &str, style: Style) -> String {
        if self.colour { text.style(style).to_string() } else { text.to_owned() }
    }

    /// Text in a style, if it has one.
    pub fn painted(&self, text: &str, style: Option<Style>) -> String {
        style.map_or_else(|| text.to_owned(), |style| self.paint(text, style))
    }

    /// Text in the alphabet that may be written: our own signs have a spelling in ASCII, all else is escaped.
    pub fn spelt<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.unicode || text.is_ascii() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                '\u{a0}' => out.push(character),
                '…' => out.push_str("..."),
                '×' => out.push('x'),
                '→' => out.push_str("->"),
                _ if character.is_ascii() => out.push(character),
                _ => out.extend(character.escape_unicode()),
            }
        }
        Cow::Owned(out)
    }

    /// What stands for text that is left out.
    pub fn ellipsis(&self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    /// What parts a line's number from its text.
    pub fn bar(&self) -> &'static str {
        if self.unicode { "│" } else { "|" }
    }

    /// As much of `text` as fits when `used` columns are taken.
    pub fn cut(&self, text: &str, used: usize) -> String {
        let room = self.width.saturating_sub(used).max(20);
        let mut taken = 0;
        let mut kept = 0;
        let most = room - self.ellipsis().chars().count();
        for (place, character) in text.char_indices() {
            taken += character.width().unwrap_or(0);
            if taken > room {
                return format!("{}{}", &text[..kept], self.ellipsis());
            }
            if taken <= most {
                kept = place + character.len_utf8();
            }
        }
        text.to_owned()
    }
}

/// What our own styles switch on and off: colours, weights, lines below. None hides text, blinks, or moves.
const STYLES: [&str; 16] = ["0", "1", "2", "4", "22", "24", "31", "32", "33", "34", "35", "36", "39", "90", "91", "92"];

/// The last look at text for a person: line breaks and, where it is coloured, our own colours; whatever else a terminal obeys, or that hides
/// or turns around what is shown, is escaped, wherever it came from.
pub fn shown(text: &str, coloured: bool) -> Cow<'_, str> {
    if !text.chars().any(|character| is_hidden(character) && character != '\n') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let length = match style(rest).filter(|_| coloured) {
            Some(length) => {
                out.push_str(&rest[..length]);
                length
            }
            None if character != '\n' && is_hidden(character) => {
                out.extend(character.escape_unicode());
                character.len_utf8()
            }
            None => {
                out.push(character);
                character.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    Cow::Owned(out)
}

/// The length of one of our styles, if the text begins with one.
fn style(text: &str) -> Option<usize> {
    let (codes, _) = text.strip_prefix("\u{1b}[")?.split_once('m')?;
    codes.split(';').all(|code| STYLES.contains(&code)).then_some(codes.len() + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_to_the_width_in_either_alphabet() {
        let look = Look { width: 24, ..Look::plain() };
        assert_eq!(look.cut("abcdefghijklmnopqrstuvwx", 0), "abcdefghijklmnopqrstuvwx");
        assert_eq!(look.cut("abcdefghijklmnopqrstuvwxy", 0), "abcdefghijklmnopqrstu...");
        assert_eq!(Look { unicode: true, ..look }.cut("abcdefghijklmnopqrstuvwxy", 0), "abcdefghijklmnopqrstuvw…");
        assert_eq!(Look { unicode: true, ..look }.cut("日本日本日本日本日本日本日", 0), "日本日本日本日本日本日…");
        assert_eq!(look.spelt("3 × 4…é"), r"3 x 4...\u{e9}");
    }

    #[test]
    fn only_our_own_styles_reach_a_terminal() {
        let text = "\u{1b}[31;1mred\u{1b}[0m\n\u{1b}[8mgone\u{1b}[2J\u{202e}\u{1b}";
        assert_eq!(shown(text, true), "\u{1b}[31;1mred\u{1b}[0m\n\\u{1b}[8mgone\\u{1b}[2J\\u{202e}\\u{1b}");
        assert_eq!(shown(text, false), "\\u{1b}[31;1mred\\u{1b}[0m\n\\u{1b}[8mgone\\u{1b}[2J\\u{202e}\\u{1b}");
        assert!(matches!(shown("3 × 4…é\n", false), Cow::Borrowed(_)));
    }
}
