//! Account and positions were read, and the account is not blocked. An answer that was not given is not an empty one (incident 15).

use itertools::Itertools;

use super::{ANY_OUTCOME, Check, Detail, Finding, Status, View, is_held, span};
use crate::breaks::BookName;
use crate::brokers::Endpoint;
use crate::time;
use crate::witness::Witness;

pub(super) const CHECK: Check = Check {
    id: "alpaca_positions",
    meaning: "Account and positions were read, and nothing keeps the account from trading: an answer that was not given is not an empty one.",
    outcomes: ANY_OUTCOME,
    case: "account-blocked",
    now: "2026-05-12T15:40:30Z",
    run,
};

/// Blocks that keep the bot from trading; transfers may be blocked without harm (`alpaca.md` 2.1).
const STOPS_TRADING: [&str; 3] = ["trading_blocked", "account_blocked", "trade_suspended_by_user"];

fn run(view: &View<'_>) -> Finding {
    let broker = view.broker;
    let status = broker.account.as_ref().and_then(|account| account.status.clone());
    let unknown = || Detail::Text("unknown".to_owned());
    let listed = |blocks: &[&'static str]| Detail::List(blocks.iter().map(|block| (*block).to_owned()).collect());
    let blocks = broker.account.as_ref().map_or_else(unknown, |account| listed(&account.blocks));
    let (outcome, summary) = judged(view);
    let shown = |text: Option<String>| text.map_or_else(unknown, Detail::Text);
    let positions = broker_book(view).map(|book| book.holdings.iter().filter(|holding| is_held(holding)).count() as u64);
    let finding = Finding::new(CHECK.id, outcome, summary)
        .with("account", shown(broker.account.as_ref().and_then(|account| account.masked_number.clone())))
        .with("account_status", shown(status))
        .with("blocks", blocks)
        .with("read_began", Detail::Moment(broker.read_began))
        .with("unread", Detail::List(broker.unread.iter().map(|unread| unread.why.clone()).unique().collect()))
        .with("unstable", Detail::List(broker.unstable.iter().map(ToString::to_string).collect()));
    match positions {
        Some(count) => finding.with("positions", Detail::Count(count)),
        None => finding,
    }
}

fn broker_book<'a>(view: &'a View<'_>) -> Option<&'a crate::ledger::LastBook> {
    view.book(BookName::Broker).filter(|book| book.witness == Witness::BrokerPositions)
}

fn judged(view: &View<'_>) -> (Status, String) {
    let broker = view.broker;
    let account = broker.account.as_ref();
    let blocks: Vec<&str> = account.map(|account| account.blocks.clone()).unwrap_or_default();
    let stopped = blocks.iter().filter(|block| STOPS_TRADING.contains(*block)).join(", ");
    if !stopped.is_empty() {
        return (Status::Fail, format!("the account is blocked: {stopped}"));
    }
    if let Some(why) = not_read(view) {
        return (Status::CouldNotCheck, why);
    }
    let Some(account) = account else {
        return (Status::CouldNotCheck, "the account was not read: the broker's answer has positions only".to_owned());
    };
    let Some(book) = broker_book(view) else {
        return (Status::CouldNotCheck, "the broker's answer describes a later time than now".to_owned());
    };
    let count = book.holdings.iter().filter(|holding| is_held(holding)).count();
    let read = format!("positions read {} ago: {count}", span(view.now() - book.at));
    match account.status.as_deref() {
        _ if !blocks.is_empty() => (Status::Warn, format!("{read}; {}", blocks.join(", "))),
        Some("ACTIVE") | None => (Status::Pass, read),
        Some(status) => (Status::Warn, format!("{read}; the account is {status}")),
    }
}

fn not_read(view: &View<'_>) -> Option<String> {
    let broker = view.broker;
    let needed = |endpoint: Option<Endpoint>| !matches!(endpoint, Some(Endpoint::Clock | Endpoint::Calendar));
    if let Some(unread) = broker.unread.iter().find(|unread| needed(unread.endpoint)) {
        return Some(unread.why.clone());
    }
    if broker.kind == "none" {
        return Some("the broker was not asked: give --broker".to_owned());
    }
    if !broker.unstable.is_empty() {
        let moving = broker.unstable.iter().join(", ");
        return Some(format!("{moving} kept moving while they were read: run it again"));
    }
    if !broker.whole {
        return Some("not every position could be understood (see integrity)".to_owned());
    }
    let began = broker.read_began?;
    (began > view.now()).then(|| format!("the broker was read at {}, after now", time::show(began)))
}
