//! Tables: side by side where they fit the width, else a row below the other, each cell with its column's name.

use comfy_table::{Cell, CellAlignment, Table, presets};
use itertools::Itertools;
use owo_colors::Style;
use unicode_width::UnicodeWidthStr;

use super::paint::Look;

/// A table whose first column names its rows.
pub(crate) struct Rows<'a> {
    header: &'a [&'a str],
    rows: Vec<(Option<Style>, Vec<String>)>,
    /// So many columns at the left are words; the others are numbers.
    words: usize,
}

impl<'a> Rows<'a> {
    /// No rows yet.
    pub(crate) fn under(header: &'a [&'a str], words: usize) -> Rows<'a> {
        Rows { header, rows: Vec::new(), words }
    }

    /// Adds a row; one with a style is marked by `!`, too.
    pub(crate) fn push(&mut self, style: Option<Style>, cells: Vec<String>) {
        self.rows.push((style, cells));
    }

    /// Writes it.
    pub(crate) fn write(&self, look: &Look, out: &mut String) {
        let lines = self.side_by_side();
        let fits = lines.iter().all(|line| line.width() <= look.width);
        let styles = std::iter::once(None).chain(self.rows.iter().map(|(style, _)| *style));
        if fits {
            for (line, style) in lines.iter().zip(styles) {
                super::text::line(out, &look.painted(line, style));
            }
            return;
        }
        for (style, cells) in &self.rows {
            let Some((name, cells)) = cells.split_first() else { continue };
            let mark = if style.is_some() { '!' } else { ' ' };
            super::text::line(out, &look.painted(&format!("  {mark} {name}"), *style));
            let named = self.header.iter().skip(1).zip(cells).filter(|(_, cell)| !cell.is_empty());
            // A column's name and its cell stay on one line.
            let told = named.map(|(column, cell)| format!("{column} {cell}").replace(' ', "\u{a0}")).join(", ");
            super::text::wrapped(out, look, &format!("      {told}"), "      ");
        }
    }

    fn side_by_side(&self) -> Vec<String> {
        let mut table = Table::new();
        let cell = |(column, text): (usize, &str)| {
            let side = if column < self.words { CellAlignment::Left } else { CellAlignment::Right };
            Cell::new(text).set_alignment(side)
        };
        let row = |mark: &'static str, cells: Vec<&str>| -> Vec<Cell> {
            std::iter::once(Cell::new(mark)).chain(cells.into_iter().enumerate().map(cell)).collect()
        };
        table.load_preset(presets::NOTHING).set_header(row("", self.header.to_vec()));
        for (style, cells) in &self.rows {
            table.add_row(row(if style.is_some() { "!" } else { "" }, cells.iter().map(String::as_str).collect()));
        }
        table.lines().map(|line| line.trim_end().to_owned()).collect()
    }
}
