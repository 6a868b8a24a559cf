//! A simulated week beside a fake broker: a guard looks every minute, much faster than time passes, while things go wrong. In the end every
//! fault must have been announced once and be over once, and nothing else announced.
//!
//!     cargo run --release --example soak -- --days 7 --speed 1000
//!
//! Exit status 0: none missed, no false alarm; 1 otherwise.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a simulation: it measures, and says what it found"
)]

#[path = "../../tests/fake/mod.rs"]
#[expect(dead_code, reason = "the tests look at more of the fake than this does")]
mod fake;
mod world;

use chrono::{Duration, NaiveDate};
use clap::Parser;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use fake::book::Book;
use fake::scenario::Scenario;
use fake::{Fake, KEY, SECRET};
use tapecheck::Request;
use tapecheck::alarms::rules::Rules;
use tapecheck::alarms::{Announcement, Turn};
use tapecheck::brokers::alpaca::live::Live;
use tapecheck::follow::Asked;
use tapecheck::time::Time;
use tapecheck::watch::Guard;
use tapecheck::watch::store::Store;
use world::{Fault, Played, World};

#[derive(Parser)]
struct Arguments {
    /// Days that are simulated, from a Monday on.
    #[arg(long, default_value_t = 7)]
    days: i64,
    /// How many times faster than time; 0: as fast as it goes.
    #[arg(long, default_value_t = 1000)]
    speed: i64,
    /// Seconds between looks.
    #[arg(long, default_value_t = 60)]
    interval: i64,
    /// Where the bot's files and the guard's state go; a temporary folder otherwise.
    #[arg(long)]
    folder: Option<std::path::PathBuf>,
}

/// What time it is in the simulation.
static NOW: AtomicI64 = AtomicI64::new(0);
static URL: std::sync::OnceLock<String> = std::sync::OnceLock::new();

fn clock() -> Time {
    Time::of_nanoseconds(NOW.load(Ordering::SeqCst))
}

fn environment(name: &str) -> Option<String> {
    match name {
        "APCA_API_BASE_URL" => URL.get().cloned(),
        "APCA_API_KEY_ID" => Some(KEY.to_owned()),
        "APCA_API_SECRET_KEY" => Some(SECRET.to_owned()),
        _ => None,
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = arguments.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let book = Book { calendar: "[]".to_owned(), ..Book::quiet() };
    let book = Book { positions: "[]".to_owned(), ..book };
    let fake = runtime.block_on(Fake::start(book, Scenario::Ok, 0)).expect("a fake broker");
    URL.set(fake.url()).expect("set once");
    if play(&arguments, &folder, &fake) { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// The fake's answers never disagree with each other, and its clock stands still while it is read: there is nothing to wait for.
fn live() -> Live {
    let timeout = std::time::Duration::from_secs(2);
    Live { timeout, settle: std::time::Duration::ZERO, allow_hosts: Vec::new(), clock, environment }
}

fn begin(folder: &Path) -> Guard {
    let request = Request { directory: folder.join("bot"), live: Some(live()), audit: Some(clock), ..Request::default() };
    let store = Store::open(&folder.join("state"), 1).expect("a store");
    let (guard, notices) = Guard::begin(request, Rules::default(), Some(store));
    notices.iter().for_each(|notice| println!("{} {notice}", clock()));
    guard
}

fn play(arguments: &Arguments, folder: &Path, fake: &Fake) -> bool {
    let (before, first) =
        (NaiveDate::from_ymd_opt(2026, 1, 30).expect("a Friday"), NaiveDate::from_ymd_opt(2026, 2, 2).expect("a Monday"));
    let mut world = World::new(&folder.join("bot"), before);
    world.plan(before, &[]);
    world.pass(first.and_hms_opt(0, 0, 0).expect("midnight").and_utc(), fake);
    for day in 0..arguments.days {
        // A handful each day, in turn, each kind several times a week.
        let faults: Vec<Fault> =
            (0..8).map(|place| Fault::ALL[usize::try_from(day * 3 + place).unwrap_or(0) % Fault::ALL.len()]).collect();
        world.plan(first + Duration::days(day), &faults);
    }
    calendar(fake, first, arguments.days);
    let (began, end) = (Instant::now(), world.now + Duration::days(arguments.days));
    let mut guard = begin(folder);
    let (mut told, mut resident, mut slowest, mut restarts, mut looks) = (Vec::new(), Vec::new(), (0u128, 0u128), 0, 0u64);
    let (mut spent, mut whole) = (0u128, 0);
    // A second more than a minute, so that looks fall on every part of the bot's minute.
    let step = Duration::seconds(arguments.interval + 1);
    while world.now < end {
        let next = world.now + step;
        world.pass(next, fake);
        NOW.store(next.timestamp_nanos_opt().expect("this century"), Ordering::SeqCst);
        let look = Instant::now();
        told.extend(one_look(&mut guard, &folder.join("bot"), fake));
        let took = look.elapsed().as_micros();
        spent += took;
        slowest = if looks < 5_000 { (slowest.0.max(took), slowest.1) } else { (slowest.0, slowest.1.max(took)) };
        looks += 1;
        if looks % 360 == 0 {
            whole += guard.count.whole;
            drop(guard);
            guard = begin(folder);
            restarts += 1;
        }
        if looks % 1_000 == 0 {
            resident.push(resident_kib());
            println!("{next}  {looks} looks, {} KiB resident, {} ms a look", resident_kib(), spent / 1_000 / u128::from(looks));
        }
        if arguments.speed > 0 {
            let due = std::time::Duration::from_millis(
                u64::try_from((next - (end - Duration::days(arguments.days))).num_milliseconds() / arguments.speed).unwrap_or(0),
            );
            std::thread::sleep(due.saturating_sub(began.elapsed()));
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{} days in {seconds:.0} s: {:.0} times as fast; {looks} looks, {restarts} restarts",
        arguments.days,
        arguments.days as f64 * 86_400.0 / seconds
    );
    whole += guard.count.whole;
    println!("{} records, {} movements; {whole} of the looks were fresh audits", world.lines, world.movements);
    println!(
        "resident KiB: {resident:?}; slowest look {} ms of the first 5,000, {} ms after",
        slowest.0 / 1_000,
        slowest.1 / 1_000
    );
    // Most looks find nothing new, and read what was appended.
    let is_warm = whole * 4 < looks;
    judged(&told, &world.played) && is_warm
}

fn one_look(guard: &mut Guard, directory: &Path, fake: &Fake) -> Vec<Announcement> {
    let ask = |since| {
        let answered = live().ask(directory, since);
        Asked { now: clock() + answered.shift, recording: Some(answered.recording) }
    };
    let looked = guard.look(&["list"], clock, ask);
    for notice in looked.notices {
        println!("{}  {notice}", clock());
    }
    let mut told = Vec::new();
    for announcement in guard.due_to("list") {
        println!("{}  {} {}: {}", announcement.at, announcement.turn.code(), announcement.subject, announcement.condition.says);
        told.push(announcement.clone());
    }
    let numbers: Vec<u64> = told.iter().map(|announcement| announcement.number).collect();
    guard.was_told("list", &numbers).expect("stored");
    let _ = fake;
    told
}

/// Every fault announced once and over once; nothing else announced.
fn judged(told: &[Announcement], played: &[Played]) -> bool {
    let mut left: Vec<&Announcement> = told.iter().collect();
    let (mut missed, mut twice, mut expected) = (0, 0, 0);
    for fault in played {
        for name in fault.fault.told() {
            expected += 1;
            let is_its = |announcement: &&Announcement| {
                let after = fault.until + Duration::minutes(10);
                announcement.subject.to_string().starts_with(name)
                    && (fault.from.into()..=after.into()).contains(&announcement.at)
            };
            let (its, others): (Vec<&Announcement>, Vec<&Announcement>) = left.into_iter().partition(is_its);
            left = others;
            let begins = its.iter().filter(|announcement| matches!(announcement.turn, Turn::Opened | Turn::Passed)).count();
            let ends = its.iter().filter(|announcement| matches!(announcement.turn, Turn::Resolved | Turn::Passed)).count();
            if begins == 0 || ends == 0 {
                missed += 1;
                println!("MISSED {:?} {} at {}: {begins} beginnings, {ends} ends", fault.fault, name, fault.from);
            }
            if begins > 2 || ends > 2 {
                twice += 1;
                println!("TOO OFTEN {:?} {} at {}: {begins} beginnings, {ends} ends", fault.fault, name, fault.from);
            }
        }
    }
    for announcement in &left {
        println!(
            "FALSE ALARM {} {} {}: {}",
            announcement.at,
            announcement.turn.code(),
            announcement.subject,
            announcement.condition.says
        );
    }
    println!(
        "{} faults played, {expected} to be told, {missed} missed, {twice} told too often, {} false alarms, {} announcements",
        played.len(),
        left.len(),
        told.len()
    );
    missed == 0 && twice == 0 && left.is_empty()
}

fn calendar(fake: &Fake, first: NaiveDate, days: i64) {
    let open = (-10..days + 10).map(|day| first + Duration::days(day)).filter(|day| {
        use chrono::Datelike;
        day.weekday().num_days_from_monday() < 5
    });
    let rows = open.map(|day| format!(r#"{{"date": "{day}", "open": "09:30", "close": "16:00"}}"#));
    let text = format!("[{}]", rows.collect::<Vec<String>>().join(", "));
    fake.change(|state| state.book.calendar = text);
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or_default()
}
