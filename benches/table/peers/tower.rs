//! tower-resilience-circuitbreaker, a tower layer: async calls only.

use tower::{Layer, Service, ServiceExt, service_fn};
use tower_resilience_circuitbreaker::CircuitBreakerLayer;

use super::HOUR;
use crate::measure::{Suite, repeat};
use crate::plain::{self, ready};
use crate::{TOWER, rows};

pub(super) fn add(suite: &mut Suite) {
    let layer = || {
        CircuitBreakerLayer::builder()
            .failure_rate_threshold(1.0)
            .sliding_window_size(100)
            .wait_duration_in_open(HOUR)
    };
    let service = layer().build().expect("valid").layer(service_fn(plain::success_async));
    suite.add(rows::ASYNC, TOWER, move |calls| {
        let mut service = service.clone();
        repeat(calls, |n| ready(call(&mut service, n)));
    });
    let service = layer().build().expect("valid").layer(service_fn(plain::failure_async));
    ready(service.force_open());
    suite.add(rows::ASYNC_REJECTION, TOWER, move |calls| {
        let mut service = service.clone();
        repeat(calls, |n| ready(call(&mut service, n)));
    });
}

async fn call<S: Service<u64>>(service: &mut S, number: u64) -> Result<S::Response, S::Error> {
    service.ready().await?.call(number).await
}
