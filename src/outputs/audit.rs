//! What `audit` shows beside a replay: the account, each position with its worth and age, what ran last, and the checks.

use chrono::Duration;
use itertools::Itertools;
use owo_colors::Style;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

use super::paint::Look;
use super::table::Rows;
use super::text::{filled, line, wrapped};
use crate::breaks::BookName;
use crate::checks::{Audit, Finding, Status, span};
use crate::event::Holding;
use crate::position::{Position, Symbol, plain};
use crate::report::{BookRow, Report};
use crate::time;

/// Positions shown before the rest is folded.
const SHOWN: usize = 40;

/// Columns below which what a check says stands below its name.
const NARROW: usize = 80;

/// Writes it; nothing for a replay.
pub fn write(report: &Report, look: &Look, out: &mut String) {
    let Some(audit) = &report.audit else { return };
    account(report, look, out);
    positions(report, audit, look, out);
    activity(audit, look, out);
    checks(report, look, out);
}

fn account(report: &Report, look: &Look, out: &mut String) {
    let Some(account) = &report.broker.account else { return };
    let money = |value: Option<Decimal>| value.map_or_else(|| "?".to_owned(), |value| usd(value, false));
    let status = account.status.as_deref().unwrap_or("of unknown status");
    let blocks = if account.blocks.is_empty() { String::new() } else { format!(", {}", account.blocks.join(", ")) };
    let (equity, cash) = (money(account.equity), money(account.cash));
    line(out, "");
    wrapped(out, look, &format!("account {status}{blocks}, equity {equity} USD, cash {cash} USD"), "  ");
}

/// Signed quantities; the age is the tape's, because the executor's `ts` is set anew by every round of the reconciler (incident 16).
fn positions(report: &Report, audit: &Audit, look: &Look, out: &mut String) {
    let rows = |name: BookName| report.books.iter().filter(move |book| book.name == name).flat_map(|book| &book.rows);
    let expected: BTreeMap<&Symbol, &Position> = rows(BookName::Expected)
        .filter_map(|(symbol, row)| if let BookRow::Expected(position) = row { Some((symbol, position)) } else { None })
        .collect();
    let mut table = Rows::under(&["position", "quantity", "entry", "now", "unrealised USD", "%", "held for", "score"], 1);
    let held = rows(BookName::Broker).collect::<Vec<_>>();
    for (symbol, row) in held.iter().take(if look.verbose { held.len() } else { SHOWN }) {
        let BookRow::Stated(holding) = row else { continue };
        let cells = cells(holding, expected.get(symbol).copied(), audit);
        table.push(None, std::iter::once(symbol.to_string()).chain(cells).collect());
    }
    if held.is_empty() {
        return;
    }
    line(out, "");
    table.write(look, out);
    if held.len() > SHOWN && !look.verbose {
        line(out, &format!("  (+{} more positions: --verbose)", held.len() - SHOWN));
    }
}

pub(super) fn cells(holding: &Holding, expected: Option<&Position>, audit: &Audit) -> [String; 7] {
    let empty = || "-".to_owned();
    let (profit, percent) = profit(holding).unzip();
    // Where the opening balance is not known the book has no time of entry, and the entries themselves tell.
    let entered =
        expected.and_then(|position| position.entry_time).or_else(|| audit.activity.entered.get(&holding.symbol).copied());
    let age = entered.map(|entered| span((audit.now - entered).max(Duration::zero())));
    [
        holding.quantity.map_or_else(empty, plain),
        holding.price.map_or_else(empty, |price| plain(price.round_dp(4))),
        holding.market_price.map_or_else(empty, |price| plain(price.round_dp(4))),
        profit.map_or_else(empty, |profit| usd(profit, true)),
        percent.flatten().map_or_else(empty, |percent| usd(percent, true)),
        age.unwrap_or_else(empty),
        expected.and_then(|position| position.entry_score).map_or_else(empty, plain),
    ]
}

/// Profit in USD, and in percent of what was paid. The broker's own `unrealized_plpc` is a fraction (incident 16): it is not used.
fn profit(holding: &Holding) -> Option<(Decimal, Option<Decimal>)> {
    let (quantity, entry, now) = (holding.quantity?, holding.price?, holding.market_price?);
    let units = quantity.checked_mul(holding.symbol.multiplier())?;
    let profit = (now - entry).checked_mul(units)?;
    let paid = entry.checked_mul(units)?.abs();
    let percent = profit.checked_mul(Decimal::ONE_HUNDRED).and_then(|profit| profit.checked_div(paid));
    Some((profit, percent))
}

/// Two decimals, with its sign where it is a difference.
fn usd(value: Decimal, signed: bool) -> String {
    let value = value.round_dp(2);
    let value = if value.is_zero() { Decimal::ZERO } else { value };
    if signed && value > Decimal::ZERO { format!("+{value:.2}") } else { format!("{value:.2}") }
}

fn activity(audit: &Audit, look: &Look, out: &mut String) {
    line(out, "");
    wrapped(out, look, &ran(audit).map(|part| part.replace(' ', "\u{a0}")).join(", "), "  ");
}

/// What ran last, and how long ago.
pub(super) fn ran(audit: &Audit) -> [String; 4] {
    let activity = &audit.activity;
    let ago = |at: Option<time::Time>| at.map_or_else(|| "never".to_owned(), |at| format!("{} ago", span(audit.now - at)));
    let entry = activity.last_entry.as_ref().map(|entry| format!("{} ", entry.symbol)).unwrap_or_default();
    let exit = activity.last_exit.as_ref().map(|(_, symbol)| format!("{symbol} ")).unwrap_or_default();
    let entered = ago(activity.last_entry.as_ref().map(|entry| entry.at));
    let exited = ago(activity.last_exit.as_ref().map(|(at, _)| *at));
    let cycle = ago(activity.cycles.last().copied());
    let reconciled = ago(activity.last_reconciled);
    [
        format!("last entry {entry}{entered}"),
        format!("exit {exit}{exited}"),
        format!("cycle {cycle}"),
        format!("reconcile {reconciled}"),
    ]
}

fn checks(report: &Report, look: &Look, out: &mut String) {
    let widest = report.checks.iter().map(|check| check.id.len()).max().unwrap_or(0);
    line(out, "");
    for check in &report.checks {
        let (word, style) = word(check);
        if look.width < NARROW {
            line(out, &format!("{} {}", look.paint(&format!("{word:<6}"), style), check.id));
            line(out, &filled(look, &check.summary, "       ", "       "));
            continue;
        }
        let indent = " ".repeat(widest + 9);
        let text = filled(look, &check.summary, &indent, &indent);
        line(out, &format!("{} {:<widest$}  {}", look.paint(&format!("{word:<6}"), style), check.id, text.trim_start()));
    }
    let counts = report.checks.iter().counts_by(|check| check.status.code());
    let told = ["pass", "warn", "fail", "could_not_check"];
    let told = told.iter().filter_map(|code| Some(format!("{} {code}", counts.get(code)?))).join(", ");
    line(out, &format!("{} checks: {told}", report.checks.len()));
}

fn word(check: &Finding) -> (&'static str, Style) {
    match check.status {
        Status::Pass => ("pass", Style::new().green()),
        Status::Warn => ("warn", Style::new().yellow()),
        Status::Fail => ("FAIL", Style::new().red().bold()),
        Status::CouldNotCheck => ("?", Style::new().yellow().bold()),
    }
}
