//! Scale: where a moment and a quantity lie in the picture, and the moments at which its axis is labelled.

use chrono::{Datelike, Duration};
use rust_decimal::Decimal;

use crate::time::{self, Time};

/// Width of the picture in its own units. Whole numbers up to this are exact in any browser, and fine enough for a day's tenths of seconds.
pub(super) const WIDTH: i64 = 1_000_000;

/// Top and bottom of a lane's quantities, in pixels; above are the fixes, below the movements.
pub(super) const TOP: i64 = 12;
pub(super) const BOTTOM: i64 = 44;

/// The stretch of time that is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Time,
    pub(super) until: Time,
}

impl Span {
    /// Around these moments, with a margin so that nothing lies on the edge; `None` without any.
    pub(super) fn around(moments: impl Iterator<Item = Time>) -> Option<Span> {
        let ends = moments.filter(|at| *at != Time::UNIX_EPOCH).fold(None, |ends: Option<(Time, Time)>, at| match ends {
            Some((from, until)) => Some((from.min(at), until.max(at))),
            None => Some((at, at)),
        });
        let (from, until) = ends?;
        let margin = Duration::milliseconds(((until - from).num_milliseconds() / 60).max(1000));
        Some(Span { from: from - margin, until: until + margin })
    }

    /// Where a moment lies; what is outside lies on the edge.
    pub(super) fn x(&self, at: Time) -> i64 {
        let (part, whole) = ((at - self.from).num_milliseconds(), (self.until - self.from).num_milliseconds().max(1));
        // Two hundred years of milliseconds times the width still fit.
        i64::try_from(i128::from(part) * i128::from(WIDTH) / i128::from(whole)).unwrap_or(WIDTH).clamp(0, WIDTH)
    }
}

/// A lane's quantities from lowest to highest; zero is always among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Heights {
    pub(super) low: Decimal,
    pub(super) high: Decimal,
}

impl Heights {
    pub(super) fn include(&mut self, quantity: Decimal) {
        self.low = self.low.min(quantity);
        self.high = self.high.max(quantity);
    }

    /// Where a quantity lies, in tenths of a pixel's exactness.
    pub(super) fn y(&self, quantity: Decimal) -> Decimal {
        let room = Decimal::from(BOTTOM - TOP);
        let part = quantity - self.low;
        let share = part.checked_mul(room).and_then(|part| part.checked_div(self.high - self.low)).unwrap_or(Decimal::ZERO);
        (Decimal::from(BOTTOM) - share).round_dp(1).normalize()
    }
}

/// A label of the axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    pub(super) x: i64,
    /// The same in percent, for what does not stretch with the picture.
    pub(super) percent: String,
    pub(super) label: String,
}

/// Steps of an axis, in seconds.
const STEPS: [i64; 18] =
    [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800, MONTH, 3 * MONTH];

/// Steps from here on are labelled with their year.
const MONTH: i64 = 2_592_000;

/// As many labels fit a narrow screen.
const MOST_TICKS: i64 = 7;

/// The labels: round times, UTC. The script has the same rule for a part of the picture.
pub(super) fn ticks(span: Span) -> Vec<Tick> {
    let seconds = (span.until - span.from).num_seconds().max(1);
    let step = STEPS.into_iter().find(|step| seconds / step <= MOST_TICKS).unwrap_or(seconds / MOST_TICKS);
    let first = span.from.seconds().div_euclid(step) + 1;
    let moments = (first..).map(|number| number * step).take_while(|at| *at < span.until.seconds());
    let ticks = moments.map(Time::of_seconds).map(|at| {
        let x = span.x(at);
        let percent = Decimal::new(x, 4).round_dp(2).normalize().to_string();
        let pattern = if step >= MONTH {
            "%Y-%m-%d"
        } else if step >= 86_400 {
            "%m-%d"
        } else if step >= 60 {
            "%H:%M"
        } else {
            "%H:%M:%S"
        };
        let midnight = step < 86_400 && at.seconds() % 86_400 == 0;
        Tick { x, percent, label: at.utc().format(if midnight { "%m-%d" } else { pattern }).to_string() }
    });
    // A label at the edge would be cut.
    ticks.filter(|tick| (WIDTH / 50..=WIDTH - WIDTH / 40).contains(&tick.x)).collect()
}

/// How much of a date the times of one page need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// All of them are of one day: none.
    OneDay,
    /// All of them are of one year: month and day.
    OneYear,
    /// The whole date.
    Years,
}

/// A moment as it is shown, and exactly.
#[derive(Clone, Debug, PartialEq, Eq, askama::Template)]
#[template(source = "<time datetime=\"{{ exact }}\">{{ shown }}</time>", ext = "html")]
pub(super) struct Moment {
    pub(super) exact: String,
    pub(super) shown: String,
}

impl Clock {
    pub(super) fn of(span: Option<Span>) -> Clock {
        match span {
            Some(span) if span.from.utc().date_naive() == span.until.utc().date_naive() => Clock::OneDay,
            Some(span) if span.from.utc().year() == span.until.utc().year() => Clock::OneYear,
            Some(_) | None => Clock::Years,
        }
    }

    /// Letters of the exact date that are left out.
    pub(super) fn left_out(self) -> usize {
        match self {
            Clock::OneDay => 11,
            Clock::OneYear => 5,
            Clock::Years => 0,
        }
    }

    pub(super) fn moment(self, at: Time) -> Moment {
        if at == Time::UNIX_EPOCH {
            return Moment { exact: time::show(at), shown: "undated".to_owned() };
        }
        let whole = at.utc().format("%Y-%m-%d %H:%M:%S%.3f").to_string();
        Moment { exact: time::show(at), shown: whole.get(self.left_out()..).unwrap_or(&whole).to_owned() }
    }
}

/// A number of milliseconds since the beginning of a span, for the script.
pub(super) fn since(span: Span, at: Time) -> Option<i64> {
    (at != Time::UNIX_EPOCH).then(|| (at - span.from).num_milliseconds())
}
