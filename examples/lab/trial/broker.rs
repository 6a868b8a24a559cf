//! The broker: what it holds, what was ordered of it, what it executed. It knows nothing of the bot.

use rust_decimal::Decimal;
use std::collections::BTreeMap;

use super::chance::Chance;
use super::moment::{MILLI, Moment, number, order_side, side, zulu};

/// A symbol of the simulated market.
pub type Symbol = &'static str;

/// What is held of a symbol.
#[derive(Clone, Copy, Debug)]
pub struct Lot {
    /// Signed: short is negative.
    pub quantity: Decimal,
    /// Average entry price.
    pub average: Decimal,
}

/// An order as the broker keeps it.
pub struct Order {
    /// The broker's id.
    pub id: String,
    client: String,
    symbol: Symbol,
    quantity: Decimal,
    filled: Decimal,
    price: Decimal,
    accepted_at: Moment,
    filled_at: Option<Moment>,
}

struct Coming {
    at: Moment,
    order: usize,
    quantity: Decimal,
}

/// The broker.
#[derive(Default)]
pub struct Broker {
    /// What it holds.
    pub held: BTreeMap<Symbol, Lot>,
    orders: Vec<Order>,
    activities: Vec<(Moment, String)>,
    coming: Vec<Coming>,
    /// So much its clock is ahead of the bot's.
    pub ahead: Moment,
}

/// Whose order, for the client's id of it.
pub enum Whose {
    /// The bot's, under this id.
    Bot(String),
    /// Somebody's who used the web page.
    Hand,
}

impl Broker {
    /// A broker whose clock is so much ahead of the bot's.
    pub fn ahead(ahead: Moment) -> Broker {
        Broker { ahead, ..Broker::default() }
    }

    /// An order that fills in parts, each so long after it was sent; one without parts rests unfilled.
    pub fn order(
        &mut self,
        at: Moment,
        symbol: Symbol,
        quantity: Decimal,
        price: Decimal,
        parts: &[(Moment, Decimal)],
        (id, whose): (String, Whose),
    ) {
        let client = match whose {
            Whose::Bot(client) => client,
            Whose::Hand => format!("web-{id}"),
        };
        let order = self.orders.len();
        let sign = if quantity.is_sign_negative() { -Decimal::ONE } else { Decimal::ONE };
        let filled = Decimal::ZERO;
        self.orders.push(Order { id, client, symbol, quantity, filled, price, accepted_at: at, filled_at: None });
        self.coming.extend(parts.iter().map(|(delay, part)| Coming { at: at + delay, order, quantity: part.abs() * sign }));
    }

    /// Executes what is due.
    pub fn until(&mut self, now: Moment, chance: &mut Chance) {
        self.coming.sort_by_key(|coming| coming.at);
        let due = self.coming.partition_point(|coming| coming.at <= now);
        for coming in self.coming.drain(..due).collect::<Vec<_>>() {
            self.execute(&coming, chance);
        }
    }

    /// When the last execution that is still to come will be.
    pub fn last_to_come(&self) -> Option<Moment> {
        self.coming.iter().map(|coming| coming.at).max()
    }

    /// Something of this symbol is still to come.
    pub fn expects(&self, symbol: Symbol) -> bool {
        self.coming.iter().any(|coming| self.orders[coming.order].symbol == symbol)
    }

    fn execute(&mut self, coming: &Coming, chance: &mut Chance) {
        let at = coming.at + self.ahead;
        let before = self.quantity(self.orders[coming.order].symbol);
        let order = &mut self.orders[coming.order];
        order.filled += coming.quantity.abs();
        order.filled_at = Some(coming.at);
        let left = order.quantity.abs() - order.filled;
        let done = left.is_zero();
        let word = match (coming.quantity.is_sign_negative(), before > Decimal::ZERO) {
            (false, _) => "buy",
            (true, true) => "sell",
            (true, false) => "sell_short",
        };
        let row = format!(
            r#"{{"id": "{}", "activity_type": "FILL", "transaction_time": "{}", "type": "{}", "price": "{:.2}", "qty": "{}", "side": "{word}", "symbol": "{}", "leaves_qty": "{}", "order_id": "{}", "cum_qty": "{}", "order_status": "{}"}}"#,
            activity_id(at, chance),
            zulu(at),
            if done { "fill" } else { "partial_fill" },
            order.price,
            number(coming.quantity.abs()),
            order.symbol,
            number(left),
            order.id,
            number(order.filled),
            if done { "filled" } else { "partially_filled" },
        );
        let (symbol, price) = (order.symbol, order.price);
        self.activities.push((at, row));
        self.hold(symbol, coming.quantity, price);
    }

    /// What is held of a symbol, signed.
    pub fn quantity(&self, symbol: Symbol) -> Decimal {
        self.held.get(symbol).map_or(Decimal::ZERO, |lot| lot.quantity)
    }

    /// The book moves.
    pub fn hold(&mut self, symbol: Symbol, signed: Decimal, price: Decimal) {
        let Some(lot) = self.held.get_mut(symbol) else {
            self.held.insert(symbol, Lot { quantity: signed, average: price });
            return;
        };
        let after = lot.quantity + signed;
        if after.is_zero() {
            self.held.remove(symbol);
        } else if lot.quantity.is_sign_negative() == signed.is_sign_negative() {
            let money = lot.average * lot.quantity.abs() + price * signed.abs();
            lot.average = (money / after.abs()).round_dp(4);
            lot.quantity = after;
        } else if after.is_sign_negative() == lot.quantity.is_sign_negative() {
            lot.quantity = after;
        } else {
            *lot = Lot { quantity: after, average: price };
        }
    }

    /// So many shares become so many times as many.
    pub fn split(&mut self, at: Moment, symbol: Symbol, ratio: Decimal, chance: &mut Chance) {
        let Some(lot) = self.held.get_mut(symbol) else { return };
        let before = *lot;
        *lot = Lot { quantity: before.quantity * ratio, average: (before.average / ratio).round_dp(4) };
        let (after, group) = (*lot, chance.id());
        let kind = if ratio > Decimal::ONE { "FSPLIT" } else { "RSPLIT" };
        let date = zulu(at).chars().take(10).collect::<String>();
        let stamp = date.replace('-', "");
        for (quantity, price) in [(-before.quantity, before.average), (after.quantity, after.average)] {
            let row = format!(
                r#"{{"id": "{stamp}000000000::{}", "activity_type": "SPLIT", "activity_sub_type": "{kind}", "date": "{date}", "created_at": "{}", "net_amount": "0", "symbol": "{symbol}", "qty": "{}", "price": "{price:.4}", "status": "executed", "group_id": "{group}", "currency": "USD"}}"#,
                chance.id(),
                zulu(at + self.ahead),
                number(quantity),
            );
            self.activities.push((at + self.ahead, row));
        }
    }

    /// The symbol has an order that rests.
    fn rests(&self, symbol: Symbol) -> bool {
        self.orders.iter().any(|order| order.symbol == symbol && order.filled.is_zero())
    }

    /// `positions.json`, without those that the endpoint does not show yet.
    pub fn positions_document(&self, not_yet: &[Symbol]) -> String {
        let rows: Vec<String> = self
            .held
            .iter()
            .filter(|(symbol, _)| !not_yet.contains(symbol))
            .map(|(symbol, lot)| {
                let quantity = number(lot.quantity);
                let available = if self.rests(symbol) { "0" } else { &quantity };
                let class = if is_option(symbol) { "us_option" } else { "us_equity" };
                let average = number(lot.average);
                format!(
                    r#" {{"asset_id": "00000000-0000-4000-8000-000000000001", "symbol": "{symbol}", "exchange": "NASDAQ", "asset_class": "{class}", "qty": "{quantity}", "avg_entry_price": "{average}", "side": "{}", "market_value": "{}", "cost_basis": "0", "unrealized_pl": "0", "unrealized_plpc": "0", "current_price": "{average}", "lastday_price": "{average}", "change_today": "0", "qty_available": "{available}"}}"#,
                    side(lot.quantity),
                    number(lot.quantity * lot.average),
                )
            })
            .collect();
        format!("[\n{}\n]\n", rows.join(",\n"))
    }

    /// `orders.json`.
    pub fn orders_document(&self) -> String {
        let mut orders: Vec<&Order> = self.orders.iter().collect();
        orders.sort_by_key(|order| order.accepted_at);
        let rows: Vec<String> = orders.into_iter().map(|order| self.order_row(order)).collect();
        format!("[\n{}\n]\n", rows.join(",\n"))
    }

    fn order_row(&self, order: &Order) -> String {
        let Order { id, client, symbol, quantity, filled, price, .. } = order;
        let status = match (filled.is_zero(), *filled == quantity.abs()) {
            (true, _) => "accepted",
            (false, true) => "filled",
            (false, false) => "canceled",
        };
        let accepted = zulu(order.accepted_at + self.ahead);
        let filled_at = order.filled_at.map_or("null".to_owned(), |at| format!("\"{}\"", zulu(at + self.ahead)));
        let average = if filled.is_zero() { "null".to_owned() } else { format!("\"{price:.2}\"") };
        format!(
            r#" {{"id": "{id}", "client_order_id": "{client}", "symbol": "{symbol}", "side": "{}", "qty": "{}", "filled_qty": "{}", "filled_avg_price": {average}, "status": "{status}", "type": "market", "time_in_force": "day", "created_at": "{accepted}", "submitted_at": "{accepted}", "filled_at": {filled_at}, "asset_class": "us_equity"}}"#,
            order_side(*quantity),
            number(quantity.abs()),
            number(*filled),
        )
    }

    /// `activities.json`.
    pub fn activities_document(&self) -> String {
        let mut rows: Vec<&(Moment, String)> = self.activities.iter().collect();
        rows.sort_by_key(|(at, _)| *at);
        let rows: Vec<&str> = rows.into_iter().map(|(_, row)| row.as_str()).collect();
        format!("[\n{}\n]\n", rows.join(",\n"))
    }
}

/// Contracts, in the notation of the clearing house.
pub fn is_option(symbol: Symbol) -> bool {
    symbol.len() > 10
}

/// The exchange's local time to the millisecond, and an id.
fn activity_id(at: Moment, chance: &mut Chance) -> String {
    // All simulated days lie in winter: New York is five hours behind.
    let local: String = zulu(at - 5 * 3_600_000 * MILLI).chars().filter(char::is_ascii_digit).take(17).collect();
    format!("{local}::{}", chance.id())
}
