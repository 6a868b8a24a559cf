//! `scale_out_not_applied`: the executor's book lacks a scale-out that the broker has (`formats.md` D3).

use super::clock;
use super::{Hypothesis, Scene, no_edit};
use crate::breaks::{BookName, Break, Kind};
use crate::event::Action;
use crate::position::plain;

pub const HYPOTHESIS: Hypothesis = Hypothesis {
    code: "scale_out_not_applied",
    meaning: "A scale-out was executed and the executor still has the quantity from before it.",
    evidence: "The executor's quantity is what was expected before the scale-out.",
    remedy: "The next exit will try to close too much: let the reconciler run before it.",
    case: "executor-without-the-scale-out",
    propose: no_edit,
    recognise,
};

fn recognise(found: &Break, scene: &Scene<'_>) -> Option<String> {
    let (has, should) = (found.expected.number()?, found.actual.number()?);
    if found.book != BookName::Executor || found.kind != Kind::Quantity {
        return None;
    }
    let earlier = scene.events.iter().rev().filter(|event| event.at <= found.first_failed_at);
    let scale_outs = earlier.filter_map(|event| {
        if let Some(Action::ScaleOut(scale_out)) = event.action() { Some((event.at, scale_out.quantity?)) } else { None }
    });
    let (at, quantity) = scale_outs.into_iter().next()?;
    ((has - should).abs() == quantity)
        .then(|| format!("the executor still has {}: it lacks the scale-out of {} at {}", plain(has), plain(quantity), clock(at)))
}
