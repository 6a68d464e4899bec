//! The entry of an async call that may wait for a place of the bulkhead.
//!
//! A call that needn't wait is answered at once; only one that has to gets a future, on the heap, so
//! that the others' futures have no room for it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::waiting::Caller;
use crate::circuit::{Admission, Published};
use crate::error::CircuitOpenError;
use crate::permit::Fallback;

/// A permit or a rejection, or the future that waits for one of them.
#[derive(Debug)]
pub enum Entry<P, L> {
    /// It is known.
    Now(Result<P, CircuitOpenError>),
    /// The call waits for a place.
    Later(L),
}

/// A future that waits for a permit.
pub trait WaitFor<P>: Future<Output = Result<P, CircuitOpenError>> + Unpin {}

impl<P, L: Future<Output = Result<P, CircuitOpenError>> + Unpin> WaitFor<P> for L {}

/// Waits for a place; `permit` makes the permit of an admission.
#[must_use = "futures do nothing unless polled"]
pub(crate) struct Later<'a, F> {
    waiting: Waiting<'a>,
    permit: F,
}

// Nothing in it is pinned but what is in a box of its own.
impl<F> Unpin for Later<'_, F> {}

impl<'a, F> Later<'a, F> {
    /// The same wait for another permit.
    pub(crate) fn giving<P, G>(self, permit: G) -> Later<'a, G>
    where
        G: FnMut(&'a Published, Admission) -> P,
    {
        Later { waiting: self.waiting, permit }
    }
}

impl<'a, P, F: FnMut(&'a Published, Admission) -> P> Future for Later<'a, F> {
    type Output = Result<P, CircuitOpenError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let entered = ready!(Pin::new(&mut this.waiting).poll(context));
        Poll::Ready(entered.map(|(published, admission)| (this.permit)(published, admission)))
    }
}

impl<'a> Caller<'a, '_> {
    /// Asks the circuit, and makes the permit of its admission.
    #[inline]
    pub(crate) fn begin<P, F>(self, fallback: Fallback, mut permit: F) -> Entry<P, Later<'a, F>>
    where
        F: FnMut(&'a Published, Admission) -> P,
    {
        match Waiting::begin(self, fallback) {
            Ok(entered) => {
                Entry::Now(entered.map(|(published, admission)| permit(published, admission)))
            }
            Err(waiting) => Entry::Later(Later { waiting, permit }),
        }
    }
}

/// How far a call by hand has come, whose circuit is asked at the first poll.
pub(crate) enum Beginning<F, L> {
    New(F),
    Waits(L),
    Begun,
}

impl<F, L> Beginning<F, L> {
    /// The permit or the rejection, once; then `None`.
    #[inline]
    pub(crate) fn poll<P>(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<P, CircuitOpenError>>>
    where
        F: FnMut() -> Entry<P, L>,
        L: WaitFor<P>,
    {
        let entered = match self {
            Beginning::Begun => return Poll::Ready(None),
            Beginning::New(ask) => match ask() {
                Entry::Now(entered) => entered,
                Entry::Later(later) => {
                    *self = Beginning::Waits(later);
                    return self.poll(context);
                }
            },
            Beginning::Waits(later) => ready!(Pin::new(later).poll(context)),
        };
        *self = Beginning::Begun;
        Poll::Ready(Some(entered))
    }
}

#[cfg(feature = "tokio")]
use with_tokio::Waiting;

#[cfg(not(feature = "tokio"))]
use without_tokio::Waiting;

#[cfg(feature = "tokio")]
mod with_tokio {
    use std::future::Future;
    use std::panic::AssertUnwindSafe;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Duration;

    use pin_project_lite::pin_project;
    use tokio::runtime::Handle;
    use tokio::time::{Sleep, sleep};

    use crate::CircuitBreaker;
    use crate::breaker::waiting::{Caller, Entered, Queued, Step};
    use crate::permit::Fallback;

    /// A call in a queue. Whoever keeps a future across a panic finds the queue as it should be.
    pub(super) struct Waiting<'a>(AssertUnwindSafe<Pin<Box<State<'a>>>>);

    pin_project! {
        struct State<'a> {
            queued: Queued<'a>,
            caller: Owned<'a>,
            fallback: Fallback,
            #[pin]
            timer: Sleep,
        }
    }

    /// [`Caller`], with a key of its own.
    enum Owned<'a> {
        Keyless(Caller<'a, 'static>),
        Key(&'static CircuitBreaker, Box<str>),
    }

    impl<'a> Owned<'a> {
        fn of(caller: Caller<'a, '_>) -> Self {
            match caller {
                Caller::Own(breaker) => Owned::Keyless(Caller::Own(breaker)),
                Caller::OwnOfFunction(breaker) => Owned::Keyless(Caller::OwnOfFunction(breaker)),
                Caller::Key(breaker, key) => Owned::Key(breaker, key.into()),
            }
        }

        fn caller(&self) -> Caller<'a, '_> {
            match self {
                Owned::Keyless(caller) => *caller,
                Owned::Key(breaker, key) => Caller::Key(breaker, key),
            }
        }
    }

    impl<'a> Waiting<'a> {
        /// Asks for a call; a call that has to wait, waits in a future.
        #[inline]
        pub(super) fn begin(
            caller: Caller<'a, '_>,
            fallback: Fallback,
        ) -> Result<Entered<'a>, Self> {
            match caller.ask(fallback) {
                Step::Done(entered) => Ok(entered),
                Step::Waits(queued) => Self::in_queue(caller, queued, fallback),
            }
        }

        #[cold]
        #[inline(never)]
        fn in_queue(
            caller: Caller<'a, '_>,
            mut queued: Queued<'a>,
            fallback: Fallback,
        ) -> Result<Entered<'a>, Self> {
            if Handle::try_current().is_err() {
                // Nobody would end the wait.
                loop {
                    match caller.give_up(&mut queued, fallback) {
                        Step::Done(entered) => return Ok(entered),
                        Step::Waits(next) => queued = next,
                    }
                }
            }
            let timer = sleep(Duration::from_nanos(queued.longest()));
            let caller = Owned::of(caller);
            Err(Waiting(AssertUnwindSafe(Box::pin(State { queued, caller, fallback, timer }))))
        }
    }

    impl<'a> Future for Waiting<'a> {
        type Output = Entered<'a>;

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Entered<'a>> {
            let mut state = self.0.0.as_mut().project();
            let caller = state.caller.caller();
            loop {
                let turn = state.queued.look(context.waker());
                let step = match caller.take_turn(state.queued, turn, *state.fallback) {
                    Some(step) => step,
                    None if state.timer.as_mut().poll(context).is_pending() => {
                        return Poll::Pending;
                    }
                    None => caller.give_up(state.queued, *state.fallback),
                };
                match step {
                    Step::Done(entered) => return Poll::Ready(entered),
                    Step::Waits(next) => *state.queued = next,
                }
            }
        }
    }
}

#[cfg(not(feature = "tokio"))]
mod without_tokio {
    use std::convert::Infallible;
    use std::future::Future;
    use std::marker::PhantomData;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use crate::breaker::waiting::{Caller, Entered};
    use crate::permit::Fallback;

    /// No async call waits: nobody would end its wait.
    pub(super) struct Waiting<'a>(Infallible, PhantomData<&'a ()>);

    impl<'a> Waiting<'a> {
        #[inline]
        #[expect(clippy::unnecessary_wraps, reason = "with the feature, a call may have to wait")]
        pub(super) fn begin(
            caller: Caller<'a, '_>,
            fallback: Fallback,
        ) -> Result<Entered<'a>, Self> {
            Ok(caller.enter(fallback))
        }
    }

    impl<'a> Future for Waiting<'a> {
        type Output = Entered<'a>;

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Entered<'a>> {
            match self.0 {}
        }
    }
}
