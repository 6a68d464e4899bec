//! Where the circuit of a permit is found.

use crate::breaker::CircuitBreaker;
use crate::call_stack;
use crate::circuit::Front;

/// Where the circuit of a permit is found. An annotated function's permit needs no room for it, nor
/// a register: the static is known where the code is.
pub trait Source: Copy {
    /// What there is to keep while the call's own code runs.
    type Frame;

    /// The breaker.
    fn breaker(&self) -> &CircuitBreaker;

    /// What calls read of its own circuit, or of that of the call's key.
    #[inline]
    fn front(&self) -> &Front {
        self.breaker().own_front()
    }

    /// The call's own code begins to run, until the frame is dropped.
    fn frame(&self) -> Self::Frame;
}

/// The circuit of a breaker that is called by hand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByHand<'a>(pub(crate) &'a CircuitBreaker);

impl Source for ByHand<'_> {
    type Frame = ();

    #[inline]
    fn breaker(&self) -> &CircuitBreaker {
        self.0
    }

    #[inline]
    fn frame(&self) {}
}

/// The circuit of an annotated function.
#[derive(Debug, Clone, Copy)]
pub struct OfFunction<B>(pub(crate) B);

impl<B: Fn() -> &'static CircuitBreaker + Copy> Source for OfFunction<B> {
    type Frame = ();

    #[inline]
    fn breaker(&self) -> &CircuitBreaker {
        (self.0)()
    }

    #[inline]
    fn frame(&self) {}
}

/// The circuit that an annotated function shares with others: a call of one of them within a call of
/// another passes through.
#[derive(Debug, Clone, Copy)]
pub struct OfShared<B>(pub(crate) B);

impl<B: Fn() -> &'static CircuitBreaker + Copy> Source for OfShared<B> {
    type Frame = call_stack::Frame;

    #[inline]
    fn breaker(&self) -> &CircuitBreaker {
        (self.0)()
    }

    #[inline]
    fn frame(&self) -> call_stack::Frame {
        call_stack::push(self.front().address())
    }
}

/// The circuit of a key.
#[derive(Debug, Clone, Copy)]
pub struct OfKey<B> {
    pub(crate) breaker: B,
    pub(crate) front: &'static Front,
}

impl<B: Fn() -> &'static CircuitBreaker + Copy> Source for OfKey<B> {
    type Frame = ();

    #[inline]
    fn breaker(&self) -> &CircuitBreaker {
        (self.breaker)()
    }

    #[inline]
    fn front(&self) -> &Front {
        self.front
    }

    #[inline]
    fn frame(&self) {}
}
