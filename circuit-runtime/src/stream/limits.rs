//! How long a stream may be silent.

use std::task::{Context, Poll};
use std::time::Duration;

use crate::permit::{Handle, RawPermit};

/// How long a stream may take to its first item, and between items.
pub trait Limits {
    /// Whether it may end the stream.
    const MAY_END: bool;

    /// The call has been admitted.
    fn begin<H: Handle>(&mut self, permit: RawPermit<H>) -> RawPermit<H>;

    /// An item has come; the first that isn't ignored ends what measures up to the first one.
    fn item(&mut self, counts: bool);

    /// The stream is silent; ready with the limit that is over.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Duration>;
}

/// For as long as it likes.
#[derive(Debug, Clone, Copy)]
pub struct Unlimited;

impl Limits for Unlimited {
    const MAY_END: bool = false;

    fn begin<H: Handle>(&mut self, permit: RawPermit<H>) -> RawPermit<H> {
        permit
    }

    fn item(&mut self, _: bool) {}

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<Duration> {
        Poll::Pending
    }
}

#[cfg(feature = "tokio")]
pub(crate) use with_tokio::TimeLimits;

#[cfg(feature = "tokio")]
mod with_tokio {
    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll};
    use std::time::Duration;

    use tokio::task::unconstrained;
    use tokio::time::{Instant, Sleep, sleep_until};

    use super::Limits;
    use crate::permit::{Handle, RawPermit};

    /// The limits that a function has, by tokio's clock.
    #[derive(Debug)]
    pub struct TimeLimits {
        timeout: Option<Duration>,
        idle: Option<Duration>,
        /// When the first item must have come; `None` once it has, and if it may take for ever.
        first: Option<Limit>,
        /// When the next item must have come; `None` until the stream is silent after an item.
        next: Option<Limit>,
        has_item: bool,
        /// Boxed, so that a stream without an item to wait for isn't larger for it.
        timer: Option<Pin<Box<Sleep>>>,
    }

    #[derive(Debug, Clone, Copy)]
    struct Limit {
        length: Duration,
        end: Instant,
    }

    impl Limit {
        /// `None`: it ends after the end of time.
        fn from_now(length: Duration) -> Option<Self> {
            Instant::now().checked_add(length).map(|end| Limit { length, end })
        }
    }

    impl TimeLimits {
        pub(crate) fn new(timeout: Option<Duration>, idle: Option<Duration>) -> Self {
            let (first, next, timer) = (None, None, None);
            TimeLimits { timeout, idle, first, next, has_item: false, timer }
        }

        /// For a stream whose first item, or what comes before the items, is there already.
        pub(crate) fn after_first(idle: Duration) -> Self {
            TimeLimits { has_item: true, ..TimeLimits::new(None, Some(idle)) }
        }

        /// Whether this limit is over; if not, the task is woken when it is.
        fn is_over(&mut self, limit: Limit, context: &mut Context<'_>) -> bool {
            let timer = match &mut self.timer {
                Some(timer) => {
                    if timer.deadline() != limit.end {
                        timer.as_mut().reset(limit.end);
                    }
                    timer
                }
                timer => timer.insert(Box::pin(sleep_until(limit.end))),
            };
            // Without tokio's budget, which the stream may have used up: it would never end then.
            pin!(unconstrained(timer.as_mut())).poll(context).is_ready()
        }
    }

    impl Limits for TimeLimits {
        const MAY_END: bool = true;

        fn begin<H: Handle>(&mut self, permit: RawPermit<H>) -> RawPermit<H> {
            // Panics outside a runtime, and in one without a timer. That is this program's mistake, so
            // the circuit must not count it.
            let timeout = self.timeout.map(|timeout| permit.limit(timeout));
            let (permit, ()) = permit.across(|| {
                self.first = timeout.and_then(Limit::from_now);
                let end = self.first.map_or_else(Instant::now, |first| first.end);
                self.timer = Some(Box::pin(sleep_until(end)));
            });
            permit
        }

        fn item(&mut self, counts: bool) {
            self.has_item = true;
            self.next = None;
            if counts {
                self.first = None;
            }
        }

        fn poll(&mut self, context: &mut Context<'_>) -> Poll<Duration> {
            if self.has_item && self.next.is_none() {
                // From here on, not from the item on: a caller who doesn't ask isn't kept waiting.
                self.next = self.idle.and_then(Limit::from_now);
            }
            let sooner = match (self.first, self.next) {
                (Some(first), Some(next)) if next.end < first.end => Some(next),
                (first, next) => first.or(next),
            };
            match sooner {
                Some(limit) if self.is_over(limit, context) => Poll::Ready(limit.length),
                _ => Poll::Pending,
            }
        }
    }
}
