//! Long keys: one that is longer than [`LONGEST`] is stored as its beginning and a hash of the
//! whole.

use std::fmt::Write;
use std::hash::{BuildHasher, Hasher};

#[cfg(not(circuit_loom))]
use std::hash::RandomState;

// The model checker has to find the same texts in each execution.
#[cfg(circuit_loom)]
type RandomState = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;

/// The longest key, in bytes, that is stored as it is.
pub(crate) const LONGEST: usize = 256;

/// How many bytes of a longer key are kept. With the hash, the stored text is still longer than
/// [`LONGEST`], so that no short key equals it: whoever sees a stored text in a log can't use it as
/// a key of the same circuit.
const BEGINNING: usize = 240;

/// The longest stored text, in bytes: the beginning, an ellipsis and the hash.
pub(super) const MOST: usize = BEGINNING + '…'.len_utf8() + 32;

const _: () = assert!(MOST - 3 > LONGEST, "the beginning may end three bytes earlier");

/// Hashes long keys: std's `SipHash` with two secret keys, 128 bits, because the hash is shown and
/// keys come from outside. (foldhash, which finds keys in the table, keeps its seed secret only as
/// long as its hashes are secret.)
#[derive(Debug, Default)]
pub(super) struct Shortener([RandomState; 2]);

/// The stored text of a long key, on the stack.
#[derive(Debug)]
pub(super) struct Short {
    bytes: [u8; MOST],
    len: usize,
}

impl Shortener {
    /// The stored text of a long key.
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
        // Can't fail: there is room, see `MOST`.
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
