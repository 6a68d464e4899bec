//! How many calls a second an instance has.

use super::Millis;

/// The mean over about the last ten seconds, with older calls counting less.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pace {
    /// Calls in all, and when that was.
    last: Option<(u64, Millis)>,
    mean: f64,
    /// How much of the mean is known, from 0 to 1: it begins with nothing.
    known: f64,
}

/// Seconds after which a call counts 1/e.
const MEMORY: f64 = 10.0;

impl Pace {
    /// Takes note of the number of calls in all, rejected ones too.
    pub(super) fn note(&mut self, calls: u64, now: Millis) {
        if let Some((before, when)) = self.last {
            let passed = seconds(now.saturating_sub(when));
            if passed <= 0.0 {
                return;
            }
            #[expect(clippy::cast_precision_loss, reason = "some thousand")]
            let present = calls.saturating_sub(before) as f64 / passed;
            let share = 1.0 - (-passed / MEMORY).exp();
            self.mean += (present - self.mean) * share;
            self.known += (1.0 - self.known) * share;
        }
        self.last = Some((calls, now));
    }

    pub(super) fn a_second(self) -> f64 {
        if self.known > 0.0 { self.mean / self.known } else { 0.0 }
    }
}

#[expect(clippy::cast_precision_loss, reason = "some seconds")]
fn seconds(millis: Millis) -> f64 {
    millis as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_approaches_that_of_the_calls() {
        let mut pace = Pace::default();
        for second in 0..60 {
            pace.note(second * 20, second * 1_000);
            assert!(second == 0 || (19.9..20.1).contains(&pace.a_second()), "{pace:?}");
        }
        pace.note(59 * 20, 90_000);
        assert!(pace.a_second() < 1.1, "{pace:?}");
    }

    #[test]
    fn a_number_that_falls_counts_as_no_calls() {
        let mut pace = Pace::default();
        pace.note(100, 0);
        pace.note(10, 1_000);
        pace.note(10, 1_000);
        assert!(pace.a_second().abs() < f64::EPSILON);
    }
}
