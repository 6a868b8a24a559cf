//! Every code has a case that shows it: kinds, causes, integrity reasons, each outcome of each check, and what really goes wrong
//! (`docs/incidents.md`). The lists are the library's own, so that a new code cannot come without its case.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on fails, and reads the project"
)]

use assert_cmd::Command;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tapecheck::breaks::Kind;
use tapecheck::catalogue::{self, Entry};
use tapecheck::logs::rule;
use tapecheck::outcome::Fix;
use tapecheck::profit::Why;
use tapecheck::trouble::Reason;
use tapecheck::{causes, checks};

/// Reasons that no small text can show, each with the test of `tests/lines.rs` that shows it.
const NO_SMALL_TEXT: [(&str, &str); 4] =
    [("bad_utf8", "bad_utf8"), ("gigantic_line", "gigantic_line"), ("too_large", "too_large"), ("and_more", "and_more")];

/// A file that the audit cannot do without and that is not there has no line, and so no [`Reason`].
const MISSING_FILE: &str = "missing_file";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder of `corpus/`.
struct Case {
    name: String,
    toml: toml::Table,
    report: Value,
}

impl Case {
    fn names(&self, key: &str, code: &str) -> bool {
        let codes = self.toml.get(key).and_then(toml::Value::as_array);
        codes.is_some_and(|codes| codes.iter().any(|other| other.as_str() == Some(code)))
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.toml.get(key)?.as_str()
    }

    fn shows(&self, what: &Shown) -> bool {
        shown(&self.report).contains(what)
    }
}

fn corpus() -> Vec<Case> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root().join("corpus"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    let case = |folder: &PathBuf| {
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        Case {
            name: folder.file_name().unwrap().to_str().unwrap().to_owned(),
            toml: toml::from_str(&text("case.toml")).unwrap(),
            report: serde_json::from_str(&text("expected.json")).unwrap(),
        }
    };
    folders.iter().map(case).collect()
}

/// Something that a report shows: its sort, and its code.
type Shown = (&'static str, String);

fn rows<'a>(report: &'a Value, section: &str) -> impl Iterator<Item = &'a Value> {
    report[section].as_array().unwrap().iter()
}

/// All that a report shows, under the words that the table of incidents uses.
fn shown(report: &Value) -> BTreeSet<Shown> {
    let code = |value: &Value| value.as_str().unwrap().to_owned();
    let mut shown = BTreeSet::from([("verdict", code(&report["verdict"]))]);
    for found in rows(report, "breaks") {
        shown.insert(("kind", code(&found["kind"])));
        shown.insert(("cause", code(&found["cause"]["code"])));
    }
    shown.extend(rows(report, "integrity").map(|entry| ("reason", code(&entry["reason"]))));
    shown.extend(rows(report, "checks").map(|check| ("check", format!("{} {}", code(&check["id"]), code(&check["status"])))));
    shown.extend(rows(report, "fixes").map(|fix| ("fix", code(&fix["verdict"]))));
    shown.extend(rows(&report["profit_and_loss"], "differing").map(|exit| ("profit", code(&exit["why"]))));
    for source in rows(report, "sources") {
        shown.insert(("source", code(&source["path"])));
        shown.extend(source["ignored"].as_object().unwrap().keys().map(|rule| ("ignored", rule.clone())));
    }
    shown
}

fn none_missing(missing: &[String]) {
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_cause_has_a_case_and_one_that_only_looks_like_it() {
    let corpus = corpus();
    let mut missing = Vec::new();
    for cause in causes::ALL {
        if !corpus.iter().any(|case| case.name == cause.case && case.names("shows", cause.code)) {
            missing.push(format!("the case {} does not say that it shows {}", cause.case, cause.code));
        }
        if !corpus.iter().any(|case| case.names("looks_like", cause.code)) {
            missing.push(format!("no case looks like {} and is not", cause.code));
        }
    }
    for case in &corpus {
        let codes = ["shows", "looks_like"].into_iter().filter_map(|key| case.toml.get(key)?.as_array()).flatten();
        let unknown = codes.filter(|code| !causes::ALL.iter().any(|cause| Some(cause.code) == code.as_str()));
        missing.extend(unknown.map(|code| format!("{} names {code:?}, which is no cause", case.name)));
    }
    none_missing(&missing);
}

#[test]
fn every_kind_and_every_reason_has_a_case() {
    let seen: BTreeSet<Shown> = corpus().iter().flat_map(|case| shown(&case.report)).collect();
    let kinds = Kind::ALL.map(|kind| ("kind", kind.code().to_owned()));
    let reasons = Reason::CODES.into_iter().chain([MISSING_FILE]).map(|code| ("reason", code.to_owned()));
    let lines = std::fs::read_to_string(root().join("tests/lines.rs")).unwrap();
    let mut missing = Vec::new();
    for (sort, code) in kinds.into_iter().chain(reasons) {
        let is_seen = seen.contains(&(sort, code.clone()));
        match NO_SMALL_TEXT.iter().find(|(other, _)| sort == "reason" && *other == code) {
            Some((_, test)) if is_seen || !lines.contains(&format!("fn {test}()")) => {
                missing.push(format!("{code} has a case by now, or tests/lines.rs has no test {test}"));
            }
            None if !is_seen => missing.push(format!("no case has the {sort} {code}")),
            Some(_) | None => {}
        }
    }
    none_missing(&missing);
}

/// What a report says beside its codes: the rules by which lines are left out, hindsight on fixes, and why a profit is wrong.
#[test]
fn every_rule_and_every_hindsight_has_a_case() {
    let seen: BTreeSet<Shown> = corpus().iter().flat_map(|case| shown(&case.report)).collect();
    let rules = rule::ALL.map(|rule| ("ignored", rule));
    let fixes = Fix::VERDICTS.map(|verdict| ("fix", verdict));
    let profits = Why::ALL.map(|why| ("profit", why.code()));
    let wanted = rules.into_iter().chain(fixes).chain(profits);
    let missing = wanted.filter(|(sort, code)| !seen.contains(&(sort, (*code).to_owned())));
    none_missing(&missing.map(|(sort, code)| format!("no case has the {sort} {code}")).collect::<Vec<_>>());
}

#[test]
fn every_outcome_of_every_check_has_a_case() {
    let seen: BTreeSet<String> =
        corpus().iter().flat_map(|case| shown(&case.report)).filter(|(sort, _)| *sort == "check").map(|(_, code)| code).collect();
    let listed: BTreeSet<String> = checks::ALL
        .iter()
        .flat_map(|check| check.outcomes.iter().map(|outcome| format!("{} {}", check.id, outcome.code())))
        .collect();
    assert_eq!(seen, listed, "cases on the left, the checks' own lists on the right");
}

/// `docs/audit.md` lists the same outcomes.
#[test]
fn every_outcome_is_described() {
    let text = std::fs::read_to_string(root().join("docs/audit.md")).unwrap();
    for check in checks::ALL {
        let row = text.lines().find(|line| line.starts_with(&format!("| `{}` |", check.id)));
        let row = row.unwrap_or_else(|| panic!("docs/audit.md has no row for {}", check.id)).to_lowercase();
        for outcome in check.outcomes.iter().filter(|outcome| **outcome != checks::Status::Pass) {
            let words = outcome.code().replace('_', " ");
            assert!(row.contains(&words), "docs/audit.md does not say when {} comes to `{words}`", check.id);
        }
    }
}

fn tapecheck(arguments: &[&str]) -> String {
    let output = Command::cargo_bin("tapecheck").unwrap().current_dir(root()).args(arguments).output().unwrap();
    assert!(output.stderr.is_empty(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The command that `explain` gives for a code, run: its report shows the code.
fn what_explain_shows(entry: &Entry) -> Option<BTreeSet<Shown>> {
    let told = tapecheck(&["explain", entry.code]);
    // A code of two sorts is told twice.
    let own = format!("{} ({})\n", entry.code, entry.sort);
    let told = told.split_once(&own).unwrap_or_else(|| panic!("{told}")).1;
    let command = told.lines().take_while(|line| !line.is_empty()).find_map(|line| line.trim().strip_prefix("see it:"))?;
    let mut arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
    arguments.extend(["--format", "json"]);
    Some(shown(&serde_json::from_str(&tapecheck(&arguments)).unwrap()))
}

#[test]
fn what_explain_says_to_run_shows_the_code() {
    let mut missing = Vec::new();
    for entry in catalogue::entries() {
        let Some(shown) = what_explain_shows(&entry) else {
            let excused = NO_SMALL_TEXT.iter().any(|(code, _)| *code == entry.code);
            missing.extend((!excused).then(|| format!("{} has no case", entry.code)));
            continue;
        };
        let is_shown = match entry.sort {
            "kind of break" => shown.contains(&("kind", entry.code.to_owned())),
            "cause" => shown.contains(&("cause", entry.code.to_owned())),
            "integrity reason" => shown.contains(&("reason", entry.code.to_owned())),
            "check" => shown.iter().any(|(sort, code)| {
                let outcome = code.strip_prefix(entry.code).map(str::trim);
                *sort == "check" && matches!(outcome, Some("warn" | "fail"))
            }),
            other => panic!("{other} is a new sort of code"),
        };
        missing.extend((!is_shown).then(|| format!("{} is not shown by its case: {shown:?}", entry.code)));
    }
    none_missing(&missing);
}

#[test]
fn what_counts_as_now_is_what_the_case_says() {
    let corpus: BTreeMap<String, Case> = corpus().into_iter().map(|case| (case.name.clone(), case)).collect();
    for check in checks::ALL {
        let case = corpus.get(check.case).unwrap_or_else(|| panic!("there is no case {}", check.case));
        assert_eq!((case.text("command"), case.text("at")), (Some("audit"), Some(check.now)), "{}", check.id);
    }
}

/// One row of the table in `docs/incidents.md`.
struct Incident {
    number: String,
    shows: Vec<Shown>,
    cases: Vec<String>,
    quotes: Vec<String>,
}

/// The words between a mark and its twin.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> Vec<&'a str> {
    text.split(begin).skip(1).filter_map(|rest| Some(rest.split_once(end)?.0)).collect()
}

fn incidents() -> Vec<Incident> {
    let text = std::fs::read_to_string(root().join("docs/incidents.md")).unwrap();
    let table = text.lines().filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit());
    let incident = |line: &str| {
        let [number, _what, cases, shows, says] = line.trim_matches('|').split(" | ").collect::<Vec<_>>()[..] else {
            panic!("not five columns: {line}");
        };
        let shown = |words: &str| {
            let (sort, code) = words.split_once(' ').unwrap();
            let sorts = ["verdict", "kind", "cause", "reason", "check", "fix", "profit", "source", "ignored"];
            let sort = sorts.into_iter().find(|other| *other == sort).unwrap_or_else(|| panic!("{sort} is no sort: {line}"));
            (sort, code.to_owned())
        };
        Incident {
            number: number.trim().to_owned(),
            shows: shows.split("; ").map(|words| shown(&words.trim().replace('`', ""))).collect(),
            cases: between(cases, "](../corpus/", ")").into_iter().map(str::to_owned).collect(),
            quotes: says.split('`').skip(1).step_by(2).map(str::to_owned).collect(),
        }
    };
    table.map(incident).collect()
}

/// All texts of a report.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
        Value::Object(values) => values.values().for_each(|value| texts(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn every_incident_is_shown_by_its_cases_in_the_words_that_are_quoted() {
    let corpus: BTreeMap<String, Case> = corpus().into_iter().map(|case| (case.name.clone(), case)).collect();
    let incidents = incidents();
    assert_eq!(incidents.len(), 25, "classes of what really goes wrong");
    let mut missing = Vec::new();
    for Incident { number, shows, cases, quotes } in &incidents {
        let found: Vec<&Case> = cases.iter().filter_map(|name| corpus.get(name)).collect();
        if cases.is_empty() || found.len() != cases.len() {
            missing.push(format!("{number}: not every case is there: {cases:?}"));
        }
        let unshown = shows.iter().filter(|what| !found.iter().any(|case| case.shows(what)));
        missing.extend(unshown.map(|what| format!("{number}: {cases:?} do not show {what:?}")));
        let idle = found.iter().filter(|case| !shows.iter().any(|what| case.shows(what)));
        missing.extend(idle.map(|case| format!("{number}: {} shows none of {shows:?}", case.name)));
        let mut said = Vec::new();
        found.iter().for_each(|case| texts(&case.report, &mut said));
        let unsaid = quotes.iter().filter(|quote| !said.iter().any(|text| text.contains(quote.as_str())));
        missing.extend(unsaid.map(|quote| format!("{number}: {cases:?} do not say: {quote}")));
        missing.extend(quotes.is_empty().then(|| format!("{number}: nothing is quoted")));
    }
    none_missing(&missing);
}
