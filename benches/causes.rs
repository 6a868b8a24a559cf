//! How the cost of explaining grows with the number of breaks: linear, as `src/cause.rs` says. Prints ratios of one run.
//!
//!     cargo bench --bench causes

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a bench looks at the clock")]
#![expect(clippy::expect_used, reason = "a bench that cannot go on fails")]

use chrono::Duration;
use rust_decimal::Decimal;
use std::time::Instant;
use tapecheck::cause::{self, Known};
use tapecheck::event::{Action, Claim, Entry, Event, Exit, Fact, Form, Movement, ScaleOut, Sighting, Statement};
use tapecheck::ledger::{Ledger, Settings};
use tapecheck::origin::{Origin, SourceId};
use tapecheck::position::{Side, Symbol};
use tapecheck::tape::Tape;
use tapecheck::time::Time;
use tapecheck::witness::Witness;

const SYMBOLS: usize = 20;

/// A tape of so many scale-outs that bought, a minute between any two events, spread over the symbols.
fn tape(breaks: usize) -> Tape {
    let mut events = Vec::new();
    let begins: Time = "2026-01-05T15:00:00Z".parse().expect("a moment");
    for number in 0..breaks {
        let symbol = Symbol::parse(&format!("S{}", number % SYMBOLS)).expect("a symbol");
        let (ten, three, thirteen) = (Decimal::from(10), Decimal::from(3), Decimal::from(13));
        let says = |quantity| {
            let claim = Claim::Symbol(symbol.clone(), Form::Equals(quantity));
            Fact::Statement(Statement { witness: Witness::BrokerPositions, claim })
        };
        let moves = |action| {
            Fact::moved(Movement { symbol: symbol.clone(), action, sighting: Sighting::Attribution, joined: Vec::new() })
        };
        let facts = [
            moves(Action::Exit(Exit::default())),
            moves(Action::Entry(Entry { side: Some(Side::Long), logged: Some(ten), ..Entry::default() })),
            says(ten),
            moves(Action::ScaleOut(ScaleOut { reduces: Some(Side::Long), quantity: Some(three), ..ScaleOut::default() })),
            says(thirteen),
        ];
        for fact in facts {
            let place = events.len();
            let origin = Origin { source: SourceId(0), offset: place as u64, line: place as u32 + 1 };
            events.push(Event { at: begins + Duration::minutes(place as i64), origin, fact });
        }
    }
    Tape { events, ..Tape::default() }
}

fn seconds(breaks: usize) -> (f64, f64) {
    let tape = tape(breaks);
    let began = Instant::now();
    let mut ledger = Ledger::new(Settings::default());
    for event in &tape.events {
        ledger.push(event.clone());
    }
    ledger.drain();
    let folded = began.elapsed().as_secs_f64();
    let began = Instant::now();
    cause::explain(&mut ledger, &tape.events, &Known::default());
    let explained = began.elapsed().as_secs_f64();
    assert_eq!(ledger.breaks.len(), breaks);
    assert!(ledger.breaks.iter().all(|found| found.cause.code == "scale_out_wrong_side"));
    (folded, explained)
}

fn main() {
    // The first run warms caches and is thrown away.
    seconds(100);
    let runs = [100, 1_000, 10_000].map(|breaks| (breaks, seconds(breaks)));
    for (breaks, (folded, explained)) in runs {
        let each = explained / breaks as f64;
        println!("{breaks:>6} breaks: explained in {:.3} of the fold's time, {:.0} µs each", explained / folded, each * 1e6);
    }
    let each = |place: usize| runs[place].1.1 / runs[place].0 as f64;
    println!("a break of 10,000 costs {:.2} times a break of 100", each(2) / each(0));
}
