//! A table of a TOML file while it is read: what is asked of it is known, and everything else in it is a problem.

use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, nearest};
use crate::source::is_hidden;

/// A value, and the bytes of the file that it stands in.
pub type At<T> = (T, Range<usize>);

/// A value as it is written in TOML.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// A string.
    Text(String),
    /// A number or a date, as it is spelt.
    Bare(String),
    /// True or false.
    Truth(bool),
    /// A list of strings.
    List(Vec<String>),
}

/// A table, and which of its keys were asked for.
pub struct Table<'a> {
    /// Its name, as its header has it; empty for the top of the file.
    pub name: String,
    rows: Option<&'a DeTable<'a>>,
    known: Vec<&'static str>,
    /// Where its header stands.
    pub at: Range<usize>,
}

impl<'a> Table<'a> {
    /// A table of the file.
    pub fn of(name: String, rows: &'a DeTable<'a>, at: Range<usize>) -> Table<'a> {
        Table { name, rows: Some(rows), known: Vec::new(), at }
    }

    fn row(&mut self, key: &'static str) -> Option<(&'a Spanned<std::borrow::Cow<'a, str>>, &'a Spanned<DeValue<'a>>)> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.rows.into_iter().flat_map(|rows| rows.iter()).find(|(name, _)| name.get_ref() == key)
    }

    /// Where a key stands; the table's header where it does not.
    pub fn place(&mut self, key: &'static str) -> Range<usize> {
        self.row(key).map_or_else(|| self.at.clone(), |(name, _)| name.span())
    }

    fn is_not(&self, key: &str, allowed: &str, value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) {
        let says = format!("`{}` is {}, and must be {allowed}", self.full(key), shown(value.get_ref()));
        problems.push(Problem { at: value.span(), says });
    }

    fn full(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// A string, which `read` must accept.
    pub fn text<T>(
        &mut self,
        key: &'static str,
        problems: &mut Vec<Problem>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<At<T>> {
        let (_, value) = self.row(key)?;
        match value.get_ref().as_str().map(&read) {
            Some(Ok(read)) => return Some((read, value.span())),
            Some(Err(allowed)) => self.is_not(key, &allowed, value, problems),
            None => self.is_not(key, "a string", value, problems),
        }
        None
    }

    /// A number, or a string holding one, which `read` must accept.
    pub fn number<T>(
        &mut self,
        key: &'static str,
        problems: &mut Vec<Problem>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<At<T>> {
        let (_, value) = self.row(key)?;
        let spelt = match value.get_ref() {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().replace('_', ""),
            DeValue::Float(float) => float.as_str().replace('_', ""),
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(_) | DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                self.is_not(key, "a number", value, problems);
                return None;
            }
        };
        match read(spelt.strip_prefix('+').unwrap_or(&spelt)) {
            Ok(read) => Some((read, value.span())),
            Err(allowed) => {
                self.is_not(key, &allowed, value, problems);
                None
            }
        }
    }

    /// A date, or a string holding one.
    pub fn date<T>(
        &mut self,
        key: &'static str,
        problems: &mut Vec<Problem>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<At<T>> {
        let (_, value) = self.row(key)?;
        let spelt = match value.get_ref() {
            DeValue::Datetime(date) => date.to_string(),
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Array(_) | DeValue::Table(_) => {
                String::new()
            }
        };
        match read(&spelt) {
            Ok(read) => Some((read, value.span())),
            Err(allowed) => {
                self.is_not(key, &format!("a date ({allowed})"), value, problems);
                None
            }
        }
    }

    /// True or false.
    pub fn truth(&mut self, key: &'static str, problems: &mut Vec<Problem>) -> Option<At<bool>> {
        let (_, value) = self.row(key)?;
        let truth = value.get_ref().as_bool();
        if truth.is_none() {
            self.is_not(key, "true or false", value, problems);
        }
        truth.map(|truth| (truth, value.span()))
    }

    /// Strings; one alone may stand without brackets. `read` must accept each.
    pub fn list<T>(
        &mut self,
        key: &'static str,
        problems: &mut Vec<Problem>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<At<Vec<T>>> {
        let (_, value) = self.row(key)?;
        let items: Vec<&Spanned<DeValue<'_>>> = match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            DeValue::String(_) => vec![value],
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Table(_) => {
                self.is_not(key, "a list of strings", value, problems);
                return None;
            }
        };
        let mut list = Vec::new();
        for item in items {
            match item.get_ref().as_str().map(&read) {
                Some(Ok(read)) => list.push(read),
                Some(Err(allowed)) => self.is_not(key, &allowed, item, problems),
                None => self.is_not(key, "a list of strings", item, problems),
            }
        }
        Some((list, value.span()))
    }

    /// A table in this one.
    pub fn table(&mut self, key: &'static str, problems: &mut Vec<Problem>) -> Option<Table<'a>> {
        let (name, value) = self.row(key)?;
        match value.get_ref() {
            DeValue::Table(rows) => Some(Table::of(self.full(key), rows, name.span())),
            _ => {
                self.is_not(key, &format!("a table, [{}]", self.full(key)), value, problems);
                None
            }
        }
    }

    /// Tables of one name, `[[key]]`.
    pub fn tables(&mut self, key: &'static str, problems: &mut Vec<Problem>) -> Vec<Table<'a>> {
        let Some((_, value)) = self.row(key) else { return Vec::new() };
        let items = value.get_ref().as_array().filter(|items| items.iter().all(|item| item.get_ref().is_table()));
        let Some(items) = items else {
            self.is_not(key, &format!("tables, each under [[{}]]", self.full(key)), value, problems);
            return Vec::new();
        };
        let table = |item: &'a Spanned<DeValue<'a>>| Some(Table::of(self.full(key), item.get_ref().as_table()?, item.span()));
        items.iter().filter_map(table).collect()
    }

    /// All tables in this one, by names that the file chooses.
    pub fn named(&self, problems: &mut Vec<Problem>) -> Vec<(String, Table<'a>)> {
        let mut tables = Vec::new();
        for (name, value) in self.rows.into_iter().flat_map(|rows| rows.iter()) {
            match value.get_ref() {
                DeValue::Table(rows) => {
                    let full = self.full(name.get_ref());
                    tables.push((name.get_ref().to_string(), Table::of(full, rows, name.span())));
                }
                _ => self.is_not(name.get_ref(), &format!("a table, [{}]", self.full(name.get_ref())), value, problems),
            }
        }
        tables
    }

    /// Its values as they are written, without the tables in it, each with the byte that it begins at.
    pub fn written(&self) -> Vec<(String, Written, usize)> {
        let rows = self.rows.into_iter().flat_map(|rows| rows.iter());
        let row = |(name, value): (&Spanned<std::borrow::Cow<'a, str>>, &Spanned<DeValue<'a>>)| {
            Some((name.get_ref().to_string(), written(value.get_ref())?, name.span().start))
        };
        let mut written: Vec<_> = rows.filter_map(row).collect();
        written.sort_by_key(|(_, _, byte)| *byte);
        written
    }

    /// Tells every key that was not asked for. `top` are the keys of the top of the file.
    pub fn finish(self, top: &[&'static str], problems: &mut Vec<Problem>) {
        for (name, _) in self.rows.into_iter().flat_map(|rows| rows.iter()) {
            let key = name.get_ref().as_ref();
            if self.known.contains(&key) {
                continue;
            }
            let says = if !self.name.is_empty() && top.contains(&key) {
                format!("`{key}` belongs to the top of the file, before any [table]: here it is `{}`", self.full(key))
            } else {
                let hint = nearest(key, self.known.iter().copied());
                let hint = if hint.is_empty() { format!("; there are: {}", self.known.join(", ")) } else { hint };
                format!("there is no key `{}`{hint}", self.full(key))
            };
            problems.push(Problem { at: name.span(), says });
        }
    }
}

fn written(value: &DeValue<'_>) -> Option<Written> {
    Some(match value {
        DeValue::String(text) => Written::Text(text.to_string()),
        DeValue::Integer(number) => Written::Bare(number.as_str().to_owned()),
        DeValue::Float(number) => Written::Bare(number.as_str().to_owned()),
        DeValue::Datetime(date) => Written::Bare(date.to_string()),
        DeValue::Boolean(truth) => Written::Truth(*truth),
        DeValue::Array(items) => {
            Written::List(items.iter().filter_map(|item| item.get_ref().as_str().map(str::to_owned)).collect())
        }
        DeValue::Table(_) => return None,
    })
}

/// A value in a sentence.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
            written(value).map_or_else(String::new, |written| crate::source::harmless(&written.to_string(), 60))
        }
    }
}

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A string of JSON is one of TOML, but for one character that TOML wants escaped; what hides is escaped, too.
        let spelt = |letter: char| if is_hidden(letter) { format!("\\U{:08x}", u32::from(letter)) } else { letter.to_string() };
        let quoted = |text: &str| serde_json::Value::from(text).to_string().chars().map(spelt).collect::<String>();
        match self {
            Written::Text(text) => f.write_str(&quoted(text)),
            Written::Bare(text) => f.write_str(text),
            Written::Truth(truth) => write!(f, "{truth}"),
            Written::List(items) => {
                write!(f, "[{}]", items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", "))
            }
        }
    }
}
