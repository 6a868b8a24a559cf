//! `GET /v2/account` (`alpaca.md` 2.1): only the id and the blocks matter, everything else may be missing.

use rust_decimal::Decimal;
use serde::Deserialize;

use crate::brokers::{Endpoint, Recording, Unread};
use crate::json::{self, Field, Text};
use crate::trouble::Trouble;

/// The account that answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// Account number, masked but for its last four characters.
    pub masked_number: Option<String>,
    /// `ACTIVE`, ….
    pub status: Option<String>,
    /// Names of the blocks that are on.
    pub blocks: Vec<&'static str>,
    /// Equity in USD.
    pub equity: Option<Decimal>,
    /// Cash in USD.
    pub cash: Option<Decimal>,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    account_number: Option<Text<'a>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    equity: Field<'a>,
    #[serde(borrow)]
    cash: Field<'a>,
    #[serde(borrow)]
    trading_blocked: Field<'a>,
    #[serde(borrow)]
    account_blocked: Field<'a>,
    #[serde(borrow)]
    transfers_blocked: Field<'a>,
    #[serde(borrow)]
    trade_suspended_by_user: Field<'a>,
}

pub(super) fn parse(text: &str) -> Result<Account, Trouble> {
    let row: Row = json::read(text)?;
    let blocks = [
        ("trading_blocked", row.trading_blocked),
        ("account_blocked", row.account_blocked),
        ("transfers_blocked", row.transfers_blocked),
        ("trade_suspended_by_user", row.trade_suspended_by_user),
    ];
    Ok(Account {
        masked_number: row.account_number.as_deref().map(masked),
        status: row.status.as_deref().map(str::to_owned),
        blocks: blocks.into_iter().filter(|(_, on)| json::is_true(*on)).map(|(name, _)| name).collect(),
        equity: json::float(row.equity, "equity")?,
        cash: json::float(row.cash, "cash")?,
    })
}

/// `PA3SIMULATED` becomes `********ATED`.
fn masked(number: &str) -> String {
    let characters: Vec<char> = number.chars().filter(|character| character.is_ascii_alphanumeric()).collect();
    let hidden = characters.len().saturating_sub(4);
    characters.iter().enumerate().map(|(place, character)| if place < hidden { '*' } else { *character }).collect()
}

/// What is left of a read where a certain account is expected and this is not it: nothing, or, where the answer does not say whose it is, all
/// of it with that doubt. `None`: it is the account, or any will do. `expected` is its number, or the end of it.
pub fn of_another_account(recording: &Recording, expected: Option<&str>) -> Option<Recording> {
    let expected = expected?;
    // What could not be read at all is told already.
    if recording.bodies.is_empty() {
        return None;
    }
    let row = recording.bodies.get(&Endpoint::Account).map(|body| json::read::<Row<'_>>(&body.text));
    let number = row.and_then(Result::ok).and_then(|row| row.account_number);
    let wanted = masked(expected);
    let Some(number) = number else {
        let why = format!("it is not in the answer, and the settings expect the account {wanted}");
        let unread = recording.unread.iter().cloned().chain([Unread { endpoint: Some(Endpoint::Account), why }]);
        return Some(Recording { unread: unread.collect(), ..recording.clone() });
    };
    if number.to_ascii_uppercase().ends_with(&expected.to_ascii_uppercase()) {
        return None;
    }
    let why = format!("it is of the account {}, and the settings expect {wanted}: nothing of it was used", masked(&number));
    Some(Recording { bodies: Default::default(), unread: vec![Unread { endpoint: None, why }], ..recording.clone() })
}
