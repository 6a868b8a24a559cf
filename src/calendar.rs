//! When the exchange is open: the broker's own calendar where it was read, else the rules that the New York Stock Exchange publishes
//! ("Holidays & Trading Hours", rule 7.2). Hours are New York's, with its daylight saving time (incidents 17 and 22).

use chrono::{Datelike, Days, Duration, NaiveDate, NaiveTime, TimeZone, Weekday};
use chrono_tz::America::New_York;
use std::collections::BTreeMap;

use crate::time::{self, Time};

/// One day of trading, regular hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The day in New York.
    pub day: NaiveDate,
    /// When it opens.
    pub opens: Time,
    /// When it closes.
    pub closes: Time,
}

impl Session {
    /// A session of hours in New York; `None` if it would close before it opens.
    pub fn new(day: NaiveDate, open: NaiveTime, close: NaiveTime) -> Option<Session> {
        let moment = |hour| New_York.from_local_datetime(&day.and_time(hour)).earliest().map(|local| Time::from(local.to_utc()));
        let (opens, closes) = moment(open).zip(moment(close))?;
        (opens < closes).then_some(Session { day, opens, closes })
    }
}

/// Every day of trading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calendar {
    told: BTreeMap<NaiveDate, Session>,
}

/// Days that the exchange closed for once: no rule tells them. Mourning for the presidents Bush and Carter.
const CLOSED_ONCE: [(i32, u32, u32); 2] = [(2018, 12, 5), (2025, 1, 9)];

/// The year from which Juneteenth is a holiday of the exchange.
const JUNETEENTH_SINCE: i32 = 2022;

/// Longer stretches are not counted day by day: ten years of silence are silence.
const LONGEST: Duration = Duration::days(3660);

impl Calendar {
    /// The broker's days; beyond the first and the last of them, the rules.
    pub fn of(sessions: &[Session]) -> Calendar {
        Calendar { told: sessions.iter().map(|session| (session.day, *session)).collect() }
    }

    /// Whose word a day's hours are.
    pub fn source(&self, at: Time) -> &'static str {
        if self.covers(time::exchange_day(at)) { "the broker's calendar" } else { "the exchange's published rules" }
    }

    fn covers(&self, day: NaiveDate) -> bool {
        let ends = self.told.keys().next().zip(self.told.keys().next_back());
        ends.is_some_and(|(first, last)| (*first..=*last).contains(&day))
    }

    /// The session of a day; `None` on weekends and holidays.
    pub fn session(&self, day: NaiveDate) -> Option<Session> {
        if self.covers(day) { self.told.get(&day).copied() } else { by_rule(day) }
    }

    /// Whether the exchange is open.
    pub fn is_open(&self, at: Time) -> bool {
        self.session(time::exchange_day(at)).is_some_and(|session| session.opens <= at && at < session.closes)
    }

    /// How long the exchange was open between two moments.
    pub fn open_between(&self, from: Time, until: Time) -> Duration {
        let from = from.max(until - LONGEST);
        let mut open = Duration::zero();
        let mut day = time::exchange_day(from);
        while day <= time::exchange_day(until) {
            if let Some(session) = self.session(day) {
                open += (session.closes.min(until) - session.opens.max(from)).max(Duration::zero());
            }
            let Some(next) = day.succ_opt() else { break };
            day = next;
        }
        open
    }

    /// When the exchange opens next.
    pub fn next_open(&self, at: Time) -> Option<Time> {
        let today = time::exchange_day(at);
        let days = (0..14).filter_map(|ahead| today.checked_add_days(Days::new(ahead)));
        days.filter_map(|day| self.session(day)).map(|session| session.opens).find(|opens| *opens > at)
    }
}

fn by_rule(day: NaiveDate) -> Option<Session> {
    if is_weekend(day) || is_holiday(day) {
        return None;
    }
    let close = if is_half_day(day) { 13 } else { 16 };
    Session::new(day, NaiveTime::from_hms_opt(9, 30, 0)?, NaiveTime::from_hms_opt(close, 0, 0)?)
}

fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

fn is_holiday(day: NaiveDate) -> bool {
    let year = day.year();
    let fixed = [(6, 19), (7, 4), (12, 25)].into_iter().filter(|(month, _)| *month != 6 || year >= JUNETEENTH_SINCE);
    let observed = fixed.filter_map(|(month, date)| NaiveDate::from_ymd_opt(year, month, date)).map(observed);
    let moving = [
        new_year(year),
        nth(year, 1, Weekday::Mon, 3),
        nth(year, 2, Weekday::Mon, 3),
        easter(year).and_then(|easter| easter.checked_sub_days(Days::new(2))),
        last_monday_of_may(year),
        nth(year, 9, Weekday::Mon, 1),
        thanksgiving(year),
    ];
    observed.chain(moving.into_iter().flatten()).any(|holiday| holiday == day)
        || CLOSED_ONCE.contains(&(year, day.month(), day.day()))
}

/// A holiday on a Saturday is kept on the Friday before, on a Sunday on the Monday after.
fn observed(day: NaiveDate) -> NaiveDate {
    let other = match day.weekday() {
        Weekday::Sat => day.pred_opt(),
        Weekday::Sun => day.succ_opt(),
        Weekday::Mon | Weekday::Tue | Weekday::Wed | Weekday::Thu | Weekday::Fri => None,
    };
    other.unwrap_or(day)
}

/// A New Year on a Saturday is not kept: the Friday before ends the accounting year.
fn new_year(year: i32) -> Option<NaiveDate> {
    let day = NaiveDate::from_ymd_opt(year, 1, 1)?;
    if day.weekday() == Weekday::Sat { None } else { Some(observed(day)) }
}

fn nth(year: i32, month: u32, weekday: Weekday, number: u8) -> Option<NaiveDate> {
    NaiveDate::from_weekday_of_month_opt(year, month, weekday, number)
}

fn last_monday_of_may(year: i32) -> Option<NaiveDate> {
    nth(year, 5, Weekday::Mon, 5).or_else(|| nth(year, 5, Weekday::Mon, 4))
}

fn thanksgiving(year: i32) -> Option<NaiveDate> {
    nth(year, 11, Weekday::Thu, 4)
}

/// One o'clock: the day after Thanksgiving, and the eves of Independence Day and Christmas. Weekends and holidays are told before.
fn is_half_day(day: NaiveDate) -> bool {
    let eve = matches!((day.month(), day.day()), (7, 3) | (12, 24));
    eve || thanksgiving(day.year()).and_then(|thursday| thursday.succ_opt()) == Some(day)
}

/// Easter Sunday, by the anonymous Gregorian algorithm (Meeus, Jones and Butcher).
fn easter(year: i32) -> Option<NaiveDate> {
    let golden = year % 19;
    let (century, rest) = (year / 100, year % 100);
    let (leap_centuries, century_rest) = (century / 4, century % 4);
    let correction = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - leap_centuries - correction + 15) % 30;
    let weekday = (32 + 2 * century_rest + 2 * (rest / 4) - epact - rest % 4) % 7;
    let shift = (golden + 11 * epact + 22 * weekday) / 451;
    let day_of_spring = epact + weekday - 7 * shift + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(day_of_spring / 31).ok()?, u32::try_from(day_of_spring % 31 + 1).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn weekdays_closed(year: i32) -> Vec<String> {
        let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        let days = first.iter_days().take_while(|day| day.year() == year).filter(|day| !is_weekend(*day));
        days.filter(|day| by_rule(*day).is_none()).map(|day| day.format("%m-%d").to_string()).collect()
    }

    fn half_days(year: i32) -> Vec<String> {
        let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        let sessions = first.iter_days().take_while(|day| day.year() == year).filter_map(by_rule);
        let half = sessions.filter(|session| session.closes - session.opens < Duration::hours(6));
        half.map(|session| session.day.format("%m-%d").to_string()).collect()
    }

    #[test]
    fn the_published_years_come_out() {
        assert_eq!(
            weekdays_closed(2026),
            ["01-01", "01-19", "02-16", "04-03", "05-25", "06-19", "07-03", "09-07", "11-26", "12-25"]
        );
        assert_eq!(half_days(2026), ["11-27", "12-24"]);
        assert_eq!(
            weekdays_closed(2025),
            ["01-01", "01-09", "01-20", "02-17", "04-18", "05-26", "06-19", "07-04", "09-01", "11-27", "12-25"]
        );
        assert_eq!(half_days(2025), ["07-03", "11-28", "12-24"]);
        assert_eq!(weekdays_closed(2022), ["01-17", "02-21", "04-15", "05-30", "06-20", "07-04", "09-05", "11-24", "12-26"]);
        assert_eq!(half_days(2022), ["11-25"]);
        assert_eq!(
            weekdays_closed(2027),
            ["01-01", "01-18", "02-15", "03-26", "05-31", "06-18", "07-05", "09-06", "11-25", "12-24"]
        );
        assert_eq!(half_days(2027), ["11-26"]);
    }

    #[test]
    fn hours_are_new_yorks_in_winter_and_in_summer() {
        let calendar = Calendar::default();
        assert!(!calendar.is_open(at("2026-02-09T14:29:59Z")) && calendar.is_open(at("2026-02-09T14:30:00Z")));
        assert!(calendar.is_open(at("2026-02-09T20:59:59Z")) && !calendar.is_open(at("2026-02-09T21:00:00Z")));
        assert!(calendar.is_open(at("2026-04-20T13:30:00Z")) && !calendar.is_open(at("2026-04-20T20:00:00Z")));
        assert!(!calendar.is_open(at("2026-11-27T18:00:00Z")), "a half day");
    }

    #[test]
    fn only_open_time_counts() {
        let calendar = Calendar::default();
        let minutes = |from, until| calendar.open_between(at(from), at(until)).num_minutes();
        assert_eq!(minutes("2026-02-06T20:59:00Z", "2026-02-09T14:31:00Z"), 2, "over a weekend");
        assert_eq!(minutes("2026-02-07T00:00:00Z", "2026-02-08T00:00:00Z"), 0);
        assert_eq!(minutes("2026-02-09T15:00:00Z", "2026-02-09T15:30:00Z"), 30);
        assert_eq!(minutes("2026-02-09T16:00:00Z", "2026-02-09T15:30:00Z"), 0);
        assert_eq!(calendar.next_open(at("2026-02-07T12:00:00Z")), Some(at("2026-02-09T14:30:00Z")));
    }

    #[test]
    fn the_broker_knows_better_within_its_days() {
        let hour = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        let session = |text| Session::new(day(text), hour(10), hour(15)).unwrap();
        let calendar = Calendar::of(&[session("2026-02-09"), session("2026-02-11")]);
        assert!(calendar.session(day("2026-02-10")).is_none(), "a day of mourning");
        assert_eq!(calendar.session(day("2026-02-09")), Some(session("2026-02-09")));
        assert!(calendar.session(day("2026-02-12")).is_some());
        assert_eq!(calendar.source(at("2026-02-10T15:00:00Z")), "the broker's calendar");
        assert_eq!(calendar.source(at("2026-03-10T15:00:00Z")), "the exchange's published rules");
    }
}
