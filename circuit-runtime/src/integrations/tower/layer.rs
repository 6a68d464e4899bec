use std::any::type_name;
use std::borrow::Cow;
use std::fmt;

use tower_layer::Layer;

use super::{CircuitBreakerService, ErrIsFailure, NoKey};
use crate::KeyedBreaker;
use crate::breaker::CircuitBreaker;

/// Puts a circuit breaker around a service.
///
/// All services that a layer makes, and all their clones, share its circuit.
#[derive(Clone, Copy)]
pub struct CircuitBreakerLayer<C = ErrIsFailure, K = NoKey> {
    breaker: &'static CircuitBreaker,
    classify: C,
    key: K,
    #[cfg(feature = "tokio")]
    not_ready_while_open: bool,
}

impl CircuitBreakerLayer {
    /// Calls go through this circuit, which is [registered](CircuitBreaker::register) when the
    /// first service is made.
    #[must_use]
    pub const fn new(breaker: &'static CircuitBreaker) -> Self {
        CircuitBreakerLayer {
            breaker,
            classify: ErrIsFailure,
            key: NoKey,
            #[cfg(feature = "tokio")]
            not_ready_while_open: false,
        }
    }
}

impl<K> CircuitBreakerLayer<ErrIsFailure, K> {
    /// Each request goes through the circuit of its key, such as its host. The circuits are
    /// [registered](CircuitBreaker::register) when the first service is made.
    ///
    /// Takes a function from a request to its key, or a closure that is written in the call: one that was
    /// given a name before may not borrow from the request. Every request has a key: choose what those
    /// have that name none. A key that is borrowed from the request costs no allocation.
    ///
    /// ```
    /// use std::borrow::Cow;
    ///
    /// use circuit_runtime::tower::CircuitBreakerLayer;
    /// use circuit_runtime::{Config, KeyedBreaker, State};
    /// use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
    ///
    /// struct Request {
    ///     host: String,
    /// }
    ///
    /// static HOSTS: KeyedBreaker = KeyedBreaker::new("hosts", Config::new().threshold(1), 1_000);
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let layer = CircuitBreakerLayer::keyed(&HOSTS, |request: &Request| Cow::from(&request.host));
    /// let mut client = ServiceBuilder::new().layer(layer).service(service_fn(|request: Request| async move {
    ///     if request.host == "down.example" { Err(std::io::Error::other("down")) } else { Ok(200) }
    /// }));
    ///
    /// for host in ["down.example", "up.example"] {
    ///     let _ = client.ready().await.unwrap().call(Request { host: host.to_owned() }).await;
    /// }
    /// assert_eq!(HOSTS.key("down.example").snapshot().unwrap().state, State::Open);
    /// assert_eq!(HOSTS.key("up.example").snapshot().unwrap().state, State::Closed);
    /// # }
    /// ```
    #[must_use]
    pub const fn keyed<Request>(breaker: &'static KeyedBreaker, key: K) -> Self
    where
        K: for<'a> Fn(&'a Request) -> Cow<'a, str>,
    {
        CircuitBreakerLayer {
            breaker: breaker.all(),
            classify: ErrIsFailure,
            key,
            #[cfg(feature = "tokio")]
            not_ready_while_open: false,
        }
    }
}

impl<C, K> CircuitBreakerLayer<C, K> {
    /// Decides what a result counts as, instead of `Ok` as a success and `Err` as a failure. Takes
    /// a function or closure of a `&Result<Response, Error>`, or any other
    /// [`Classifier`](super::Classifier).
    ///
    /// A closure in the async block of a spawned task must name a boxed error with its lifetime,
    /// `Box<dyn Error + Send + Sync + '_>`: with [`BoxError`](super::BoxError) the compiler says
    /// that it is "not general enough". A function can name either.
    ///
    /// ```
    /// use circuit_runtime::tower::CircuitBreakerLayer;
    /// use circuit_runtime::{CircuitBreaker, Config, Outcome};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// static SEARCH: CircuitBreaker = CircuitBreaker::new("search", Config::new());
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let layer = CircuitBreakerLayer::new(&SEARCH).classify(|status: &Result<u16, std::io::Error>| match status {
    ///     Ok(status) if *status < 500 => Outcome::Success,
    ///     _ => Outcome::Failure,
    /// });
    /// let search = ServiceBuilder::new().layer(layer).service(service_fn(|()| async { Ok(503) }));
    ///
    /// assert_eq!(search.oneshot(()).await.unwrap(), 503);
    /// assert_eq!(SEARCH.snapshot().failures, 1);
    /// # }
    /// ```
    #[must_use]
    pub fn classify<F>(self, classify: F) -> CircuitBreakerLayer<F, K> {
        CircuitBreakerLayer {
            breaker: self.breaker,
            classify,
            key: self.key,
            #[cfg(feature = "tokio")]
            not_ready_while_open: self.not_ready_while_open,
        }
    }
}

#[cfg(feature = "tokio")]
impl<C> CircuitBreakerLayer<C> {
    /// Makes the services not ready while the circuit rejects calls, instead of answering with an
    /// error at once. For services behind a load balancer, which would otherwise take an endpoint
    /// that answers at once for the least loaded one.
    ///
    /// `poll_ready` is pending from the opening of the circuit until it admits calls again: when
    /// the wait is over, when another call may probe, or when somebody resets or resumes the
    /// circuit. A full bulkhead doesn't matter. A service that is ready reserves nothing, so that
    /// one that is never called blocks no probe. Of several services that become ready at the
    /// deadline, only as many calls as `probes` says are admitted, and the others are rejected.
    ///
    /// Needs the feature `tokio`, whose timer times the wait. Not for a layer with keys: a service
    /// says that it is ready before it knows the request, and so its key.
    ///
    /// ```
    /// use circuit_runtime::tower::CircuitBreakerLayer;
    /// use circuit_runtime::{CircuitBreaker, Config};
    /// use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
    ///
    /// static NODE_1: CircuitBreaker = CircuitBreaker::new("node 1", Config::new().threshold(1));
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut node = ServiceBuilder::new()
    ///     .layer(CircuitBreakerLayer::new(&NODE_1).not_ready_while_open())
    ///     .service(service_fn(|()| async { Err::<(), _>(std::io::Error::other("down")) }));
    /// node.ready().await.unwrap().call(()).await.unwrap_err();
    ///
    /// let mut ready = std::pin::pin!(node.ready());
    /// tokio::select! {
    ///     biased;
    ///     _ = &mut ready => panic!("the circuit is open"),
    ///     () = async { NODE_1.reset() } => {}
    /// }
    /// assert!(ready.await.is_ok());
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// `poll_ready` of its services panics while the circuit is open, outside a tokio runtime with
    /// a timer.
    #[must_use]
    pub const fn not_ready_while_open(mut self) -> Self {
        self.not_ready_while_open = true;
        self
    }
}

impl<S, C: Clone, K: Clone> Layer<S> for CircuitBreakerLayer<C, K> {
    type Service = CircuitBreakerService<S, C, K>;

    fn layer(&self, inner: S) -> Self::Service {
        self.breaker.register();
        let service = CircuitBreakerService::new(
            inner,
            self.breaker,
            self.classify.clone(),
            self.key.clone(),
        );
        #[cfg(feature = "tokio")]
        if self.not_ready_while_open {
            return service.not_ready_while_open();
        }
        service
    }
}

impl<C, K> fmt::Debug for CircuitBreakerLayer<C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakerLayer")
            .field("circuit", &self.breaker.name())
            .field("classify", &format_args!("{}", type_name::<C>()))
            .finish_non_exhaustive()
    }
}
