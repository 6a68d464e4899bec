//! Where the circuit of a permit is: mostly a reference to its breaker.

use crate::breaker::CircuitBreaker;
use crate::call_stack;
use crate::circuit::Published;

/// Where the circuit of a permit is found.
pub trait Handle: Copy {
    /// What there is to keep while the call's own code runs.
    type Frame;

    /// The breaker.
    fn breaker(&self) -> &CircuitBreaker;

    /// What calls read of its own circuit, or of that of the call's key.
    #[inline]
    fn published(&self) -> &Published {
        self.breaker().own_published()
    }

    /// The call's own code begins to run, until the frame is dropped.
    fn frame(&self) -> Self::Frame;
}

/// A handle whose breaker is a static.
pub trait StaticHandle: Handle {
    /// The breaker.
    fn get(self) -> &'static CircuitBreaker;
}

/// The circuit of a breaker at hand: by hand, or in an annotated function that blocks. There the
/// static is known where the code is, and nothing is compiled for each function by itself.
#[derive(Debug, Clone, Copy)]
pub struct RefHandle<'a>(pub &'a CircuitBreaker);

impl Handle for RefHandle<'_> {
    type Frame = ();

    #[inline]
    fn breaker(&self) -> &CircuitBreaker {
        self.0
    }

    #[inline]
    fn frame(&self) {}
}

impl StaticHandle for RefHandle<'static> {
    #[inline]
    fn get(self) -> &'static CircuitBreaker {
        self.0
    }
}

/// The circuit of an annotated async function. Its permit needs no room for it in the future.
#[derive(Debug, Clone, Copy)]
pub struct FnHandle<B>(pub B);

impl<B: Fn() -> &'static CircuitBreaker + Copy> Handle for FnHandle<B> {
    type Frame = ();

    #[inline]
    fn breaker(&self) -> &CircuitBreaker {
        (self.0)()
    }

    #[inline]
    fn frame(&self) {}
}

impl<B: Fn() -> &'static CircuitBreaker + Copy> StaticHandle for FnHandle<B> {
    #[inline]
    fn get(self) -> &'static CircuitBreaker {
        (self.0)()
    }
}

/// The circuit that an annotated function shares with others: a call of one of them within a call of
/// another passes through.
#[derive(Debug, Clone, Copy)]
pub struct SharedHandle<S>(pub(crate) S);

impl<S: Handle> Handle for SharedHandle<S> {
    type Frame = call_stack::Frame;

    #[inline]
    fn breaker(&self) -> &CircuitBreaker {
        self.0.breaker()
    }

    #[inline]
    fn frame(&self) -> call_stack::Frame {
        call_stack::push(self.published().address())
    }
}

/// The circuit of a key.
#[derive(Debug, Clone, Copy)]
pub struct KeyHandle<S> {
    pub(crate) breaker: S,
    pub(crate) published: &'static Published,
}

impl<S: Handle> Handle for KeyHandle<S> {
    type Frame = ();

    #[inline]
    fn breaker(&self) -> &CircuitBreaker {
        self.breaker.breaker()
    }

    #[inline]
    fn published(&self) -> &Published {
        self.published
    }

    #[inline]
    fn frame(&self) {}
}
