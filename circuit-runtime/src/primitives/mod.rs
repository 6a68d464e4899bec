//! Building blocks that any crate could use: nothing here knows circuits.
//!
//! `sync` names the types that the model checker replaces, `clock` tells the time, `per_thread`
//! keeps one value per thread, `key_table` finds a slot by a hash without a lock, `seq_lock` lets readers
//! notice that what they read was being replaced, `parker` lets a thread wait for a waker, and `closest` guesses which word was meant.

pub(crate) mod clock;
#[cfg(feature = "serde")]
pub(crate) mod closest;
pub(crate) mod key_table;
pub(crate) mod parker;
pub(crate) mod per_thread;
pub(crate) mod seq_lock;
pub(crate) mod sync;
