//! How a held quantity came to be believed, share by share.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bounds::scaled;

/// How a held quantity came to be believed. Parts are unsigned and add up to the quantity where that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The bot logged it; no witness has spoken since.
    pub logged: Decimal,
    /// Logged, and a witness agreed.
    pub confirmed: Decimal,
    /// Taken over from the broker after a failed statement. Stays adopted for ever.
    pub adopted: Decimal,
    /// Held when the tape began.
    pub unknown: Decimal,
}

impl Provenance {
    /// Everything that was only logged is now confirmed.
    pub fn confirm(&mut self) {
        if !self.logged.is_zero() {
            self.confirmed += std::mem::take(&mut self.logged);
        }
    }

    /// Takes `quantity` away: first what is least sure, last what was adopted.
    pub fn reduce(&mut self, quantity: Decimal) {
        let mut left = quantity;
        for part in [&mut self.logged, &mut self.confirmed, &mut self.unknown, &mut self.adopted] {
            let taken = left.min(*part);
            *part -= taken;
            left -= taken;
        }
    }

    /// All parts together.
    pub fn total(&self) -> Decimal {
        self.logged + self.confirmed + self.adopted + self.unknown
    }

    /// Whether all parts together are so much: mostly all of it was confirmed.
    pub(crate) fn adds_up_to(&self, quantity: Decimal) -> bool {
        let others = [self.logged, self.adopted, self.unknown];
        if others.iter().all(Decimal::is_zero) { self.confirmed == quantity } else { self.total() == quantity }
    }

    /// Each part multiplied: a split.
    pub fn scale(&mut self, ratio: Decimal) {
        for part in [&mut self.logged, &mut self.confirmed, &mut self.unknown, &mut self.adopted] {
            *part = scaled(*part, ratio).round_dp(9);
        }
    }
}
