//! How large numbers may become: what is read lies below one bound, and what is reckoned from it stays below another, where it can still be
//! added to. Exact decimals have an end, and to go beyond it would be to give up half-way.

use rust_decimal::Decimal;

/// 10^18: no quantity, price or profit comes near it, and all lines that there can be add up to less than a decimal holds.
pub const LARGEST: Decimal = Decimal::from_parts(0xa764_0000, 0x0de0_b6b3, 0, false, 0);

/// 10^27: what is multiplied again and again, as by splits, ends here.
const MOST: Decimal = Decimal::from_parts(0xe800_0000, 0x9fd0_803c, 0x033b_2e3c, false, 0);

/// Whether a number that is read can be one of a trade.
pub fn is_plausible(value: &Decimal) -> bool {
    value.abs() <= LARGEST
}

/// Whether a result is one that more can be added to. What is larger is not known.
pub fn is_countable(value: &Decimal) -> bool {
    value.abs() <= MOST
}

/// The sum, as far as it can be counted.
pub fn summed(one: Decimal, other: Decimal) -> Decimal {
    one.saturating_add(other).clamp(-MOST, MOST)
}

/// Multiplied by a ratio, as far as it can be counted.
pub fn scaled(value: Decimal, ratio: Decimal) -> Decimal {
    value.saturating_mul(ratio).clamp(-MOST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_what_they_say() {
        assert_eq!(LARGEST.to_string(), format!("1{}", "0".repeat(18)));
        assert_eq!(MOST.to_string(), format!("1{}", "0".repeat(27)));
        assert_eq!(scaled(LARGEST, -LARGEST), -MOST);
        assert_eq!(summed(MOST, MOST), MOST);
        assert!(MOST.checked_add(MOST).is_some());
    }
}
