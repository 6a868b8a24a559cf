//! Decimals in few bytes, where events are kept between runs: `#[serde(with = "compact")]`. What these bytes cannot hold to the
//! last digit is an error: it is not rounded, it is not kept.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// A value that has a form of few bytes.
pub trait Compact: Sized {
    /// The form.
    type Few: Serialize + for<'de> Deserialize<'de>;

    /// The value in this form; `None` where that would not be the same.
    fn few(&self) -> Option<Self::Few>;

    /// The value again; `None` where these bytes are none.
    fn of(few: Self::Few) -> Option<Self>;
}

/// Writes the form.
pub fn serialize<T: Compact, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.few().ok_or_else(|| ser::Error::custom("not the same in few bytes"))?.serialize(serializer)
}

/// Reads the form.
pub fn deserialize<'de, T: Compact, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::of(T::Few::deserialize(deserializer)?).ok_or_else(|| de::Error::custom("no value has these bytes"))
}

/// Of a decimal's first byte: it is below zero. The rest of the byte is the number of digits after the point.
const BELOW_ZERO: u8 = 0x80;

impl Compact for Decimal {
    type Few = (u8, u32, u64);

    fn few(&self) -> Option<(u8, u32, u64)> {
        let (digits, scale) = (self.mantissa(), u8::try_from(self.scale()).ok()?);
        let negative = self.is_sign_negative();
        let magnitude = digits.unsigned_abs();
        let first = scale | if negative { BELOW_ZERO } else { 0 };
        // A zero has no sign: one that has is not made again.
        (magnitude != 0 || !negative).then_some((first, u32::try_from(magnitude >> 64).ok()?, magnitude as u64))
    }

    fn of((first, high, low): (u8, u32, u64)) -> Option<Decimal> {
        let scale = u32::from(first & !BELOW_ZERO);
        let middle = u32::try_from(low >> 32).ok()?;
        (scale <= Decimal::MAX_SCALE).then(|| Decimal::from_parts(low as u32, middle, high, first & BELOW_ZERO != 0, scale))
    }
}

impl<T: Compact> Compact for Option<T> {
    type Few = Option<T::Few>;

    fn few(&self) -> Option<Option<T::Few>> {
        match self {
            Some(value) => value.few().map(Some),
            None => Some(None),
        }
    }

    fn of(few: Option<T::Few>) -> Option<Option<T>> {
        match few {
            Some(few) => T::of(few).map(Some),
            None => Some(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_decimal_comes_back_to_the_last_digit(digits in -(1i128 << 96) + 1..1i128 << 96, scale in 0..=Decimal::MAX_SCALE) {
            let value = Decimal::from_i128_with_scale(digits, scale);
            let again = value.few().and_then(Decimal::of).unwrap();
            prop_assert_eq!(again.serialize(), value.serialize());
        }

        #[test]
        fn no_bytes_make_a_decimal_that_is_none(first: u8, high: u32, low: u64) {
            if let Some(value) = Decimal::of((first, high, low)) {
                prop_assert!(value.to_string().parse::<Decimal>().is_ok());
            }
        }
    }
}
