//! `docs/kill-matrix.md`, all of it: what is measured, how, and the tables.

use crate::matrix::{Matrix, Part};
use crate::trial::plan::Fault;

const BEGINNING: &str = "\
# The kill matrix

How often tapecheck finds what is wrong, and how often it speaks of what is not. This page is written by `just lab` and by nothing else.

## What is measured

`examples/lab/` simulates a bot and its broker from a seed, minute by minute: entries, scale-outs and exits, slow and partial fills,
fractions, options, positions of the night before, two clocks that differ. Each day it may make something go wrong, keeps an answer
sheet, writes the files that the bot and the broker would have left, and replays them through the library's front door, as
`tapecheck replay` does. The report is then held against the answer sheet.

The simulation is written from the file formats alone and shares no code with the readers or the ledger, so that one mistake cannot hide
in both. Each day draws, from its seed: the bot's age (January's records, which say neither side nor quantity of an entry, or newer ones),
which witnesses are kept, how long the day is, and whether the lines are dirty (torn, twice, late, blank, prose, `NaN`, bad UTF-8, byte
order mark, carriage returns, times without a zone or as floats).

Which witnesses are kept: the reconciler's log (`audit_positions_autofix.jsonl`), the portfolio history (`portfolio_state.jsonl`), and the
broker's recording, with or without its fills and its orders. Half of the days keep them all; the others lack one, two or three.

## The columns

| column | means |
|---|---|
| days | days on which this went wrong |
| found | the report has an entry about it: the same symbol, and the same sort of thing, held or noted |
| bracketed | … and the fault lies between the entry's last agreement and its first failure (grace and clocks allowed for) |
| named | … and its proved cause is what happened |
| ambiguous | … and what happened is among the alternatives that the report says it cannot tell apart |
| misnamed | … and a proved cause is not what happened: as bad as a false alarm |
| missed | a witness could have shown it, and it was not found and bracketed |

*A witness could have shown it*, as the simulation works it out without the tool: a witness that was kept states the broker's whole book
before the fault, so that what was held is known; and states it again more than the grace of 10 s after the fault's last execution and
before the bot trades the symbol again, which would cover it up. Faults of notes and files need the position to be held, and not just
traded, at the end. Where no witness could have shown it the fault is counted apart: there a report owes nothing, and must still not lie.

A *false alarm* is an entry about nothing that happened, of any severity, on a day with or without a fault. *Clean withheld*: nothing was
wrong, nothing was missing, and still the verdict was \"could not check\".
";

const END: &str = "\
## The honest limits

- **Within the grace nothing is said.** Alpaca's endpoints disagree for up to ten seconds, so a fault in the last seconds before the last
  word of the broker is excused until the next. Those days are among those without a witness.
- **What closed a whole position, nobody can tell** without orders and fills: an exit that the bot did not write down and one by hand leave
  the same files. The report says `ambiguous` and names both. A split and a trade of just so much are the same, where no price is stated.
- **A tape that begins in mid-life.** Where no whole book was stated before the fault, an opening balance explains as much as any fault. The
  report names it without calling it proved, so that `opening_balance_unknown` is never in the column of the named.
- **A witness that looks late.** Where none spoke in the cycle after a record, no execution was read and nothing else speaks for one story,
  a closed position, a split, or as many bought again by hand is named beside what the record itself would explain: `ambiguous`. What
  could still be misnamed is chance: a trade by hand of just the quantity that a scale-out or a part of an entry would explain.
- **A state reset at the older age, with neither the reconciler's log nor the portfolio history,** is seen by its rows only if three
  remain. And nothing that is left says that the bot could not reach the broker: what the older bot's two other logs state then, that
  nothing is held, is taken for the broker's word. Those are the false alarms on days with a fault.
- **Orders without fills** tell whose an order was, and not yet how much of it was filled: more could be named where only they were kept.
- **The metadata has no time of its own:** it is held against what the tape ends with, and a row that goes after the last line of every log
  is dated by that line. It counts as bracketed.
- **A reset of fewer than three rows with a score** is reported row by row, as scores lost: two entries in one cycle look the same.
- The simulated broker answers at once and truthfully; what its endpoints may still hold back is tested in `tests/broker.rs`.
";

/// The page.
pub fn matrix(matrix: &Matrix, from: u64, days: u64) -> String {
    let until = from + days.saturating_sub(1);
    let rows = Fault::ALL.len();
    let commands = format!(
        "## The numbers\n\nSeeds {from} to {until} of each of {rows} faults alone, of pairs of them, and of days without any: {} days. {} \
         faults found\nno place in theirs and are not counted. `just lab` runs them again and writes the same bytes; one day is\n\n    cargo run --release \
         --example lab -- --fault side_flip --seed 7\n\nwhich keeps its folder and prints what happened and what is said of it.\n",
        days * (rows as u64 + 2),
        matrix.unplaced(),
    );
    let parts = [
        ("Alone, every witness kept", Part::Every),
        ("Alone, some witnesses not kept, and one that is could show it", Part::Some),
        ("Alone, and no witness that was kept could show it", Part::None),
        ("In pairs, and a witness that was kept could show it", Part::Pair),
        ("In pairs, and no witness that was kept could show it", Part::PairNone),
    ];
    let tables: String = parts.into_iter().map(|(title, part)| format!("### {title}\n\n{}\n", matrix.table(part))).collect();
    format!("{BEGINNING}\n{commands}\n### False alarms\n\n{}\n{tables}{END}", matrix.alarms())
}
