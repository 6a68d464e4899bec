//! Finding circuits by name, and listening to all of them.

use std::sync::{Arc, Mutex};

use circuit_runtime::{CircuitBreaker, State, circuits, find, on_transition};

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
fn of_one_name_the_first_is_found_and_both_are_listed() {
    let (first, second) = (leaked("registry: same", FRAGILE), leaked("registry: same", FRAGILE));
    first.register();
    second.register();
    assert!(std::ptr::eq(first, find("registry: same").unwrap()));
    let listed = circuits();
    for breaker in [first, second] {
        assert!(listed.iter().any(|circuit| std::ptr::eq(*circuit, breaker)));
    }
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
    let listed = circuits().into_iter().filter(|circuit| circuit.name() == "registry: crowd");
    assert_eq!(8, listed.count());
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
