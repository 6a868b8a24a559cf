//! A bot and its broker, who agree: what they do, day by day. How it is written down is the business of `records`.

#![expect(clippy::disallowed_methods, reason = "this writes files")]

mod records;
mod shapes;

use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc, Weekday};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use twox_hash::XxHash3_64;

use records::Trade;

/// What is to be written.
#[derive(clap::Args, Clone, Debug)]
pub struct Plan {
    /// How much to write, in millions of bytes; whole days are written.
    #[arg(long, default_value_t = 100)]
    pub megabytes: u64,
    /// How many symbols the bot trades.
    #[arg(long, default_value_t = 60)]
    pub symbols: u64,
    /// How many entries a minute it tries, in thousandths.
    #[arg(long, default_value_t = 700)]
    pub pace: u64,
    /// One scale-out of a long position in so many buys where it should sell; 0: none does.
    #[arg(long, default_value_t = 0)]
    pub wrong: u64,
    /// So many positions stand in the executor's file in the end that nobody holds.
    #[arg(long, default_value_t = 0)]
    pub stray: u64,
    /// Which logs have records; the others stay empty.
    #[arg(long, value_enum, default_value_t = Kinds::All)]
    pub kinds: Kinds,
}

/// Which logs are written.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinds {
    /// All nine.
    All,
    /// The bot's own account of its trades: `attribution.jsonl` and `exit_attribution.jsonl`.
    Attribution,
}

impl Kinds {
    fn has(self, path: &str) -> bool {
        self == Kinds::All || path.ends_with("attribution.jsonl")
    }
}

/// Cycles of a day: a minute each, from the opening to the close.
const CYCLES: i64 = 390;

/// Smaller positions are not scaled out of.
const WORTH_SCALING: i64 = 6;

/// One open position, as the broker has it.
struct Held {
    quantity: i64,
    cents: i64,
    entered: DateTime<Utc>,
    scale_out: Option<DateTime<Utc>>,
    until: DateTime<Utc>,
}

struct Bot<'a> {
    folder: &'a Path,
    plan: &'a Plan,
    files: BTreeMap<&'static str, BufWriter<File>>,
    bytes: u64,
    held: BTreeMap<String, Held>,
    changed: Vec<(&'static str, String)>,
    drawn: u64,
    scaled_out: u64,
}

/// Writes the directory, and says what was written.
pub fn write(folder: &Path, plan: &Plan) -> io::Result<String> {
    for part in ["logs", "state", "data"] {
        fs::create_dir_all(folder.join(part))?;
    }
    let (files, held) = (BTreeMap::new(), BTreeMap::new());
    let mut bot = Bot { folder, plan, files, bytes: 0, held, changed: Vec::new(), drawn: 0, scaled_out: 0 };
    let mut day = NaiveDate::from_ymd_opt(2001, 1, 2).unwrap_or_default();
    while bot.bytes < plan.megabytes * 1_000_000 {
        if !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
            bot.day(day)?;
        }
        day += Duration::days(1);
    }
    for file in bot.files.values_mut() {
        file.flush()?;
    }
    bot.state_files(day)?;
    Ok(format!("{} bytes in {} logs, until {day}", bot.bytes, bot.files.len()))
}

/// The name of a symbol by its number.
fn name(number: i64) -> String {
    let letter = |place: u32| char::from(b'A' + u8::try_from(number / 26i64.pow(place) % 26).unwrap_or(0));
    ['S', letter(2), letter(1), letter(0)].iter().collect()
}

impl Bot<'_> {
    /// What the bot believes in the end: nothing is held, but for strays.
    fn state_files(&self, day: NaiveDate) -> io::Result<()> {
        let now = records::time(day.and_hms_opt(0, 0, 0).unwrap_or_default().and_utc());
        let state = self.folder.join("state");
        let strays = (0..i64::try_from(self.plan.stray).unwrap_or(0)).map(name);
        fs::write(state.join("executor_state.json"), records::executor(&now, strays))?;
        fs::write(state.join("position_metadata.json"), "{}")
    }

    /// A number below `below`, the same in every run.
    fn draw(&mut self, below: u64) -> i64 {
        self.drawn += 1;
        i64::try_from(XxHash3_64::oneshot(&self.drawn.to_le_bytes()) % below.max(1)).unwrap_or(0)
    }

    fn line(&mut self, path: &'static str, line: &str) -> io::Result<()> {
        let file = match self.files.remove(path) {
            Some(file) => file,
            None => BufWriter::with_capacity(1 << 20, File::create(self.folder.join(path))?),
        };
        let file = self.files.entry(path).or_insert(file);
        if !self.plan.kinds.has(path) {
            return Ok(());
        }
        self.bytes += line.len() as u64 + 1;
        writeln!(file, "{line}")
    }

    fn day(&mut self, day: NaiveDate) -> io::Result<()> {
        let opening = day.and_hms_opt(14, 30, 0).unwrap_or_default().and_utc();
        for cycle in 0..CYCLES {
            let now = opening + Duration::minutes(cycle);
            self.reconcile(now + Duration::milliseconds(500))?;
            let last = cycle + 3 > CYCLES;
            for name in self.due(|held| last || held.until <= now) {
                self.exit(&name, now + Duration::seconds(12))?;
            }
            for name in self.due(|held| held.scale_out.is_some_and(|at| at <= now)) {
                self.scale_out(&name, now + Duration::seconds(18))?;
            }
            if cycle + 5 < CYCLES && self.draw(1_000) < i64::try_from(self.plan.pace).unwrap_or(0) {
                self.enter(now + Duration::seconds(25))?;
            }
            let at = now + Duration::seconds(40);
            self.line("logs/run_once.jsonl", &records::run_once(at))?;
            self.line("logs/run.jsonl", &records::run(at))?;
        }
        self.reconcile(opening + Duration::minutes(CYCLES))
    }

    fn due(&self, is_due: impl Fn(&Held) -> bool) -> Vec<String> {
        self.held.iter().filter(|(_, held)| is_due(held)).map(|(name, _)| name.clone()).collect()
    }

    /// The reconciler's minute: the broker's whole book, and what became of the bot's.
    fn reconcile(&mut self, at: DateTime<Utc>) -> io::Result<()> {
        let book = records::portfolio(at, self.held.iter().map(|(name, held)| (name.as_str(), held.quantity, held.cents)));
        self.line("state/portfolio_state.jsonl", &book)?;
        let changed = std::mem::take(&mut self.changed);
        for (event, name) in &changed {
            self.line("data/audit_positions_autofix.jsonl", &records::fixed(at, event, name))?;
        }
        if changed.is_empty() {
            let count = self.held.len();
            self.line("data/audit_positions_autofix.jsonl", &records::clean(at, count))?;
            self.line("logs/position_reconciliation_v2.jsonl", &records::clean_too(at, count))?;
        }
        Ok(())
    }

    fn enter(&mut self, at: DateTime<Utc>) -> io::Result<()> {
        let number = self.draw(self.plan.symbols);
        let name = name(number);
        if self.held.contains_key(&name) || self.changed.iter().any(|(_, changed)| *changed == name) {
            return Ok(());
        }
        let at = at + Duration::microseconds(self.draw(900_000));
        let sign = if self.draw(3) == 0 { -1 } else { 1 };
        let quantity = sign * (1 + self.draw(60));
        let cents = 2_000 + self.draw(40_000);
        let minutes = 2 + self.draw(14);
        let scales = minutes > 8 && quantity.abs() >= WORTH_SCALING;
        let (until, scale_out) = (at + Duration::minutes(minutes), scales.then(|| at + Duration::minutes(minutes / 2)));
        let trade = Trade { name: &name, quantity, cents, at, entered: at, order: self.drawn };
        self.line("logs/attribution.jsonl", &records::entered(&trade))?;
        self.line("logs/orders.jsonl", &records::ordered(&trade))?;
        self.changed.push(("missing_injected", name.clone()));
        self.held.insert(name, Held { quantity, cents, entered: at, scale_out, until });
        Ok(())
    }

    /// A third is sold; where the side is wrong it is bought, and the broker has more than the bot believes.
    fn scale_out(&mut self, name: &str, at: DateTime<Utc>) -> io::Result<()> {
        let at = at + Duration::microseconds(self.draw(900_000));
        let Some(held) = self.held.get_mut(name) else { return Ok(()) };
        held.scale_out = None;
        self.scaled_out += 1;
        let third = held.quantity / 3;
        let is_wrong = held.quantity > 0 && self.plan.wrong > 0 && self.scaled_out.is_multiple_of(self.plan.wrong);
        let trade = Trade { name, quantity: third, cents: held.cents, at, entered: held.entered, order: self.drawn };
        held.quantity += if is_wrong { third } else { -third };
        self.line("logs/attribution.jsonl", &records::scaled_out(&trade, is_wrong))?;
        self.line("logs/exit.jsonl", &records::scale_out_noted(&trade))
    }

    fn exit(&mut self, name: &str, at: DateTime<Utc>) -> io::Result<()> {
        let Some(held) = self.held.remove(name) else { return Ok(()) };
        let at = at + Duration::microseconds(self.draw(900_000));
        let trade = Trade { name, quantity: held.quantity, cents: held.cents, at, entered: held.entered, order: self.drawn };
        for note in records::close_noted(&trade) {
            self.line("logs/exit.jsonl", &note)?;
        }
        self.line("logs/attribution.jsonl", &records::exited(&trade))?;
        self.line("logs/exit_attribution.jsonl", &records::exit_attributed(&trade))?;
        self.changed.push(("orphan_purged", name.to_owned()));
        Ok(())
    }
}
