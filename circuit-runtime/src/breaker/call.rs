//! Calls by hand: closures and futures under a permit.

use std::future::Future;

use super::CircuitBreaker;
use crate::circuit::End;
use crate::error::{CallError, CircuitOpenError};
use crate::guard::{self, Begun, Fuse};
use crate::outcome::Outcome;
use crate::permit::{Fallback, RefHandle};

impl CircuitBreaker {
    /// Makes a blocking call. `Ok` is a success; `Err` and a panic are failures.
    ///
    /// # Errors
    ///
    /// [`CallError::Open`] if the call was rejected and didn't run; [`CallError::Failed`] with the
    /// call's own error.
    #[inline]
    pub fn call<T, E>(&self, call: impl FnOnce() -> Result<T, E>) -> Result<T, CallError<E>> {
        let permit = self.acquire()?;
        let judge = |result: &Result<T, E>| (by_result(result), Fallback::None);
        guard::run(permit, call, judge, |result, _| result.map_err(CallError::Failed))
    }

    /// Makes an async call. `Ok` is a success; `Err` and a panic are failures. The circuit is asked
    /// at the first poll. A future that is dropped before it is done is a cancelled call.
    ///
    /// # Errors
    ///
    /// [`CallError::Open`] if the call was rejected and didn't run; [`CallError::Failed`] with the
    /// call's own error.
    ///
    /// # Panics
    ///
    /// If polled after completion, like the future of an async function.
    ///
    /// ```
    /// # use circuit_runtime::{CircuitBreaker, Config};
    /// # async fn charge() -> Result<u32, std::io::Error> { Ok(7) }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments", Config::new());
    /// assert_eq!(PAYMENTS.call_async(charge()).await.unwrap(), 7);
    /// # }
    /// ```
    pub fn call_async<T, E>(
        &self,
        call: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, CallError<E>>> {
        let judge = |result: &Result<T, E>| (by_result(result), Fallback::None);
        let begin = self.once(|open| Err(CallError::Open(open)));
        guard::asking(begin, Fuse::new(call), judge, |result, _| result.map_err(CallError::Failed))
    }

    /// Makes a blocking call with any return type; `classify` decides what the result counts as.
    ///
    /// # Errors
    ///
    /// If the call was rejected and didn't run.
    ///
    /// ```
    /// use circuit_runtime::{CircuitBreaker, Config, Outcome};
    ///
    /// static SEARCH: CircuitBreaker = CircuitBreaker::new("search", Config::new());
    /// let by_status = |status: &u16| if *status >= 500 { Outcome::Failure } else { Outcome::Success };
    /// assert_eq!(SEARCH.call_with(by_status, || 503), Ok(503));
    /// assert_eq!(SEARCH.snapshot().failures, 1);
    /// ```
    #[inline]
    pub fn call_with<R>(
        &self,
        classify: impl FnOnce(&R) -> Outcome,
        call: impl FnOnce() -> R,
    ) -> Result<R, CircuitOpenError> {
        let permit = self.acquire()?;
        let judge = |result: &R| (End::Outcome(classify(result)), Fallback::None);
        guard::run(permit, call, judge, |result, _| Ok(result))
    }

    /// Makes an async call with any return type; `classify` decides what the result counts as.
    ///
    /// # Errors
    ///
    /// If the call was rejected and didn't run.
    ///
    /// # Panics
    ///
    /// If polled after completion, like the future of an async function.
    pub fn call_with_async<R>(
        &self,
        classify: impl Fn(&R) -> Outcome,
        call: impl Future<Output = R>,
    ) -> impl Future<Output = Result<R, CircuitOpenError>> {
        let judge = move |result: &R| (End::Outcome(classify(result)), Fallback::None);
        guard::asking(self.once(Err), Fuse::new(call), judge, |result, _| Ok(result))
    }

    /// Acquires the permit of a future, once.
    fn once<'a, R>(
        &'a self,
        rejected: impl Fn(CircuitOpenError) -> R,
    ) -> impl FnMut() -> Begun<RefHandle<'a>, R> {
        let mut breaker = Some(self);
        move || Some(breaker.take()?.acquire().map_err(&rejected))
    }
}

/// The default: `Ok` is a success, `Err` a failure.
#[inline]
fn by_result<T, E>(result: &Result<T, E>) -> End {
    End::Outcome(if result.is_ok() { Outcome::Success } else { Outcome::Failure })
}
