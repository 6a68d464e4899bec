//! Keys without end: one that is longer than [`LONGEST`] is known by its beginning and a hash of the
//! whole.

use std::fmt::Write;
use std::hash::{BuildHasher, Hasher};

#[cfg(not(circuit_loom))]
use std::hash::RandomState;

// The model checker has to find the same texts in each execution.
#[cfg(circuit_loom)]
type RandomState = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;

/// So many bytes a key may have to be known as it is.
pub(crate) const LONGEST: usize = 256;

/// So many of a longer one are kept. With what follows it is still longer than [`LONGEST`], so that
/// no key is ever taken for a longer one: whoever has seen in a log what a key is known as can't call
/// by it.
const BEGINNING: usize = 240;

/// What a key is known as has no more bytes: the beginning, an ellipsis and the hash.
pub(super) const MOST: usize = BEGINNING + '…'.len_utf8() + 32;

const _: () = assert!(MOST - 3 > LONGEST, "the beginning may end three bytes earlier");

/// Hashes what is too long: std's `SipHash` with two secret keys, 128 bits, since the hash is shown and keys
/// come from outside. (foldhash, which finds keys, hides its seed only as long as its hashes are
/// hidden.)
#[derive(Debug, Default)]
pub(super) struct Shortener([RandomState; 2]);

/// What a long key is known as, on the stack.
#[derive(Debug)]
pub(super) struct Short {
    bytes: [u8; MOST],
    len: usize,
}

impl Shortener {
    /// What a key is known as, if not as itself.
    #[cold]
    #[inline(never)]
    pub(super) fn shorten(&self, key: &str) -> Short {
        let mut end = BEGINNING.min(key.len());
        while !key.is_char_boundary(end) {
            end -= 1;
        }
        let [first, second] = self.0.each_ref().map(|state| {
            let mut hasher = state.build_hasher();
            hasher.write(key.as_bytes());
            hasher.finish()
        });
        let mut short = Short { bytes: [0; MOST], len: 0 };
        // There is room: see `MOST`.
        let _ = write!(short, "{}…{first:016x}{second:016x}", &key[..end]);
        short
    }
}

impl Short {
    pub(super) fn as_str(&self) -> &str {
        // Whole texts were written, so this is never the default.
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl Write for Short {
    fn write_str(&mut self, part: &str) -> std::fmt::Result {
        let end = self.len + part.len();
        let room = self.bytes.get_mut(self.len..end).ok_or(std::fmt::Error)?;
        room.copy_from_slice(part.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(all(test, not(circuit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_a_key_is_known_as_is_longer_than_any_key_that_is_known_as_it_is() {
        for (letter, beginning) in [("k", 240), ("é", 240), ("日", 240), ("🦀", 240), ("k日", 240)]
        {
            let key = letter.repeat(300);
            let shortener = Shortener::default();
            let short = shortener.shorten(&key);
            let (start, hash) = short.as_str().split_once('…').unwrap();
            assert!(key.starts_with(start) && (beginning - 3..=beginning).contains(&start.len()));
            assert_eq!(hash.len(), 32);
            assert!((LONGEST + 1..=MOST).contains(&short.as_str().len()));
            assert_eq!(shortener.shorten(&key).as_str(), short.as_str());
            assert_ne!(Shortener::default().shorten(&key).as_str(), short.as_str());
        }
    }
}
