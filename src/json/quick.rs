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

use super::RAW;

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
    let mut quick = Quick { text, bytes: text.as_bytes(), at: 0 };
    let value = T::deserialize(&mut quick)?;
    quick.blanks();
    if quick.at == text.len() { Ok(value) } else { Err(Refused) }
}

struct Quick<'de> {
    text: &'de str,
    bytes: &'de [u8],
    /// Place of the next byte.
    at: usize,
}

/// Eight bytes are looked at together: one in each byte of a word.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The highest bit of each byte.
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The highest bit of the first byte that is `wanted`, and no bit of a byte before it.
fn is(word: u64, wanted: u8) -> u64 {
    let difference = word ^ (ONES * u64::from(wanted));
    difference.wrapping_sub(ONES) & !difference & HIGHS
}

/// The same for the first control character.
fn is_control(word: u64) -> u64 {
    word.wrapping_sub(ONES * 0x20) & !word & HIGHS
}

impl<'de> Quick<'de> {
    #[inline(always)]
    fn peek(&self) -> Result<u8, Refused> {
        self.bytes.get(self.at).copied().ok_or(Refused)
    }

    #[inline(always)]
    fn take(&mut self, wanted: u8) -> Result<(), Refused> {
        if self.peek()? != wanted {
            return Err(Refused);
        }
        self.at += 1;
        Ok(())
    }

    #[inline(always)]
    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    /// Passes over a text whose opening quote was taken. Says whether it holds no escapes.
    #[inline(always)]
    fn text(&mut self) -> Result<bool, Refused> {
        let mut is_plain = true;
        loop {
            self.plain();
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Ok(is_plain);
                }
                b'\\' => {
                    is_plain = false;
                    self.escape()?;
                }
                _ => return Err(Refused),
            }
        }
    }

    /// Passes over what stands for itself: stops at a quote, a backslash, a control character, or the end.
    #[inline(always)]
    fn plain(&mut self) {
        while let Some(eight) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<8>()) {
            let word = u64::from_le_bytes(*eight);
            let found = is(word, b'"') | is(word, b'\\') | is_control(word);
            if found != 0 {
                self.at += found.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
        }
        let is_plain = |byte: &u8| !matches!(byte, b'"' | b'\\' | 0..0x20);
        while self.bytes.get(self.at).is_some_and(is_plain) {
            self.at += 1;
        }
    }

    #[cold]
    fn escape(&mut self) -> Result<(), Refused> {
        match self.bytes.get(self.at + 1).ok_or(Refused)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
            b'u' => {
                let digits = self.bytes.get(self.at + 2..self.at + 6).ok_or(Refused)?;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(Refused);
                }
                self.at += 6;
            }
            _ => return Err(Refused),
        }
        Ok(())
    }

    #[inline(always)]
    fn digits(&mut self) -> Result<(), Refused> {
        let first = self.at;
        while let Some(b'0'..=b'9') = self.bytes.get(self.at) {
            self.at += 1;
        }
        if self.at > first { Ok(()) } else { Err(Refused) }
    }

    #[inline(always)]
    fn number(&mut self) -> Result<(), Refused> {
        if self.peek()? == b'-' {
            self.at += 1;
        }
        let first = self.at;
        self.digits()?;
        if self.bytes.get(first) == Some(&b'0') && self.at > first + 1 {
            return Err(Refused);
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    #[inline(always)]
    fn word(&mut self, word: &[u8]) -> Result<(), Refused> {
        if !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(Refused);
        }
        self.at += word.len();
        Ok(())
    }

    #[inline(always)]
    fn scalar(&mut self, first: u8) -> Result<(), Refused> {
        match first {
            b'"' => {
                self.at += 1;
                self.text().map(|_| ())
            }
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
        }
    }

    /// Passes over one value, and checks that it is JSON.
    fn pass_over(&mut self) -> Result<(), Refused> {
        let mut around = Around::NOTHING;
        loop {
            // A value begins here.
            let first = self.peek()?;
            if let b'{' | b'[' = first {
                self.at += 1;
                self.blanks();
                around.enter(first)?;
                if self.peek()? != around.closed_by() {
                    self.key_if_any(&around)?;
                    continue;
                }
            } else {
                self.scalar(first)?;
                if around.is_nothing() {
                    return Ok(());
                }
                self.blanks();
            }
            // A value ended: another one follows, or what is around it ends, too.
            loop {
                let next = self.peek()?;
                self.at += 1;
                if next == b',' {
                    self.blanks();
                    self.key_if_any(&around)?;
                    break;
                }
                if next != around.closed_by() {
                    return Err(Refused);
                }
                around.leave();
                if around.is_nothing() {
                    return Ok(());
                }
                self.blanks();
            }
        }
    }

    /// In an object, a key stands before each value.
    #[inline(always)]
    fn key_if_any(&mut self, around: &Around) -> Result<(), Refused> {
        if around.closed_by() == b']' {
            return Ok(());
        }
        self.take(b'"')?;
        self.text()?;
        self.colon()
    }

    #[inline(always)]
    fn colon(&mut self) -> Result<(), Refused> {
        self.blanks();
        self.take(b':')?;
        self.blanks();
        Ok(())
    }
}

/// The objects and arrays around a value, the innermost last: a bit each below a leading one.
struct Around(u128);

impl Around {
    const NOTHING: Around = Around(1);

    fn is_nothing(&self) -> bool {
        self.0 == 1
    }

    #[inline(always)]
    fn enter(&mut self, opened_by: u8) -> Result<(), Refused> {
        if self.0.leading_zeros() == 0 {
            return Err(Refused);
        }
        self.0 = self.0 << 1 | u128::from(opened_by == b'{');
        Ok(())
    }

    fn leave(&mut self) {
        self.0 >>= 1;
    }

    fn closed_by(&self) -> u8 {
        if self.0 & 1 == 1 { b'}' } else { b']' }
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
        self.blanks();
        if self.peek()? == b'n' {
            self.word(b"null")?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.blanks();
        self.take(b'"')?;
        let first = self.at;
        if !self.text()? {
            return Err(Refused);
        }
        visitor.visit_borrowed_str(self.text.get(first..self.at - 1).ok_or(Refused)?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_str(visitor)
    }

    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_str(visitor)
    }

    /// A value whose text is asked for.
    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Refused> {
        if name != RAW {
            return Err(Refused);
        }
        self.blanks();
        let first = self.at;
        self.pass_over()?;
        visitor.visit_borrowed_str(self.text.get(first..self.at).ok_or(Refused)?)
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.blanks();
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
        self.blanks();
        self.take(b'[')?;
        let mut parts = Parts { quick: self, closed_by: b']', is_first: true, is_closed: false };
        let value = visitor.visit_seq(&mut parts)?;
        if parts.is_closed { Ok(value) } else { Err(Refused) }
    }

    #[inline]
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.blanks();
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
        self.quick.blanks();
        let next = self.quick.peek()?;
        if next == self.closed_by {
            self.quick.at += 1;
            self.is_closed = true;
            return Ok(false);
        }
        if !self.is_first {
            self.quick.take(b',')?;
            self.quick.blanks();
        }
        self.is_first = false;
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
        self.quick.colon()?;
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
