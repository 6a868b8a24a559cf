//! Integrity: what could not be understood or read, and what follows from it for the verdict (design, rules 9 and 10).

use crate::logs;
use crate::report::{Parts, Report, Verdict};
use crate::source::Source;
use crate::time::Time;
use crate::trouble::Reason;

/// Why nothing is clean while the account of the sources is not.
pub(crate) const NOT_UNDERSTOOD: &str = "lines or files that matter are not there, or could not be understood (see integrity)";

/// A line or file that could not be understood, and what follows from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Integrity {
    /// Path of the source.
    pub source: String,
    /// Line; 0 where it is of none: a file that is missing, lines that were not counted.
    pub line: u32,
    /// Column, where it can be told.
    pub column: Option<u32>,
    /// Code of the reason.
    pub reason: &'static str,
    /// The reason in words.
    pub says: String,
    /// Beginning of the line.
    pub excerpt: String,
    /// What follows for the verdict.
    pub consequence: &'static str,
    /// It forbids a clean verdict.
    pub forbids_clean: bool,
}

/// What a line in trouble means: it may have said anything about the time between its good neighbours. A whole book stated later, that
/// agrees or was adopted, covers it.
pub(crate) fn account(parts: &Parts<'_>, witnessed: Option<Time>) -> Vec<Integrity> {
    let end = parts.ledger.last;
    let mut entries: Vec<Integrity> = Vec::new();
    for quarantined in &parts.quarantined {
        let source = &parts.sources[usize::from(quarantined.origin.source.0)];
        let is_required_book = crate::books::ALL.iter().any(|book| book.required && book.name == source.format);
        // A last line may be younger than all that was understood.
        let latest = quarantined.before.or(end.max(quarantined.after));
        // A failed read can never look clean (design, rule 10): a later book covers a line, not a log.
        let failed_read = quarantined.trouble.reason.is_failed_read();
        let covered = !is_required_book && !failed_read && witnessed.is_some() && witnessed >= latest;
        entries.push(Integrity {
            source: source.path.clone(),
            line: quarantined.origin.line,
            column: quarantined.trouble.column,
            reason: quarantined.trouble.reason.code(),
            says: quarantined.trouble.reason.to_string(),
            excerpt: quarantined.excerpt.clone(),
            consequence: if covered {
                "a whole book stated later covers what it may have said"
            } else if is_required_book {
                "this book could not be checked"
            } else if failed_read {
                "no clean verdict: this was not read, and what it says is not known"
            } else {
                "no clean verdict: what it said is not known, and no whole book was stated after it"
            },
            forbids_clean: !covered,
        });
    }
    let to_the_end = parts.audit.is_some() || (parts.window.until.is_none() && parts.window.at.is_none());
    for missing in &parts.missing {
        // A state file describes the end of the tape; a log, all of it.
        let is_book = missing.is_book;
        let forbids_clean = to_the_end || !is_book;
        entries.push(Integrity {
            source: missing.path.clone(),
            line: 0,
            column: None,
            reason: "missing_file",
            says: "the file is not there".to_owned(),
            excerpt: String::new(),
            consequence: match (is_book, forbids_clean) {
                (true, true) => "this book could not be checked",
                (true, false) => "nothing: it would describe a later time",
                (false, _) => "what the bot says it did is not known: nothing can be held against it",
            },
            forbids_clean,
        });
    }
    entries.extend(empty_account(parts));
    entries.sort_by(|one, two| (&one.source, one.line).cmp(&(&two.source, two.line)));
    entries
}

/// The bot's own account of its trades that holds nothing, while other logs tell of trades: it was written anew, or cut in place
/// (`formats.md` T4). Nothing is held against what is not told.
fn empty_account(parts: &Parts<'_>) -> Option<Integrity> {
    let format = logs::ALL.iter().find(|format| format.paths.contains(&logs::OWN_ACCOUNT))?;
    let own: Vec<&Source> = parts.sources.iter().filter(|source| source.format == format.name).collect();
    let is_empty = own.iter().all(|source| source.lines == 0 && source.passed_over == 0);
    let traded = parts.stats.tally.movements > 0;
    own.first().filter(|_| is_empty && traded).map(|source| Integrity {
        source: source.path.clone(),
        line: 0,
        column: None,
        reason: "missing_file",
        says: "the file holds nothing, and other logs tell of trades".to_owned(),
        excerpt: String::new(),
        consequence: "what the bot says it did is not known: nothing can be held against it",
        forbids_clean: true,
    })
}

impl Report {
    /// What was passed over in a source could not be counted: its lines keep the numbers they have from where its reading began. A failed read
    /// can never look clean (design, rule 10).
    pub(crate) fn add_uncounted(&mut self, source: String, reason: &Reason) {
        let place = self.integrity.partition_point(|entry| entry.source < source);
        let entry = Integrity {
            source,
            line: 0,
            column: None,
            reason: reason.code(),
            says: reason.to_string(),
            excerpt: String::new(),
            consequence: "no clean verdict: lines before the window were not counted, and lines in it are numbered from there",
            forbids_clean: true,
        };
        self.integrity.insert(place, entry);
        let why = self.unchecked.partition_point(|reason| reason.as_str() < NOT_UNDERSTOOD);
        if self.unchecked.get(why).is_none_or(|reason| reason != NOT_UNDERSTOOD) {
            self.unchecked.insert(why, NOT_UNDERSTOOD.to_owned());
        }
        if self.verdict == Verdict::Clean {
            self.verdict = Verdict::CouldNotCheck;
        }
    }

    /// Why it could not be checked, beside what the broker did not answer and what was not understood: no witness decides.
    pub fn undecided(&self) -> Vec<String> {
        let broker = self.broker.unchecked();
        self.unchecked.iter().filter(|reason| *reason != NOT_UNDERSTOOD && !broker.contains(reason)).cloned().collect()
    }
}
