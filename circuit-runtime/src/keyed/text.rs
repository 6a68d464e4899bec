//! A key's text, which can be read without a lock while another takes its place.
//!
//! # Atomic orderings
//!
//! A sequence lock (H.-J. Boehm, *Can seqlocks get along with programming language memory models?*,
//! MSPC 2012), one writer at a time; its version is the circuit's tenant (see `circuit::Front`). The
//! writer makes it odd, fences (release), stores the text (relaxed), and makes it even (release),
//! never what it has been before. A reader loads it (acquire), compares the text (relaxed), fences
//! (acquire), and loads it again before it goes by what it has found (`Tenancy`). Had it read any
//! part of a later text, the fences would have it see at least the odd version in front of that
//! text; so the same even version twice means that the whole text was that version's.

use once_cell::race::OnceBox;

use crate::sync::{AtomicU64, Ordering};

/// Words that stand here; most host names are shorter.
const HERE: usize = 4;
/// The least number of words for what is longer, and the most: they stay when the text has gone.
const LEAST_REST: usize = 32;
const MOST_REST: usize = 512;

/// A text, as far as it is short.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Text {
    /// In bytes.
    len: AtomicU64,
    here: [AtomicU64; HERE],
}

/// The words behind; made once, so that they can be read without a lock.
#[derive(Debug)]
pub(super) struct Rest(OnceBox<Box<[AtomicU64]>>);

impl Rest {
    pub(super) const fn new() -> Self {
        Rest(OnceBox::new())
    }
}

impl Text {
    pub(super) fn new() -> Self {
        // That of no text.
        Text { len: AtomicU64::new(u64::MAX), here: std::array::from_fn(|_| AtomicU64::new(0)) }
    }

    /// Whether this is the text, one that [stands here](is_here).
    ///
    /// All words at once, since they are mostly the same: a call has found its slot by its hash.
    #[inline]
    pub(super) fn is(&self, key: &str) -> bool {
        let key = key.as_bytes();
        let (Some(last), Some(place)) = (key.last_chunk(), self.here.get(last(key))) else {
            return false;
        };
        let mut differ = self.len.load(Ordering::Relaxed) ^ key.len() as u64;
        differ |= place.load(Ordering::Relaxed) ^ u64::from_le_bytes(*last);
        for (place, word) in self.here.iter().zip(key.chunks_exact(8)) {
            let word = word.first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
            differ |= place.load(Ordering::Relaxed) ^ word;
        }
        differ == 0
    }

    /// Whether this is the text, whatever its length.
    pub(super) fn is_any(&self, key: &str, rest: &Rest) -> bool {
        let key = key.as_bytes();
        self.len.load(Ordering::Relaxed) == key.len() as u64
            && (0..=last(key)).all(|index| {
                let place = self.place(index, rest);
                place.is_some_and(|place| place.load(Ordering::Relaxed) == word(key, index))
            })
    }

    /// Puts another text here. One thread at a time. False: it can't be read from here.
    ///
    /// A text that is longer than the room that this one's first long text made can't be, ever: its
    /// calls ask for their circuit behind the lock.
    pub(super) fn replace(&self, key: &str, rest: &Rest) -> bool {
        let key = key.as_bytes();
        self.len.store(key.len() as u64, Ordering::Relaxed);
        let behind = (last(key) + 1).saturating_sub(HERE);
        if behind > 0 {
            let room = behind.next_power_of_two().clamp(LEAST_REST, MOST_REST);
            rest.0.get_or_init(|| Box::new((0..room).map(|_| AtomicU64::new(0)).collect()));
        }
        (0..=last(key)).all(|index| {
            let place = self.place(index, rest);
            place.is_some_and(|place| {
                place.store(word(key, index), Ordering::Relaxed);
                true
            })
        })
    }

    fn place<'a>(&'a self, index: usize, rest: &'a Rest) -> Option<&'a AtomicU64> {
        match self.here.get(index) {
            Some(place) => Some(place),
            None => rest.0.get()?.get(index - HERE),
        }
    }
}

/// Whether a text is no shorter than a word, and no longer than what has its place in a [`Text`].
#[inline]
pub(super) fn is_here(text: &str) -> bool {
    (8..=8 * HERE).contains(&text.len())
}

/// The index of the last word, of which every text has at least one.
#[inline]
fn last(text: &[u8]) -> usize {
    text.len().saturating_sub(1) / 8
}

/// Eight bytes of a text. The last word of a text that doesn't end with one begins before: to read
/// that is cheaper than to read less than a word.
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
    use super::*;

    /// What is said of a text that stands here is the same either way.
    fn is(text: &Text, key: &str, rest: &Rest) -> bool {
        let is = text.is_any(key, rest);
        assert_eq!(text.is(key), is && is_here(key), "{key}");
        is
    }

    #[test]
    fn a_text_is_its_own_and_no_other() {
        let long = "k".repeat(400);
        let keys =
            ["", "a", "b", "ab", "ba", "abcdefg", "abcdefgh", "abcdefghi", "abcdefgiX", &long];
        let longer = long.clone() + "k";
        for key in keys {
            let (text, rest) = (Text::new(), Rest::new());
            assert!(text.replace(key, &rest));
            for other in keys.into_iter().chain([longer.as_str(), &long[1..]]) {
                assert_eq!(is(&text, other, &rest), other == key, "{key} {other}");
            }
        }
    }

    #[test]
    fn an_empty_text_leaves_nothing_of_the_one_before() {
        let (text, rest) = (Text::new(), Rest::new());
        assert!(text.replace("before", &rest) && text.replace("", &rest) && is(&text, "", &rest));
    }

    #[test]
    fn every_byte_of_a_key_counts() {
        for len in (1..100).chain([300]) {
            let (text, rest, key) = (Text::new(), Rest::new(), "k".repeat(len));
            assert!(text.replace(&key, &rest) && is(&text, &key, &rest));
            for position in 0..len {
                let mut other = key.clone();
                other.replace_range(position..=position, "x");
                assert!(!is(&text, &other, &rest), "{position} of {len}");
            }
        }
    }

    #[test]
    fn a_short_text_needs_no_room() {
        let (text, rest) = (Text::new(), Rest::new());
        assert!(text.replace(&"k".repeat(32), &rest));
        assert!(rest.0.get().is_none());
    }

    /// How long a text can be read here, after these.
    fn room(earlier: &[usize], lens: [usize; 2]) -> [bool; 2] {
        let (text, rest) = (Text::new(), Rest::new());
        for len in earlier {
            let _ = text.replace(&"k".repeat(*len), &rest);
        }
        lens.map(|len| {
            let key = "k".repeat(len);
            text.replace(&key, &rest) && is(&text, &key, &rest)
        })
    }

    #[test]
    fn the_first_long_text_makes_room_for_some_that_are_longer() {
        assert_eq!(room(&[10, 32], [33, 288]), [true, true]);
        assert_eq!(room(&[33], [289, 288]), [false, true]);
        assert_eq!(room(&[289], [544, 545]), [true, false]);
    }

    #[test]
    fn a_very_long_text_leaves_little_behind() {
        // 32 + 4096 bytes.
        assert_eq!(room(&[1_000_000], [4_129, 4_128]), [false, true]);
    }
}
