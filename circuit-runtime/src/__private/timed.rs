//! `timeout`: a call that takes too long is dropped and is a failure.

use super::any::Ended;
use super::returns::{Late, Returns};

/// The result of a call with a `timeout` whose fallback runs for rejections only.
#[inline]
pub fn in_time<R>(ended: Ended<R>, late: Late<R>) -> R {
    match ended {
        Ended::Value(value) | Ended::Failed(value) => value,
        Ended::TimedOut(error) => late(error),
    }
}

#[cfg(feature = "tokio")]
pub use with_tokio::{run_timed, run_timed_any};

#[cfg(not(feature = "tokio"))]
pub use without_tokio::{run_timed, run_timed_any};

#[cfg(feature = "tokio")]
mod with_tokio {
    use core::future::Future;
    use core::time::Duration;

    use tokio::time::error::Elapsed;
    use tokio::time::timeout;

    use super::super::any::{answered, ended};
    use super::{Ended, Returns};
    use crate::circuit::End;
    use crate::guard::{self, Fuse};
    use crate::permit::{Fallback, Handle, RawPermit};
    use crate::{CallTimeoutError, Outcome};

    /// Runs the body of an async function for at most `limit`.
    #[inline]
    pub fn run_timed<R, S, F, J>(
        _: Returns<R>,
        permit: RawPermit<S>,
        limit: Duration,
        body: F,
        judge: J,
    ) -> impl Future<Output = Ended<R>>
    where
        S: Handle,
        F: Future<Output = R>,
        J: Fn(&R) -> Outcome,
    {
        timed(
            permit,
            limit,
            body,
            move |result: &R| (End::Outcome(judge(result)), Fallback::None),
            Fallback::None,
        )
    }

    /// `run_timed` for a fallback that runs when the body failed too.
    #[inline]
    pub fn run_timed_any<R, S, F, J>(
        _: Returns<R>,
        permit: RawPermit<S>,
        limit: Duration,
        body: F,
        judge: J,
    ) -> impl Future<Output = Ended<R>>
    where
        S: Handle,
        F: Future<Output = R>,
        J: Fn(&R) -> Outcome,
    {
        timed(permit, limit, body, move |result: &R| answered(judge(result)), Fallback::Runs)
    }

    #[inline]
    fn timed<R, S, F, J>(
        permit: RawPermit<S>,
        limit: Duration,
        body: F,
        judge: J,
        late: Fallback,
    ) -> impl Future<Output = Ended<R>>
    where
        S: Handle,
        F: Future<Output = R>,
        J: Fn(&R) -> (End, Fallback),
    {
        let error = CallTimeoutError::new(permit.circuit_name(), limit);
        // Panics outside a runtime and in one without timers: a mistake of this program, of which
        // the circuit of the service it calls must not hear.
        let mut permit = Neutral(Some(permit));
        // Takes a value that is there at the limit, and ends a body that uses up its task's turns.
        let timed = Fuse::new(timeout(limit, body));
        let permit = permit.0.take().expect("taken once");
        let judge = move |timed: &Result<R, Elapsed>| match timed {
            Ok(value) => judge(value),
            Err(_) => (End::TimedOut, late),
        };
        guard::admitted(permit, timed, judge, move |timed, fallback| match timed {
            Ok(value) => ended(value, fallback),
            Err(_) => Ended::TimedOut(error),
        })
    }

    /// A permit that a panic ends as ignored.
    struct Neutral<S: Handle>(Option<RawPermit<S>>);

    impl<S: Handle> Drop for Neutral<S> {
        fn drop(&mut self) {
            if let Some(permit) = self.0.take() {
                permit.record(Outcome::Ignored);
            }
        }
    }
}

#[cfg(not(feature = "tokio"))]
mod without_tokio {
    use core::future::{Future, Pending, pending};
    use core::time::Duration;

    use super::{Ended, Returns};
    use crate::Outcome;
    use crate::permit::{Handle, RawPermit};

    /// Holds for nothing: the attribute can't see the features of this crate, this bound can.
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

    /// As with the feature, but for the bound. The future's type does not depend on that, or
    /// awaiting it would report it once more.
    pub fn run_timed<R, S, F, J>(
        _: Returns<R>,
        _: RawPermit<S>,
        _: Duration,
        _: F,
        _: J,
    ) -> Pending<Ended<R>>
    where
        Returns<R>: TokioFeature,
        S: Handle,
        F: Future<Output = R>,
        J: Fn(&R) -> Outcome,
    {
        pending()
    }

    pub use run_timed as run_timed_any;
}
