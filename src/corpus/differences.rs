//! Where two reports differ, key by key: what is new, what is gone, what is otherwise. Wording and counts are compared too.

use serde_json::{Map, Value};
use std::fmt;

/// One place in which two reports differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Path of the value: `breaks[DAL].cause.edit`.
    pub path: String,
    /// As it was accepted; `None` if it was not there.
    pub was: Option<Value>,
    /// As it is now; `None` if it is gone.
    pub is: Option<Value>,
}

/// Keys that tell the rows of a list apart, the first that all rows have.
const NAMES: [&str; 3] = ["id", "path", "symbol"];

/// Characters of a value that are shown.
const SHOWN: usize = 160;

/// Every difference, in the order of the documents.
pub fn differences(was: &Value, is: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", Some(was), Some(is), &mut found);
    found
}

fn compare(path: &str, was: Option<&Value>, is: Option<&Value>, found: &mut Vec<Difference>) {
    match (was, is) {
        (Some(was), Some(is)) if was == is => {}
        (Some(Value::Object(was)), Some(Value::Object(is))) => objects(path, was, is, found),
        (Some(Value::Array(was)), Some(Value::Array(is))) => lists(path, was, is, found),
        (was, is) => found.push(Difference { path: path.to_owned(), was: was.cloned(), is: is.cloned() }),
    }
}

fn objects(path: &str, was: &Map<String, Value>, is: &Map<String, Value>, found: &mut Vec<Difference>) {
    let new = is.keys().filter(|key| !was.contains_key(*key));
    for key in was.keys().chain(new) {
        let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        compare(&below, was.get(key), is.get(key), found);
    }
}

/// Rows with a name are compared with their namesakes; others with the row in the same place.
fn lists(path: &str, was: &[Value], is: &[Value], found: &mut Vec<Difference>) {
    let Some(name) = NAMES.into_iter().find(|name| has_names(was, name) && has_names(is, name)) else {
        for place in 0..was.len().max(is.len()) {
            compare(&format!("{path}[{place}]"), was.get(place), is.get(place), found);
        }
        return;
    };
    let namesake = |rows: &[Value], row: &Value| rows.iter().find(|other| other.get(name) == row.get(name)).cloned();
    let new = is.iter().filter(|row| namesake(was, row).is_none());
    for row in was.iter().chain(new) {
        let named = row.get(name).and_then(Value::as_str).unwrap_or_default();
        compare(&format!("{path}[{named}]"), namesake(was, row).as_ref(), namesake(is, row).as_ref(), found);
    }
    let same_rows = was.len() == is.len() && was.iter().all(|row| namesake(is, row).is_some());
    let same_order = was.iter().zip(is).all(|(one, two)| one.get(name) == two.get(name));
    if same_rows && !same_order {
        let order = |rows: &[Value]| Some(rows.iter().filter_map(|row| row.get(name).cloned()).collect());
        found.push(Difference { path: format!("{path} (order)"), was: order(was), is: order(is) });
    }
}

/// Whether every row has the name, and none has another's.
fn has_names(rows: &[Value], name: &str) -> bool {
    let names: Vec<&str> = rows.iter().filter_map(|row| row.get(name)?.as_str()).collect();
    let apart = names.iter().enumerate().all(|(place, name)| !names[..place].contains(name));
    names.len() == rows.len() && apart
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Value| crate::source::harmless(&value.to_string(), SHOWN);
        match (&self.was, &self.is) {
            (Some(was), Some(is)) => write!(f, "{}: {} → {}", self.path, shown(was), shown(is)),
            (Some(was), None) => write!(f, "{}: {} is gone", self.path, shown(was)),
            (None, Some(is)) => write!(f, "{}: {} is new", self.path, shown(is)),
            (None, None) => f.write_str(&self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_are_compared_with_their_namesakes() {
        let was = json!({"breaks": [{"id": "a", "n": 1}, {"id": "b", "n": 2}], "list": [1, 2]});
        let is = json!({"breaks": [{"id": "c", "n": 9}, {"id": "b", "n": 3}], "list": [1]});
        let told: Vec<String> = differences(&was, &is).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                r#"breaks[a]: {"id":"a","n":1} is gone"#,
                "breaks[b].n: 2 → 3",
                r#"breaks[c]: {"id":"c","n":9} is new"#,
                "list[1]: 2 is gone",
            ]
        );
        assert!(differences(&was, &was).is_empty());
    }

    #[test]
    fn another_order_is_a_difference() {
        let was = json!([{"id": "a"}, {"id": "b"}]);
        let is = json!([{"id": "b"}, {"id": "a"}]);
        assert_eq!(differences(&was, &is).len(), 1);
    }
}
