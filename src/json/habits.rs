//! The habits of whoever writes a log: which members follow each other in its records, spelt how, with which blanks.
//!
//! A program writes one record like another, so what comes between two values is mostly what came there before. Where it is, it is passed over
//! as one piece of text, which was checked when it came for the first time, and whether somebody asks for the member is known already. Where it
//! is not, the member is read as any other is, and remembered. That saves time (`docs/performance.md` says how much), and nothing but time depends
//! on what is remembered: a record is accepted, refused and read alike (`tests/quick.rs`).

use super::stretches::Stretches;

/// A place in a record: an object has begun here, or the value of one of its members has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(u16);

impl Place {
    /// Where nothing is remembered.
    pub const NOWHERE: Place = Place(u16::MAX);
    /// Where a record begins.
    pub const RECORD: Place = Place(0);

    /// Places are counted from zero on.
    #[inline(always)]
    pub fn number(self) -> usize {
        usize::from(self.0)
    }
}

/// What is asked of an object.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    /// Nothing: it is passed over.
    Nothing,
    /// Every member.
    All,
    /// The members of these names.
    Only(&'static [&'static str]),
}

/// Whether a member is asked for, and how whoever asks knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nobody asks.
    No,
    /// By its name.
    ByName,
    /// By the place of its name in the list.
    ByPlace(u8),
}

impl Asked {
    /// Whether a member is asked for.
    pub fn wants(self, name: &[u8]) -> Wanted {
        match self {
            Asked::Nothing => Wanted::No,
            Asked::All => Wanted::ByName,
            Asked::Only(names) => match names.iter().position(|asked| asked.as_bytes() == name) {
                Some(place) => u8::try_from(place).map_or(Wanted::ByName, Wanted::ByPlace),
                None => Wanted::No,
            },
        }
    }

    /// The same list, not one that is equal: that is quicker told, and nobody asks by two.
    fn is(self, other: Asked) -> bool {
        match (self, other) {
            (Asked::Nothing, Asked::Nothing) | (Asked::All, Asked::All) => true,
            (Asked::Only(one), Asked::Only(two)) => std::ptr::eq(one, two),
            (Asked::Nothing | Asked::All | Asked::Only(_), _) => false,
        }
    }
}

/// What is remembered of a log's records.
#[derive(Debug)]
pub struct Habits {
    learns: bool,
    places: Vec<Remembered>,
    /// The step that was learnt last at each place, from which the others follow.
    last: Vec<u16>,
    steps: Vec<Step>,
    /// Members that stand there as they stood in the record before.
    pub stretches: Stretches,
}

/// What came next at a place.
#[derive(Debug)]
struct Remembered {
    steps: u8,
    /// How often another one came that could not be learnt.
    missed: u8,
    /// Known from the first time on.
    asked: Option<Asked>,
    /// The same place for who asks for something else.
    otherwise: Place,
    /// Within the values of all members that come next: those that are objects mostly look alike.
    inside: Place,
    /// After the value of a member that was not learnt.
    after: Place,
}

/// What comes between two values: a comma, blanks, a name, a colon.
#[derive(Clone, Debug)]
pub struct Step {
    text: [u8; LONGEST],
    length: u8,
    /// Where the name is in it.
    name: (u8, u8),
    /// Whether the member is asked for.
    pub wanted: Wanted,
    /// Within the value.
    pub inside: Place,
    /// After the value.
    pub after: Place,
    next: u16,
}

/// No step.
const NONE: u16 = u16::MAX;
/// So many bytes of a step are remembered, eight at a time.
const LONGEST: usize = 8 * WORDS;
const WORDS: usize = 5;
/// More members that take turns at one place are no habit …
const TURNS: u8 = 6;
/// … once so many others came: then the place is forgotten.
const MISSED: u8 = 32;
/// So much is remembered at the most: a log whose records have no order at all fills no memory.
const MOST: usize = 1 << 11;

/// Ones for the first so many bytes.
const ONES: [[u64; WORDS]; LONGEST + 1] = {
    let mut ones = [[0; WORDS]; LONGEST + 1];
    let mut length = 1;
    while length <= LONGEST {
        ones[length] = ones[length - 1];
        ones[length][(length - 1) / 8] = ones[length][(length - 1) / 8] << 8 | 0xff;
        length += 1;
    }
    ones
};

impl Step {
    /// Whether a text begins with it.
    #[inline(always)]
    fn begins(&self, text: &[u8; LONGEST]) -> bool {
        let Some(ones) = ONES.get(usize::from(self.length)) else { return false };
        let ((mine, _), (theirs, _)) = (self.text.as_chunks::<8>(), text.as_chunks::<8>());
        let same = |place: usize| (u64::from_le_bytes(mine[place]) ^ u64::from_le_bytes(theirs[place])) & ones[place] == 0;
        // The first decides nearly always, and few are longer than three.
        same(0) && same(1) && same(2) && (self.length <= 24 || (same(3) && same(4)))
    }

    /// Where its name is in it.
    #[inline(always)]
    pub fn name(&self) -> std::ops::Range<usize> {
        usize::from(self.name.0)..usize::from(self.name.1)
    }
}

impl Default for Habits {
    /// Nothing is remembered yet.
    fn default() -> Habits {
        let mut habits = Habits { learns: true, ..Habits::none() };
        habits.another_place();
        habits
    }
}

impl Habits {
    /// Of a record that is read once: nothing will be remembered.
    pub fn none() -> Habits {
        Habits { learns: false, places: Vec::new(), last: Vec::new(), steps: Vec::new(), stretches: Stretches::default() }
    }

    /// The place for who asks for just this, where an object begins.
    #[inline(always)]
    pub fn begun(&mut self, place: Place, asked: Asked) -> Place {
        match self.places.get(place.number()) {
            Some(remembered) if remembered.asked.is_some_and(|known| known.is(asked)) => place,
            Some(_) => self.begun_otherwise(place, asked),
            None => Place::NOWHERE,
        }
    }

    #[inline(never)]
    fn begun_otherwise(&mut self, mut place: Place, asked: Asked) -> Place {
        while let Some(remembered) = self.places.get_mut(place.number()) {
            if remembered.asked.get_or_insert(asked).is(asked) {
                return place;
            }
            if remembered.otherwise == Place::NOWHERE {
                let otherwise = self.another_place();
                self.places[place.number()].otherwise = otherwise;
            }
            place = self.places[place.number()].otherwise;
        }
        Place::NOWHERE
    }

    /// Whether nobody asks for the member that was learnt last at a place: mostly the one that comes. If it is another, it is found as others are.
    #[inline(always)]
    pub fn passes_over(&self, place: Place) -> bool {
        let last = self.last.get(place.number()).and_then(|last| self.steps.get(usize::from(*last)));
        last.is_some_and(|step| step.wanted == Wanted::No)
    }

    /// The step that the text takes from a place, if it is one that it took before, and what is left after it.
    #[inline(always)]
    pub fn step<'a>(&self, place: Place, rest: &'a [u8]) -> Option<(&Step, &'a [u8])> {
        let last = *self.last.get(place.number())?;
        match rest.first_chunk::<LONGEST>() {
            Some(text) => self.one_of(last, text, rest),
            None => self.one_of_short(last, rest),
        }
    }

    #[inline(always)]
    fn one_of<'a>(&self, mut next: u16, text: &[u8; LONGEST], rest: &'a [u8]) -> Option<(&Step, &'a [u8])> {
        while let Some(step) = self.steps.get(usize::from(next)) {
            if step.begins(text) {
                let rest = rest.get(usize::from(step.length)..)?;
                // With more blanks after it, it is another step.
                if !matches!(rest, [..=b' ', ..]) {
                    return Some((step, rest));
                }
            }
            next = step.next;
        }
        None
    }

    /// The end of the text is near.
    #[inline(never)]
    fn one_of_short<'a>(&self, mut next: u16, rest: &'a [u8]) -> Option<(&Step, &'a [u8])> {
        // Mostly the end of the record.
        if let [b'}', ..] = rest {
            return None;
        }
        while let Some(step) = self.steps.get(usize::from(next)) {
            if let Some(rest) = rest.strip_prefix(step.text.get(..usize::from(step.length))?)
                && !matches!(rest, [..=b' ', ..])
            {
                return Some((step, rest));
            }
            next = step.next;
        }
        None
    }

    /// Remembers a step that was taken from a place and was not known. Gives the places within the value and after it.
    #[inline(never)]
    pub fn learn(&mut self, place: Place, taken: &[u8], name: std::ops::Range<usize>, wanted: Wanted) -> (Place, Place) {
        let Some(remembered) = self.places.get(place.number()) else { return (Place::NOWHERE, Place::NOWHERE) };
        let (steps, inside) = (remembered.steps, remembered.inside);
        let inside = if inside == Place::NOWHERE { self.another_place() } else { inside };
        self.places[place.number()].inside = inside;
        let fits = taken.len() <= LONGEST && self.steps.len() < MOST;
        if steps >= TURNS || !fits {
            return (inside, self.missed(place));
        }
        let after = self.another_place();
        let mut text = [0; LONGEST];
        text[..taken.len()].copy_from_slice(taken);
        let place_of = |at: usize| u8::try_from(at).unwrap_or(0);
        self.steps.push(Step {
            text,
            length: place_of(taken.len()),
            name: (place_of(name.start), place_of(name.end)),
            wanted,
            inside,
            after,
            next: self.last[place.number()],
        });
        self.last[place.number()] = u16::try_from(self.steps.len() - 1).unwrap_or(NONE);
        self.places[place.number()].steps += 1;
        (inside, after)
    }

    /// A step was taken that is not learnt. Gives the place after its value.
    fn missed(&mut self, place: Place) -> Place {
        let remembered = &mut self.places[place.number()];
        remembered.missed = remembered.missed.saturating_add(1);
        let after = remembered.after;
        // A name that is too long to be learnt says nothing of the others.
        if remembered.steps >= TURNS && remembered.missed >= MISSED {
            self.last[place.number()] = NONE;
        }
        if after == Place::NOWHERE {
            let after = self.another_place();
            // Members that have no order follow each other.
            if let Some(remembered) = self.places.get_mut(after.number()) {
                remembered.after = after;
            }
            self.places[place.number()].after = after;
        }
        self.places[place.number()].after
    }

    fn another_place(&mut self) -> Place {
        if !self.learns || self.places.len() >= 4 * MOST {
            return Place::NOWHERE;
        }
        let nowhere = Place::NOWHERE;
        let new = Remembered { steps: 0, missed: 0, asked: None, otherwise: nowhere, inside: nowhere, after: nowhere };
        self.places.push(new);
        self.last.push(NONE);
        self.stretches.another_place();
        u16::try_from(self.places.len() - 1).map_or(nowhere, Place)
    }
}
