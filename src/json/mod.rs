//! JSON as this bot writes it: exact decimals from the text, and a lenient second reading.

mod habits;
mod passing;
mod quick;
mod stretches;

pub use habits::Habits;
pub use quick::Refused;

use rust_decimal::Decimal;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use crate::bounds::is_plausible;
use crate::position::Symbol;
use crate::time::{self, Time};
use crate::trouble::{Reason, Trouble};

/// A field whose text is kept until it is known what it must be.
pub type Field<'a> = Option<Raw<'a>>;

/// The text of a value, as it stands in its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
    /// The text.
    pub fn get(self) -> &'a str {
        self.0
    }
}

impl<'a> From<&'a RawValue> for Raw<'a> {
    fn from(value: &'a RawValue) -> Raw<'a> {
        Raw(value.get())
    }
}

/// The name by which the quick reader knows that the text of a value is asked for.
const RAW: &str = "tapecheck::json::Raw";

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    #[inline(always)]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RawVisitor;
        impl<'de> Visitor<'de> for RawVisitor {
            type Value = Raw<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            /// The quick reader gives the text.
            #[inline(always)]
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Raw(text))
            }
            /// serde_json has a type of its own for it.
            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
                <&RawValue>::deserialize(deserializer).map(Raw::from)
            }
        }
        deserializer.deserialize_newtype_struct(RAW, RawVisitor)
    }
}

/// A text, which is borrowed from its record unless it has escapes. (An optional `Cow` never borrows.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<'a>(Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    #[inline(always)]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            #[inline(always)]
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// Reads one record into a wire shape: quickly, and where that is refused, once more with serde_json, which tells what is wrong.
pub fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Trouble> {
    read_by(text, &mut Habits::none())
}

/// The same, of a record that is probably like those before it. Compiled where it is called: else the record is copied on its way there.
#[inline(always)]
pub fn read_by<'a, T: Deserialize<'a>>(text: &'a str, habits: &mut Habits) -> Result<T, Trouble> {
    quickly(text, habits).or_else(|_| plainly(text))
}

/// Reads one record with the quick reader alone.
#[inline(always)]
pub fn quickly<'a, T: Deserialize<'a>>(text: &'a str, habits: &mut Habits) -> Result<T, Refused> {
    quick::read(text, habits)
}

/// Reads one record with serde_json: what the quick reader is held against.
pub fn plainly<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Trouble> {
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
    if is_too_deep(text) {
        return None;
    }
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

/// Nesting beyond this is not a record: serde_json refuses it, too.
const DEEPEST: u32 = 128;

/// Whether it opens more levels than any record has.
fn is_too_deep(text: &str) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0u32, false, false);
    text.bytes().any(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })
}

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
pub struct Rows<'a>(pub Vec<(String, Raw<'a>)>);

impl<'a> Rows<'a> {
    /// The rows, of equal keys only the last, as Python's reader takes them.
    pub fn last_of_each(&self) -> impl Iterator<Item = (&str, Raw<'a>)> {
        let mut last = std::collections::HashMap::new();
        for (place, (key, _)) in self.0.iter().enumerate() {
            last.insert(key.as_str(), place);
        }
        let kept: Vec<usize> = (0..self.0.len()).filter(|place| last[self.0[*place].0.as_str()] == *place).collect();
        kept.into_iter().map(|place| (self.0[place].0.as_str(), self.0[place].1))
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
                while let Some((key, value)) = map.next_entry::<String, Raw<'de>>()? {
                    rows.push((key, value));
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
    field.map(Raw::get).filter(|raw| *raw != "null")
}

/// An exact decimal from a number or a string holding one; `None` if absent or null. More digits than a
/// [`Decimal`] holds (28) are an error, not rounded (`alpaca.md` section 8).
pub fn decimal(field: Field<'_>, name: &'static str) -> Result<Option<Decimal>, Trouble> {
    let Some(raw) = present(field) else { return Ok(None) };
    let text = unquoted(raw);
    exact_decimal(text).filter(is_plausible).map(Some).ok_or_else(|| Reason::BadNumber(name).into())
}

fn exact_decimal(text: &str) -> Option<Decimal> {
    if let Some((digits, scale)) = plain_decimal(text) {
        return Some(Decimal::new(digits, scale));
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    if text.contains(['e', 'E']) { Decimal::from_scientific(text).ok() } else { Decimal::from_str_exact(text).ok() }
}

/// So many digits fit an `i64` whatever they are.
const PLAIN_DIGITS: usize = 18;

/// Most numbers by far: a sign, a few digits, a point, a few more. The same value as the library's reading in a third of its time: all digits
/// as one number, and how many of them stand after the point.
#[inline]
fn plain_decimal(text: &str) -> Option<(i64, u32)> {
    let (is_negative, digits) = text.as_bytes().strip_prefix(b"-").map_or((false, text.as_bytes()), |rest| (true, rest));
    if digits.len() > PLAIN_DIGITS || !digits.first()?.is_ascii_digit() || !digits.last()?.is_ascii_digit() {
        return None;
    }
    // The last byte is no point: where this is still the end, there is none.
    let (mut value, mut point) = (0i64, digits.len());
    for (place, byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            value = value * 10 + i64::from(digit);
        } else if *byte == b'.' && point == digits.len() {
            point = place + 1;
        } else {
            return None;
        }
    }
    Some((if is_negative { -value } else { value }, u32::try_from(digits.len() - point).ok()?))
}

/// A decimal from a float that Python wrote: digits beyond what a [`Decimal`] holds are the float's noise, and rounded. Without zeros at
/// the end.
#[inline]
pub fn float(field: Field<'_>, name: &'static str) -> Result<Option<Decimal>, Trouble> {
    let Some(raw) = field else { return Ok(None) };
    let Some((mut digits, mut scale)) = plain_decimal(raw.get()) else { return float_spelt_otherwise(field, name) };
    while scale > 0 && digits % 10 == 0 {
        (digits, scale) = (digits / 10, scale - 1);
    }
    Ok(Some(Decimal::new(digits, scale)))
}

#[inline(never)]
fn float_spelt_otherwise(field: Field<'_>, name: &'static str) -> Result<Option<Decimal>, Trouble> {
    let Some(raw) = present(field) else { return Ok(None) };
    let text = unquoted(raw);
    let value = exact_decimal(text).or_else(|| {
        let value: f64 = text.parse().ok()?;
        Decimal::from_f64_retain(value).map(|value| value.round_dp(15))
    });
    value.filter(is_plausible).map(|value| Some(value.normalize())).ok_or_else(|| Reason::BadNumber(name).into())
}

/// How many of something there are, which nothing but a whole number says.
pub fn count(field: Field<'_>) -> Result<Option<u32>, Trouble> {
    present(field).map(|raw| raw.parse().map_err(|_| Reason::WrongShape.into())).transpose()
}

/// A timestamp that must be there.
#[inline]
pub fn moment(field: Field<'_>) -> Result<Time, Trouble> {
    present(field).and_then(time::parse).ok_or_else(|| Reason::BadTimestamp.into())
}

/// A timestamp that may be missing; what is there and is none counts as missing.
pub fn moment_if_any(field: Field<'_>) -> Option<Time> {
    present(field).and_then(time::parse)
}

/// A symbol that must be there.
#[inline]
pub fn symbol(field: &Option<Text<'_>>) -> Result<Symbol, Trouble> {
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
pub fn line_of(whole: &str, part: Raw<'_>) -> u32 {
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

    /// A number in quotes goes the library's way.
    #[test]
    fn a_plain_number_is_what_the_library_reads() {
        let integers = ["0", "7", "10", "1200", "999999999999999999"].map(str::to_owned);
        let fractions = ["0.0", "0.50", "12.3400", "100.00", "0.000000001", "1234567.000001", "00.10"].map(str::to_owned);
        for number in integers.into_iter().chain(fractions).flat_map(|number| [format!("-{number}"), number]) {
            let quoted = format!("\"{number}\"");
            let read = |text: &str| float(Some(Raw(text)), "qty").map(|value| value.map(|value| (value, value.scale())));
            let library = Decimal::from_str_exact(&number).map(|value| value.normalize()).unwrap();
            assert_eq!(read(&number), Ok(Some((library, library.scale()))), "{number}");
            assert_eq!(read(&quoted), read(&number));
        }
    }

    #[test]
    fn decimals_are_exact_or_refused() {
        let read = |text: &str| decimal(Some(Raw(text)), "qty").map_err(|trouble| trouble.reason);
        assert_eq!(read("\"19660.5738784516887649\"").unwrap().unwrap().to_string(), "19660.5738784516887649");
        assert_eq!(read("1E-9").unwrap().unwrap().to_string(), "0.000000001");
        assert_eq!(read("null"), Ok(None));
        assert_eq!(read("\"123456789012345678901234567890.5\""), Err(Reason::BadNumber("qty")));
        assert_eq!(read("\"abc\""), Err(Reason::BadNumber("qty")));
        assert_eq!(read("-1000000000000000000").unwrap(), Some(-crate::bounds::LARGEST));
        assert_eq!(read("1000000000000000001"), Err(Reason::BadNumber("qty")));
    }

    #[test]
    fn brackets_are_counted_where_they_open_a_level() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(repaired(&nested(128)).is_some());
        assert_eq!(repaired(&nested(129)), None);
        assert!(repaired(&format!("[\"\\\"{}\"]", "[".repeat(200))).is_some());
        assert!(repaired(&format!("[{}[]]", "[],".repeat(200))).is_some());
    }
}
