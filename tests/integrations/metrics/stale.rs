//! The last good value.

use super::{alone, assert_series, scrape};

#[test]
fn what_the_last_good_value_answers_is_counted() {
    #[circuit_runtime::circuit_breaker(name = "stale", stale = "1m")]
    fn call() -> std::io::Result<u8> {
        Ok(1)
    }
    let _alone = alone();
    call().unwrap();
    let circuit = circuit_runtime::find("stale").unwrap();
    circuit.force_open();
    assert_eq!((1, 1), (call().unwrap(), circuit.snapshot().stale));
    let expected =
        [("stale_total{}", 1.0), ("fallbacks_total{}", 0.0), ("calls_total{rejected}", 1.0)];
    assert_series(&scrape("stale"), &expected);
}
