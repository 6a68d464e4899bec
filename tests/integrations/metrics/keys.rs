//! What a scrape shows of circuits per key.

use std::time::Duration;

use circuit_runtime::{circuit_breaker, metrics, test_util};

use super::{alone, assert_series, assert_state, exporter, scrape, series_of};

#[test]
fn a_circuit_per_key_is_one_circuit_until_its_keys_are_asked_for() {
    #[circuit_breaker(threshold = 1, key = host, max_keys = 2, name = "hosts")]
    fn ping(host: &str, is_up: bool) -> Result<(), std::io::Error> {
        if is_up { Ok(()) } else { Err(std::io::Error::other(format!("{host} is down"))) }
    }

    let _alone = alone();
    ping("db-1", true).unwrap();
    ping("db-1", true).unwrap();
    ping("db-2", false).unwrap_err();
    ping("db-2", true).unwrap_err();
    let series = scrape("hosts");
    assert_state(&series, "open");
    assert_series(
        &series,
        &[
            ("calls_total{success}", 2.0),
            ("calls_total{failure}", 1.0),
            ("calls_total{rejected}", 1.0),
            ("transitions_total{open}", 1.0),
        ],
    );
    assert!(!exporter().render().contains("db-1"), "no key without being asked for");

    metrics::publish_with_keys();
    let keys = series_of("hosts");
    assert_series(
        &keys,
        &[
            ("key_calls_total{db-1,success}", 2.0),
            ("key_calls_total{db-2,rejected}", 1.0),
            ("key_state{db-1,closed}", 1.0),
            ("key_state{db-2,open}", 1.0),
        ],
    );

    // Another key takes the place of `db-1`, and `db-1` comes back to a circuit without a past.
    ping("db-3", true).unwrap();
    ping("db-1", true).unwrap();
    metrics::publish_with_keys();
    assert_series(&series_of("hosts"), &[("key_calls_total{db-1,success}", 3.0)]);
}

#[test]
fn the_keys_of_two_functions_of_one_name_are_told_apart_however_often() {
    #[circuit_breaker(key = host, name = "two of them")]
    fn ping(host: &str) -> Result<(), std::io::Error> {
        let _ = host;
        Ok(())
    }
    #[circuit_breaker(key = host, name = "two of them")]
    fn trace(host: &str) -> Result<(), std::io::Error> {
        let _ = host;
        Ok(())
    }

    let _alone = alone();
    exporter();
    (0..10).for_each(|_| ping("db-1").unwrap());
    (0..3).for_each(|_| trace("db-1").unwrap());
    for _ in 0..3 {
        metrics::publish_with_keys();
        let expected = [("key_calls_total{db-1,success}", 10.0)];
        assert_series(&series_of("two of them"), &expected);
        let expected = [("key_calls_total{db-1,success}", 3.0)];
        assert_series(&series_of("two of them#2"), &expected);
    }
}

#[test]
fn a_key_that_is_forgotten_or_no_longer_asked_for_is_in_no_state() {
    #[circuit_breaker(key = host, name = "pods", threshold = 1, recovery = "10s")]
    fn ping(host: &str) -> Result<(), std::io::Error> {
        Err(std::io::Error::other(host.to_owned()))
    }

    let _alone = alone();
    exporter();
    let time = test_util::freeze();
    for host in ["gone", "silent"] {
        ping(host).unwrap_err();
    }
    metrics::publish_with_keys();
    let states = |gone, silent, all| {
        let states = [
            ("key_state{gone,open}", gone),
            ("key_state{silent,open}", silent),
            ("state{open}", all),
        ];
        assert_series(&series_of("pods"), &states);
    };
    states(1.0, 1.0, 1.0);
    assert!(circuit_runtime::find("pods").unwrap().forget("gone"));
    metrics::publish_with_keys();
    states(0.0, 1.0, 1.0);
    time.advance(Duration::from_secs(600));
    metrics::publish_with_keys();
    states(0.0, 0.0, 0.0);
    assert_series(
        &series_of("pods"),
        &[
            ("state{closed}", 1.0),
            ("key_state{silent,closed}", 0.0),
            ("key_state{silent,half-open}", 0.0),
            ("key_calls_total{silent,failure}", 1.0),
        ],
    );
    // Somebody asks again: its counters go on.
    ping("silent").unwrap_err();
    metrics::publish_with_keys();
    states(0.0, 1.0, 1.0);
    assert_series(&series_of("pods"), &[("key_calls_total{silent,failure}", 2.0)]);
}

#[test]
fn a_key_that_goes_and_comes_back_loses_nothing_and_shows_no_state_meanwhile() {
    #[circuit_breaker(key = host, max_keys = 1, name = "coming and going")]
    fn ping(host: &str) -> Result<(), std::io::Error> {
        let _ = host;
        Ok(())
    }

    let _alone = alone();
    exporter();
    let sees = |expected: &[(&str, f64)]| {
        metrics::publish_with_keys();
        assert_series(&series_of("coming and going"), expected);
    };
    ping("db-1").unwrap();
    sees(&[("key_calls_total{db-1,success}", 1.0), ("key_state{db-1,closed}", 1.0)]);
    // As many as were told last, and more: its circuit is another one.
    ping("db-1").unwrap();
    ping("db-2").unwrap();
    sees(&[("key_calls_total{db-1,success}", 2.0), ("key_state{db-1,closed}", 0.0)]);
    (0..3).for_each(|_| ping("db-1").unwrap());
    sees(&[("key_calls_total{db-1,success}", 5.0), ("key_state{db-1,closed}", 1.0)]);
    sees(&[("key_calls_total{db-2,success}", 1.0), ("key_state{db-2,closed}", 0.0)]);
    // Twice between two looks, and once by hand.
    for host in ["db-2", "db-1", "db-2", "db-1"] {
        ping(host).unwrap();
    }
    let breaker = circuit_runtime::find("coming and going").unwrap();
    assert!(breaker.forget("db-1"));
    sees(&[("key_calls_total{db-1,success}", 7.0), ("key_state{db-1,closed}", 0.0)]);
    sees(&[("key_calls_total{db-2,success}", 3.0)]);
}
