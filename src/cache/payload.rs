//! A decoded piece as bytes: a mark, a checksum, and the lines and events as postcard writes them. Bytes that were changed by whatever are
//! no piece; none of them makes the reader give up.

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_128;

use crate::event::{Event, Fact};
use crate::logs::rule;
use crate::origin::Origin;
use crate::source::{Became, Decoded, Line};
use crate::time::Time;

/// What every kept piece begins with; its last letter is the version of these bytes.
const MARK: &[u8; 8] = b"tapechk2";

/// Bytes of a checksum, and of a line's fingerprint.
const PRINT: usize = size_of::<u128>();

/// The code of a line that was understood; those of the rules that leave lines out follow.
const UNDERSTOOD: u8 = 0;

/// A piece, where a fact is read, or borrowed to be written.
#[derive(Serialize, Deserialize)]
struct Kept<'a, F> {
    /// The fingerprints of the lines that were understood, one after the other.
    prints: &'a [u8],
    /// Of each line the code of what became of it, and how many of the events are its.
    lines: Vec<(u8, u32)>,
    /// Of each event the nanoseconds since the event before it, its byte offset and its line in the piece, and what it tells.
    events: Vec<(i64, u32, u32, F)>,
}

/// The bytes of a decoded piece that begins there. `None`: it is not kept. A piece with a line in trouble is not, so that its text is looked
/// at in every run; nor is one that would not come back the same.
pub fn bytes(decoded: &Decoded, begins: Origin, seed: u64) -> Option<Vec<u8>> {
    let mut prints = Vec::with_capacity(decoded.lines.len() * PRINT);
    let mut lines = Vec::with_capacity(decoded.lines.len());
    for line in &decoded.lines {
        let code = match &line.became {
            Became::Understood => {
                prints.extend_from_slice(&line.print.to_le_bytes());
                UNDERSTOOD
            }
            Became::Ignored(rule) => u8::try_from(rule::ALL.iter().position(|other| other == rule)? + 1).ok()?,
            Became::Quarantined(_) => return None,
        };
        lines.push((code, line.events));
    }
    let mut before = 0i64;
    let mut events = Vec::with_capacity(decoded.events.len());
    for event in &decoded.events {
        let at = event.at.nanoseconds();
        let offset = event.origin.offset.checked_sub(begins.offset)?;
        let line = event.origin.line.checked_sub(begins.line)?;
        events.push((at.wrapping_sub(before), u32::try_from(offset).ok()?, line, &event.fact));
        before = at;
    }
    postcard::to_allocvec(&Kept { prints: &prints, lines, events }).ok().map(|body| sealed(&body, seed))
}

/// A body with its mark and its checksum.
pub fn sealed(body: &[u8], seed: u64) -> Vec<u8> {
    [MARK.as_slice(), &XxHash3_128::oneshot_with_seed(seed, body).to_le_bytes(), body].concat()
}

/// The decoded piece of these bytes, which begins and ends there; `None` if they were damaged, or are of another piece.
pub fn decoded(bytes: &[u8], begins: Origin, end: u64, seed: u64) -> Option<Decoded> {
    let (sum, body) = bytes.strip_prefix(MARK)?.split_first_chunk::<PRINT>()?;
    if XxHash3_128::oneshot_with_seed(seed, body) != u128::from_le_bytes(*sum) {
        return None;
    }
    let (kept, rest) = postcard::take_from_bytes::<Kept<'_, Fact>>(body).ok()?;
    let lines = lines(&kept)?;
    let told: u64 = lines.iter().map(|line| u64::from(line.events)).sum();
    if !rest.is_empty() || told != kept.events.len() as u64 {
        return None;
    }
    let mut before = 0i64;
    let mut events = Vec::with_capacity(kept.events.len());
    for (since, offset, line, fact) in kept.events {
        let at = before.wrapping_add(since);
        before = at;
        let offset = begins.offset.checked_add(u64::from(offset)).filter(|offset| *offset < end)?;
        let origin = Origin { source: begins.source, offset, line: begins.line.checked_add(line)? };
        events.push(Event { at: Time::of_nanoseconds(at), origin, fact });
    }
    Some(Decoded { lines, events, end })
}

fn lines(kept: &Kept<'_, Fact>) -> Option<Vec<Line>> {
    let mut prints = kept.prints.chunks_exact(PRINT);
    let mut lines = Vec::with_capacity(kept.lines.len());
    for (code, events) in &kept.lines {
        lines.push(match code.checked_sub(UNDERSTOOD + 1) {
            None => {
                let print = u128::from_le_bytes(prints.next()?.try_into().ok()?);
                Line { print, events: *events, became: Became::Understood }
            }
            Some(rule) if *events == 0 => {
                Line { print: 0, events: 0, became: Became::Ignored(rule::ALL.get(usize::from(rule))?) }
            }
            Some(_) => return None,
        });
    }
    (prints.next().is_none() && prints.remainder().is_empty()).then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::Lines;
    use crate::logs::{ALL, Reader};
    use crate::origin::SourceId;
    use crate::source::{self, Account, Piece, PieceText};
    use proptest::prelude::*;

    const BEGINS: Origin = Origin { source: SourceId(0), offset: 0, line: 1 };

    /// The attribution log of a case, and the bytes that are kept of it.
    fn kept() -> (Reader, u64, Vec<u8>) {
        let reader = Reader::Format(ALL.first().unwrap());
        let text = include_bytes!("../../corpus/scale-out-that-bought/logs/attribution.jsonl").to_vec();
        let end = text.len() as u64;
        let decoded =
            source::decode(BEGINS.source, &reader, Piece { offset: 0, line: 1, text: PieceText::Lines(Lines::of(text)) });
        (reader, end, bytes(&decoded, BEGINS, 7).unwrap())
    }

    /// Hostile bytes with a checksum that holds: they are refused, or they are lines and events that can be accounted for.
    fn taken(reader: &Reader, end: u64, body: &[u8]) {
        if let Some(decoded) = decoded(&sealed(body, 7), BEGINS, end, 7) {
            Account::new(reader, String::new()).take(decoded);
        }
    }

    #[test]
    fn what_was_kept_is_taken_for_its_own_piece_alone() {
        let (_, end, bytes) = kept();
        assert!(decoded(&bytes, BEGINS, end, 7).is_some());
        assert!(decoded(&bytes, BEGINS, end, 8).is_none());
        assert!(decoded(&bytes, BEGINS, 10, 7).is_none());
        for length in 0..bytes.len() {
            assert!(decoded(&bytes[..length], BEGINS, end, 7).is_none());
        }
        for place in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[place / 8] ^= 1 << (place % 8);
            assert!(decoded(&flipped, BEGINS, end, 7).is_none());
        }
    }

    proptest! {
        #[test]
        fn random_bytes_harm_nobody(body: Vec<u8>) {
            let (reader, end, _) = kept();
            taken(&reader, end, &body);
        }

        #[test]
        fn changed_bytes_harm_nobody(changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8)) {
            let (reader, end, bytes) = kept();
            let mut body = bytes[MARK.len() + PRINT..].to_vec();
            for (place, byte) in changes {
                let place = place.index(body.len());
                body[place] = byte;
            }
            taken(&reader, end, &body);
        }
    }
}
