//! An independent, slow, obvious search for causes, held against the engine on thousands of random small tapes.
//!
//! A tape is one symbol's: entries, scale-outs and exits in whole shares, and the broker's whole book now and then, a minute between any
//! two events, so that the grace never matters. Every single edit of a bracket is tried, each on a fold of its own that is written from
//! the rules: an entry adds, a scale-out reduces and stops at flat, an exit makes flat, a statement that fails is adopted.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails, and reads its golden")]

use chrono::Duration;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use tapecheck::breaks::{Break, Kind};
use tapecheck::cause::Known;
use tapecheck::causes::Size;
use tapecheck::event::{Action, Claim, Entry, Event, Exit, Fact, Fill, Holding, Movement, ScaleOut, Sighting, Statement};
use tapecheck::ledger::{Ledger, Settings};
use tapecheck::origin::{Origin, SourceId};
use tapecheck::position::{Side, Symbol};
use tapecheck::tape::Tape;
use tapecheck::ties::Ties;
use tapecheck::time::Time;
use tapecheck::witness::Witness;

/// One line of a tape as the bot or the broker wrote it. Quantities of entries are signed, those of scale-outs are not.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Line {
    Entry(i64),
    /// What side it reduces, by its sign, and by how much.
    ScaleOut(i64),
    Exit,
    /// A movement that stands in no log: a search inserts it.
    Trade(i64),
    Book(i64),
}

/// What really happened beside what was logged.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Truth {
    AsLogged,
    NotExecuted,
    OtherSide,
    Times(i64),
    /// Of an entry, so many less.
    Less(i64),
    /// After it, somebody traded so much.
    AndByHand(i64),
    /// After it, the bot closed all and wrote nothing.
    AndClosed,
}

/// A tape with what the broker did: the signed quantity that was executed beside each line, and whose order it was.
#[derive(Clone, Debug)]
struct Day {
    lines: Vec<Line>,
    executed: Vec<Vec<(i64, bool)>>,
    one_per_symbol: bool,
}

fn truth() -> impl Strategy<Value = Truth> {
    prop_oneof![
        8 => Just(Truth::AsLogged),
        1 => Just(Truth::NotExecuted),
        1 => Just(Truth::OtherSide),
        1 => (2i64..=5).prop_map(Truth::Times),
        1 => (1i64..9).prop_map(Truth::Less),
        1 => (-9i64..=9).prop_filter("a trade", |quantity| *quantity != 0).prop_map(Truth::AndByHand),
        1 => Just(Truth::AndClosed),
    ]
}

fn quantity() -> impl Strategy<Value = i64> {
    (1i64..=9, prop::bool::weighted(0.7)).prop_map(|(quantity, long)| if long { quantity } else { -quantity })
}

fn logged() -> impl Strategy<Value = Line> {
    prop_oneof![
        3 => quantity().prop_map(Line::Entry),
        2 => (1i64..=4).prop_map(Line::ScaleOut),
        1 => Just(Line::Exit),
        3 => Just(Line::Book(0)),
    ]
}

/// Random days: the bot logs, the broker does what is true, and its books say so.
fn days(truth: impl Strategy<Value = Truth>) -> impl Strategy<Value = Day> {
    (vec((logged(), truth), 1..12), any::<bool>()).prop_map(|(steps, one_per_symbol)| day(&steps, one_per_symbol))
}

/// Of more scale-outs between two books than this the engine does not try every set.
const MOST_SCALE_OUTS: usize = 4;

fn day(steps: &[(Line, Truth)], one_per_symbol: bool) -> Day {
    let mut day = Day { lines: vec![Line::Book(0)], executed: vec![Vec::new()], one_per_symbol };
    let (mut expected, mut held, mut scale_outs) = (0, 0, 0);
    for (line, truth) in steps.iter().chain([&(Line::Book(0), Truth::AsLogged)]) {
        let line = match line {
            Line::ScaleOut(quantity) if scale_outs < MOST_SCALE_OUTS => {
                scale_outs += 1;
                Line::ScaleOut(if expected < 0 { -quantity.abs() } else { quantity.abs() })
            }
            Line::ScaleOut(_) | Line::Book(_) => {
                scale_outs = 0;
                Line::Book(held)
            }
            other => *other,
        };
        let mut executed = Vec::new();
        let meant = match line {
            Line::Entry(quantity) => quantity,
            Line::ScaleOut(_) => step(held, line).0 - held,
            Line::Exit => -held,
            Line::Trade(_) | Line::Book(_) => 0,
        };
        let is_entry = matches!(line, Line::Entry(_));
        let done = match truth {
            Truth::NotExecuted => 0,
            Truth::OtherSide if is_entry => -meant,
            Truth::OtherSide if line != Line::Exit => -meant.signum() * of(line),
            Truth::Times(times) if is_entry => meant * times,
            Truth::Less(less) if is_entry && *less < meant.abs() => meant - meant.signum() * less,
            _ => meant,
        };
        executed.push((done, true));
        held += done;
        match truth {
            Truth::AndByHand(quantity) if meant != 0 => {
                executed.push((*quantity, false));
                held += quantity;
            }
            Truth::AndClosed if meant != 0 => {
                executed.push((-held, true));
                held = 0;
            }
            _ => {}
        }
        executed.retain(|(quantity, _)| *quantity != 0);
        expected = step(expected, line).0;
        day.lines.push(line);
        day.executed.push(executed);
    }
    day
}

/// The unsigned quantity of a line.
fn of(line: Line) -> i64 {
    match line {
        Line::Entry(quantity) | Line::ScaleOut(quantity) | Line::Trade(quantity) | Line::Book(quantity) => quantity.abs(),
        Line::Exit => 0,
    }
}

/// What is expected after a line, and whether the line is a statement that fails.
fn step(expected: i64, line: Line) -> (i64, bool) {
    match line {
        Line::Entry(quantity) | Line::Trade(quantity) => (expected + quantity, false),
        Line::ScaleOut(quantity) if expected.signum() == quantity.signum() => {
            (expected.signum() * (expected.abs() - quantity.abs()).max(0), false)
        }
        Line::ScaleOut(_) => (expected, false),
        Line::Exit => (0, false),
        Line::Book(stated) => (stated, stated != expected),
    }
}

/// What fails: a book that says otherwise, or an entry of a bot that enters only what it does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Book,
    EntryWhileOpen,
}

/// Folds lines that remember their places; gives what fails, and where.
fn failures(lines: &[(usize, Line)], one_per_symbol: bool) -> BTreeSet<(usize, Fault)> {
    let mut expected = 0;
    let mut failing = BTreeSet::new();
    for (place, line) in lines {
        if one_per_symbol && matches!(line, Line::Entry(_)) && expected != 0 {
            failing.insert((*place, Fault::EntryWhileOpen));
        }
        let (after, fails) = step(expected, *line);
        if fails {
            failing.insert((*place, Fault::Book));
        }
        expected = after;
    }
    failing
}

/// A change of the tape, with the cause that it stands for.
type Edit = (&'static str, Size, Vec<(usize, Line)>);

fn numbered(lines: &[Line]) -> Vec<(usize, Line)> {
    lines.iter().copied().enumerate().collect()
}

/// Other lines at some places: none, one, or two.
fn with(lines: &[Line], changes: &[(usize, Option<Line>)]) -> Vec<(usize, Line)> {
    let mut changed = numbered(lines);
    changed.retain_mut(|(place, line)| match changes.iter().find(|(other, _)| other == place) {
        Some((_, None)) => false,
        Some((_, Some(other))) => {
            *line = *other;
            true
        }
        None => true,
    });
    changed
}

fn inserted(lines: &[Line], before: usize, line: Line) -> Vec<(usize, Line)> {
    let mut changed = numbered(lines);
    changed.insert(before, (usize::MAX, line));
    changed
}

/// Every single edit of the lines from `start` up to the one that fails, and every set of scale-outs together.
fn edits(day: &Day, start: usize, failed: usize, stated: i64) -> Vec<Edit> {
    let lines = &day.lines;
    let mut edits: Vec<Edit> = Vec::new();
    let mut scale_outs = Vec::new();
    let expected = lines[..failed].iter().fold(0, |expected, line| step(expected, *line).0);
    // What fails may itself be an entry: the second record of one.
    let until = if matches!(lines[failed], Line::Entry(_)) { failed + 1 } else { failed };
    for place in start..until {
        // A second record of one entry is no further than 70 s away: here, the line before or after.
        let twin = |other: usize| (start..until).contains(&other) && lines[other] == lines[place];
        if place == failed {
            if place.checked_sub(1).is_some_and(twin) {
                edits.push(("duplicate_entry", Size::Changed, with(lines, &[(place, None)])));
            }
            break;
        }
        match lines[place] {
            Line::Entry(quantity) => {
                let is_twin = twin(place + 1) || place.checked_sub(1).is_some_and(twin);
                let gone = if is_twin { "duplicate_entry" } else { "entry_not_executed" };
                edits.push((gone, Size::Changed, with(lines, &[(place, None)])));
                edits.push(("side_flip", Size::Changed, with(lines, &[(place, Some(Line::Entry(-quantity)))])));
                for times in 2..=5 {
                    let more = Some(Line::Entry(quantity * times));
                    edits.push(("retry_multiplied", Size::Changed, with(lines, &[(place, more)])));
                }
                for part in 1..quantity.abs() {
                    let less = quantity.signum() * part;
                    // The engine reckons the part that fits as if every other movement counted in full. Where a scale-out stops at
                    // flat, another part may fit: that one need not be found, and is as good as a trade of a quantity made to fit.
                    let found = stated == expected - quantity + less;
                    let size = if found { Size::Fitted } else { Size::Invented };
                    edits.push(("partial_fill", size, with(lines, &[(place, Some(Line::Entry(less)))])));
                }
            }
            Line::ScaleOut(quantity) => scale_outs.push((place, quantity)),
            Line::Exit => edits.push(("exit_not_executed", Size::Changed, with(lines, &[(place, None)]))),
            Line::Trade(_) | Line::Book(_) => {}
        }
    }
    for chosen in 1u32..1 << scale_outs.len() {
        let some = || scale_outs.iter().enumerate().filter(|(bit, _)| chosen >> bit & 1 == 1).map(|(_, scale_out)| *scale_out);
        let size = if chosen.count_ones() == 1 { Size::Changed } else { Size::Fitted };
        let gone: Vec<_> = some().map(|(place, _)| (place, None)).collect();
        // The scale-out of another bot's rule: an entry of no rule about what is held already.
        let added: Vec<_> = some().map(|(place, quantity)| (place, Some(Line::Trade(quantity)))).collect();
        edits.push(("scale_out_not_executed", size, with(lines, &gone)));
        edits.push(("scale_out_wrong_side", size, with(lines, &added)));
    }
    // More than this nobody needs to trade to make the book true.
    let most = stated.abs() + lines[..failed].iter().map(|line| of(*line)).sum::<i64>();
    for before in start..=failed {
        let entered_again = day.one_per_symbol && matches!(lines[before], Line::Entry(_));
        let size = if entered_again { Size::Changed } else { Size::Fitted };
        edits.push(("exit_not_logged", size, inserted(lines, before, Line::Exit)));
        let size = if stated == 0 { Size::Fitted } else { Size::Invented };
        for quantity in -most..=most {
            if quantity != 0 {
                edits.push(("external_trade", size, inserted(lines, before, Line::Trade(quantity))));
            }
        }
    }
    edits
}

/// The causes of the valid edits, by how much they assume.
fn valid(day: &Day, failed: (usize, Fault)) -> BTreeMap<Size, BTreeSet<&'static str>> {
    let failing = failures(&numbered(&day.lines), day.one_per_symbol);
    let start = day.lines[..failed.0].iter().rposition(|line| matches!(line, Line::Book(_))).map_or(0, |place| place + 1);
    let stated = if let Line::Book(stated) = day.lines[failed.0] { stated } else { 0 };
    let mut causes: BTreeMap<Size, BTreeSet<&'static str>> = BTreeMap::new();
    for (code, size, lines) in edits(day, start, failed.0, stated) {
        let mut allowed = failing.clone();
        allowed.remove(&failed);
        if failures(&lines, day.one_per_symbol).is_subset(&allowed) {
            causes.entry(size).or_default().insert(code);
        }
    }
    causes
}

fn at(place: usize) -> Time {
    // In market hours: nothing is queued.
    "2026-03-11T14:00:00Z".parse::<Time>().unwrap() + Duration::minutes(i64::try_from(place).unwrap())
}

fn event(place: usize, at: Time, fact: Fact) -> Event {
    Event { at, origin: Origin { source: SourceId(0), offset: place as u64, line: u32::try_from(place).unwrap() + 1 }, fact }
}

/// The day as the readers would have it, with or without what the broker tells of each order.
fn tape(day: &Day, with_fills: bool) -> Tape {
    let symbol = Symbol::parse("AAA").unwrap();
    let side = |quantity: i64| Side::of(Decimal::from(quantity));
    let size = |quantity: i64| Some(Decimal::from(quantity.abs()));
    let moved = |action: Action, sighting: Sighting| {
        Fact::moved(Movement { symbol: symbol.clone(), action, sighting, joined: Vec::new() })
    };
    let mut events = Vec::new();
    for (place, line) in day.lines.iter().enumerate() {
        for (order, (quantity, of_bot)) in day.executed[place].iter().enumerate().filter(|_| with_fills) {
            // The bot writes down what it did seconds after it was done; others trade when nobody looks.
            let when = if order == 0 { at(place) - Duration::seconds(1) } else { at(place) + Duration::seconds(50) };
            let id = if *of_bot { format!("uwbot-AAA-{place}-{order}") } else { format!("web-{place}-{order}") };
            let fill = Fill {
                quantity: Decimal::from(*quantity),
                price: None,
                order_id: Some(format!("{place}-{order}").into()),
                client_order_id: Some(id.into()),
            };
            events.push(event(place, when, moved(Action::Fill(fill), Sighting::BrokerActivities)));
        }
        let fact = match *line {
            Line::Entry(quantity) => {
                let entry = Entry {
                    side: side(quantity),
                    logged: size(quantity),
                    one_per_symbol: day.one_per_symbol,
                    ..Entry::default()
                };
                moved(Action::Entry(entry), Sighting::Attribution)
            }
            Line::ScaleOut(quantity) => {
                let scale_out = ScaleOut { reduces: side(quantity), quantity: size(quantity), ..ScaleOut::default() };
                moved(Action::ScaleOut(scale_out), Sighting::Attribution)
            }
            Line::Exit => moved(Action::Exit(Exit::default()), Sighting::Attribution),
            Line::Trade(_) => continue,
            Line::Book(held) => {
                let rows = if held == 0 { Vec::new() } else { vec![Holding::of(symbol.clone(), Decimal::from(held), 1)] };
                let claim = Claim::WholeBook(rows.into());
                Fact::Statement(Statement { witness: Witness::PortfolioHistory, claim })
            }
        };
        events.push(event(place, at(place), fact));
    }
    events.sort_by_key(|event| event.at);
    Tape { events, ..Tape::default() }
}

fn known(events: &[Event]) -> Known {
    let mut ties = Ties::default();
    events.iter().for_each(|event| ties.take(event));
    Known { executions_from: tapecheck::fills::oldest_activity(events), tied: ties.symbols }
}

/// Every break of the engine, with what fails there.
fn explained(day: &Day, with_fills: bool) -> Vec<((usize, Fault), Break)> {
    let tape = tape(day, with_fills);
    let mut ledger = Ledger::new(Settings::default());
    for event in &tape.events {
        ledger.push(event.clone());
    }
    ledger.finish(None, &[], tape.events.last().unwrap().at);
    tapecheck::cause::explain(&mut ledger, &tape.events, &known(&tape.events));
    let place = |found: &Break| usize::try_from((found.first_failed_at - at(0)).num_minutes()).unwrap();
    let fault = |found: &Break| if found.kind == Kind::EntryWhileOpen { Fault::EntryWhileOpen } else { Fault::Book };
    ledger.breaks.iter().map(|found| ((place(found), fault(found)), found.clone())).collect()
}

/// The same tapes every time, so that a change is to blame for a failure; `PROPTEST_RNG_SEED` looks at others.
fn config(cases: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    let rng_seed = if asked.rng_seed == RngSeed::Random { RngSeed::Fixed(7) } else { asked.rng_seed };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { asked.cases } else { cases };
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 4000, rng_seed, ..asked }
}

proptest! {
    #![proptest_config(config(4000))]

    /// Where nothing but the statements speaks, the smallest valid edit names the cause, and several of one size are all named.
    #[test]
    fn the_smallest_valid_edit_is_the_cause(day in days(truth())) {
        let found = explained(&day, false);
        let failing: BTreeSet<(usize, Fault)> = found.iter().map(|(failed, _)| *failed).collect();
        prop_assert_eq!(&failing, &failures(&numbered(&day.lines), day.one_per_symbol));
        for (failed, found) in found {
            let valid = valid(&day, failed);
            let Some((size, smallest)) = valid.first_key_value() else {
                prop_assert_eq!(found.cause.code, "unknown", "{:?} of {:?}: no edit is valid", failed, day.lines);
                continue;
            };
            let story = format!("{failed:?} of {:?}: {size:?} {smallest:?}, engine {:?}", day.lines, found.cause);
            if found.cause.code == "ambiguous" {
                let named: BTreeSet<&str> = found.cause.alternatives.iter().copied().collect();
                // Where no book followed at once, what needs no quantity made up to fit is as good.
                let rivals = ["exit_not_logged", "external_trade", "corporate_action"];
                let others = named.difference(smallest).all(|code| rivals.contains(code));
                prop_assert!(!found.cause.proved && named.is_superset(smallest) && named.len() > 1 && others, "{}", story);
            } else {
                prop_assert!(found.cause.proved && smallest.contains(found.cause.code), "{}", story);
                // Two records of one entry, and an entry of what should be held, are evidence in themselves.
                let decides = ["duplicate_entry", "exit_not_logged"].contains(&found.cause.code);
                prop_assert!(smallest.len() == 1 || decides, "{}", story);
            }
        }
    }

    /// Whatever evidence there is, what is called proved is an edit that refolds.
    #[test]
    fn whatever_is_proved_is_valid(day in days(truth())) {
        for (failed, found) in explained(&day, true) {
            if found.cause.proved {
                let valid = valid(&day, failed);
                let story = format!("{failed:?} of {:?}: {valid:?}, engine {:?}", day, found.cause);
                // An entry of the bot's that a fill shows is a trade of that quantity.
                let code = if found.cause.code == "entry_not_logged" { "external_trade" } else { found.cause.code };
                prop_assert!(valid.values().any(|codes| codes.contains(code)), "{}", story);
            }
        }
    }

    /// An entry that stands in the log twice and was filled once is named so, whether its fill was read or not.
    #[test]
    fn an_entry_logged_twice_is_named(quantity in quantity(), with_fills in any::<bool>(), one_per_symbol in any::<bool>()) {
        let twice = [(Line::Entry(quantity), Truth::AsLogged), (Line::Entry(quantity), Truth::NotExecuted)];
        let day = day(&twice, one_per_symbol);
        let found = explained(&day, with_fills).into_iter().find(|((_, fault), _)| *fault == Fault::Book);
        prop_assert_eq!(found.unwrap().1.cause.code, "duplicate_entry");
    }

    /// One thing goes wrong, every order was read, and a book follows: then its cause is named.
    #[test]
    fn one_fault_with_all_fills_read_is_named(day in days(Just(Truth::AsLogged)), truth in truth(), place in 0usize..12, from in quantity()) {
        let faulty = faulty(&day.lines, truth, place, from, day.one_per_symbol);
        let Some((day, code)) = faulty else { return Ok(()) };
        for ((_, fault), found) in explained(&day, true) {
            if fault == Fault::Book {
                prop_assert_eq!(found.cause.code, code, "{:?} {:?}", day, found.cause);
            }
        }
    }
}

/// Puts one fault into a faultless day, with a book on either side of it; gives the cause that it is.
fn faulty(lines: &[Line], truth: Truth, place: usize, from: i64, one_per_symbol: bool) -> Option<(Day, &'static str)> {
    let mut steps: Vec<(Line, Truth)> = lines.iter().map(|line| (*line, Truth::AsLogged)).collect();
    let place = place % steps.len();
    let code = match (steps[place].0, truth) {
        (Line::Entry(_), Truth::NotExecuted) => "entry_not_executed",
        (Line::Entry(_), Truth::OtherSide) => "side_flip",
        (Line::Entry(_), Truth::Times(_)) => "retry_multiplied",
        (Line::Entry(quantity), Truth::Less(less)) if less < quantity.abs() => "partial_fill",
        (Line::ScaleOut(_), Truth::NotExecuted) => "scale_out_not_executed",
        (Line::ScaleOut(_), Truth::OtherSide) => "scale_out_wrong_side",
        (Line::Exit, Truth::NotExecuted) => "exit_not_executed",
        (Line::Entry(_) | Line::ScaleOut(_) | Line::Exit, Truth::AndByHand(_)) => "external_trade",
        (Line::Entry(_), Truth::AndClosed) => "exit_not_logged",
        _ => return None,
    };
    steps[place].1 = truth;
    steps.insert(place + 1, (Line::Book(0), Truth::AsLogged));
    steps.insert(place, (Line::Book(0), Truth::AsLogged));
    // Something is held from the beginning, so that scale-outs and exits have something to do.
    steps.splice(0..1, [(Line::Entry(from * 40), Truth::AsLogged), (Line::Book(0), Truth::AsLogged)]);
    Some((day(&steps, one_per_symbol), code))
}

/// Every case of the corpus: its name, what happened, and all that `case.toml` says.
fn cases() -> Vec<(String, String, toml::Table)> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let cases = std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path().join("case.toml"));
    let mut cases: Vec<(String, String, toml::Table)> = cases
        .filter_map(|path| {
            let case: toml::Table = toml::from_str(&std::fs::read_to_string(path).ok()?).unwrap();
            let text = |key: &str| case[key].as_str().unwrap().to_owned();
            Some((text("name"), text("about"), case.clone()))
        })
        .collect();
    cases.sort_by(|one, two| one.0.cmp(&two.0));
    cases
}

/// `docs/causes.md`, made of the table of causes.
fn documented() -> String {
    let cases = cases();
    let mut text = String::from(
        "# Causes\n\nWhy two books parted, as far as it is proved. For each break the movements between the last agreement and the \
         first failure are\nsuspects; each cause is an edit of that stretch, and it is *proved* when folding the stretch again with \
         the edit makes the failed\nstatement true and no other one false. The smallest proved edit is the cause. Where two causes \
         would make the same edit, the earlier one\nin this list names it. \
         Where no witness spoke in the cycle after a record, no execution was read and nothing else speaks for the edit,\na position that \
         was closed since, a split, or as many bought again by hand is as good: then the cause is `ambiguous`.\n\nThis file is made from the program's own table \
         (`UPDATE_DOCS=1 cargo test --test causes`), and `tapecheck explain CODE` prints the same.\n",
    );
    for cause in tapecheck::causes::ALL {
        write!(
            text,
            "\n## `{}`\n\n{}\n\n- **What speaks for it:** {}\n- **What to do:** {}\n",
            cause.code, cause.meaning, cause.evidence, cause.remedy
        )
        .unwrap();
        let names = |key: &str, case: &toml::Table| {
            case.get(key)
                .and_then(toml::Value::as_array)
                .is_some_and(|codes| codes.iter().any(|code| code.as_str() == Some(cause.code)))
        };
        let shown = cases.iter().filter(|(name, _, _)| name == cause.case).map(|case| ("A case that shows it", case));
        let alike = cases.iter().filter(|(_, _, case)| names("looks_like", case)).map(|case| ("Looks like it and is not", case));
        for (what, (name, about, _)) in shown.chain(alike) {
            writeln!(text, "- **{what}:** [`{name}`](../corpus/{name}). {about}").unwrap();
        }
    }
    text
}

#[test]
fn the_causes_are_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/causes.md");
    let text = documented();
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "docs/causes.md is not what the table of causes says: UPDATE_DOCS=1 cargo test --test causes");
}
