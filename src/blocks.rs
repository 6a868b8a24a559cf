//! A list that may become very long, and is not moved when it does: a vector that grows is copied into new memory each time, and a page of
//! that memory is dear when it is touched for the first time.

use serde::{Deserialize, Serialize};
use std::iter::Flatten;
use std::slice::{Iter, IterMut};

/// So many stand together.
const TOGETHER: usize = if cfg!(test) { 4 } else { 1 << 10 };

/// A list, block by block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Blocks<T>(Vec<Vec<T>>);

impl<T> Blocks<T> {
    /// Adds one at the end.
    pub fn push(&mut self, one: T) {
        match self.0.last_mut() {
            Some(last) if last.len() < TOGETHER => last.push(one),
            last => {
                // A short list has one block, which grows; the next will be full.
                let mut block = Vec::with_capacity(if last.is_some() { TOGETHER } else { 1 });
                block.push(one);
                self.0.push(block);
            }
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// All, in order.
    pub fn iter(&self) -> Flatten<Iter<'_, Vec<T>>> {
        self.0.iter().flatten()
    }

    /// All, to be changed.
    pub fn iter_mut(&mut self) -> Flatten<IterMut<'_, Vec<T>>> {
        self.0.iter_mut().flatten()
    }

    /// Those that stand together, in order: at least one.
    pub fn blocks(&self) -> impl Iterator<Item = &[T]> {
        self.0.iter().map(Vec::as_slice).filter(|block| !block.is_empty())
    }

    /// Leaves out those that are not to be kept.
    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.0.iter_mut().for_each(|block| block.retain(&keep));
        self.0.retain(|block| !block.is_empty());
    }

    /// Leaves out all.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl<T: PartialEq> PartialEq for Blocks<T> {
    /// Wherever a block ends.
    fn eq(&self, other: &Blocks<T>) -> bool {
        self.iter().eq(other)
    }
}

impl<T> Default for Blocks<T> {
    fn default() -> Blocks<T> {
        Blocks(Vec::new())
    }
}

impl<T> FromIterator<T> for Blocks<T> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Blocks<T> {
        let mut blocks = Blocks::default();
        all.into_iter().for_each(|one| blocks.push(one));
        blocks
    }
}

impl<'a, T> IntoIterator for &'a Blocks<T> {
    type Item = &'a T;
    type IntoIter = Flatten<Iter<'a, Vec<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_what_a_vector_is() {
        for count in [0, 1, TOGETHER - 1, TOGETHER, TOGETHER + 1, 3 * TOGETHER + 2] {
            let (mut blocks, mut all): (Blocks<usize>, Vec<usize>) = ((0..count).collect(), (0..count).collect());
            blocks.iter_mut().chain(all.iter_mut()).for_each(|number| *number += 7);
            for kept in [1, 2, TOGETHER, 100] {
                blocks.retain(|number| number % kept == 0);
                all.retain(|number| number % kept == 0);
                assert!(blocks.iter().eq(&all) && blocks.blocks().flatten().eq(&all), "{count} {kept}");
                assert_eq!((blocks.len(), blocks.is_empty()), (all.len(), all.is_empty()));
                assert_eq!(blocks, all.iter().copied().collect());
                blocks.push(0);
                all.push(0);
            }
            blocks.clear();
            assert_eq!(blocks, Blocks::default());
            // As nobody makes it, but bytes may have it.
            blocks.0 = vec![Vec::new(), Vec::new()];
            assert!(blocks.is_empty() && blocks.blocks().next().is_none());
        }
    }
}
