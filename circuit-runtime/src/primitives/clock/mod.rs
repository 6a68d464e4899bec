//! Time as the breakers see it: nanoseconds on the system's monotonic clock.
//!
//! A `u64` of nanoseconds lasts for 584 years; what is longer saturates, and means "never".

#[cfg(feature = "test-util")]
pub(crate) mod frozen;

use std::cell::Cell;
use std::time::{Duration, SystemTime};

/// Nanoseconds since some fixed time before the process started.
pub(crate) type Nanos = u64;

/// A deadline that is never reached.
pub(crate) const NEVER: Nanos = Nanos::MAX;

/// The present time, or that of this thread's frozen clock.
#[inline]
pub(crate) fn now() -> Nanos {
    #[cfg(feature = "test-util")]
    if let Some(frozen) = frozen::shown() {
        return frozen;
    }
    os::now()
}

/// The present time by the system's clock, also where this thread's is frozen.
pub(crate) fn real() -> Nanos {
    os::now()
}

/// The present time or a little earlier, at most about [`LAG`]; never later. On Linux it costs a
/// fraction of [`now`] (the guide's page *Performance*).
#[inline]
pub(crate) fn coarse() -> Nanos {
    #[cfg(feature = "test-util")]
    if let Some(frozen) = frozen::shown() {
        return frozen;
    }
    os::coarse()
}

/// How far [`coarse`] may lag behind: two ticks of a kernel with `CONFIG_HZ=100`, the slowest that
/// is in use.
pub(crate) const LAG: Nanos = 20_000_000;

/// Times of at least this length, a hundred of those ticks, are told by the coarse clock.
pub(crate) const COARSE_FROM: Nanos = 50 * LAG;

#[cfg(target_os = "linux")]
mod os {
    use rustix::time::{ClockId, Timespec, clock_gettime};

    use super::Nanos;

    /// The clock of [`std::time::Instant`], without its arithmetic.
    #[inline]
    pub(super) fn now() -> Nanos {
        nanos(clock_gettime(ClockId::Monotonic))
    }

    #[inline]
    pub(super) fn coarse() -> Nanos {
        nanos(clock_gettime(ClockId::MonotonicCoarse))
    }

    #[inline]
    #[expect(clippy::cast_sign_loss, reason = "a monotonic clock counts from the system's start")]
    fn nanos(time: Timespec) -> Nanos {
        // Doesn't wrap for 584 years.
        (time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64)
    }
}

#[cfg(not(target_os = "linux"))]
mod os {
    use std::sync::OnceLock;
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    use std::time::Instant;

    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    use web_time::Instant;

    use super::Nanos;

    static START: OnceLock<Instant> = OnceLock::new();

    pub(super) fn now() -> Nanos {
        super::nanos(START.get_or_init(Instant::now).elapsed())
    }

    pub(super) fn coarse() -> Nanos {
        now()
    }
}

/// The date and time of day.
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub(crate) fn date() -> SystemTime {
    SystemTime::now()
}

/// The date and time of day by JavaScript's clock: std's would panic.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub(crate) fn date() -> SystemTime {
    web_time::web::SystemTimeExt::to_std(web_time::SystemTime::now())
}

/// A wait: when it ends, and how long it is in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) until: Nanos,
    pub(crate) length: Nanos,
}

impl Wait {
    /// A wait of this length, from `now` on.
    pub(crate) const fn from(now: Nanos, length: Nanos) -> Self {
        Wait { until: now.saturating_add(length), length }
    }

    /// What is left of it; `None` when it is over.
    ///
    /// If more is left than the whole, the clock has gone back, as on a machine that is restored
    /// from a checkpoint. Then nobody knows how much time has passed, and the wait is over. There
    /// is a tolerance of [`SKEW`].
    #[inline]
    pub(crate) const fn left(self, now: Nanos) -> Option<Nanos> {
        let left = left(self.until, now);
        let more = left.saturating_sub(self.length);
        if left == NEVER {
            Some(NEVER)
        } else if left == 0 || more > SKEW || more > self.length {
            None
        } else {
            Some(left - more)
        }
    }
}

/// How far the clocks of two threads may differ before one of them counts as having gone back. The
/// system's clock doesn't differ, but each thread freezes its own.
pub(crate) const SKEW: Nanos = 1_000_000_000;

/// A wait as it is shown; `None` if it never ends.
pub(crate) const fn finite(wait: Nanos) -> Option<Duration> {
    if wait == NEVER { None } else { Some(Duration::from_nanos(wait)) }
}

/// What is left until a deadline; [`NEVER`] if it is never reached.
#[inline]
pub(crate) const fn left(until: Nanos, now: Nanos) -> Nanos {
    if until == NEVER { NEVER } else { until.saturating_sub(now) }
}

/// A duration in nanoseconds, saturating.
pub(crate) const fn nanos(duration: Duration) -> Nanos {
    let nanos = duration.as_nanos();
    if nanos > Nanos::MAX as u128 {
        Nanos::MAX
    } else {
        #[expect(clippy::cast_possible_truncation, reason = "compared the line before")]
        let nanos = nanos as u64;
        nanos
    }
}

/// One reading of each clock, taken on demand: most outcomes need none.
#[derive(Debug, Default)]
pub(crate) struct Moment {
    exact: Cell<Option<Nanos>>,
    coarse: Cell<Option<Nanos>>,
}

impl Moment {
    /// A moment in which both clocks have been read as `now`.
    #[inline]
    pub(crate) fn at(now: Nanos) -> Self {
        Moment { exact: Cell::new(Some(now)), coarse: Cell::new(Some(now)) }
    }

    #[inline]
    pub(crate) fn exact(&self) -> Nanos {
        read(&self.exact, now)
    }

    #[inline]
    pub(crate) fn coarse(&self) -> Nanos {
        read(&self.coarse, || self.exact.get().unwrap_or_else(coarse))
    }

    /// By the clock that is exact enough to tell whether a time of this length has passed.
    #[inline]
    pub(crate) fn by_length(&self, length: Nanos) -> Nanos {
        if length >= COARSE_FROM { self.coarse() } else { self.exact() }
    }
}

fn read(cell: &Cell<Option<Nanos>>, clock: impl FnOnce() -> Nanos) -> Nanos {
    cell.get().unwrap_or_else(|| {
        let now = clock();
        cell.set(Some(now));
        now
    })
}

#[cfg(all(test, not(circuit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_over_at_its_end_and_when_the_clock_has_gone_back() {
        let wait = Wait::from(10 * SKEW, 5 * SKEW);
        assert_eq!(wait.left(10 * SKEW), Some(5 * SKEW));
        assert_eq!((wait.left(15 * SKEW - 1), wait.left(15 * SKEW)), (Some(1), None));
        // Within the tolerance no more is left than the whole.
        assert_eq!((wait.left(9 * SKEW), wait.left(9 * SKEW - 1)), (Some(5 * SKEW), None));
    }

    #[test]
    fn a_wait_that_never_ends_has_all_of_it_left() {
        let wait = Wait::from(1, NEVER);
        assert_eq!([0, 1, NEVER - 1].map(|now| wait.left(now)), [Some(NEVER); 3]);
        assert_eq!((left(NEVER, 7), left(9, 7), left(7, 9)), (NEVER, 2, 0));
    }

    #[test]
    fn durations_saturate() {
        assert_eq!(nanos(Duration::from_nanos(NEVER - 1)), NEVER - 1);
        assert_eq!(nanos(Duration::MAX), NEVER);
    }

    #[test]
    fn the_coarse_clock_is_never_ahead() {
        for _ in 0..1_000 {
            let earlier = coarse();
            assert!(earlier <= now());
        }
    }

    #[cfg(feature = "test-util")]
    #[test]
    fn a_moment_reads_each_clock_once() {
        let time = crate::test_util::freeze();
        let (moment, coarse_first) = (Moment::default(), Moment::default());
        let (exact, coarse) = (moment.exact(), coarse_first.coarse());
        time.advance(Duration::from_secs(1));
        assert_eq!((moment.exact(), moment.coarse()), (exact, exact));
        assert_eq!((coarse_first.coarse(), coarse_first.exact()), (coarse, exact + SKEW));
        assert_eq!((Moment::at(7).exact(), Moment::at(7).coarse()), (7, 7));
    }

    #[test]
    fn a_hundred_ticks_and_more_are_told_by_the_coarse_clock() {
        let moment = Moment { exact: Cell::new(Some(8)), coarse: Cell::new(Some(7)) };
        let told = [0, COARSE_FROM - 1, COARSE_FROM, NEVER].map(|length| moment.by_length(length));
        assert_eq!(told, [8, 8, 7, 7]);
    }
}
