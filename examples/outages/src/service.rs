//! The fake service: what becomes of a call that reaches it, and what would have become of one that didn't.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_lite::stream::{self, Stream, StreamExt};
use tokio::sync::watch;
use tokio::time::{self, Instant};

use crate::outage::{Course, Trouble};

/// The service has ten nodes, and as many tenants.
pub(crate) const PARTS: u64 = 10;
/// The node, or the tenant, that the outage is about.
const BAD: u64 = 3;
/// What a call takes while the service is well.
const WELL: Duration = Duration::from_millis(50);
/// What it takes to refuse a call.
const AT_ONCE: Duration = Duration::from_millis(1);
/// A service that refuses what is too much answers at least so fast.
const LONGEST_QUEUE: Duration = Duration::from_millis(150);

/// A call, as the service sees it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Call {
    pub(crate) number: u64,
    /// When it comes, since the load began.
    pub(crate) at: Duration,
    /// From 0 to 1: whether a service fails this call that fails a share of them. It comes with the call, so that every
    /// strategy meets the same service.
    pub(crate) luck: f64,
    /// The node that the call goes to, or the tenant that it is for.
    pub(crate) part: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Failure {
    /// The service answered with an error.
    Failed,
    /// There is no connection, or it broke.
    Broken,
    /// The service asked to stay away for so long.
    Unavailable(Duration),
    /// The client's limit has passed.
    TimedOut,
    /// The circuit is open.
    Rejected,
}

/// How long a call takes, and what it ends with; `None` if it never ends.
type Fate = Option<(Duration, Result<(), Failure>)>;

pub(crate) struct Service {
    course: Course,
    began: Instant,
    /// When the work that has been accepted is done, for a service that does one thing after the other.
    busy_until: Mutex<Duration>,
    /// Whether calls that hang still do.
    is_stopped: watch::Sender<bool>,
}

impl Service {
    pub(crate) fn new(course: Course) -> Self {
        Service {
            course,
            began: Instant::now(),
            busy_until: Mutex::default(),
            is_stopped: watch::Sender::new(false),
        }
    }

    /// Ends the calls that hang, so that a run has an end.
    pub(crate) fn stop(&self) {
        self.is_stopped.send_replace(true);
    }

    /// Since the service began.
    pub(crate) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    pub(crate) async fn answer(&self, call: Call) -> Result<(), Failure> {
        let now = self.now();
        let fate = self.fate(call, now);
        if let (Some(rate), Some((_, result))) = (self.capacity(now), fate) {
            let work = if result.is_ok() { 1.0 } else { self.cost_of_a_refusal() };
            // It is done even if the client has gone away by then.
            let mut busy_until = self.busy_until.lock().unwrap_or_else(PoisonError::into_inner);
            *busy_until = (*busy_until).max(now) + Duration::from_secs_f64(work / rate);
        }
        let Some((after, result)) = fate else {
            // The sender is this service's own, so that the wait ends by `stop` alone.
            let _ = self.is_stopped.subscribe().wait_for(|is_stopped| *is_stopped).await;
            return Err(Failure::Broken);
        };
        time::sleep(after).await;
        result
    }

    /// Head and body of an answer.
    pub(crate) fn parts(
        self: Arc<Self>,
        call: Call,
    ) -> impl Stream<Item = Result<(), Failure>> + Send {
        let service = Arc::clone(&self);
        let head = stream::once_future(async move { service.answer(call).await });
        head.chain(stream::once_future(async move { self.body().await }))
    }

    /// What comes behind the head.
    pub(crate) async fn body(&self) -> Result<(), Failure> {
        if self.breaks_off(self.now()) {
            time::sleep(WELL).await;
            return Err(Failure::Failed);
        }
        Ok(())
    }

    fn breaks_off(&self, now: Duration) -> bool {
        matches!(self.course.outage.trouble, Trouble::BreaksOff)
            && (self.course.begin()..self.course.end()).contains(&now)
    }

    /// Whether this call would be answered within the client's limit, if it were made now.
    pub(crate) fn would_answer(&self, call: Call, limit: Duration) -> bool {
        let now = self.now();
        let is_in_time = matches!(self.fate(call, now), Some((after, Ok(()))) if after <= limit);
        is_in_time && !self.breaks_off(now)
    }

    fn fate(&self, call: Call, now: Duration) -> Fate {
        let well = Some((WELL, Ok(())));
        let broken = Some((AT_ONCE, Err(Failure::Broken)));
        let failed = Some((WELL, Err(Failure::Failed)));
        let (begin, end) = (self.course.begin(), self.course.end());
        let during = (begin..end).contains(&now);
        let passed = now.saturating_sub(begin);
        match self.course.outage.trouble {
            Trouble::SlowAfterwards(slow) if now >= end => Some((self.course.time(slow), Ok(()))),
            Trouble::Warms { .. } if now >= end => Some(self.queued(now)),
            _ if !during => well,
            Trouble::Dead | Trouble::SlowAfterwards(_) | Trouble::Warms { .. } => broken,
            Trouble::Hangs(share) if call.luck < share => None,
            Trouble::DeadThenHangs(dead) if passed < self.course.time(dead) => broken,
            Trouble::DeadThenHangs(_) => None,
            Trouble::Fails(share) if call.luck < share => failed,
            Trouble::Overloaded { .. } => Some(self.queued(now)),
            Trouble::Sheds { .. } => {
                let (after, answer) = self.queued(now);
                if after > LONGEST_QUEUE {
                    Some((AT_ONCE, Err(Failure::Failed)))
                } else {
                    Some((after, answer))
                }
            }
            Trouble::Resets { every, takes } => {
                let takes = self.course.time(takes);
                let left = left(passed, self.course.time(every));
                Some(if left < takes { (left, Err(Failure::Broken)) } else { (takes, Ok(())) })
            }
            Trouble::BadNode if call.part == BAD => {
                Some((WELL, Err(Failure::Unavailable(end.saturating_sub(now)))))
            }
            Trouble::BadTenant if call.part == BAD => failed,
            Trouble::Hangs(_)
            | Trouble::Fails(_)
            | Trouble::BadNode
            | Trouble::BadTenant
            | Trouble::BreaksOff => well,
            Trouble::Flaps { dead, well: up } => {
                let (dead, up) = (self.course.time(dead), self.course.time(up));
                if left(passed, dead + up) > up { broken } else { well }
            }
        }
    }

    /// Calls a second that the service can do now, if that is limited.
    fn capacity(&self, now: Duration) -> Option<f64> {
        let end = self.course.end();
        match self.course.outage.trouble {
            Trouble::Warms { from, to, within } if now >= end => {
                let within = self.course.time(within).as_secs_f64();
                let share = (now.saturating_sub(end).as_secs_f64() / within).min(1.0);
                Some(from + (to - from) * share)
            }
            Trouble::Overloaded { capacity } | Trouble::Sheds { capacity, .. }
                if (self.course.begin()..end).contains(&now) =>
            {
                Some(capacity)
            }
            _ => None,
        }
    }

    /// The part of a call's work.
    fn cost_of_a_refusal(&self) -> f64 {
        match self.course.outage.trouble {
            Trouble::Sheds { cost, .. } => cost,
            _ => 0.0,
        }
    }

    /// One call after the other, in their order.
    fn queued(&self, now: Duration) -> (Duration, Result<(), Failure>) {
        let busy_until = *self.busy_until.lock().unwrap_or_else(PoisonError::into_inner);
        (busy_until.saturating_sub(now) + WELL, Ok(()))
    }
}

/// Until the end of the period.
fn left(passed: Duration, period: Duration) -> Duration {
    let within = passed.as_nanos() % period.as_nanos().max(1);
    period.saturating_sub(Duration::from_nanos(u64::try_from(within).unwrap_or(u64::MAX)))
}
