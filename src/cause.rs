//! Why: a break and its tape give the smallest proved edit (design, section 3).
//!
//! A symbol's tape is folded once more, alone. For each break the suspects lie between the last exact agreement and the failed
//! statement; every hypothesis of [`crate::causes`] proposes edits of that stretch, and an edit is proved when folding the stretch again
//! with it makes the failed statement hold and no other statement fail.
//!
//! Cost: per break the number of proposals (linear in the suspects, but for at most 2^5 subsets of repeated scale-outs) times the length
//! of its bracket and the few statements after it. Brackets of one symbol do not overlap, so a symbol costs what its events do.

use itertools::Itertools;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

use crate::breaks::{BookName, Break, Cause, Kind, Said, Severity};
use crate::causes::{self, Bracket, Edit, Proposal, Scene, Size};
use crate::event::{Action, Claim, Event, Exit, Fact, Form, Holding, Movement, Sighting, Statement};
use crate::flows::{self, Flows};
use crate::ledger::{Ledger, Settings};
use crate::outcome::{Mark, Outcome};
use crate::position::Symbol;
use crate::rivals;
use crate::symbol_tapes;
use crate::ties;
use crate::time::Time;
use crate::witness::Standing;

/// Statements and movements after the failed one that an edit must not contradict.
const AFTERWARDS: usize = 40;

/// What is known of the whole tape when single symbols' are looked at.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The moment of the oldest activity of the broker's; `None` where activities were not read.
    pub executions_from: Option<Time>,
    /// Symbols with movements of different records at one moment.
    pub tied: BTreeSet<Symbol>,
}

/// The symbols whose tapes [`explain`] looks at: those of breaks, of ties, and of what the broker holds where its executions are known.
pub fn symbols(ledger: &Ledger, known: &Known) -> BTreeSet<Symbol> {
    let broken = ledger.breaks.iter().filter_map(|found| found.symbol.as_ref());
    broken.chain(&known.tied).chain(held(ledger, known).keys()).cloned().collect()
}

/// What the broker was last said to hold. Without activities there are no executions to trace it to.
fn held(ledger: &Ledger, known: &Known) -> BTreeMap<Symbol, Decimal> {
    let book = ledger.books.get(&BookName::Broker).filter(|_| known.executions_from.is_some());
    let rows = book.into_iter().flat_map(|book| book.holdings.iter());
    rows.filter_map(|row| Some((row.symbol.clone(), row.quantity.filter(|quantity| !quantity.is_zero())?))).collect()
}

/// Gives every break its cause, as far as it can be proved, and every fix its hindsight. `events` has, in tape order, at least what
/// concerns the [`symbols`].
pub fn explain(ledger: &mut Ledger, events: &[Event], known: &Known) {
    let tapes = symbol_tapes::of(events, symbols(ledger, known));
    explain_by(ledger, tapes, known);
}

/// The same by the tapes of the [`symbols`], drawn already.
pub fn explain_by(ledger: &mut Ledger, mut tapes: BTreeMap<Symbol, Vec<Event>>, known: &Known) {
    let (known_from, tied) = (known.executions_from, &known.tied);
    let held = held(ledger, known);
    symbol_tapes::add_counts(&mut tapes, ledger);
    let mut explained: Vec<(usize, Cause, Option<Time>)> = Vec::new();
    for (symbol, events) in &tapes {
        let began_flat = ledger.accounts.get(symbol).is_some_and(|account| account.began_flat);
        let mut own = OwnTape::fold(symbol, events, known_from, beginning(ledger.settings, began_flat));
        let mine = ledger.breaks.iter().enumerate().filter(|(_, found)| found.symbol.as_ref() == Some(symbol));
        for (place, found) in mine.sorted_by_key(|(_, found)| found.first_failed_at) {
            let scene = Scene { ledger, breaks: &ledger.breaks, events };
            let (cause, at) = recognised(found, &scene, known_from).unwrap_or_else(|| own.explain(found));
            let (cause, at) = own.after_the_log(found, &cause, ledger).map_or((cause, at), |stale| (stale, None));
            explained.push((place, cause, at));
        }
    }
    for (symbol, events) in &tapes {
        if tied.contains(symbol) {
            let began_flat = ledger.accounts.get(symbol).is_some_and(|account| account.began_flat);
            let beginning = beginning(ledger.settings, began_flat);
            let found = ties::sensitive(symbol, events, &beginning, ledger);
            ledger.ties.extend(found);
        }
        if let Some(quantity) = held.get(symbol) {
            let share = Flows::of(events, known_from).explained_share(*quantity);
            ledger.explained.extend(share.map(|share| (symbol.clone(), share)));
        }
    }
    let of_no_symbol = ledger.breaks.iter().enumerate().filter(|(_, found)| found.symbol.is_none());
    for (place, found) in of_no_symbol {
        let scene = Scene { ledger, breaks: &ledger.breaks, events: &[] };
        if let Some((cause, at)) = recognised(found, &scene, known_from) {
            explained.push((place, cause, at));
        }
    }
    for (place, cause, at) in explained {
        let found = &mut ledger.breaks[place];
        found.opened_at = at.map_or(found.first_failed_at, |at| at.min(found.first_failed_at));
        found.cause = cause;
    }
    ledger.judge_fixes();
}

/// A cause that needs no edit: an annotation, a copy or a file is at fault, or the ledger has applied the explanation already.
fn recognised(found: &Break, scene: &Scene<'_>, executions_from: Option<Time>) -> Option<(Cause, Option<Time>)> {
    causes::ALL.iter().find_map(|hypothesis| {
        let words = (hypothesis.recognise)(found, scene)?;
        let others = if hypothesis.code == "partial_fill" {
            rivals::of_a_settled_range(found, scene.events, executions_from)
        } else {
            Vec::new()
        };
        if !others.is_empty() {
            let words = format!("{words}; or {} since, of which no record tells", rivals::told(&others));
            let alternatives = [hypothesis.code].into_iter().chain(others).collect();
            return Some((Cause { code: "ambiguous", proved: false, edit: Some(words), alternatives }, None));
        }
        // What was held before the tape is what fits best: nothing rules out that it came later.
        let proved = found.opening.is_none();
        Some((Cause { code: hypothesis.code, proved, edit: Some(words), alternatives: Vec::new() }, None))
    })
}

/// A ledger that knows of the symbol what the whole ledger knew when the tape first named it.
fn beginning(settings: Settings, began_flat: bool) -> Ledger {
    let mut ledger = Ledger::new(settings);
    if began_flat {
        ledger.nothing_else_is_held();
    }
    ledger
}

/// One symbol's tape, folded, with what is needed to fold stretches of it again.
struct OwnTape<'a> {
    symbol: &'a Symbol,
    events: &'a [Event],
    marks: Vec<Mark>,
    flows: Flows,
    began_unknown: bool,
    beginning: Ledger,
    base: Ledger,
    pushed: usize,
}

impl<'a> OwnTape<'a> {
    fn fold(symbol: &'a Symbol, events: &'a [Event], known_from: Option<Time>, beginning: Ledger) -> OwnTape<'a> {
        let mut ledger = beginning.clone().following(Some(symbol.clone()));
        for event in events {
            ledger.push(event.clone());
        }
        ledger.drain();
        let flows = Flows::of(events, known_from);
        OwnTape {
            symbol,
            events,
            marks: ledger.marks,
            flows,
            began_unknown: beginning.may_hold_more(),
            base: beginning.clone(),
            beginning,
            pushed: 0,
        }
    }

    /// The smallest proved edit, with the moment of the cause.
    fn explain(&mut self, found: &Break) -> (Cause, Option<Time>) {
        let Some((failed, form)) = self.failed_at(found) else { return (Cause::unknown(), None) };
        let agreed = self.last_agreement(failed);
        let start = agreed.map_or(0, |place| place + 1);
        let horizon = (failed + AFTERWARDS).min(self.events.len());
        if start < self.pushed {
            self.base = self.beginning.clone();
            self.pushed = 0;
        }
        for event in &self.events[self.pushed..start] {
            self.base.push(event.clone());
        }
        self.pushed = start;
        self.base.forget_history();
        let expected = match found.expected {
            Said::Quantity(quantity) => quantity,
            Said::Held | Said::Count(_) | Said::Price(_) | Said::Nothing => return (Cause::unknown(), None),
        };
        let bracket = Bracket {
            symbol: self.symbol,
            events: self.events,
            start,
            failed,
            form,
            expected,
            flows: &self.flows,
            from_the_beginning: agreed.is_none() && self.began_unknown,
            prices: self.average_prices(start, failed),
            market: self.before_and_after(start, failed, |holding| holding.market_price),
            tolerance: self.beginning.settings.tolerance_quantity,
        };
        let proved = self.proved(&bracket, found, start, horizon);
        let (cause, at) = chosen(&proved);
        // An earlier statement of the bracket failed and nobody's word was adopted: a quantity that fits the later one explains neither.
        let invented = proved.first().is_some_and(|best| best.size == Size::Invented);
        let proved = cause.proved && !(invented && self.contradicted(start, failed));
        (Cause { proved, ..cause }, at)
    }

    /// A record of the bot's contradicts the expected book within a stretch.
    fn contradicted(&self, start: usize, failed: usize) -> bool {
        self.marks.iter().filter(|mark| (start..failed).contains(&mark.place)).any(|mark| {
            let of_the_bot = mark.stated.is_some_and(|(witness, _)| witness.standing() == Standing::Bot);
            of_the_bot && matches!(mark.outcome, Some(Outcome::Failed | Outcome::FailedAgain))
        })
    }

    /// The smallest edits that are proved, and what is as good where nothing at hand tells them apart.
    fn proved(&self, bracket: &Bracket<'_>, found: &Break, start: usize, horizon: usize) -> Vec<Proposal> {
        let baseline = self.refold(&[], start, horizon);
        let mut proved: Vec<Proposal> = Vec::new();
        for proposal in in_order_of_preference(bracket) {
            // What is larger, or has less to speak for it, than an edit that is proved, cannot win.
            let wins = proved.first().is_none_or(|best| (best.size, best.support) == (proposal.size, proposal.support));
            let rivals = |best: &Proposal| rivals::are_possible(bracket, best) && rivals::is_one(bracket, &proposal, best);
            let counts = wins || proved.first().is_some_and(rivals);
            let again = proved.iter().any(|other| other.edits == proposal.edits);
            if counts && !again && self.proves(&proposal, &baseline, found, start, horizon) {
                proved.push(proposal);
            }
        }
        proved
    }

    /// Logs that end long before the broker was read cannot tell what was done since: what looks unlogged may only be missing in the copy.
    fn after_the_log(&self, found: &Break, cause: &Cause, ledger: &Ledger) -> Option<Cause> {
        let unlogged = ["ambiguous", "unknown", "exit_not_logged", "entry_not_logged", "external_trade"];
        let is_stale = |other: &&Break| other.kind == Kind::StaleState && other.book == BookName::Expected;
        let written = ledger.breaks.iter().find(is_stale)?.first_failed_at;
        let later = found.book == BookName::Expected && found.first_failed_at > written;
        if !later || !unlogged.contains(&cause.code) {
            return None;
        }
        let open =
            |event: &&Event| found.last_agreed_at.is_none_or(|agreed| event.at > agreed) && event.at < found.first_failed_at;
        let moved = self.events.iter().filter(open).any(Event::moves_expected);
        let foreign = self.flows.alone(written, found.first_failed_at).any(flows::Flow::is_foreign);
        (!moved && !foreign).then(|| causes::stale_state::since(written, cause))
    }

    /// Where the break's best statement stands in the symbol's tape, and what it says.
    fn failed_at(&self, found: &Break) -> Option<(usize, Form)> {
        if found.book != BookName::Expected {
            return None;
        }
        if found.kind == Kind::EntryWhileOpen {
            let place = self.events.iter().position(|event| event.at == found.first_failed_at && is_entry(event))?;
            return Some((place, Form::NotHeld));
        }
        let failing = || {
            self.marks.iter().filter_map(|mark| {
                let failed = matches!(mark.outcome, Some(Outcome::Failed | Outcome::FailedAgain));
                let (_, form) = mark.stated.filter(|_| failed)?;
                (self.events.get(mark.place)?.at >= found.first_failed_at).then_some((mark.place, form))
            })
        };
        let exact = failing().find(|(_, form)| crate::assertion::said(form) == found.actual);
        let first = || failing().next().filter(|(place, _)| self.events[*place].at == found.first_failed_at);
        exact.or_else(|| first().map(|(place, form)| (place, self.said_exactly(place, found).unwrap_or(form))))
    }

    /// The first who failed could not say how much; within the grace another said it, and agreed with what was adopted of the first.
    fn said_exactly(&self, failed: usize, found: &Break) -> Option<Form> {
        let until = found.first_failed_at + self.beginning.settings.grace;
        let after = self.marks.iter().filter(|mark| mark.place > failed);
        let soon = after.take_while(|mark| self.events.get(mark.place).is_some_and(|event| event.at <= until));
        soon.filter_map(|mark| mark.stated).map(|(_, form)| form).find(|form| crate::assertion::said(form) == found.actual)
    }

    /// The last statement before `failed` that was exact and held: what came before it is agreed.
    fn last_agreement(&self, failed: usize) -> Option<usize> {
        let before = self.marks.partition_point(|mark| mark.place < failed);
        let agreed = self.marks[..before].iter().rev().find(|mark| {
            let exact = mark.stated.is_some_and(|(_, form)| matches!(form, Form::Equals(_) | Form::NotHeld));
            // After a failed statement of the broker's the ledger adopts it: that is an agreement too.
            exact && matches!(mark.outcome, Some(Outcome::Held | Outcome::Failed | Outcome::FailedAgain))
        });
        agreed.map(|mark| mark.place)
    }

    fn before_and_after(
        &self,
        start: usize,
        failed: usize,
        of: impl Fn(&Holding) -> Option<Decimal>,
    ) -> (Option<Decimal>, Option<Decimal>) {
        let stated = |event: &Event| match &event.fact {
            Fact::Statement(Statement { claim: Claim::WholeBook(rows), .. }) => rows.first().and_then(&of),
            Fact::Statement(_) | Fact::Movement(_) | Fact::Pulse(_) => None,
        };
        let before = self.events[..start.max(1)].iter().rev().find_map(stated).or_else(|| self.entry_price(start, failed));
        (before, self.events[failed..].iter().find_map(stated))
    }

    /// The average entry price before the bracket and after it: as books state it, else as the exit that failed reckons with it.
    fn average_prices(&self, start: usize, failed: usize) -> (Option<Decimal>, Option<Decimal>) {
        let (before, after) = self.before_and_after(start, failed, |holding| holding.price);
        let reckoned = self
            .events
            .get(failed + 1)
            .and_then(|event| if let Some(Action::Exit(exit)) = event.action() { exit.entry_price } else { None });
        (before, after.or(reckoned))
    }

    /// Where no book was stated before, the price of the entry in the bracket.
    fn entry_price(&self, start: usize, failed: usize) -> Option<Decimal> {
        self.events[start..failed]
            .iter()
            .find_map(|event| if let Some(Action::Entry(entry)) = event.action() { entry.price } else { None })
    }

    /// Folds the stretch with edits; gives the moments at which statements failed, and how many did.
    fn refold(&self, edits: &[Edit], start: usize, horizon: usize) -> (BTreeSet<(Time, bool)>, u64) {
        let mut trial = self.base.clone();
        let (before, failed) = (trial.breaks.len(), trial.tally.statements_failed);
        // Nothing was agreed before the bracket and nothing is known of before the tape: a hypothesis about the bracket takes it that
        // nothing was held, or any edit would be true with an opening balance to fit.
        if self.began_unknown && start == 0 {
            let opening = edits.iter().find_map(|edit| if let Edit::Opening(quantity) = edit { Some(*quantity) } else { None });
            trial.begin_with(self.symbol, opening.unwrap_or(Decimal::ZERO));
        }
        for place in start..horizon {
            let mut event = self.events[place].clone();
            let mut gone = false;
            for edit in edits {
                match edit {
                    Edit::InsertBefore(here, at, action) if *here == place => {
                        trial.push(self.inserted(*at, action.clone(), &event));
                    }
                    Edit::Delete(here) if *here == place => gone = true,
                    Edit::Replace(here, action) if *here == place => event = replaced(event, action.clone()),
                    Edit::ClosedBefore(here, at) if *here == place => {
                        trial.push(self.inserted(*at, Action::Exit(Exit::default()), &event));
                    }
                    Edit::InsertBefore(..) | Edit::ClosedBefore(..) | Edit::Delete(_) | Edit::Replace(..) | Edit::Opening(_) => {}
                }
            }
            if !gone {
                trial.push(event);
            }
        }
        trial.drain();
        let failing =
            trial.breaks[before..].iter().filter(|found| found.severity >= Severity::Warning && found.book == BookName::Expected);
        (
            failing.map(|found| (found.first_failed_at, found.kind == Kind::EntryWhileOpen)).collect(),
            trial.tally.statements_failed - failed,
        )
    }

    fn inserted(&self, at: Time, action: Action, before: &Event) -> Event {
        let movement = Movement { symbol: self.symbol.clone(), action, sighting: Sighting::Attribution, joined: Vec::new() };
        Event { at: at.min(before.at), origin: before.origin, fact: Fact::moved(movement) }
    }

    /// An edit is proved when the failed statement holds with it, and no statement fails that held without it.
    fn proves(
        &self,
        proposal: &Proposal,
        baseline: &(BTreeSet<(Time, bool)>, u64),
        found: &Break,
        start: usize,
        horizon: usize,
    ) -> bool {
        let (failing, count) = self.refold(&proposal.edits, start, horizon);
        let mut allowed = baseline.0.clone();
        allowed.retain(|(at, on_entry)| *at != found.first_failed_at || (found.kind == Kind::EntryWhileOpen) != *on_entry);
        let fewer = count < baseline.1 || found.kind == Kind::EntryWhileOpen;
        fewer && failing.is_subset(&allowed)
    }
}

fn is_entry(event: &Event) -> bool {
    matches!(&event.fact, Fact::Movement(movement) if matches!(movement.action, Action::Entry(_)))
}

fn replaced(event: Event, action: Action) -> Event {
    match event.fact {
        Fact::Movement(movement) => Event { fact: Fact::moved(Movement { action, ..*movement }), ..event },
        fact @ (Fact::Statement(_) | Fact::Pulse(_)) => Event { fact, ..event },
    }
}

/// All proposals that the broker does not rule out: the smallest edits first, among equals those that independent evidence speaks for.
fn in_order_of_preference(bracket: &Bracket<'_>) -> impl Iterator<Item = Proposal> {
    let all =
        causes::ALL.iter().flat_map(|hypothesis| (hypothesis.propose)(bracket)).filter(|proposal| proposal.support.is_some());
    all.sorted_by_key(|proposal| (proposal.size, std::cmp::Reverse(proposal.support)))
}

/// The first of what is proved wins; several causes that are equal in size and evidence are ambiguous, never guessed.
fn chosen(equals: &[Proposal]) -> (Cause, Option<Time>) {
    let Some(best) = equals.first() else { return (Cause::unknown(), None) };
    let codes: Vec<&'static str> = equals.iter().map(|proposal| proposal.code).unique().collect();
    if codes.len() == 1 {
        let cause = Cause { code: best.code, proved: true, edit: Some(best.words.clone()), alternatives: Vec::new() };
        return (cause, Some(best.at));
    }
    let words = equals.iter().unique_by(|proposal| proposal.code).map(|proposal| proposal.words.as_str()).join("; or ");
    (Cause { code: "ambiguous", proved: false, edit: Some(words), alternatives: codes }, None)
}
