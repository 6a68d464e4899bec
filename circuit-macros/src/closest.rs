//! Which word was most likely meant.
//!
//! This file stands in `circuit-runtime/src/primitives`, in `circuit-macros/src` and in `circuit-fleet/src`, word
//! for word, as `spec.rs` does in the first two.

/// The candidate that `typed` was most likely meant to be.
pub(crate) fn closest<'a>(
    typed: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .map(|candidate| (distance(typed, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The number of letters that are added, left out, replaced or swapped with their neighbour
/// (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut second_last = Vec::new();
    let mut last_row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut least =
                (last_row[j] + usize::from(x != y)).min(last_row[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(second_last[j - 1] + 1);
            }
            row.push(least);
        }
        second_last = std::mem::replace(&mut last_row, row);
    }
    last_row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{closest, distance};

    #[test]
    fn distance_counts_a_swap_as_one() {
        assert_eq!(distance("threshold", "threshold"), 0);
        assert_eq!(distance("treshold", "threshold"), 1);
        assert_eq!(distance("thershold", "threshold"), 1);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn closest_leaves_far_words_alone() {
        let options = ["threshold", "recovery", "key"];
        assert_eq!(closest("recvoery", options.into_iter()), Some("recovery"));
        assert_eq!(closest("colour", options.into_iter()), None);
        assert_eq!(closest("foo", options.into_iter()), None);
    }
}
