//! The files of a day, as they would lie on disk.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::day::{Day, Degraded, Note};
use super::dirt;
use super::moment::{MILLI, Moment, aware, float, number, zulu};
use super::plan::Age;

/// Files by their paths below the bot's directory.
pub type Files = BTreeMap<&'static str, Vec<u8>>;

/// Everything that any day may have: what one day left must not lie in the way of the next.
const FOLDERS: [&str; 4] = ["logs", "data", "state", "broker"];

impl Day {
    /// The state files and the broker's answers.
    pub fn write_end(&mut self, began: Moment, open: bool) {
        let (stamp, opens) = (zulu(self.executor.0), self.executor.1.iter());
        let rows: Vec<String> = opens.map(|(symbol, row)| format!("    \"{symbol}\": {row}")).collect();
        let executor = format!("{{\n  \"timestamp\": \"{stamp}\",\n  \"opens\": {{\n{}\n  }}\n}}\n", rows.join(",\n"));
        self.states.insert("state/executor_state.json", executor);
        let notes: Vec<String> = self.notes.iter().map(|(symbol, note)| self.note_row(symbol, note)).collect();
        self.states.insert("state/position_metadata.json", format!("{{\n{}\n}}\n", notes.join(",\n")));
        match self.degraded {
            Degraded::Since(since, ..) => {
                let text = format!(r#"{{"mode": "DEGRADED", "since": "{}", "reason": "broker_unreachable"}}"#, zulu(since));
                self.states.insert("state/degraded_mode.json", text);
            }
            Degraded::Left(at) => {
                self.states.insert("state/degraded_mode.json", format!(r#"{{"mode": "NORMAL", "since": "{}"}}"#, zulu(at)));
            }
            Degraded::Never | Degraded::Over => {}
        }
        if self.plan.witnesses.broker {
            self.write_broker(began, open);
        }
    }

    fn note_row(&self, symbol: &str, note: &Note) -> String {
        let Note { entered, price, quantity, side, score, reconciled, updated } = note;
        let strategy = if self.plan.age == Age::Newer && !reconciled { r#""strategy_id": "equity", "# } else { "" };
        let (shares, rest) = match reconciled {
            true => {
                (float(*quantity), r#""components": {}, "market_regime": "unknown", "direction": "unknown", "reconciled": true"#)
            }
            false => (
                number(quantity.abs()),
                r#""components": {"flow": 2.4}, "market_regime": "mixed", "direction": "bullish", "regime_modifier": 1.0"#,
            ),
        };
        format!(
            "  \"{symbol}\": {{\n    {strategy}\"entry_ts\": \"{entered}\", \"entry_price\": {}, \"qty\": {shares}, \"side\": \"{side}\", \"entry_score\": {}, {rest}, \"updated_at\": \"{updated}\"\n  }}",
            float(*price),
            float(*score),
        )
    }

    fn write_broker(&mut self, began: Moment, open: bool) {
        let clock = aware(began + 200 * MILLI + self.broker.ahead);
        let positions = self.broker.positions_document(&self.truth.not_yet);
        self.states.insert("broker/positions.json", positions);
        if self.plan.witnesses.orders {
            self.states.insert("broker/orders.json", self.broker.orders_document());
        }
        if self.plan.witnesses.fills {
            self.states.insert("broker/activities.json", self.broker.activities_document());
        }
        self.states.insert("broker/account.json", r#"{"id": "00000000-0000-4000-8000-000000000009", "account_number": "PA3SIMULATED", "status": "ACTIVE", "currency": "USD", "cash": "50000", "equity": "50000", "last_equity": "50000", "buying_power": "100000", "trading_blocked": false, "account_blocked": false}"#.to_owned());
        self.states.insert(
            "broker/clock.json",
            format!(r#"{{"timestamp": "{clock}", "is_open": {open}, "next_open": "{clock}", "next_close": "{clock}"}}"#),
        );
        self.states.insert("broker/recording.json", format!(r#"{{"schema": "tapecheck.recording/1", "read_began": "{}", "read_ended": "{}", "base_url": "https://paper-api.alpaca.markets", "paper": true}}"#, zulu(began), zulu(began + 400 * MILLI)));
    }

    /// All files, dirty where the plan says so.
    pub fn files(&mut self) -> Files {
        let mut files = Files::new();
        for (path, lines) in std::mem::take(&mut self.lines) {
            let may = ["logs/attribution.jsonl", "logs/exit.jsonl", "data/audit_positions_autofix.jsonl"].contains(&path);
            let bytes = if self.plan.dirt && may {
                let (bytes, broken) = dirt::soil(path, &lines, &mut self.chance);
                self.truth.broken_lines |= broken;
                bytes
            } else {
                lines.iter().flat_map(|line| [line.as_bytes(), b"\n"]).flatten().copied().collect()
            };
            files.insert(path, bytes);
        }
        files.extend(std::mem::take(&mut self.states).into_iter().map(|(path, text)| (path, text.into_bytes())));
        files
    }
}

/// Writes the files of a day into a folder of its own, in place of those of the day before.
#[expect(clippy::disallowed_methods, reason = "the laboratory makes the bot's files")]
pub fn write(files: &Files, folder: &Path) -> io::Result<()> {
    for name in FOLDERS {
        let below = folder.join(name);
        if below.exists() {
            std::fs::remove_dir_all(&below)?;
        }
        std::fs::create_dir_all(&below)?;
    }
    for (path, bytes) in files {
        std::fs::write(folder.join(path), bytes)?;
    }
    Ok(())
}
