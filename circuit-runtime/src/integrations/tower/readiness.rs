//! A service that isn't ready while its circuit rejects.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use crate::breaker::CircuitBreaker;
use crate::primitives::clock::NEVER;
use crate::waiters::WaiterId;

/// Waits for a circuit on behalf of one service; each clone of the service has its own.
pub(super) struct Readiness {
    breaker: &'static CircuitBreaker,
    id: WaiterId,
    is_waiting: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Readiness {
    pub(super) fn new(breaker: &'static CircuitBreaker) -> Self {
        Readiness { breaker, id: WaiterId::new(), is_waiting: false, timer: None }
    }

    /// Ready when the circuit admits calls. Reserves nothing: of several that wait, all become
    /// ready.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.breaker.rejects_for().is_some() {
            // Before the circuit is asked again, so that no change in between is missed.
            self.breaker.waiters().wait(self.id, context.waker());
            self.is_waiting = true;
            let Some(left) = self.breaker.rejects_for() else { break };
            if left == NEVER {
                return Poll::Pending;
            }
            ready!(self.poll_timer(Duration::from_nanos(left), context));
        }
        self.leave();
        Poll::Ready(())
    }

    /// Set anew at each poll: the circuit's deadline may have changed.
    fn poll_timer(&mut self, left: Duration, context: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.insert(Box::pin(sleep(left)));
        timer.as_mut().poll(context)
    }

    fn leave(&mut self) {
        if std::mem::take(&mut self.is_waiting) {
            self.breaker.waiters().leave(self.id);
            self.timer = None;
        }
    }
}

impl Clone for Readiness {
    fn clone(&self) -> Self {
        Readiness::new(self.breaker)
    }
}

impl Drop for Readiness {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readiness").field("is_waiting", &self.is_waiting).finish_non_exhaustive()
    }
}
