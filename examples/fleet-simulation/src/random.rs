//! Scenarios that a seed decides.

use fastrand::Rng;

use crate::Millis;
use crate::network::Network;
use crate::numbers::{float, seconds, whole};
use crate::scenario::{Circuit, Scenario};
use crate::service::{Kind, Service, Trouble};

/// What befalls the service. The figures of each are added up apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Plot {
    /// It is down for all, and the store is well.
    Outage,
    /// The same, and the store has faults.
    OutageAndFaults,
    /// Some instances can't reach it, the store is well, and nothing else fails.
    Cut,
    /// Some instances can't reach it, a few calls of all fail, and the store has faults.
    CutAndFaults,
    /// A share of the calls fails.
    BrownOut,
    /// All at once, with instances that crash and join.
    All,
}

impl Plot {
    pub(crate) const EACH: [Plot; 6] = [
        Plot::Outage,
        Plot::OutageAndFaults,
        Plot::Cut,
        Plot::CutAndFaults,
        Plot::BrownOut,
        Plot::All,
    ];

    pub(crate) fn of(seed: u64) -> Plot {
        Plot::EACH[(seed % 6) as usize]
    }

    fn has_faults(self) -> bool {
        matches!(self, Plot::OutageAndFaults | Plot::CutAndFaults | Plot::All)
    }
}

const SECOND: Millis = 1_000;

/// How many calls the instances of a run have together, about.
const CALLS: f64 = 1_500.0;

pub(crate) fn scenario(seed: u64, most: usize) -> Scenario {
    let mut rng = Rng::with_seed(seed);
    let rng = &mut rng;
    let plot = Plot::of(seed);
    let count = rng.usize(if plot == Plot::Outage { 1 } else { 2 }..=most);
    let length = rng.u64(1..=60) * SECOND;
    let begin = rng.u64(2..=12) * SECOND;
    let (from, to) = (begin, begin + length);
    let circuit = circuit(rng);
    // Time for a deadline that was moved as far as possible to come.
    let tail = circuit.longest_hold().min(120 * SECOND) + 30 * SECOND;
    let most_rate = (CALLS / float(count) / seconds(to + tail)).max(1.0).log10();
    let least_rate = if plot == Plot::BrownOut { 0.0 } else { -2.0 };
    let rate = 10_f64.powf(least_rate + (most_rate - least_rate) * rng.f64());
    let patience = whole(5_000.0 / rate);
    let until = to + tail + patience.min(600 * SECOND);
    let mut troubles = Vec::new();
    let mut trouble = |kind, whom| troubles.push(Trouble { from, to, kind, whom });
    let some = some(count, rng);
    match plot {
        Plot::Outage | Plot::OutageAndFaults => {
            trouble(if rng.u8(..4) == 0 { Kind::Hangs } else { Kind::Dead }, None);
        }
        Plot::Cut => trouble(Kind::Dead, Some(some)),
        Plot::CutAndFaults => {
            trouble(Kind::Dead, Some(some));
            trouble(Kind::Fails(rng.f64() * 0.1), None);
        }
        Plot::BrownOut => trouble(Kind::Fails(0.1 + 0.8 * rng.f64()), None),
        Plot::All => {
            trouble(any_kind(rng), Some(some));
            let kind = any_kind(rng);
            let from = begin + rng.u64(0..length);
            troubles.push(Trouble { from, to: from + rng.u64(1..20) * SECOND, kind, whom: None });
        }
    }
    let service =
        Service { troubles, takes: rng.u64(1..200), limit: [300, 1_000, 3_000][rng.usize(..3)] };
    let until = until + service.well_from().saturating_sub(to);
    let network =
        if plot.has_faults() { faults(service.well_from(), count, rng) } else { Network::good() };
    let until = until + network.well_from().saturating_sub(to);
    let mut lives = vec![(0, None); count];
    if plot == Plot::All {
        for life in lives.iter_mut().skip(1) {
            *life = match rng.u8(..4) {
                0 => (rng.u64(0..to), None),
                1 => (0, Some(rng.u64(0..to))),
                _ => continue,
            };
        }
    }
    let probing = plot == Plot::Outage || rng.u8(..8) > 0;
    let alert = rng.bool() || !probing;
    let is_regular = rng.u8(..4) == 0;
    Scenario { seed, rate, is_regular, circuit, service, network, probing, alert, lives, until }
}

fn circuit(rng: &mut Rng) -> Circuit {
    let recovery = [1, 2, 5, 10, 20][rng.usize(..5)] * SECOND;
    Circuit {
        threshold: rng.u32(1..=8),
        recovery,
        backoff: [1.0, 1.5, 2.0][rng.usize(..3)],
        max_recovery: recovery * rng.u64(1..=6),
        jitter: [0.0, 0.1, 0.3][rng.usize(..3)],
        probes: [1, 1, 2][rng.usize(..3)],
    }
}

fn any_kind(rng: &mut Rng) -> Kind {
    match rng.u8(..6) {
        0 => Kind::Hangs,
        1 => Kind::Fails(rng.f64()),
        2 => Kind::Asks(rng.u64(1..20) * SECOND),
        _ => Kind::Dead,
    }
}

/// At least one of the instances, and not all if there are several.
fn some(count: usize, rng: &mut Rng) -> Vec<usize> {
    let many = rng.usize(1..count.max(2));
    let mut whom: Vec<usize> = (0..count).collect();
    rng.shuffle(&mut whom);
    whom.truncate(many);
    whom
}

/// What can go wrong between the instances and the store, most of it before `until`.
fn faults(until: Millis, count: usize, rng: &mut Rng) -> Network {
    let mut network = Network::good();
    let stretch = |rng: &mut Rng| {
        let from = rng.u64(0..until);
        (from, from + rng.u64(1..=15) * SECOND)
    };
    if rng.bool() {
        let least = rng.u64(1..300);
        network.delay = (least, least + rng.u64(0..900));
    }
    if rng.bool() {
        network.loss = rng.f64() * 0.4;
    }
    if rng.bool() {
        network.duplication = rng.f64() * 0.3;
    }
    if rng.u8(..3) == 0 {
        network.late = rng.f64() * 0.05;
    }
    if rng.u8(..3) == 0 {
        let (from, to) = stretch(rng);
        network.stalls.push((from, to, some(count, rng)));
    }
    while rng.bool() {
        let (from, to) = stretch(rng);
        network.partitions.push((from, to, some(count, rng)));
    }
    if rng.u8(..3) == 0 {
        network.pauses.push(stretch(rng));
    }
    if rng.u8(..3) == 0 {
        network.downs.push(stretch(rng));
    }
    if rng.u8(..3) == 0 {
        network.wipes.push(rng.u64(0..until));
    }
    if rng.u8(..3) == 0 {
        let ahead = [5_000, 60_000, 3_600_000][rng.usize(..3)];
        let ahead = if rng.bool() { ahead } else { -ahead };
        network.fail_overs.push((rng.u64(0..until), ahead));
    }
    network
}
