//! Many random runs: what must hold in each, and what must hold on average.

use std::collections::BTreeMap;

use crate::measure::Measured;
use crate::numbers::float;
use crate::random::{self, Plot};
use crate::scenario::Scenario;
use crate::world;

/// Figures of runs with the same plot, added up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    pub(crate) runs: f64,
    /// Runs at whose end all serve again, alone and as a fleet: only these count for the times.
    pub(crate) timed: f64,
    /// Calls that the service failed.
    pub(crate) failing: f64,
    pub(crate) failing_probes: f64,
    pub(crate) good_calls: f64,
    pub(crate) lost: f64,
    /// Rejections of instances that nothing but noise befalls.
    pub(crate) healthy_rejected: f64,
    /// Milliseconds until 50, 90 and 100 % serve again.
    pub(crate) serves: [f64; 3],
}

pub(crate) const SHARES: [f64; 3] = [0.5, 0.9, 1.0];

/// What random runs with these options of the fleet have shown.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    pub(crate) runs: u64,
    pub(crate) broken: Vec<String>,
    pub(crate) sums: BTreeMap<(Plot, Options), [Sum; 2]>,
}

/// What the instances take part in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Options {
    pub(crate) probing: bool,
    pub(crate) alert: bool,
}

impl Sweep {
    /// Runs each of these seeds alone and as a fleet, with up to so many instances.
    pub(crate) fn over(seeds: impl IntoIterator<Item = u64>, most: usize) -> Self {
        let mut sweep = Sweep::default();
        for seed in seeds {
            sweep.add(seed, &random::scenario(seed, most));
        }
        sweep
    }

    fn add(&mut self, seed: u64, scenario: &Scenario) {
        self.runs += 1;
        let plot = Plot::of(seed);
        let (alone, _) = world::run(scenario, false);
        let (fleet, broken) = world::run(scenario, true);
        self.broken.extend(broken.into_iter().map(|it| format!("seed {seed} ({plot:?}): {it}")));
        if plot == Plot::Cut && fleet.healthy_rejected(scenario) > 0 {
            self.broken
                .push(format!("seed {seed} ({plot:?}): a healthy instance has rejected calls"));
        }
        let is_timed = [&alone, &fleet].iter().all(|it| it.serves_after(1.0).is_some());
        let options = Options { probing: scenario.probing, alert: scenario.alert };
        let sums = self.sums.entry((plot, options)).or_default();
        for (sum, measured) in sums.iter_mut().zip([alone, fleet]) {
            sum.add(&measured, scenario, is_timed);
        }
    }
}

impl Sum {
    fn add(&mut self, measured: &Measured, scenario: &Scenario, is_timed: bool) {
        self.runs += 1.0;
        self.failing += float(measured.failing.iter().sum::<u64>());
        self.failing_probes += float(measured.failing_probes);
        self.good_calls += float(measured.good_calls.iter().sum::<u64>());
        self.lost += float(measured.lost.iter().sum::<u64>());
        self.healthy_rejected += float(measured.healthy_rejected(scenario));
        if is_timed {
            self.timed += 1.0;
            for (sum, share) in self.serves.iter_mut().zip(SHARES) {
                *sum += float(measured.serves_after(share).unwrap_or_default());
            }
        }
    }

    /// The mean of the milliseconds until so many serve again.
    pub(crate) fn mean_serves(&self) -> [f64; 3] {
        self.serves.map(|sum| sum / self.timed.max(1.0))
    }
}
