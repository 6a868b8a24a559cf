//! A checkpoint: the state of a follower as bytes, so that it starts again without reading what it has read. A mark, a checksum, and what
//! postcard writes. Bytes of another build, of other settings, or that were damaged are none: what they say is read from the logs again.

use chrono::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twox_hash::{XxHash3_64, XxHash3_128};

use super::carried::Carried;
use super::marks::Mark;
use super::warm::Warm;
use super::{Follower, kept};
use crate::Request;
use crate::constant::{self, Word};
use crate::fold::Fold;
use crate::origin::SourceId;
use crate::source::Account;
use crate::tape::Weaver;
use crate::time::Time;

/// What every checkpoint begins with; its last letter is the version of these bytes.
const MARK: &[u8; 8] = b"tapeckp1";

/// Bytes of the checksum.
const SUM: usize = size_of::<u128>();

/// Why a checkpoint is not used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unusable {
    /// Its bytes are none, or were changed.
    #[error("it is damaged, or of another version of tapecheck")]
    Damaged,
    /// It was made with other settings, or of another bot.
    #[error("it was made with other settings, or of another directory")]
    OfOther,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    asked: u64,
    #[serde(with = "constant")]
    files: Vec<(String, Word)>,
    marks: BTreeMap<SourceId, Mark>,
    accounts: BTreeMap<SourceId, Account>,
    weaver: Weaver,
    fold: Fold,
    folded: BTreeMap<SourceId, u128>,
    carried: Carried,
    read_at: Option<Time>,
}

/// What a checkpoint's state depends on, beside the files.
fn asked(request: &Request, kept: Duration) -> u64 {
    let Request { directory, settings, symbols, layout, .. } = request;
    XxHash3_64::oneshot(format!("{directory:?} {settings:?} {symbols:?} {layout:?} {kept}").as_bytes())
}

impl Follower {
    /// The state as bytes, readable by the same `build` alone; `None` where there is none yet.
    pub fn checkpoint(&self, build: u128) -> Result<Option<Vec<u8>>, postcard::Error> {
        let Some(warm) = &self.warm else { return Ok(None) };
        // Borrowed, it would need a second type that must have the same fields.
        let body = postcard::to_allocvec(&Kept {
            asked: asked(&self.request, self.kept),
            files: warm.files.clone(),
            marks: warm.marks.clone(),
            accounts: warm.accounts.clone(),
            weaver: warm.weaver.clone(),
            fold: warm.fold.clone(),
            folded: warm.folded.clone(),
            carried: self.carried.clone(),
            read_at: self.read_at,
        })?;
        Ok(Some(sealed(&body, build)))
    }

    /// A follower that goes on from a checkpoint.
    pub fn resumed(request: Request, bytes: &[u8], build: u128) -> Result<Follower, Unusable> {
        let kept = kept(&request);
        Follower::resumed_keeping(request, kept, bytes, build)
    }

    pub(super) fn resumed_keeping(request: Request, kept: Duration, bytes: &[u8], build: u128) -> Result<Follower, Unusable> {
        let (expected, body) = bytes.strip_prefix(MARK).and_then(<[u8]>::split_first_chunk::<SUM>).ok_or(Unusable::Damaged)?;
        if sum(body, build) != u128::from_le_bytes(*expected) {
            return Err(Unusable::Damaged);
        }
        let (read, rest) = postcard::take_from_bytes::<Kept>(body).map_err(|_| Unusable::Damaged)?;
        if !rest.is_empty() || read.asked != asked(&request, kept) {
            return Err(Unusable::OfOther);
        }
        // A checksum is no signature: whoever could write one must not make the fold reach for what is not there.
        if !read.is_sound() {
            return Err(Unusable::Damaged);
        }
        let Kept { files, marks, accounts, weaver, mut fold, folded, carried, read_at, .. } = read;
        fold.ledger.settings = request.settings;
        let weaver = weaver.with(crate::cut(&request));
        let warm = Warm { files, marks, accounts, weaver, fold, folded, kept, forgotten_before: None };
        Ok(Follower { kept, warm: Some(warm), carried, read_at, ..Follower::new(request) })
    }
}

impl Kept {
    /// Whether everything that is named by its number is there.
    fn is_sound(&self) -> bool {
        let is_file = |id: &SourceId| usize::from(id.0) < self.files.len();
        let files = self.marks.keys().chain(self.accounts.keys()).chain(self.folded.keys()).all(is_file);
        files && self.accounts.values().all(Account::is_sound) && self.fold.ledger.is_sound()
    }
}

/// A body with its mark and its checksum.
pub fn sealed(body: &[u8], build: u128) -> Vec<u8> {
    [MARK.as_slice(), &sum(body, build).to_le_bytes(), body].concat()
}

fn sum(body: &[u8], build: u128) -> u128 {
    XxHash3_128::oneshot_with_seed(build as u64 ^ (build >> 64) as u64, body)
}
