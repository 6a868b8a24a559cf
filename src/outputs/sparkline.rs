//! A sparkline: a quantity over time in one line of text.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::paint::Look;
use crate::position::plain;
use crate::time::Time;

/// Columns at the most.
const WIDEST: usize = 60;

/// Heights, lowest first.
const UNICODE: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The same for who has only ASCII.
const ASCII: [char; 8] = ['_', '.', ':', '-', '=', '+', '*', '#'];

/// Not known, or a range.
const UNKNOWN: char = '?';

/// A quantity as of a moment; `None` where it is not known exactly.
pub(super) type Point = (Time, Option<Decimal>);

/// The quantity over time, what it ranges over, and below it where it first failed. Nothing where there is too little to draw.
pub(super) fn of(points: &[Point], failed: Option<Time>, look: &Look) -> Option<String> {
    let known = || points.iter().filter_map(|(_, quantity)| *quantity);
    // Flat is always part of the scale: a position that only shrinks is seen to shrink.
    let (low, high) = (known().min()?.min(Decimal::ZERO), known().max()?.max(Decimal::ZERO));
    let (begins, ends) = (points.first()?.0, points.last()?.0);
    if low == high || begins >= ends {
        return None;
    }
    let scale = format!("from {} to {}", plain(low), plain(high));
    let columns = look.width.saturating_sub(4 + scale.len()).clamp(10, WIDEST);
    let whole = (ends - begins).num_milliseconds().max(1);
    let column =
        |at: Time| ((at - begins).num_milliseconds() * (columns as i64 - 1) / whole).clamp(0, columns as i64 - 1) as usize;
    let mut cells: Vec<Vec<Option<Decimal>>> = vec![Vec::new(); columns];
    for (at, quantity) in points {
        cells[column(*at)].push(*quantity);
    }
    let mut held = None;
    let drawn = |cell: Vec<Option<Decimal>>| {
        let farthest = farthest(held, &cell);
        held = cell.last().copied().unwrap_or(held);
        farthest.map_or(UNKNOWN, |quantity| height(quantity, low, high, look))
    };
    let line: String = cells.into_iter().map(drawn).collect();
    let mut out = format!("  {line}  {scale}\n");
    if let Some(failed) = failed.filter(|failed| (begins..=ends).contains(failed)) {
        out.push_str(&format!("  {}^ first failed\n", " ".repeat(column(failed))));
    }
    Some(out)
}

/// What a column shows: of what was held in it, that which is farthest from what was held before, so that nothing short is overlooked.
fn farthest(before: Option<Decimal>, cell: &[Option<Decimal>]) -> Option<Decimal> {
    let Some(last) = cell.last().copied() else { return before };
    let Some(before) = before else { return last };
    cell.iter().flatten().copied().max_by_key(|quantity| (*quantity - before).abs()).or(last)
}

fn height(quantity: Decimal, low: Decimal, high: Decimal, look: &Look) -> char {
    let signs = if look.unicode { UNICODE } else { ASCII };
    let share = (quantity - low).checked_div(high - low).unwrap_or_default();
    let place = (share * Decimal::from(signs.len() - 1)).round().to_usize().unwrap_or(0);
    signs[place.min(signs.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Duration;

    #[test]
    fn it_goes_up_and_down_and_says_where_it_failed() {
        let look = Look { width: 40, ..Look::plain() };
        let at = |minute: i64| Time::UNIX_EPOCH + Duration::minutes(minute);
        let points = [(0, Some(0)), (2, Some(10)), (5, None), (7, Some(-10)), (17, Some(0))];
        let points = points.map(|(minute, quantity)| (at(minute), quantity.map(Decimal::from)));
        let drawn = of(&points, Some(at(5)), &look).unwrap();
        assert_eq!(drawn, "  ==####??_____________=  from -10 to 10\n        ^ first failed\n");
        let unicode = of(&points, None, &Look { unicode: true, ..look }).unwrap();
        assert_eq!(unicode, "  ▅▅████??▁▁▁▁▁▁▁▁▁▁▁▁▁▅  from -10 to 10\n");
        // A moment of nothing among hours of ten is seen.
        let moment = [(0, 10), (300, 10), (301, 0), (302, 10), (600, 10)];
        let moment = moment.map(|(minute, quantity)| (at(minute), Some(Decimal::from(quantity))));
        assert_eq!(of(&moment, None, &look).unwrap(), "  ###########_############  from 0 to 10\n");
        assert_eq!(of(&points[..1], None, &look), None);
        assert_eq!(of(&[], None, &look), None);
    }
}
