//! `scale_out_wrong_side`: a scale-out that added to the position instead of reducing it (`formats.md` T3).

use itertools::Itertools;
use rust_decimal::Decimal;

use super::{Bracket, Edit, Hypothesis, Proposal, Size, Suspect, clock, not_recognised, sum};
use crate::event::{Action, Entry, ScaleOut};
use crate::position::{Side, plain};

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "scale_out_wrong_side",
    meaning: "A scale-out was sent with the wrong side: it added to the position instead of reducing it.",
    evidence: "The gap is exactly twice the scale-out; the broker's fill has the other side; the average price moved towards the \
               scale-out's price; the row says `side: long`, which the exit code turns into a buy.",
    remedy: "Reduce the position to what was meant, and stop scale-outs until the side test is mended.",
    case: "scale-out-that-bought",
    propose,
    recognise: not_recognised,
};

/// Of more scale-outs than this not every set is tried (2^5 are enough for a day of repeated targets), but each alone, all of them, and
/// those whose fills went the other way.
const MOST_TOGETHER: usize = 5;

fn propose(bracket: &Bracket<'_>) -> Vec<Proposal> {
    let scale_outs: Vec<(Suspect<'_>, Side, Decimal)> = bracket.suspects().filter_map(|suspect| of(bracket, suspect)).collect();
    if scale_outs.len() > MOST_TOGETHER {
        let singles = scale_outs.iter().map(|one| flipped(bracket, &[*one]));
        let by_fills: Vec<_> =
            scale_outs.iter().copied().filter(|(suspect, side, _)| went_the_other_way(bracket, suspect, *side)).collect();
        let sets = [scale_outs.clone(), by_fills].into_iter().filter(|set| set.len() > 1).map(|set| flipped(bracket, &set));
        return singles.chain(sets).collect();
    }
    scale_outs.iter().copied().powerset().filter(|some| !some.is_empty()).map(|some| flipped(bracket, &some)).collect()
}

/// Whether a row's spelling makes the exit code buy (`formats.md` T3).
fn is_spelt_long(suspect: &Suspect<'_>) -> bool {
    matches!(&suspect.movement.action, Action::ScaleOut(scale_out) if scale_out.spelt_long)
}

/// Whether the broker's fills for a scale-out added to the position.
fn went_the_other_way(bracket: &Bracket<'_>, suspect: &Suspect<'_>, side: Side) -> bool {
    Side::of(bracket.flows.of_movement(suspect.place)) == Some(side)
}

fn of<'a>(bracket: &Bracket<'_>, suspect: Suspect<'a>) -> Option<(Suspect<'a>, Side, Decimal)> {
    let Action::ScaleOut(ScaleOut { reduces, quantity: Some(quantity), .. }) = &suspect.movement.action else { return None };
    let side = reduces.or(bracket.stated().and_then(Side::of))?;
    Some((suspect, side, *quantity))
}

fn flipped(bracket: &Bracket<'_>, some: &[(Suspect<'_>, Side, Decimal)]) -> Proposal {
    let edits =
        some.iter().map(|(suspect, side, quantity)| Edit::Replace(suspect.place, bought(suspect, *side, *quantity))).collect();
    let executed = some.iter().map(|(suspect, side, quantity)| bracket.executed(suspect, side.signed(*quantity)));
    let support: Option<u32> = executed.sum();
    let spelt = some.iter().all(|(suspect, _, _)| is_spelt_long(suspect));
    let price = moved_price(bracket, some);
    // Where an entry may still fill, the gap is not just twice the scale-out: then the spelling alone decides nothing.
    let exactly = spelt && bracket.expected.known().is_some();
    let support = support.map(|support| support + u32::from(exactly) + if price.is_some() { 2 } else { 0 });
    let (first, side, _) = &some[0];
    // The exit code turns every row that says `side: long` into a buy: all of them together are one fault, not several.
    let all_spelt = bracket.suspects().filter(is_spelt_long).count();
    let size = if some.len() == 1 || (spelt && some.len() == all_spelt) { Size::Changed } else { Size::Fitted };
    Proposal { code: HYPOTHESIS.code, edits, size, support, at: first.at, words: words(bracket, some, *side, price) }
}

/// What the scale-out did: it entered more of the same side.
fn bought(suspect: &Suspect<'_>, side: Side, quantity: Decimal) -> Action {
    let price = if let Action::ScaleOut(scale_out) = &suspect.movement.action { scale_out.price } else { None };
    Action::Entry(Entry { side: Some(side), logged: Some(quantity), price, ..Entry::default() })
}

/// The sum that shows the average price moving towards the scale-outs' prices, where the broker's prices before and after fit it.
fn moved_price(bracket: &Bracket<'_>, some: &[(Suspect<'_>, Side, Decimal)]) -> Option<String> {
    let (Some(before), Some(after)) = bracket.prices else { return None };
    let added: Decimal = some.iter().map(|(_, _, quantity)| *quantity).sum();
    let total = bracket.stated()?.abs();
    let held = total - added;
    let prices: Option<Vec<(Decimal, Decimal)>> = some
        .iter()
        .map(|(suspect, _, quantity)| match &suspect.movement.action {
            Action::ScaleOut(scale_out) => Some((*quantity, scale_out.price?)),
            _ => None,
        })
        .collect();
    let prices = prices?;
    let cost = prices
        .iter()
        .try_fold(held.checked_mul(before)?, |cost, (quantity, price)| cost.checked_add(quantity.checked_mul(*price)?))?;
    let average = cost.checked_div(total)?;
    let near = after.abs() * Decimal::new(5, 4);
    let moved = (after - before).abs() > Decimal::new(1, 4);
    if !moved || (average - after).abs() > near {
        return None;
    }
    let terms = prices.iter().map(|(quantity, price)| format!(" + {} × {}", plain(*quantity), plain(*price))).collect::<String>();
    Some(format!(
        "the average entry moved from {} to {}, which is ({} × {}{terms}) / {}",
        plain(before),
        plain(after.round_dp(4)),
        plain(held),
        plain(before),
        plain(total)
    ))
}

fn words(bracket: &Bracket<'_>, some: &[(Suspect<'_>, Side, Decimal)], side: Side, price: Option<String>) -> String {
    let did = if side == Side::Long { "bought instead of sold" } else { "sold instead of bought" };
    let each = some
        .iter()
        .map(|(suspect, _, quantity)| format!("{} {} at {}", plain(*quantity), bracket.symbol, clock(suspect.at)))
        .join(", ");
    let noun = if some.len() == 1 { "the scale-out of" } else { "the scale-outs of" };
    let added: Decimal = some.iter().map(|(_, side, quantity)| side.signed(*quantity)).sum();
    let arithmetic = bracket.stated().map(|stated| format!(": {}, not {}", sum(stated - added, added), bracket.expected));
    let price = price.map(|price| format!("; {price}"));
    format!("{noun} {each} {did}{}{}", arithmetic.unwrap_or_default(), price.unwrap_or_default())
}
