//! What happens in one run, all of it decided beforehand.

use std::time::Duration;

use circuit_fleet::agreement::Rules;
use circuit_runtime::Config;

use crate::Millis;
use crate::network::Network;
use crate::service::Service;

/// The circuit's options.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circuit {
    pub(crate) threshold: u32,
    pub(crate) recovery: Millis,
    pub(crate) backoff: f64,
    pub(crate) max_recovery: Millis,
    pub(crate) jitter: f64,
    pub(crate) probes: u32,
}

impl Circuit {
    /// `threshold = 5, recovery = "10s"`.
    pub(crate) const USUAL: Circuit = Circuit {
        threshold: 5,
        recovery: 10_000,
        backoff: 1.0,
        max_recovery: 100_000,
        jitter: 0.0,
        probes: 1,
    };

    pub(crate) fn config(&self) -> Config {
        let time = Duration::from_millis;
        let config = Config::new().threshold(self.threshold).recovery(time(self.recovery));
        let config = if self.backoff > 1.0 {
            config.backoff(self.backoff).max_recovery(time(self.max_recovery))
        } else {
            config
        };
        let config = if self.jitter > 0.0 { config.jitter(self.jitter) } else { config };
        if self.probes > 1 { config.success_threshold(self.probes) } else { config }
    }

    /// The longest that a deadline may be moved past the circuit's own.
    pub(crate) fn longest_hold(&self) -> Millis {
        if self.backoff > 1.0 { self.max_recovery } else { 10 * self.recovery }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    /// Calls a second of each instance.
    pub(crate) rate: f64,
    /// At about equal distances, instead of by chance.
    pub(crate) is_regular: bool,
    pub(crate) circuit: Circuit,
    pub(crate) service: Service,
    pub(crate) network: Network,
    pub(crate) probing: bool,
    pub(crate) alert: bool,
    /// From when until when each instance lives.
    pub(crate) lives: Vec<(Millis, Option<Millis>)>,
    pub(crate) until: Millis,
}

impl Scenario {
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            threshold: Some(self.circuit.threshold),
            recovery: self.circuit.recovery,
            backoff: self.circuit.backoff,
            max_recovery: self.circuit.longest_hold(),
            call_limit: Some(self.service.limit),
            probing: self.probing,
            alert: self.alert,
        }
    }
}
