//! The other crates' candidates, each with the rule of the row, or the nearest that it has.

mod breaker;
mod failsafe;
mod recloser;
mod seatbelt;
mod throttle_net;
mod tower;

use std::time::Duration;

use crate::measure::Suite;

const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn add(suite: &mut Suite) {
    failsafe::add(suite);
    recloser::add(suite);
    breaker::add(suite);
    tower::add(suite);
    throttle_net::add(suite);
    seatbelt::add(suite);
}
