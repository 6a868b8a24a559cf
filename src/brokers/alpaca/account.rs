//! `GET /v2/account` (`alpaca.md` 2.1): only the id and the blocks matter, everything else may be missing.

use rust_decimal::Decimal;
use serde::Deserialize;

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
