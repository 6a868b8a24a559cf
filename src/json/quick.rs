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
use std::ops::Range;

use super::habits::{Asked, Habits, Place, Wanted};
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
#[inline(always)]
pub fn read<'a, T: de::Deserialize<'a>>(text: &'a str, habits: &mut Habits) -> Result<T, Refused> {
    let mut quick = Quick { text, rest: passing::blanks(text.as_bytes()), habits, inside: Place::RECORD };
    let value = T::deserialize(&mut quick)?;
    if passing::blanks(quick.rest).is_empty() { Ok(value) } else { Err(Refused) }
}

/// A record that is being read. When a value is asked for, its first byte is the next.
struct Quick<'de, 'h> {
    text: &'de str,
    rest: &'de [u8],
    habits: &'h mut Habits,
    /// The place within the value.
    inside: Place,
}

impl<'de> Quick<'de, '_> {
    /// What was read since so much was left.
    #[inline(always)]
    fn since(&self, left: usize) -> Range<usize> {
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
    fn take_text(&mut self) -> Result<Range<usize>, Refused> {
        self.take(b'"')?;
        let left = self.rest.len();
        self.rest = passing::plain(self.rest);
        let place = self.since(left);
        // What stands there is a quote, or the text is not plain.
        self.take(b'"')?;
        Ok(place)
    }

    #[inline(always)]
    fn object<V: Visitor<'de>>(&mut self, asked: Asked, visitor: V) -> Result<V::Value, Refused> {
        self.take(b'{')?;
        let place = self.habits.begun(self.inside, asked);
        let mut members = Members { quick: self, asked, place, is_first: true, is_closed: false };
        let value = visitor.visit_map(&mut members)?;
        if members.is_closed { Ok(value) } else { Err(Refused) }
    }

    #[inline(always)]
    fn pass_over(&mut self) -> Result<(), Refused> {
        self.rest = passing::value(self.rest, self.habits, self.inside).ok_or(Refused)?;
        Ok(())
    }
}

impl<'de> Deserializer<'de> for &mut Quick<'de, '_> {
    type Error = Refused;

    /// No wire shape asks for just anything.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        Err(Refused)
    }

    #[inline(always)]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        if let [b'n', ..] = self.rest {
            self.rest = passing::null(self.rest).ok_or(Refused)?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    #[inline(always)]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let place = self.take_text()?;
        visitor.visit_borrowed_str(self.text.get(place).ok_or(Refused)?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_str(visitor)
    }

    /// A value whose text is asked for.
    #[inline(always)]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Refused> {
        if name != RAW {
            return Err(Refused);
        }
        let left = self.rest.len();
        self.pass_over()?;
        visitor.visit_borrowed_str(self.text.get(self.since(left)).ok_or(Refused)?)
    }

    #[inline(always)]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.object(Asked::All, visitor)
    }

    #[inline(always)]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        asked: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.object(Asked::Only(asked), visitor)
    }

    #[inline(always)]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.take(b'[')?;
        let inside = self.inside;
        let mut elements = Elements { quick: self, inside, is_first: true, is_closed: false };
        let value = visitor.visit_seq(&mut elements)?;
        if elements.is_closed { Ok(value) } else { Err(Refused) }
    }

    #[inline]
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.pass_over()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct enum identifier
    }
}

/// The members of an object.
struct Members<'q, 'de, 'h> {
    quick: &'q mut Quick<'de, 'h>,
    asked: Asked,
    /// Where the next one begins.
    place: Place,
    is_first: bool,
    is_closed: bool,
}

impl<'de> Members<'_, 'de, '_> {
    /// Passes over the members that nobody asks for, and over the name of the next that somebody does, whose value is next then.
    #[inline(always)]
    fn another(&mut self) -> Result<Option<Name<'de>>, Refused> {
        // Mostly that is the next of all.
        let left = self.quick.rest.len();
        if !self.quick.habits.passes_over(self.place)
            && let Some((step, rest)) = self.quick.habits.step(self.place, self.quick.rest)
            && step.wanted != Wanted::No
        {
            let (wanted, name) = (step.wanted, step.name());
            (self.quick.rest, self.quick.inside, self.place, self.is_first) = (rest, step.inside, step.after, false);
            return self.named(left, wanted, &name).map(Some);
        }
        self.another_behind_others()
    }

    /// The same where others stand before it, or where it is the last that was.
    #[inline(never)]
    fn another_behind_others(&mut self) -> Result<Option<Name<'de>>, Refused> {
        let (mut rest, mut place, mut walk) = (self.quick.rest, self.place, None);
        loop {
            if let [..=b' ', ..] = rest {
                rest = passing::blanks(rest);
            }
            if let [b'}', more @ ..] = rest {
                (self.quick.rest, self.is_closed) = (more, true);
                self.quick.habits.stretches.end(&mut walk);
                return Ok(None);
            }
            if walk.is_none()
                && let Some(passed) = self.quick.habits.stretches.pass(place, rest, passing::DEEPEST, &mut walk)
            {
                ((rest, place), self.is_first) = (passed, false);
                continue;
            }
            let left = rest.len();
            let (wanted, name, inside);
            if let Some((step, more)) = self.quick.habits.step(place, rest) {
                (wanted, name, inside) = (step.wanted, step.name(), step.inside);
                (rest, place) = (more, step.after);
            } else {
                (self.quick.rest, self.place) = (rest, place);
                (wanted, name) = self.learn()?;
                (rest, place, inside) = (self.quick.rest, self.place, self.quick.inside);
            }
            self.is_first = false;
            if wanted != Wanted::No {
                self.quick.habits.stretches.end(&mut walk);
                (self.quick.rest, self.place, self.quick.inside) = (rest, place, inside);
                return self.named(left, wanted, &name).map(Some);
            }
            rest = passing::value(rest, self.quick.habits, inside).ok_or(Refused)?;
            self.quick.habits.stretches.walked(&mut walk, rest, place);
        }
    }

    /// What a member is called, whose name is at this place of what was next when so much was left.
    #[inline(always)]
    fn named(&self, left: usize, wanted: Wanted, name: &Range<usize>) -> Result<Name<'de>, Refused> {
        if let Wanted::ByPlace(place) = wanted {
            return Ok(Name::Place(place));
        }
        let begins = self.quick.text.len() - left;
        self.quick.text.get(begins + name.start..begins + name.end).map(Name::Text).ok_or(Refused)
    }

    /// Passes over the name of a member that nothing is remembered of. Gives whether it is asked for, and where in what was taken it is.
    #[inline(never)]
    fn learn(&mut self) -> Result<(Wanted, Range<usize>), Refused> {
        let quick = &mut *self.quick;
        let before = quick.rest;
        if !self.is_first {
            quick.rest = passing::mark(quick.rest, b',').ok_or(Refused)?;
        }
        let name = quick.take_text()?;
        let wanted = self.asked.wants(quick.text.as_bytes().get(name.clone()).ok_or(Refused)?);
        quick.rest = passing::mark(quick.rest, b':').ok_or(Refused)?;
        let begins = quick.text.len() - before.len();
        let name = name.start - begins..name.end - begins;
        let taken = before.get(..before.len() - quick.rest.len()).ok_or(Refused)?;
        (quick.inside, self.place) = quick.habits.learn(self.place, taken, name.clone(), wanted);
        Ok((wanted, name))
    }
}

impl<'de> MapAccess<'de> for &mut Members<'_, 'de, '_> {
    type Error = Refused;

    #[inline(always)]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refused> {
        let name = self.another()?;
        name.map(|name| seed.deserialize(name)).transpose()
    }

    #[inline(always)]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refused> {
        seed.deserialize(&mut *self.quick)
    }
}

/// What a member is called: a wire shape knows its own by their places, which are told sooner than texts are compared. (So no shape may have two
/// names for one member: `tests/tidy.rs`.)
enum Name<'de> {
    Text(&'de str),
    Place(u8),
}

impl<'de> Deserializer<'de> for Name<'de> {
    type Error = Refused;

    #[inline(always)]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self {
            Name::Text(text) => visitor.visit_borrowed_str(text),
            Name::Place(place) => visitor.visit_u64(place.into()),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The elements of an array.
struct Elements<'q, 'de, 'h> {
    quick: &'q mut Quick<'de, 'h>,
    inside: Place,
    is_first: bool,
    is_closed: bool,
}

impl<'de> SeqAccess<'de> for &mut Elements<'_, 'de, '_> {
    type Error = Refused;

    #[inline(always)]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refused> {
        let quick = &mut *self.quick;
        if let [..=b' ', ..] = quick.rest {
            quick.rest = passing::blanks(quick.rest);
        }
        match quick.rest {
            [b']', rest @ ..] => {
                quick.rest = rest;
                self.is_closed = true;
                return Ok(None);
            }
            _ if self.is_first => self.is_first = false,
            rest => quick.rest = passing::mark(rest, b',').ok_or(Refused)?,
        }
        quick.inside = self.inside;
        seed.deserialize(quick).map(Some)
    }
}
