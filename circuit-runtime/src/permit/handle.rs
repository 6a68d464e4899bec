//! How a permit finds its circuit: mostly by a reference to the breaker.
//!
//! *What the variants save.* A permit in the future of an annotated async function holds no reference:
//! the future grows by 32 bytes, and the call takes 1.9 ns more than a plain one (`cargo bench -p
//! benches`). The simple alternative is one handle with a reference for every permit.

use crate::breaker::CircuitBreaker;
use crate::call_stack::{self, Circuit};
use crate::circuit::Published;

/// Finds the circuit of a permit.
pub trait Handle: Copy {
    /// What is kept while the call's own code runs.
    type Frame;

    /// The breaker.
    fn breaker(&self) -> &CircuitBreaker;

    /// The published part of the breaker's own circuit, or of the key's.
    #[inline]
    fn published(&self) -> &Published {
        self.breaker().base_published()
    }

    /// Notes that the call's own code runs, until the frame is dropped.
    fn frame(&self) -> Self::Frame;
}

/// A handle whose breaker is a static.
pub trait StaticHandle: Handle {
    /// The breaker.
    fn get(self) -> &'static CircuitBreaker;
}

/// A reference to the breaker: for calls by hand, and for blocking annotated functions. It has one
/// type for all functions, so that the code is compiled once.
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

/// The breaker of an annotated async function. It takes no room in the future.
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

/// A breaker that functions share: a call of one of them within a call of another passes through.
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
        call_stack::push(Circuit::of(self.published(), 0))
    }
}

/// A key's circuit.
#[derive(Debug, Clone, Copy)]
pub struct KeyHandle<'a, S> {
    pub(crate) breaker: S,
    pub(crate) published: &'a Published,
}

impl<S: Handle> Handle for KeyHandle<'_, S> {
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

/// The circuit of a key, which the function shares with others.
#[derive(Debug, Clone, Copy)]
pub struct SharedKeyHandle<S> {
    pub(crate) breaker: S,
    pub(crate) published: &'static Published,
    pub(crate) running: Circuit,
}

impl<S: Handle> Handle for SharedKeyHandle<S> {
    type Frame = call_stack::Frame;

    #[inline]
    fn breaker(&self) -> &CircuitBreaker {
        self.breaker.breaker()
    }

    #[inline]
    fn published(&self) -> &Published {
        self.published
    }

    #[inline]
    fn frame(&self) -> call_stack::Frame {
        call_stack::push(self.running)
    }
}
