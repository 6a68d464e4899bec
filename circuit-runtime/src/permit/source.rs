//! Where the circuit of a permit is found.

use crate::breaker::CircuitBreaker;
use crate::circuit::Front;

/// Where the circuit of a permit is found. An annotated function's permit needs no room for it, nor
/// a register: the static is known where the code is.
pub trait Source: Copy {
    /// The breaker.
    fn breaker(&self) -> &CircuitBreaker;

    /// What calls read of its own circuit, or of that of the call's key.
    #[inline]
    fn front(&self) -> &Front {
        self.breaker().own_front()
    }
}

/// The circuit of a breaker that is called by hand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByHand<'a>(pub(crate) &'a CircuitBreaker);

impl Source for ByHand<'_> {
    #[inline]
    fn breaker(&self) -> &CircuitBreaker {
        self.0
    }
}

/// The circuit of an annotated function.
#[derive(Debug, Clone, Copy)]
pub struct OfFunction<B>(pub(crate) B);

impl<B: Fn() -> &'static CircuitBreaker + Copy> Source for OfFunction<B> {
    #[inline]
    fn breaker(&self) -> &CircuitBreaker {
        (self.0)()
    }
}

/// The circuit of a key.
#[derive(Debug, Clone, Copy)]
pub struct OfKey<B> {
    pub(crate) breaker: B,
    pub(crate) front: &'static Front,
}

impl<B: Fn() -> &'static CircuitBreaker + Copy> Source for OfKey<B> {
    #[inline]
    fn breaker(&self) -> &CircuitBreaker {
        (self.breaker)()
    }

    #[inline]
    fn front(&self) -> &Front {
        self.front
    }
}
