//! Statements held against the expected book: what holds settles and confirms, what does not opens a break and is adopted.

use rust_decimal::Decimal;

use crate::account::{Agreement, Moved};
use crate::breaks::{BookName, Break, Evidence, Kind, Said, Severity};
use crate::event::{Event, Form, Holding};
use crate::ledger::{Ledger, at_line};
use crate::outcome::Outcome;
use crate::position::{Position, Quantity, Side, Symbol, plain};
use crate::witness::{Standing, Witness};
use crate::words::stated;

impl Ledger {
    /// Whether a form is possible as the expected book stands now.
    pub(crate) fn fits(&mut self, symbol: &Symbol, form: &Form) -> bool {
        let tolerance = self.settings.tolerance_quantity;
        fits(&self.account(symbol).position, form, tolerance)
    }

    /// Holds one witness's word on one symbol against the expected book. `in_flight` is what open orders may still change.
    pub(crate) fn assert_symbol(
        &mut self,
        event: &Event,
        symbol: &Symbol,
        form: &Form,
        witness: Witness,
        in_flight: Decimal,
    ) -> Outcome {
        if let Form::ScoreLost(lost) = form {
            return self.score(event, symbol, *lost, witness);
        }
        if self.account(symbol).agrees(event, form, witness) {
            return Outcome::Held;
        }
        let outcome = if self.fits(symbol, form) {
            if self.is_too_early(event, symbol, form, witness) {
                self.account(symbol).unconfirmed = witness == Witness::BrokerPositions;
                return Outcome::HeldWithinGrace;
            }
            self.holds(event, symbol, form, witness);
            Outcome::Held
        } else if witness.standing() != Standing::Bot && self.fits_within_grace(event, symbol, form) {
            Outcome::HeldWithinGrace
        } else {
            self.fails(event, symbol, form, witness, in_flight)
        };
        if witness == Witness::BrokerPositions {
            self.account(symbol).unconfirmed = outcome == Outcome::HeldWithinGrace;
        }
        if let (Form::Equals(_) | Form::NotHeld, Standing::Broker | Standing::BrokerUnlessDegraded) = (form, witness.standing()) {
            self.decide_doubt(event, symbol, form, witness);
        }
        self.keep_index(symbol);
        outcome
    }

    /// Holds one row of a whole book against the expected book.
    pub(crate) fn assert_row(&mut self, place: usize, event: &Event, holding: &Holding, witness: Witness) -> Outcome {
        let (symbol, form) = (&holding.symbol, holding.form());
        let row = at_line(event, holding.line);
        let is_brokers = witness.standing() != Standing::Bot;
        let account = self.account(symbol);
        if is_brokers {
            // What the market pays, so that a break which this row opens is put into money.
            account.price = holding.market_price.or(account.price);
        }
        let (outcome, account) = if account.agrees(&row, &form, witness) {
            (Outcome::Held, account)
        } else {
            (self.assert_symbol(&row, symbol, &form, witness, holding.further().in_flight), self.account(symbol))
        };
        if is_brokers && account.note_price(&row, holding) {
            self.compare_prices(symbol);
        }
        self.mark(place, &row, symbol, Some((witness, form)), Some(outcome));
        outcome
    }

    /// Within the grace after an entry whose fill is a range, a quantity away from what was logged may only be late: it settles nothing.
    fn is_too_early(&mut self, event: &Event, symbol: &Symbol, form: &Form, witness: Witness) -> bool {
        let (grace, tolerance) = (self.settings.grace, self.settings.tolerance_quantity);
        let account = self.account(symbol);
        let stated = match form {
            Form::Equals(quantity) => *quantity,
            Form::NotHeld => Decimal::ZERO,
            Form::AtLeast(_) | Form::Held | Form::ScoreLost(_) => return false,
        };
        let within = account.last_moved.is_some_and(|moved| event.at - moved <= grace);
        let quantity = account.position.quantity;
        let open = quantity.known().is_none() && quantity.low().is_some() && quantity.high().is_some();
        witness.standing() != Standing::Bot && within && open && (stated - account.position.claimed).abs() > tolerance
    }

    /// Either side of each movement less than the grace away is accepted (design, rule 4).
    pub(crate) fn fits_within_grace(&mut self, event: &Event, symbol: &Symbol, form: &Form) -> bool {
        let (earliest, tolerance) = (event.at - self.settings.grace, self.settings.tolerance_quantity);
        let account = self.account(symbol);
        let earlier =
            account.before.iter().filter(|(at, _)| *at >= earliest).any(|(_, quantity)| allows(quantity, form, tolerance));
        if earlier {
            return true;
        }
        let mut position = account.position.clone();
        for (at, movement) in self.soon(symbol, event.at) {
            position.take(movement, at);
            if fits(&position, form, tolerance) {
                return true;
            }
        }
        false
    }

    pub(crate) fn holds(&mut self, event: &Event, symbol: &Symbol, form: &Form, witness: Witness) {
        let evidence = || stated(event.at, event.origin, witness, form);
        let grace = self.settings.grace;
        let account = self.account(symbol);
        let before = account.position.clone();
        settle(&mut account.position, form, witness);
        // That it is held, or at least so much of it, leaves open what the movements before it did: it brackets nothing.
        let brackets = settles(form);
        if brackets {
            account.last_agreed = Some(Agreement { at: event.at, origin: event.origin, witness, form: *form });
        } else if witness.standing() != Standing::Bot {
            account.seen_at = Some(event.at);
        }
        let moved = if brackets { std::mem::take(&mut account.moved) } else { Vec::new() };
        let pending = if settles(form) { account.pending.take() } else { None };
        let open = account.open.clone();
        for place in open {
            if settles(form) && is_more_exact(form, &self.breaks[place].actual) {
                self.breaks[place].actual = said(form);
            }
            if event.at - self.breaks[place].first_failed_at <= grace && witness.standing() != Standing::Bot {
                // The same moment: another witness of the same fault, not a repair of it.
                self.add_evidence(place, evidence());
            } else if !matches!(form, Form::Held) {
                self.resolve(symbol, place, event.at);
            }
        }
        if settles(form) || matches!(form, Form::AtLeast(_)) {
            self.note_settlement(event, symbol, &before, &moved, pending.is_some(), &evidence, witness);
        }
    }

    /// Contract, section 2: a pending or partly logged entry that a witness settled away from what was logged is a note.
    #[expect(clippy::too_many_arguments, reason = "the moment of settlement has this many sides, and one caller")]
    fn note_settlement(
        &mut self,
        event: &Event,
        symbol: &Symbol,
        before: &Position,
        moved: &[Moved],
        was_pending: bool,
        evidence: &dyn Fn() -> Evidence,
        witness: Witness,
    ) {
        let tolerance = self.settings.tolerance_quantity;
        let account = self.account(symbol);
        let Some(settled) = account.position.quantity.known() else { return };
        if before.opening_unknown && before.implied_opening(settled).abs() > tolerance {
            return self.note_opening(event, symbol, before, settled, moved, evidence, witness);
        }
        // Where nobody knows what it began with and the bot's own entries explain all of it, they are the range that was settled.
        let range = if before.opening_unknown { before.moved } else { before.quantity };
        if range.known() == Some(settled) || range.low().is_none() || range.high().is_none() {
            return;
        }
        let claimed = before.claimed;
        let as_logged = (claimed - settled).abs() <= tolerance;
        if let Some(place) = account.partly {
            // The rest of the order filled later: the note follows, and goes where it ends as logged.
            self.breaks[place].actual = Said::Quantity(Quantity::exact(settled));
            self.breaks[place].severity = Severity::Note;
            self.add_evidence(place, evidence());
            if as_logged {
                self.withdraw(symbol, place);
            }
            return;
        }
        if as_logged {
            return;
        }
        let mut records: Vec<Evidence> = moved.iter().map(Moved::evidence).collect();
        records.push(evidence());
        let what = if was_pending { "ordered" } else { "logged" };
        if let Some(last) = records.last_mut() {
            last.says = format!("{}: {} were filled, {} {what}", last.says, plain(settled), plain(claimed));
        }
        let note = Break {
            severity: Severity::Note,
            expected: Said::Quantity(Quantity::exact(claimed)),
            actual: Said::Quantity(Quantity::exact(settled)),
            ..self.opened(Some(symbol), Kind::Quantity, BookName::Expected, witness.code(), event.at, records)
        };
        self.breaks.push(Break { last_agreed_at: None, resolved_at: Some(event.at), ..note });
        let place = self.breaks.len() - 1;
        self.account(symbol).partly = Some(place);
    }

    /// More was held than the tape's own entries brought: something was held when the tape began (`formats.md` T4).
    #[expect(clippy::too_many_arguments, reason = "as its caller")]
    fn note_opening(
        &mut self,
        event: &Event,
        symbol: &Symbol,
        before: &Position,
        settled: Decimal,
        moved: &[Moved],
        evidence: &dyn Fn() -> Evidence,
        witness: Witness,
    ) {
        let opening = before.implied_opening(settled);
        if before.entered.is_flat() {
            return;
        }
        let records = moved.iter().map(Moved::evidence).chain([evidence()]).collect();
        let kind = if witness == Witness::ExitRecord { Kind::ExitQuantity } else { Kind::Quantity };
        let note = Break {
            severity: Severity::Note,
            expected: Said::Quantity(before.moved),
            actual: Said::Quantity(Quantity::exact(settled)),
            opening: Some(opening),
            ..self.opened(Some(symbol), kind, BookName::Expected, witness.code(), event.at, records)
        };
        self.breaks.push(Break { last_agreed_at: None, resolved_at: Some(event.at), ..note });
    }

    /// A note that turned out to be nothing: kept in place so that other indices stay true, and left out of the report.
    fn withdraw(&mut self, symbol: &Symbol, place: usize) {
        self.breaks[place].withdrawn = true;
        self.account(symbol).partly = None;
    }

    fn fails(&mut self, event: &Event, symbol: &Symbol, form: &Form, witness: Witness, in_flight: Decimal) -> Outcome {
        let evidence = stated(event.at, event.origin, witness, form);
        let grace = self.settings.grace;
        let position = &self.account(symbol).position;
        let expected = if position.opening_unknown { position.moved } else { position.quantity };
        let kind = kind_of(witness, form, &expected);
        let open_places = self.account(symbol).open.clone();
        let again = open_places.into_iter().find(|place| {
            let open = &self.breaks[*place];
            let same_moment = event.at - open.first_failed_at <= grace;
            let same_lifecycle = open.witness == Witness::ScaleOutRecord.code() && witness.standing() == Standing::Bot;
            open.severity == Severity::Break && (same_moment || same_lifecycle)
        });
        let outcome = match again {
            Some(place) => {
                self.refine(place, kind, expected, form, witness);
                self.add_evidence(place, evidence);
                Outcome::FailedAgain
            }
            None => {
                self.open_break(event, symbol, kind, expected, form, witness, in_flight, evidence);
                Outcome::Failed
            }
        };
        if witness.standing() != Standing::Bot {
            self.adopt(symbol, form, witness, event);
        }
        outcome
    }

    /// A more exact witness of the same fault says what the first could not.
    fn refine(&mut self, place: usize, kind: Kind, expected: Quantity, form: &Form, witness: Witness) {
        let open = &mut self.breaks[place];
        if open.actual.number().is_none() && settles(form) {
            open.actual = said(form);
            open.expected = Said::Quantity(expected);
            open.kind = kind;
            open.witness = witness.code();
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the moment of failure has this many sides, and one caller")]
    fn open_break(
        &mut self,
        event: &Event,
        symbol: &Symbol,
        kind: Kind,
        expected: Quantity,
        form: &Form,
        witness: Witness,
        in_flight: Decimal,
        evidence: Evidence,
    ) {
        let records = self.account(symbol).bracket(evidence);
        let mut found = Break {
            expected: Said::Quantity(expected),
            actual: said(form),
            ..self.opened(Some(symbol), kind, BookName::Expected, witness.code(), event.at, records)
        };
        if self.explained_by_orders(form, &expected, in_flight) {
            // An entry that is still filling explains itself; an exit that was recorded as done and only waits in the broker's queue
            // is a difference in what is held (incidents 8 and 9).
            let is_filling = said(form).number().is_some_and(|stated| (stated + in_flight).abs() > stated.abs());
            found.severity = if is_filling { Severity::Note } else { Severity::Break };
            if let Some(last) = found.evidence.last_mut() {
                last.says =
                    format!("{}; an order of {} is still open and would explain the difference", last.says, plain(in_flight));
            }
        }
        let place = self.open_of(symbol, found);
        self.absorb_count(place);
    }

    /// Design, rule 4: open orders explain a difference up to their open quantity.
    fn explained_by_orders(&self, form: &Form, expected: &Quantity, in_flight: Decimal) -> bool {
        let stated = match form {
            Form::Equals(quantity) => *quantity,
            Form::NotHeld => Decimal::ZERO,
            Form::AtLeast(_) | Form::Held | Form::ScoreLost(_) => return false,
        };
        !in_flight.is_zero() && Quantity::between(stated, stated + in_flight).meets(expected, self.settings.tolerance_quantity)
    }

    pub(crate) fn adopt(&mut self, symbol: &Symbol, form: &Form, witness: Witness, event: &Event) {
        let account = self.account(symbol);
        let quantity = match form {
            Form::Equals(quantity) => Quantity::exact(*quantity),
            Form::NotHeld => Quantity::FLAT,
            Form::AtLeast(quantity) => Quantity::at_least(*quantity),
            Form::Held => Quantity::UNKNOWN,
            Form::ScoreLost(_) => return,
        };
        if quantity.is_flat() {
            account.position = Position::flat();
        } else {
            account.position.adopt(quantity);
        }
        account.before.clear();
        account.moved.clear();
        account.pending = None;
        account.partly = None;
        // What is said after this is held against the broker's word: that is the new agreement.
        account.last_agreed = Some(Agreement { at: event.at, origin: event.origin, witness, form: *form });
    }
}

/// Whether a form is possible for a position; what an order may still fill is possible too.
fn fits(position: &Position, form: &Form, tolerance: Decimal) -> bool {
    let stated = match form {
        Form::Equals(quantity) => Some(*quantity),
        Form::NotHeld => Some(Decimal::ZERO),
        Form::AtLeast(_) | Form::Held | Form::ScoreLost(_) => None,
    };
    if stated.is_some_and(|stated| !position.opening_is_plausible(stated) || (stated.is_zero() && position.seen)) {
        return false;
    }
    if allows(&position.quantity, form, tolerance) {
        return true;
    }
    let Form::Equals(quantity) = form else { return false };
    let late = position.quantity.known().map(|known| Quantity::between(known, known + position.unfilled));
    late.is_some_and(|late| late.allows(*quantity, tolerance))
}

fn allows(held: &Quantity, form: &Form, tolerance: Decimal) -> bool {
    match form {
        Form::Equals(quantity) => held.allows(*quantity, tolerance),
        Form::AtLeast(quantity) => held.meets(&Quantity::at_least(*quantity), tolerance),
        Form::Held => !held.is_flat(),
        Form::NotHeld => held.allows(Decimal::ZERO, tolerance),
        Form::ScoreLost(_) => true,
    }
}

fn settle(position: &mut Position, form: &Form, witness: Witness) {
    match form {
        Form::Equals(quantity) => {
            let exact = position.quantity.known().filter(|_| position.unfilled.is_zero());
            position.settle(exact.unwrap_or(*quantity));
        }
        Form::NotHeld => position.settle(Decimal::ZERO),
        Form::AtLeast(quantity) => position.narrow(*quantity),
        Form::Held | Form::ScoreLost(_) => {
            if witness.standing() == Standing::Bot {
                return;
            }
            position.seen |= *form == Form::Held && position.quantity.known().is_none();
            if position.quantity.is_open() {
                position.provenance.confirm();
            }
        }
    }
}

/// Whether a form says how much, and what was said before it only that it is held, or at least how much.
fn is_more_exact(form: &Form, before: &Said) -> bool {
    match (before, said(form).number()) {
        (Said::Held, _) => true,
        (Said::Quantity(range), Some(stated)) => range.known().is_none() && range.allows(stated, Decimal::ZERO),
        (Said::Quantity(_) | Said::Count(_) | Said::Price(_) | Said::Nothing, _) => false,
    }
}

/// Whether a form leaves nothing open.
fn settles(form: &Form) -> bool {
    matches!(form, Form::Equals(_) | Form::NotHeld)
}

/// What a form says, as a break shows it.
pub(crate) fn said(form: &Form) -> Said {
    match form {
        Form::Equals(quantity) => Said::Quantity(Quantity::exact(*quantity)),
        Form::AtLeast(quantity) => Said::Quantity(Quantity::at_least(*quantity)),
        Form::NotHeld => Said::Quantity(Quantity::FLAT),
        Form::Held => Said::Held,
        Form::ScoreLost(_) => Said::Nothing,
    }
}

/// The kind of break that a failed word on the expected book is.
fn kind_of(witness: Witness, form: &Form, expected: &Quantity) -> Kind {
    let stated = match form {
        Form::Equals(quantity) | Form::AtLeast(quantity) => Side::of(*quantity),
        Form::NotHeld => return if witness == Witness::EntryRecord { Kind::EntryWhileOpen } else { Kind::Orphan },
        Form::Held | Form::ScoreLost(_) => None,
    };
    let flat = expected.is_flat();
    let other_side = expected.side().zip(stated).is_some_and(|(one, two)| one != two);
    match witness {
        Witness::ExitRecord | Witness::FlattenRecord if flat => Kind::ExitWithoutEntry,
        Witness::ScaleOutRecord if flat => Kind::ScaleOutWithoutEntry,
        _ if flat => Kind::Missing,
        _ if other_side => Kind::Side,
        Witness::ExitRecord | Witness::FlattenRecord => Kind::ExitQuantity,
        _ => Kind::Quantity,
    }
}
