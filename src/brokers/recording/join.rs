//! Several pages as one list, its elements untouched.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::brokers::Endpoint;

/// What tells a row from another. Ids of non-trade activities repeat across the legs of one event, so there the rest of
/// the key counts too (alpaca.md 4.1).
#[derive(PartialEq, Eq, Hash)]
struct Key(Vec<String>);

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    activity_type: Option<&'a RawValue>,
    #[serde(borrow)]
    symbol: Option<&'a RawValue>,
    #[serde(borrow)]
    qty: Option<&'a RawValue>,
}

impl Key {
    /// `None` for a row without an id: it is kept, whatever else there is.
    fn of(endpoint: Endpoint, row: &RawValue) -> Option<Self> {
        let row: Row<'_> = serde_json::from_str(row.get()).ok()?;
        let id = row.id?.get().to_owned();
        if endpoint != Endpoint::Activities {
            return Some(Self(vec![id]));
        }
        let rest = [row.activity_type, row.symbol, row.qty];
        let rest = rest.iter().map(|value| value.map_or("", RawValue::get).to_owned());
        Some(Self([id].into_iter().chain(rest).collect()))
    }
}

/// One page as it is; several as one list in which each row has the place of its first and the text of its last
/// sighting. A row that comes twice in the same page comes twice in the list.
pub(super) fn pages(endpoint: Endpoint, pages: &[String]) -> Result<String, serde_json::Error> {
    if let [only] = pages {
        return Ok(only.clone());
    }
    let mut list: Vec<&RawValue> = Vec::new();
    let mut places: HashMap<Key, (usize, usize)> = HashMap::new();
    for (number, page) in pages.iter().enumerate() {
        let rows: Vec<&RawValue> = serde_json::from_str(page)?;
        for row in rows {
            let Some(key) = Key::of(endpoint, row) else {
                list.push(row);
                continue;
            };
            match places.get_mut(&key) {
                Some((place, seen_in)) if *seen_in != number => {
                    list[*place] = row;
                    *seen_in = number;
                }
                _ => {
                    places.insert(key, (list.len(), number));
                    list.push(row);
                }
            }
        }
    }
    let rows: Vec<&str> = list.iter().map(|row| row.get()).collect();
    Ok(format!("[{}]\n", rows.join(",\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(endpoint: Endpoint, bodies: &[&str]) -> String {
        let bodies: Vec<String> = bodies.iter().map(|body| (*body).to_owned()).collect();
        pages(endpoint, &bodies).unwrap()
    }

    #[test]
    fn a_single_page_stays_as_it_is() {
        assert_eq!(joined(Endpoint::Orders, &[" [ ] "]), " [ ] ");
    }

    #[test]
    fn rows_keep_their_spelling_and_the_later_sighting_holds() {
        let text = joined(
            Endpoint::Orders,
            &[r#"[{"id":"a", "qty": 1.50E-9}, {"id":"b","s":"new"}]"#, "[]", r#"[{"id":"b","s":"filled"},{"no":1}]"#],
        );
        assert_eq!(text, "[{\"id\":\"a\", \"qty\": 1.50E-9},\n{\"id\":\"b\",\"s\":\"filled\"},\n{\"no\":1}]\n");
    }

    #[test]
    fn legs_of_one_event_that_share_an_id_are_kept() {
        let event = r#"[{"id":"x","activity_type":"OPEXC","symbol":"A","qty":"-1"},{"id":"x","activity_type":"OPTRD","symbol":"B","qty":"100"}]"#;
        assert_eq!(joined(Endpoint::Activities, &[event, event]).matches("\"x\"").count(), 2);
        let twice = r#"[{"id":"x"},{"id":"x"}]"#;
        assert_eq!(joined(Endpoint::Activities, &[twice, "[]"]).matches("\"x\"").count(), 2);
    }
}
