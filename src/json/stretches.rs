//! Stretches: members that nobody asks for, and that stand in a record as they stood in the one before it, values and all.
//!
//! Most of a record says again what the last one said: weights, versions, settings, what is null. (Of the bot's own account seven members in ten
//! have the value that they had in the record before, and those that follow each other are three fifths of its bytes.) So where a stretch begins
//! with what stood there last, all of it is passed over as one piece of text, which was checked when it came for the first time. It begins as all
//! that is passed over from a place on; where a record differs, it ends before that from then on, and another begins behind it.
//!
//! As with all [habits](super::habits), nothing but time depends on it. A piece of text that is checked from a place on is JSON wherever that place
//! is reached, and asked for as little; it ends where a value ends, which is only known from the byte after it.

use super::habits::Place;

/// Longer stretches are cut.
const LONGEST: usize = 1 << 10;

/// So many bytes of stretches are remembered at the most.
const MOST: usize = 1 << 18;

/// What a stretch is worth when it is new, and what a record adds to that, or takes from it: one that changes oftener than every fifth time
/// is given up.
const NEW: u8 = 32;
const SAME: u8 = 1;
const CHANGED: u8 = 4;

/// No stretch begins here, or none yet.
const NEVER: u16 = u16::MAX;
const NOT_YET: u16 = u16::MAX - 1;

/// The stretches of a log's records.
#[derive(Debug, Default)]
pub struct Stretches {
    /// The one that begins at each place.
    from: Vec<u16>,
    all: Vec<Stretch>,
    bytes: usize,
}

#[derive(Debug)]
struct Stretch {
    text: Vec<u8>,
    /// Where it ends.
    after: Place,
    /// It was checked where so many levels more were allowed.
    levels: u8,
    worth: u8,
}

/// Members that are passed over one by one, of which a stretch is being made, or made shorter.
#[derive(Debug)]
pub struct Walk<'a> {
    from: Place,
    /// What was left where it began.
    begun: &'a [u8],
    levels: u8,
    /// So many bytes are as they were in the record before; all, where it is not compared.
    same: usize,
    /// The last of them that end a value, and the place there.
    length: usize,
    after: Place,
}

impl Stretches {
    /// There is one more place.
    pub fn another_place(&mut self) {
        self.from.push(NOT_YET);
    }

    /// Passes over the stretch that begins at a place, where a member is to begin. Gives what is left and the place there; or begins to walk.
    #[inline(always)]
    pub fn pass<'a>(
        &mut self,
        place: Place,
        rest: &'a [u8],
        levels: u8,
        walk: &mut Option<Walk<'a>>,
    ) -> Option<(&'a [u8], Place)> {
        let from = *self.from.get(place.number())?;
        if from == NEVER {
            return None;
        }
        if let Some(stretch) = self.all.get_mut(usize::from(from))
            && let Some(left @ [b',' | b'}', ..]) = rest.strip_prefix(stretch.text.as_slice())
            && levels >= stretch.levels
        {
            stretch.worth = stretch.worth.saturating_add(SAME);
            return Some((left, stretch.after));
        }
        *walk = Some(self.begin(place, rest, levels));
        None
    }

    #[inline(never)]
    fn begin<'a>(&self, from: Place, begun: &'a [u8], levels: u8) -> Walk<'a> {
        let same = match self.at(from) {
            Some(stretch) => stretch.text.iter().zip(begun).take_while(|(one, other)| one == other).count(),
            None => usize::MAX,
        };
        Walk { from, begun, levels, same, length: 0, after: Place::NOWHERE }
    }

    fn at(&self, place: Place) -> Option<&Stretch> {
        self.all.get(usize::from(*self.from.get(place.number())?))
    }

    /// The value of a member that nobody asks for has ended here.
    #[inline(always)]
    pub fn walked(&mut self, walk: &mut Option<Walk<'_>>, rest: &[u8], place: Place) {
        if walk.is_some() {
            self.one_further(walk, rest, place);
        }
    }

    /// A member comes that is asked for, or none.
    #[inline(always)]
    pub fn end(&mut self, walk: &mut Option<Walk<'_>>) {
        if walk.is_some() {
            self.ended(walk);
        }
    }

    #[inline(never)]
    fn one_further(&mut self, walking: &mut Option<Walk<'_>>, rest: &[u8], place: Place) {
        let Some(walk) = walking else { return };
        let length = walk.begun.len() - rest.len();
        if length > LONGEST || (length > walk.same && walk.length > 0) {
            return self.ended(walking);
        }
        if length > walk.same {
            // Its first member has changed already.
            self.changed(walk.from);
            walk.same = usize::MAX;
        }
        (walk.length, walk.after) = (length, place);
    }

    #[inline(never)]
    fn ended(&mut self, walking: &mut Option<Walk<'_>>) {
        let Some(Walk { from, begun, levels, same, length, after }) = walking.take() else { return };
        let Some(known) = self.from.get(from.number()).copied() else { return };
        let Some(text) = begun.get(..length).filter(|text| !text.is_empty()) else {
            return if same == usize::MAX { self.never(from) } else { self.changed(from) };
        };
        let fits = self.bytes + length <= MOST;
        match self.all.get_mut(usize::from(known)) {
            Some(stretch) if fits || length <= stretch.text.len() => {
                self.bytes = self.bytes + length - stretch.text.len();
                // What is shorter now was checked in both records.
                stretch.levels = if same == usize::MAX { levels } else { levels.min(stretch.levels) };
                stretch.text.clear();
                stretch.text.extend_from_slice(text);
                stretch.after = after;
            }
            None if known == NOT_YET && fits => {
                self.bytes += length;
                self.from[from.number()] = u16::try_from(self.all.len()).unwrap_or(NEVER);
                self.all.push(Stretch { text: text.to_vec(), after, levels, worth: NEW });
            }
            Some(_) | None => self.never(from),
        }
    }

    fn changed(&mut self, from: Place) {
        let Some(known) = self.from.get(from.number()).copied() else { return };
        if let Some(stretch) = self.all.get_mut(usize::from(known)) {
            stretch.worth = stretch.worth.saturating_sub(CHANGED);
            if stretch.worth == 0 {
                self.never(from);
            }
        }
    }

    fn never(&mut self, from: Place) {
        if let Some(known) = self.from.get_mut(from.number()) {
            if let Some(stretch) = self.all.get_mut(usize::from(*known)) {
                self.bytes -= stretch.text.len();
                stretch.text = Vec::new();
            }
            *known = NEVER;
        }
    }
}
