//! JSON as this bot writes it: exact decimals from the text, and a lenient second reading.

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

use crate::position::Symbol;
use crate::time::{self, Time};
use crate::trouble::{Reason, Trouble};

/// A field whose text is kept until it is known what it must be.
pub type Field<'a> = Option<&'a RawValue>;

/// Reads one record into a wire shape.
pub fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Trouble> {
    serde_json::from_str(text).map_err(|error| {
        let reason = if error.is_data() { Reason::WrongShape } else { Reason::NotJson };
        let column = u32::try_from(error.column()).ok().filter(|column| *column > 0);
        Trouble { column, reason }
    })
}

/// Makes strict JSON of a line that a strict reader refuses, where Python's reader would take it:
/// `NaN` and `Infinity` become null, of two equal keys the last one stays (`formats.md` 1.3).
///
/// `None` if it is not JSON even so.
pub fn repaired(text: &str) -> Option<String> {
    let tokens = without_non_finite(text);
    let value: &RawValue = serde_json::from_str(&tokens).ok()?;
    let mut out = String::with_capacity(tokens.len());
    write_with_last_keys(value.get(), &mut out)?;
    Some(out)
}

fn without_non_finite(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut in_string) = (text, false);
    while let Some(first) = rest.chars().next() {
        let token = ["-Infinity", "Infinity", "NaN"].into_iter().find(|token| !in_string && rest.starts_with(token));
        if let Some(token) = token {
            out.push_str("null");
            rest = &rest[token.len()..];
            continue;
        }
        let mut taken = first.len_utf8();
        match first {
            '"' => in_string = !in_string,
            '\\' if in_string => taken += rest[1..].chars().next().map_or(0, char::len_utf8),
            _ => {}
        }
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    out
}

/// Nesting beyond this is not a record (serde_json refuses beyond 128 too).
fn write_with_last_keys(raw: &str, out: &mut String) -> Option<()> {
    match raw.as_bytes().first()? {
        b'{' => {
            let rows: Rows = serde_json::from_str(raw).ok()?;
            out.push('{');
            for (place, (key, value)) in rows.last_of_each().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                out.push_str(&serde_json::to_string(key).ok()?);
                out.push(':');
                write_with_last_keys(value.get(), out)?;
            }
            out.push('}');
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write_with_last_keys(item.get(), out)?;
            }
            out.push(']');
        }
        _ => out.push_str(raw),
    }
    Some(())
}

/// An object's rows in the order of the text, keys and raw values, equal keys kept.
pub struct Rows<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Rows<'a> {
    /// The rows, of equal keys only the last, as Python's reader takes them.
    pub fn last_of_each(&self) -> impl Iterator<Item = (&Cow<'a, str>, &'a RawValue)> {
        let mut last = std::collections::HashMap::new();
        for (place, (key, _)) in self.0.iter().enumerate() {
            last.insert(key.as_ref(), place);
        }
        let kept: Vec<usize> = (0..self.0.len()).filter(|place| last[self.0[*place].0.as_ref()] == *place).collect();
        kept.into_iter().map(|place| (&self.0[place].0, self.0[place].1))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Rows<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RowsVisitor;
        impl<'de> Visitor<'de> for RowsVisitor {
            type Value = Rows<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut rows = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
                    rows.push((Cow::Owned(key), value));
                }
                Ok(Rows(rows))
            }
        }
        deserializer.deserialize_map(RowsVisitor)
    }
}

fn unquoted(raw: &str) -> &str {
    raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(raw).trim()
}

fn present<'a>(field: Field<'a>) -> Option<&'a str> {
    field.map(RawValue::get).filter(|raw| *raw != "null")
}

/// An exact decimal from a number or a string holding one; `None` if absent or null. More digits than a
/// [`Decimal`] holds (28) are an error, not rounded (`alpaca.md` section 8).
pub fn decimal(field: Field<'_>, name: &'static str) -> Result<Option<Decimal>, Trouble> {
    let Some(raw) = present(field) else { return Ok(None) };
    let text = unquoted(raw);
    exact_decimal(text).map(Some).ok_or_else(|| Reason::BadNumber(name).into())
}

fn exact_decimal(text: &str) -> Option<Decimal> {
    let text = text.strip_prefix('+').unwrap_or(text);
    if text.contains(['e', 'E']) { Decimal::from_scientific(text).ok() } else { Decimal::from_str_exact(text).ok() }
}

/// A decimal from a float that Python wrote: digits beyond what a [`Decimal`] holds are the float's noise, and rounded.
pub fn float(field: Field<'_>, name: &'static str) -> Result<Option<Decimal>, Trouble> {
    let Some(raw) = present(field) else { return Ok(None) };
    let text = unquoted(raw);
    let value = exact_decimal(text).or_else(|| {
        let value: f64 = text.parse().ok()?;
        Decimal::from_f64_retain(value).map(|value| value.round_dp(15))
    });
    value.map(|value| Some(value.normalize())).ok_or_else(|| Reason::BadNumber(name).into())
}

/// A timestamp that must be there.
pub fn moment(field: Field<'_>) -> Result<Time, Trouble> {
    present(field).and_then(time::parse).ok_or_else(|| Reason::BadTimestamp.into())
}

/// A timestamp that may be missing; what is there and is none counts as missing.
pub fn moment_if_any(field: Field<'_>) -> Option<Time> {
    present(field).and_then(time::parse)
}

/// A symbol that must be there.
pub fn symbol(field: &Option<Cow<'_, str>>) -> Result<Symbol, Trouble> {
    field.as_deref().and_then(Symbol::parse).ok_or_else(|| Reason::BadSymbol.into())
}

/// Whether a field holds true.
pub fn is_true(field: Field<'_>) -> bool {
    present(field) == Some("true")
}

/// Whether a field is there and says something other than null, false, zero or nothing.
pub fn is_set(field: Field<'_>) -> bool {
    present(field).is_some_and(|raw| !matches!(raw, "false" | "0" | "\"\"" | "{}" | "[]"))
}

/// The line (from 1) of a raw value that was parsed out of `whole`; 1 if it was not.
pub fn line_of(whole: &str, part: &RawValue) -> u32 {
    let start = whole.as_ptr() as usize;
    let place = part.get().as_ptr() as usize;
    let Some(offset) = place.checked_sub(start).filter(|offset| *offset <= whole.len()) else { return 1 };
    let before = memchr::memchr_iter(b'\n', &whole.as_bytes()[..offset]).count();
    u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repaired_line_keeps_the_spelling_of_numbers() {
        let text = r#"{"a": NaN, "b": 1.50, "s": "NaN \" Infinity", "b": 2.90, "c": [-Infinity, {"x": 1, "x": 2}]}"#;
        assert_eq!(repaired(text).unwrap(), r#"{"a":null,"s":"NaN \" Infinity","b":2.90,"c":[null,{"x":2}]}"#);
        assert_eq!(repaired("{\"a\": NaN"), None);
        assert_eq!(repaired("{\"a\": 1} x"), None);
    }

    #[test]
    fn decimals_are_exact_or_refused() {
        let read =
            |text: &str| decimal(Some(&RawValue::from_string(text.to_owned()).unwrap()), "qty").map_err(|trouble| trouble.reason);
        assert_eq!(read("\"19660.5738784516887649\"").unwrap().unwrap().to_string(), "19660.5738784516887649");
        assert_eq!(read("1E-9").unwrap().unwrap().to_string(), "0.000000001");
        assert_eq!(read("null"), Ok(None));
        assert_eq!(read("\"123456789012345678901234567890.5\""), Err(Reason::BadNumber("qty")));
        assert_eq!(read("\"abc\""), Err(Reason::BadNumber("qty")));
    }
}
