//! The rules by which a look becomes an announcement.

use chrono::Duration;
use rust_decimal::Decimal;

/// When somebody is told. The defaults are chosen from recorded and simulated days (`docs/watching.md`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// So many looks in a row must show the same before it is announced, and so many that it is gone before it is over. What shows
    /// another state with each look is announced after twice as many.
    pub confirm: u32,
    /// It must have been there for so long before it is announced.
    pub settle: Duration,
    /// What stands is told again after this long.
    pub remind: Duration,
    /// A change of quantity or money by this share of what was told is worth telling.
    pub material: Decimal,
}

impl Default for Rules {
    /// Two looks, no more; again after six hours; ten per cent.
    fn default() -> Rules {
        Rules {
            confirm: 2,
            settle: Duration::zero(),
            remind: Duration::hours(6),
            material: Decimal::from_parts(1, 0, 0, false, 1),
        }
    }
}
