//! The id that the broker gave an order: nearly always a UUID, which takes no memory of its own as a number.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An order's id at the broker. A UUID is the same however its letters are spelt.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OrderId {
    /// A UUID, byte by byte.
    Uuid([u8; 16]),
    /// Anything else.
    Other(CompactString),
}

impl From<&str> for OrderId {
    fn from(text: &str) -> OrderId {
        Uuid::try_parse(text).map_or_else(|_| OrderId::Other(text.into()), |uuid| OrderId::Uuid(uuid.into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_equal_where_they_name_one_order() {
        let id = |text: &str| OrderId::from(text);
        let uuid = "61e69015-8549-4bfd-b9c3-01e75843f47d";
        assert!(matches!(id(uuid), OrderId::Uuid(_)));
        assert_eq!(id(uuid), id(&uuid.to_uppercase()));
        assert_ne!(id(uuid), id(&uuid.replace('7', "8")));
        for other in ["", "order-1", "61e69015-8549-4bfd-b9c3-01e75843f47", "é"] {
            assert_eq!(id(other), OrderId::Other(other.into()));
        }
    }
}
