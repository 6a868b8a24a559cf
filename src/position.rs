//! Symbol, side, quantity (exact, a range, or unknown), position.

use compact_str::CompactString;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::bounds::is_countable;
use crate::provenance::Provenance;
use crate::time::Time;

/// An instrument, spelt one way: `BTC/USD` and `BTCUSD` are one, padded OCC symbols lose their blanks
/// (`alpaca.md` section 0, fact 6, and 2.2).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "CompactString", try_from = "CompactString")]
pub struct Symbol {
    /// Its letters, and then zeros, which no symbol has: so a shorter one comes first, as it should. A fold compares and copies symbols all day,
    /// and neither needs to know where one ends.
    letters: [u8; LONGEST_SYMBOL],
}

impl Ord for Symbol {
    fn cmp(&self, other: &Symbol) -> Ordering {
        // The first eight letters, as numbers that order as they do, decide most comparisons. A zero in the end: that was the whole name.
        let (one, two) = (self.head(), other.head());
        if one != two {
            return if one < two { Ordering::Less } else { Ordering::Greater };
        }
        let is_whole = one.trailing_zeros() >= u8::BITS;
        if is_whole { Ordering::Equal } else { self.letters.cmp(&other.letters) }
    }
}

impl Hash for Symbol {
    /// Eight letters at a time, to the end of the name: mostly once.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (words, _) = self.letters.as_chunks();
        words.iter().map(|word| u64::from_ne_bytes(*word)).take_while(|word| *word != 0).for_each(|word| state.write_u64(word));
    }
}

impl PartialOrd for Symbol {
    fn partial_cmp(&self, other: &Symbol) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Symbol({})", self.as_str())
    }
}

/// Some symbols, mostly one: that takes no memory of its own.
pub type Symbols = SmallVec<[Symbol; 1]>;

/// What kind of thing a symbol names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstrumentClass {
    /// Shares, counted one by one.
    Equity,
    /// Option contracts of 100 shares (`formats.md` D21, `alpaca.md` 2.2).
    Option,
}

/// The longest symbol there is: an OCC option symbol of 21 characters, with room to spare.
const LONGEST_SYMBOL: usize = 32;

impl Symbol {
    /// Reads a symbol as any log or answer spells it. `None` if it cannot be one.
    #[inline]
    pub fn parse(raw: &str) -> Option<Symbol> {
        let is_plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_');
        if (1..=LONGEST_SYMBOL).contains(&raw.len()) && raw.bytes().all(is_plain) {
            return Some(Symbol::of(raw.bytes()));
        }
        Symbol::spelt_otherwise(raw)
    }

    #[inline(never)]
    fn spelt_otherwise(raw: &str) -> Option<Symbol> {
        let mut name = String::new();
        for character in raw.trim().chars() {
            match character {
                ' ' | '/' => {}
                c if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') => name.push(c.to_ascii_uppercase()),
                _ => return None,
            }
        }
        (1..=LONGEST_SYMBOL).contains(&name.len()).then(|| Symbol::of(name.bytes()))
    }

    #[inline]
    fn of(name: impl Iterator<Item = u8>) -> Symbol {
        let mut letters = [0; LONGEST_SYMBOL];
        for (place, letter) in letters.iter_mut().zip(name) {
            *place = letter;
        }
        Symbol { letters }
    }

    #[inline]
    fn head(&self) -> u64 {
        self.letters.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
    }

    /// The symbol's letters.
    pub fn as_str(&self) -> &str {
        // All of them are ASCII: nothing else is parsed.
        let (words, _) = self.letters.as_chunks();
        let letters = |word: &[u8; 8]| size_of::<u64>() - u64::from_le_bytes(*word).leading_zeros() as usize / 8;
        let length: usize = words.iter().map(letters).sum();
        std::str::from_utf8(&self.letters[..length]).unwrap_or_default()
    }

    /// An OCC option symbol ends in six digits, `C` or `P`, and eight digits.
    pub fn class(&self) -> InstrumentClass {
        let bytes = self.as_str().as_bytes();
        let Some(root) = bytes.len().checked_sub(15) else { return InstrumentClass::Equity };
        let (day, right, strike) = (&bytes[root..root + 6], bytes[root + 6], &bytes[root + 7..]);
        let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
        if root > 0 && digits(day) && matches!(right, b'C' | b'P') && digits(strike) {
            InstrumentClass::Option
        } else {
            InstrumentClass::Equity
        }
    }

    /// Units of the underlying that one unit of quantity moves: money = quantity × price × multiplier.
    pub fn multiplier(&self) -> Decimal {
        match self.class() {
            InstrumentClass::Equity => Decimal::ONE,
            InstrumentClass::Option => Decimal::ONE_HUNDRED,
        }
    }

    /// Symbols of the bot's own audits and tests (`formats.md` 3.4).
    pub fn is_test(&self) -> bool {
        self.letters.starts_with(b"AUDIT-") || self.letters.starts_with(b"TEST")
    }
}

impl From<Symbol> for CompactString {
    fn from(symbol: Symbol) -> CompactString {
        symbol.as_str().into()
    }
}

impl TryFrom<CompactString> for Symbol {
    type Error = &'static str;

    fn try_from(name: CompactString) -> Result<Symbol, &'static str> {
        Symbol::parse(&name).filter(|symbol| symbol.as_str() == name).ok_or("not a symbol as it is spelt here")
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Long or short: the side of a *position*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// Held: quantity above zero.
    Long,
    /// Owed: quantity below zero.
    Short,
}

impl Side {
    /// Reads a side in either of the bot's vocabularies (`formats.md` D18): buy opens a long, sell opens a short.
    pub fn parse(raw: &str) -> Option<Side> {
        match raw {
            "buy" | "long" => return Some(Side::Long),
            "sell" | "short" => return Some(Side::Short),
            // Spelt as Python names it, or in other letters.
            _ => {}
        }
        let raw = raw.trim();
        let last = raw.rsplit('.').next().unwrap_or(raw);
        let is_one_of = |words: &[&str]| words.iter().any(|word| last.eq_ignore_ascii_case(word));
        match () {
            () if is_one_of(&["buy", "long"]) => Some(Side::Long),
            () if is_one_of(&["sell", "short", "sell_short"]) => Some(Side::Short),
            () => None,
        }
    }

    /// `quantity` with this side's sign, whatever its own was.
    pub fn signed(self, quantity: Decimal) -> Decimal {
        match self {
            Side::Long => quantity.abs(),
            Side::Short => -quantity.abs(),
        }
    }

    /// The side of a signed quantity; `None` when flat.
    pub fn of(quantity: Decimal) -> Option<Side> {
        if quantity.is_zero() {
            None
        } else if quantity.is_sign_negative() {
            Some(Side::Short)
        } else {
            Some(Side::Long)
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Side::Long => "long",
            Side::Short => "short",
        })
    }
}

/// A signed quantity as far as it is known: exact, a range, or unknown (an end that is `None` is open).
///
/// Invariant: `low <= high` where both are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantity {
    low: Option<Decimal>,
    high: Option<Decimal>,
}

impl Quantity {
    /// Nothing held.
    pub const FLAT: Quantity = Quantity { low: Some(Decimal::ZERO), high: Some(Decimal::ZERO) };
    /// Nothing known.
    pub const UNKNOWN: Quantity = Quantity { low: None, high: None };

    /// A quantity known to the last digit.
    pub fn exact(quantity: Decimal) -> Quantity {
        Quantity { low: Some(quantity), high: Some(quantity) }
    }

    /// Anything between two bounds, given in either order.
    pub fn between(one: Decimal, other: Decimal) -> Quantity {
        Quantity { low: Some(one.min(other)), high: Some(one.max(other)) }
    }

    /// At least `signed` away from zero on its side: `+3` is 3 or more, `-3` is 3 or more short.
    pub fn at_least(signed: Decimal) -> Quantity {
        match Side::of(signed) {
            Some(Side::Short) => Quantity { low: None, high: Some(signed) },
            _ => Quantity { low: Some(signed), high: None },
        }
    }

    /// The quantity, if it is exact.
    pub fn known(&self) -> Option<Decimal> {
        match (self.low, self.high) {
            (Some(low), Some(high)) if low == high => Some(low),
            _ => None,
        }
    }

    /// Lowest quantity that is possible; `None` if there is no bound.
    pub fn low(&self) -> Option<Decimal> {
        self.low
    }

    /// Highest quantity that is possible; `None` if there is no bound.
    pub fn high(&self) -> Option<Decimal> {
        self.high
    }

    /// Whether `quantity` is possible, within `tolerance`.
    pub fn allows(&self, quantity: Decimal, tolerance: Decimal) -> bool {
        self.low.is_none_or(|low| is_within(low, quantity, tolerance))
            && self.high.is_none_or(|high| is_within(quantity, high, tolerance))
    }

    /// Whether some quantity is possible in both.
    pub fn meets(&self, other: &Quantity, tolerance: Decimal) -> bool {
        let below =
            |low: Option<Decimal>, high: Option<Decimal>| low.zip(high).is_none_or(|(low, high)| is_within(low, high, tolerance));
        below(self.low, other.high) && below(other.low, self.high)
    }

    /// What is possible in both; `None` if nothing is.
    pub fn narrowed(&self, other: &Quantity) -> Option<Quantity> {
        let pick = |one: Option<Decimal>, two: Option<Decimal>, choose: fn(Decimal, Decimal) -> Decimal| match (one, two) {
            (Some(a), Some(b)) => Some(choose(a, b)),
            (a, b) => a.or(b),
        };
        let low = pick(self.low, other.low, |a, b| a.max(b));
        let high = pick(self.high, other.high, |a, b| a.min(b));
        low.zip(high).is_none_or(|(low, high)| low <= high).then_some(Quantity { low, high })
    }

    /// Moved by anything between the ends of `by`.
    pub fn plus(&self, by: &Quantity) -> Quantity {
        let add =
            |one: Option<Decimal>, two: Option<Decimal>| one.zip(two).and_then(|(a, b)| a.checked_add(b)).filter(is_countable);
        Quantity { low: add(self.low, by.low), high: add(self.high, by.high) }
    }

    /// Multiplied by a positive ratio: a split.
    pub fn times(&self, ratio: Decimal) -> Quantity {
        let scale = |end: Option<Decimal>| {
            end.and_then(|value| value.checked_mul(ratio)).filter(is_countable).map(|value| value.round_dp(9))
        };
        Quantity { low: scale(self.low), high: scale(self.high) }
    }

    /// Mirrored at zero.
    pub fn negated(&self) -> Quantity {
        Quantity { low: self.high.map(|q| -q), high: self.low.map(|q| -q) }
    }

    /// Surely nothing is held.
    pub fn is_flat(&self) -> bool {
        *self == Quantity::FLAT
    }

    /// Surely something is held.
    pub fn is_open(&self) -> bool {
        self.side().is_some()
    }

    /// The side, where every possible quantity has the same.
    pub fn side(&self) -> Option<Side> {
        match (self.low, self.high) {
            (Some(low), _) if low > Decimal::ZERO => Some(Side::Long),
            (_, Some(high)) if high < Decimal::ZERO => Some(Side::Short),
            _ => None,
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match (self.low, self.high) {
            (Some(low), Some(high)) if low == high => plain(low),
            (Some(low), Some(high)) => format!("{}..{}", plain(low), plain(high)),
            (Some(low), None) => format!("{} or more", plain(low)),
            (None, Some(high)) => format!("{} or less", plain(high)),
            (None, None) => "unknown".to_owned(),
        };
        f.pad(&text)
    }
}

/// Whether one is no more than another, or more by no more than `tolerance`, which is sooner told where it is not needed.
fn is_within(one: Decimal, other: Decimal, tolerance: Decimal) -> bool {
    one <= other || one - other <= tolerance
}

/// A decimal as reports spell it: no trailing zeros, no minus zero.
pub fn plain(value: Decimal) -> String {
    value.normalize().to_string()
}

/// What one party holds of one symbol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Signed quantity, as far as it is known.
    pub quantity: Quantity,
    /// What the bot's own records since flat add up to, signed: the logged fill, or the ordered quantity of a pending entry.
    pub claimed: Decimal,
    /// What may still fill of entries whose order was not cancelled: the far end of their ranges, signed.
    pub unfilled: Decimal,
    /// What the bot's movements alone brought since the tape began, where the opening balance is unknown; flat otherwise.
    pub moved: Quantity,
    /// A witness saw it held since: of a range that begins at nothing, nothing is ruled out.
    pub seen: bool,
    /// What the bot's entries alone brought since then.
    pub entered: Quantity,
    /// The tape starts in mid-life, and no witness has told what was held.
    pub opening_unknown: bool,
    /// Weighted average price of the entries, per share or contract.
    pub average_entry_price: Option<Decimal>,
    /// Score of the latest entry.
    pub entry_score: Option<Decimal>,
    /// Time of the entry that began the lifecycle.
    pub entry_time: Option<Time>,
    /// How the quantity came to be believed.
    pub provenance: Provenance,
}

impl Position {
    /// Whether just this is held, every share of it was confirmed, adopted or there before, and no order may still fill.
    pub fn is_exactly(&self, quantity: Decimal) -> bool {
        let open = self.opening_unknown || self.seen || !self.unfilled.is_zero() || !self.provenance.logged.is_zero();
        !open && self.quantity.known() == Some(quantity) && self.provenance.adds_up_to(quantity.abs())
    }

    /// Nothing held.
    pub fn flat() -> Position {
        Position {
            quantity: Quantity::FLAT,
            claimed: Decimal::ZERO,
            unfilled: Decimal::ZERO,
            moved: Quantity::FLAT,
            seen: false,
            entered: Quantity::FLAT,
            opening_unknown: false,
            average_entry_price: None,
            entry_score: None,
            entry_time: None,
            provenance: Provenance::default(),
        }
    }

    /// The opening balance that a stated quantity implies, by the nearer end of what the bot brought: zero where that explains all.
    pub fn implied_opening(&self, stated: Decimal) -> Decimal {
        match (self.moved.low(), self.moved.high()) {
            (Some(low), _) if stated < low => stated - low,
            (_, Some(high)) if stated > high => stated - high,
            _ => Decimal::ZERO,
        }
    }

    /// Whether an opening balance that would make `stated` true is one that the bot could have entered upon: a bot does not enter long
    /// what it is short of.
    pub fn opening_is_plausible(&self, stated: Decimal) -> bool {
        let opening = Side::of(self.implied_opening(stated));
        !self.opening_unknown || opening.zip(self.entered.side()).is_none_or(|(opening, entered)| opening == entered)
    }

    /// Nothing known: a symbol of a tape that starts in mid-life.
    pub fn unknown() -> Position {
        Position { quantity: Quantity::UNKNOWN, opening_unknown: true, ..Position::flat() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_spelt_one_way() {
        assert_eq!(Symbol::parse("BTC/USD"), Symbol::parse("BTCUSD"));
        assert_eq!(Symbol::parse("XLF   260220P00051500"), Symbol::parse("XLF260220P00051500"));
        assert_eq!(Symbol::parse("XLF260220P00051500").unwrap().class(), InstrumentClass::Option);
        assert_eq!(Symbol::parse("GOOGL").unwrap().class(), InstrumentClass::Equity);
        for bad in ["", "  ", "A\u{1b}[31m", "<b>", "é", &"A".repeat(40)] {
            assert_eq!(Symbol::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_range_allows_what_lies_within() {
        let range = Quantity::between(Decimal::from(-11), Decimal::from(-3));
        assert!(range.allows(Decimal::from(-5), Decimal::ZERO));
        assert!(!range.allows(Decimal::from(-2), Decimal::ZERO));
        assert_eq!(range.side(), Some(Side::Short));
        assert!(!range.meets(&Quantity::at_least(Decimal::ONE), Decimal::ZERO));
        assert!(!range.meets(&Quantity::at_least(Decimal::from(-12)), Decimal::ZERO));
        assert!(range.meets(&Quantity::at_least(Decimal::from(-11)), Decimal::ZERO));
    }
}
