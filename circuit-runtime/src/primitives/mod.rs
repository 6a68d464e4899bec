//! Building blocks that any crate could use: nothing here knows circuits.
//!
//! `sync` names the types that the model checker replaces, `clock` tells the time, `per_thread`
//! keeps one value per thread, and `key_table` finds a slot by a hash without a lock.

pub(crate) mod clock;
pub(crate) mod key_table;
pub(crate) mod per_thread;
pub(crate) mod sync;
