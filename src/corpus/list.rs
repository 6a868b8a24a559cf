//! `corpus list`: what there is, from the manifests and the accepted reports; nothing is replayed.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};
use itertools::Itertools;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

use super::case::{CannotLoad, Case, Parse};
use super::told::wrapped;
use super::verdict::Verdict;
use crate::outputs::paint::Look;
use crate::source::visible;

/// One case of the list.
#[derive(Debug)]
pub struct Listed {
    /// Where it lies.
    pub folder: PathBuf,
    /// The case and its accepted verdict.
    pub result: Result<(Case, Verdict), CannotLoad>,
}

/// Looks at each.
pub fn look(folders: &[PathBuf], parse: Parse) -> Vec<Listed> {
    let one = |folder: &Path| {
        let case = Case::load(folder, parse)?;
        let accepted = case.accepted()?;
        Ok((case, accepted.verdict))
    };
    folders.iter().map(|folder| Listed { folder: folder.clone(), result: one(folder) }).collect()
}

impl Listed {
    /// The folder's name.
    pub fn name(&self) -> String {
        self.folder.file_name().map_or_else(|| self.folder.display().to_string(), |name| name.to_string_lossy().into_owned())
    }
}

/// The causes of the breaks, each once.
fn causes(verdict: &Verdict) -> Vec<&str> {
    verdict.breaks.iter().map(|found| found.cause.code.as_str()).sorted().dedup().collect()
}

/// The part of time that it covers, to the minute. A tape that begins with what has no time begins at the epoch, which tells nothing.
fn window(verdict: &Verdict) -> String {
    let minute = |at: &Option<String>| {
        let at = at.as_deref().filter(|at| !at.starts_with("1970-"));
        at.map_or("?", |at| at.get(..16).unwrap_or(at)).replace('T', " ")
    };
    let (from, until) = (minute(&verdict.window.0), minute(&verdict.window.1));
    match (from.split_once(' '), until.split_once(' ')) {
        (Some((day, _)), Some((other, end))) if day == other => format!("{from} to {end}"),
        _ => format!("{from} to {until}"),
    }
}

/// Columns from which a case has one row, with what happened in it; in fewer it has a line for its name and one for the rest.
const WIDE: usize = 120;
/// Columns that the names of cases may take.
const WIDEST_NAME: u16 = 40;
/// Columns that a window may take: a line for each end.
const WIDEST_WINDOW: u16 = 19;

/// A table that fits the width.
pub fn text(listed: &[Listed], look: &Look) -> String {
    if look.width >= WIDE { table(listed, look) } else { narrow(listed, look) }
}

fn narrow(listed: &[Listed], look: &Look) -> String {
    let mut out = String::new();
    for row in listed {
        out.push_str(&format!("{}\n", visible(&row.name())));
        let text = match &row.result {
            Ok((_, verdict)) => {
                let breaks = verdict.breaks.len();
                let noun = if breaks == 1 { "break" } else { "breaks" };
                format!("{}, {} events, {breaks} {noun}  {}", window(verdict), verdict.events, causes(verdict).join(", "))
            }
            Err(error) => format!("could not check: {error}"),
        };
        wrapped(&mut out, look, "", text.trim_end());
    }
    out
}

fn table(listed: &[Listed], look: &Look) -> String {
    let mut table = Table::new();
    let width = u16::try_from(look.width).unwrap_or(u16::MAX);
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.set_header(["case", "what happened", "window (UTC)", "events", "breaks", "causes"]);
    for row in listed {
        let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        let name = Cell::new(row.name());
        let cells = match &row.result {
            Ok((case, verdict)) => [
                name,
                Cell::new(&case.manifest.about),
                Cell::new(window(verdict)),
                right(verdict.events.to_string()),
                right(verdict.breaks.len().to_string()),
                Cell::new(causes(verdict).join(", ")),
            ],
            Err(error) => {
                let unknown = || right("?".to_owned());
                [name, Cell::new(error.to_string()), unknown(), unknown(), unknown(), Cell::new("could not check")]
            }
        };
        table.add_row(cells);
    }
    for (place, widest) in [(0, WIDEST_NAME), (2, WIDEST_WINDOW)] {
        if let Some(column) = table.column_mut(place) {
            column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(widest)));
        }
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The list for programs: an array, a row a case.
pub fn document(listed: &[Listed]) -> String {
    let rows: Value = listed.iter().map(row).collect();
    format!("{:#}\n", json!({"schema": "tapecheck.corpus-list/1", "cases": rows}))
}

fn row(row: &Listed) -> Value {
    let mut value = json!({"name": row.name(), "path": row.folder.display().to_string()});
    match &row.result {
        Ok((case, verdict)) => {
            value["about"] = json!(case.manifest.about);
            value["command"] = json!(case.manifest.command.name());
            value["verdict"] = json!(verdict.verdict);
            value["verdict_hash"] = json!(verdict.hash);
            value["window"] = json!({"from": verdict.window.0, "until": verdict.window.1});
            value["events"] = json!(verdict.events);
            value["breaks"] = json!(verdict.breaks.len());
            value["causes"] = json!(causes(verdict));
        }
        Err(error) => value["why"] = json!(error.to_string()),
    }
    value
}
