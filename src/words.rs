//! What movements and statements say, in words, and the fields of their records that say it: for evidence.

use rust_decimal::Decimal;

use crate::breaks::Evidence;
use crate::event::{Action, Change, CorporateAction, Exit, Form};
use crate::origin::Origin;
use crate::position::{Quantity, Side, Symbol, plain};
use crate::time::Time;
use crate::witness::Witness;

/// A movement in words, for evidence.
pub fn told(symbol: &Symbol, action: &Action) -> String {
    let side = |side: Option<Side>| side.map_or_else(String::new, |side| format!(" {side}"));
    let quantity = |quantity: Option<Decimal>| quantity.map_or_else(|| "an unknown quantity".to_owned(), plain);
    match action {
        Action::Entry(entry) if entry.pending => {
            format!("entry of {} {symbol}{} submitted, not known to be filled", quantity(entry.requested), side(entry.side))
        }
        Action::Entry(entry) => {
            let ordered = entry.requested.filter(|requested| entry.logged.is_some_and(|logged| *requested > logged));
            let of = ordered.map_or_else(String::new, |requested| format!(" (of about {} ordered)", plain(requested)));
            format!("entry of {} {symbol}{}{of}", quantity(entry.logged), side(entry.side))
        }
        Action::ScaleOut(scale_out) => {
            format!("scale-out of {} {symbol}{}", quantity(scale_out.quantity), side(scale_out.reduces))
        }
        Action::Exit(Exit { side: closed, .. }) => format!("exit of {symbol}{}: flat", side(*closed)),
        Action::Fill(fill) => format!("broker fill of {} {symbol}", plain(fill.quantity)),
        Action::CorporateAction(CorporateAction { code, change }) => match change {
            Change::Ratio { minus, plus } => {
                format!("{code} of {symbol}: {} became {}", plain(*minus), plain(*plus))
            }
            Change::Delta(delta) => format!("{code} of {symbol}: {}", plain(*delta)),
        },
    }
}

/// What a witness says, in words.
pub(crate) fn says(witness: Witness, form: &Form) -> String {
    let who = match witness {
        Witness::ExitRecord => "the exit record",
        Witness::ScaleOutRecord => "the scale-out record",
        Witness::EntryRecord => "the entry record",
        Witness::FlattenRecord => "the flatten record",
        Witness::Reconciler => "the reconciler",
        Witness::ReconcileLog => "the reconcile log",
        Witness::ReconciliationPlan => "the reconciliation plan",
        Witness::HealthCheck => "the health check",
        Witness::PortfolioHistory => "the broker, as portfolio_state keeps it,",
        Witness::CustomBroker => "the broker, as the custom log keeps it,",
        Witness::CustomRecord => "the custom log",
        Witness::InternalPositions => "internal_positions",
        Witness::AlpacaPositionsFile => "the bot's alpaca_positions",
        Witness::BrokerFills => "the broker's book after this",
        Witness::BrokerPositions => "the broker",
        Witness::ExecutorState => "the executor",
        Witness::Metadata => "the metadata",
    };
    match form {
        Form::Equals(quantity) => format!("{who} says {}", plain(*quantity)),
        Form::AtLeast(quantity) => format!("{who} says {}", Quantity::at_least(*quantity)),
        Form::Held => format!("{who} says it is held"),
        Form::NotHeld => format!("{who} says it is not held"),
        Form::ScoreLost(true) => format!("{who} says the entry score is gone"),
        Form::ScoreLost(false) => format!("{who} says the entry score is back"),
    }
}

/// The fields of a record that a movement was read from, as far as its quantity goes.
pub(crate) fn reads_of(action: &Action) -> &'static [&'static str] {
    match action {
        Action::Entry(entry) if entry.pending => &["requested_qty", "qty"],
        Action::Entry(_) | Action::ScaleOut(_) | Action::Fill(_) | Action::CorporateAction(_) => &["qty", "entry_qty"],
        Action::Exit(_) => &["exit_qty", "qty"],
    }
}

/// A witness's statement as evidence.
pub(crate) fn stated(at: Time, origin: Origin, witness: Witness, form: &Form) -> Evidence {
    Evidence { at, origin, says: says(witness, form), reads: reads(witness, form) }
}

/// The fields of a record that state what a witness says.
fn reads(witness: Witness, form: &Form) -> &'static [&'static str] {
    match (form, witness) {
        (Form::ScoreLost(_), _) => &["entry_score"],
        // What is held after a fill follows from the fill.
        (_, Witness::BrokerFills) => &["qty"],
        (Form::Held | Form::NotHeld, _) => &[],
        (Form::Equals(_), Witness::ExitRecord) => &["entry_qty", "exit_qty", "qty"],
        (Form::AtLeast(_), Witness::ExitRecord) => &["exit_qty", "qty"],
        (Form::Equals(_) | Form::AtLeast(_), Witness::Reconciler) => &["alpaca_qty", "qty"],
        (Form::Equals(_) | Form::AtLeast(_), _) => &["qty"],
    }
}
