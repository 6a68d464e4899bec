//! Settings from outside. `configure` is for every circuit of the process, so these tests have one of their
//! own, and take turns.

mod environment;
mod faults;
mod file;
mod late;
mod left_out;
mod precedence;
mod random;
mod reload;
mod sources;
mod timeout;

use std::sync::{Mutex, MutexGuard, PoisonError};

use circuit_runtime::{
    CircuitBreaker, Config, Report, Settings, SettingsError, configure, settings_report,
};

static TURN: Mutex<()> = Mutex::new(());

/// The right to configure. At its end there are no settings.
struct Turn {
    _guard: MutexGuard<'static, ()>,
}

impl Turn {
    fn take() -> Self {
        let guard = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Turn { _guard: guard }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        configure(Settings::default()).expect("nothing can be wrong with nothing");
        assert_eq!(settings_report().circuits, [""; 0]);
    }
}

/// A registered circuit.
fn circuit(name: &'static str, config: Config) -> &'static CircuitBreaker {
    let circuit = unregistered(name, config);
    circuit.register();
    circuit
}

fn unregistered(name: &'static str, config: Config) -> &'static CircuitBreaker {
    Box::leak(Box::new(CircuitBreaker::new(name, config)))
}

fn file(toml: &str) -> Settings {
    toml::from_str(toml).expect("a TOML file")
}

fn set(toml: &str) -> Report {
    configure(file(toml)).unwrap_or_else(|error| panic!("{error}"))
}

/// The lines of what is refused.
fn refusal(settings: Settings) -> Vec<String> {
    let error: SettingsError = configure(settings).expect_err("refused");
    error.faults().iter().map(ToString::to_string).collect()
}
