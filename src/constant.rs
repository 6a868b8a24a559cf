//! Words of this program where its state is stored between runs: what is read again is kept once, as long as the program runs.
//!
//! `#[serde(with = "constant")]` on a field of one of these types.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// A word of this program. By this name, the derived code does not take it for text that is borrowed from what is read.
pub type Word = &'static str;

/// Several of them.
pub type Words = &'static [Word];

/// A value that holds words of this program.
pub trait Constant: Sized {
    /// The same, with words of its own.
    type Read: for<'de> Deserialize<'de>;

    /// Takes over what was read.
    fn of(read: Self::Read) -> Self;
}

/// Writes the words.
pub fn serialize<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.serialize(serializer)
}

/// Reads the words.
pub fn deserialize<'de, T: Constant, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(T::of(T::Read::deserialize(deserializer)?))
}

static WORDS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
static LISTS: Mutex<BTreeSet<&'static [&'static str]>> = Mutex::new(BTreeSet::new());

impl Constant for &'static str {
    type Read = String;

    fn of(read: String) -> &'static str {
        let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(word) = words.get(read.as_str()) {
            return word;
        }
        let word: &'static str = Box::leak(read.into_boxed_str());
        words.insert(word);
        word
    }
}

impl Constant for Vec<&'static str> {
    type Read = Vec<String>;

    fn of(read: Vec<String>) -> Vec<&'static str> {
        read.into_iter().map(Constant::of).collect()
    }
}

impl Constant for &'static [&'static str] {
    type Read = Vec<String>;

    fn of(read: Vec<String>) -> &'static [&'static str] {
        let list: Vec<&'static str> = Constant::of(read);
        let mut lists = LISTS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lists.get(list.as_slice()) {
            return known;
        }
        let list: &'static [&'static str] = Box::leak(list.into_boxed_slice());
        lists.insert(list);
        list
    }
}

impl<V: for<'de> Deserialize<'de>> Constant for BTreeMap<&'static str, V> {
    type Read = BTreeMap<String, V>;

    fn of(read: BTreeMap<String, V>) -> BTreeMap<&'static str, V> {
        read.into_iter().map(|(word, value)| (Constant::of(word), value)).collect()
    }
}

impl Constant for Vec<(String, &'static str)> {
    type Read = Vec<(String, String)>;

    fn of(read: Vec<(String, String)>) -> Vec<(String, &'static str)> {
        read.into_iter().map(|(path, word)| (path, Constant::of(word))).collect()
    }
}
