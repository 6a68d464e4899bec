//! A key's text, which is read without a lock while it may be being replaced: the words of a
//! sequence lock (`primitives::seq_lock`), whose stamp is the circuit's.

use std::hash::Hasher;

use once_cell::race::OnceBox;

use super::long::MOST;
use crate::primitives::seq_lock::Word;

/// Words between the ends of the longest text.
const WORDS: usize = (MOST - 32).div_ceil(8);

/// The first two and the last two words of a text, which may overlap. That is all of a text of up
/// to 32 bytes, and most host names are shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShortKey([u64; 4]);

impl ShortKey {
    /// The ends of a text of 8 to 32 bytes. No branch depends on the length, because the processor
    /// couldn't predict it when keys come in random order.
    #[inline]
    pub(crate) fn of(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        let (first, last) = (text.first_chunk()?, text.last_chunk()?);
        if text.len() > 32 {
            return None;
        }
        let inner = (text.len() - 8).min(8);
        let second = text[inner..].first_chunk()?;
        let last_but_one = text[..text.len() - inner].last_chunk()?;
        Some(ShortKey([first, second, last_but_one, last].map(|word| u64::from_le_bytes(*word))))
    }

    /// The ends of any text.
    fn of_any(text: &str) -> Self {
        Self::of(text).unwrap_or_else(|| {
            let text = text.as_bytes();
            match (text.first_chunk::<16>(), text.last_chunk::<16>()) {
                (Some(first), Some(last)) => {
                    ShortKey([word(first, 0), word(first, 1), word(last, 0), word(last, 1)])
                }
                _ => ShortKey([word(text, 0), 0, 0, 0]),
            }
        })
    }

    /// The hash of a short text of this length. Texts that repeat one letter have the same ends at
    /// every length, so one half is rotated by the length.
    #[inline]
    pub(super) fn hash<H: Hasher>(self, len: usize, [mut first, mut last]: [H; 2]) -> u64 {
        let ShortKey([a, b, c, d]) = self;
        first.write_u128(two(a, b));
        last.write_u128(two(c, d));
        #[expect(clippy::cast_possible_truncation, reason = "at most 32")]
        let turned = first.finish().rotate_left(len as u32);
        turned ^ last.finish()
    }
}

#[inline]
fn two(first: u64, second: u64) -> u128 {
    u128::from(first) | u128::from(second) << 64
}

/// The bytes between the ends.
fn middle(text: &str) -> &[u8] {
    let text = text.as_bytes();
    text.get(16..text.len().saturating_sub(16)).unwrap_or_default()
}

/// A text, without its middle.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Text {
    /// In bytes.
    len: Word,
    short: [Word; 4],
}

/// The words of a text's middle. Made for the first text that has one and then kept, so that they
/// can be read without a lock.
#[derive(Debug)]
pub(super) struct Middle(OnceBox<[Word; WORDS]>);

impl Middle {
    pub(super) const fn new() -> Self {
        Middle(OnceBox::new())
    }

    fn is(&self, middle: &[u8]) -> bool {
        let words = middle.len().div_ceil(8);
        let stored =
            if words == 0 { Some(&[][..]) } else { self.0.get().and_then(|all| all.get(..words)) };
        stored.is_some_and(|stored| {
            let mut stored = stored.iter().enumerate();
            stored.all(|(index, stored)| stored.get() == word(middle, index))
        })
    }

    fn replace(&self, middle: &[u8]) {
        if middle.is_empty() {
            return;
        }
        let stored = self.0.get_or_init(|| Box::new(std::array::from_fn(|_| Word::new(0))));
        for (index, stored) in stored.iter().enumerate().take(middle.len().div_ceil(8)) {
            stored.set(word(middle, index));
        }
    }
}

impl Text {
    pub(super) fn new() -> Self {
        // The length of no text.
        Text { len: Word::new(u64::MAX), short: std::array::from_fn(|_| Word::new(0)) }
    }

    /// Whether this is a text of this length with these ends.
    #[inline]
    pub(super) fn has(&self, ShortKey(short): ShortKey, len: usize) -> bool {
        let mut stored = self.short.iter().zip(short);
        self.len.get() == len as u64 && stored.all(|(stored, word)| stored.get() == word)
    }

    /// Whether this is the text, whatever its length.
    pub(super) fn is(&self, text: &str, rest: &Middle) -> bool {
        self.has(ShortKey::of_any(text), text.len()) && rest.is(middle(text))
    }

    /// Stores another text, of at most `MOST` bytes. One thread at a time.
    pub(super) fn replace(&self, text: &str, rest: &Middle) {
        self.len.set(text.len() as u64);
        for (stored, word) in self.short.iter().zip(ShortKey::of_any(text).0) {
            stored.set(word);
        }
        rest.replace(middle(text));
    }
}

/// Eight bytes of a text. The last word is read from the last eight bytes, so that it may overlap
/// the one before: that is cheaper than to read less than a word.
#[inline]
fn word(text: &[u8], index: usize) -> u64 {
    let from = (index * 8).min(text.len().saturating_sub(8));
    match text.get(from..).and_then(<[u8]>::first_chunk) {
        Some(word) => u64::from_le_bytes(*word),
        None => text.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

#[cfg(all(test, not(circuit_loom)))]
mod tests {
    use std::hash::BuildHasher;

    use super::*;

    /// For a short text, both ways to compare it agree.
    fn is(text: &Text, key: &str, rest: &Middle) -> bool {
        let is = text.is(key, rest);
        if let Some(short) = ShortKey::of(key) {
            assert_eq!(text.has(short, key.len()), is, "{key}");
        }
        is
    }

    #[test]
    fn a_text_is_its_own_and_no_other() {
        let long = "k".repeat(MOST - 1);
        let keys =
            ["", "a", "b", "ab", "ba", "abcdefg", "abcdefgh", "abcdefghi", "abcdefgiX", &long];
        let longer = long.clone() + "k";
        for key in keys {
            let (text, rest) = (Text::new(), Middle::new());
            text.replace(key, &rest);
            for other in keys.into_iter().chain([longer.as_str(), &long[1..]]) {
                assert_eq!(is(&text, other, &rest), other == key, "{key} {other}");
            }
        }
    }

    #[test]
    fn texts_with_the_same_ends_are_told_apart_by_their_lengths() {
        let lens = (0..=40).chain([MOST]);
        for letter in ["k", "\0"] {
            for len in lens.clone() {
                let (text, rest) = (Text::new(), Middle::new());
                text.replace(&letter.repeat(len), &rest);
                for other in lens.clone() {
                    assert_eq!(is(&text, &letter.repeat(other), &rest), len == other);
                }
            }
        }
    }

    #[test]
    fn texts_with_the_same_ends_have_hashes_of_their_own() {
        let seeds = [0, 1].map(foldhash::quality::FixedState::with_seed);
        for period in ["k", "ab", "abcd"] {
            let hash = |len: usize| {
                let short = ShortKey::of(&period.repeat(32)[..len]).expect("it has no more");
                short.hash(len, seeds.each_ref().map(BuildHasher::build_hasher))
            };
            let different: std::collections::HashSet<_> = (8..=32).map(hash).collect();
            assert_eq!(different.len(), 25, "{period}");
        }
    }

    #[test]
    fn an_empty_text_leaves_nothing_of_the_one_before() {
        let (text, rest) = (Text::new(), Middle::new());
        text.replace("before", &rest);
        text.replace("", &rest);
        assert!(is(&text, "", &rest));
    }

    #[test]
    fn every_byte_of_a_key_counts() {
        for len in (1..100).chain([MOST]) {
            let (text, rest, key) = (Text::new(), Middle::new(), "k".repeat(len));
            text.replace(&key, &rest);
            assert!(is(&text, &key, &rest));
            for position in 0..len {
                let mut other = key.clone();
                other.replace_range(position..=position, "x");
                assert!(!is(&text, &other, &rest), "{position} of {len}");
            }
        }
    }

    #[test]
    fn a_text_of_no_more_than_its_ends_needs_no_room() {
        let (text, rest) = (Text::new(), Middle::new());
        text.replace(&"k".repeat(32), &rest);
        assert!(rest.0.get().is_none());
    }

    #[test]
    fn a_shorter_text_in_the_place_of_a_longer_one_is_found_and_the_other_way_round() {
        let (text, rest) = (Text::new(), Middle::new());
        for len in [33, MOST, 40, MOST - 1, 10, 33] {
            let key = "k".repeat(len);
            text.replace(&key, &rest);
            assert!(is(&text, &key, &rest) && !is(&text, &"k".repeat(34), &rest), "{len}");
        }
    }
}
