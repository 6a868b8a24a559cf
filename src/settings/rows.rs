//! Settings as rows, each with where its value comes from: what `tapecheck config` prints, and reads again.

use super::table::Written;
use super::{Settings, Valued, Whence};

/// One setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its key.
    pub key: String,
    /// Its value. `None`: nothing is set, and it depends on the command.
    pub value: Option<Written>,
    /// Where that comes from.
    pub whence: Whence,
}

/// A table and its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// As it stands in its header; empty for the top of the file.
    pub name: String,
    /// One of several of this name.
    pub is_one_of_several: bool,
    /// Its rows.
    pub rows: Vec<Row>,
}

impl Settings {
    /// All of them, in the order of the file.
    pub fn sections(&self) -> Vec<Section> {
        let mut sections = vec![Section { name: String::new(), is_one_of_several: false, rows: self.top() }];
        let path = |(format, paths): (&&'static str, &Valued<Vec<String>>)| {
            let value = match paths.value.as_slice() {
                [path] => Written::Text(path.clone()),
                paths => Written::List(paths.to_vec()),
            };
            Row { key: (*format).to_owned(), value: Some(value), whence: paths.whence }
        };
        if !self.paths.is_empty() {
            let rows = self.paths.iter().map(path).collect();
            sections.push(Section { name: "paths".to_owned(), is_one_of_several: false, rows });
        }
        for rule in &self.accept {
            let Valued { value: rule, whence } = rule;
            let text =
                |key: &str, text: &str| Row { key: key.to_owned(), value: Some(Written::Text(text.to_owned())), whence: *whence };
            let mut rows = vec![text("symbol", rule.symbol.as_str())];
            rows.extend(rule.kind.map(|kind| text("kind", kind.code())));
            rows.extend(rule.cause.map(|cause| text("cause", cause)));
            rows.push(text("reason", &rule.reason));
            rows.push(Row { key: "until".to_owned(), value: Some(Written::Bare(rule.until.to_string())), whence: *whence });
            sections.push(Section { name: "accept".to_owned(), is_one_of_several: true, rows });
        }
        for custom in &self.custom {
            for (table, rows) in custom.written() {
                let own = format!("logs.custom.{}", quoted(&custom.name));
                let name = if table.is_empty() { own } else { format!("{own}.{table}") };
                let row = |(key, value, line): &(String, Written, u32)| Row {
                    key: quoted(key),
                    value: Some(value.clone()),
                    whence: Whence::Line(*line),
                };
                sections.push(Section { name, is_one_of_several: false, rows: rows.iter().map(row).collect() });
            }
        }
        sections
    }

    fn top(&self) -> Vec<Row> {
        let row = |key: &str, value: Option<Written>, whence: Whence| Row { key: key.to_owned(), value, whence };
        let text = |valued: &Valued<Option<String>>| valued.value.clone().map(Written::Text);
        let bare = |text: String| Some(Written::Bare(text));
        vec![
            row("broker", text(&self.broker), self.broker.whence),
            row("account", text(&self.account), self.account.whence),
            row("strict", Some(Written::Truth(self.strict.value)), self.strict.whence),
            row("grace", bare(self.grace.value.to_string()), self.grace.whence),
            row("tolerance_qty", bare(self.tolerance_qty.value.to_string()), self.tolerance_qty.whence),
            row("tolerance_price", bare(self.tolerance_price.value.to_string()), self.tolerance_price.whence),
            row("timeout", bare(self.timeout.value.to_string()), self.timeout.whence),
            row("allow_hosts", Some(Written::List(self.allow_hosts.value.clone())), self.allow_hosts.whence),
        ]
    }
}

/// A key as TOML has it: quoted, where it is not letters and digits alone.
fn quoted(key: &str) -> String {
    let is_bare = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if is_bare { key.to_owned() } else { Written::Text(key.to_owned()).to_string() }
}
