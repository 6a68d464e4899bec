//! What `Transition::error` shows of the call that tripped its circuit.

use std::error::Error as StdError;
use std::fmt::{self, Display};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use circuit_runtime::{
    CallTimeoutError, CircuitBreaker, CircuitOpenError, Config, Outcome, State, circuit_breaker,
    find, test_util,
};
use futures_executor::block_on;

use State::{Closed, HalfOpen, Open};

use crate::support::secs;

/// The error of the circuit's latest transition.
#[track_caller]
fn error_of(name: &str) -> Option<String> {
    let snapshot = find(name).expect("called once").snapshot();
    let transition = snapshot.recent_transitions.last().expect("a transition");
    transition.error.as_deref().map(str::to_owned)
}

fn down() -> io::Error {
    io::Error::other("connection refused")
}

#[test]
fn the_error_of_the_call_that_tripped_is_shown_wherever_the_transition_is() {
    #[circuit_breaker(name = "error: tripped", threshold = 2)]
    fn tripped(port: u16) -> io::Result<()> {
        Err(io::Error::other(format!("refused at {port}")))
    }
    let heard = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&heard);
    tripped(1).unwrap_err();
    let circuit = find("error: tripped").unwrap();
    circuit.on_transition(move |transition| told.lock().unwrap().push(transition.clone()));
    tripped(2).unwrap_err();
    assert_eq!(error_of("error: tripped").as_deref(), Some("refused at 2"));
    let heard = heard.lock().unwrap();
    assert_eq!(heard[..], circuit.snapshot().recent_transitions[..]);
    let shown = heard[0].to_string();
    assert_eq!(
        shown,
        "circuit `error: tripped` opened: 2 failures in a row (threshold 2); refused at 2"
    );
}

#[test]
fn a_probe_that_fails_shows_its_error_and_one_that_succeeds_none() {
    #[circuit_breaker(name = "error: probing", threshold = 1, recovery = "1s")]
    fn probing(answer: Result<(), &'static str>) -> Result<(), Box<dyn StdError + Send + Sync>> {
        answer.map_err(Into::into)
    }
    let time = test_util::freeze();
    probing(Err("first")).unwrap_err();
    time.advance(secs(1));
    probing(Err("second")).unwrap_err();
    assert_eq!(error_of("error: probing").as_deref(), Some("second"));
    time.advance(secs(1));
    probing(Ok(())).unwrap();
    let recent = find("error: probing").unwrap().snapshot().recent_transitions;
    let errors: Vec<_> = recent.iter().map(|change| (change.to, change.error.as_deref())).collect();
    assert_eq!(
        errors,
        [
            (Open, Some("first")),
            (HalfOpen, None),
            (Open, Some("second")),
            (HalfOpen, None),
            (Closed, None)
        ]
    );
}

#[test]
fn an_error_is_shown_with_its_sources_where_the_alternate_form_has_them() {
    #[circuit_breaker(name = "error: anyhow", threshold = 1)]
    async fn with_context() -> anyhow::Result<()> {
        Err(anyhow::Error::new(down()).context("charging"))
    }
    block_on(with_context()).unwrap_err();
    assert_eq!(error_of("error: anyhow").as_deref(), Some("charging: connection refused"));
}

#[derive(Debug)]
struct Plain;

impl From<CircuitOpenError> for Plain {
    fn from(_: CircuitOpenError) -> Self {
        Plain
    }
}

#[test]
fn an_error_without_display_is_not_shown_and_needs_no_bound() {
    #[circuit_breaker(name = "error: plain", threshold = 1)]
    fn plain() -> Result<(), Plain> {
        Err(Plain)
    }
    #[circuit_breaker(name = "error: without bound", threshold = 1, fallback = Err(value))]
    fn without_bound<E>(value: E) -> Result<(), E> {
        Err(value)
    }
    #[circuit_breaker(name = "error: with bound", threshold = 1, fallback = Err(value))]
    async fn with_bound<E: Display + Clone>(value: E) -> Result<(), E> {
        Err(value)
    }
    plain().unwrap_err();
    assert_eq!(error_of("error: plain"), None);
    without_bound("text").unwrap_err();
    assert_eq!(error_of("error: without bound"), None, "nothing says that it can be displayed");
    block_on(with_bound("text")).unwrap_err();
    assert_eq!(error_of("error: with bound").as_deref(), Some("text"));
}

#[test]
fn opaque_errors_are_shown_when_they_say_that_they_can() {
    #[circuit_breaker(name = "error: opaque", threshold = 1, fallback = Ok(()))]
    fn opaque(up: bool) -> Result<(), impl StdError> {
        if up { Ok(()) } else { Err(down()) }
    }
    #[circuit_breaker(name = "error: opaque async", threshold = 1, fallback = Ok(()))]
    async fn opaque_async(up: bool) -> Result<(), impl StdError> {
        if up { Ok(()) } else { Err(down()) }
    }
    assert!(opaque(false).is_err() && block_on(opaque_async(false)).is_err());
    assert_eq!(error_of("error: opaque").as_deref(), Some("connection refused"));
    assert_eq!(error_of("error: opaque async").as_deref(), Some("connection refused"));
}

/// What is known at the attribute is the type that is written there, however the body gets it.
#[test]
fn futures_show_the_error_of_their_written_output() {
    type Later<T> = Pin<Box<dyn Future<Output = Result<T, Plain>>>>;

    #[circuit_breaker(name = "error: alias", threshold = 1)]
    fn alias() -> Later<()> {
        Box::pin(async move { Err(Plain) })
    }
    #[circuit_breaker(name = "error: boxed", threshold = 1)]
    fn boxed() -> Pin<Box<dyn Future<Output = io::Result<()>>>> {
        Box::pin(async move { Err(down()) })
    }
    #[circuit_breaker(name = "error: below", threshold = 1)]
    #[async_recursion::async_recursion]
    async fn below(n: u8) -> Result<(), Plain> {
        if n == 0 { Err(Plain) } else { below(n - 1).await }
    }
    block_on(alias()).unwrap_err();
    block_on(boxed()).unwrap_err();
    block_on(below(0)).unwrap_err();
    assert_eq!((error_of("error: alias"), error_of("error: below")), (None, None));
    assert_eq!(error_of("error: boxed").as_deref(), Some("connection refused"));
}

#[test]
fn what_trips_without_an_error_shows_none() {
    #[circuit_breaker(name = "error: value", threshold = 1, failure = None, fallback = None)]
    fn value() -> Option<u8> {
        None
    }
    #[circuit_breaker(name = "error: ok", threshold = 1, failure = Ok(0))]
    fn ok() -> io::Result<u8> {
        Ok(0)
    }
    assert!(value().is_none() && ok().is_ok());
    assert_eq!((error_of("error: value"), error_of("error: ok")), (None, None));

    let by_hand = CircuitBreaker::new("by hand", Config::new().threshold(1));
    by_hand.call(|| Err::<(), _>(down())).unwrap_err();
    by_hand.try_acquire().unwrap_err();
    assert_eq!(by_hand.snapshot().recent_transitions[0].error, None);
}

#[test]
fn a_fallback_for_failures_hides_no_error() {
    #[circuit_breaker(name = "error: any", threshold = 1, fallback = Ok(()), fallback_on = any)]
    fn any() -> io::Result<()> {
        Err(down())
    }
    #[circuit_breaker(name = "error: any async", threshold = 1, fallback = Ok(()), fallback_on = any)]
    async fn any_async() -> io::Result<()> {
        Err(down())
    }
    any().unwrap();
    block_on(any_async()).unwrap();
    assert_eq!(error_of("error: any").as_deref(), Some("connection refused"));
    assert_eq!(error_of("error: any async").as_deref(), Some("connection refused"));
}

#[test]
fn a_timeout_is_shown_as_one() {
    #[derive(Debug, thiserror::Error)]
    #[error("error: late")]
    struct Late;
    impl From<CallTimeoutError> for Late {
        fn from(_: CallTimeoutError) -> Self {
            Late
        }
    }
    impl From<CircuitOpenError> for Late {
        fn from(_: CircuitOpenError) -> Self {
            Late
        }
    }
    #[circuit_breaker(name = "error: late", threshold = 1, timeout = "1s")]
    async fn late() -> Result<(), Late> {
        std::future::pending().await
    }
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(late()).unwrap_err();
    let error = error_of("error: late").unwrap();
    assert_eq!(error, "a call through circuit `error: late` took longer than 1s");
}

#[test]
fn a_circuit_per_key_and_a_shared_one_show_it_too() {
    static SHARED: CircuitBreaker = CircuitBreaker::new("shared error", Config::new().threshold(1));

    #[circuit_breaker(breaker = SHARED)]
    fn shared() -> io::Result<()> {
        Err(down())
    }
    #[circuit_breaker(name = "error: keyed", threshold = 1, key = host)]
    fn keyed(host: &str) -> io::Result<()> {
        Err(io::Error::other(format!("no answer of {host}")))
    }
    shared().unwrap_err();
    keyed("a").unwrap_err();
    keyed("b").unwrap_err();
    assert_eq!(error_of("shared error").as_deref(), Some("connection refused"));
    let of_key = find("error: keyed").unwrap().snapshot_of("a").unwrap();
    assert_eq!(of_key.recent_transitions[0].error.as_deref(), Some("no answer of a"));
}

/// It may use its own circuit: no lock is held.
#[test]
fn a_display_that_panics_or_looks_at_its_circuit_harms_nothing() {
    #[derive(Debug)]
    struct Odd(bool);
    impl Display for Odd {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            assert!(!self.0, "on purpose");
            write!(f, "{}", find("error: odd").unwrap().state())
        }
    }
    #[circuit_breaker(name = "error: odd", threshold = 1, fallback = Ok(()))]
    fn odd(panics: bool) -> Result<(), Odd> {
        Err(Odd(panics))
    }
    odd(false).unwrap_err();
    assert_eq!(error_of("error: odd").as_deref(), Some("open"));
    find("error: odd").unwrap().reset();
    odd(true).unwrap_err();
    let circuit = find("error: odd").unwrap();
    assert_eq!((error_of("error: odd"), circuit.state()), (None, State::Open));
    assert_eq!(circuit.snapshot().panicked, 0);
}

#[test]
fn a_long_error_is_cut_off_and_shown_in_one_line() {
    #[circuit_breaker(name = "error: long", threshold = 1, fallback = Ok(()))]
    fn long(text: String) -> Result<(), String> {
        Err(text)
    }
    long(format!("{}é{}", "x".repeat(999), "y".repeat(10_000))).unwrap_err();
    assert_eq!(error_of("error: long").unwrap(), format!("{}…", "x".repeat(999)));
    find("error: long").unwrap().reset();
    long("a\nb".to_owned()).unwrap_err();
    let shown = find("error: long").unwrap().snapshot().recent_transitions.pop().unwrap();
    assert!(shown.to_string().ends_with("; a\\nb"), "{shown}");
}

/// Calls that don't trip their circuit format nothing.
#[test]
fn only_the_call_that_trips_is_asked() {
    struct Counted(Arc<Mutex<u32>>);
    impl Display for Counted {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            *self.0.lock().unwrap() += 1;
            f.write_str("error: counted")
        }
    }
    fn retry(_: &Result<(), Counted>) -> Outcome {
        Outcome::RetryAfter(Duration::from_secs(1))
    }
    #[circuit_breaker(name = "error: counted", threshold = 3, classify = retry, fallback = Ok(()))]
    fn counted(count: &Arc<Mutex<u32>>) -> Result<(), Counted> {
        Err(Counted(Arc::clone(count)))
    }
    let count = Arc::new(Mutex::new(0));
    for expected in [0, 0, 1] {
        assert!(counted(&count).is_err());
        assert_eq!(*count.lock().unwrap(), expected);
    }
    assert!(counted(&count).is_ok());
    assert_eq!(*count.lock().unwrap(), 1);
}
