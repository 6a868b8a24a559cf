//! What a day shall be: its faults, the bot's age, which witnesses are kept, and whether the files are dirty.

use super::chance::Chance;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A scale-out that bought.
    ScaleOutWrongSide,
    /// A scale-out that the broker never filled.
    ScaleOutNotExecuted,
    /// A scale-out that the executor's book does not have.
    ScaleOutNotApplied,
    /// An exit that the broker never filled.
    ExitNotExecuted,
    /// An exit that left no record.
    ExitNotLogged,
    /// An exit requested when the exchange was closed.
    ExitQueued,
    /// An entry that the broker never filled.
    EntryNotExecuted,
    /// An entry that left no attribution.
    EntryNotLogged,
    /// Somebody opened a position by hand.
    OpenedByHand,
    /// Somebody closed one.
    ClosedByHand,
    /// Somebody added to one.
    AddedByHand,
    /// An entry filled otherwise than logged.
    PartialFill,
    /// An entry on the other side.
    SideFlip,
    /// An order sent again and again, of which each filled.
    RetryMultiplied,
    /// One entry, logged twice.
    DuplicateEntry,
    /// A split.
    CorporateAction,
    /// Positions of the night before, of which the tape knows nothing at its beginning.
    OpeningBalanceUnknown,
    /// The bot's state, wiped and made anew.
    StateReset,
    /// The executor forgot a position.
    TrackingLost,
    /// A row of the metadata is gone.
    MetadataLost,
    /// A score was replaced by zero.
    ScoreLost,
    /// The reconciler stopped, and the executor's file grew old.
    StaleState,
}

impl Fault {
    /// All of them: the rows of the matrix.
    pub const ALL: [Fault; 22] = [
        Fault::ScaleOutWrongSide,
        Fault::ScaleOutNotExecuted,
        Fault::ScaleOutNotApplied,
        Fault::ExitNotExecuted,
        Fault::ExitNotLogged,
        Fault::ExitQueued,
        Fault::EntryNotExecuted,
        Fault::EntryNotLogged,
        Fault::OpenedByHand,
        Fault::ClosedByHand,
        Fault::AddedByHand,
        Fault::PartialFill,
        Fault::SideFlip,
        Fault::RetryMultiplied,
        Fault::DuplicateEntry,
        Fault::CorporateAction,
        Fault::OpeningBalanceUnknown,
        Fault::StateReset,
        Fault::TrackingLost,
        Fault::MetadataLost,
        Fault::ScoreLost,
        Fault::StaleState,
    ];

    /// The cause that the tool should name.
    pub fn cause(self) -> &'static str {
        match self {
            Fault::ScaleOutWrongSide => "scale_out_wrong_side",
            Fault::ScaleOutNotExecuted => "scale_out_not_executed",
            Fault::ScaleOutNotApplied => "scale_out_not_applied",
            Fault::ExitNotExecuted => "exit_not_executed",
            Fault::ExitNotLogged => "exit_not_logged",
            Fault::ExitQueued => "exit_queued",
            Fault::EntryNotExecuted => "entry_not_executed",
            Fault::EntryNotLogged => "entry_not_logged",
            Fault::OpenedByHand | Fault::ClosedByHand | Fault::AddedByHand => "external_trade",
            Fault::PartialFill => "partial_fill",
            Fault::SideFlip => "side_flip",
            Fault::RetryMultiplied => "retry_multiplied",
            Fault::DuplicateEntry => "duplicate_entry",
            Fault::CorporateAction => "corporate_action",
            Fault::OpeningBalanceUnknown => "opening_balance_unknown",
            Fault::StateReset => "state_reset",
            Fault::TrackingLost => "tracking_lost",
            Fault::MetadataLost => "metadata_lost",
            Fault::ScoreLost => "score_lost",
            Fault::StaleState => "stale_state",
        }
    }

    /// Its name in the matrix: the cause, and what was done where one cause has several.
    pub fn name(self) -> &'static str {
        match self {
            Fault::OpenedByHand => "external_trade:opened",
            Fault::ClosedByHand => "external_trade:closed",
            Fault::AddedByHand => "external_trade:added",
            _ => self.cause(),
        }
    }

    /// Nothing that is held differs: only what the bot notes about it.
    pub fn is_annotation(self) -> bool {
        matches!(self, Fault::StateReset | Fault::MetadataLost | Fault::ScoreLost)
    }

    /// It is made at the end of the day, of something that is held then.
    pub fn is_last(self) -> bool {
        matches!(
            self,
            Fault::ScaleOutNotApplied | Fault::ExitQueued | Fault::TrackingLost | Fault::MetadataLost | Fault::StaleState
        )
    }

    /// One would hide the other, or undo it, or be it.
    fn excludes(self, other: Fault) -> bool {
        let both = |one: Fault, two: Fault| (self, other) == (one, two) || (other, self) == (one, two);
        let with_reset = [Fault::ScoreLost, Fault::MetadataLost, Fault::StaleState, Fault::OpeningBalanceUnknown];
        let with_stale = [Fault::TrackingLost, Fault::ExitQueued, Fault::ScaleOutNotApplied];
        self == other
            || with_reset.into_iter().any(|fault| both(Fault::StateReset, fault))
            || with_stale.into_iter().any(|fault| both(Fault::StaleState, fault))
            || both(Fault::ExitQueued, Fault::ScaleOutNotApplied)
            || both(Fault::ScoreLost, Fault::StaleState)
    }
}

/// How old the bot is: which records it writes, and in what shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// January: entries say no side and no quantity, only the orders do.
    January,
    /// Since then.
    Newer,
}

/// Which witnesses are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Witnesses {
    /// `data/audit_positions_autofix.jsonl`.
    pub autofix: bool,
    /// `state/portfolio_state.jsonl`.
    pub portfolio: bool,
    /// The broker's positions, read at the end.
    pub broker: bool,
    /// The broker's activities.
    pub fills: bool,
    /// The broker's orders.
    pub orders: bool,
}

impl Witnesses {
    /// Every witness.
    pub const EVERY: Witnesses = Witnesses { autofix: true, portfolio: true, broker: true, fills: true, orders: true };

    /// Half of the days have them all; the others lack one, or two.
    fn draw(chance: &mut Chance) -> Witnesses {
        let every = Witnesses::EVERY;
        match chance.between(0, 20) {
            0..10 => every,
            10 => Witnesses { autofix: false, ..every },
            11 | 12 => Witnesses { portfolio: false, ..every },
            13 => Witnesses { fills: false, ..every },
            14 => Witnesses { orders: false, ..every },
            15 | 16 => Witnesses { fills: false, orders: false, ..every },
            17 => Witnesses { broker: false, fills: false, orders: false, ..every },
            18 => Witnesses { autofix: false, portfolio: false, ..every },
            _ => Witnesses { portfolio: false, fills: false, orders: false, ..every },
        }
    }

    /// In words.
    pub fn name(self) -> String {
        let all = [
            (self.autofix, "autofix log"),
            (self.portfolio, "portfolio history"),
            (self.broker, "broker"),
            (self.fills || !self.broker, "fills"),
            (self.orders || !self.broker, "orders"),
        ];
        let missing: Vec<&str> = all.iter().filter(|(there, _)| !there).map(|(_, name)| *name).collect();
        if missing.is_empty() { "every witness".to_owned() } else { format!("no {}", missing.join(", no ")) }
    }
}

/// A row of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// Nothing goes wrong.
    Clean,
    /// One fault.
    Alone(Fault),
    /// Two different ones.
    Pair,
}

impl Row {
    fn stream(self) -> u64 {
        match self {
            Row::Clean => 0,
            Row::Pair => 1,
            Row::Alone(fault) => 2 + Fault::ALL.iter().position(|other| *other == fault).map_or(0, |place| place as u64),
        }
    }
}

/// One day.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// The bot's age.
    pub age: Age,
    /// Which witnesses are kept.
    pub witnesses: Witnesses,
    /// The lines are dirty.
    pub dirt: bool,
    /// How many cycles the day has at least.
    pub cycles: i64,
}

impl Plan {
    /// The day of this seed, and the chance that makes it.
    pub fn draw(row: Row, seed: u64) -> (Plan, Chance) {
        let mut chance = Chance::of(row.stream(), seed);
        let faults = match row {
            Row::Clean => Vec::new(),
            Row::Alone(fault) => vec![fault],
            Row::Pair => loop {
                let two = chance.some(&Fault::ALL, 2);
                if !two[0].excludes(two[1]) {
                    break two;
                }
            },
        };
        // Only the older bot adds to what it holds already.
        let january = chance.percent(40) || faults.contains(&Fault::OpeningBalanceUnknown);
        let age = if january { Age::January } else { Age::Newer };
        let witnesses = Witnesses::draw(&mut chance);
        let plan = Plan { faults, age, witnesses, dirt: chance.percent(30), cycles: chance.between(8, 26) };
        (plan, chance)
    }
}
