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
    /// The case under `corpus/` that shows it, if it is a cause.
    pub case: Option<&'static str>,
}

/// Every code, sort by sort.
pub fn entries() -> Vec<Entry> {
    let plain = |sort, code, meaning| Entry { sort, code, meaning, evidence: None, remedy: None, case: None };
    let kinds = Kind::ALL.iter().map(|kind| plain("kind of break", kind.code(), kind.meaning()));
    let causes = causes::ALL.iter().map(|cause| Entry {
        evidence: Some(cause.evidence),
        remedy: Some(cause.remedy),
        case: Some(cause.case),
        ..plain("cause", cause.code, cause.meaning)
    });
    let checks = checks::ALL.iter().map(|check| plain("check", check.id, check.meaning));
    let reasons = Reason::CODES.iter().chain(&["missing_file"]);
    let reasons = reasons.filter_map(|code| Some(plain("integrity reason", code, Reason::meaning(code)?)));
    kinds.chain(causes).chain(checks).chain(reasons).collect()
}
