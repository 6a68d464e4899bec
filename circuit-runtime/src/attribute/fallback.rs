//! Calling the fallback: closures without types, and values that may be futures.

use core::future::Future;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::Returns;

/// What the fallback of an async function gave: its answer, or a future of it.
///
/// Method resolution takes the first of three methods that applies. `Answer` has one for a value
/// that is, or can still become, the return type. What it derefs to has one for a future. What that
/// derefs to has one for any other value, which the `return` in the generated code coerces or
/// refuses, as in a blocking function. No trait needs to be in scope for that, and no trait in
/// scope has a method of this name.
#[derive(Debug)]
pub struct Answer<V, R>(Pending<V, R>);

/// A value that may be a future.
#[derive(Debug)]
pub struct Pending<V, R>(Value<V, R>);

/// A value that is neither the return type nor a future.
#[derive(Debug)]
pub struct Value<V, R>(Option<V>, PhantomData<fn() -> R>);

/// Takes the value of the fallback.
#[inline]
pub fn answer<V, R>(_: Returns<R>, value: V) -> Answer<V, R> {
    Answer(Pending(Value(Some(value), PhantomData)))
}

/// Takes the value of a call that may never return.
#[inline]
pub fn answer_of<V, R>(returns: Returns<R>, call: impl FnOnce() -> V) -> Answer<V, R> {
    answer(returns, call())
}

#[allow(clippy::mismatching_type_param_order, reason = "the answer is the return type")]
impl<R> Answer<R, R> {
    /// `Err` with the answer, which is returned before anything is awaited, and so needn't be
    /// `Send`.
    #[inline]
    #[allow(clippy::missing_errors_doc, reason = "it is no error")]
    pub fn __circuit_split(mut self) -> Result<NoFuture<R>, R> {
        self.0.0.__circuit_split()
    }
}

impl<V, R> Deref for Answer<V, R> {
    type Target = Pending<V, R>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<V, R> DerefMut for Answer<V, R> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<V: Future, R> Pending<V, R> {
    /// `Ok` with the future.
    #[inline]
    #[allow(clippy::missing_errors_doc, reason = "it is no error")]
    pub fn __circuit_split(&mut self) -> Result<Later<V, R>, R>
    where
        V: FallbackOf<R>,
    {
        let future = self.0.0.take().expect("`answer` put it there");
        Ok(Later { future, poll: V::poll })
    }
}

impl<V, R> Deref for Pending<V, R> {
    type Target = Value<V, R>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<V, R> DerefMut for Pending<V, R> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<V, R> Value<V, R> {
    /// `Err` with the value.
    #[inline]
    #[allow(clippy::missing_errors_doc, reason = "it is no error")]
    pub fn __circuit_split(&mut self) -> Result<NoFuture<R>, V> {
        match self.0.take() {
            Some(value) => Err(value),
            None => Ok(NoFuture(PhantomData)),
        }
    }
}

/// A future of the return type; a compile error for a future of another type.
#[diagnostic::on_unimplemented(
    message = "the fallback returns `{Self}`, but the function returns `{R}`",
    label = "expected `{R}`, or a future of it"
)]
pub trait FallbackOf<R>: Future<Output = R> {}

impl<R, F: Future<Output = R>> FallbackOf<R> for F {}

pin_project! {
    /// Without a bound on `V`: a wrong fallback is one error, at `__circuit_split`.
    pub struct Later<V, R> {
        #[pin]
        future: V,
        poll: fn(Pin<&mut V>, &mut Context<'_>) -> Poll<R>,
    }
}

impl<V, R> Future for Later<V, R> {
    type Output = R;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        let this = self.project();
        (this.poll)(this.future, context)
    }
}

/// What is awaited if the fallback gave no future.
#[derive(Debug)]
pub struct NoFuture<R>(PhantomData<fn() -> R>);

impl<R> Future for NoFuture<R> {
    type Output = R;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<R> {
        unreachable!("the answer was returned")
    }
}

/// Calls a closure with untyped parameters: the bound on `F` gives it a signature, which a direct
/// call doesn't.
macro_rules! call_with {
    ($($value:ident $any:ident($($argument:ident: $type:ident),*);)*) => {$(
        /// For a closure that returns the return type.
        #[inline]
        #[allow(clippy::too_many_arguments, reason = "as many as the function has")]
        pub fn $value<$($type,)* R>(
            _: Returns<R>,
            closure: impl FnOnce($($type),*) -> R,
            $($argument: $type),*
        ) -> R {
            closure($($argument),*)
        }

        /// For a closure that may return a future.
        #[inline]
        #[allow(clippy::too_many_arguments, reason = "as many as the function has")]
        pub fn $any<$($type,)* V>(closure: impl FnOnce($($type),*) -> V, $($argument: $type),*) -> V {
            closure($($argument),*)
        }
    )*};
}

call_with! {
    fallback_value_0 fallback_any_0();
    fallback_value_1 fallback_any_1(a: A);
    fallback_value_2 fallback_any_2(a: A, b: B);
    fallback_value_3 fallback_any_3(a: A, b: B, c: C);
    fallback_value_4 fallback_any_4(a: A, b: B, c: C, d: D);
    fallback_value_5 fallback_any_5(a: A, b: B, c: C, d: D, e: E);
    fallback_value_6 fallback_any_6(a: A, b: B, c: C, d: D, e: E, f: F);
    fallback_value_7 fallback_any_7(a: A, b: B, c: C, d: D, e: E, f: F, g: G);
    fallback_value_8 fallback_any_8(a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H);
    fallback_value_9 fallback_any_9(a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H, i: I);
    fallback_value_10 fallback_any_10(a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H, i: I, j: J);
    fallback_value_11 fallback_any_11(a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H, i: I, j: J, k: K);
    fallback_value_12 fallback_any_12(a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H, i: I, j: J, k: K, l: L);
    fallback_value_13 fallback_any_13(a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H, i: I, j: J, k: K, l: L, m: M);
    fallback_value_14 fallback_any_14(a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H, i: I, j: J, k: K, l: L, m: M, n: N);
    fallback_value_15 fallback_any_15(a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H, i: I, j: J, k: K, l: L, m: M, n: N, o: O);
    fallback_value_16 fallback_any_16(a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H, i: I, j: J, k: K, l: L, m: M, n: N, o: O, p: P);
    fallback_value_17 fallback_any_17(a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H, i: I, j: J, k: K, l: L, m: M, n: N, o: O, p: P, q: Q);
}
