//! A key's text, which can be read without a lock while another takes its place.
//!
//! # Atomic orderings
//!
//! A sequence lock (H.-J. Boehm, *Can seqlocks get along with programming language memory models?*,
//! MSPC 2012), one writer at a time. The writer makes the version odd, fences (release), stores the
//! text (relaxed), and stores the next even version (release). A reader loads the version
//! (acquire), compares the text (relaxed), fences (acquire), and loads the version again. Had it
//! read any part of a later text, the fences would have it see at least the odd version in front of
//! that text; so the same even version twice means that the whole text was that version's.

use once_cell::race::OnceBox;

use crate::sync::{AtomicU64, Ordering, fence};

/// Words that stand here; most host names are shorter.
const HERE: usize = 5;
/// The least number of words for what is longer, and the most: they stay when the text has gone.
const LEAST_REST: usize = 32;
const MOST_REST: usize = 512;

/// A text on one cache line, as long as it is short.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Text {
    /// Twice the number of the tenant; odd while its text can't be read.
    version: AtomicU64,
    /// In bytes.
    len: AtomicU64,
    here: [AtomicU64; HERE],
    /// The words behind; made once, so that it can be read without a lock.
    rest: OnceBox<Box<[AtomicU64]>>,
}

impl Text {
    pub(crate) fn new() -> Self {
        Text {
            version: AtomicU64::new(1),
            len: AtomicU64::new(0),
            here: std::array::from_fn(|_| AtomicU64::new(0)),
            rest: OnceBox::new(),
        }
    }

    /// The tenant whose key this is. `None`: this is no tenant's key, or one is just moving in.
    #[inline]
    pub(crate) fn tenant(&self, key: &str) -> Option<u64> {
        let version = self.version.load(Ordering::Acquire);
        if version % 2 == 1 || !self.is(key.as_bytes()) {
            return None;
        }
        fence(Ordering::Acquire);
        (self.version.load(Ordering::Relaxed) == version).then_some(version / 2)
    }

    #[inline]
    fn is(&self, key: &[u8]) -> bool {
        if self.len.load(Ordering::Relaxed) != key.len() as u64 {
            return false;
        }
        for index in 0..key.len().div_ceil(8) {
            match self.place(index) {
                Some(place) if place.load(Ordering::Relaxed) == word(key, index) => {}
                _ => return false,
            }
        }
        true
    }

    /// Takes a tenant in. One thread at a time.
    ///
    /// A text that is longer than the room that this one's first long text made can't be read from
    /// here, ever: its calls ask for their circuit behind the lock.
    pub(crate) fn replace(&self, key: &str, tenant: u64) {
        let key = key.as_bytes();
        let version = tenant * 2;
        self.version.store(version | 1, Ordering::Relaxed);
        fence(Ordering::Release);
        self.len.store(key.len() as u64, Ordering::Relaxed);
        let behind = key.len().div_ceil(8).saturating_sub(HERE);
        if behind > 0 {
            let room = behind.next_power_of_two().clamp(LEAST_REST, MOST_REST);
            self.rest.get_or_init(|| Box::new((0..room).map(|_| AtomicU64::new(0)).collect()));
        }
        for index in 0..key.len().div_ceil(8) {
            let Some(place) = self.place(index) else { return };
            place.store(word(key, index), Ordering::Relaxed);
        }
        self.version.store(version, Ordering::Release);
    }

    #[inline]
    fn place(&self, index: usize) -> Option<&AtomicU64> {
        match self.here.get(index) {
            Some(place) => Some(place),
            None => self.rest.get()?.get(index - HERE),
        }
    }
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

    #[test]
    fn only_the_tenants_own_key_finds_the_tenant() {
        let long = "k".repeat(400);
        let keys =
            ["", "a", "b", "ab", "ba", "abcdefg", "abcdefgh", "abcdefghi", "abcdefgiX", &long];
        let longer = long.clone() + "k";
        for key in keys {
            let text = Text::new();
            assert_eq!(text.tenant(key), None);
            text.replace(key, 7);
            for other in keys.into_iter().chain([longer.as_str(), &long[1..]]) {
                assert_eq!(text.tenant(other), (other == key).then_some(7), "{key} {other}");
            }
        }
    }

    #[test]
    fn every_byte_of_a_key_counts() {
        for len in (1..100).chain([300]) {
            let (text, key) = (Text::new(), "k".repeat(len));
            text.replace(&key, 7);
            for position in 0..len {
                let mut other = key.clone();
                other.replace_range(position..=position, "x");
                assert_eq!(text.tenant(&other), None, "{position} of {len}");
            }
        }
    }

    #[test]
    fn a_short_text_needs_no_room() {
        let text = Text::new();
        text.replace(&"k".repeat(40), 1);
        assert!(text.rest.get().is_none());
    }

    #[test]
    fn a_text_finds_room_or_is_no_bodys() {
        let text = Text::new();
        let key = |len| "k".repeat(len);
        for (tenant, len) in [10, 40, 41, 250, 3, 290].into_iter().enumerate() {
            let tenant = tenant as u64;
            text.replace(&key(len), tenant);
            assert_eq!(text.tenant(&key(len)), Some(tenant));
        }
        // The first long text made room for 40 + 256 bytes.
        text.replace(&key(297), 9);
        assert_eq!(text.tenant(&key(297)), None);
        text.replace(&key(296), 10);
        assert_eq!(text.tenant(&key(296)), Some(10));
    }

    #[test]
    fn a_very_long_text_leaves_little_behind() {
        let text = Text::new();
        let key = |len| "k".repeat(len);
        text.replace(&key(1_000_000), 1);
        assert_eq!(text.tenant(&key(1_000_000)), None);
        // 40 + 4096 bytes.
        text.replace(&key(4_137), 2);
        assert_eq!(text.tenant(&key(4_137)), None);
        text.replace(&key(4_136), 3);
        assert_eq!(text.tenant(&key(4_136)), Some(3));
    }
}
