//! Time as the breakers see it: nanoseconds since the process first asked, never going back.
//!
//! A `u64` of them lasts for 584 years; whatever is longer saturates and means "never".

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Nanoseconds since the first reading of the clock in this process.
pub(crate) type Nanos = u64;

/// A deadline that is never reached.
pub(crate) const NEVER: Nanos = Nanos::MAX;

static START: OnceLock<Instant> = OnceLock::new();

/// The present, or what a frozen clock of this thread shows.
pub(crate) fn now() -> Nanos {
    #[cfg(feature = "test-util")]
    if let Some(frozen) = crate::test_util::frozen() {
        return frozen;
    }
    nanos(START.get_or_init(Instant::now).elapsed())
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

/// One reading of the clock, taken when it is first asked for: most outcomes never ask.
#[derive(Debug)]
pub(crate) struct Moment(Cell<Option<Nanos>>);

impl Moment {
    pub(crate) const fn unread() -> Self {
        Moment(Cell::new(None))
    }

    pub(crate) const fn at(now: Nanos) -> Self {
        Moment(Cell::new(Some(now)))
    }

    pub(crate) fn get(&self) -> Nanos {
        self.0.get().unwrap_or_else(|| {
            let now = now();
            self.0.set(Some(now));
            now
        })
    }
}
