//! Where the circuit of a permit is found.

use crate::breaker::CircuitBreaker;
use crate::call_stack;
use crate::circuit::Front;

/// Where the circuit of a permit is found.
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

/// A [`Source`] whose breaker is a static.
pub trait OfStatic: Source {
    /// The breaker.
    fn get(self) -> &'static CircuitBreaker;
}

/// The circuit of a breaker at hand: by hand, or in an annotated function that blocks. There the
/// static is known where the code is, and nothing is compiled for each function by itself.
#[derive(Debug, Clone, Copy)]
pub struct ByRef<'a>(pub &'a CircuitBreaker);

impl Source for ByRef<'_> {
    type Frame = ();

    #[inline]
    fn breaker(&self) -> &CircuitBreaker {
        self.0
    }

    #[inline]
    fn frame(&self) {}
}

impl OfStatic for ByRef<'static> {
    #[inline]
    fn get(self) -> &'static CircuitBreaker {
        self.0
    }
}

/// The circuit of an annotated async function. Its permit needs no room for it in the future.
#[derive(Debug, Clone, Copy)]
pub struct OfFunction<B>(pub B);

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
pub struct OfShared<S>(pub(crate) S);

impl<S: Source> Source for OfShared<S> {
    type Frame = call_stack::Frame;

    #[inline]
    fn breaker(&self) -> &CircuitBreaker {
        self.0.breaker()
    }

    #[inline]
    fn frame(&self) -> call_stack::Frame {
        call_stack::push(self.front().address())
    }
}

impl<B: Fn() -> &'static CircuitBreaker + Copy> OfStatic for OfFunction<B> {
    #[inline]
    fn get(self) -> &'static CircuitBreaker {
        (self.0)()
    }
}

/// The circuit of a key.
#[derive(Debug, Clone, Copy)]
pub struct OfKey<S> {
    pub(crate) breaker: S,
    pub(crate) front: &'static Front,
}

impl<S: Source> Source for OfKey<S> {
    type Frame = ();

    #[inline]
    fn breaker(&self) -> &CircuitBreaker {
        self.breaker.breaker()
    }

    #[inline]
    fn front(&self) -> &Front {
        self.front
    }

    #[inline]
    fn frame(&self) {}
}
