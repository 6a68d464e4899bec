//! `timeout`: a call that takes too long is dropped, and is a failure.

use core::time::Duration;

use super::fallback_on_any::Ended;
use super::returns::{Late, Returns};
use crate::CallTimeoutError;
use crate::circuit::End;
use crate::observe::event::error_text;
use crate::permit::{Fallback, Handle, RawPermit};

/// The call took longer than `limit`.
#[cold]
pub fn time_out<R, S: Handle>(permit: RawPermit<S>, limit: Duration, late: Late<R>) -> R {
    late(end(permit, limit, Fallback::None))
}

/// `time_out` where the fallback runs.
#[cold]
pub fn time_out_any<R, S: Handle>(permit: RawPermit<S>, limit: Duration) -> Ended<R> {
    Ended::TimedOut(end(permit, limit, Fallback::Runs))
}

pub(super) fn end<S: Handle>(
    permit: RawPermit<S>,
    limit: Duration,
    fallback: Fallback,
) -> CallTimeoutError {
    let error = CallTimeoutError::new(permit.circuit_name(), limit);
    if let Some(pending) = permit.finish_deferred(End::TimedOut, fallback) {
        pending.notify(error_text(&error));
    }
    error
}

#[cfg(feature = "tokio")]
pub use with_tokio::run_timed;

#[cfg(not(feature = "tokio"))]
pub use without_tokio::run_timed;

#[cfg(feature = "tokio")]
mod with_tokio {
    use core::future::Future;
    use core::time::Duration;

    use std::pin::Pin;
    use std::task::{Context, Poll};

    use pin_project_lite::pin_project;
    use tokio::time::{Timeout, timeout};

    use super::Returns;
    use crate::guard::{Fuse, UnderPermit};
    use crate::permit::{Handle, RawPermit};

    /// Runs the body of an async function for at most `limit`, or what settings have put in its
    /// place: a late call gives the limit that it had.
    #[inline]
    pub fn run_timed<R, S, F>(
        _: Returns<R>,
        permit: RawPermit<S>,
        limit: Duration,
        body: F,
    ) -> UnderPermit<S, impl Future<Output = Result<R, Duration>>>
    where
        S: Handle,
        F: Future<Output = R>,
    {
        // Panics outside a runtime, and in one without a timer. That is this program's mistake, so
        // the circuit must not count it.
        let limit = permit.limit(limit);
        // Takes a value that is ready at the limit, and ends a body that uses up its task's budget.
        let (permit, timed) = permit.across(|| Fuse::new(timeout(limit, body)));
        UnderPermit::new(permit, Limited { timed, limit })
    }

    pin_project! {
        struct Limited<F> {
            #[pin]
            timed: Fuse<Timeout<F>>,
            limit: Duration,
        }
    }

    impl<F: Future> Future for Limited<F> {
        type Output = Result<F::Output, Duration>;

        #[inline]
        fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
            let this = self.project();
            this.timed.poll(context).map(|ended| ended.map_err(|_| *this.limit))
        }
    }
}

#[cfg(not(feature = "tokio"))]
mod without_tokio {
    use core::future::{Future, Pending, pending};
    use core::time::Duration;

    use super::Returns;
    use crate::permit::{Handle, RawPermit};

    /// Holds for no type: the attribute can't see this crate's features, but this bound can report
    /// a missing one.
    ///
    /// ```compile_fail,E0277
    /// # use circuit_runtime::{CallTimeoutError, CircuitOpenError, circuit_breaker};
    /// # struct E;
    /// # impl From<CircuitOpenError> for E {
    /// #     fn from(_: CircuitOpenError) -> E {
    /// #         E
    /// #     }
    /// # }
    /// # impl From<CallTimeoutError> for E {
    /// #     fn from(_: CallTimeoutError) -> E {
    /// #         E
    /// #     }
    /// # }
    /// #[circuit_breaker(timeout = "1s")]
    /// async fn limited() -> Result<(), E> {
    ///     Ok(())
    /// }
    /// ```
    #[diagnostic::on_unimplemented(
        message = "`timeout` needs the feature `tokio` of `circuit-runtime`",
        label = "needs the feature `tokio`",
        note = "in Cargo.toml: `circuit-runtime = {{ version = \"..\", features = [\"tokio\"] }}`"
    )]
    pub trait TokioFeature {}

    /// `run_timed` without the feature, with that bound. The future's type doesn't depend on the
    /// bound, or awaiting it would report it a second time.
    pub fn run_timed<R, S, F>(
        _: Returns<R>,
        _: RawPermit<S>,
        _: Duration,
        _: F,
    ) -> Pending<(Result<R, Duration>, RawPermit<S>)>
    where
        Returns<R>: TokioFeature,
        S: Handle,
        F: Future<Output = R>,
    {
        pending()
    }
}
