//! Spots: which bytes of a record a piece of evidence speaks of, found again in the record's text by the names of its fields.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::position::Symbol;
use crate::source::harmless;

/// Names of the fields that say it, the best first; none where the symbol's own mention is what matters.
pub type Fields = &'static [&'static str];

/// Characters shown on either side.
const AROUND: usize = 200;

/// Characters of the bytes themselves.
const ITSELF: usize = 80;

/// The bytes that matter, with what stands around them; control characters are escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// What stands before them; begins with `…` where more does.
    pub before: String,
    /// They themselves.
    pub bytes: String,
    /// What stands behind them; ends with `…` where more does.
    pub after: String,
}

/// What is looked for in a record: what it says of a symbol, in the fields of these names.
pub type Asked<'a> = BTreeSet<(Option<&'a Symbol>, Fields)>;

/// Finds in the text of a record, for each that is asked, the field that says something of the symbol, or else the symbol. Where the record
/// names neither, there is nothing to point at. The text is gone through once, however much is asked: a book may have ten thousand rows.
pub fn find<'a>(text: &str, asked: &Asked<'a>) -> Vec<((Option<&'a Symbol>, Fields), Spot)> {
    let text = text.trim();
    let record = Record::of(text, asked.iter().filter_map(|(symbol, _)| *symbol).collect());
    let span = |symbol: Option<&Symbol>, names| record.said_of(symbol, names).or_else(|| record.mention(symbol?));
    asked.iter().filter_map(|(symbol, names)| Some(((*symbol, *names), spot(text, span(*symbol, names)?)))).collect()
}

fn spot(text: &str, span: Range<usize>) -> Spot {
    let start = text[..span.start].char_indices().rev().nth(AROUND - 1).map_or(0, |(place, _)| place);
    let cut = if start > 0 { "…" } else { "" };
    Spot {
        before: format!("{cut}{}", shown(&text[start..span.start], AROUND)),
        bytes: harmless(&text[span.clone()], ITSELF),
        after: shown(&text[span.end..], AROUND),
    }
}

/// [`harmless`], with the blanks at the ends, which part it from the bytes in the middle.
fn shown(text: &str, most: usize) -> String {
    let blank = |at_end: bool| if at_end && !text.trim().is_empty() { " " } else { "" };
    format!("{}{}{}", blank(text.starts_with(' ')), harmless(text, most), blank(text.ends_with(' ')))
}

/// One field of an object: its name and where it stands, from the name's quote to the value's end.
struct Field<'a> {
    name: &'a str,
    span: Range<usize>,
}

/// An object: its fields, and the objects in it.
#[derive(Default)]
struct Object<'a> {
    fields: Vec<Field<'a>>,
    below: Vec<usize>,
}

/// A record as far as it must be known to point at a part of it: one that only a lenient reader understands, or a part of a document, will do.
struct Record<'a> {
    /// What stands outside of every object stands in the first.
    objects: Vec<Object<'a>>,
    /// Where the symbols are named that are asked for: in which object, and where.
    mentions: BTreeMap<&'a Symbol, Vec<(usize, Range<usize>)>>,
}

impl<'a> Record<'a> {
    fn of(text: &'a str, wanted: BTreeSet<&'a Symbol>) -> Record<'a> {
        let mut record = Record { objects: vec![Object::default()], mentions: BTreeMap::new() };
        let mut open = vec![0];
        let mut place = 0;
        while let Some(byte) = text.as_bytes().get(place) {
            let within = open.last().copied().unwrap_or(0);
            place += 1;
            match byte {
                b'{' => open.push(record.opened(within)),
                b'}' => drop(open.pop()),
                b'"' => {
                    let begin = place - 1;
                    let end = end_of_string(text, begin);
                    place = end;
                    let word = text.get(begin + 1..end.saturating_sub(1)).unwrap_or_default();
                    let Some(value) = after_colon(text, end) else {
                        record.mention_in(within, word, begin..end, &wanted);
                        continue;
                    };
                    place = end_of_scalar(text, value);
                    match text.as_bytes().get(value) {
                        Some(b'{') => {
                            let below = record.opened(within);
                            record.mention_in(below, word, begin..end, &wanted);
                            open.push(below);
                            place += 1;
                        }
                        Some(b'[') => {}
                        Some(_) | None => {
                            let said = text.get(value..place).unwrap_or_default().trim_matches('"');
                            record.mention_in(within, said, begin..place, &wanted);
                            record.objects[within].fields.push(Field { name: word, span: begin..place });
                        }
                    }
                }
                _ => {}
            }
        }
        record
    }

    fn opened(&mut self, above: usize) -> usize {
        let new = self.objects.len();
        self.objects.push(Object::default());
        self.objects[above].below.push(new);
        new
    }

    fn mention_in(&mut self, object: usize, word: &str, span: Range<usize>, wanted: &BTreeSet<&'a Symbol>) {
        let symbol = Symbol::parse(word);
        if let Some(symbol) = symbol.as_ref().and_then(|symbol| wanted.get(symbol).copied()) {
            self.mentions.entry(symbol).or_default().push((object, span));
        }
    }

    /// The field of the best name that stands nearest to the symbol's mention: in the same object, or in one below it.
    fn said_of(&self, symbol: Option<&Symbol>, names: Fields) -> Option<Range<usize>> {
        let from: Vec<usize> = match symbol {
            Some(symbol) => self.mentions.get(symbol)?.iter().map(|(object, _)| *object).collect(),
            None => vec![0],
        };
        let mut best: Option<((usize, usize), &Range<usize>)> = None;
        let mut reached: Vec<(usize, usize)> = from.into_iter().map(|object| (object, 0)).collect();
        while let Some((object, distance)) = reached.pop() {
            let object = &self.objects[object];
            for field in &object.fields {
                let Some(name) = names.iter().position(|name| *name == field.name) else { continue };
                let rank = (name, distance);
                let is_better = |(other, span): &((usize, usize), &Range<usize>)| (rank, field.span.start) < (*other, span.start);
                if best.as_ref().is_none_or(is_better) {
                    best = Some((rank, &field.span));
                }
            }
            reached.extend(object.below.iter().map(|below| (*below, distance + 1)));
        }
        best.map(|(_, span)| span.clone())
    }

    fn mention(&self, symbol: &Symbol) -> Option<Range<usize>> {
        self.mentions.get(symbol)?.first().map(|(_, span)| span.clone())
    }
}

/// Behind the closing quote of the string that begins here.
fn end_of_string(text: &str, start: usize) -> usize {
    let mut escaped = false;
    for (place, byte) in text.bytes().enumerate().skip(start + 1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return place + 1,
            _ => {}
        }
    }
    text.len()
}

/// Where the value begins, if what ended here was a name.
fn after_colon(text: &str, end: usize) -> Option<usize> {
    let blank = |from: usize| from + text[from..].len() - text[from..].trim_start().len();
    let colon = blank(end);
    text[colon..].starts_with(':').then(|| blank(colon + 1))
}

/// Behind a value that is no object and no array; where those begin.
fn end_of_scalar(text: &str, value: usize) -> usize {
    match text.as_bytes().get(value) {
        Some(b'"') => end_of_string(text, value),
        Some(b'{' | b'[') | None => value,
        Some(_) => {
            let end = text[value..].find([',', '}', ']']).map_or(text.len(), |length| value + length);
            value + text[value..end].trim_end().len()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str, symbol: Option<&str>, names: Fields) -> Option<Spot> {
        let symbol = symbol.and_then(Symbol::parse);
        find(text, &BTreeSet::from([(symbol.as_ref(), names)])).pop().map(|(_, spot)| spot)
    }

    fn found(text: &str, symbol: &str, names: Fields) -> Option<String> {
        one(text, Some(symbol), names).map(|spot| spot.bytes)
    }

    #[test]
    fn the_field_is_the_one_beside_the_symbol() {
        let book = r#"{"ts": "t", "alpaca": {"positions": [{"symbol": "A", "qty": 1}, {"qty": -2.5, "symbol": "B"}]}}"#;
        assert_eq!(found(book, "A", &["qty"]).as_deref(), Some(r#""qty": 1"#));
        assert_eq!(found(book, "B", &["qty"]).as_deref(), Some(r#""qty": -2.5"#));
        assert_eq!(found(book, "C", &["qty"]), None);
        let by_key = r#"{"opens": {"A": {"qty": 1.0, "entry_score": null}, "B": {"qty": 2}}}"#;
        assert_eq!(found(by_key, "A", &["entry_score"]).as_deref(), Some(r#""entry_score": null"#));
        assert_eq!(found(by_key, "B", &["qty"]).as_deref(), Some(r#""qty": 2"#));
        let below = r#"{"symbol": "A", "qty_note": "qty", "context": {"qty": "3", "entry_qty": 4}}"#;
        assert_eq!(found(below, "A", &["entry_qty", "qty"]).as_deref(), Some(r#""entry_qty": 4"#));
        // A row of an indented document, drawn together.
        assert_eq!(found(r#""A": { "qty": 7, "side": "buy" }"#, "A", &["qty"]).as_deref(), Some(r#""qty": 7"#));
    }

    #[test]
    fn without_the_field_it_is_the_symbol() {
        assert_eq!(found(r#"{"details": {"symbols": ["A", "B"]}}"#, "B", &[]).as_deref(), Some(r#""B""#));
        assert_eq!(found(r#"{"symbol": "A", "qty": 1}"#, "A", &["entry_qty"]).as_deref(), Some(r#""symbol": "A""#));
        assert_eq!(found("[]", "A", &["qty"]), None);
        assert_eq!(found("", "A", &["qty"]), None);
    }

    #[test]
    fn torn_and_hostile_text_is_no_trouble() {
        for text in ["\"", "{\"a", "{\"a\":", "}}}{", "{\"a\": \"\\", "\"A\": {", "{\"symbol\": \"A\", \"qty\":", "é\"A\"é{{"] {
            drop(found(text, "A", &["qty"]));
        }
        let spot = one("{\"symbol\": \"A\", \"qty\": 1\u{1b}[31m}", Some("A"), &["qty"]).unwrap();
        assert!(!format!("{spot:?}").contains('\u{1b}'));
        let long = format!("{{\"a\": \"{}\", \"qty\": 1, \"b\": \"{}\"}}", "x".repeat(5000), "y".repeat(5000));
        let spot = one(&long, None, &["qty"]).unwrap();
        assert!(spot.before.starts_with("…x") && spot.after.ends_with("y…"), "{spot:?}");
        assert!(spot.before.chars().count() <= AROUND + 2 && spot.after.chars().count() <= AROUND + 2);
    }
}
