//! Chance from a seed: the same seed gives the same day, on every machine and with every later version of the generator.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rust_decimal::Decimal;

/// A stream of random numbers of its own for each day.
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream of one day of one row of the matrix.
    pub fn of(row: u64, seed: u64) -> Chance {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&row.to_le_bytes());
        key[8..16].copy_from_slice(&seed.to_le_bytes());
        Chance(ChaCha8Rng::from_seed(key))
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// `low` or more, less than `high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u128::try_from(high.saturating_sub(low)).unwrap_or(1).max(1);
        let step = (u128::from(self.bits()) * width) >> 64;
        low + i64::try_from(step).unwrap_or(0)
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, times: i64) -> bool {
        self.between(0, 100) < times
    }

    /// One of several.
    pub fn one<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let most = i64::try_from(of.len()).unwrap_or(0);
        if most == 0 {
            return None;
        }
        of.get(usize::try_from(self.between(0, most)).unwrap_or(0)).copied()
    }

    /// Takes so many, in random order.
    pub fn some<T: Copy>(&mut self, of: &[T], most: usize) -> Vec<T> {
        let mut left = of.to_vec();
        let mut taken = Vec::new();
        while taken.len() < most && !left.is_empty() {
            let place = usize::try_from(self.between(0, i64::try_from(left.len()).unwrap_or(1))).unwrap_or(0);
            taken.push(left.remove(place));
        }
        taken
    }

    /// Whole shares, long or short.
    pub fn shares(&mut self, low: i64, high: i64) -> Decimal {
        let sign = if self.percent(50) { 1 } else { -1 };
        Decimal::from(self.between(low, high) * sign)
    }

    /// A whole quantity in so many parts at the most, none of them nothing.
    pub fn parts(&mut self, whole: Decimal, most: i64) -> Vec<Decimal> {
        let mut left = whole;
        let mut parts = Vec::new();
        for _ in 1..most {
            let high = i64::try_from(left).unwrap_or(1);
            if high < 2 {
                break;
            }
            let part = Decimal::from(self.between(1, high));
            parts.push(part);
            left -= part;
        }
        parts.push(left);
        parts
    }

    /// An id as brokers give them.
    pub fn id(&mut self) -> String {
        let (one, other) = (self.bits(), self.bits());
        let (a, b, c) = (one >> 32, (one >> 16) & 0xffff, one & 0xfff);
        format!("{a:08x}-{b:04x}-4{c:03x}-8{:03x}-{:012x}", (other >> 48) & 0xfff, other & 0xffff_ffff_ffff)
    }
}
