//! The stages: what the domain knows to be unlikely to matter goes first, in the largest pieces.

use itertools::Itertools;
use std::collections::{BTreeMap, BTreeSet};

use super::parts::Role;
use super::reduce::{longest_prefix, reduce};
use super::search::{Search, Stage};
use super::shorten;
use crate::position::Symbol;

/// Lines, rows and files: what a case is made of.
const UNITS: [Role; 3] = [Role::File, Role::Line, Role::Row];

/// Makes the case smaller until nothing that is left of it can go; or the time is over.
pub fn all(search: &mut Search<'_>, own: Option<&Symbol>) {
    loop {
        let before = search.best.clone();
        symbols(search, own);
        time(search);
        events(search);
        fields(search);
        values(search);
        // In a shorter case more can go: a symbol that two lines name, once the third is gone. Where a whole round changes nothing, each
        // line and each value was tried alone.
        if search.stopped || search.best == before {
            return;
        }
    }
}

/// What is about other symbols: lines, rows, and names in lists.
fn symbols(search: &mut Search<'_>, own: Option<&Symbol>) {
    search.enter(Stage::Symbols);
    let mut about: BTreeMap<&Symbol, Vec<usize>> = BTreeMap::new();
    for (number, part) in search.parts.all.iter().enumerate() {
        if let Some(symbol) = part.about.as_ref().filter(|symbol| Some(*symbol) != own) {
            about.entry(symbol).or_default().push(number);
        }
    }
    let symbols: Vec<&Vec<usize>> = about.values().collect();
    reduce(symbols, &mut |piece| {
        let parts: Vec<usize> = piece.iter().flat_map(|parts| parts.iter().copied()).collect();
        search.goes(&parts)
    });
}

/// What came after, then what came before.
fn time(search: &mut Search<'_>) {
    search.enter(Stage::Time);
    for later_first in [true, false] {
        let units = search.parts.left(&search.best, &[Role::Line, Role::Row]);
        let mut units: Vec<usize> = units.into_iter().filter(|unit| search.parts.all[*unit].at.is_some()).collect();
        units.sort_by_key(|unit| (search.parts.all[*unit].at, *unit));
        if later_first {
            units.reverse();
        }
        longest_prefix(units.len(), &mut |prefix| search.goes(&units[..prefix]));
    }
}

/// Whole files, then lines and rows in the order of time, until none can go alone.
fn events(search: &mut Search<'_>) {
    search.enter(Stage::Events);
    let files = search.parts.left(&search.best, &[Role::File]);
    reduce(files, &mut |piece| search.goes(piece));
    let units = search.parts.left(&search.best, &UNITS);
    let units: Vec<usize> = units.into_iter().sorted_by_key(|unit| (search.parts.all[*unit].at, *unit)).collect();
    reduce(units, &mut |piece| search.goes(piece));
}

/// Keys and elements, from the outside in.
fn fields(search: &mut Search<'_>) {
    search.enter(Stage::Fields);
    let level = |search: &Search<'_>, part: &usize| search.parts.all[*part].level;
    let levels: BTreeSet<usize> =
        search.parts.left(&search.best, &[Role::Value]).iter().map(|part| level(search, part)).collect();
    for deep in levels {
        let values = search.parts.left(&search.best, &[Role::Value]);
        let values: Vec<usize> = values.into_iter().filter(|part| level(search, part) == deep).collect();
        reduce(values, &mut |piece| search.goes(piece));
    }
}

/// Longer spellings that a shorter one can stand for.
fn values(search: &mut Search<'_>) {
    search.enter(Stage::Values);
    for part in search.parts.left(&search.best, &[Role::Value]) {
        let Some((key, raw)) = &search.parts.all[part].leaf else { continue };
        for spelling in shorten::spellings(key, raw) {
            let cut = search.best.with(part, spelling);
            if search.try_cut(cut) {
                break;
            }
        }
    }
}
