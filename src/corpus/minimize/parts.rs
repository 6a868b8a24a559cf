//! Everything that can go: files, their lines, rows of documents, and the values in them, numbered; and what a case is without some.

use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::tree::{self, Node, Seen};
use crate::brokers::{Endpoint, Recording};
use crate::corpus::add::{Kept, Texts};
use crate::layout::Layout;
use crate::position::Symbol;
use crate::time::Time;

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A file, an answer of the broker's, or the whole recording.
    File,
    /// A line of a log.
    Line,
    /// A row of a document: a position, an order, an activity.
    Row,
    /// A value in a line or a row.
    Value,
}

/// Something that can go.
#[derive(Clone, Debug)]
pub struct Part {
    /// What goes with it when that goes.
    parent: Option<usize>,
    /// What it is.
    pub role: Role,
    /// Levels below its line or document.
    pub level: usize,
    /// When it was said, if that is known.
    pub at: Option<Time>,
    /// The symbol that it is about.
    pub about: Option<Symbol>,
    /// Of a leaf: its key and its spelling.
    pub leaf: Option<(String, String)>,
}

/// A line, or a whole document.
struct Record {
    part: usize,
    text: String,
    tree: Option<Node>,
    inside: Range<usize>,
}

enum Form {
    Log(Vec<Record>),
    Document(Record),
}

struct File {
    part: usize,
    path: String,
    answer: Option<Endpoint>,
    form: Form,
}

/// What has gone, and what was made shorter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    gone: Vec<bool>,
    shorter: BTreeMap<usize, String>,
}

impl Cut {
    /// The same without these.
    pub fn without(&self, parts: &[usize]) -> Cut {
        let mut cut = self.clone();
        for part in parts {
            cut.gone[*part] = true;
        }
        cut
    }

    /// The same with another spelling of a leaf.
    pub fn with(&self, part: usize, spelling: String) -> Cut {
        let mut cut = self.clone();
        cut.shorter.insert(part, spelling);
        cut
    }
}

/// What is known of the facts in the files: where each stands, and which symbols there are.
#[derive(Default)]
pub struct Known {
    /// The time of a fact, by its source's path and its byte there.
    pub times: BTreeMap<(String, u64), Time>,
    /// Every symbol.
    pub symbols: BTreeSet<Symbol>,
    /// Where the files lie.
    pub layout: Layout,
}

/// All parts of a case.
pub struct Parts {
    /// By their numbers.
    pub all: Vec<Part>,
    files: Vec<File>,
    recording: Option<(usize, Recording)>,
}

/// Levels of a document that have a row a line.
const OPEN_LEVELS: usize = 2;

impl Parts {
    /// The parts of a bot's files and of a recording.
    pub fn of(texts: Texts, recording: Option<Recording>, known: &Known) -> Parts {
        let mut parts = Parts { all: Vec::new(), files: Vec::new(), recording: None };
        for (path, text) in texts {
            let part = parts.add(None, Role::File);
            parts.file(part, path, None, &text, known);
        }
        if let Some(recording) = recording {
            let whole = parts.add(None, Role::File);
            for (endpoint, body) in &recording.bodies {
                // A recording without positions is none.
                let part = match endpoint {
                    Endpoint::Positions => whole,
                    Endpoint::Account | Endpoint::Orders | Endpoint::Activities | Endpoint::Clock | Endpoint::Calendar => {
                        parts.add(Some(whole), Role::File)
                    }
                };
                parts.file(part, format!("broker/{}", endpoint.file()), Some(*endpoint), &body.text, known);
            }
            parts.recording = Some((whole, recording));
        }
        parts
    }

    fn add(&mut self, parent: Option<usize>, role: Role) -> usize {
        self.all.push(Part { parent, role, level: 0, at: None, about: None, leaf: None });
        self.all.len() - 1
    }

    fn file(&mut self, part: usize, path: String, answer: Option<Endpoint>, text: &str, known: &Known) {
        let is_log = answer.is_none() && known.layout.is_log(&path);
        let form = if is_log {
            let mut offset = 0;
            let mut records = Vec::new();
            for line in text.split_inclusive('\n') {
                let part = self.add(Some(part), Role::Line);
                self.all[part].at = known.times.get(&(path.clone(), offset)).copied();
                self.all[part].about = about(None, line.trim(), known);
                records.push(self.record(part, line, &path, Role::Line, known));
                offset += line.len() as u64;
            }
            Form::Log(records)
        } else {
            Form::Document(self.record(part, text, &path, Role::File, known))
        };
        self.files.push(File { part, path, answer, form });
    }

    fn record(&mut self, part: usize, text: &str, path: &str, role: Role, known: &Known) -> Record {
        let first = self.all.len();
        let tree = tree::read(text.trim(), part, &mut |seen| {
            let about = about(seen.key, seen.raw, known);
            let role = if role == Role::File && is_row(seen, about.is_some()) { Role::Row } else { Role::Value };
            let number = self.add(Some(seen.parent), role);
            let offset = (seen.raw.as_ptr() as usize).checked_sub(text.as_ptr() as usize);
            let at = offset.and_then(|offset| known.times.get(&(path.to_owned(), offset as u64)).copied());
            let leaf = (!seen.raw.starts_with(['{', '['])).then(|| (seen.key.unwrap_or("").to_owned(), seen.raw.to_owned()));
            let parent = self.all[number].parent;
            self.all[number] = Part { parent, role, level: seen.level, at: at.filter(|_| role == Role::Row), about, leaf };
            number
        });
        Record { part, text: text.to_owned(), tree, inside: first..self.all.len() }
    }

    /// A cut that takes nothing away.
    pub fn whole(&self) -> Cut {
        Cut { gone: vec![false; self.all.len()], shorter: BTreeMap::new() }
    }

    /// Whether a part is still there, and all that it stands in.
    pub fn is_left(&self, cut: &Cut, part: usize) -> bool {
        !cut.gone[part] && self.all[part].parent.is_none_or(|parent| self.is_left(cut, parent))
    }

    /// What is left of these roles, by number.
    pub fn left(&self, cut: &Cut, roles: &[Role]) -> Vec<usize> {
        (0..self.all.len()).filter(|part| roles.contains(&self.all[*part].role) && self.is_left(cut, *part)).collect()
    }

    /// The case without what has gone.
    pub fn rendered(&self, cut: &Cut) -> (Texts, Option<Recording>) {
        let mut texts = Vec::new();
        let mut recording = self.recording.as_ref().filter(|(part, _)| !cut.gone[*part]).map(|(_, recording)| recording.clone());
        for file in &self.files {
            let text = if self.is_left(cut, file.part) { file.rendered(cut) } else { String::new() };
            let is_gone = text.is_empty();
            match (file.answer, &mut recording) {
                (None, _) if is_gone => {}
                (None, _) => texts.push((file.path.clone(), text)),
                (Some(endpoint), Some(recording)) if is_gone => {
                    recording.bodies.remove(&endpoint);
                }
                (Some(endpoint), Some(recording)) => {
                    recording.bodies.entry(endpoint).and_modify(|body| {
                        body.text = text;
                        body.file = endpoint.file().into();
                    });
                }
                (Some(_), None) => {}
            }
        }
        (texts, recording)
    }

    /// What was kept of each file, in the words of what it is made of.
    pub fn kept(&self, cut: &Cut) -> Vec<Kept> {
        let whole = self.whole();
        let one = |file: &File| {
            let (unit, lines, of) = match &file.form {
                Form::Log(records) => {
                    let left = records.iter().filter(|record| self.is_left(cut, record.part)).count();
                    ("lines", left, records.len())
                }
                Form::Document(record) => {
                    let rows = |cut: &Cut| {
                        let rows = record.inside.clone().filter(|part| self.all[*part].role == Role::Row);
                        rows.filter(|part| self.is_left(cut, *part)).count()
                    };
                    ("rows", rows(cut), rows(&whole))
                }
            };
            let bytes = if self.is_left(cut, file.part) { file.rendered(cut).len() as u64 } else { 0 };
            Kept { path: file.path.clone(), unit, lines: lines as u64, of: of as u64, bytes }
        };
        self.files.iter().map(one).collect()
    }
}

impl File {
    fn rendered(&self, cut: &Cut) -> String {
        match &self.form {
            Form::Log(records) => {
                let left = records.iter().filter(|record| !cut.gone[record.part]);
                left.map(|record| record.rendered(cut, 0)).collect()
            }
            Form::Document(record) => record.rendered(cut, OPEN_LEVELS),
        }
    }
}

impl Record {
    /// Its own text unless something in it has changed.
    fn rendered(&self, cut: &Cut, open: usize) -> String {
        let is_touched = cut.gone[self.inside.clone()].contains(&true) || cut.shorter.range(self.inside.clone()).next().is_some();
        match &self.tree {
            Some(tree) if is_touched => {
                let written = tree::write(tree, open, &|part| !cut.gone[part], &|part| cut.shorter.get(&part).cloned());
                // A torn last line stays without its end.
                written + if self.text.ends_with('\n') || open > 0 { "\n" } else { "" }
            }
            Some(_) | None => self.text.clone(),
        }
    }
}

/// A row is an element of a document that is a list, or what a document says of a symbol.
fn is_row(seen: &Seen<'_>, is_about: bool) -> bool {
    let is_container = seen.raw.starts_with(['{', '[']);
    (seen.level == 1 && seen.key.is_none()) || (is_about && is_container)
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    symbol: Option<Cow<'a, str>>,
}

/// The symbol that a value is about: by its key, by what it says of itself, or because it is the symbol.
fn about(key: Option<&str>, raw: &str, known: &Known) -> Option<Symbol> {
    let symbol = |name: &str| Symbol::parse(name).filter(|symbol| known.symbols.contains(symbol));
    let named = match (key, raw.as_bytes().first()) {
        (_, Some(b'{')) => serde_json::from_str::<Named<'_>>(raw).ok().and_then(|named| symbol(&named.symbol?)),
        (None, Some(b'"')) => serde_json::from_str::<String>(raw).ok().and_then(|name| symbol(&name)),
        (_, _) => None,
    };
    named.or_else(|| key.and_then(symbol))
}
