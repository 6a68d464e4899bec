//! The latest transitions of a circuit.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::observe::event::Transition;

/// How many transitions a circuit remembers.
pub(crate) const RECENT: usize = 16;

/// The latest transitions, the last one at the end.
#[derive(Debug)]
#[expect(
    clippy::box_collection,
    reason = "one word for most keys, whose circuits never change their state"
)]
pub(super) struct Recent(Option<Box<VecDeque<Arc<Transition>>>>);

impl Recent {
    pub(super) const fn new() -> Self {
        Recent(None)
    }

    /// Adds a transition, in the place of the oldest if there are [`RECENT`].
    #[inline]
    pub(super) fn add(&mut self, transition: Transition) -> Arc<Transition> {
        let all = self.0.get_or_insert_default();
        let oldest = if all.len() == RECENT { all.pop_front() } else { None };
        let added = in_place_of(oldest, transition);
        all.push_back(Arc::clone(&added));
        added
    }

    /// Puts another transition in the place of one of them.
    pub(super) fn replace(&mut self, one: &Arc<Transition>, by: &Arc<Transition>) {
        let mut all = self.0.iter_mut().flat_map(|all| all.iter_mut().rev());
        if let Some(found) = all.find(|found| Arc::ptr_eq(found, one)) {
            *found = Arc::clone(by);
        }
    }

    /// Copies of all; mostly of none.
    #[inline]
    pub(super) fn to_vec(&self) -> Vec<Transition> {
        let Some(all) = &self.0 else { return Vec::new() };
        all.iter().map(|one| Transition::clone(one)).collect()
    }
}

/// A transition, in the room of an earlier one that nobody else has any more.
#[inline]
fn in_place_of(earlier: Option<Arc<Transition>>, transition: Transition) -> Arc<Transition> {
    if let Some(mut earlier) = earlier {
        if let Some(room) = Arc::get_mut(&mut earlier) {
            *room = transition;
            return earlier;
        }
    }
    Arc::new(transition)
}
