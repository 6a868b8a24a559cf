//! Lines of a log, as they were cut from it: their text, and where each of them ends. How many there are must be known when the next are cut, so
//! their ends are found then, and not looked for once more where each is read.

/// Whole lines; the last one of a log may lack its line feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    text: Vec<u8>,
    /// The place of each line feed.
    feeds: Vec<u32>,
}

/// One line, without its line feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Byte offset of its first byte among the others.
    pub start: usize,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whether the line feed was there.
    pub ended: bool,
}

impl Lines {
    /// The lines of a text.
    pub fn of(text: Vec<u8>) -> Lines {
        Lines::in_room(text, Vec::new())
    }

    /// The same, with room for their ends, whose content is not needed any more.
    pub fn in_room(text: Vec<u8>, mut feeds: Vec<u32>) -> Lines {
        feeds.clear();
        feeds.extend(memchr::memchr_iter(b'\n', &text).map_while(|place| u32::try_from(place).ok()));
        Lines { text, feeds }
    }

    /// The text of all, and the room for their ends.
    pub fn into_room(self) -> (Vec<u8>, Vec<u32>) {
        (self.text, self.feeds)
    }

    /// The text of all.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// How many line feeds there are.
    pub fn feeds(&self) -> usize {
        self.feeds.len()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Line<'_>> {
        let mut start = 0;
        let ends = self.feeds.iter().map(|feed| (*feed as usize, true)).chain([(self.text.len(), false)]);
        ends.filter_map(move |(end, ended)| {
            let line = Line { start, bytes: self.text.get(start..end)?, ended };
            start = end + 1;
            (ended || !line.bytes.is_empty()).then_some(line)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_their_text() {
        for text in ["", "a", "a\n", "\n", "\n\n", "a\nbc\n\nd", "a\nbc\n\nd\n", "é\n\u{2028}\r\n\n"] {
            let lines = Lines::in_room(text.into(), vec![7; 9]);
            assert_eq!(lines, Lines::of(text.into()));
            assert_eq!(lines.feeds(), text.matches('\n').count(), "{text:?}");
            let again: Vec<u8> =
                lines.iter().flat_map(|line| [line.bytes, if line.ended { b"\n" } else { b"" }].concat()).collect();
            assert_eq!(again, text.as_bytes());
            let expected: Vec<&[u8]> = text.split_terminator('\n').map(str::as_bytes).collect();
            assert_eq!(lines.iter().map(|line| line.bytes).collect::<Vec<_>>(), expected, "{text:?}");
            assert!(lines.iter().all(|line| text.as_bytes()[line.start..].starts_with(line.bytes)));
        }
    }
}
