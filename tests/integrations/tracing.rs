//! What a subscriber sees of a circuit.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Once;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Parts;
use circuit_runtime::{
    CircuitBreaker, Config, KeyedBreaker, Outcome, Rejection, circuit_breaker, find, test_util,
};
use tower::ServiceExt;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

#[derive(Debug, Clone, PartialEq)]
struct Seen {
    level: Level,
    fields: BTreeMap<&'static str, String>,
}

impl Seen {
    fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

thread_local! {
    static SEEN: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the events of each thread apart, so that tests side by side don't see each other's.
struct Capture;

impl Subscriber for Capture {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        assert!(!PANICS_WHEN_ASKED.get(), "the subscriber is broken");
        metadata.target() == "circuit_runtime"
    }

    // So that it is asked each time.
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn event(&self, event: &Event<'_>) {
        struct Fields(BTreeMap<&'static str, String>);
        impl Visit for Fields {
            fn record_str(&mut self, field: &Field, value: &str) {
                self.0.insert(field.name(), value.to_owned());
            }
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                self.0.insert(field.name(), format!("{value:?}"));
            }
        }
        let mut fields = Fields(BTreeMap::new());
        event.record(&mut fields);
        let seen = Seen { level: *event.metadata().level(), fields: fields.0 };
        SEEN.with_borrow_mut(|all| all.push(seen));
        if let Some(breaker) = CALLS.get() {
            breaker.try_acquire().map(|_| ()).unwrap_err();
        }
        assert!(!PANICS.get(), "the subscriber is broken");
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

thread_local! {
    static PANICS: Cell<bool> = const { Cell::new(false) };
    /// Sends what it sees through this circuit.
    static CALLS: Cell<Option<&'static CircuitBreaker>> = const { Cell::new(None) };
    static PANICS_WHEN_ASKED: Cell<bool> = const { Cell::new(false) };
}

fn capture() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Capture).expect("the only one"));
}

fn seen() -> Vec<Seen> {
    SEEN.take()
}

#[test]
fn an_opening_is_a_warning_with_its_reason_and_the_time_of_the_next_probe() {
    capture();
    let _time = test_util::freeze();
    let breaker =
        CircuitBreaker::new("events", Config::new().threshold(2).recovery(Duration::from_secs(30)));
    breaker.try_acquire().unwrap().failure();
    assert_eq!(seen(), [], "nothing has happened yet");
    breaker.try_acquire().unwrap().failure();

    let events = seen();
    let [opened] = &events[..] else { panic!("one event per transition: {events:?}") };
    assert_eq!(opened.level, Level::WARN);
    assert_eq!(opened.field("message"), Some("circuit opened"));
    assert_eq!(opened.field("circuit"), Some("events"));
    assert_eq!(opened.field("key"), None, "there is no key");
    assert_eq!(opened.field("number"), Some("1"));
    assert_eq!(opened.field("from"), Some("closed"));
    assert_eq!(opened.field("to"), Some("open"));
    assert_eq!(opened.field("reason"), Some("2 failures in a row (threshold 2)"));
    assert_eq!(opened.field("failures"), Some("2"));
    assert_eq!(opened.field("retry_after"), Some("30.0"));
}

#[test]
fn an_opening_shows_the_error_of_the_call_that_tripped() {
    #[circuit_breaker(name = "shown", threshold = 1)]
    fn shown() -> std::io::Result<()> {
        Err(std::io::Error::other("connection refused"))
    }
    capture();
    shown().unwrap_err();
    let events = seen();
    let opened = events.iter().find(|event| event.field("message") == Some("circuit opened"));
    assert_eq!(opened.unwrap().field("error"), Some("connection refused"));
    let transition = &find("shown").unwrap().snapshot().recent_transitions[0];
    assert_eq!(serde_json::to_value(transition).unwrap()["error"], "connection refused");
}

#[test]
fn a_wait_without_an_end_is_left_out() {
    capture();
    let breaker = CircuitBreaker::new("for good", Config::new());
    breaker.open_for(Duration::MAX);
    breaker.try_acquire().unwrap_err();
    let told: Vec<_> =
        seen().iter().map(|event| event.field("retry_after").map(str::to_owned)).collect();
    assert_eq!(told, [None, None]);
}

#[test]
fn half_open_and_closed_are_info_and_a_rejection_is_debug() {
    capture();
    let time = test_util::freeze();
    let breaker = CircuitBreaker::new(
        "recovers",
        Config::new().threshold(1).recovery(Duration::from_secs(30)),
    );
    breaker.try_acquire().unwrap().failure();
    seen();

    time.advance(Duration::from_secs(10));
    breaker.try_acquire().unwrap_err();
    let rejected = &seen()[0];
    assert_eq!(rejected.level, Level::DEBUG);
    assert_eq!(rejected.field("circuit"), Some("recovers"));
    assert_eq!(rejected.field("reason"), Some("open"));
    assert_eq!(rejected.field("retry_after"), Some("20.0"));

    time.advance(Duration::from_secs(20));
    breaker.try_acquire().unwrap().success();
    let events = seen();
    let [half_open, closed] = &events[..] else { panic!("{events:?}") };
    assert_eq!((half_open.level, half_open.field("to")), (Level::INFO, Some("half-open")));
    assert_eq!(half_open.field("retry_after"), None);
    assert_eq!((closed.level, closed.field("to")), (Level::INFO, Some("closed")));
    assert_eq!(closed.field("number"), Some("3"));
}

#[test]
fn the_events_of_a_circuit_per_key_name_the_key() {
    #[circuit_breaker(threshold = 1, key = host)]
    fn ping(host: &str) -> Result<(), std::io::Error> {
        Err(std::io::Error::other(format!("{host} is down")))
    }

    capture();
    ping("db-1").unwrap_err();
    ping("db-1").unwrap_err();
    let events = seen();
    let [opened, rejected] = &events[..] else { panic!("{events:?}") };
    assert_eq!(opened.field("key"), Some("db-1"));
    assert_eq!(rejected.field("key"), Some("db-1"));
}

#[test]
fn the_second_circuit_of_one_name_is_a_warning_once() {
    capture();
    let [first, second] =
        ["one name"; 2].map(|name| &*Box::leak(Box::new(CircuitBreaker::new(name, Config::new()))));
    first.register();
    assert_eq!(seen(), []);
    second.register();
    second.register();
    let events = seen();
    let [renamed] = &events[..] else { panic!("one event: {events:?}") };
    assert_eq!(renamed.level, Level::WARN);
    assert_eq!(renamed.field("circuit"), Some("one name#2"));
    assert_eq!(renamed.field("wanted"), Some("one name"));
}

#[test]
fn the_events_come_before_the_listeners_and_after_the_change() {
    capture();
    let breaker: &'static CircuitBreaker =
        Box::leak(Box::new(CircuitBreaker::new("order", Config::new().threshold(1))));
    breaker.on_transition(|_| {
        assert_eq!(SEEN.with_borrow(Vec::len), 1, "the event has been emitted");
        SEEN.with_borrow_mut(Vec::clear);
    });
    breaker.try_acquire().unwrap().failure();
    assert_eq!(seen(), [], "the listener has run");
}

#[test]
fn the_panic_of_a_subscriber_is_not_the_calls() {
    capture();
    let breaker = CircuitBreaker::new("broken subscriber", Config::new().threshold(1));
    PANICS.set(true);
    breaker.try_acquire().unwrap().record(Outcome::Failure);
    PANICS.set(false);
    assert_eq!(breaker.snapshot().transitions, 1);
}

#[test]
fn a_change_of_mode_is_an_event_of_its_own() {
    capture();
    let breaker = CircuitBreaker::new("steered", Config::new());
    breaker.force_open();
    breaker.force_open();
    breaker.resume();
    let seen = seen();
    let told: Vec<_> = seen.iter().map(|event| (event.level, event.field("mode"))).collect();
    assert_eq!(told, [(Level::WARN, Some("forced open")), (Level::INFO, Some("normal"))]);
    assert_eq!(seen[0].field("message"), Some("circuit mode changed"));
    assert_eq!((seen[0].field("circuit"), seen[0].field("by")), (Some("steered"), None));
}

#[test]
fn a_change_of_the_mode_of_one_key_names_the_key() {
    capture();
    let breaker: &'static KeyedBreaker =
        Box::leak(Box::new(KeyedBreaker::new("steered by key", Config::new(), 10)));
    breaker.key("a").force_open();
    breaker.key("a").force_open();
    breaker.key("a").resume();
    let seen = seen();
    let told: Vec<_> = seen.iter().map(|event| (event.field("key"), event.field("mode"))).collect();
    assert_eq!(told, [(Some("a"), Some("forced open")), (Some("a"), Some("normal"))]);
    assert_eq!(breaker.mode(), circuit_runtime::Mode::Normal);
}

/// By way of HTTP, where a request says who it is.
#[test]
fn who_steered_is_in_the_events() {
    capture();
    let breaker: &'static CircuitBreaker =
        Box::leak(Box::new(CircuitBreaker::new("steered by alice", Config::new().threshold(1))));
    breaker.register();
    breaker.try_acquire().unwrap().failure();
    let routes = circuit_runtime::axum::router().with_control(&[]);
    let app = axum::Router::from(routes.with_actor(|_: &Parts| Some("alice".to_owned())));
    seen();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for action in ["shadow", "reset"] {
        let request = Request::post(format!("/circuits/steered%20by%20alice/{action}"))
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Body::empty())
            .unwrap();
        let answer = runtime.block_on(app.clone().oneshot(request)).unwrap();
        assert_eq!(answer.status(), 200);
    }
    let told: Vec<_> = seen().into_iter().map(|mut event| event.fields.remove("by")).collect();
    assert_eq!(told, [Some("alice".to_owned()), Some("alice".to_owned())]);
}

#[test]
fn the_panic_of_a_subscriber_on_a_rejection_is_not_the_callers() {
    capture();
    let breaker = CircuitBreaker::new("broken subscriber rejecting", Config::new());
    breaker.force_open();
    for broken in [&PANICS, &PANICS_WHEN_ASKED] {
        broken.set(true);
        let error = breaker.try_acquire().map(|_| ()).unwrap_err();
        broken.set(false);
        assert_eq!(error.reason(), Rejection::ForcedOpen);
    }
    assert_eq!(breaker.snapshot().rejected, 2);
}

#[test]
fn nor_does_it_take_the_fallback_away() {
    #[circuit_breaker(name = "broken subscriber falling back", fallback = Ok(7), key = host)]
    fn ask(host: &str) -> Result<u32, std::io::Error> {
        Err(std::io::Error::other(format!("{host} is down")))
    }
    capture();
    assert!(ask("db-1").is_err());
    find("broken subscriber falling back").unwrap().force_open();
    PANICS.set(true);
    let answer = ask("db-1");
    PANICS.set(false);
    assert_eq!(answer.unwrap(), 7);
}

#[test]
fn a_subscriber_that_calls_through_an_open_circuit_is_not_told_of_that_for_ever() {
    capture();
    let breaker: &'static CircuitBreaker =
        Box::leak(Box::new(CircuitBreaker::new("exporter", Config::new())));
    breaker.force_open();
    seen();
    CALLS.set(Some(breaker));
    breaker.try_acquire().map(|_| ()).unwrap_err();
    CALLS.set(None);
    assert_eq!((seen().len(), breaker.snapshot().rejected), (1, 2));
}
