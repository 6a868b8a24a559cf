//! What is wrong with a file of settings, and where: as compilers show it.

use std::fmt;
use std::ops::Range;

use crate::source::harmless;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The bytes of the file that it is about.
    pub at: Range<usize>,
    /// What is wrong, and what is allowed.
    pub says: String,
}

/// A file that cannot be taken for settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct NotSettings {
    /// Its path.
    pub path: String,
    /// Its text.
    pub text: String,
    /// In the order of the text.
    pub problems: Vec<Problem>,
}

/// Characters of a line that are shown.
const WIDTH: usize = 100;

impl fmt::Display for NotSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.problems.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            self.one(problem, f)?;
        }
        Ok(())
    }
}

impl NotSettings {
    fn one(&self, problem: &Problem, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = place(&self.text, problem.at.start);
        let text = self.text.lines().nth(line - 1).unwrap_or_default();
        let shown = harmless(text, WIDTH);
        let indent = text.chars().count() - text.trim_start().chars().count();
        write!(f, "{}:{line}:{column}: {}", self.path, problem.says)?;
        let before = (column - 1).saturating_sub(indent);
        if shown.is_empty() || before >= shown.chars().count() {
            return Ok(());
        }
        let marked =
            self.text.get(problem.at.clone()).map_or(1, |marked| marked.lines().next().unwrap_or_default().chars().count());
        let marks = "^".repeat(marked.clamp(1, shown.chars().count() - before));
        write!(f, "\n{line:>5} | {shown}\n      | {}{marks}", " ".repeat(before))
    }
}

/// Line and column of a byte, both counted from 1, the column in characters.
pub fn place(text: &str, byte: usize) -> (usize, usize) {
    let mut end = byte.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let start = before.rfind('\n').map_or(0, |feed| feed + 1);
    (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}

/// `; did you mean …?` for the known word that is nearest, if one is near.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    // Below this a word has little more in common than some letters.
    const NEAR: f64 = 0.75;
    let word = word.to_ascii_lowercase().replace('-', "_");
    let near = known.map(|known| (strsim::jaro_winkler(&word, known), known)).filter(|(likeness, _)| *likeness > NEAR);
    let best = near.max_by(|one, two| one.0.total_cmp(&two.0));
    best.map_or_else(String::new, |(_, known)| format!("; did you mean `{known}`?"))
}
