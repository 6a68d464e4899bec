//! `preset`, and `off`, which takes back what it gives.

use std::io;
use std::time::Duration;

use circuit_runtime::{Config, ConfigOption, State, Window, circuit_breaker, find, test_util};

use crate::support::secs;

mod presets {
    use super::{Config, Duration, Window};

    pub(super) const SLOW: Config = Config::new()
        .threshold(2)
        .slow_call(Duration::from_secs(2))
        .window(Window::Calls(40))
        .min_calls(20)
        .recovery(Duration::from_secs(5));
    pub(super) static IN_A_STATIC: Config = Config::new().threshold(7);
}

fn config(name: &str) -> Config {
    find(name).expect("called once").config()
}

#[test]
fn what_is_written_beside_a_preset_wins() {
    #[circuit_breaker(name = "preset: beside", preset = presets::SLOW, recovery = "30s", jitter = 0.1)]
    fn beside() -> io::Result<()> {
        Ok(())
    }
    beside().unwrap();
    assert_eq!(config("preset: beside"), presets::SLOW.recovery(secs(30)).jitter(0.1));
}

#[test]
fn a_preset_alone_is_the_configuration() {
    #[circuit_breaker(name = "preset: alone", preset = presets::SLOW)]
    async fn alone(up: bool) -> io::Result<()> {
        if up { Ok(()) } else { Err(io::Error::other("down")) }
    }
    let time = test_util::freeze();
    for _ in 0..2 {
        futures_executor::block_on(alone(false)).unwrap_err();
    }
    let circuit = find("preset: alone").unwrap();
    assert_eq!((circuit.config(), circuit.state()), (presets::SLOW, State::Open));
    time.advance(secs(5));
    futures_executor::block_on(alone(true)).unwrap();
    assert_eq!(circuit.state(), State::Closed);
}

#[test]
fn off_takes_back_what_the_preset_gives_and_what_depends_on_it() {
    #[circuit_breaker(name = "preset: taken back", slow_call = off, preset = presets::SLOW, threshold = 3)]
    fn taken_back() -> io::Result<()> {
        Err(io::Error::other("down"))
    }
    let _time = test_util::freeze();
    for expected in [State::Closed, State::Closed, State::Open] {
        taken_back().unwrap_err();
        assert_eq!(find("preset: taken back").unwrap().state(), expected);
    }
    let expected = Config::new().threshold(3).recovery(secs(5)).off(ConfigOption::SlowCall);
    assert_eq!(config("preset: taken back"), expected, "without `window` and `min_calls`");
}

#[test]
fn threshold_off_leaves_the_other_rules() {
    #[circuit_breaker(name = "preset: no streak", preset = presets::SLOW, threshold = off)]
    fn from_preset() -> io::Result<()> {
        Err(io::Error::other("down"))
    }
    #[circuit_breaker(name = "preset: no default streak", threshold = off, slow_call = "2s")]
    fn without_preset() -> io::Result<()> {
        Err(io::Error::other("down"))
    }
    for _ in 0..9 {
        from_preset().unwrap_err();
        without_preset().unwrap_err();
    }
    assert_eq!(find("preset: no streak").unwrap().state(), State::Closed);
    assert_eq!(find("preset: no default streak").unwrap().state(), State::Closed);
}

#[test]
fn a_preset_goes_with_keys_constants_and_statics() {
    const STREAK: u32 = 9;

    #[circuit_breaker(name = "preset: keyed preset", preset = presets::SLOW, threshold = STREAK, key = n)]
    fn keyed(n: u8) -> io::Result<u8> {
        Ok(n)
    }
    #[circuit_breaker(name = "preset: static preset", preset = presets::IN_A_STATIC)]
    fn of_static() -> io::Result<()> {
        Ok(())
    }
    keyed(1).unwrap();
    of_static().unwrap();
    assert_eq!(config("preset: keyed preset"), presets::SLOW.threshold(STREAK));
    assert_eq!(config("preset: static preset"), presets::IN_A_STATIC);
}

/// A part of a configuration is a preset too: it is checked with what is written beside it.
#[test]
fn a_preset_needs_not_be_whole() {
    const WINDOW: Config = Config::new().window(Window::Time(Duration::from_secs(30)));

    #[circuit_breaker(name = "preset: partial", preset = WINDOW, failure_rate = 0.5)]
    fn partial() -> io::Result<()> {
        Ok(())
    }
    partial().unwrap();
    assert_eq!(config("preset: partial"), WINDOW.failure_rate(0.5));
    assert!(WINDOW.validate().is_err());
}
