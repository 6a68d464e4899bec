//! When Redis is asked: a circuit of three failures in a row and a wait of a second at most. Not one of the runtime's, whose
//! transitions every listener of the program would be told of, each second that Redis is away.

use std::time::{Duration, Instant};

/// So many failures in a row, and one attempt at a time is made.
const FAILURES: u32 = 3;
/// How long that waits at most; at least half of it, so that a fleet doesn't fall into step.
const WAIT: Duration = Duration::from_secs(1);

/// How attempts have gone lately.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    failures: u32,
    /// After failures: when the next attempt may be made. `None`: one is being made.
    next: Option<Instant>,
}

impl Attempts {
    /// Whether an attempt may be made now. Then it must be told how that went.
    pub(crate) fn try_begin(&mut self, now: Instant) -> bool {
        self.failures < FAILURES || self.next.take_if(|next| *next <= now).is_some()
    }

    pub(crate) fn succeeded(&mut self) {
        *self = Attempts::default();
    }

    pub(crate) fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        self.next = Some(now + WAIT.mul_f64(0.5 + fastrand::f64() / 2.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_three_failures_in_a_row_one_attempt_is_made_at_a_time() {
        let (mut attempts, start) = (Attempts::default(), Instant::now());
        for _ in 0..2 {
            assert!(attempts.try_begin(start));
            attempts.failed(start);
        }
        assert!(attempts.try_begin(start) && attempts.try_begin(start), "two at once");
        attempts.failed(start);
        attempts.failed(start);
        assert!(!attempts.try_begin(start + WAIT / 3));
        assert!(attempts.try_begin(start + WAIT), "the next");
        assert!(!attempts.try_begin(start + WAIT * 9), "while that is under way");
        attempts.failed(start + WAIT * 9);
        assert!(attempts.try_begin(start + WAIT * 10));
        attempts.succeeded();
        assert!(attempts.try_begin(start + WAIT * 10) && attempts.try_begin(start + WAIT * 10));
    }
}
