//! The accounts of all symbols: each found at once, all told in the order of their symbols.
//!
//! A fold looks one up for every row of every book that is stated, which by a hash takes half as long as by order (`docs/performance.md`).

use foldhash::HashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Index;

use crate::account::Account;
use crate::position::Symbol;

/// An account for each symbol that was ever named.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "BTreeMap<Symbol, Account>", into = "BTreeMap<Symbol, Account>")]
pub struct Accounts {
    all: Vec<Account>,
    /// Where the account of each symbol is among all.
    places: HashMap<Symbol, usize>,
    /// The same, in the order of the symbols.
    in_order: BTreeMap<Symbol, usize>,
    /// The one that was found last, to be changed: mostly it is asked for several times.
    last: Option<(Symbol, usize)>,
}

impl Accounts {
    /// The account of a symbol, if it was named before.
    pub fn get(&self, symbol: &Symbol) -> Option<&Account> {
        self.places.get(symbol).map(|place| &self.all[*place])
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, symbol: &Symbol) -> Option<&mut Account> {
        self.found(symbol).map(|place| &mut self.all[place])
    }

    #[inline]
    fn found(&mut self, symbol: &Symbol) -> Option<usize> {
        if let Some((last, place)) = &self.last
            && last == symbol
        {
            return Some(*place);
        }
        let place = *self.places.get(symbol)?;
        self.last = Some((symbol.clone(), place));
        Some(place)
    }

    /// The account of a symbol, which begins now if the symbol was not named before.
    pub fn of(&mut self, symbol: &Symbol, begin: impl FnOnce() -> Account) -> &mut Account {
        let place = self.found(symbol).unwrap_or_else(|| self.add(symbol.clone(), begin()));
        &mut self.all[place]
    }

    #[inline(never)]
    fn add(&mut self, symbol: Symbol, account: Account) -> usize {
        let place = self.all.len();
        self.all.push(account);
        self.places.insert(symbol.clone(), place);
        self.in_order.insert(symbol, place);
        place
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether no symbol was named.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All symbols and their accounts, in the order of the symbols.
    pub fn iter(&self) -> impl Iterator<Item = (&Symbol, &Account)> {
        self.in_order.iter().map(|(symbol, place)| (symbol, &self.all[*place]))
    }

    /// All symbols, in order.
    pub fn keys(&self) -> impl Iterator<Item = &Symbol> {
        self.in_order.keys()
    }

    /// All accounts, in the order of their symbols.
    pub fn values(&self) -> impl Iterator<Item = &Account> {
        self.iter().map(|(_, account)| account)
    }

    /// All accounts, in the order in which their symbols were named.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Account> {
        self.all.iter_mut()
    }
}

impl Index<&Symbol> for Accounts {
    type Output = Account;

    /// The account of a symbol that was named before.
    fn index(&self, symbol: &Symbol) -> &Account {
        &self.all[self.places[symbol]]
    }
}

impl From<Accounts> for BTreeMap<Symbol, Account> {
    fn from(accounts: Accounts) -> BTreeMap<Symbol, Account> {
        let Accounts { all, places, .. } = accounts;
        let mut symbols: Vec<(usize, Symbol)> = places.into_iter().map(|(symbol, place)| (place, symbol)).collect();
        symbols.sort_unstable();
        symbols.into_iter().map(|(_, symbol)| symbol).zip(all).collect()
    }
}

impl From<BTreeMap<Symbol, Account>> for Accounts {
    fn from(map: BTreeMap<Symbol, Account>) -> Accounts {
        let mut accounts = Accounts::default();
        for (symbol, account) in map {
            accounts.add(symbol, account);
        }
        accounts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::Position;

    #[test]
    fn accounts_are_what_a_map_in_order_keeps() {
        let named = ["MSFT", "AAPL", "XLF260220P00051500", "XLF260220P00051000", "AAPL", "BTCUSD", "A", "MSFT"];
        let (mut accounts, mut map) = (Accounts::default(), BTreeMap::new());
        for (place, name) in named.iter().enumerate() {
            let symbol = Symbol::parse(name).unwrap();
            assert_eq!(accounts.get(&symbol).is_some(), map.contains_key(&symbol), "{name}");
            accounts.of(&symbol, || Account::beginning(Position::flat())).faults.push(place);
            map.entry(symbol.clone()).or_insert_with(Vec::new).push(place);
            assert_eq!(accounts[&symbol].faults, map[&symbol]);
            assert_eq!(accounts.len(), map.len());
        }
        let stored = postcard::to_allocvec(&accounts).unwrap();
        let read: Accounts = postcard::from_bytes(&stored).unwrap();
        for accounts in [accounts, read] {
            assert!(accounts.iter().map(|(symbol, account)| (symbol, &account.faults)).eq(&map));
            assert!(accounts.keys().eq(map.keys()));
            assert!(accounts.values().map(|account| &account.faults).eq(map.values()));
        }
    }
}
