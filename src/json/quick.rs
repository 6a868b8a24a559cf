//! The quick reader: reads a record into its wire shape, and passes over what nobody asks for at the speed that it can be checked with.
//!
//! Most of a record's bytes are never asked for, and half of the time of reading one with serde_json goes into passing over them (0.5 GB/s
//! against 1.0 here, one thread, the bot's own records). So this reads the same shapes, strictly and with the same result, and refuses
//! whatever is not plain: an escaped text that is asked for, an array where a record is wanted, anything deeper than 128 levels, anything
//! that is not JSON. What it refuses serde_json reads once more, whose word is final: see [`read`](super::read). So it must never accept
//! what serde_json does not, or read it differently; `tests/quick.rs` holds it against serde_json.

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use std::fmt;

use super::{RAW, passing};

/// Not read here. Why is found out by serde_json.
#[derive(Debug)]
pub struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused by the quick reader")
    }
}

impl std::error::Error for Refused {}

impl de::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Refused {
        Refused
    }
}

/// Reads one record, or refuses it.
pub fn read<'a, T: de::Deserialize<'a>>(text: &'a str) -> Result<T, Refused> {
    let mut quick = Quick { text, rest: passing::blanks(text.as_bytes()) };
    let value = T::deserialize(&mut quick)?;
    if passing::blanks(quick.rest).is_empty() { Ok(value) } else { Err(Refused) }
}

/// A record that is being read. When a value is asked for, its first byte is the next.
struct Quick<'de> {
    text: &'de str,
    rest: &'de [u8],
}

impl<'de> Quick<'de> {
    /// What was read since so much was left.
    #[inline(always)]
    fn since(&self, left: usize) -> std::ops::Range<usize> {
        self.text.len() - left..self.text.len() - self.rest.len()
    }

    #[inline(always)]
    fn take(&mut self, wanted: u8) -> Result<(), Refused> {
        match self.rest {
            [first, rest @ ..] if *first == wanted => self.rest = rest,
            _ => return Err(Refused),
        }
        Ok(())
    }

    /// Takes a text, of which it gives the place between the quotes.
    #[inline(always)]
    fn take_text(&mut self) -> Result<std::ops::Range<usize>, Refused> {
        self.take(b'"')?;
        let left = self.rest.len();
        self.rest = passing::plain(self.rest);
        let place = self.since(left);
        // What stands there is a quote, or the text is not plain.
        self.take(b'"')?;
        Ok(place)
    }

    #[inline(always)]
    fn pass_over(&mut self) -> Result<(), Refused> {
        self.rest = passing::value(self.rest).ok_or(Refused)?;
        Ok(())
    }
}

impl<'de> Deserializer<'de> for &mut Quick<'de> {
    type Error = Refused;

    /// No wire shape asks for just anything.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        Err(Refused)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        if let [b'n', ..] = self.rest {
            self.rest = passing::null(self.rest).ok_or(Refused)?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let place = self.take_text()?;
        visitor.visit_borrowed_str(self.text.get(place).ok_or(Refused)?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_str(visitor)
    }

    /// The name of a field is looked up by its bytes.
    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let place = self.take_text()?;
        visitor.visit_borrowed_bytes(self.text.as_bytes().get(place).ok_or(Refused)?)
    }

    /// A value whose text is asked for.
    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Refused> {
        if name != RAW {
            return Err(Refused);
        }
        let left = self.rest.len();
        self.pass_over()?;
        visitor.visit_borrowed_str(self.text.get(self.since(left)).ok_or(Refused)?)
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.take(b'{')?;
        let mut parts = Parts { quick: self, closed_by: b'}', is_first: true, is_closed: false };
        let value = visitor.visit_map(&mut parts)?;
        if parts.is_closed { Ok(value) } else { Err(Refused) }
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.deserialize_map(visitor)
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.take(b'[')?;
        let mut parts = Parts { quick: self, closed_by: b']', is_first: true, is_closed: false };
        let value = visitor.visit_seq(&mut parts)?;
        if parts.is_closed { Ok(value) } else { Err(Refused) }
    }

    #[inline]
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.pass_over()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct enum
    }
}

/// The members of an object, or the elements of an array.
struct Parts<'q, 'de> {
    quick: &'q mut Quick<'de>,
    closed_by: u8,
    is_first: bool,
    is_closed: bool,
}

impl Parts<'_, '_> {
    /// Whether another one follows, whose first byte is next then.
    #[inline(always)]
    fn another(&mut self) -> Result<bool, Refused> {
        if let [b' ' | b'\t' | b'\n' | b'\r', ..] = self.quick.rest {
            self.quick.rest = passing::blanks(self.quick.rest);
        }
        match self.quick.rest {
            [first, rest @ ..] if *first == self.closed_by => {
                self.quick.rest = rest;
                self.is_closed = true;
                return Ok(false);
            }
            _ if self.is_first => self.is_first = false,
            rest => self.quick.rest = passing::mark(rest, b',').ok_or(Refused)?,
        }
        Ok(true)
    }
}

impl<'de> MapAccess<'de> for &mut Parts<'_, 'de> {
    type Error = Refused;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refused> {
        if self.another()? { seed.deserialize(&mut *self.quick).map(Some) } else { Ok(None) }
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refused> {
        self.quick.rest = passing::mark(self.quick.rest, b':').ok_or(Refused)?;
        seed.deserialize(&mut *self.quick)
    }
}

impl<'de> SeqAccess<'de> for &mut Parts<'_, 'de> {
    type Error = Refused;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refused> {
        if self.another()? { seed.deserialize(&mut *self.quick).map(Some) } else { Ok(None) }
    }
}
