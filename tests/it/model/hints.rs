//! What others know of the service, as plainly as it can be written.

use circuit_runtime::State;

use super::memory::Model;

#[derive(Clone, Copy, Debug)]
pub(super) enum Hint {
    OpenFor(u64),
    Extend(u64),
    ProbeNow,
    Suspect(u64),
}

impl Model {
    pub(super) fn hint(&mut self, hint: Hint) {
        self.notice();
        let left = self.left(self.open_until, self.open_for);
        match (hint, self.state) {
            (Hint::OpenFor(0), _) => {}
            (Hint::OpenFor(wait), State::Open) => {
                let granted = self.rules.granted(wait);
                if granted > left {
                    self.wait_for(granted);
                    self.own_open_until = self.open_until;
                }
            }
            (Hint::OpenFor(wait), State::Closed | State::HalfOpen) => {
                self.period.asked = self.period.asked.max(wait);
                self.open(true);
            }
            (Hint::Extend(wait), State::Open) => {
                let most = self.rules.max_recovery.unwrap_or(self.rules.recovery * 10);
                let wait = wait.min((self.own_open_until + most).saturating_sub(self.now));
                if wait > left {
                    self.wait_for(wait);
                }
            }
            (Hint::ProbeNow, State::Open) if left > 0 => self.wait_for(0),
            (Hint::Extend(_) | Hint::ProbeNow, _) => {}
            (Hint::Suspect(wait), _) => {
                self.suspected = (wait > 0).then_some((self.now + wait, wait));
            }
        }
    }

    fn wait_for(&mut self, wait: u64) {
        (self.open_until, self.open_for) = (self.now + wait, wait);
    }

    /// Whether a failure opens; a suspicion that is over doesn't come back with the clock.
    pub(super) fn is_still_suspected(&mut self) -> bool {
        self.suspected = self.suspected.filter(|(until, length)| self.left(*until, *length) > 0);
        self.suspected.is_some()
    }
}
