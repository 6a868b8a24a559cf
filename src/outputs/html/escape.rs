//! What data may not do to the page: open a tag, end a quotation, turn the writing around, or hide.

use askama::filters::Escaper;
use std::fmt::{self, Write};

use crate::source::is_hidden;

/// The escaper of all of the page's templates (`askama.toml`).
#[derive(Clone, Copy, Debug, Default)]
pub struct Harmless;

impl Escaper for Harmless {
    fn write_escaped_str<W: Write>(&self, mut out: W, text: &str) -> fmt::Result {
        let mut plain = 0;
        for (place, character) in text.char_indices() {
            let entity = match character {
                '<' => Some("&lt;"),
                '>' => Some("&gt;"),
                '&' => Some("&amp;"),
                '"' => Some("&quot;"),
                '\'' => Some("&#39;"),
                _ => None,
            };
            if entity.is_none() && !is_hidden(character) {
                continue;
            }
            out.write_str(&text[plain..place])?;
            match entity {
                Some(entity) => out.write_str(entity)?,
                None => write!(out, "{}", character.escape_unicode())?,
            }
            plain = place + character.len_utf8();
        }
        out.write_str(&text[plain..])
    }
}

/// JSON that may stand inside of a script element: nothing in it can end that element, or open a comment.
pub(super) fn inside_script(json: &str) -> String {
    json.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = String::new();
        Harmless.write_escaped_str(&mut out, text).unwrap();
        out
    }

    #[test]
    fn data_is_shown_and_does_nothing() {
        assert_eq!(escaped("<script>\"a\" & 'b'"), "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;");
        assert_eq!(escaped("a\u{202e}b\u{0}c\u{1b}[31m"), "a\\u{202e}b\\u{0}c\\u{1b}[31m");
        assert_eq!(escaped("Zürich → 東京"), "Zürich → 東京");
        assert_eq!(inside_script("</script><!--"), "\\u003c/script\\u003e\\u003c!--");
    }
}
