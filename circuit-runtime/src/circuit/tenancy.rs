//! Whose circuit this is, of those that go from key to key.

use std::sync::Arc;

use super::{Circuit, Inner};
use crate::clock::Moment;
use crate::config::Rules;
use crate::outcome::Mode;
use crate::state::Standing;
use crate::sync::MutexGuard;

impl Circuit<'_> {
    pub(crate) fn key(&self) -> Option<Arc<str>> {
        self.enter().key.clone()
    }

    /// Whether this is the key that the circuit serves.
    pub(crate) fn serves(&self, key: &str) -> bool {
        self.enter().key.as_deref() == Some(key)
    }

    /// How free it is, but for its calls.
    pub(crate) fn standing(&self) -> Standing {
        self.standing_of(&mut self.enter())
    }

    fn standing_of(&self, inner: &mut MutexGuard<'_, Inner>) -> Standing {
        let moment = Moment::default();
        inner.machine.standing(&self.here(&moment))
    }

    /// Gives this circuit to another key, if `may_go` says so of how free it is. Whether it has served
    /// one; or how free it is, if it stays.
    pub(crate) fn reassign(
        &self,
        key: &str,
        rules: Rules,
        mode: Mode,
        may_go: impl FnOnce(Standing) -> bool,
    ) -> Result<bool, Standing> {
        let mut inner = self.enter();
        let standing = self.standing_of(&mut inner);
        let standing = if !may_go(standing) {
            standing
        } else if !self.front.places.hand_over(self.front.next_tenant()) {
            Standing::Busy
        } else {
            let had_key = inner.key.is_some();
            self.begin_anew(&mut inner, Some(Arc::from(key)), rules, mode);
            return Ok(had_key);
        };
        if !matches!(standing, Standing::Calm | Standing::Failing) {
            self.front.wait_for();
        }
        Err(standing)
    }

    /// Takes this circuit from its key, whatever its state. False: calls of that key still hold
    /// places, so that the next key has to wait.
    pub(crate) fn vacate(&self) -> bool {
        let mut inner = self.enter();
        let free = self.front.places.hand_over(self.front.next_tenant());
        if !free {
            self.front.wait_for();
        }
        let (rules, mode) = (*inner.machine.rules(), inner.mode);
        self.begin_anew(&mut inner, None, rules, mode);
        free
    }

    fn begin_anew(
        &self,
        inner: &mut MutexGuard<'_, Inner>,
        key: Option<Arc<str>>,
        rules: Rules,
        mode: Mode,
    ) {
        inner.key = key;
        inner.machine.reassign(rules);
        inner.since_epoch = inner.machine.epoch();
        inner.mode = mode;
        // The first key finds nothing.
        inner.before = (self.front.tenant() > 0).then(|| Box::new(self.totals()));
        inner.transitions_before = inner.transitions;
        self.front.change_tenant();
        self.front.publish_rules(&rules);
        self.publish(inner);
    }

    /// Whether another key than the present one had the circuit in this period.
    pub(crate) fn is_of_earlier_key(&self, epoch: u32) -> bool {
        self.enter().is_of_earlier_key(epoch)
    }
}

impl Inner {
    /// Epochs go round: what lies behind is the nearer half, and its distance is negative.
    pub(super) fn is_of_earlier_key(&self, epoch: u32) -> bool {
        epoch.wrapping_sub(self.since_epoch).leading_zeros() == 0
    }
}
