//! The day as a picture: a lane for each symbol, drawn here as SVG.
//!
//! No charting library: those that there are draw axes and series, and know nothing of lanes, witnesses and spans; a script that draws
//! would leave paper and mail readers without the picture; and what is needed is lines. All lanes share one horizontal scale that is
//! stretched (`preserveAspectRatio="none"`) while strokes keep their width (`vector-effect: non-scaling-stroke`), so that a dot is a line
//! of no length with a round end, and to zoom is to set another `viewBox`: the script draws nothing again. All marks of a sort in a lane
//! are one path, so that thousands of lanes are still a small document.

use itertools::Itertools;
use rust_decimal::Decimal;
use std::fmt::Write as _;

use super::Told;
use super::lives::{Life, Standing};
use super::scale::{BOTTOM, Clock, Heights, Moment, Span, TOP, Tick, WIDTH, ticks};
use crate::biographies::{Row, What};
use crate::breaks::{Break, Severity};
use crate::calendar::Calendar;
use crate::event::{Action, Form};
use crate::outcome::Outcome;
use crate::position::Quantity;
use crate::time::{self, Time};

/// Lanes shown before the rest is folded.
const SHOWN: usize = 24;

/// The hours of so many days are shaded at the most: of years, a day is narrower than a line.
const MOST_DAYS: i64 = 400;

/// The picture.
pub(super) struct Picture {
    /// Breaks that are not of one symbol.
    pub(super) whole: Vec<Open>,
    pub(super) whole_told: String,
    pub(super) lanes: Vec<Lane>,
    pub(super) folded: Vec<Lane>,
    pub(super) hours: Vec<(i64, i64)>,
    pub(super) hours_told: String,
    pub(super) ticks: Vec<Tick>,
    pub(super) from: Moment,
    pub(super) until: Moment,
    pub(super) width: i64,
}

/// One symbol's lane: a path for each sort of mark.
pub(super) struct Lane {
    pub(super) symbol: String,
    pub(super) place: usize,
    pub(super) standing: Standing,
    pub(super) held: String,
    pub(super) alternative: String,
    pub(super) spans: Vec<Open>,
    pub(super) zero: Decimal,
    pub(super) paths: Vec<(&'static str, String)>,
    pub(super) words: Words,
}

/// A lane in words.
pub(super) struct Words {
    pub(super) opening: String,
    pub(super) end: String,
    pub(super) movements: u32,
    pub(super) held: u32,
    pub(super) failed: u32,
    pub(super) breaks: String,
}

/// The time for which a break was open.
pub(super) struct Open {
    pub(super) x: i64,
    pub(super) width: i64,
    pub(super) class: &'static str,
    pub(super) resolved: bool,
}

/// What part of time is drawn: what happened, within the window.
pub(super) fn span(told: &Told<'_>, lives: &[Life<'_>]) -> Option<Span> {
    let window = told.report.window;
    let within = |at: &Time| window.from.is_none_or(|from| *at >= from) && window.until.is_none_or(|until| *at <= until);
    let rows = lives.iter().flat_map(|life| life.rows().iter().flat_map(|row| [row.at, row.last.0]));
    let breaks = told.report.breaks.iter().flat_map(|found| [Some(found.opened_at), found.resolved_at]).flatten();
    let moments = rows.chain(breaks).chain(told.report.fixes.iter().map(|fix| fix.at));
    Span::around(moments.filter(within))
}

/// Draws it.
pub(super) fn of(told: &Told<'_>, lives: &[Life<'_>], span: Span) -> Picture {
    let clock = Clock::of(Some(span));
    let mut lanes: Vec<Lane> = lives.iter().enumerate().map(|(place, life)| lane(place, life, span, clock)).collect();
    let folded = lanes.split_off(lanes.len().min(SHOWN));
    let (hours, hours_told) = hours(told.calendar, span);
    let (from, until) = (clock.moment(span.from), clock.moment(span.until));
    let breaks = told.report.breaks.iter();
    let whole: Vec<&Break> = breaks.filter(|found| found.symbol.is_none() && found.severity > Severity::Note).collect();
    let whole_told = whole.iter().map(|found| lived(found, clock)).join("; ");
    let whole = whole.into_iter().map(|found| open(found, span)).collect();
    Picture { whole, whole_told, lanes, folded, hours, hours_told, ticks: ticks(span), from, until, width: WIDTH }
}

fn hours(calendar: &Calendar, span: Span) -> (Vec<(i64, i64)>, String) {
    if (span.until - span.from).num_days() > MOST_DAYS {
        return (Vec::new(), "too long a time to shade the hours of the exchange".to_owned());
    }
    let days = time::exchange_day(span.from).iter_days().take_while(|day| *day <= time::exchange_day(span.until));
    let sessions: Vec<_> = days
        .filter_map(|day| calendar.session(day))
        .filter(|session| session.closes > span.from && session.opens < span.until)
        .collect();
    let told = match sessions.as_slice() {
        [] => "the exchange was closed".to_owned(),
        [day] => format!("exchange open {} to {} UTC", day.opens.utc().format("%H:%M"), day.closes.utc().format("%H:%M")),
        days => format!("exchange open, {} days", days.len()),
    };
    let shaded = sessions.iter().map(|session| (span.x(session.opens), span.x(session.closes) - span.x(session.opens)));
    (shaded.collect(), told)
}

fn lane(place: usize, life: &Life<'_>, span: Span, clock: Clock) -> Lane {
    let words = words(life, clock);
    let heights = heights(life);
    let mut marks = Marks { span, heights, paths: Vec::new() };
    marks.line(life);
    life.rows().iter().filter(|row| row.at != Time::UNIX_EPOCH).for_each(|row| marks.row(row));
    for fix in &life.fixes {
        let sort = if fix.verdict() == "routine" { Sort::Routine } else { Sort::Fixed };
        marks.add(sort, span.x(fix.at), format_args!("1V{}", if sort == Sort::Fixed { TOP } else { TOP - 5 }));
    }
    let end = words.end.clone();
    Lane {
        symbol: life.symbol.to_string(),
        place,
        standing: life.standing,
        alternative: format!(
            "{}: {}. {} should be held at the beginning, {end} at the end. {} movements, {} statements hold, {} fail. {}",
            life.symbol,
            life.standing.word(),
            words.opening,
            words.movements,
            words.held,
            words.failed,
            words.breaks
        ),
        held: if end == "0" { "flat".to_owned() } else { end },
        spans: life.breaks.iter().filter(|found| found.severity > Severity::Note).map(|found| open(found, span)).collect(),
        zero: heights.y(Decimal::ZERO),
        paths: marks.drawn(),
        words,
    }
}

fn open(found: &Break, span: Span) -> Open {
    let (x, end) = (span.x(found.opened_at), span.x(found.resolved_at.unwrap_or(span.until)));
    let class = if found.severity == Severity::Break { "open" } else { "warn" };
    Open { x, width: (end - x).max(1), class, resolved: found.resolved_at.is_some() }
}

fn words(life: &Life<'_>, clock: Clock) -> Words {
    let opening = life.biography.map_or(Quantity::UNKNOWN, |biography| biography.opening);
    let end = life.rows().last().map_or(opening, |row| row.expected);
    let (sum, failed) = life.biography.map(crate::biographies::Biography::sum).unwrap_or_default();
    let breaks = life.breaks.iter().filter(|found| found.severity > Severity::Note).map(|found| lived(found, clock)).join("; ");
    Words {
        opening: opening.to_string(),
        end: end.to_string(),
        movements: sum.movements,
        held: sum.held,
        failed: sum.failed_again + failed,
        breaks: if breaks.is_empty() { "no break".to_owned() } else { breaks },
    }
}

/// `break quantity opened 14:15:04.870, resolved 14:16:00.310`.
fn lived(found: &Break, clock: Clock) -> String {
    let until = found.resolved_at.map_or_else(|| "still open".to_owned(), |at| format!("resolved {}", clock.moment(at).shown));
    format!("{} {} opened {}, {until}", found.severity.code(), found.kind.code(), clock.moment(found.opened_at).shown)
}

fn heights(life: &Life<'_>) -> Heights {
    let mut heights = Heights::default();
    for row in life.rows() {
        [row.expected.low(), row.expected.high()].into_iter().flatten().for_each(|quantity| heights.include(quantity));
        if let What::Stated(_, Form::Equals(quantity) | Form::AtLeast(quantity)) = row.what {
            heights.include(quantity);
        }
    }
    heights
}

/// The sorts of mark, in the order in which they lie over each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Range,
    Unknown,
    Line,
    Moved,
    Filled,
    Routine,
    Fixed,
    Run,
    Held,
    Grace,
    Confirms,
    Confirmed,
    Again,
    Failed,
}

impl Sort {
    fn class(self) -> &'static str {
        match self {
            Sort::Range => "range",
            Sort::Unknown => "unknown",
            Sort::Line => "line",
            Sort::Moved => "moved",
            Sort::Filled => "filled",
            Sort::Routine => "routine",
            Sort::Fixed => "fixed",
            Sort::Run => "run",
            Sort::Held => "held",
            Sort::Grace => "grace",
            Sort::Confirms => "confirms",
            Sort::Confirmed => "confirmed",
            Sort::Again => "again",
            Sort::Failed => "failed",
        }
    }
}

/// A lane's paths while they are drawn.
struct Marks {
    span: Span,
    heights: Heights,
    paths: Vec<(Sort, String)>,
}

impl Marks {
    fn path(&mut self, sort: Sort) -> &mut String {
        let place = match self.paths.iter().position(|(other, _)| *other == sort) {
            Some(place) => place,
            None => {
                self.paths.push((sort, String::new()));
                self.paths.len() - 1
            }
        };
        &mut self.paths[place].1
    }

    fn add(&mut self, sort: Sort, x: i64, rest: std::fmt::Arguments<'_>) {
        // Writing into a string cannot fail.
        let _ = write!(self.path(sort), "M{x} {rest}");
    }

    fn drawn(mut self) -> Vec<(&'static str, String)> {
        self.paths.sort_by_key(|(sort, _)| *sort);
        self.paths.into_iter().map(|(sort, path)| (sort.class(), path)).collect()
    }

    /// The expected quantity as a stepped line; as a band where it is a range, and dashed where nothing is known.
    fn line(&mut self, life: &Life<'_>) {
        let opening = life.biography.map_or(Quantity::UNKNOWN, |biography| biography.opening);
        let (mut since, mut quantity, mut joined) = (0, opening, false);
        for row in life.rows().iter().filter(|row| row.at != Time::UNIX_EPOCH) {
            if row.expected != quantity {
                let several = matches!(row.what, What::Several(_));
                let x = self.span.x(if several { row.last.0 } else { row.at });
                self.step(since, x, quantity, joined);
                joined = quantity.known().is_some() && row.expected.known().is_some();
                (since, quantity) = (x, row.expected);
            }
        }
        self.step(since, WIDTH, quantity, joined);
    }

    fn step(&mut self, from: i64, to: i64, quantity: Quantity, joined: bool) {
        match (quantity.low(), quantity.high()) {
            (Some(low), Some(high)) if low == high => {
                let y = self.heights.y(low);
                if joined {
                    let _ = write!(self.path(Sort::Line), "V{y}H{to}");
                } else {
                    self.add(Sort::Line, from, format_args!("{y}H{to}"));
                }
            }
            (None, None) => self.add(Sort::Unknown, from, format_args!("{}H{to}", (TOP + BOTTOM) / 2)),
            (low, high) => {
                let low = low.map_or(Decimal::from(BOTTOM), |low| self.heights.y(low));
                let high = high.map_or(Decimal::from(TOP), |high| self.heights.y(high));
                self.add(Sort::Range, from, format_args!("{low}H{to}V{high}H{from}Z"));
            }
        }
    }

    fn row(&mut self, row: &Row) {
        let x = self.span.x(row.at);
        match &row.what {
            What::Moved(movement) if matches!(movement.action, Action::Fill(_)) => {
                self.add(Sort::Filled, x, format_args!("52V56"))
            }
            What::Moved(_) => self.add(Sort::Moved, x, format_args!("47V56")),
            What::Several(_) => {
                let y = self.level(row.expected);
                let end = self.span.x(row.last.0);
                self.add(Sort::Run, x, format_args!("{y}H{end}"));
            }
            What::Stated(_, form) => {
                let y = match form {
                    Form::Equals(quantity) | Form::AtLeast(quantity) => self.heights.y(*quantity),
                    Form::NotHeld => self.heights.y(Decimal::ZERO),
                    Form::Held | Form::ScoreLost(_) => self.level(row.expected),
                };
                let sort = match row.outcome {
                    Some(Outcome::Failed) => Sort::Failed,
                    Some(Outcome::FailedAgain) => Sort::Again,
                    Some(Outcome::HeldWithinGrace | Outcome::ProvesNothing) => Sort::Grace,
                    Some(Outcome::Held) | None => Sort::Held,
                };
                self.statement(row, sort, x, y);
            }
        }
    }

    fn statement(&mut self, row: &Row, sort: Sort, x: i64, y: Decimal) {
        if row.more > 0 {
            let end = self.span.x(row.last.0);
            self.add(if sort == Sort::Again { sort } else { Sort::Run }, x, format_args!("{y}H{end}"));
            self.add(sort, end, format_args!("{y}v.01"));
        }
        if row.confirms {
            // A ring is a dot with a smaller one over it.
            self.add(Sort::Confirms, x, format_args!("{y}v.01"));
            self.add(Sort::Confirmed, x, format_args!("{y}v.01"));
        } else {
            self.add(sort, x, format_args!("{y}v.01"));
        }
    }

    fn level(&self, quantity: Quantity) -> Decimal {
        match (quantity.low(), quantity.high()) {
            (Some(low), Some(high)) => (self.heights.y(low) + self.heights.y(high)) / Decimal::TWO,
            (Some(end), None) | (None, Some(end)) => self.heights.y(end),
            (None, None) => Decimal::from((TOP + BOTTOM) / 2),
        }
    }
}
