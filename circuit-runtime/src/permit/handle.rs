//! How a permit finds its circuit: mostly by a reference to the breaker.
//!
//! *What the variants save.* A permit in the future of an annotated async function holds no reference:
//! the future grows by 32 bytes, and an async call is bound by what it stores (`docs/internals/machine-code.md`). The
//! simple alternative is one handle with a reference for every permit.
//!
//! Each annotated async function has a handle of its own type, and so what is generic over handles is compiled anew for
//! each. The end of a call, where the future is gone, goes by a reference nevertheless.

#![expect(clippy::inline_always, reason = "or a library has one for each annotated async function")]

use crate::breaker::CircuitBreaker;
use crate::call_stack::{self, Circuit};
use crate::circuit::Published;

/// Finds the circuit of a permit.
pub trait Handle: Copy {
    /// What is kept while the call's own code runs.
    type Frame;

    /// The same with a reference to the breaker.
    type ByRef: Handle;

    /// The breaker.
    fn breaker(&self) -> &CircuitBreaker;

    /// The published part of the breaker's own circuit, or of the key's.
    #[inline(always)]
    fn published(&self) -> &Published {
        self.breaker().base_published()
    }

    /// Notes that the call's own code runs, until the frame is dropped.
    fn frame(&self) -> Self::Frame;

    /// For a call whose future is gone.
    fn by_ref(self) -> Self::ByRef;
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
    type ByRef = Self;

    #[inline]
    fn breaker(&self) -> &CircuitBreaker {
        self.0
    }

    #[inline]
    fn frame(&self) {}

    #[inline]
    fn by_ref(self) -> Self {
        self
    }
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
    type ByRef = RefHandle<'static>;

    #[inline(always)]
    fn breaker(&self) -> &CircuitBreaker {
        (self.0)()
    }

    #[inline(always)]
    fn frame(&self) {}

    #[inline(always)]
    fn by_ref(self) -> RefHandle<'static> {
        RefHandle((self.0)())
    }
}

impl<B: Fn() -> &'static CircuitBreaker + Copy> StaticHandle for FnHandle<B> {
    #[inline(always)]
    fn get(self) -> &'static CircuitBreaker {
        (self.0)()
    }
}

/// A breaker that functions share: a call of one of them within a call of another passes through.
#[derive(Debug, Clone, Copy)]
pub struct SharedHandle<S>(pub(crate) S);

impl<S: Handle> Handle for SharedHandle<S> {
    type Frame = call_stack::Frame;
    type ByRef = SharedHandle<S::ByRef>;

    #[inline(always)]
    fn breaker(&self) -> &CircuitBreaker {
        self.0.breaker()
    }

    #[inline(always)]
    fn frame(&self) -> call_stack::Frame {
        call_stack::push(Circuit::of(self.published(), 0))
    }

    #[inline(always)]
    fn by_ref(self) -> Self::ByRef {
        SharedHandle(self.0.by_ref())
    }
}

/// A key's circuit.
#[derive(Debug, Clone, Copy)]
pub struct KeyHandle<'a, S> {
    pub(crate) breaker: S,
    pub(crate) published: &'a Published,
}

impl<'a, S: Handle> Handle for KeyHandle<'a, S> {
    type Frame = ();
    type ByRef = KeyHandle<'a, S::ByRef>;

    #[inline(always)]
    fn breaker(&self) -> &CircuitBreaker {
        self.breaker.breaker()
    }

    #[inline(always)]
    fn published(&self) -> &Published {
        self.published
    }

    #[inline(always)]
    fn frame(&self) {}

    #[inline(always)]
    fn by_ref(self) -> Self::ByRef {
        KeyHandle { breaker: self.breaker.by_ref(), published: self.published }
    }
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
    type ByRef = SharedKeyHandle<S::ByRef>;

    #[inline(always)]
    fn breaker(&self) -> &CircuitBreaker {
        self.breaker.breaker()
    }

    #[inline(always)]
    fn published(&self) -> &Published {
        self.published
    }

    #[inline(always)]
    fn frame(&self) -> call_stack::Frame {
        call_stack::push(self.running)
    }

    #[inline(always)]
    fn by_ref(self) -> Self::ByRef {
        let SharedKeyHandle { breaker, published, running } = self;
        SharedKeyHandle { breaker: breaker.by_ref(), published, running }
    }
}
