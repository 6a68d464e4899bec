//! A circuit for each endpoint, behind tower's own load balancer; and services that aren't ready
//! while their circuit is open.

use std::convert::Infallible;
use std::future::{Ready, pending, ready};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, Wake};
use std::time::Duration;

use circuit_runtime::tower::{CircuitBreakerLayer, CircuitBreakerService};
use circuit_runtime::{CircuitBreaker, Config, Outcome, State, test_util};
use tower::balance::p2c::Balance;
use tower::discover::ServiceList;
use tower::load::{CompleteOnResponse, PendingRequests};
use tower::{Layer, Service, ServiceExt, service_fn};

const WAIT: Duration = Duration::from_secs(30);

fn breaker(config: Config) -> &'static CircuitBreaker {
    Box::leak(Box::new(CircuitBreaker::new("endpoint", config.recovery(WAIT))))
}

/// An endpoint that can go down.
#[derive(Default)]
struct Endpoint {
    is_down: AtomicBool,
    calls: AtomicU32,
}

impl Endpoint {
    fn answer(&self) -> io::Result<()> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.is_down.load(Ordering::Relaxed) { Err(io::Error::other("down")) } else { Ok(()) }
    }
}

#[tokio::test(start_paused = true)]
async fn a_balancer_passes_over_the_endpoint_that_is_down() {
    let time = test_util::freeze();
    let endpoints: [Arc<Endpoint>; 3] = Default::default();
    let breakers = [(); 3].map(|()| breaker(Config::new().threshold(3)));
    let services = endpoints.iter().zip(breakers).map(|(endpoint, breaker)| {
        let endpoint = Arc::clone(endpoint);
        let client = service_fn(move |()| ready(endpoint.answer()));
        let layer = CircuitBreakerLayer::new(breaker).not_ready_while_open();
        PendingRequests::new(layer.layer(client), CompleteOnResponse::default())
    });
    let mut balance = Balance::new(ServiceList::new(services));
    let mut lost_of = async |calls: u32| {
        let mut lost = 0;
        for _ in 0..calls {
            let answer = balance.ready().await.expect("an endpoint").call(()).await;
            lost += u32::from(answer.is_err());
        }
        lost
    };

    assert_eq!(lost_of(100).await, 0);
    endpoints[1].is_down.store(true, Ordering::Relaxed);
    assert_eq!(lost_of(1_000).await, 3, "those that open the circuit, and none that it rejects");
    assert_eq!(breakers[1].snapshot().rejected, 0);

    time.advance(WAIT);
    tokio::time::advance(WAIT).await;
    assert_eq!(lost_of(1_000).await, 1, "the probe");

    endpoints[1].is_down.store(false, Ordering::Relaxed);
    time.advance(WAIT);
    tokio::time::advance(WAIT).await;
    let before = endpoints[1].calls.load(Ordering::Relaxed);
    assert_eq!(lost_of(1_000).await, 0);
    let share = endpoints[1].calls.load(Ordering::Relaxed) - before;
    assert!(share > 200, "it has its share again: {share} of 1000");
}

/// Counts how often its task is woken.
#[derive(Default)]
struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

type Answering = CircuitBreakerService<tower::util::ServiceFn<fn(()) -> Ready<io::Result<()>>>>;

/// A service, and who waits for it.
struct Waiting {
    service: Answering,
    woken: Arc<Woken>,
}

impl Waiting {
    fn new(breaker: &'static CircuitBreaker) -> Self {
        let answer: fn(()) -> _ = |()| ready(Ok(()));
        let layer = CircuitBreakerLayer::new(breaker).not_ready_while_open();
        Waiting { service: layer.layer(service_fn(answer)), woken: Arc::default() }
    }

    fn is_ready(&mut self) -> bool {
        let waker = Arc::clone(&self.woken).into();
        let mut context = Context::from_waker(&waker);
        match self.service.poll_ready(&mut context) {
            Poll::Ready(result) => {
                result.unwrap();
                true
            }
            Poll::Pending => false,
        }
    }

    fn woken(&self) -> u32 {
        self.woken.0.load(Ordering::Relaxed)
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_is_ready_again_at_the_deadline() {
    let time = test_util::freeze();
    let breaker = breaker(Config::new().threshold(1));
    let mut waiting = Waiting::new(breaker);
    assert!(waiting.is_ready());
    breaker.try_acquire().unwrap().failure();
    assert!(!waiting.is_ready());
    time.advance(WAIT / 2);
    tokio::time::advance(WAIT / 2).await;
    assert_eq!(waiting.woken(), 0);
    time.advance(WAIT / 2);
    tokio::time::advance(WAIT / 2).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(waiting.woken(), 1, "by the timer");
    assert!(waiting.is_ready());
    assert_eq!(breaker.snapshot().rejected, 0);
}

#[tokio::test(start_paused = true)]
async fn the_place_of_a_probe_that_comes_back_wakes_who_waits() {
    let time = test_util::freeze();
    let breaker = breaker(Config::new().threshold(1));
    breaker.try_acquire().unwrap().failure();
    time.advance(WAIT);
    for give_back in [
        |probe: circuit_runtime::Permit<'_>| drop(probe),
        |probe: circuit_runtime::Permit<'_>| probe.record(Outcome::Ignored),
    ] {
        let mut waiting = Waiting::new(breaker);
        let probe = breaker.try_acquire().unwrap();
        assert!(!waiting.is_ready(), "the place is taken");
        give_back(probe);
        assert_eq!(waiting.woken(), 1);
        assert!(waiting.is_ready());
    }
    let (mut waiting, mut other) = (Waiting::new(breaker), Waiting::new(breaker));
    let probe = breaker.try_acquire().unwrap();
    assert!(!waiting.is_ready() && !other.is_ready());
    probe.success();
    assert_eq!((waiting.woken(), other.woken()), (1, 1), "it has closed");
    assert!(waiting.is_ready() && other.is_ready());
}

type Act = fn(&CircuitBreaker);

#[tokio::test(start_paused = true)]
async fn whoever_changes_the_circuit_by_hand_wakes_who_waits() {
    let _time = test_util::freeze();
    let breaker = breaker(Config::new().threshold(1));
    let acts: [(&str, Act, Act); 4] = [
        ("reset", |it| it.try_acquire().unwrap().failure(), CircuitBreaker::reset),
        ("resume", CircuitBreaker::force_open, CircuitBreaker::resume),
        ("disable", CircuitBreaker::force_open, CircuitBreaker::disable),
        ("shadow", |it| it.try_acquire().unwrap().failure(), CircuitBreaker::shadow),
    ];
    for (name, close, open) in acts {
        breaker.resume();
        breaker.reset();
        let mut waiting = Waiting::new(breaker);
        close(breaker);
        assert!(!waiting.is_ready(), "{name}");
        let woken = waiting.woken();
        open(breaker);
        assert_eq!(waiting.woken(), woken + 1, "{name}");
        assert!(waiting.is_ready(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_dropped_or_cloned_leaves_nobody_waiting_in_its_place() {
    let _time = test_util::freeze();
    let breaker = breaker(Config::new().threshold(1));
    breaker.try_acquire().unwrap().failure();
    let mut waiting = Waiting::new(breaker);
    assert!(!waiting.is_ready());
    let clone = waiting.service.clone();
    let woken = Arc::clone(&waiting.woken);
    drop(waiting);
    breaker.reset();
    assert_eq!(woken.0.load(Ordering::Relaxed), 0);
    clone.oneshot(()).await.unwrap();
    assert_eq!(breaker.state(), State::Closed);
}

/// Insists on not being asked in vain.
struct Reserves(AtomicU32);

impl Service<()> for Reserves {
    type Response = ();
    type Error = Infallible;
    type Future = std::future::Pending<Result<(), Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        pending()
    }
}

#[tokio::test(start_paused = true)]
async fn the_inner_service_sets_nothing_aside_while_the_circuit_is_open() {
    let _time = test_util::freeze();
    let breaker = breaker(Config::new());
    breaker.force_open();
    let layer = CircuitBreakerLayer::new(breaker).not_ready_while_open();
    let mut service = layer.layer(Reserves(AtomicU32::new(0)));
    let mut context = Context::from_waker(std::task::Waker::noop());
    assert!(pin!(service.ready()).poll(&mut context).is_pending());
    assert_eq!(service.get_ref().0.load(Ordering::Relaxed), 0);
}
