//! Delta debugging over a list: what can go, in large pieces first.

/// Drops as much as it can, and gives what is left: all of it at once, then halves, quarters, …, at last one by one until no single item
/// can go. `goes` is asked whether a piece can go beside all that has gone so far; where it says yes, it has gone.
pub fn reduce<T: Copy>(mut items: Vec<T>, goes: &mut dyn FnMut(&[T]) -> bool) -> Vec<T> {
    let mut size = items.len();
    while size > 0 {
        let before = items.len();
        let mut place = 0;
        while place < items.len() {
            let end = (place + size).min(items.len());
            if goes(&items[place..end]) {
                items.drain(place..end);
            } else {
                place = end;
            }
        }
        let went = items.len() < before;
        size = match size {
            1 if went => 1,
            1 => 0,
            _ => size.min(items.len()).div_ceil(2),
        };
    }
    items
}

/// How many of the first items can go together: bisected, so exact where less is easier to do without than more.
pub fn longest_prefix(items: usize, goes: &mut dyn FnMut(usize) -> bool) -> usize {
    let (mut gone, mut most) = (0, items);
    while gone < most {
        let middle = gone + (most - gone).div_ceil(2);
        if goes(middle) {
            gone = middle;
        } else {
            most = middle - 1;
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Reduces `0..items` while `keeps` holds of what is left; what is left, and how often it was asked.
    fn reduced(items: u32, keeps: impl Fn(&BTreeSet<u32>) -> bool) -> (Vec<u32>, usize) {
        let mut left: BTreeSet<u32> = (0..items).collect();
        let mut asked = 0;
        let kept = reduce((0..items).collect(), &mut |piece| {
            asked += 1;
            let without: BTreeSet<u32> = left.iter().filter(|item| !piece.contains(item)).copied().collect();
            let goes = keeps(&without);
            if goes {
                left = without;
            }
            goes
        });
        assert_eq!(kept, left.into_iter().collect::<Vec<_>>());
        (kept, asked)
    }

    #[test]
    fn what_is_needed_stays_and_costs_little() {
        assert_eq!(reduced(0, |_| true).0, Vec::<u32>::new());
        assert_eq!(reduced(1_000, |_| true), (Vec::new(), 1));
        assert_eq!(reduced(5, |_| false).0, (0..5).collect::<Vec<_>>());
        let (kept, asked) = reduced(1_500, |left| [3, 700, 701, 1_499].iter().all(|item| left.contains(item)));
        assert_eq!(kept, [3, 700, 701, 1_499]);
        assert!(asked < 120, "{asked}");
    }

    #[test]
    fn the_longest_prefix_is_found_by_halves() {
        for needed in 0..20 {
            let mut asked = 0;
            let gone = longest_prefix(20, &mut |prefix| {
                asked += 1;
                prefix <= needed
            });
            assert!(gone == needed && asked <= 5, "{needed}: {gone} after {asked}");
        }
    }

    proptest! {
        /// Whatever it is that must be kept: any of several groups, or a number of items.
        #[test]
        fn nothing_that_is_left_can_go(
            groups in prop::collection::vec(prop::collection::btree_set(0u32..60, 0..5), 1..4),
            odd in any::<bool>(),
        ) {
            let keeps = |left: &BTreeSet<u32>| {
                groups.iter().any(|group| group.is_subset(left)) && (!odd || left.len() != 7)
            };
            let (kept, _) = reduced(60, keeps);
            let left: BTreeSet<u32> = kept.iter().copied().collect();
            prop_assert!(keeps(&left));
            for item in &kept {
                let without: BTreeSet<u32> = left.iter().filter(|other| *other != item).copied().collect();
                prop_assert!(!keeps(&without), "{item} of {kept:?} can go");
            }
            prop_assert_eq!(&kept, &reduced(60, keeps).0);
        }
    }
}
