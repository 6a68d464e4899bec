//! Streams by hand.

use futures_core::Stream;

use super::CircuitBreaker;
use super::keyed::KeyedCircuit;
use crate::error::{CallError, CircuitOpenError};
use crate::outcome::Outcome;
use crate::stream::{Guarded, Items, Unlimited};

impl CircuitBreaker {
    /// Guards a stream: the call lasts from the stream's first poll, at which the circuit is asked, to its
    /// end. So long it has its place in the bulkhead.
    ///
    /// An item `Err` is a failure, which counts at once and once; the end of the stream is a success. A
    /// stream that is dropped is a success if an item has come, and else a cancelled call. The first item
    /// `Ok` is the success of a probe, so that a stream of an hour doesn't keep the circuit half-open.
    /// `slow_call` measures up to the first item.
    ///
    /// The only item of a rejected stream is [`CallError::Open`]; the stream itself is dropped, and never
    /// polled. The items behind an `Err` are passed on. Needs the feature `stream`.
    ///
    /// ```
    /// use circuit_runtime::{CallError, CircuitBreaker, Config};
    /// use futures_lite::future::block_on;
    /// use futures_lite::stream::{self, StreamExt};
    ///
    /// static MODEL: CircuitBreaker = CircuitBreaker::new("model", Config::new().threshold(1));
    ///
    /// // It breaks off in the middle.
    /// let tokens = stream::iter([Ok("Once"), Ok(" upon"), Err("connection reset")]);
    /// let tokens: Vec<_> = block_on(MODEL.guard_stream(tokens).collect());
    /// assert_eq!(tokens, [Ok("Once"), Ok(" upon"), Err(CallError::Failed("connection reset"))]);
    ///
    /// let tokens = stream::iter([Ok::<_, &str>("Once")]);
    /// let tokens: Vec<_> = block_on(MODEL.guard_stream(tokens).collect());
    /// assert!(matches!(tokens[..], [Err(CallError::Open(_))]));
    /// ```
    pub fn guard_stream<T, E>(
        &self,
        stream: impl Stream<Item = Result<T, E>>,
    ) -> impl Stream<Item = Result<T, CallError<E>>> {
        Guarded::new(stream, move || self.begin(), ByResult, Unlimited)
    }

    /// Guards a stream of any items; `classify` decides what each counts as, as it does in
    /// [`call_with`](CircuitBreaker::call_with). An ignored item is as if it hadn't come; a stream of
    /// such items alone is ignored.
    ///
    /// The only item of a rejected stream is an `Err`; all others are `Ok`. Needs the feature `stream`.
    pub fn guard_stream_with<T>(
        &self,
        classify: impl Fn(&T) -> Outcome,
        stream: impl Stream<Item = T>,
    ) -> impl Stream<Item = Result<T, CircuitOpenError>> {
        Guarded::new(stream, move || self.begin(), By(classify), Unlimited)
    }
}

impl KeyedCircuit<'_> {
    /// [`CircuitBreaker::guard_stream`] for this key.
    pub fn guard_stream<T, E>(
        self,
        stream: impl Stream<Item = Result<T, E>>,
    ) -> impl Stream<Item = Result<T, CallError<E>>> {
        Guarded::new(stream, move || self.begin(), ByResult, Unlimited)
    }

    /// [`CircuitBreaker::guard_stream_with`] for this key.
    pub fn guard_stream_with<T>(
        self,
        classify: impl Fn(&T) -> Outcome,
        stream: impl Stream<Item = T>,
    ) -> impl Stream<Item = Result<T, CircuitOpenError>> {
        Guarded::new(stream, move || self.begin(), By(classify), Unlimited)
    }
}

/// `Ok` is a success and `Err` a failure.
struct ByResult;

impl<T, E> Items<Result<T, E>> for ByResult {
    type Item = Result<T, CallError<E>>;

    fn judge(&self, item: &Result<T, E>) -> Outcome {
        if item.is_ok() { Outcome::Success } else { Outcome::Failure }
    }

    fn pass(&self, item: Result<T, E>) -> Self::Item {
        item.map_err(CallError::Failed)
    }

    fn rejected(&self, error: CircuitOpenError) -> Option<Self::Item> {
        Some(Err(CallError::Open(error)))
    }
}

/// This function decides.
struct By<F>(F);

impl<T, F: Fn(&T) -> Outcome> Items<T> for By<F> {
    type Item = Result<T, CircuitOpenError>;

    fn judge(&self, item: &T) -> Outcome {
        (self.0)(item)
    }

    fn pass(&self, item: T) -> Self::Item {
        Ok(item)
    }

    fn rejected(&self, error: CircuitOpenError) -> Option<Self::Item> {
        Some(Err(error))
    }
}
