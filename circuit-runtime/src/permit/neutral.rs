//! Code of the program's own between admission and body, such as making a timer: its panic must not count.

use super::{Handle, RawPermit};
use crate::outcome::Outcome;

/// A permit that a panic ends as `Ignored`.
struct Neutral<S: Handle>(Option<RawPermit<S>>);

impl<S: Handle> RawPermit<S> {
    /// Runs code whose panic isn't the call's: it ends the permit as `Ignored`.
    #[inline]
    pub(crate) fn across<T>(self, code: impl FnOnce() -> T) -> (Self, T) {
        let mut neutral = Neutral(Some(self));
        let made = code();
        (neutral.0.take().expect("it was put there above"), made)
    }
}

impl<S: Handle> Drop for Neutral<S> {
    fn drop(&mut self) {
        if let Some(permit) = self.0.take() {
            permit.record(Outcome::Ignored);
        }
    }
}
