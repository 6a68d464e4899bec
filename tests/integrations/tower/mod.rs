//! Breakers around tower's services: the layer itself, in memory.

mod bodies;
mod bodies_ends;
mod bodies_heads;
mod bodies_lost;
pub(crate) mod grpc;
mod http;
mod stack;

use std::borrow::Cow;
use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Ready, pending, poll_fn, ready};
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::Router;
use circuit_runtime::tower::CircuitBreakerLayer;
use circuit_runtime::{
    CircuitBreaker, CircuitOpenError, Config, KeyedBreaker, Outcome, Rejection, test_util,
};
use tower::limit::ConcurrencyLimit;
use tower::{Layer, Service, ServiceExt, service_fn};

fn breaker(config: Config) -> &'static CircuitBreaker {
    Box::leak(Box::new(CircuitBreaker::new("tower", config)))
}

fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A real server, in a task of its own.
pub(crate) async fn serve(app: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

#[tokio::test]
async fn an_open_circuit_rejects_without_calling_the_service() {
    let breaker = breaker(Config::new().threshold(2));
    let calls = AtomicU32::new(0);
    let mut service = CircuitBreakerLayer::new(breaker).layer(service_fn(|()| {
        calls.fetch_add(1, Ordering::Relaxed);
        ready(Err::<(), _>(io::Error::other("down")))
    }));
    for _ in 0..2 {
        let error = service.ready().await.unwrap().call(()).await.unwrap_err();
        assert!(error.is::<io::Error>(), "the service's own error");
    }
    let error = service.ready().await.unwrap().call(()).await.unwrap_err();
    let open = error.downcast_ref::<CircuitOpenError>().unwrap();
    assert_eq!(open.reason(), Rejection::Open);
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn the_classifier_says_what_a_response_counts_as() {
    let breaker = breaker(Config::new().threshold(1));
    let layer =
        CircuitBreakerLayer::new(breaker).classify(
            |status: &Result<u16, Infallible>| match status {
                Ok(500..) => Outcome::Failure,
                Ok(400..) => Outcome::Ignored,
                _ => Outcome::Success,
            },
        );
    let service = layer.layer(service_fn(|status: u16| ready(Ok(status))));
    for status in [200, 404, 500] {
        assert_eq!(service.clone().oneshot(status).await.unwrap(), status);
    }
    service.oneshot(200).await.unwrap_err();
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.successes, snapshot.ignored, snapshot.failures), (1, 1, 1));
}

/// Insists on tower's contract: called exactly when it was found ready, and a clone isn't ready.
struct Strict {
    is_ready: bool,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Strict { is_ready: false }
    }
}

impl Service<()> for Strict {
    type Response = ();
    type Error = io::Error;
    type Future = Ready<io::Result<()>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        assert!(std::mem::replace(&mut self.is_ready, false), "called before it was ready");
        ready(Ok(()))
    }
}

#[tokio::test]
async fn the_service_that_was_found_ready_is_the_one_that_is_called() {
    let mut service =
        CircuitBreakerLayer::new(breaker(Config::new())).layer(Strict { is_ready: false });
    for _ in 0..3 {
        service.ready().await.unwrap().call(()).await.unwrap();
    }
    service.clone().oneshot(()).await.unwrap();
}

#[tokio::test]
async fn readiness_is_the_inner_services_own_and_takes_no_place() {
    let time = test_util::freeze();
    let breaker = breaker(Config::new().threshold(1).recovery(Duration::from_secs(30)));
    let inner = service_fn(|fails: bool| async move {
        if fails { Err(io::Error::other("down")) } else { Ok(()) }
    });
    let mut service = CircuitBreakerLayer::new(breaker).layer(ConcurrencyLimit::new(inner, 1));
    service.ready().await.unwrap().call(true).await.unwrap_err();

    time.advance(Duration::from_secs(30));
    let mut other = service.clone();
    let held = service.ready().await.unwrap().call(false);
    assert!(poll_once(other.ready()).is_pending(), "the limit is reached");
    drop(held);
    // Ready three times over, with a single place for a probe.
    for _ in 0..3 {
        assert!(poll_once(other.ready()).is_ready());
    }
    assert_eq!(breaker.snapshot().rejected, 0);
    other.call(false).await.unwrap();
    assert_eq!(breaker.state(), circuit_runtime::State::Closed);
}

#[tokio::test]
async fn a_response_future_that_is_dropped_is_a_cancelled_call() {
    let time = test_util::freeze();
    let breaker = breaker(Config::new().threshold(1).recovery(Duration::from_secs(30)));
    breaker.try_acquire().unwrap().failure();
    time.advance(Duration::from_secs(30));

    let mut service = CircuitBreakerLayer::new(breaker)
        .layer(service_fn(|()| pending::<Result<(), Infallible>>()));
    let mut probe = Box::pin(service.ready().await.unwrap().call(()));
    assert!(poll_once(probe.as_mut()).is_pending());
    let full = service.ready().await.unwrap().call(()).await.unwrap_err();
    assert_eq!(full.downcast::<CircuitOpenError>().unwrap().reason(), Rejection::HalfOpenFull);

    drop(probe);
    assert_eq!(breaker.snapshot().cancelled, 1);
    let next = service.ready().await.unwrap().call(());
    assert!(poll_once(next).is_pending(), "the probe's place is free again");
}

#[tokio::test]
async fn a_panic_of_the_service_is_a_failure() {
    let breaker = breaker(Config::new());
    let in_call = service_fn(|()| -> Ready<io::Result<()>> { panic!("in call") });
    let in_poll = service_fn(|()| poll_fn(|_| -> Poll<io::Result<()>> { panic!("in poll") }));
    let layer = CircuitBreakerLayer::new(breaker);
    let first = tokio::spawn(async move { layer.layer(in_call).oneshot(()).await });
    assert!(first.await.unwrap_err().is_panic());
    let second = tokio::spawn(async move { layer.layer(in_poll).oneshot(()).await });
    assert!(second.await.unwrap_err().is_panic());
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.panicked, snapshot.failures, snapshot.cancelled), (2, 2, 0));
}

#[tokio::test]
async fn a_panic_of_the_classifiers_clone_is_the_calls() {
    /// Can be cloned so many times, one after the other.
    struct Clones(u32);
    impl Clone for Clones {
        fn clone(&self) -> Self {
            Clones(self.0.checked_sub(1).expect("no more clones"))
        }
    }
    let breaker = breaker(Config::new());
    let clones = Clones(1); // for the layer's service
    let layer = CircuitBreakerLayer::new(breaker).classify(move |_: &Result<(), Infallible>| {
        let _ = &clones;
        Outcome::Success
    });
    let mut service = layer.layer(service_fn(|()| ready(Ok::<_, Infallible>(()))));
    let call = AssertUnwindSafe(|| drop(service.call(())));
    assert!(catch_unwind(call).is_err());
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.panicked, snapshot.failures, snapshot.cancelled), (1, 1, 0));
}

/// A future by hand, which lives until its owner drops it.
struct ByHand {
    _alive: Arc<()>,
    poll: fn() -> Poll<io::Result<()>>,
}

impl Future for ByHand {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        (self.poll)()
    }
}

#[test]
fn the_response_future_is_gone_before_the_circuit_hears_of_the_end() {
    let ends: [fn() -> Poll<io::Result<()>>; 2] =
        [|| Poll::Ready(Err(io::Error::other("down"))), || panic!("in poll")];
    for poll in ends {
        let breaker = breaker(Config::new().threshold(1));
        let alive = Arc::new(());
        let weak = Arc::downgrade(&alive);
        let (sender, alive_at_opening) = channel();
        breaker.on_transition(move |_| sender.send(weak.strong_count()).unwrap());
        let alive = Cell::new(Some(alive));
        let inner = |()| ByHand { _alive: alive.take().expect("called once"), poll };
        let mut service = CircuitBreakerLayer::new(breaker).layer(service_fn(inner));
        let call = AssertUnwindSafe(|| drop(poll_once(service.call(()))));
        let _ = catch_unwind(call);
        assert_eq!(alive_at_opening.try_recv(), Ok(0));
    }
}

fn keyed(max_keys: u32, config: Config) -> &'static KeyedBreaker {
    Box::leak(Box::new(KeyedBreaker::new("tower: keys", config, max_keys)))
}

#[tokio::test]
async fn a_request_goes_through_the_circuit_of_its_key() {
    let breaker = keyed(10, Config::new().threshold(1));
    let layer = CircuitBreakerLayer::keyed(breaker, |number: &u32| {
        Cow::from(if number % 2 == 0 { "even" } else { "odd" })
    });
    let mut service = layer.layer(service_fn(|number| {
        ready(if number % 2 == 0 { Ok(number) } else { Err(io::Error::other("odd")) })
    }));
    let mut ask = async |number| service.ready().await.unwrap().call(number).await;
    assert!(ask(1).await.unwrap_err().is::<io::Error>());
    assert!(ask(3).await.unwrap_err().is::<CircuitOpenError>(), "the same key");
    assert_eq!(ask(4).await.unwrap(), 4);
    drop(ask(5).await);
    let seen = |key| breaker.key(key).snapshot().unwrap();
    assert_eq!((seen("odd").failures, seen("odd").rejected), (1, 2));
    assert_eq!((seen("even").successes, seen("even").rejected), (1, 0));
}

#[tokio::test]
async fn a_key_that_is_cancelled_or_panics_leaves_nothing_behind() {
    let breaker = keyed(10, Config::new().max_concurrent(1));
    let layer = CircuitBreakerLayer::keyed(breaker, |text: &String| {
        assert!(text != "panic", "no key");
        Cow::from(text.clone())
    });
    let mut service = layer.layer(service_fn(|_: String| pending::<Result<(), io::Error>>()));
    let mut call = |key: &str| service.call(key.to_owned());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(call("panic")))).is_err());
    let held = call("a");
    assert!(matches!(poll_once(call("a")), Poll::Ready(Err(_))), "the bulkhead of the key is full");
    assert!(poll_once(call("b")).is_pending(), "that of another isn't");
    drop(held);
    let seen = |key| breaker.key(key).snapshot().unwrap();
    assert_eq!((seen("a").cancelled, seen("a").in_flight), (1, Some(0)));
    assert_eq!(breaker.snapshot().panicked, 0, "a key that panics is no call");
}
