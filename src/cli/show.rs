//! `tapecheck show`: the stages, for people and for debugging.

use clap::{Args, Subcommand};
use itertools::Itertools;
use std::collections::BTreeSet;

use super::progress::Bar;
use super::selection::{Otherwise, Selection, StageFormat, Symbols};
use super::{Content, Failure, Output};
use crate::outputs::{biography, json, paint::Look, stages};
use crate::position::Symbol;

const TAPE: &str = "\
Examples:
  tapecheck show tape bot --day 2026-02-05
  tapecheck show tape bot --symbol HOOD --format json";

const BOOK: &str = "\
Examples:
  tapecheck show book bot
  tapecheck show book bot --at 2026-02-05T18:05:33Z";

const BIOGRAPHY: &str = "\
Examples:
  tapecheck show biography bot --symbol HOOD --day 2026-02-05
  tapecheck show biography bot --symbol HOOD --broker none --verbose

Columns: what should be held after the event, what the bot says, what the broker says. Rows that fail are marked >, the first of them >>.";

/// Which stage.
#[derive(Subcommand, Debug)]
pub enum Show {
    /// Every event of all sources, in order
    #[command(after_help = TAPE)]
    Tape(Stage),
    /// What should be held, with its provenance
    #[command(after_help = BOOK)]
    Book(Stage),
    /// Every event of one symbol, with expected, bot and broker columns; the first failing row is marked >>
    #[command(after_help = BIOGRAPHY)]
    Biography(Biography),
}

/// A stage of some symbols, or of all.
#[derive(Args, Debug)]
pub struct Stage {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    symbols: Symbols,
    /// Format
    #[arg(long, value_enum, default_value = "text")]
    format: StageFormat,
}

/// The biography of one symbol.
#[derive(Args, Debug)]
pub struct Biography {
    #[command(flatten)]
    selection: Selection,
    /// The symbol
    #[arg(long, value_name = "SYMBOL")]
    symbol: String,
    /// Format
    #[arg(long, value_enum, default_value = "text")]
    format: StageFormat,
}

impl Show {
    pub(super) fn run(self, look: Look, bar: &Bar) -> Result<Output, Failure> {
        match self {
            Show::Tape(stage) => stage.tape(look, bar),
            Show::Book(stage) => stage.book(look, bar),
            Show::Biography(biography) => biography.run(look, bar),
        }
    }
}

impl Stage {
    fn tape(self, look: Look, bar: &Bar) -> Result<Output, Failure> {
        let mut request = self.selection.request(self.symbols.symbol.into_iter().collect(), false, Otherwise::None)?;
        request.keep_tape = true;
        let mut replay = replayed(request.clone(), look, bar)?;
        replay.tape.events.retain(|event| request.window.from.is_none_or(|from| event.at >= from));
        let text: Content = match self.format {
            StageFormat::Text => stages::tape_text(&replay.tape, &replay.report, &look).into(),
            StageFormat::Json => Content::Document(stages::tape_json(&replay.tape, &replay.report)?),
        };
        Ok(Output::shown(text))
    }

    fn book(self, look: Look, bar: &Bar) -> Result<Output, Failure> {
        let request = self.selection.request(self.symbols.symbol.into_iter().collect(), false, Otherwise::None)?;
        let replay = replayed(request.clone(), look, bar)?;
        let text: Content = match self.format {
            StageFormat::Text => stages::book_text(&replay.report, &look).into(),
            StageFormat::Json => Content::Document(json::books(&replay.report)?),
        };
        Ok(Output::shown(text))
    }
}

impl Biography {
    fn run(self, look: Look, bar: &Bar) -> Result<Output, Failure> {
        let symbol = Symbol::parse(&self.symbol).ok_or_else(|| Failure::Usage(format!("`{}` is not a symbol", self.symbol)))?;
        let mut request = self.selection.request(BTreeSet::new(), false, Otherwise::None)?;
        request.follow = Some(symbol.clone());
        request.keep_tape = true;
        let replay = replayed(request.clone(), look, bar)?;
        if replay.ledger.marks.is_empty() {
            super::tell(&[format!("{symbol} is not on the tape; {}", named(&replay))]);
        }
        let mut marks = replay.ledger.marks.clone();
        marks.retain(|mark| {
            let at = replay.tape.events.get(mark.place).map(|event| event.at);
            request.window.from.is_none_or(|from| at.is_none_or(|at| at >= from))
        });
        let text: Content = match self.format {
            StageFormat::Text => biography::text(&replay.tape, &marks, &symbol, &replay.report, &look).into(),
            StageFormat::Json => Content::Document(biography::json(&replay.tape, &marks, &symbol, &replay.report)?),
        };
        Ok(Output::shown(text))
    }
}

/// The symbols that are on the tape, as far as one wants to read them.
fn named(replay: &crate::Replay) -> String {
    let accounts = &replay.ledger.accounts;
    let first = accounts.keys().take(20).map(|symbol| symbol.as_str()).join(", ");
    match accounts.len() {
        0 => "no symbol is".to_owned(),
        1..=20 => format!("on it are {first}"),
        more => format!("on it are {first}, and {} more: `tapecheck show book` lists what is held", more - 20),
    }
}

fn replayed(request: crate::Request, look: Look, bar: &Bar) -> Result<crate::Replay, Failure> {
    let replay = crate::replay(&crate::Request { observer: bar.observer(), ..request })?;
    bar.clear();
    super::tell(&replay.notices);
    super::caching::tell(replay.cached, look);
    Ok(replay)
}
