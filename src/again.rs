//! What to type next: the command that gives a report again, and the one that shows more of a break.

use itertools::Itertools;

use crate::breaks::{Break, Kind};
use crate::ledger::Settings;
use crate::position::{Symbol, plain};
use crate::report::{Asked, Window};
use crate::time::{self, Time};

impl Asked {
    /// The command that gives the same report, of this symbol alone if one is named.
    pub fn again(&self, symbol: Option<&Symbol>) -> String {
        let verb = if self.audit { "audit" } else { "replay" };
        let mut words = vec!["tapecheck".to_owned(), verb.to_owned(), self.directory.clone()];
        let mut flag = |name: &str, value: String| words.extend([name.to_owned(), value]);
        match (&self.broker, self.audit) {
            (Some(broker), _) => flag("--broker", broker.clone()),
            // An audit reads the broker where it is not told otherwise.
            (None, true) => flag("--broker", "none".to_owned()),
            (None, false) => {}
        }
        window(&self.window, &mut flag);
        let symbols = symbol.map_or_else(|| self.symbols.iter().join(","), Symbol::to_string);
        if !symbols.is_empty() {
            flag("--symbol", symbols);
        }
        if let Some(file) = self.settings.as_ref().filter(|_| self.settings_named) {
            flag("--config", file.clone());
        }
        equality(&self.equality, &mut flag);
        if self.strict {
            words.push("--strict".to_owned());
        }
        shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
    }
}

impl Break {
    /// What to do about it: the command that shows the symbol's biography.
    pub fn next(&self, asked: &Asked) -> Option<String> {
        let symbol = self.symbol.as_ref()?;
        let quoted = |text: &str| shlex::try_quote(text).map_or_else(|_| "DIR".to_owned(), |quoted| quoted.into_owned());
        let broker = asked.broker.as_deref().map(|path| format!(" --broker {}", quoted(path))).unwrap_or_default();
        let settings = asked.settings.as_deref().filter(|_| asked.settings_named);
        let settings = settings.map(|path| format!(" --config {}", quoted(path))).unwrap_or_default();
        let command = format!("tapecheck show biography {} --symbol {symbol}{broker}{settings}", quoted(&asked.directory));
        match self.kind {
            Kind::Count | Kind::StaleState => None,
            _ => Some(command),
        }
    }
}

fn window(window: &Window, flag: &mut impl FnMut(&str, String)) {
    match day(window) {
        Some(day) => flag("--day", day),
        None => {
            let ends = [("--from", window.from), ("--until", window.until)];
            ends.into_iter().filter_map(|(name, at)| Some((name, at?))).for_each(|(name, at)| flag(name, time::show(at)));
        }
    }
    if let Some(at) = window.at {
        flag("--at", time::show(at));
    }
}

/// The exchange day that the window is, if it is one.
fn day(window: &Window) -> Option<String> {
    let day = time::exchange_day(window.from?);
    let begins: Option<Time> = time::day_begins(day);
    let ends = time::day_ends(day).map(|end| end - chrono::Duration::nanoseconds(1));
    (begins == window.from && ends == window.until).then(|| day.to_string())
}

fn equality(settings: &Settings, flag: &mut impl FnMut(&str, String)) {
    let usual = Settings::default();
    if settings.grace != usual.grace {
        let seconds = rust_decimal::Decimal::new(settings.grace.num_milliseconds(), 3);
        flag("--grace", plain(seconds));
    }
    if settings.tolerance_quantity != usual.tolerance_quantity {
        flag("--tolerance-qty", plain(settings.tolerance_quantity));
    }
    if settings.tolerance_price != usual.tolerance_price {
        flag("--tolerance-price", plain(settings.tolerance_price));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_is_typed_again() {
        let day = "2026-02-05".parse().unwrap();
        let window = Window {
            from: time::day_begins(day),
            until: time::day_ends(day).map(|end| end - chrono::Duration::nanoseconds(1)),
            at: None,
        };
        let asked = Asked { directory: "my bot".to_owned(), window, ..Asked::default() };
        assert_eq!(asked.again(None), "tapecheck replay 'my bot' --day 2026-02-05");
        let symbol = Symbol::parse("DAL").unwrap();
        let asked = Asked {
            directory: "bot".to_owned(),
            broker: Some("live".to_owned()),
            strict: true,
            audit: true,
            window: Window { until: None, ..window },
            equality: Settings { grace: chrono::Duration::milliseconds(2500), ..Settings::default() },
            ..Asked::default()
        };
        let told = "tapecheck audit bot --broker live --from 2026-02-05T05:00:00Z --symbol DAL --grace 2.5 --strict";
        assert_eq!(asked.again(Some(&symbol)), told);
        let unread = Asked { broker: None, window: Window::default(), strict: false, ..asked };
        assert_eq!(unread.again(None), "tapecheck audit bot --broker none --grace 2.5");
    }
}
