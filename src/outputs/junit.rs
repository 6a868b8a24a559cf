//! `--format junit`: JUnit XML, which CI systems show as tests: the verdict, each check, each break.

use itertools::Itertools;
use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite, XmlString};

use super::text;
use crate::breaks::Break;
use crate::checks::{Finding, Status};
use crate::report::{Report, Verdict};
use crate::source::{harmless, visible};

/// Why there is no document.
pub type CannotWrite = quick_junit::SerializeError;

/// Characters of a line.
const LINE: usize = 2000;

/// How a test came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// Something is wrong.
    Failed {
        /// What sort of thing: a code.
        sort: String,
        /// What, in a line.
        message: String,
    },
    /// It could not be told.
    Error {
        /// Why, in a line.
        message: String,
    },
}

/// One test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// What it is called.
    pub name: String,
    /// What it belongs to.
    pub class: String,
    /// How it came out.
    pub outcome: Outcome,
    /// More about it; empty for nothing.
    pub text: String,
}

/// The tests as one suite. Control characters are escaped: neither XML nor a terminal takes them.
pub fn suite(name: &str, tests: Vec<Test>) -> Result<String, CannotWrite> {
    let mut suite = TestSuite::new(line(name));
    suite.add_test_cases(tests.into_iter().map(test));
    let mut document = Document::new(env!("CARGO_PKG_NAME"));
    document.add_test_suite(suite);
    // Nothing is skipped here, and the schema that Jenkins publishes has no such count at the root.
    Ok(document.to_string()?.replacen(" skipped=\"0\"", "", 1))
}

fn test(test: Test) -> TestCase {
    let text = plain(&test.text);
    let unsuccessful = |kind, message: &str| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(line(message));
        if !test.text.is_empty() {
            status.set_description(text.clone());
        }
        status
    };
    let status = match &test.outcome {
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::Failed { sort, message } => {
            let mut status = unsuccessful(NonSuccessKind::Failure, message);
            status.set_type(line(sort));
            status
        }
        Outcome::Error { message } => {
            let mut status = unsuccessful(NonSuccessKind::Error, message);
            status.set_type("could_not_check");
            status
        }
    };
    let mut case = TestCase::new(line(&test.name), status);
    case.set_classname(line(&test.class));
    if test.outcome == Outcome::Passed && !test.text.is_empty() {
        case.set_system_out(text);
    }
    case
}

/// Text of one line: a break in it is data's.
fn line(text: &str) -> XmlString {
    XmlString::new(harmless(text, LINE))
}

fn plain(text: &str) -> XmlString {
    XmlString::new(text.lines().map(|line| indented(line) + &harmless(line, LINE)).join("\n"))
}

/// The white space that a line begins with.
fn indented(line: &str) -> String {
    " ".repeat(line.len() - line.trim_start_matches(' ').len())
}

/// A report as tests: the verdict, each check, each break.
pub fn write(report: &Report) -> Result<String, CannotWrite> {
    let checks = report.checks.iter().map(|found| check(found, report.asked.strict));
    let breaks = report.breaks.iter().map(|found| broken(found, report));
    suite(&report.asked.directory, std::iter::once(verdict(report)).chain(checks).chain(breaks).collect())
}

fn verdict(report: &Report) -> Test {
    let outcome = match report.verdict {
        // What is wrong is told test by test.
        Verdict::Clean | Verdict::Breaks if report.unchecked.is_empty() => Outcome::Passed,
        Verdict::Clean | Verdict::Breaks | Verdict::CouldNotCheck => {
            Outcome::Error { message: format!("could not check: {}", report.unchecked.iter().join("; ")) }
        }
    };
    Test { name: "everything was checked".to_owned(), class: "verdict".to_owned(), outcome, text: String::new() }
}

fn check(found: &Finding, strict: bool) -> Test {
    let failed = || Outcome::Failed { sort: found.id.to_owned(), message: found.summary.clone() };
    let (outcome, text) = match found.status {
        Status::Pass => (Outcome::Passed, String::new()),
        Status::Warn if strict => (failed(), String::new()),
        Status::Warn => (Outcome::Passed, format!("warning: {}", visible(&found.summary))),
        Status::Fail => (failed(), String::new()),
        Status::CouldNotCheck => (Outcome::Error { message: found.summary.clone() }, String::new()),
    };
    Test { name: found.id.to_owned(), class: "check".to_owned(), outcome, text }
}

fn broken(found: &Break, report: &Report) -> Test {
    let message = text::one_line(found);
    let evidence = found.evidence.iter().map(|evidence| {
        let path = report.file_of(report.path_of(evidence.origin));
        visible(&format!("{path}:{}: {}", report.line_of(evidence.origin), evidence.says))
    });
    let text = std::iter::once(visible(&message)).chain(evidence).join("\n");
    let outcome =
        if report.counts(found) { Outcome::Failed { sort: found.kind.code().to_owned(), message } } else { Outcome::Passed };
    let text = match report.acceptance.of(found) {
        Some(rule) => format!("accepted until {}: {}\n{text}", rule.until, visible(&rule.reason)),
        None => text,
    };
    let symbol = found.symbol.as_ref().map_or("*", |symbol| symbol.as_str());
    Test { name: format!("{symbol} {} {}", found.kind.code(), found.id()), class: "break".to_owned(), outcome, text }
}
