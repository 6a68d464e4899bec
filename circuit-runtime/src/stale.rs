//! The last good values of a function.
//!
//! A value is found by the hash of its key, and its key is compared outside of the lock, as everything of the
//! user's runs outside of it: hashing, comparing, cloning, dropping. Of two keys with one hash, of which a key's own `Hash`
//! may make many, the later value takes the place of the earlier one. That costs the earlier one, and
//! gives nobody what isn't theirs.

use std::any::Any;
use std::fmt;
use std::hash::{BuildHasher, Hash};
// Not the model checker's types: a store is a static, and decides nothing.
use std::sync::{Arc, Mutex, OnceLock};

use foldhash::fast::FixedState;
use foldhash::quality::RandomState;
use lru::LruCache;

use crate::primitives::clock::{Moment, Nanos, Wait};
use crate::primitives::sync::unpoisoned;

/// A value with its key.
pub(crate) type Kept = Arc<dyn Any + Send + Sync>;

/// The values by the hashes of their keys, each with the time at which it was kept.
type Cache = LruCache<u64, (Nanos, Kept), FixedState>;

/// The values of one function.
pub struct Store {
    /// `None` until the first value. A cache with a bound would have room for all from the start.
    values: Mutex<Option<Cache>>,
}

impl Store {
    /// A store without a value.
    #[must_use]
    pub const fn new() -> Self {
        Store { values: Mutex::new(None) }
    }

    /// Keeps a value that may become so old, in the place of another with this hash, and at most so many: the
    /// least recently used goes.
    pub(crate) fn put(&self, (age, most): (Nanos, u32), hash: u64, kept: Kept) {
        let now = Moment::default().by_length(age);
        let mut values = unpoisoned(self.values.lock());
        let cache =
            values.get_or_insert_with(|| LruCache::unbounded_with_hasher(FixedState::default()));
        let mut gone = cache.push(hash, (now, kept));
        if cache.len() > most as usize {
            gone = cache.pop_lru();
        }
        drop(values);
        drop(gone);
    }

    /// What was kept last with this hash, if that is at most so old; else it goes.
    pub(crate) fn get(&self, hash: u64, age: Nanos) -> Option<Kept> {
        let now = Moment::default().by_length(age);
        let mut values = unpoisoned(self.values.lock());
        let cache = values.as_mut()?;
        let (at, kept) = cache.get(&hash)?;
        if is_young(*at, age, now) {
            return Some(Arc::clone(kept));
        }
        let gone = cache.pop(&hash);
        drop(values);
        drop(gone);
        None
    }
}

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether what was kept then is now at most so old. As for every wait, a clock that has gone back prolongs nothing.
fn is_young(at: Nanos, age: Nanos, now: Nanos) -> bool {
    // Young at its last moment, too, when a wait is over.
    Wait::from(at, age.saturating_add(1)).left(now).is_some()
}

/// The hash of a key, by a seed that nobody outside of the process knows.
pub(crate) fn hash(key: impl Hash) -> u64 {
    static SEED: OnceLock<RandomState> = OnceLock::new();
    SEED.get_or_init(RandomState::default).hash_one(key)
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}
