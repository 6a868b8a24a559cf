//! Entries: what the broker does, and what the bot writes about it, at both ages.

use rust_decimal::Decimal;

use super::broker::{Symbol, Whose, is_option};
use super::day::{Day, Note};
use super::moment::{MILLI, Moment, SECOND, aware, direction, float, local, naive, number, order_side, side, sign};
use super::plan::Age;

/// One entry of the bot's.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When the order is sent.
    pub at: Moment,
    /// Of what.
    pub symbol: Symbol,
    /// Ordered, signed.
    pub ordered: Decimal,
    /// What the log says was filled, unsigned; the whole if `None`.
    pub logged: Option<Decimal>,
    /// What really reaches the broker, signed, where it is not what the bot says.
    pub sent: Option<Decimal>,
    /// What the broker fills of it, and how long after; the whole at once if `None`.
    pub parts: Option<Vec<(Moment, Decimal)>>,
    /// Submitted and not seen filled.
    pub pending: bool,
    /// A market order may fill further after it was logged; a limit order is cancelled.
    pub limit: bool,
    /// The attribution is written.
    pub attributed: bool,
    /// An order is sent at all, and under which id.
    pub id: Option<String>,
    /// The order was sent before: this is its record only.
    pub recorded_only: bool,
}

impl Entry {
    /// An entry that goes as it should.
    pub fn plain(at: Moment, symbol: Symbol, ordered: Decimal) -> Entry {
        Entry {
            at,
            symbol,
            ordered,
            logged: None,
            sent: None,
            parts: None,
            pending: false,
            limit: true,
            attributed: true,
            id: None,
            recorded_only: false,
        }
    }
}

/// What both ages write of an entry.
struct Told {
    entry: Entry,
    price: Decimal,
    logged: Decimal,
    score: Decimal,
    id: String,
}

impl Day {
    /// An ordinary entry, in one of the ways in which entries go.
    pub fn some_entry(&mut self, at: Moment, symbol: Symbol) -> Moment {
        let at = at + self.gap();
        if is_option(symbol) {
            let contracts = self.chance.shares(1, 5);
            return self.entry(Entry::plain(at, symbol, contracts));
        }
        let quantity = self.chance.shares(1, 61);
        let plain = Entry { limit: self.chance.percent(60), ..Entry::plain(at, symbol, quantity) };
        match self.chance.between(0, 100) {
            0..7 => self.entry(Entry { pending: true, ..plain }),
            7..14 if quantity.abs() > Decimal::TWO => {
                let parts = self.slowly(quantity, 500 * MILLI, 9 * SECOND);
                self.entry(Entry { pending: true, limit: false, parts: Some(parts), ..plain })
            }
            14..20 => {
                let ordered = Decimal::new(self.chance.between(110_000_000, 4_990_000_000), 9);
                self.entry(Entry { pending: true, limit: false, ordered, ..plain })
            }
            20..28 => {
                let end = self.entry(plain);
                let Some(other) = self.chance.one(&self.absent()) else { return end };
                let quantity = self.chance.shares(1, 4);
                self.entry(Entry::plain(end + MILLI, other, quantity))
            }
            _ => self.entry(plain),
        }
    }

    /// A quantity in parts that fill one after the other.
    pub fn slowly(&mut self, quantity: Decimal, least: Moment, most: Moment) -> Vec<(Moment, Decimal)> {
        let mut delay = 0;
        let parts = self.chance.parts(quantity.abs(), 4);
        parts
            .into_iter()
            .map(|part| {
                delay += self.chance.between(least, most);
                (delay, part)
            })
            .collect()
    }

    /// Sends an order and writes what the bot writes; gives the time of the last line.
    pub fn entry(&mut self, entry: Entry) -> Moment {
        let Entry { at, symbol, ordered, .. } = entry;
        let price = self.quote(symbol);
        let id = entry.id.clone().unwrap_or_else(|| self.chance.id());
        if !entry.recorded_only {
            let sent = entry.sent.unwrap_or(ordered);
            let parts = entry.parts.clone().unwrap_or_else(|| vec![(0, sent.abs())]);
            let client = format!("uwbot-{symbol}-{}-{}-mkt-{}", order_side(ordered), at / SECOND, &id[..4]);
            self.broker.order(at, symbol, sent, price, &parts, (id.clone(), Whose::Bot(client)));
            self.broker.until(at, &mut self.chance);
        }
        self.used.insert(symbol);
        self.truth.trade(symbol, at);
        let score = self.score();
        let logged = entry.logged.unwrap_or(ordered.abs());
        let told = Told { entry, price, logged, score, id };
        match self.plan.age {
            Age::January => self.tell_january(&told),
            Age::Newer => self.tell_newer(&told),
        }
    }

    fn tell_newer(&mut self, told: &Told) -> Moment {
        let Told { entry, price, logged, score, id } = told;
        let Entry { at, symbol, ordered, pending, .. } = entry;
        let (stamp, end) = (at + 2 * MILLI, at + 8 * MILLI);
        let status = if *pending { "submitted_unfilled" } else { "filled" };
        let kind = if entry.limit { "limit" } else { "market" };
        let (way, bought) = (side(*ordered), order_side(*ordered));
        let size = float((ordered.abs() * price).round_dp(2));
        let quantity = if *pending { ordered.abs() } else { *logged };
        let note = if *pending { r#", "note": "submitted_pending_fill""# } else { "" };
        self.line(
            "logs/orders.jsonl",
            format!(
                r#"{{"ts": "{}", "type": "order", "symbol": "{symbol}", "qty": {}, "side": "{bought}", "score": {score}, "price": {}, "order_type": "{kind}", "status": "{status}", "order_id": "{id}"{note}, "strategy_id": "equity"}}"#,
                aware(at + 4 * MILLI),
                number(quantity),
                float(*price),
            ),
        );
        if entry.attributed {
            let told = match pending {
                true => format!(r#""requested_qty": {}, "entry_price_source": null"#, number(ordered.abs())),
                false => format!(
                    r#""qty": {0}, "entry_qty": {0}, "side": "{bought}", "entry_price": {1}, "entry_price_source": "alpaca.order.filled_avg_price""#,
                    number(*logged),
                    float(*price),
                ),
            };
            self.line(
                "logs/attribution.jsonl",
                format!(
                    r#"{{"ts": "{}", "type": "attribution", "trade_id": "open_{symbol}_{2}", "symbol": "{symbol}", "pnl_usd": 0.0, "context": {{"direction": "{1}", "market_regime": "mixed", "score": {score}, "order_type": "{kind}", "entry_ts": "{2}", "entry_status": "{status}", "pending_fill": {pending}, "entry_score": {score}, "position_side": "{way}", "account_equity_at_entry": 50000.0, "position_size_usd": {size}, "components": {{"flow": 2.4}}, {told}}}, "strategy_id": "equity"}}"#,
                    aware(at + 5 * MILLI),
                    direction(*ordered),
                    aware(stamp),
                ),
            );
        }
        self.note(symbol, stamp, *price, quantity * sign(*ordered), *score);
        end
    }

    fn tell_january(&mut self, told: &Told) -> Moment {
        let Told { entry, price, logged, score, .. } = told;
        let Entry { at, symbol, ordered, pending, .. } = entry;
        let (polled, bought, way) = (at + 1_200 * MILLI + self.chance.between(0, 400), order_side(*ordered), direction(*ordered));
        let kind = if entry.limit && !pending { "limit" } else { "market" };
        let before = if kind == "market" { "submit_market_fallback" } else { "submit_limit_filled" };
        let sent = format!(
            r#"{{"ts": "{}", "type": "order", "action": "{before}", "symbol": "{symbol}", "side": "{bought}"}}"#,
            aware(at + 300)
        );
        self.line("logs/orders.jsonl", sent);
        let quantity = if *pending { ordered.abs() } else { *logged };
        let (shares, status) = (number(quantity), if *pending { "submitted_unfilled" } else { "filled" });
        if *pending {
            self.line("logs/order.jsonl", format!(r#"{{"ts": "{}", "msg": "entry_submitted_pending_fill", "symbol": "{symbol}", "side": "{bought}", "requested_qty": {shares}, "filled_qty": 0, "order_type": "market", "entry_status": "submitted_unfilled"}}"#, aware(polled)));
            self.truth.tolerated.insert(symbol);
        } else {
            self.note(symbol, polled + 900, *price, quantity * sign(*ordered), *score);
            self.line("data/portfolio_events.jsonl", format!(r#"{{"event": "POSITION_OPENED", "symbol": "{symbol}", "side": "{bought}", "qty": {shares}, "entry_price": {}, "exit_price": null, "realized_pnl": 0, "order_type": "{kind}", "score": {score}, "_ts": {}, "_dt": "{}"}}"#, float(*price), polled / SECOND, local(polled)));
        }
        let written = polled + 2_500;
        let note = if *pending { r#", "note": "submitted_pending_fill""# } else { "" };
        self.line("logs/orders.jsonl", format!(r#"{{"ts": "{}", "type": "order", "symbol": "{symbol}", "qty": {shares}, "side": "{bought}", "score": {score}, "price": {}, "order_type": "{kind}", "status": "{status}"{note}}}"#, aware(written), float(*price)));
        if !entry.attributed {
            return written;
        }
        let end = written + self.chance.between(100, 411);
        let size = float((ordered.abs() * price).round_dp(2));
        self.line("logs/attribution.jsonl", format!(r#"{{"ts": "{}", "type": "attribution", "trade_id": "open_{symbol}_{}", "symbol": "{symbol}", "pnl_usd": 0.0, "context": {{"direction": "{way}", "gamma_regime": "neutral", "market_regime": "mixed", "score": {score}, "order_type": "{kind}", "account_equity_at_entry": 50000.0, "position_size_usd": {size}, "confirm_score": null, "components": {{"flow": 2.4}}, "entry_action": null, "atr_mult": null, "size_scale": 1.0}}}}"#, aware(end), aware(end - 60)));
        end
    }

    /// The row of the metadata that an entry leaves.
    pub fn note(&mut self, symbol: Symbol, at: Moment, price: Decimal, quantity: Decimal, score: Decimal) {
        let entered = if self.plan.age == Age::January { naive(at) } else { aware(at) };
        let updated = naive(at + 6 * MILLI);
        let side = order_side(quantity);
        self.notes.insert(symbol, Note { entered, price, quantity, side, score, reconciled: false, updated });
    }
}
