//! Scale-outs and exits: what the broker does, and what the bot writes about it, at both ages.

use rust_decimal::Decimal;

use super::broker::{Lot, Symbol, Whose};
use super::day::Day;
use super::moment::{MILLI, Moment, SECOND, aware, direction, float, local, number, order_side, side, sign};
use super::plan::Age;

/// How an exit goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How {
    /// As it should.
    Plain,
    /// The broker does nothing.
    NotExecuted,
    /// The broker fills, the bot writes nothing, or that it means to.
    NotLogged {
        /// `positions_to_close` is written.
        meant: bool,
    },
    /// The exchange is closed: the order rests.
    Queued,
}

impl Day {
    /// A scale-out of what is held; gives the time of the last line.
    pub fn scale_out(&mut self, at: Moment, symbol: Symbol, executed: bool, wrong: bool) -> Moment {
        let Some(lot) = self.broker.held.get(symbol).copied() else { return at };
        let fraction = self.chance.one(&[Decimal::new(3, 1), Decimal::new(4, 1)]).unwrap_or(Decimal::new(3, 1));
        let quantity = (lot.quantity.abs() * fraction).trunc().max(Decimal::ONE);
        let price = self.quote(symbol);
        let signed = if wrong { quantity * sign(lot.quantity) } else { -quantity * sign(lot.quantity) };
        if executed {
            let id = self.chance.id();
            let client = format!("uwbot-{symbol}-scale-{}", &id[..8]);
            self.broker.order(at, symbol, signed, price, &[(0, quantity)], (id, Whose::Bot(client)));
            self.broker.until(at, &mut self.chance);
        }
        self.used.insert(symbol);
        self.truth.trade(symbol, at);
        self.tell_scale_out(at, symbol, lot, quantity, fraction, price, wrong)
    }

    #[expect(clippy::too_many_arguments, reason = "what a record of a scale-out says, each once")]
    fn tell_scale_out(
        &mut self,
        at: Moment,
        symbol: Symbol,
        lot: Lot,
        quantity: Decimal,
        fraction: Decimal,
        price: Decimal,
        wrong: bool,
    ) -> Moment {
        let shares = number(quantity);
        self.line("logs/orders.jsonl", format!(r#"{{"ts": "{}", "type": "order", "action": "scale_out", "symbol": "{symbol}", "qty": {shares}, "fraction": {fraction}}}"#, aware(at + 3 * MILLI)));
        // The bot's own word for the side decides what is ordered: `long` is what buys (formats, T3).
        let word = match (lot.quantity.is_sign_negative(), wrong) {
            (true, _) => "short",
            (false, false) if self.chance.percent(50) => "buy",
            (false, _) => "long",
        };
        let more = match self.plan.age {
            Age::January => format!(
                r#", "pnl_pct": 2.0, "hold_minutes": 5.0, "components": {{}}, "market_regime": "mixed", "direction": "{}""#,
                direction(lot.quantity)
            ),
            Age::Newer => String::new(),
        };
        let strategy = if self.plan.age == Age::Newer { r#", "strategy_id": "equity""# } else { "" };
        self.line("logs/attribution.jsonl", format!(r#"{{"ts": "{}", "type": "attribution", "trade_id": "scale_{symbol}_{}", "symbol": "{symbol}", "pnl_usd": 2.0, "pnl_pct": 0.6, "hold_minutes": 5.0, "context": {{"close_reason": "profit_target(2%)", "entry_price": {}, "exit_price": {}, "side": "{word}", "qty": {shares}, "fraction": {fraction}, "entry_score": 3.0{more}}}{strategy}}}"#, aware(at + 8 * MILLI), aware(at + 5 * MILLI), float(lot.average), float(price)));
        self.line("logs/exit.jsonl", format!(r#"{{"ts": "{}", "msg": "scale_out_attribution_logged", "symbol": "{symbol}", "pnl_usd": 2.0, "pnl_pct": 0.6, "hold_min": 5.0, "reason": "profit_target(2%)", "fraction": {fraction}}}"#, aware(at + 11 * MILLI)));
        at + 11 * MILLI
    }

    /// An exit of all that is held; gives the time of the last line.
    pub fn exit(&mut self, at: Moment, symbol: Symbol, entered: Moment, how: How) -> Moment {
        let Some(lot) = self.broker.held.get(symbol).copied() else { return at };
        let price = self.quote(symbol);
        let id = self.chance.id();
        if how != (How::NotLogged { meant: false }) {
            self.line(
                "logs/exit.jsonl",
                format!(r#"{{"ts": "{}", "msg": "positions_to_close", "symbols": ["{symbol}"], "count": 1}}"#, aware(at)),
            );
        }
        let whole = lot.quantity.abs();
        let parts = match how {
            How::NotExecuted => None,
            How::Queued => Some(Vec::new()),
            How::Plain if whole >= Decimal::from(3) && whole.is_integer() && self.chance.percent(15) => {
                let parts = self.chance.parts(whole, 3);
                Some((0..).map(|place| place * 150 * MILLI).zip(parts).collect())
            }
            How::Plain | How::NotLogged { .. } => Some(vec![(0, whole)]),
        };
        if let Some(parts) = parts {
            let client = format!("uwbot-{symbol}-close-{}", &id[..8]);
            self.broker.order(at, symbol, -lot.quantity, price, &parts, (id.clone(), Whose::Bot(client)));
            self.broker.until(at, &mut self.chance);
        }
        self.used.insert(symbol);
        self.truth.trade(symbol, at);
        if let How::NotLogged { .. } = how {
            return at;
        }
        let end = self.tell_exit(at + 703 * MILLI, symbol, lot, price, &id, entered);
        self.broker.until(end, &mut self.chance);
        self.notes.remove(symbol);
        end
    }

    fn tell_exit(&mut self, at: Moment, symbol: Symbol, lot: Lot, price: Decimal, id: &str, entered: Moment) -> Moment {
        let (way, whole, written) = (side(lot.quantity), lot.quantity.abs(), at + 5 * MILLI);
        let (average, price) = (float(lot.average), float(price));
        let note = self.notes.get(symbol).cloned();
        let score = note.as_ref().map_or(Decimal::ZERO, |note| note.score);
        let reason = "signal_decay(0.41)";
        self.line(
            "logs/exit.jsonl",
            format!(r#"{{"ts": "{}", "msg": "close_position_success", "symbol": "{symbol}"}}"#, aware(at)),
        );
        let head = |stamp: Moment| {
            format!(
                r#"{{"ts": "{}", "type": "attribution", "trade_id": "close_{symbol}_{}", "symbol": "{symbol}", "entry_score": {score}, "exit_pnl": 0.1, "pnl_usd": 1.0, "pnl_pct": 0.1, "hold_minutes": 12.0, "context": {{"close_reason": "{reason}", "entry_price": {average}, "exit_price": {price}, "#,
                aware(written),
                aware(stamp)
            )
        };
        match self.plan.age {
            Age::Newer => {
                let (stamp, entry, filled) = (at + 2 * MILLI, aware(entered), number(whole.trunc()));
                self.line("logs/exit_attribution.jsonl", format!(r#"{{"symbol": "{symbol}", "timestamp": "{0}", "entry_timestamp": "{entry}", "exit_reason": "{reason}", "pnl": 1.0, "pnl_pct": 0.1, "entry_price": {average}, "exit_price": {price}, "qty": {filled}.0, "time_in_trade_minutes": 12.0, "mode": "UNKNOWN", "entry_ts": "{entry}", "exit_ts": "{0}"}}"#, aware(stamp)));
                self.line("logs/attribution.jsonl", format!(r#"{}"side": "{way}", "position_side": "{way}", "qty": {filled}, "entry_qty": {}, "exit_qty": {filled}, "entry_order_id": null, "exit_order_id": "{id}", "entry_score": {score}, "entry_ts": "{entry}", "market_regime": "mixed"}}, "strategy_id": "equity"}}"#, head(stamp), float(whole)));
            }
            Age::January => {
                let entry = note
                    .map_or_else(|| aware(entered), |note| note.entered.trim_end_matches('Z').replace("+00:00", "") + "+00:00");
                self.line("logs/orders.jsonl", format!(r#"{{"ts": "{}", "type": "order", "action": "close_position", "symbol": "{symbol}", "reason": "{reason}"}}"#, aware(at + 400)));
                self.line("logs/attribution.jsonl", format!(r#"{}"pnl_pct": 0.1, "hold_minutes": 12.0, "side": "{way}", "qty": {}, "entry_score": {score}, "components": {{"flow": 2.4}}, "market_regime": "mixed", "direction": "{}", "entry_ts": "{entry}"}}}}"#, head(written - 60), float(whole), direction(lot.quantity)));
                self.line("data/portfolio_events.jsonl", format!(r#"{{"event": "POSITION_CLOSED", "symbol": "{symbol}", "side": "{}", "qty": {}, "entry_price": {average}, "exit_price": {price}, "realized_pnl": 1.0, "holding_period_min": 12.0, "reason": "time_or_trail", "score": {score}, "_ts": {}, "_dt": "{}"}}"#, order_side(lot.quantity), float(whole), at / SECOND, local(at)));
            }
        }
        self.line("logs/exit.jsonl", format!(r#"{{"ts": "{}", "msg": "attribution_logged", "symbol": "{symbol}", "pnl_usd": 1.0, "pnl_pct": 0.1, "hold_min": 12.0, "reason": "{reason}"}}"#, aware(at + 8 * MILLI)));
        at + 8 * MILLI
    }
}
