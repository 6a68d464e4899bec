//! The errors of one use of the attribute, collected and reported together.

use std::fmt::Display;

use quote::ToTokens;

/// Errors in the order in which they were found.
#[derive(Default, Clone)]
pub(crate) struct Problems(Option<syn::Error>);

impl Problems {
    /// Adds a message that points at the user's tokens `at`.
    pub(crate) fn add(&mut self, at: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(at, message));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// `Err` if anything was added.
    pub(crate) fn finish(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

/// What a parser expected, in plain words: syn lists every token that may come next.
pub(crate) fn plainly(expected: &str) -> &str {
    match expected {
        list if list.contains("`ref`") => "a pattern",
        list if list.contains("`dyn`") => "a type",
        "identifier or integer" => "a field or a method",
        "identifier" => "a name",
        "delimiter" => "`(..)`",
        other => other,
    }
}

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
