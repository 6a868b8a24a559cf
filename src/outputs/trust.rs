//! The end of the text report: the account of every line read, and of what could not be trusted.

use itertools::Itertools;
use owo_colors::Style;
use std::collections::BTreeMap;

use super::paint::Look;
use super::text::{SHOWN, filled, line, plural, wrapped};
use crate::integrity::Integrity;
use crate::report::Report;
use crate::time;

/// Writes what was read, what was passed over, and what could not be understood.
pub(super) fn write(report: &Report, look: &Look, out: &mut String) {
    let sum = |of: fn(&crate::source::Source) -> u64| report.sources.iter().map(of).sum::<u64>();
    let mut ignored: BTreeMap<&str, u64> = BTreeMap::new();
    for source in &report.sources {
        for (rule, count) in &source.ignored {
            *ignored.entry(rule).or_default() += count;
        }
    }
    let rules = ignored.iter().map(|(rule, count)| format!("{count} {rule}")).join(", ");
    let ignored_text =
        if rules.is_empty() { "0 ignored".to_owned() } else { format!("{} ignored ({rules})", ignored.values().sum::<u64>()) };
    let text = format!(
        "{} lines of {} files: {} understood, {ignored_text}, {} quarantined",
        sum(|source| source.lines),
        report.sources.len(),
        sum(|source| source.understood),
        sum(|source| source.quarantined),
    );
    line(out, "");
    wrapped(out, look, &text, "  ");
    passed_over(report, look, out);
    let shown = if look.verbose { report.integrity.len() } else { report.integrity.len().min(SHOWN) };
    for entry in &report.integrity[..shown] {
        one_entry(entry, look, out);
    }
    if report.integrity.len() > shown {
        line(out, &format!("  (+{} more: --verbose)", report.integrity.len() - shown));
    }
    if report.stats.symbols_left_out > 0 {
        line(out, &format!("{} left out by --symbol", plural(report.stats.symbols_left_out as usize, "symbol")));
    }
    if look.verbose {
        for source in &report.sources {
            let text = format!(
                "  {}: {} lines, {} bytes, {} events, {} out of order, {} duplicates, newest {}",
                source.path,
                source.lines,
                source.bytes,
                source.events,
                source.out_of_order,
                source.duplicates,
                source.last.map_or_else(|| "none".to_owned(), time::show),
            );
            wrapped(out, look, &text, "    ");
        }
    }
}

/// What of large logs lies outside of the window and was not read, and what states the opening balance instead.
fn passed_over(report: &Report, look: &Look, out: &mut String) {
    let Some((at, origin)) = report.opening else { return };
    let bytes: u64 = report.sources.iter().map(|source| source.passed_over).sum();
    let place = format!("{}:{}", report.path_of(origin), report.line_of(origin));
    let text = format!(
        "{} MB of logs outside of the window were passed over: what was held before it is what {place} states at {}",
        bytes / 1_000_000,
        time::show(at),
    );
    wrapped(out, look, &text, "  ");
}

/// So many bytes stand before the one that could not be understood, where the excerpt shows it and shows every byte as it is.
fn bytes_before(entry: &Integrity, shown: &str) -> Option<usize> {
    let before = entry.column.and_then(|column| usize::try_from(column).ok())?.checked_sub(1)?;
    let is_plain = entry.excerpt.is_ascii() && !entry.excerpt.contains("\\u{");
    let is_shown = shown.get(..=before).is_some_and(|text| entry.excerpt.starts_with(text));
    (before > 0 && is_plain && is_shown).then_some(before)
}

fn one_entry(entry: &Integrity, look: &Look, out: &mut String) {
    let column = entry.column.map(|column| format!(":{column}")).unwrap_or_default();
    let place = if entry.line == 0 { entry.source.clone() } else { format!("{}:{}{column}", entry.source, entry.line) };
    wrapped(out, look, &format!("  {}  {}", look.paint(&place, Style::new().blue()), entry.says), "      ");
    if !entry.excerpt.is_empty() {
        let text = look.cut(&look.spelt(&entry.excerpt), 8);
        let bar = look.bar();
        line(out, &look.paint(&format!("      {bar} {text}"), Style::new().dimmed()));
        if let Some(before) = bytes_before(entry, &text) {
            let mark = look.paint("^", Style::new().yellow().bold());
            line(out, &format!("      {} {}{mark}", look.paint(bar, Style::new().dimmed()), " ".repeat(before)));
        }
    }
    let style = if entry.forbids_clean { Style::new().yellow() } else { Style::new() };
    line(out, &look.paint(&filled(look, entry.consequence, "      ", "        "), style));
}
