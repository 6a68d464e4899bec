//! Whatever the code and the settings say: what is in force is valid, and goes when the settings go.

use std::fmt::Write;

use circuit_runtime::{CircuitBreaker, Config, Settings, configure};

use super::Turn;

/// Each option with values that are in range, and that go together or not.
const OPTIONS: [(&str, &[&str]); 20] = [
    ("threshold", &["1", "7", "\"off\""]),
    ("failure_rate", &["0.5", "\"off\""]),
    ("failure_count", &["3", "150", "\"off\""]),
    ("slow_call", &["\"1s\"", "\"off\""]),
    ("slow_rate", &["0.3"]),
    ("throttle", &["0.5", "\"off\""]),
    ("window", &["20", "200", "\"10s\""]),
    ("min_calls", &["5", "120"]),
    ("merge_failures", &["\"100ms\"", "\"off\""]),
    ("stall", &["\"5s\"", "\"1m\"", "\"off\""]),
    ("recovery", &["\"1s\"", "\"10m\""]),
    ("backoff", &["2", "\"off\""]),
    ("max_recovery", &["\"30s\"", "\"20m\""]),
    ("success_threshold", &["1", "4"]),
    ("probes", &["2", "9"]),
    ("probe_timeout", &["\"1s\""]),
    ("ramp", &["\"30s\"", "\"off\""]),
    ("on_cancel", &["\"ignore\"", "\"failure\"", "\"slow\""]),
    ("max_concurrent", &["3", "\"off\""]),
    ("max_wait", &["\"1s\"", "\"off\""]),
];

/// xorshift64
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    /// Some options, a line each.
    fn table(&mut self) -> String {
        let mut lines = String::new();
        for (name, values) in OPTIONS {
            if self.below(4) == 0 {
                writeln!(lines, "{name} = {}", values[self.below(values.len())]).unwrap();
            }
        }
        lines
    }

    fn code(&mut self) -> Config {
        loop {
            if let Ok(config) = toml::from_str(&self.table()) {
                return config;
            }
        }
    }
}

#[test]
fn what_is_in_force_is_valid_and_goes_with_the_settings() {
    let _turn = Turn::take();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let (mut accepted, mut refused, mut left_out) = (0, 0, 0);
    for number in 0..150 {
        let code = random.code();
        let name: &'static str = format!("random::{number}").leak();
        let circuit: &'static CircuitBreaker = Box::leak(Box::new(CircuitBreaker::new(name, code)));
        circuit.register();
        for round in 0..4 {
            let mut file = format!("[default]\n{}[presets.p]\n{}", random.table(), random.table());
            write!(file, "[circuits.\"random*\"]\npreset = \"p\"\n{}", random.table()).unwrap();
            // A random table of its own has a fault as often as not.
            if round % 2 == 0 {
                write!(file, "[circuits.\"{name}\"]\n{}", random.table()).unwrap();
            }
            let before = circuit.config();
            match configure(toml::from_str::<Settings>(&file).unwrap()) {
                Ok(report) => {
                    accepted += 1;
                    left_out += report.left_out.len();
                    assert_eq!(circuit.config().validate(), Ok(()), "{code:?} under\n{file}");
                }
                Err(error) => {
                    refused += 1;
                    assert!(error.faults().iter().all(|fault| fault.circuit() == Some(name)));
                    assert_eq!(circuit.config(), before, "nothing has changed");
                }
            }
        }
        configure(Settings::default()).unwrap();
        assert_eq!(circuit.config(), code, "back to the code");
    }
    assert!(accepted > 300 && refused > 50 && left_out > 1_000, "{accepted} {refused} {left_out}");
}
