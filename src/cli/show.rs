//! `tapecheck show`: the stages, for people and for debugging.

use clap::{Args, Subcommand};
use std::collections::BTreeSet;

use super::selection::{Selection, StageFormat, Symbols};
use super::{Failure, Output};
use crate::outputs::{biography, json, paint::Look, stages};
use crate::position::Symbol;

/// Which stage.
#[derive(Subcommand, Debug)]
pub enum Show {
    /// Every event of all sources, in order
    Tape(Stage),
    /// What should be held, with its provenance
    Book(Stage),
    /// Every event of one symbol, with expected, bot and broker columns; the first failing row is marked >>
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
    pub(super) fn run(self, look: Look) -> Result<Output, Failure> {
        match self {
            Show::Tape(stage) => stage.tape(look),
            Show::Book(stage) => stage.book(),
            Show::Biography(biography) => biography.run(look),
        }
    }
}

impl Stage {
    fn tape(self, look: Look) -> Result<Output, Failure> {
        let mut request = self.selection.request(self.symbols.symbol.into_iter().collect(), false)?;
        request.keep_tape = true;
        let mut replay = replayed(&request)?;
        replay.tape.events.retain(|event| request.window.from.is_none_or(|from| event.at >= from));
        let text = match self.format {
            StageFormat::Text => stages::tape_text(&replay.tape, &replay.report, &look),
            StageFormat::Json => stages::tape_json(&replay.tape, &replay.report)?,
        };
        Ok(Output::shown(text))
    }

    fn book(self) -> Result<Output, Failure> {
        let request = self.selection.request(self.symbols.symbol.into_iter().collect(), false)?;
        let replay = replayed(&request)?;
        let text = match self.format {
            StageFormat::Text => stages::book_text(&replay.report),
            StageFormat::Json => json::books(&replay.report)?,
        };
        Ok(Output::shown(text))
    }
}

impl Biography {
    fn run(self, look: Look) -> Result<Output, Failure> {
        let symbol = Symbol::parse(&self.symbol).ok_or_else(|| Failure::Usage(format!("`{}` is not a symbol", self.symbol)))?;
        let mut request = self.selection.request(BTreeSet::new(), false)?;
        request.follow = Some(symbol.clone());
        let replay = replayed(&request)?;
        let mut marks = replay.ledger.marks.clone();
        marks.retain(|mark| {
            let at = replay.tape.events.get(mark.place).map(|event| event.at);
            request.window.from.is_none_or(|from| at.is_none_or(|at| at >= from))
        });
        let text = match self.format {
            StageFormat::Text => biography::text(&replay.tape, &marks, &symbol, &replay.report, &look),
            StageFormat::Json => biography::json(&replay.tape, &marks, &symbol, &replay.report)?,
        };
        Ok(Output::shown(text))
    }
}

fn replayed(request: &crate::Request) -> Result<crate::Replay, Failure> {
    let replay = crate::replay(request)?;
    super::tell(&replay.notices);
    Ok(replay)
}
