//! What a fleet gains: the same situation alone and as a fleet, with a table and a picture.

use crate::Millis;
use crate::measure::Measured;
use crate::network::Network;
use crate::numbers::{float, seconds, whole};
use crate::scenario::{Circuit, Scenario};
use crate::service::{Kind, Service, Trouble};
use crate::world;

/// When the trouble begins.
pub(crate) const BEGIN: Millis = 10_000;

/// Something to look at with different numbers.
#[derive(Debug, Clone)]
pub(crate) struct Situation {
    pub(crate) count: usize,
    pub(crate) rate: f64,
    pub(crate) circuit: Circuit,
    pub(crate) kind: Kind,
    /// How many of the instances it befalls; `None`: all.
    pub(crate) befalls: Option<usize>,
    /// The shortest and the longest trouble.
    pub(crate) lengths: (Millis, Millis),
    pub(crate) runs: u64,
    pub(crate) probing: bool,
    pub(crate) alert: bool,
    pub(crate) network: fn(Millis) -> Network,
}

/// Threshold and wait of the contract, with a backoff that an operator would choose.
pub(crate) const BACKING_OFF: Circuit =
    Circuit { backoff: 2.0, max_recovery: 30_000, jitter: 0.1, ..Circuit::USUAL };

pub(crate) const USUAL: Situation = Situation {
    count: 50,
    rate: 1.0,
    circuit: BACKING_OFF,
    kind: Kind::Dead,
    befalls: None,
    lengths: (45_000, 75_000),
    runs: 100,
    probing: true,
    alert: true,
    network: |_| Network::good(),
};

/// Two minutes in which this share of all calls fails.
pub(crate) fn brown_out(share: f64) -> Situation {
    Situation { kind: Kind::Fails(share), lengths: (120_000, 120_000), runs: 12, ..USUAL }
}

impl Situation {
    pub(crate) fn scenario(&self, run: u64) -> Scenario {
        let (shortest, longest) = self.lengths;
        let length = shortest + (longest - shortest) * run / self.runs.max(1);
        let whom = self.befalls.map(|befalls| (0..befalls).collect());
        let trouble = Trouble { from: BEGIN, to: BEGIN + length, kind: self.kind, whom };
        Scenario {
            seed: run,
            rate: self.rate,
            is_regular: true,
            circuit: self.circuit,
            service: Service { troubles: vec![trouble], takes: 50, limit: 1_000 },
            network: (self.network)(BEGIN + length),
            probing: self.probing,
            alert: self.alert,
            lives: vec![(0, None); self.count],
            until: BEGIN + length + 60_000 + whole(3_000.0 / self.rate),
        }
    }

    /// The means over all runs, alone and as a fleet.
    pub(crate) fn compare(&self) -> [Mean; 2] {
        [false, true].map(|is_fleet| self.mean(is_fleet))
    }

    /// The means over all runs, of instances that are alone or a fleet.
    pub(crate) fn mean(&self, is_fleet: bool) -> Mean {
        let mut mean = Mean::default();
        for run in 0..self.runs {
            let scenario = self.scenario(run);
            let (measured, broken) = world::run(&scenario, is_fleet);
            assert!(broken.is_empty(), "{broken:?}");
            mean.add(&measured, &scenario);
        }
        mean.of(self.runs)
    }
}

/// What both pages show.
#[derive(Debug)]
pub(crate) struct Compared {
    /// By the number of instances, alone and as a fleet.
    pub(crate) counts: Vec<(usize, [Mean; 2])>,
    /// By each instance's calls a second.
    pub(crate) rates: Vec<(f64, [Mean; 2])>,
    /// By the percentage of calls that fail in a brown-out.
    pub(crate) brown_outs: Vec<(u32, [Mean; 2])>,
}

impl Compared {
    pub(crate) fn run() -> Self {
        let by_count = |count| (count, Situation { count, runs: 8, ..USUAL }.compare());
        let by_percent = |percent| (percent, brown_out(f64::from(percent) / 100.0).compare());
        Compared {
            counts: COUNTS.map(by_count).to_vec(),
            rates: RATES.map(by_rate).to_vec(),
            brown_outs: PERCENT.map(by_percent).to_vec(),
        }
    }
}

const COUNTS: [usize; 9] = [1, 2, 3, 5, 10, 20, 50, 100, 200];
const RATES: [f64; 5] = [0.01, 0.1, 1.0, 10.0, 100.0];
const PERCENT: [u32; 6] = [10, 30, 50, 60, 75, 90];

fn by_rate(rate: f64) -> (f64, [Mean; 2]) {
    // Long enough for circuits to open, that need five calls each.
    let lengths = if rate < 0.1 {
        (900_000, 1_100_000)
    } else if rate < 1.0 {
        (120_000, 180_000)
    } else {
        USUAL.lengths
    };
    (rate, Situation { rate, lengths, runs: 5, ..USUAL }.compare())
}

/// The figures that the tables show.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Mean {
    pub(crate) until_all_open: f64,
    pub(crate) all_open: f64,
    pub(crate) failing_probes: f64,
    /// All calls that failed.
    pub(crate) failing: f64,
    /// Seconds until half, 90 % and all serve again.
    pub(crate) serves: [f64; 3],
    /// Percent of the good calls.
    pub(crate) lost: f64,
    /// Percent of the calls of instances that the trouble isn't meant for.
    pub(crate) healthy_rejected: f64,
}

impl Mean {
    fn add(&mut self, measured: &Measured, scenario: &Scenario) {
        self.until_all_open += float(measured.until_all_open);
        self.all_open += measured.all_open_at.map_or(0.0, |at| seconds(at - BEGIN));
        self.failing_probes += float(measured.failing_probes);
        self.failing += float(measured.failing.iter().sum::<u64>());
        for (sum, share) in self.serves.iter_mut().zip([0.5, 0.9, 1.0]) {
            *sum += seconds(measured.serves_after(share).unwrap_or_default());
        }
        let good: u64 = measured.good_calls.iter().sum();
        self.lost += 100.0 * float(measured.lost.iter().sum::<u64>()) / float(good.max(1));
        let calls = float(scenario.lives.len()) * scenario.rate * seconds(scenario.until);
        self.healthy_rejected += 100.0 * float(measured.healthy_rejected(scenario)) / calls;
    }

    fn of(self, runs: u64) -> Self {
        let mean = |sum: f64| sum / float(runs.max(1));
        Mean {
            until_all_open: mean(self.until_all_open),
            all_open: mean(self.all_open),
            failing_probes: mean(self.failing_probes),
            failing: mean(self.failing),
            serves: self.serves.map(mean),
            lost: mean(self.lost),
            healthy_rejected: mean(self.healthy_rejected),
        }
    }
}
