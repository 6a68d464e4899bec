//! When it is an instance's turn.

use super::clock::Reading;
use super::rank::{delay, rank, width};
use super::{LEAST_INTERVAL, Millis, Opening, RELEASE_STEP, Rules, Status};

/// What an instance's place in the order depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// How many of those that take part have a lower number.
    pub(super) place: u32,
    pub(super) calls_a_second: f64,
}

impl Place {
    /// How long after the first the instance may act.
    fn delay(self, opening: &Opening, step: Millis) -> Millis {
        let rank = rank(self.place, opening.failed, opening.live);
        delay(rank, width(self.calls_a_second, step), step)
    }
}

/// The local time from which on the instance may probe for all, if nothing else happens.
pub(super) fn probe_at(
    opening: &Opening,
    rules: &Rules,
    reading: Reading,
    place: Place,
    own_failure: Option<Millis>,
) -> Millis {
    let interval = (rules.wait(opening.streak) / opening.probes_a_round()).max(LEAST_INTERVAL);
    let turns = Millis::from(opening.beside).saturating_add(1);
    let after = reading.local(opening.last).saturating_add(interval.saturating_mul(turns));
    // What the store may not have heard yet.
    let own = own_failure.map_or(0, |failure| failure.saturating_add(interval));
    let mut from = after.max(own);
    let step = rules.probe_step();
    if let Some(since) = opening.probing {
        from = from.max(reading.local(since).saturating_add(step));
    }
    from.saturating_add(place.delay(opening, step))
}

/// The local time from which on the instance may go half-open after a success.
pub(super) fn release_at(opening: &Opening, ended: Millis, place: Place) -> Millis {
    ended.saturating_add(place.delay(opening, RELEASE_STEP))
}

/// Whether others find the service well: then only some paths are broken, and what one of them finds says little of the others.
pub(super) fn is_partial(status: &Status, opening: &Opening) -> bool {
    const LATELY: Millis = 5_000;
    status.success.is_some_and(|success| {
        let is_late = success >= opening.last || status.time.since(success) <= LATELY;
        success >= opening.began && is_late
    })
}
