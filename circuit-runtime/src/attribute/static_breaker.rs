//! The static of an annotated function or block.

use core::mem::ManuallyDrop;
use core::ops::Deref;

use crate::CircuitBreaker;
use crate::primitives::sync::const_fn;

/// A circuit breaker that is never dropped, as no static is: the compiler needn't look into each for
/// whether it could be.
#[derive(Debug)]
pub struct StaticBreaker(ManuallyDrop<CircuitBreaker>);

impl StaticBreaker {
    const_fn! {
    pub(super) fn new(breaker: CircuitBreaker) -> Self {
        StaticBreaker(ManuallyDrop::new(breaker))
    }
    }

    /// The breaker.
    #[inline]
    #[must_use]
    pub fn get(&'static self) -> &'static CircuitBreaker {
        &self.0
    }
}

/// As `breaker = PATH` has it.
impl Deref for StaticBreaker {
    type Target = CircuitBreaker;

    #[inline]
    fn deref(&self) -> &CircuitBreaker {
        &self.0
    }
}
