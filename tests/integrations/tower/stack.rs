//! A breaker among other layers: timeouts inside, retries outside.

use std::convert::Infallible;
use std::future::{Ready, pending, ready};
use std::io;
use std::time::Duration;

use circuit_runtime::tower::{BoxError, CircuitBreakerLayer};
use circuit_runtime::{CircuitOpenError, Config, Outcome};
use tower::retry::{Policy, RetryLayer};
use tower::timeout::TimeoutLayer;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

use super::breaker;

#[tokio::test(start_paused = true)]
async fn around_a_timeout_a_call_that_takes_too_long_is_a_failure() {
    let breaker = breaker(Config::new().threshold(1));
    let mut service = ServiceBuilder::new()
        .layer(CircuitBreakerLayer::new(breaker))
        .layer(TimeoutLayer::new(Duration::from_secs(1)))
        .service(service_fn(|()| pending::<Result<(), Infallible>>()));
    let error = service.ready().await.unwrap().call(()).await.unwrap_err();
    assert!(error.is::<tower::timeout::error::Elapsed>());
    assert!(service.ready().await.unwrap().call(()).await.unwrap_err().is::<CircuitOpenError>());
}

/// Tries each request twice.
#[derive(Clone)]
struct Twice(u32);

impl<Request: Clone, Response> Policy<Request, Response, BoxError> for Twice {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request,
        result: &mut Result<Response, BoxError>,
    ) -> Option<Ready<()>> {
        let again = result.is_err() && self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        again.then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Request) -> Option<Request> {
        Some(request.clone())
    }
}

/// In a task, which has to be `Send`; of any lifetime, which is what the compiler asks for there.
#[tokio::test]
async fn the_documented_order_with_a_closure_in_place_can_be_spawned() {
    let breaker = breaker(Config::new());
    let in_place = tokio::spawn(async move {
        let mut client = ServiceBuilder::new()
            .layer(RetryLayer::new(Twice(1)))
            .layer(CircuitBreakerLayer::new(breaker).classify(
                |result: &Result<u16, Box<dyn std::error::Error + Send + Sync + '_>>| match result {
                    Ok(status) if *status < 500 => Outcome::Success,
                    _ => Outcome::Failure,
                },
            ))
            .layer(TimeoutLayer::new(Duration::from_secs(1)))
            .service(service_fn(|status: u16| async move {
                tokio::task::yield_now().await;
                Ok::<_, io::Error>(status)
            }));
        client.ready().await.unwrap().call(503).await.unwrap()
    });
    assert_eq!(in_place.await.unwrap(), 503);
    assert_eq!(breaker.snapshot().failures, 1);
}
