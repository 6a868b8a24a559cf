//! `--format html`: one page that opens anywhere, from a mail or without a network. The verdict first, then the books, the day as a
//! picture, each break with its proof, every biography, and the account of every line.
//!
//! Made by askama: templates are checked when the program is built, a name that a part does not have does not compile, and everything
//! that is put into one is escaped ([`escape::Harmless`]). The page has one script and one style, which stand in it and are the only ones
//! that its policy lets run; it asks nobody for anything. Without the script, and on paper, all of it can be read but the rows of
//! biographies that are many, the whole tape, and what only a pointer shows.

mod account;
mod band;
mod books;
mod cards;
mod data;
pub mod escape;
mod lives;
mod picture;
mod scale;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};

use crate::biographies::Biographies;
use crate::calendar::Calendar;
use crate::event::Event;
use crate::origin::Origin;
use crate::report::Report;

use lives::{Life, Standing};
use scale::{Clock, Moment};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Rows of biographies that are on the page without the script, the worst symbols' first: as many as one scrolls through.
const WRITTEN_ROWS: usize = 1500;

/// What a page tells.
pub struct Told<'a> {
    /// What was found.
    pub report: &'a Report,
    /// Every symbol's biography.
    pub biographies: &'a Biographies,
    /// The tape, as far as it was kept.
    pub tape: &'a [Event],
    /// When the exchange was open.
    pub calendar: &'a Calendar,
}

/// Why a page could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CannotWrite {
    /// A template failed.
    #[error(transparent)]
    Template(#[from] askama::Error),
    /// The rows could not be put into JSON.
    #[error(transparent)]
    Rows(#[from] serde_json::Error),
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page {
    title: String,
    policy: String,
    style: &'static str,
    script: &'static str,
    version: &'static str,
    band: band::Band,
    books: books::Books,
    picture: Option<picture::Picture>,
    cards: cards::Cards,
    lives: Vec<Written>,
    events: u64,
    broken: usize,
    checks: Vec<account::Check>,
    positions: Vec<(String, [String; 7])>,
    ran: String,
    fixes: account::Fixes,
    money: account::Money,
    account: account::Account,
    rows: String,
    tape: Option<(String, usize)>,
}

/// A record's place, `file:line`.
#[derive(Clone, Debug, Template)]
#[template(source = "<code class=\"place\">{{ path }}:{{ line }}</code>", ext = "html")]
pub(super) struct Place {
    path: String,
    line: u32,
}

impl Place {
    fn of(report: &Report, origin: Origin) -> Place {
        Place { path: report.path_of(origin).to_owned(), line: report.line_of(origin) }
    }
}

/// A symbol's biography as it stands on the page.
struct Written {
    symbol: String,
    place: usize,
    standing: Standing,
    events: u32,
    failed: u32,
    end: String,
    drawn_together: bool,
    cards: Vec<(String, String)>,
    /// `None`: the script writes them when they are looked at.
    rows: Option<Vec<WrittenRow>>,
}

struct WrittenRow {
    at: Moment,
    columns: [String; 3],
    class: &'static str,
    sign: &'static str,
    word: &'static str,
    first: bool,
    says: String,
    source: Place,
    more: Option<(u32, Moment, Place)>,
}

/// The page.
pub fn write(told: &Told<'_>) -> Result<String, CannotWrite> {
    let report = told.report;
    let lives = lives::all(told);
    let span = picture::span(told, &lives);
    let clock = Clock::of(span);
    let cards = cards::of(report, clock);
    let band = band::of(told, &lives, &cards.cards);
    let (rows, tape) = match span {
        Some(span) => (data::rows(told, &lives, span)?, data::tape(told, &lives, span)?),
        None => ("null".to_owned(), None),
    };
    let page = Page {
        title: format!("{} {} – {}", band.sign, band.verdict, report.asked.directory),
        policy: policy(),
        style: STYLE,
        script: SCRIPT,
        version: env!("CARGO_PKG_VERSION"),
        books: books::of(report, &lives, clock),
        picture: span.map(|span| picture::of(told, &lives, span)),
        lives: written(told, &lives, &cards, clock),
        events: report.stats.events,
        broken: lives.iter().filter(|life| life.standing < Standing::Agrees).count(),
        checks: account::checks(report),
        positions: account::positions(report),
        ran: report.audit.as_ref().map(|audit| super::audit::ran(audit).join(", ")).unwrap_or_default(),
        fixes: account::fixes(report, clock),
        money: account::money(report, clock),
        account: account::account(report),
        band,
        cards,
        rows,
        tape,
    };
    Ok(page.render()?)
}

/// Nothing is loaded from anywhere; of scripts and styles only these two run, told by their hashes.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(digest(&SHA256, text.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
}

fn written(told: &Told<'_>, lives: &[Life<'_>], cards: &cards::Cards, clock: Clock) -> Vec<Written> {
    let mut left = WRITTEN_ROWS;
    let mut all = Vec::with_capacity(lives.len());
    for (place, life) in lives.iter().enumerate() {
        let (sum, failed) = life.biography.map(crate::biographies::Biography::sum).unwrap_or_default();
        let count = life.rows().len();
        let rows = (count <= left).then(|| written_rows(told.report, life, clock));
        left = left.saturating_sub(if rows.is_some() { count } else { 0 });
        let cards = if life.breaks.is_empty() { Vec::new() } else { cards::of_symbol(&cards.cards, life.symbol) };
        all.push(Written {
            symbol: life.symbol.to_string(),
            place,
            standing: life.standing,
            events: sum.movements + sum.held + sum.failed_again + sum.proves_nothing + failed,
            failed: sum.failed_again + failed,
            end: life.rows().last().map_or_else(|| "?".to_owned(), |row| row.expected.to_string()),
            drawn_together: life.rows().iter().any(|row| matches!(row.what, crate::biographies::What::Several(_))),
            cards,
            rows,
        });
    }
    all
}

fn written_rows(report: &Report, life: &Life<'_>, clock: Clock) -> Vec<WrittenRow> {
    let mut failed = false;
    let rows = life.rows().iter().map(|row| {
        let (class, sign, word) = lives::outcome(row);
        let more = row.events() - 1;
        WrittenRow {
            at: clock.moment(row.at),
            columns: lives::columns(row),
            class,
            sign,
            word,
            first: class == "failed" && !std::mem::replace(&mut failed, true),
            says: lives::says(row),
            source: Place::of(report, row.origin),
            more: (more > 0).then(|| (more, clock.moment(row.last.0), Place::of(report, row.last.1))),
        }
    });
    rows.collect()
}
