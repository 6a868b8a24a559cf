//! `[logs.custom.NAME]`: the log of a bot with a format of its own, read by the fields that its settings name.

mod record;

use chrono_tz::Tz;
use rust_decimal::Decimal;
use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Outcome, Sink, rule};
use crate::event::{Action, Claim, Entry, Exit, Fact, Form, Holding, Movement, Pulse, ScaleOut, Sighting, Statement};
use crate::json::{self, Habits, Raw, Rows};
use crate::order_id::OrderId;
use crate::position::{Side, Symbol};
use crate::time::Time;
use crate::trouble::{Reason, Trouble};
use crate::witness::Witness;
use record::{Record, word};

/// The name that reports use.
pub const NAME: &str = "custom";

/// Which field of a record means what.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// The time.
    pub time: Path,
    /// How it is spelt.
    pub time_format: TimeFormat,
    /// What a record does.
    pub kind: KindOf,
    /// What is traded, and how much of it.
    pub fields: Fields,
    /// An entry is pending where this holds true, or one of these words.
    pub pending: Option<(Path, Vec<String>)>,
    /// Words for sides beside `long`, `short`, `buy` and `sell`.
    pub sides: BTreeMap<String, Word>,
    /// The price of a movement.
    pub price: Option<Path>,
    /// The profit of an exit in USD.
    pub profit: Option<Path>,
    /// The score of an entry.
    pub score: Option<Path>,
    /// The broker's id of the order.
    pub order_id: Option<Path>,
    /// Where the rows of a whole book are.
    pub book: Option<Book>,
    /// Whose word statements are.
    pub speaks_for: SpeaksFor,
}

/// The fields that say what is held or traded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    /// The symbol.
    pub symbol: Option<Path>,
    /// The quantity: unsigned where there is a side.
    pub quantity: Option<Path>,
    /// The side.
    pub side: Option<Path>,
}

/// Where the rows of a whole book are, and what they say.
#[derive(Clone, Debug, PartialEq)]
pub struct Book {
    /// A list of rows, or an object with a row for each symbol.
    pub positions: Path,
    /// What a row says. Without a symbol, the object's keys are the symbols; without a quantity, its values are the quantities.
    pub row: Fields,
    /// Average entry price.
    pub price: Option<Path>,
    /// Last price of the market.
    pub market_price: Option<Path>,
}

/// A field of a record: the keys that lead to it, and numbers for places of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(pub Vec<String>);

impl Path {
    /// `order.symbol`, or `/order/symbol` where a key has a dot in it. `None` where a key is empty.
    pub fn parse(text: &str) -> Option<Path> {
        let keys: Vec<String> = match text.strip_prefix('/') {
            Some(rest) => rest.split('/').map(str::to_owned).collect(),
            None => text.split('.').map(str::to_owned).collect(),
        };
        keys.iter().all(|key| !key.is_empty()).then_some(Path(keys))
    }
}

/// How a time is spelt.
#[derive(Clone, Debug, PartialEq)]
pub enum TimeFormat {
    /// Any spelling that the built-in logs may have; what has no offset is of this zone.
    Any(Tz),
    /// A number of these since 1970, so many in a second.
    Epoch(i64),
    /// As `strftime` has it; what has no offset is of this zone.
    Spelt(String, Tz),
}

/// What the records of a log do.
#[derive(Clone, Debug, PartialEq)]
pub enum KindOf {
    /// All of them the same.
    Every(Kind),
    /// What a field says, in these words. A line of another word may have moved anything.
    Told(Path, BTreeMap<String, Kind>),
}

/// What a record does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Opens a position, or adds to it.
    Entry,
    /// Asks for a position: it is not known to be filled.
    Pending,
    /// Makes a position smaller.
    ScaleOut,
    /// Closes a position.
    Exit,
    /// States what is held of one symbol.
    Position,
    /// States all that is held.
    Book,
    /// Says that the bot ran.
    Cycle,
    /// Says nothing of what is held.
    Ignore,
}

impl Kind {
    /// All of them, as the settings spell them.
    pub const ALL: [(&'static str, Kind); 8] = [
        ("entry", Kind::Entry),
        ("pending", Kind::Pending),
        ("scale_out", Kind::ScaleOut),
        ("exit", Kind::Exit),
        ("position", Kind::Position),
        ("book", Kind::Book),
        ("cycle", Kind::Cycle),
        ("ignore", Kind::Ignore),
    ];

    /// Whether it changes what should be held.
    pub fn moves(self) -> bool {
        match self {
            Kind::Entry | Kind::Pending | Kind::ScaleOut | Kind::Exit => true,
            Kind::Position | Kind::Book | Kind::Cycle | Kind::Ignore => false,
        }
    }

    /// Whether it says what is held.
    pub fn states(self) -> bool {
        match self {
            Kind::Position | Kind::Book => true,
            Kind::Entry | Kind::Pending | Kind::ScaleOut | Kind::Exit | Kind::Cycle | Kind::Ignore => false,
        }
    }
}

/// A word for a side: of a position, or of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The position is long.
    Long,
    /// The position is short.
    Short,
    /// The order buys: opens a long position, closes a short one.
    Buy,
    /// The order sells: opens a short position, closes a long one.
    Sell,
}

impl Word {
    /// All of them, as the settings spell them.
    pub const ALL: [(&'static str, Word); 4] =
        [("long", Word::Long), ("short", Word::Short), ("buy", Word::Buy), ("sell", Word::Sell)];

    /// Whether a negative quantity can stand beside it.
    fn allows_minus(self) -> bool {
        match self {
            Word::Short | Word::Sell => true,
            Word::Long | Word::Buy => false,
        }
    }

    fn opens(self) -> Side {
        match self {
            Word::Long | Word::Buy => Side::Long,
            Word::Short | Word::Sell => Side::Short,
        }
    }

    fn closes(self) -> Side {
        match self {
            Word::Long | Word::Sell => Side::Long,
            Word::Short | Word::Buy => Side::Short,
        }
    }
}

/// Whose word the statements of a log are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpeaksFor {
    /// A copy of what the broker answered: believed, and adopted.
    Broker,
    /// What the bot itself believes: judged.
    Bot,
}

impl SpeaksFor {
    /// All of them, as the settings spell them.
    pub const ALL: [(&'static str, SpeaksFor); 2] = [("broker", SpeaksFor::Broker), ("bot", SpeaksFor::Bot)];
}

impl Mapping {
    /// Whether its records move what should be held: then it is the bot's own account of its trades.
    pub fn moves(&self) -> bool {
        match &self.kind {
            KindOf::Every(kind) => kind.moves(),
            KindOf::Told(_, spelt) => spelt.values().any(|kind| kind.moves()),
        }
    }

    /// Turns one line into events.
    pub fn decode(&self, line: &str, out: &mut Sink<'_>) -> Result<Outcome, Trouble> {
        let record = Record { text: line, rows: out.read(line)? };
        let kind = match &self.kind {
            KindOf::Every(kind) => *kind,
            KindOf::Told(path, spelt) => match spelt.get(record.word(path)?.ok_or(Reason::MissingField("kind"))?.as_ref()) {
                Some(kind) => *kind,
                None => return Err(Reason::UnknownWord("kind").into()),
            },
        };
        match kind {
            Kind::Ignore => return Ok(Outcome::Ignored(rule::DIAGNOSTIC)),
            Kind::Entry | Kind::Pending => self.entry(&record, kind == Kind::Pending, out)?,
            Kind::ScaleOut => self.scale_out(&record, out)?,
            Kind::Exit => self.exit(&record, out)?,
            Kind::Position => self.position(&record, out)?,
            Kind::Book => self.book(&record, out)?,
            Kind::Cycle => out.push(self.at(&record)?, Fact::Pulse(Pulse::Cycle { market_open: None, healthy: true })),
        }
        Ok(Outcome::Understood)
    }

    /// Reads a document that is one record.
    pub fn read(&self, text: &str) -> Result<Vec<(Time, Fact)>, Trouble> {
        let mut events = Vec::new();
        let origin = crate::origin::Origin { source: crate::origin::SourceId(0), offset: 0, line: 1 };
        self.decode(text, &mut Sink { origin, events: &mut events, habits: &mut Habits::none() })?;
        Ok(events.into_iter().map(|event| (event.at, event.fact)).collect())
    }

    fn at(&self, record: &Record<'_>) -> Result<Time, Trouble> {
        let text = record.word(&self.time)?.ok_or(Reason::BadTimestamp)?;
        record::moment(&text, &self.time_format).ok_or_else(|| Reason::BadTimestamp.into())
    }

    fn side(&self, side: Option<Cow<'_, str>>) -> Result<Option<Word>, Trouble> {
        let Some(spelt) = side else { return Ok(None) };
        let own = self.sides.get(spelt.as_ref()).copied();
        let known = || Word::ALL.into_iter().find(|(name, _)| spelt.eq_ignore_ascii_case(name)).map(|(_, word)| word);
        own.or_else(known).map(Some).ok_or_else(|| Reason::UnknownWord("side").into())
    }

    /// What a record says of a symbol that it names.
    fn traded(&self, record: &Record<'_>, fields: &Fields) -> Result<Traded, Trouble> {
        let path = fields.symbol.as_ref().ok_or(Reason::MissingField("symbol"))?;
        let symbol = record.word(path)?.as_deref().and_then(Symbol::parse).ok_or(Reason::BadSymbol)?;
        self.traded_of(symbol, record, fields)
    }

    /// The quantity, and the side: the field's, else the quantity's sign, which is an order's.
    fn traded_of(&self, symbol: Symbol, record: &Record<'_>, fields: &Fields) -> Result<Traded, Trouble> {
        let quantity = record.number(fields.quantity.as_ref(), "quantity")?;
        let side = match &fields.side {
            Some(path) => self.side(record.word(path)?)?,
            None => None,
        };
        let is_negative = quantity.and_then(Side::of) == Some(Side::Short);
        if is_negative && side.is_some_and(|side| !side.allows_minus()) {
            return Err(Reason::SideContradictsSign.into());
        }
        let by_sign = quantity.and_then(Side::of).filter(|_| fields.side.is_none()).map(|side| match side {
            Side::Long => Word::Buy,
            Side::Short => Word::Sell,
        });
        Ok(Traded { symbol, quantity: quantity.map(|quantity| quantity.abs()), side: side.or(by_sign) })
    }

    fn entry(&self, record: &Record<'_>, pending: bool, out: &mut Sink<'_>) -> Result<(), Trouble> {
        let at = self.at(record)?;
        let traded = self.traded(record, &self.fields)?;
        let pending = pending || self.is_pending(record)?;
        let side = traded.side.ok_or(Reason::MissingField("side"))?.opens();
        if traded.quantity.is_none() && !pending {
            return Err(Reason::MissingField("quantity").into());
        }
        let entry = Entry {
            side: Some(side),
            pending,
            logged: traded.quantity.filter(|_| !pending),
            requested: traded.quantity.filter(|_| pending),
            price: record.number(self.price.as_ref(), "price")?,
            score: record.number(self.score.as_ref(), "score")?,
            ..Entry::default()
        };
        moved(at, traded.symbol, Action::Entry(entry), out);
        Ok(())
    }

    fn is_pending(&self, record: &Record<'_>) -> Result<bool, Trouble> {
        let Some((path, words)) = &self.pending else { return Ok(false) };
        let field = record.field(path)?;
        Ok(match words.as_slice() {
            [] => json::is_true(field),
            words => word(field).is_some_and(|said| words.iter().any(|word| *word == said)),
        })
    }

    fn scale_out(&self, record: &Record<'_>, out: &mut Sink<'_>) -> Result<(), Trouble> {
        let at = self.at(record)?;
        let traded = self.traded(record, &self.fields)?;
        let reduces = traded.side.map(Word::closes);
        let quantity = traded.quantity.ok_or(Reason::MissingField("quantity"))?;
        let price = record.number(self.price.as_ref(), "price")?;
        let action = Action::ScaleOut(ScaleOut { reduces, quantity: Some(quantity), price, spelt_long: false });
        moved(at, traded.symbol, action, out);
        Ok(())
    }

    /// An exit makes flat. Its quantity, where it has one, is what it says was held.
    fn exit(&self, record: &Record<'_>, out: &mut Sink<'_>) -> Result<(), Trouble> {
        let at = self.at(record)?;
        let traded = self.traded(record, &self.fields)?;
        let side = traded.side.map(Word::closes);
        let order_id = match &self.order_id {
            Some(path) => record.word(path)?.map(|id| OrderId::from(&*id)),
            None => None,
        };
        let exit = Exit {
            side,
            filled: traded.quantity,
            price: record.number(self.price.as_ref(), "price")?,
            profit: record.number(self.profit.as_ref(), "profit")?,
            order_id,
            ..Exit::default()
        };
        if let Some((side, quantity)) = side.zip(traded.quantity.filter(|quantity| !quantity.is_zero())) {
            let claim = Claim::Symbol(traded.symbol.clone(), Form::Equals(side.signed(quantity)));
            out.push(at, Fact::Statement(Statement { witness: Witness::ExitRecord, claim }));
        }
        moved(at, traded.symbol, Action::Exit(exit), out);
        Ok(())
    }

    fn position(&self, record: &Record<'_>, out: &mut Sink<'_>) -> Result<(), Trouble> {
        let at = self.at(record)?;
        let (symbol, quantity) = self.traded(record, &self.fields)?.held()?;
        let form = if quantity.is_zero() { Form::NotHeld } else { Form::Equals(quantity) };
        let witness = match self.speaks_for {
            SpeaksFor::Broker => Witness::CustomBroker,
            SpeaksFor::Bot => Witness::CustomRecord,
        };
        out.push(at, Fact::Statement(Statement { witness, claim: Claim::Symbol(symbol, form) }));
        Ok(())
    }

    /// All that is held. Where the positions are not there, nothing was answered, and nothing is stated.
    fn book(&self, record: &Record<'_>, out: &mut Sink<'_>) -> Result<(), Trouble> {
        let at = self.at(record)?;
        let book = self.book.as_ref().ok_or(Reason::MissingField("positions"))?;
        let positions = record.field(&book.positions)?.filter(|raw| raw.get() != "null");
        let positions = positions.ok_or(Reason::MissingField("positions"))?;
        let mut holdings = Vec::new();
        if positions.get().starts_with('[') {
            for raw in json::read::<Vec<Raw<'_>>>(positions.get())? {
                holdings.extend(self.holding(book, None, raw, record, out.origin.line)?);
            }
        } else {
            for (name, raw) in json::read::<Rows<'_>>(positions.get())?.last_of_each() {
                holdings.extend(self.holding(book, Some(name), raw, record, out.origin.line)?);
            }
        }
        let witness = match self.speaks_for {
            SpeaksFor::Broker => Witness::CustomBroker,
            SpeaksFor::Bot => Witness::ExecutorState,
        };
        let claim = Claim::WholeBook(holdings.into());
        out.push(at, Fact::Statement(Statement { witness, claim }));
        Ok(())
    }

    /// One row; a quantity of zero is a position that is gone.
    fn holding(
        &self,
        book: &Book,
        name: Option<&str>,
        raw: Raw<'_>,
        whole: &Record<'_>,
        first: u32,
    ) -> Result<Option<Holding>, Trouble> {
        let line = first.saturating_add(json::line_of(whole.text, raw).saturating_sub(1));
        let named = name.filter(|_| book.row.symbol.is_none());
        let named = named.map(|name| Symbol::parse(name).ok_or(Reason::BadSymbol)).transpose()?;
        if let (Some(symbol), None) = (&named, &book.row.quantity) {
            let quantity = json::float(Some(raw), "quantity")?.ok_or(Reason::MissingField("quantity"))?;
            return Ok((!quantity.is_zero()).then(|| Holding::of(symbol.clone(), quantity, line)));
        }
        let row = Record { text: raw.get(), rows: json::read(raw.get())? };
        let (symbol, quantity) = match named {
            Some(symbol) => self.traded_of(symbol, &row, &book.row)?.held()?,
            None => self.traded(&row, &book.row)?.held()?,
        };
        let price = row.number(book.price.as_ref(), "price")?;
        let market_price = row.number(book.market_price.as_ref(), "market_price")?;
        Ok((!quantity.is_zero()).then(|| Holding { price, market_price, ..Holding::of(symbol, quantity, line) }))
    }
}

/// What a record says is traded or held.
struct Traded {
    symbol: Symbol,
    /// Unsigned.
    quantity: Option<Decimal>,
    side: Option<Word>,
}

impl Traded {
    /// The signed quantity that is held, where the record states one.
    fn held(self) -> Result<(Symbol, Decimal), Trouble> {
        let quantity = self.quantity.ok_or(Reason::MissingField("quantity"))?;
        if quantity.is_zero() {
            return Ok((self.symbol, quantity));
        }
        let side = self.side.ok_or(Reason::MissingField("side"))?.opens();
        Ok((self.symbol, side.signed(quantity)))
    }
}

fn moved(at: Time, symbol: Symbol, action: Action, out: &mut Sink<'_>) {
    out.push(at, Fact::moved(Movement { symbol, action, sighting: Sighting::CustomLog, joined: Vec::new() }));
}
