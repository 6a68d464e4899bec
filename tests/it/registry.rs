//! Finding circuits by name, and listening to all of them.

use std::sync::{Arc, Mutex};

use circuit_runtime::{
    CallError, CircuitBreaker, Config, State, Window, circuit_breaker, circuits, find,
    on_transition,
};

use crate::support::{FRAGILE, fail, leaked, secs};

static PAYMENTS: CircuitBreaker = CircuitBreaker::new("registry: payments", FRAGILE);

#[test]
fn a_registered_circuit_is_found_by_its_name() {
    assert!(find("registry: payments").is_none());
    PAYMENTS.register();
    assert!(std::ptr::eq(&raw const PAYMENTS, find("registry: payments").unwrap()));
}

#[test]
fn an_unknown_name_finds_nothing() {
    assert!(find("registry: no such circuit").is_none());
}

#[test]
fn registering_twice_lists_once() {
    let breaker = leaked("registry: twice", FRAGILE);
    breaker.register();
    breaker.register();
    let listed = circuits().into_iter().filter(|circuit| std::ptr::eq(*circuit, breaker));
    assert_eq!(1, listed.count());
}

#[test]
fn circuits_that_ask_for_one_name_are_numbered() {
    let [first, number_taken, second, third] =
        ["registry: same", "registry: same#2", "registry: same", "registry: same"]
            .map(|name| leaked(name, FRAGILE));
    for breaker in [first, number_taken, second, third] {
        breaker.register();
    }
    for (breaker, name) in [
        (first, "registry: same"),
        (number_taken, "registry: same#2"),
        (second, "registry: same#3"),
        (third, "registry: same#4"),
    ] {
        assert_eq!(breaker.name(), name);
        assert_eq!(breaker.snapshot().name, name);
        assert!(std::ptr::eq(breaker, find(name).unwrap()));
        assert_eq!(circuits().into_iter().filter(|circuit| circuit.name() == name).count(), 1);
    }
}

#[test]
fn the_second_of_one_name_has_its_number_in_errors_and_transitions() {
    let [first, second] = ["registry: pair"; 2].map(|name| leaked(name, FRAGILE));
    assert_eq!(second.name(), "registry: pair", "nobody else has it yet");
    first.register();
    second.register();
    fail(second, 1);
    assert_eq!(second.try_acquire().unwrap_err().circuit(), "registry: pair#2");
    let transitions = second.snapshot().recent_transitions;
    assert!(transitions.iter().all(|transition| transition.circuit == "registry: pair#2"));
}

#[test]
fn a_circuit_that_was_not_registered_is_not_listed() {
    let breaker = leaked("registry: hidden", FRAGILE);
    fail(breaker, 1);
    assert!(find("registry: hidden").is_none());
}

#[test]
fn an_operator_can_force_a_circuit_by_its_name() {
    let breaker = leaked("registry: forced", FRAGILE);
    breaker.register();
    find("registry: forced").unwrap().force_open();
    assert!(breaker.try_acquire().is_err());
    find("registry: forced").unwrap().resume();
    assert!(breaker.try_acquire().is_ok());
}

#[test]
fn many_threads_register_each_circuit_once() {
    let breakers: Vec<_> = (0..8).map(|_| leaked("registry: crowd", FRAGILE)).collect();
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| breakers.iter().for_each(|breaker| breaker.register()));
        }
    });
    let listed = circuits();
    for breaker in &breakers {
        assert_eq!(1, listed.iter().filter(|circuit| std::ptr::eq(**circuit, *breaker)).count());
        assert!(std::ptr::eq(*breaker, find(breaker.name()).unwrap()), "each has its own name");
    }
}

#[test]
fn a_listener_of_all_circuits_hears_of_those_that_are_not_registered_too() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    on_transition({
        let seen = Arc::clone(&seen);
        move |transition| {
            if transition.circuit.starts_with("registry: heard") {
                seen.lock().unwrap().push((transition.circuit, transition.to));
            }
        }
    });
    let (first, second) =
        (leaked("registry: heard 1", FRAGILE), leaked("registry: heard 2", FRAGILE));
    first.register();
    fail(first, 1);
    fail(second, 1);
    let expected = [("registry: heard 1", State::Open), ("registry: heard 2", State::Open)];
    assert_eq!(expected, **seen.lock().unwrap());
}

#[test]
fn a_circuit_in_a_static_needs_no_wrapper() {
    static SEARCH: CircuitBreaker =
        CircuitBreaker::new("registry: search", FRAGILE.recovery(secs(1)));
    assert_eq!(Ok(7), SEARCH.call(|| Ok::<_, ()>(7)));
    assert_eq!(("registry: search", 1), (SEARCH.name(), SEARCH.snapshot().successes));
}

static DISABLED: CircuitBreaker = CircuitBreaker::new("registry: disabled", FRAGILE);
static FORCED: CircuitBreaker = CircuitBreaker::new("registry: forced open", FRAGILE);
static SHADOW: CircuitBreaker = CircuitBreaker::new("registry: shadow", FRAGILE);
static OPEN: CircuitBreaker = CircuitBreaker::new("registry: open", FRAGILE);
static TAKEN: CircuitBreaker =
    CircuitBreaker::new("registry: taken", Config::new().max_concurrent(1));

/// One function for each breaker; what it returned.
macro_rules! call {
    ($breaker:path $(, $fallback:expr)?) => {{
        #[circuit_breaker(breaker = $breaker $(, fallback = $fallback)?)]
        fn call() -> Result<u8, CallError<()>> {
            Ok(1)
        }
        call()
    }};
}

#[test]
fn the_first_call_of_an_annotated_function_lists_its_circuit_whatever_becomes_of_it() {
    DISABLED.disable();
    FORCED.force_open();
    SHADOW.shadow();
    fail(&SHADOW, 1);
    fail(&OPEN, 1);
    let _taken = TAKEN.try_acquire().unwrap();
    let all = [&DISABLED, &FORCED, &SHADOW, &OPEN, &TAKEN];
    assert!(all.iter().all(|breaker| find(breaker.name()).is_none()));
    assert_eq!((call!(DISABLED), call!(FORCED, Ok(2)), call!(SHADOW)), (Ok(1), Ok(2), Ok(1)));
    assert!(call!(OPEN).is_err() && call!(TAKEN).is_err());
    for breaker in all {
        assert!(std::ptr::eq(breaker, find(breaker.name()).unwrap()), "{}", breaker.name());
    }
    assert_eq!([&FORCED, &SHADOW, &OPEN, &TAKEN].map(|b| b.snapshot().rejected), [1; 4]);
}

#[test]
fn a_call_that_is_under_way_while_its_circuit_is_listed_counts_as_ever() {
    let rate = Config::new().failure_rate(0.9).min_calls(1);
    let rules = [
        Config::new(),
        rate,
        rate.window(Window::Time(secs(100))),
        rate.slow_call(secs(9)),
        Config::new().max_concurrent(3),
    ];
    for config in rules {
        let breaker = leaked("registry: under way", config);
        (0..3).for_each(|_| breaker.try_acquire().unwrap().success());
        let under_way = breaker.try_acquire().unwrap();
        breaker.register();
        under_way.success();
        breaker.try_acquire().unwrap().failure();
        let seen = breaker.snapshot();
        assert_eq!((seen.successes, seen.failures, seen.late), (4, 1, 0), "{config:?}");
    }
}
