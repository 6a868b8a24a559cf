//! JSON as serde_json indents it, each line's beginning written at once: its own formatter writes every level of it by itself, which took a
//! fifth of the instructions of the fixes of a year.

use serde_json::ser::Formatter;
use std::io::{Result, Write};

/// Two blanks for each level, on lines of their own.
#[derive(Debug, Default)]
pub struct Indented {
    depth: usize,
    has_rows: bool,
}

/// The end of a line and the beginning of the next.
const NEXT: &[u8] = b",\n                                ";

impl Indented {
    #[inline]
    fn line(&self, out: &mut (impl Write + ?Sized), is_first: bool) -> Result<()> {
        let blanks = 2 * self.depth;
        let begins = usize::from(is_first);
        if let Some(text) = NEXT.get(begins..2 + blanks) {
            return out.write_all(text);
        }
        out.write_all(&NEXT[begins..2])?;
        (0..self.depth).try_for_each(|_| out.write_all(b"  "))
    }

    #[inline]
    fn begin(&mut self, out: &mut (impl Write + ?Sized), bracket: &[u8]) -> Result<()> {
        self.depth += 1;
        self.has_rows = false;
        out.write_all(bracket)
    }

    #[inline]
    fn end(&mut self, out: &mut (impl Write + ?Sized), bracket: &[u8]) -> Result<()> {
        self.depth -= 1;
        if self.has_rows {
            self.line(out, true)?;
        }
        out.write_all(bracket)
    }
}

impl Formatter for Indented {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> Result<()> {
        self.begin(out, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> Result<()> {
        self.end(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, is_first: bool) -> Result<()> {
        self.line(out, is_first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        self.has_rows = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> Result<()> {
        self.begin(out, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> Result<()> {
        self.end(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, is_first: bool) -> Result<()> {
        self.line(out, is_first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        self.has_rows = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize;
    use serde_json::{Serializer, Value, json};

    #[test]
    fn a_value_is_written_as_serde_json_indents_it() {
        let mut deep = json!([]);
        for level in 0..40 {
            deep = if level % 2 == 0 { json!([deep, level, []]) } else { json!({"deep": deep, "empty": {}, "é\"": null}) };
        }
        for value in [json!([]), json!({}), json!([[], {}, [1, "a\nb"], {"a": {"b": []}}]), json!(7), Value::Null, deep] {
            let mut text = Vec::new();
            value.serialize(&mut Serializer::with_formatter(&mut text, Indented::default())).unwrap();
            assert_eq!(String::from_utf8(text).unwrap(), serde_json::to_string_pretty(&value).unwrap());
        }
    }
}
