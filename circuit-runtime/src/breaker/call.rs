//! Calls by hand: closures and futures under a permit.

use std::future::Future;
use std::task::Context;

use super::CircuitBreaker;
use super::entry::{Beginning, Entry, WaitFor};
use super::waiting::Caller;
use crate::circuit::End;
use crate::error::{CallError, CircuitOpenError};
use crate::guard::{self, Fuse};
use crate::outcome::Outcome;
use crate::permit::{Fallback, Handle, RawPermit, RefHandle};

impl CircuitBreaker {
    /// Makes a blocking call. `Ok` is a success; `Err` and a panic are failures.
    ///
    /// # Errors
    ///
    /// [`CallError::Open`] if the call was rejected and didn't run; [`CallError::Failed`] with the
    /// call's own error.
    #[inline]
    pub fn call<T, E>(&self, call: impl FnOnce() -> Result<T, E>) -> Result<T, CallError<E>> {
        under_permit(self.acquire()?, call)
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
        under_permit_async(move || self.begin(), call)
    }

    /// Makes a blocking call with any return type; `classify` decides what the result counts as. A panic in
    /// it is the call's: a failure that counts as `panicked` and goes on unwinding.
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
        Ok(judged(self.acquire()?, classify, call))
    }

    /// Makes an async call with any return type; `classify` decides what the result counts as. A panic in it
    /// is the call's, as for [`call_with`](CircuitBreaker::call_with).
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
        judged_async(move || self.begin(), classify, call)
    }

    /// [`acquire`](Self::acquire) for an async call.
    pub(super) fn begin(
        &self,
    ) -> Entry<RawPermit<RefHandle<'_>>, impl WaitFor<RawPermit<RefHandle<'_>>>> {
        let permit = move |_: &_, admission| RawPermit::new(RefHandle(self), admission);
        Caller::Own(self).begin(Fallback::None, permit)
    }
}

/// Makes a blocking call under a permit: `Ok` is a success, `Err` a failure.
#[inline]
pub(super) fn under_permit<T, E>(
    permit: RawPermit<impl Handle>,
    call: impl FnOnce() -> Result<T, E>,
) -> Result<T, CallError<E>> {
    let judge = |result: &Result<T, E>| (by_result(result), Fallback::None);
    guard::run(permit, call, judge, |result, _| result.map_err(CallError::Failed))
}

/// Makes an async call under the permit that `ask` gives, which is asked at the first poll.
pub(super) fn under_permit_async<H: Handle, L, T, E>(
    ask: impl FnMut() -> Entry<RawPermit<H>, L>,
    call: impl Future<Output = Result<T, E>>,
) -> impl Future<Output = Result<T, CallError<E>>>
where
    L: WaitFor<RawPermit<H>>,
{
    let judge = |result: &Result<T, E>| (by_result(result), Fallback::None);
    let mut beginning = Beginning::New(ask);
    let begin = move |context: &mut Context<'_>| {
        let begun = beginning.poll(context);
        begun.map(|begun| Some(begun?.map_err(|open| Err(CallError::Open(open)))))
    };
    guard::asking(begin, Fuse::new(call), judge, |result, _| result.map_err(CallError::Failed))
}

/// [`under_permit`] for any return type.
#[inline]
pub(super) fn judged<R>(
    permit: RawPermit<impl Handle>,
    classify: impl FnOnce(&R) -> Outcome,
    call: impl FnOnce() -> R,
) -> R {
    let judge = |result: &R| (End::Outcome(classify(result)), Fallback::None);
    guard::run(permit, call, judge, |result, _| result)
}

/// [`under_permit_async`] for any return type.
pub(super) fn judged_async<H: Handle, L, R>(
    ask: impl FnMut() -> Entry<RawPermit<H>, L>,
    classify: impl Fn(&R) -> Outcome,
    call: impl Future<Output = R>,
) -> impl Future<Output = Result<R, CircuitOpenError>>
where
    L: WaitFor<RawPermit<H>>,
{
    let judge = move |result: &R| (End::Outcome(classify(result)), Fallback::None);
    let mut beginning = Beginning::New(ask);
    let begin = move |context: &mut Context<'_>| {
        beginning.poll(context).map(|begun| Some(begun?.map_err(Err)))
    };
    guard::asking(begin, Fuse::new(call), judge, |result, _| Ok(result))
}

/// The default: `Ok` is a success, `Err` a failure.
#[inline]
fn by_result<T, E>(result: &Result<T, E>) -> End {
    End::Outcome(if result.is_ok() { Outcome::Success } else { Outcome::Failure })
}
