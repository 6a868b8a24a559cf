//! Passing over JSON that nobody asks for, and checking it all the same: each function takes what is left of the text and gives what is left
//! after it, or `None` where that is not JSON.
//!
//! Two thirds of what is read is passed over here, so eight bytes are looked at together, and what the bot writes most (`", "`, `": "`, a
//! number of a few digits) is tried first. Whatever that does not fit goes byte by byte; both ways take and refuse the same
//! (`tests/quick.rs`).

use super::habits::{Asked, Habits, Place, Wanted};

/// What is left of a text.
pub type Rest<'a> = Option<&'a [u8]>;

/// One in each byte of a word.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The highest bit of each byte.
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The highest bit of the first byte that ends a text or does not stand for itself in it (a quote, a backslash, a control character), and no
/// bit of a byte before it.
#[inline(always)]
fn ends(word: u64) -> u64 {
    // With this bit turned, a quote is a blank, a control character is one still, and nothing else becomes one of these.
    let turned = word ^ (ONES * 0x02);
    let quote_or_control = turned.wrapping_sub(ONES * 0x21) & !turned;
    let slashed = word ^ (ONES * u64::from(b'\\'));
    let backslash = slashed.wrapping_sub(ONES) & !slashed;
    (quote_or_control | backslash) & HIGHS
}

/// The highest bit of the first byte that is no digit, and of the next after it where that is a point, and no bit before these.
#[inline(always)]
fn no_digits(word: u64) -> u64 {
    // Digits are below ten now. What is not ASCII may change bytes after it alone.
    let digits = word ^ (ONES * u64::from(b'0'));
    (digits.wrapping_add(ONES * 0x76) | digits) & HIGHS
}

/// Passes over blanks.
pub fn blanks(mut rest: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\n' | b'\r', more @ ..] = rest {
        rest = more;
    }
    rest
}

/// Passes over a byte, which no more than blanks stand before, and over the blanks after it: mostly none before, and one after.
#[inline(always)]
pub fn mark(rest: &[u8], wanted: u8) -> Rest<'_> {
    match rest {
        [found, b' ', more @ ..] if *found == wanted && !matches!(more, [0..=b' ', ..]) => Some(more),
        _ => mark_among_blanks(rest, wanted),
    }
}

#[inline(never)]
fn mark_among_blanks(rest: &[u8], wanted: u8) -> Rest<'_> {
    match blanks(rest) {
        [found, more @ ..] if *found == wanted => Some(blanks(more)),
        _ => None,
    }
}

/// Passes over what stands for itself in a text: stops at a quote, a backslash, a control character, or the end.
#[inline(always)]
pub fn plain(mut rest: &[u8]) -> &[u8] {
    while let Some((eight, more)) = rest.split_first_chunk::<8>() {
        let found = ends(u64::from_le_bytes(*eight));
        if found != 0 {
            return rest.get(found.trailing_zeros() as usize / 8..).unwrap_or_default();
        }
        rest = more;
    }
    while let [b' '..=b'!' | b'#'..=b'[' | b']'..=u8::MAX, more @ ..] = rest {
        rest = more;
    }
    rest
}

/// Passes over a text whose opening quote was taken.
#[inline(always)]
fn text(rest: &[u8]) -> Rest<'_> {
    if let [b'"', more @ ..] = plain(rest) { Some(more) } else { escaped_text(rest) }
}

#[cold]
fn escaped_text(mut rest: &[u8]) -> Rest<'_> {
    loop {
        rest = match plain(rest) {
            [b'"', more @ ..] => return Some(more),
            [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', more @ ..] => more,
            [b'\\', b'u', a, b, c, d, more @ ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => more,
            _ => return None,
        };
    }
}

/// Passes over a number: mostly all of it is in eight bytes.
#[inline(always)]
fn number(rest: &[u8]) -> Rest<'_> {
    let unsigned = if let [b'-', more @ ..] = rest { more } else { rest };
    let Some(eight) = unsigned.first_chunk::<8>() else { return long_number(unsigned) };
    let word = u64::from_le_bytes(*eight);
    let ends = no_digits(word);
    if ends == 0 {
        return long_number(unsigned);
    }
    // These bits are the last of their bytes: 7 is the first byte's.
    let whole = ends.trailing_zeros();
    let byte = |bit: u32| (word >> (bit & 0x38)) as u8;
    if whole == 7 || (byte(0) == b'0' && whole != 15) {
        return None;
    }
    let mut end = whole;
    if byte(whole) == b'.' {
        let ends = ends & (ends - 1);
        if ends == 0 {
            return long_number(unsigned);
        }
        end = ends.trailing_zeros();
        if end == whole + 8 {
            return None;
        }
    }
    if byte(end) | 0x20 == b'e' { long_number(unsigned) } else { unsigned.get(end as usize / 8..) }
}

/// The same of any number. The sign was taken.
#[inline(never)]
fn long_number(rest: &[u8]) -> Rest<'_> {
    let mut end = match rest {
        [b'0', b'0'..=b'9', ..] => return None,
        _ => digits(rest)?,
    };
    if let [b'.', fraction @ ..] = end {
        end = digits(fraction)?;
    }
    if let [b'e' | b'E', exponent @ ..] = end {
        end = digits(if let [b'+' | b'-', more @ ..] = exponent { more } else { exponent })?;
    }
    Some(end)
}

/// At least one digit.
fn digits(rest: &[u8]) -> Rest<'_> {
    let mut left = rest;
    while let Some((eight, more)) = left.split_first_chunk::<8>() {
        let found = no_digits(u64::from_le_bytes(*eight));
        if found != 0 {
            left = left.get(found.trailing_zeros() as usize / 8..)?;
            return (left.len() < rest.len()).then_some(left);
        }
        left = more;
    }
    while let [b'0'..=b'9', more @ ..] = left {
        left = more;
    }
    (left.len() < rest.len()).then_some(left)
}

#[inline(always)]
fn word<'a>(rest: &'a [u8], word: &[u8]) -> Rest<'a> {
    rest.strip_prefix(word)
}

/// Passes over `null`.
#[inline(always)]
pub fn null(rest: &[u8]) -> Rest<'_> {
    word(rest, b"null")
}

/// Objects and arrays within each other are passed over as deep as this, and not read here beyond.
pub const DEEPEST: u8 = 127;

/// Passes over one value, which begins with the next byte. `inside` is the place within it.
#[inline(always)]
pub fn value<'a>(rest: &'a [u8], habits: &mut Habits, inside: Place) -> Rest<'a> {
    any(rest, habits, inside, DEEPEST)
}

#[inline(always)]
fn any<'a>(rest: &'a [u8], habits: &mut Habits, inside: Place, levels: u8) -> Rest<'a> {
    match rest {
        [b'{', more @ ..] => object(more, habits, inside, levels.checked_sub(1)?),
        [b'[', more @ ..] => array(more, habits, inside, levels.checked_sub(1)?),
        _ => scalar(rest),
    }
}

#[inline(always)]
fn scalar(rest: &[u8]) -> Rest<'_> {
    match rest {
        [b'"', more @ ..] => text(more),
        [b'-' | b'0'..=b'9', ..] => number(rest),
        [b'n', ..] => null(rest),
        [b't', ..] => word(rest, b"true"),
        [b'f', ..] => word(rest, b"false"),
        _ => None,
    }
}

/// Passes over an object whose brace was taken.
fn object<'a>(rest: &'a [u8], habits: &mut Habits, begun: Place, levels: u8) -> Rest<'a> {
    let mut place = habits.begun(begun, Asked::Nothing);
    let mut rest = match blanks(rest) {
        [b'}', more @ ..] => return Some(more),
        rest => rest,
    };
    let (mut is_first, mut walk) = (true, None);
    loop {
        if walk.is_none()
            && let Some((more, after)) = habits.stretches.pass(place, rest, levels, &mut walk)
        {
            (rest, place, is_first) = (more, after, false);
            if let [b'}', more @ ..] = rest {
                return Some(more);
            }
            continue;
        }
        let inside;
        if let Some((step, more)) = habits.step(place, rest) {
            (inside, place, rest) = (step.inside, step.after, more);
        } else {
            let more = key(if is_first { rest } else { mark(rest, b',')? })?;
            let taken = rest.get(..rest.len() - more.len())?;
            (inside, place) = habits.learn(place, taken, 0..0, Wanted::No);
            rest = more;
        }
        is_first = false;
        rest = any(rest, habits, inside, levels)?;
        habits.stretches.walked(&mut walk, rest, place);
        if let [..=b' ', ..] = rest {
            rest = blanks(rest);
        }
        if let [b'}', more @ ..] = rest {
            habits.stretches.end(&mut walk);
            return Some(more);
        }
    }
}

/// Passes over an array whose bracket was taken.
fn array<'a>(rest: &'a [u8], habits: &mut Habits, inside: Place, levels: u8) -> Rest<'a> {
    let mut rest = match blanks(rest) {
        [b']', more @ ..] => return Some(more),
        rest => rest,
    };
    loop {
        rest = any(rest, habits, inside, levels)?;
        match blanks(rest) {
            [b']', more @ ..] => return Some(more),
            more => rest = mark(more, b',')?,
        }
    }
}

/// Passes over a key and its colon.
#[inline]
fn key(rest: &[u8]) -> Rest<'_> {
    let [b'"', more @ ..] = rest else { return None };
    mark(text(more)?, b':')
}
