//! A JSON text as a tree: what is not cut keeps its order and, in its leaves, its spelling.

use crate::json::{self, Raw, Rows};

/// Nesting beyond this is kept whole.
const DEEPEST: usize = 32;

/// A value, and the part that it is; the root belongs to its record.
#[derive(Clone, Debug)]
pub struct Node {
    /// Number of the part.
    pub part: usize,
    /// The value.
    pub value: Value,
}

/// What a value is.
#[derive(Clone, Debug)]
pub enum Value {
    /// A leaf, as it is spelt.
    Scalar(String),
    /// A list.
    List(Vec<Node>),
    /// An object, its keys in their order.
    Object(Vec<(String, Node)>),
}

/// What is known of a value before it becomes a part.
pub struct Seen<'a> {
    /// The part that it stands in.
    pub parent: usize,
    /// Levels below the root.
    pub level: usize,
    /// Its key, in an object.
    pub key: Option<&'a str>,
    /// Its text.
    pub raw: &'a str,
}

/// Reads a text; `number` gives each value below the root its part. What a strict reader refuses is read as Python would.
pub fn read(text: &str, root: usize, number: &mut dyn FnMut(&Seen<'_>) -> usize) -> Option<Node> {
    let whole = |text: &str, number: &mut dyn FnMut(&Seen<'_>) -> usize| {
        let raw: Raw<'_> = serde_json::from_str(text).ok()?;
        Some(Node { part: root, value: value(raw.get(), root, 1, number) })
    };
    whole(text, number).or_else(|| whole(&json::repaired(text)?, number))
}

fn value(raw: &str, parent: usize, level: usize, number: &mut dyn FnMut(&Seen<'_>) -> usize) -> Value {
    let leaf = || Value::Scalar(raw.to_owned());
    let mut node = |key: Option<&str>, raw: Raw<'_>| {
        let part = number(&Seen { parent, level, key, raw: raw.get() });
        Node { part, value: value(raw.get(), part, level + 1, number) }
    };
    match raw.as_bytes().first() {
        Some(b'[') if level < DEEPEST => match serde_json::from_str::<Vec<Raw<'_>>>(raw) {
            Ok(items) => Value::List(items.into_iter().map(|item| node(None, item)).collect()),
            Err(_) => leaf(),
        },
        Some(b'{') if level < DEEPEST => match serde_json::from_str::<Rows<'_>>(raw) {
            Ok(rows) => Value::Object(rows.last_of_each().map(|(key, item)| (key.to_owned(), node(Some(key), item))).collect()),
            Err(_) => leaf(),
        },
        _ => leaf(),
    }
}

/// Writes what is left of a tree, as Python spaces it. The first `open` levels have a row a line.
pub fn write(node: &Node, open: usize, left: &dyn Fn(usize) -> bool, shorter: &dyn Fn(usize) -> Option<String>) -> String {
    let mut out = String::new();
    Writer { left, shorter }.node(node, open, 0, &mut out);
    out
}

struct Writer<'a> {
    left: &'a dyn Fn(usize) -> bool,
    shorter: &'a dyn Fn(usize) -> Option<String>,
}

impl Writer<'_> {
    fn node(&self, node: &Node, open: usize, depth: usize, out: &mut String) {
        match &node.value {
            Value::Scalar(raw) => out.push_str(&(self.shorter)(node.part).unwrap_or_else(|| raw.clone())),
            Value::List(items) => {
                let items = items.iter().map(|item| (None, item));
                self.rows(items.filter(|(_, item)| (self.left)(item.part)), ['[', ']'], (open, depth), out);
            }
            Value::Object(rows) => {
                let rows = rows.iter().map(|(key, row)| (Some(key.as_str()), row));
                self.rows(rows.filter(|(_, row)| (self.left)(row.part)), ['{', '}'], (open, depth), out);
            }
        }
    }

    fn rows<'a>(
        &self,
        rows: impl Iterator<Item = (Option<&'a str>, &'a Node)>,
        brackets: [char; 2],
        (open, depth): (usize, usize),
        out: &mut String,
    ) {
        out.push(brackets[0]);
        let mut empty = true;
        for (key, row) in rows {
            if !empty {
                out.push_str(if depth < open { "," } else { ", " });
            }
            empty = false;
            if depth < open {
                out.push('\n');
                out.push_str(&"  ".repeat(depth + 1));
            }
            if let Some(key) = key {
                out.push_str(&serde_json::Value::from(key).to_string());
                out.push_str(": ");
            }
            self.node(row, open, depth + 1, out);
        }
        if depth < open && !empty {
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
        }
        out.push(brackets[1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(text: &str) -> (Node, Vec<String>) {
        let mut seen = Vec::new();
        let node = read(text, 0, &mut |value| {
            seen.push(value.raw.to_owned());
            seen.len()
        });
        (node.unwrap(), seen)
    }

    #[test]
    fn what_is_left_keeps_its_order_and_spelling() {
        let (node, seen) = numbered(r#"{"b":1.50,"a":[1e3,{"x":null}],"c":"\u00e9"}"#);
        assert_eq!(seen, ["1.50", r#"[1e3,{"x":null}]"#, "1e3", r#"{"x":null}"#, "null", r#""\u00e9""#]);
        let written = |gone: &[usize], open| write(&node, open, &|part| !gone.contains(&part), &|_| None);
        assert_eq!(written(&[], 0), r#"{"b": 1.50, "a": [1e3, {"x": null}], "c": "\u00e9"}"#);
        assert_eq!(written(&[1, 5], 0), r#"{"a": [1e3, {}], "c": "\u00e9"}"#);
        assert_eq!(written(&[1, 3, 6], 2), "{\n  \"a\": [\n    {\"x\": null}\n  ]\n}");
        assert_eq!(write(&node, 0, &|part| part == 1, &|_| Some("2".to_owned())), r#"{"b": 2}"#);
    }

    #[test]
    fn what_python_reads_is_read_and_nothing_else() {
        let (node, _) = numbered(r#"{"a": NaN, "b": 1, "b": 2}"#);
        assert_eq!(write(&node, 0, &|_| true, &|_| None), r#"{"a": null, "b": 2}"#);
        assert!(read("{\"a\": ", 0, &mut |_| 1).is_none());
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        assert_eq!(write(&numbered(&deep).0, 0, &|_| true, &|_| None), deep);
    }
}
