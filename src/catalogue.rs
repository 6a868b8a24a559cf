//! The catalogue of codes: every kind, cause, check and reason with its meaning. `explain` prints it, `docs/causes.md` is made of it.

use crate::breaks::Kind;
use crate::causes;
use crate::checks;
use crate::trouble::Reason;

/// One code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `kind of break`, `cause`, `check`, `integrity reason`.
    pub sort: &'static str,
    /// The code, as reports have it.
    pub code: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What speaks for it, if it is a cause.
    pub evidence: Option<&'static str>,
    /// What to do about it, if it is a cause.
    pub remedy: Option<&'static str>,
    /// The case under `corpus/` that shows it; none where no small text can.
    pub case: Option<&'static str>,
    /// What counts as now in that case, if it is a check: an audit shows it.
    pub now: Option<&'static str>,
}

/// Every code, sort by sort.
pub fn entries() -> Vec<Entry> {
    let plain =
        |sort, code, meaning, case| Entry { sort, code, meaning, evidence: None, remedy: None, case: Some(case), now: None };
    let kinds = Kind::ALL.iter().map(|kind| plain("kind of break", kind.code(), kind.meaning(), kind.case()));
    let causes = causes::ALL.iter().map(|cause| Entry {
        evidence: Some(cause.evidence),
        remedy: Some(cause.remedy),
        ..plain("cause", cause.code, cause.meaning, cause.case)
    });
    let checks =
        checks::ALL.iter().map(|check| Entry { now: Some(check.now), ..plain("check", check.id, check.meaning, check.case) });
    let reasons = Reason::CODES.iter().chain(&["missing_file"]).filter_map(|code| {
        let meaning = Reason::meaning(code)?;
        Some(Entry { case: Reason::case(code), ..plain("integrity reason", code, meaning, "") })
    });
    kinds.chain(causes).chain(checks).chain(reasons).collect()
}
