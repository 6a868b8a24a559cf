//! `tapecheck.toml`, its text: every key is known, every value allowed, or the file is refused as a whole.

use std::path::Path;
use toml::de::DeTable;

use super::problem::{NotSettings, Problem, nearest, place};
use super::table::{At, Table};
use super::{Settings, Valued, Whence, custom, limits};
use crate::accept::Rule;
use crate::books;
use crate::breaks::Kind;
use crate::causes;
use crate::logs;
use crate::position::Symbol;

/// The keys of the top of the file.
pub const TOP: [&str; 11] = [
    "broker",
    "account",
    "strict",
    "grace",
    "tolerance_qty",
    "tolerance_price",
    "timeout",
    "allow_hosts",
    "paths",
    "accept",
    "logs",
];

/// Reads the text of a file of this path. A broker's recording is named from the folder that the file lies in.
pub fn read(text: &str, path: &str) -> Result<Settings, NotSettings> {
    let without_mark = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (document, errors) = DeTable::parse_recoverable(without_mark);
    let syntax = |error: &toml::de::Error| {
        let at = error.span().unwrap_or(0..0);
        Problem { at, says: format!("this is not TOML: {}", error.message().lines().next().unwrap_or_default()) }
    };
    let mut problems: Vec<Problem> = errors.iter().map(syntax).collect();
    let mut settings = Settings::default();
    if problems.is_empty() {
        let mut reading = Reading { text: without_mark, path, problems: Vec::new() };
        settings = reading.settings(Table::of(String::new(), document.get_ref(), 0..0));
        problems = reading.problems;
    }
    problems.sort_by_key(|problem| problem.at.start);
    problems.dedup();
    if problems.is_empty() {
        Ok(settings)
    } else {
        Err(NotSettings { path: path.to_owned(), text: without_mark.to_owned(), problems })
    }
}

/// The text without the account's number; every line stays the line that it is.
pub fn without_account(text: &str) -> String {
    let (document, _) = DeTable::parse_recoverable(text);
    let row = document.get_ref().iter().find(|(key, _)| key.get_ref() == "account");
    let Some((key, value)) = row else { return text.to_owned() };
    let (before, after) = (&text[..key.span().start], &text[value.span().end..]);
    let feeds = "\n".repeat(text[key.span().start..value.span().end].matches('\n').count());
    format!("{before}# an account was named here{feeds}{after}")
}

/// A file while it is read.
struct Reading<'a> {
    text: &'a str,
    path: &'a str,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn line(&self, at: &std::ops::Range<usize>) -> u32 {
        u32::try_from(place(self.text, at.start).0).unwrap_or(u32::MAX)
    }

    fn set<T>(&self, valued: &mut Valued<T>, given: Option<At<T>>) {
        if let Some((value, at)) = given {
            *valued = Valued { value, whence: Whence::Line(self.line(&at)) };
        }
    }

    fn settings(&mut self, mut top: Table<'_>) -> Settings {
        let mut settings = Settings { file: Some(self.path.to_owned()), ..Settings::default() };
        let broker = top.text("broker", &mut self.problems, |text| self::broker(text, self.path));
        self.set(&mut settings.broker, broker);
        let account = top.text("account", &mut self.problems, limits::account).map(|(account, at)| (Some(account), at));
        self.set(&mut settings.account, account);
        let strict = top.truth("strict", &mut self.problems);
        self.set(&mut settings.strict, strict);
        let grace = top.number("grace", &mut self.problems, limits::grace);
        self.set(&mut settings.grace, grace);
        let quantity = top.number("tolerance_qty", &mut self.problems, limits::tolerance);
        self.set(&mut settings.tolerance_qty, quantity);
        let price = top.number("tolerance_price", &mut self.problems, limits::tolerance);
        self.set(&mut settings.tolerance_price, price);
        let timeout = top.number("timeout", &mut self.problems, limits::timeout);
        self.set(&mut settings.timeout, timeout);
        let hosts = top.list("allow_hosts", &mut self.problems, limits::words);
        self.set(&mut settings.allow_hosts, hosts);
        if let Some(paths) = top.table("paths", &mut self.problems) {
            self.paths(paths, &mut settings);
        }
        for table in top.tables("accept", &mut self.problems) {
            settings.accept.extend(self.accept(table));
        }
        if let Some(mut logs) = top.table("logs", &mut self.problems) {
            if let Some(custom) = logs.table("custom", &mut self.problems) {
                for (name, table) in custom.named(&mut self.problems) {
                    let text = self.text;
                    let line = |byte: usize| u32::try_from(place(text, byte).0).unwrap_or(u32::MAX);
                    settings.custom.extend(custom::read(name, &line, table, &mut self.problems));
                }
            }
            logs.finish(&TOP, &mut self.problems);
        }
        top.finish(&TOP, &mut self.problems);
        settings
    }

    fn paths(&mut self, mut table: Table<'_>, settings: &mut Settings) {
        let formats = logs::ALL.iter().map(|format| format.name).chain(books::ALL.iter().map(|format| format.name));
        for format in formats {
            let Some((paths, at)) = table.list(format, &mut self.problems, limits::words) else { continue };
            if paths.is_empty() {
                self.problems.push(Problem { at, says: format!("`paths.{format}` must name a path at least") });
                continue;
            }
            let whence = Whence::Line(self.line(&at));
            settings.paths.insert(format, Valued { value: paths, whence });
        }
        table.finish(&TOP, &mut self.problems);
    }

    /// A rule must say why and until when: what is accepted for ever is forgotten.
    fn accept(&mut self, mut table: Table<'_>) -> Option<Valued<Rule>> {
        let problems = &mut self.problems;
        let symbol = table.text("symbol", problems, |text| Symbol::parse(text).ok_or_else(|| "a symbol".to_owned()));
        let kind = table.text("kind", problems, |text| {
            let found = Kind::ALL.into_iter().find(|kind| kind.code() == text);
            found.ok_or_else(|| one_of("a kind of break", text, Kind::ALL.iter().map(|kind| kind.code())))
        });
        let cause = table.text("cause", problems, |text| {
            let found = causes::ALL.iter().find(|cause| cause.code == text).map(|cause| cause.code);
            found.ok_or_else(|| one_of("a cause", text, causes::ALL.iter().map(|cause| cause.code)))
        });
        let reason = table.text("reason", problems, limits::words);
        let until = table.date("until", problems, limits::day);
        for (key, example) in [("symbol", "\"HOOD\""), ("reason", "\"bought by hand\""), ("until", "2026-12-31")] {
            let at = table.place(key);
            if at == table.at {
                problems.push(Problem { at, says: format!("a rule must have `{key}`, such as {key} = {example}") });
            }
        }
        let line = self.line(&table.at);
        table.finish(&TOP, &mut self.problems);
        let rule = Rule {
            symbol: symbol?.0,
            kind: kind.map(|(kind, _)| kind),
            cause: cause.map(|(cause, _)| cause),
            reason: reason?.0,
            until: until?.0,
            line,
        };
        Some(Valued { value: rule, whence: Whence::Line(line) })
    }
}

/// `live`, `none`, or a path from the folder of the file.
fn broker(text: &str, file: &str) -> Result<Option<String>, String> {
    let text = limits::words(text).map_err(|_| "live, none, or the path of a recording".to_owned())?;
    if matches!(text.as_str(), "live" | "none") {
        return Ok(Some(text));
    }
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    Ok(Some(folder.join(text).display().to_string()))
}

/// What is allowed, with the nearest of it, or all of it where none is near.
pub(super) fn one_of<'a>(what: &str, text: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let hint = nearest(text, known.clone());
    if hint.is_empty() { format!("{what}: {}", known.collect::<Vec<_>>().join(", ")) } else { format!("{what}{hint}") }
}
