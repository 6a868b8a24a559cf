//! What every published schema must be.

use serde_json::Value;

/// Every key is described, for who reads the schema instead of the code, and none is taken that is not known.
pub fn every_key_is_described(place: &str, schema: &Value) {
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        assert!(property["description"].as_str().is_some_and(|text| text.len() > 3), "{place}.{key} is not described");
    }
    for (key, below) in schema["$defs"].as_object().into_iter().flatten() {
        assert_eq!(below["additionalProperties"], false, "{key} takes other keys");
        every_key_is_described(key, below);
    }
}
