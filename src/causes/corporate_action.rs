//! `corporate_action`: a split or its like: the quantity multiplied, the price divided (`alpaca.md` section 0, fact 8).

use rust_decimal::Decimal;

use super::{Bracket, Edit, Hypothesis, Proposal, Scene, Size};
use crate::breaks::Break;
use crate::event::{Action, Change, CorporateAction, Form};
use crate::position::plain;

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "corporate_action",
    meaning: "A split, merger, expiry or the like changed the position at the broker without a trade.",
    evidence: "The broker's activities report it; or the quantity changed by a ratio of small whole numbers while its value did not.",
    remedy: "Correct the entry price and any stop that the bot keeps: they are on the old scale.",
    case: "split-four-for-one",
    propose,
    recognise,
};

/// Splits are ratios of whole numbers up to this.
const LARGEST: u32 = 20;

/// Prices before and after may differ by the market's move between: 3 %.
const VALUE_TOLERANCE: Decimal = Decimal::from_parts(3, 0, 0, false, 2);

fn propose(bracket: &Bracket<'_>) -> Vec<Proposal> {
    // A record that at least so much was held tells of a ratio, too.
    let least = if let Form::AtLeast(least) = bracket.form { Some(least) } else { None };
    let Some((stated, expected)) = bracket.stated().or(least).zip(all_filled(bracket)) else { return Vec::new() };
    let same_side =
        crate::position::Side::of(stated).is_some() && crate::position::Side::of(stated) == crate::position::Side::of(expected);
    let Some((new, old)) = ratio(stated, expected).filter(|_| same_side) else { return Vec::new() };
    let (size, support, price) = match value_is_unchanged(bracket, new, old) {
        Some(price) => (Size::Changed, 3, price),
        // Nobody tells of a trade or of a price: a split is as possible as a trade of just so much.
        None if nothing_tells(bracket) && (new == 1 || old == 1) => (Size::Invented, 0, "and no price tells more".to_owned()),
        None => return Vec::new(),
    };
    let (minus, plus) = if stated.is_sign_negative() { (new, old) } else { (old, new) };
    let change = Change::Ratio { minus: Decimal::from(minus), plus: Decimal::from(plus) };
    let action = Action::CorporateAction(CorporateAction { code: "SPLIT".into(), change });
    vec![Proposal {
        code: HYPOTHESIS.code,
        edits: vec![Edit::InsertBefore(bracket.failed, bracket.fails(), action)],
        size,
        support: Some(support),
        at: bracket.fails(),
        words: format!("{} split {new} for {old}: {} became {}, {price}", bracket.symbol, plain(expected), plain(stated)),
    }]
}

/// What is held before a split: of an entry that is not known to be filled, all.
fn all_filled(bracket: &Bracket<'_>) -> Option<Decimal> {
    match (bracket.expected.low(), bracket.expected.high()) {
        (Some(low), Some(high)) => Some(if high.is_sign_positive() && !high.is_zero() { high } else { low }),
        (None, _) | (_, None) => None,
    }
}

/// Whether one quantity is a whole multiple of the other, as after most splits.
pub(crate) fn is_whole_ratio(stated: Decimal, expected: Decimal) -> bool {
    stated.is_sign_negative() == expected.is_sign_negative()
        && ratio(stated, expected).is_some_and(|(new, old)| new == 1 || old == 1)
}

/// The ratio new : old in smallest whole numbers.
fn ratio(stated: Decimal, expected: Decimal) -> Option<(u32, u32)> {
    let factor = stated.checked_div(expected)?;
    (1..=LARGEST).find_map(|old| {
        let new = factor.checked_mul(Decimal::from(old))?;
        let whole = new.round();
        let fits = (new - whole).abs() < Decimal::new(1, 6)
            && whole >= Decimal::ONE
            && whole <= Decimal::from(LARGEST)
            && factor != Decimal::ONE;
        fits.then(|| u32::try_from(whole.mantissa() / 10i128.pow(whole.scale())).ok()).flatten().map(|new| (new, old))
    })
}

fn nothing_tells(bracket: &Bracket<'_>) -> bool {
    let known = |(before, after): (Option<Decimal>, Option<Decimal>)| before.is_some() && after.is_some();
    let priced = known(bracket.prices) || known(bracket.market);
    // Executions within the bracket tell, even where those of its beginning were not read.
    let executed = bracket.flows.flows.iter().any(|flow| bracket.begins() <= flow.at && flow.at <= bracket.fails());
    !priced && !executed && !bracket.flows.know(bracket.begins())
}

fn value_is_unchanged(bracket: &Bracket<'_>, new: u32, old: u32) -> Option<String> {
    let factor = Decimal::from(new).checked_div(Decimal::from(old))?;
    let fits = |before: Decimal, after: Decimal| {
        let scaled = after.checked_mul(factor)?;
        ((scaled - before).abs() <= before.abs() * VALUE_TOLERANCE)
            .then(|| format!("while the price went from {} to {}", plain(before), plain(after)))
    };
    let entry = bracket.prices.0.zip(bracket.prices.1).and_then(|(before, after)| fits(before, after));
    entry.or_else(|| bracket.market.0.zip(bracket.market.1).and_then(|(before, after)| fits(before, after)))
}

/// The broker's own activities reported it: the ledger applied it to both books.
fn recognise(found: &Break, _: &Scene<'_>) -> Option<String> {
    let told = found.evidence.first().map(|evidence| evidence.says.clone())?;
    (found.witness == "broker_activities").then_some(told)
}
