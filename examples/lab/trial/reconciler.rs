//! The bot's reconciler: holds the broker's book of now against its own copy of a minute ago, writes what differs, and copies again.

use rust_decimal::Decimal;
use std::collections::BTreeMap;

use super::broker::{Lot, Symbol};
use super::day::{Day, Degraded, Note};
use super::moment::{MILLI, Moment, aware, float, number, side, zulu};
use super::plan::Age;

/// Differences of less are not written.
const NOT_WRITTEN: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

struct Differences {
    gone: Vec<(Symbol, Decimal)>,
    new: Vec<(Symbol, Decimal)>,
    other: Vec<(Symbol, Decimal, Decimal)>,
}

impl Differences {
    fn count(&self) -> usize {
        self.gone.len() + self.new.len() + self.other.len()
    }

    fn gone_row(symbol: Symbol, was: Decimal) -> String {
        format!(r#"{{"type": "orphaned_in_bot", "symbol": "{symbol}", "bot_qty": {}, "bot_side": "{}"}}"#, float(was), side(was))
    }

    fn new_row(symbol: Symbol, now: Decimal) -> String {
        format!(
            r#"{{"type": "missing_in_bot", "symbol": "{symbol}", "alpaca_qty": {}, "alpaca_side": "{}", "alpaca_value": 0.0}}"#,
            float(now),
            side(now)
        )
    }

    fn other_row(symbol: Symbol, was: Decimal, now: Decimal) -> String {
        format!(
            r#"{{"type": "quantity_mismatch", "symbol": "{symbol}", "alpaca_qty": {}, "alpaca_side": "{}", "bot_qty": {}, "bot_side": "{}", "delta": {}}}"#,
            float(now),
            side(now),
            float(was),
            side(was),
            float(now.abs() - was.abs()),
        )
    }

    fn gone_rows(&self) -> String {
        self.gone.iter().map(|(symbol, was)| Self::gone_row(symbol, *was)).collect::<Vec<_>>().join(", ")
    }

    fn new_rows(&self) -> String {
        self.new.iter().map(|(symbol, now)| Self::new_row(symbol, *now)).collect::<Vec<_>>().join(", ")
    }

    fn other_rows(&self) -> String {
        self.other.iter().map(|(symbol, was, now)| Self::other_row(symbol, *was, *now)).collect::<Vec<_>>().join(", ")
    }

    fn all_rows(&self) -> String {
        let rows = [self.gone_rows(), self.new_rows(), self.other_rows()];
        rows.into_iter().filter(|rows| !rows.is_empty()).collect::<Vec<_>>().join(", ")
    }
}

impl Day {
    /// One run.
    pub fn reconcile(&mut self, at: Moment) {
        self.truth.last_record = self.truth.last_record.max(at);
        self.broker.until(at, &mut self.chance);
        let down = matches!(self.degraded, Degraded::Since(..));
        self.unseen = at < self.seen_from;
        let book: BTreeMap<Symbol, Lot> = if down { BTreeMap::new() } else { self.broker.held.clone() };
        if self.plan.age == Age::January {
            self.restore(at - 40 * MILLI, &book, down);
        }
        let differences = self.differences(&book);
        self.say_degraded(at);
        self.say_fixes(at, &differences);
        let fresh = self.make_rows(at, &book);
        self.say_scores(at, &fresh);
        self.say_end(at, &differences, book.len());
        self.write_states(at, &book, &differences, down);
        if self.plan.age == Age::January {
            let row = match differences.count() {
                0 => format!(r#"{{"ts": "{}", "msg": "clean", "positions": {}}}"#, aware(at + 400), book.len()),
                count => format!(
                    r#"{{"ts": "{}", "msg": "autonomous_fixed", "total_diffs": {count}, "plan": {{"missing_in_bot": [{}], "orphaned_in_bot": [{}], "quantity_mismatch": [{}]}}, "action": "trading_resumed"}}"#,
                    aware(at + 400),
                    differences.new_rows(),
                    differences.gone_rows(),
                    differences.other_rows()
                ),
            };
            self.line("logs/position_reconciliation_v2.jsonl", row);
        }
        self.believed = book.iter().map(|(symbol, lot)| (*symbol, lot.quantity)).collect();
    }

    fn differences(&self, book: &BTreeMap<Symbol, Lot>) -> Differences {
        let gone = self.believed.iter().filter(|(symbol, _)| !book.contains_key(*symbol));
        let new = book.iter().filter(|(symbol, _)| !self.believed.contains_key(*symbol));
        let other = book.iter().filter_map(|(symbol, lot)| {
            let was = self.believed.get(symbol)?;
            ((lot.quantity.abs() - was.abs()).abs() > NOT_WRITTEN).then_some((*symbol, *was, lot.quantity))
        });
        Differences {
            gone: gone.map(|(symbol, was)| (*symbol, *was)).collect(),
            new: new.map(|(symbol, lot)| (*symbol, lot.quantity)).collect(),
            other: other.collect(),
        }
    }

    /// What the executor writes when it begins a cycle.
    fn restore(&mut self, at: Moment, book: &BTreeMap<Symbol, Lot>, down: bool) {
        let mut stamp = at;
        for (symbol, lot) in book {
            let score = self.notes.get(symbol).map(|note| note.score);
            let row = format!(
                r#"{{"ts": "{}", "msg": "position_restored", "symbol": "{symbol}", "qty": {}, "side": "{}", "entry": {price}, "current": {price}, "age_min": 1.0, "entry_score": {}, "has_metadata": {}}}"#,
                aware(stamp),
                // Cut to a whole number: a fraction of a share counts as a short of none.
                number(lot.quantity.abs().trunc()),
                if lot.quantity.trunc() > Decimal::ZERO { "buy" } else { "sell" },
                score.unwrap_or_default(),
                score.is_some(),
                price = float(lot.average),
            );
            self.line("logs/reconcile.jsonl", row);
            stamp += 300;
        }
        if !book.is_empty() {
            self.line(
                "logs/reconcile.jsonl",
                format!(r#"{{"ts": "{}", "msg": "complete", "positions_restored": {}}}"#, aware(stamp + 50), book.len()),
            );
        } else if !down {
            self.line("logs/reconcile.jsonl", format!(r#"{{"ts": "{}", "msg": "no_positions_found"}}"#, aware(stamp)));
        }
    }

    fn audit(&mut self, at: Moment, event: &str, details: &str) {
        if self.plan.witnesses.autofix {
            self.line(
                "data/audit_positions_autofix.jsonl",
                format!(r#"{{"event": "{event}", "ts": "{}", "details": {{{details}}}}}"#, zulu(at)),
            );
        }
    }

    fn say_degraded(&mut self, at: Moment) {
        match self.degraded {
            Degraded::Since(since, until, false) => {
                self.audit(at, "broker_unreachable_max_retries", r#""retries": 5, "error": "Read timed out.""#);
                self.audit(at, "degraded_mode_entered", r#""reason": "broker_unreachable", "using_snapshot": "none""#);
                self.degraded = Degraded::Since(since, until, true);
            }
            Degraded::Since(..) | Degraded::Never | Degraded::Over | Degraded::Left(_) => {}
        }
    }

    fn say_fixes(&mut self, at: Moment, differences: &Differences) {
        for (symbol, was) in &differences.gone {
            self.audit(
                at,
                "orphan_purged",
                &format!(r#""symbol": "{symbol}", "qty": {}, "action": "removed_from_internal_state_only""#, float(*was)),
            );
        }
        if !differences.new.is_empty() {
            let symbols: Vec<String> = differences.new.iter().map(|(symbol, _)| format!("\"{symbol}\"")).collect();
            self.audit(at, "missing_injected", &format!(r#""count": {}, "symbols": [{}]"#, symbols.len(), symbols.join(", ")));
        }
        if !differences.other.is_empty() {
            self.audit(
                at,
                "quantity_reconciled",
                &format!(r#""count": {}, "details": [{}]"#, differences.other.len(), differences.other_rows()),
            );
        }
    }

    /// Rows of the metadata for what has none, or none with a score; gives those that are new.
    fn make_rows(&mut self, at: Moment, book: &BTreeMap<Symbol, Lot>) -> Vec<Symbol> {
        let mut fresh = Vec::new();
        for (symbol, lot) in book {
            let old = self.notes.get(symbol).cloned();
            if old.as_ref().is_some_and(|note| !note.score.is_zero()) {
                continue;
            }
            if old.is_none() {
                fresh.push(*symbol);
            }
            let (entered, updated) = old.map_or_else(|| (zulu(at), zulu(at)), |note| (note.entered, note.updated));
            let note = Note {
                entered,
                price: lot.average,
                quantity: lot.quantity.abs(),
                side: side(lot.quantity),
                score: Decimal::ZERO,
                reconciled: true,
                updated,
            };
            self.notes.insert(symbol, note);
        }
        fresh
    }

    fn say_scores(&mut self, at: Moment, fresh: &[Symbol]) {
        for symbol in fresh {
            self.audit(at, "position_missing_entry_score", &format!(r#""symbol": "{symbol}", "action": "defaulted_to_zero", "note": "Position entered via reconciliation without metadata - entry_score unknown""#));
        }
    }

    fn say_end(&mut self, at: Moment, differences: &Differences, held: usize) {
        if self.degraded == Degraded::Over {
            self.audit(at, "degraded_mode_exited", "");
            self.degraded = Degraded::Left(at);
        }
        match differences.count() {
            0 => self.audit(at, "reconciliation_clean", &format!(r#""positions_count": {held}"#)),
            count => self.audit(
                at,
                "autonomous_reconciliation_complete",
                &format!(
                    r#""total_fixes": {count}, "missing_in_bot": {}, "orphaned_in_bot": {}, "quantity_mismatch": {}"#,
                    differences.new.len(),
                    differences.gone.len(),
                    differences.other.len()
                ),
            ),
        }
    }

    fn write_states(&mut self, at: Moment, book: &BTreeMap<Symbol, Lot>, differences: &Differences, down: bool) {
        let stamp = zulu(at);
        let (mut positions, mut inside, mut opens) = (Vec::new(), Vec::new(), BTreeMap::new());
        for (symbol, lot) in book {
            let (quantity, way, average) = (float(lot.quantity), side(lot.quantity), float(lot.average));
            let worth = float(lot.quantity * lot.average);
            let row = format!(
                r#""qty": {quantity}, "side": "{way}", "market_value": {worth}, "avg_entry_price": {average}, "current_price": {average}, "unrealized_pl": 0.0, "unrealized_plpc": 0.0"#
            );
            positions.push(format!(r#"{{"symbol": "{symbol}", {row}}}"#));
            inside.push(format!(r#""{symbol}": {{{row}, "source": "alpaca_authoritative", "reconciled_at": "{stamp}"}}"#));
            let score = self.notes.get(symbol).map(|note| note.score).unwrap_or_default();
            opens.insert(*symbol, format!(r#"{{"entry_price": {average}, "qty": {}, "side": "{way}", "ts": "{stamp}", "trail_dist": null, "high_water": {average}, "entry_score": {}}}"#, float(lot.quantity.abs()), float(score)));
        }
        let answer = match down {
            true => "{}".to_owned(),
            false => format!(
                r#"{{"timestamp": "{stamp}", "positions": [{}], "cash": 50000.0, "portfolio_value": 50000.0, "equity": 50000.0, "buying_power": 100000.0}}"#,
                positions.join(", ")
            ),
        };
        let internal = format!(r#"{{"timestamp": "{stamp}", "positions": {{{}}}}}"#, inside.join(", "));
        if self.plan.witnesses.portfolio {
            self.line(
                "state/portfolio_state.jsonl",
                format!(
                    r#"{{"ts": "{stamp}", "alpaca": {answer}, "internal": {internal}, "diffs": [{}]}}"#,
                    differences.all_rows()
                ),
            );
            if !down && !self.unseen {
                self.truth.books.push(at);
            }
        }
        self.states.insert("state/alpaca_positions.json", answer);
        self.states.insert("state/internal_positions.json", internal);
        self.executor = (at, opens);
    }
}
