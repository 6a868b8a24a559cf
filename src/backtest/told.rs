//! A backtest for people: a table, what was wrong with one setting, and what is proposed.

use chrono::Duration;
use owo_colors::Style;

use super::tune::{self, Proposal};
use super::{Backtest, Grid, Lags, Named, Score, Setting, percentile};
use crate::outputs::paint::Look;
use crate::outputs::table::Rows;
use crate::time;

/// So many false alarms and misses are named.
const NAMED: usize = 20;

/// As many as fit eighty columns: the document has more.
const HEADER: [&str; 10] = ["every", "confirm", "grace", "settle", "found", "missed", "false", "median", "90 %", "extra"];

/// What is told. `proposes`: which setting to take, too.
pub fn text(backtest: &Backtest, grid: &Grid, proposes: bool, look: &Look) -> String {
    let mut out = summary(backtest);
    if !look.quiet {
        out.push('\n');
        table(backtest.scores.iter(), look, &mut out);
    }
    let proposal = if proposes { tune::propose(backtest, grid) } else { None };
    let usual = backtest.scores.iter().find(|score| score.setting == Setting::usual());
    let named = proposal
        .as_ref()
        .map(|proposal| proposal.score)
        .or(usual)
        .or(backtest.scores.first().filter(|_| backtest.scores.len() == 1));
    if let Some(proposal) = &proposal {
        proposed(proposal, look, &mut out);
    } else if proposes {
        out.push_str("\nnothing is proposed: with no setting was there a break to announce\n");
    }
    if proposes {
        lags(&backtest.lags, &mut out);
    }
    if let Some(score) = named {
        wrong(score, look, &mut out);
    }
    for (day, why) in &backtest.failed {
        out.push_str(&format!("\ncould not be replayed: {day}: {why}\n"));
    }
    out
}

fn summary(backtest: &Backtest) -> String {
    let (days, real, settings) = (backtest.days.len(), backtest.real, backtest.scores.len());
    let s = |number: usize| if number == 1 { "" } else { "s" };
    let counts = if real == 1 { "break that counts" } else { "breaks that count" };
    format!("{days} day{}, {real} {counts}, {settings} setting{}\n", s(days), s(settings))
}

fn table<'a>(scores: impl Iterator<Item = &'a Score>, look: &Look, out: &mut String) {
    let mut rows = Rows::under(&HEADER, 0);
    for score in scores {
        rows.push((!score.is_right()).then(|| Style::new().red()), cells(score));
    }
    rows.write(look, out);
}

fn cells(score: &Score) -> Vec<String> {
    let Setting { interval, confirm, grace, settle } = score.setting;
    let setting = [format!("{interval}s"), confirm.to_string(), format!("{grace}s"), format!("{settle}s")];
    let counted = [score.delays.len(), score.missed.len(), score.false_alarms.len()].map(|count| count.to_string());
    let delays = [50, 90].map(|hundredths| seconds(percentile(&score.delays, hundredths)));
    setting.into_iter().chain(counted).chain(delays).chain([score.extra.to_string()]).collect()
}

fn seconds(time: Option<Duration>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| format!("{}s", time.num_seconds()))
}

fn spelt(setting: Setting) -> String {
    let Setting { interval, confirm, grace, settle } = setting;
    format!("--interval {interval} --confirm {confirm} --grace {grace} --settle {settle}")
}

fn proposed(proposal: &Proposal<'_>, look: &Look, out: &mut String) {
    let why = if proposal.is_compromise { "fewest misses and false alarms" } else { "soonest without a false alarm or a miss" };
    out.push_str(&format!("\nproposed: {} ({why})\n\n", spelt(proposal.score.setting)));
    out.push_str("a step away:\n");
    table(std::iter::once(proposal.score).chain(proposal.steps.iter().map(|(_, score)| *score)), look, out);
}

fn lags(lags: &Lags, out: &mut String) {
    out.push_str(&format!(
        "\nmovements until a whole book of the broker shows them: {} of {}, median {}, 90 % {}, 99 % {}, longest {}\n\
         never shown {}, moved again before the next book {}, quantity not known {}\n",
        lags.shown.len(),
        lags.count(),
        seconds(percentile(&lags.shown, 50)),
        seconds(percentile(&lags.shown, 90)),
        seconds(percentile(&lags.shown, 99)),
        seconds(lags.shown.last().copied()),
        lags.never,
        lags.overtaken,
        lags.unknown,
    ));
}

/// What was wrong with a setting, by name.
fn wrong(score: &Score, look: &Look, out: &mut String) {
    if score.is_right() {
        return;
    }
    out.push_str(&format!("\nwrong with {}:\n", spelt(score.setting)));
    let mut list = |what: &str, named: &[Named]| {
        let most = if look.verbose { named.len() } else { NAMED };
        for Named { day, at, subject } in named.iter().take(most) {
            out.push_str(&format!("  {what}  {} {subject} in {day}\n", time::show(*at)));
        }
        if named.len() > most {
            out.push_str(&format!("  {what}  {} more (--verbose)\n", named.len() - most));
        }
    };
    list("missed     ", &score.missed);
    list("false alarm", &score.false_alarms);
}
