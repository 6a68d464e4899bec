//! The world of the state machine.

use super::Published;
use crate::primitives::clock::{self, Moment, Nanos};
use crate::window::Env;

/// What the machine needs from outside during one call: time, randomness, the sharded buckets and the bulkhead's queue.
pub(super) struct CallEnv<'a> {
    pub(super) moment: &'a Moment,
    pub(super) published: &'a Published,
}

impl Env for CallEnv<'_> {
    fn now(&self) -> Nanos {
        self.moment.exact()
    }

    fn coarse(&self) -> Nanos {
        self.moment.coarse()
    }

    fn roll(&self) -> f64 {
        fastrand::f64()
    }

    fn now_again(&self) -> Nanos {
        clock::now()
    }

    fn successes_elsewhere(&self, epoch: u32, reached: u64, each: &mut dyn FnMut(u64, u64)) {
        if let Some(sharded) = self.published.sharded.get() {
            sharded.each(epoch, reached, each);
        }
    }

    fn take_successes(&self, epoch: u32, reached: u64, each: &mut dyn FnMut(u64, u64)) {
        self.successes_elsewhere(epoch, reached, each);
        self.forget_successes();
    }

    fn forget_successes(&self) {
        if let Some(sharded) = self.published.sharded.get() {
            sharded.forget();
        }
    }

    fn calls_wait(&self) -> bool {
        self.published.bulkhead.has_queue()
    }
}
