//! `--format json`: the document of the contract, section 2. Keys are always present unless the contract marks them.

use itertools::Itertools;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;

use super::document::{
    BookDocument, BrokerDocument, Document, OpeningDocument, PositionDocument, Producer, ProvenanceDocument, Rows,
    SourceDocument, StatsDocument, UnreadDocument, WindowDocument,
};
use super::findings::{
    AcceptedDocument, BreakDocument, CauseDocument, CheckDocument, DifferenceDocument, EvidenceDocument, FixDocument,
    IntegrityDocument, ProfitDocument, RuleDocument, TieDocument,
};
use super::{fingerprint, fixes, many};
use crate::accept::Judged;
use crate::blocks::Blocks;
use crate::breaks::{BookName, Break, Evidence, Tie};
use crate::brokers::{BrokerRead, Unread};
use crate::checks::{Detail, Finding};
use crate::integrity::Integrity;
use crate::outcome::Fix;
use crate::position::{Symbol, plain};
use crate::report::{Book, BookRow, Report};
use crate::source::Source;
use crate::time;

/// Writes the report as JSON, the same as [`write()`] gives.
pub fn write_to(mut out: impl Write, report: &Report) -> Result<(), serde_json::Error> {
    if report.fixes.len() > many::FEW {
        let none = Blocks::default();
        let fixes = Rows { of: &none, report, row: fix };
        let around = serde_json::to_string_pretty(&Document { fixes, ..document(report) })?;
        many::write(&mut out, &around, "fixes", &report.fixes, |part, text| fixes::write(part, report, text))?;
    } else {
        serde_json::to_writer_pretty(&mut out, &document(report))?;
    }
    out.write_all(b"\n").map_err(serde_json::Error::io)
}

/// The report as JSON, one object, with a line feed at its end.
pub fn write(report: &Report) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&document(report))?;
    text.push('\n');
    Ok(text)
}

/// The report as a JSON value, its keys in alphabetical order.
pub fn value(report: &Report) -> Result<Value, serde_json::Error> {
    serde_json::to_value(document(report))
}

/// The books alone, as the report has them.
pub fn books(report: &Report) -> Result<String, serde_json::Error> {
    let books: BTreeMap<&'static str, BookDocument> =
        report.books.iter().map(|book| (book.name.code(), self::book(book, report))).collect();
    let mut text = serde_json::to_string_pretty(&books)?;
    text.push('\n');
    Ok(text)
}

fn document(report: &Report) -> Document<'_> {
    let books = report.books.iter().map(|book| (book.name.code(), self::book(book, report))).collect();
    let breaks: Vec<_> = report.breaks.iter().map(|found| broken(found, report)).collect();
    Document {
        schema: "tapecheck.report/1",
        verdict: report.verdict.code(),
        verdict_hash: fingerprint::of(report.verdict.code(), &breaks, &books),
        unchecked: &report.unchecked,
        window: WindowDocument {
            from: report.window.from.map(time::show),
            until: report.window.until.map(time::show),
            at: report.window.at.map(time::show),
            timezone: "America/New_York",
            opened_by: report.opening.map(|(at, origin)| OpeningDocument {
                source: report.path_of(origin).to_owned(),
                line: report.line_of(origin),
                ts: time::show(at),
            }),
        },
        broker: broker(&report.broker),
        sources: report.sources.iter().map(source).sorted_by(|one, two| one.path.cmp(two.path)).collect(),
        books,
        breaks,
        settings_file: report.asked.settings.as_deref(),
        accept_rules: report.acceptance.rules.iter().map(|judged| rule(judged, report)).collect(),
        fixes: Rows { of: &report.fixes, report, row: fix },
        checks: report.checks.iter().map(check).collect(),
        integrity: report.integrity.iter().map(integrity).collect(),
        order_sensitive: report.ties.iter().map(|tie| self::tie(tie, report)).collect(),
        profit_and_loss: profit(report),
        stats: stats(report),
        producer: Producer { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
    }
}

fn broker(broker: &BrokerRead) -> BrokerDocument<'_> {
    BrokerDocument {
        kind: broker.kind,
        read_began: broker.read_began.map(time::show),
        read_ended: broker.read_ended.map(time::show),
        read_time_from: broker.time_source.map(|source| source.says()),
        account: broker.account.as_ref().and_then(|account| account.masked_number.as_deref()),
        paper: broker.paper,
        base_url: broker.base_url.as_deref(),
        unstable: broker.unstable.iter().map(|symbol| symbol.as_str()).collect(),
        unread: broker.unread.iter().map(unread).collect(),
    }
}

fn unread(unread: &Unread) -> UnreadDocument<'_> {
    UnreadDocument { endpoint: unread.endpoint.map(|endpoint| endpoint.name()), why: &unread.why }
}

fn source(source: &Source) -> SourceDocument<'_> {
    SourceDocument {
        path: &source.path,
        format: source.format,
        bytes: source.bytes,
        passed_over: source.passed_over,
        lines: source.lines,
        understood: source.understood,
        ignored: &source.ignored,
        quarantined: source.quarantined,
        events: source.events,
        first_ts: source.first.map(time::show),
        last_ts: source.last.map(time::show),
        out_of_order: source.out_of_order,
        duplicates: source.duplicates,
    }
}

fn book(book: &Book, report: &Report) -> BookDocument {
    let share = |symbol: &Symbol| report.explained.get(symbol).filter(|_| book.name == BookName::Broker).copied().map(plain);
    let positions = book.rows.iter().map(|(symbol, row)| PositionDocument {
        symbol: symbol.to_string(),
        explained_share: share(symbol),
        ..position(row, book.name)
    });
    BookDocument { as_of: book.as_of.map(time::show), complete: book.complete, positions: positions.collect() }
}

fn position(row: &BookRow, name: BookName) -> PositionDocument {
    match row {
        BookRow::Expected(position) => {
            let known = position.quantity.known();
            let bound = |end: Option<rust_decimal::Decimal>| end.filter(|_| known.is_none()).map(plain);
            let provenance = &position.provenance;
            PositionDocument {
                qty: known.map(plain),
                low: bound(position.quantity.low()),
                high: bound(position.quantity.high()),
                avg_entry_price: position.average_entry_price.map(plain),
                entry_score: position.entry_score.map(plain),
                entry_ts: position.entry_time.map(time::show),
                provenance: Some(ProvenanceDocument {
                    logged: plain(provenance.logged),
                    confirmed: plain(provenance.confirmed),
                    adopted: plain(provenance.adopted),
                    unknown: plain(provenance.unknown),
                }),
                ..PositionDocument::default()
            }
        }
        BookRow::Stated(holding) => PositionDocument {
            qty: holding.quantity.map(plain),
            avg_entry_price: holding.price.map(plain),
            entry_score: holding.further().score.filter(|_| name != BookName::Broker).map(plain),
            entry_ts: holding.further().entry_time.map(time::show),
            ..PositionDocument::default()
        },
    }
}

fn broken<'a>(found: &'a Break, report: &'a Report) -> BreakDocument<'a> {
    BreakDocument {
        id: found.id(),
        symbol: found.symbol.as_ref().map(|symbol| symbol.as_str()),
        kind: found.kind.code(),
        severity: found.severity.code(),
        book: found.book.code(),
        witness: found.witness,
        expected: found.expected.text(),
        actual: found.actual.text(),
        difference: found.difference().map(plain),
        last_agreed_at: found.last_agreed_at.map(time::show),
        opened_at: time::show(found.opened_at),
        first_failed_at: time::show(found.first_failed_at),
        resolved_at: found.resolved_at.map(time::show),
        money_at_stake: found.money_at_stake().map(|money| plain(money.round_dp(2))),
        exposure_usd_seconds: found.exposure(report.window.until).map(plain),
        order_sensitive: found.order_sensitive,
        accepted: report.acceptance.of(found).map(|rule| AcceptedDocument {
            reason: &rule.reason,
            until: rule.until.to_string(),
            rule: report.place_of(rule),
        }),
        cause: CauseDocument {
            code: found.cause.code,
            proved: found.cause.proved,
            edit: found.cause.edit.as_deref(),
            alternatives: &found.cause.alternatives,
        },
        evidence: found.evidence.iter().map(|evidence| self::evidence(evidence, report)).collect(),
        next: found.next(&report.asked),
    }
}

fn rule<'a>(judged: &'a Judged, report: &Report) -> RuleDocument<'a> {
    let Judged { rule, state, breaks } = judged;
    RuleDocument {
        rule: report.place_of(rule),
        symbol: rule.symbol.as_str(),
        kind: rule.kind.map(|kind| kind.code()),
        cause: rule.cause,
        reason: &rule.reason,
        until: rule.until.to_string(),
        state: state.code(),
        breaks: *breaks as u64,
    }
}

fn evidence<'a>(evidence: &'a Evidence, report: &'a Report) -> EvidenceDocument<'a> {
    EvidenceDocument {
        source: report.path_of(evidence.origin),
        line: report.line_of(evidence.origin),
        ts: time::show(evidence.at),
        excerpt: report.excerpts.get(&evidence.origin).map_or("", String::as_str),
        says: &evidence.says,
    }
}

pub(super) fn fix<'a>(fix: &'a Fix, report: &'a Report) -> FixDocument<'a> {
    FixDocument {
        ts: time::show(fix.at),
        event: fix.event,
        symbols: fix.symbols.iter().map(|symbol| symbol.as_str()).collect(),
        verdict: fix.verdict(),
        source: report.path_of(fix.origin),
        line: report.line_of(fix.origin),
    }
}

fn check(found: &Finding) -> CheckDocument<'_> {
    let details = found.details.iter().map(|(key, detail)| (*key, self::detail(detail))).collect();
    CheckDocument { id: found.id, status: found.status.code(), summary: &found.summary, details }
}

fn detail(detail: &Detail) -> Value {
    match detail {
        Detail::Text(text) => Value::from(text.as_str()),
        Detail::Count(count) => Value::from(*count),
        Detail::Truth(truth) => Value::from(*truth),
        Detail::List(list) => Value::from(list.clone()),
        Detail::Moment(at) => Value::from(at.map(time::show)),
        Detail::Minutes(minutes) => Value::from(*minutes),
    }
}

fn integrity(entry: &Integrity) -> IntegrityDocument<'_> {
    IntegrityDocument {
        source: &entry.source,
        line: entry.line,
        column: entry.column,
        reason: entry.reason,
        excerpt: &entry.excerpt,
        consequence: entry.consequence,
    }
}

fn tie<'a>(tie: &'a Tie, report: &Report) -> TieDocument<'a> {
    let records = tie.origins.iter().map(|origin| format!("{}:{}", report.path_of(*origin), report.line_of(*origin)));
    TieDocument { symbol: tie.symbol.as_str(), ts: time::show(tie.at), records: records.collect() }
}

fn profit(report: &Report) -> ProfitDocument<'_> {
    let differing = report.profit.differing.iter().map(|difference| DifferenceDocument {
        symbol: difference.symbol.as_str(),
        ts: time::show(difference.at),
        logged: plain(difference.logged),
        recomputed: plain(difference.recomputed.round_dp(4)),
        why: difference.why.code(),
        source: report.path_of(difference.origin),
        line: report.line_of(difference.origin),
    });
    ProfitDocument {
        exits: report.profit.exits,
        logged: plain(report.profit.logged.round_dp(4)),
        recomputed: plain(report.profit.recomputed.round_dp(4)),
        differing: differing.collect(),
    }
}

fn stats(report: &Report) -> StatsDocument {
    let tally = report.stats.tally;
    let open = report.breaks.iter().filter(|found| found.is_open()).count() as u64;
    StatsDocument {
        events: report.stats.events,
        movements: tally.movements,
        statements: tally.statements,
        statements_held: tally.statements_held,
        statements_failed: tally.statements_failed,
        pulses: tally.pulses,
        fills: tally.fills,
        sightings_joined: report.stats.sightings_joined,
        symbols: report.stats.symbols,
        symbols_left_out: report.stats.symbols_left_out,
        breaks_open: open,
        breaks_resolved: report.breaks.len() as u64 - open,
        breaks_accepted: report.breaks.iter().filter(|found| report.acceptance.of(found).is_some()).count() as u64,
    }
}
