//! Circuits that change hands between keys, and the texts that say whose they are.

use loom::sync::Arc;
use loom::thread;

use super::{WAIT, consecutive, few};
use crate::attribute::enter_keyed;
use crate::circuit::machine::Idleness;
use crate::circuit::{Admission, Answer, Circuit, CircuitRef, End, Ticket};
use crate::keyed::{ShortKey, Slots};
use crate::observe::name::Name;
use crate::outcome::Modes;
use crate::permit::{Fallback, Handle, RawPermit, RefHandle};
use crate::primitives::clock::Moment;
use crate::test_util::freeze;
use crate::{CircuitBreaker, CircuitOpenError, Config, Outcome, State};

/// So many circuits for all keys, which are asked for at the breaker itself.
fn keyed(config: Config, circuits: u32) -> &'static CircuitBreaker {
    Box::leak(Box::new(CircuitBreaker::build(Name::given("model"), config, Some(circuits))))
}

fn admit(
    breaker: &'static CircuitBreaker,
    key: &str,
) -> Result<RawPermit<impl Handle>, CircuitOpenError> {
    enter_keyed(RefHandle(breaker), key, Fallback::None)
}

/// The call with this ticket fails; false if that comes too late.
fn fail(circuit: CircuitRef<'_>, ticket: Ticket) -> bool {
    let (admission, end) = (Admission::new(ticket), End::Outcome(Outcome::Failure));
    circuit.record(|| "model", admission, end, &Moment::default()).is_ok()
}

#[test]
fn a_circuit_given_to_another_key_hears_nothing_of_the_old_one() {
    loom::model(|| {
        let _time = freeze();
        let rules = consecutive(1).rules();
        let own = Arc::new(Circuit::new(rules, true));
        let circuit = own.by_ref();
        let (first, second) = ("the-first-key", "the-second-key");
        circuit.reassign(first, None, Modes::of(crate::Mode::Normal), |_| true).unwrap();
        let stamp = circuit.published.stamp();
        let other = {
            let own = Arc::clone(&own);
            thread::spawn(move || {
                let circuit = own.by_ref();
                let Some(ticket) = circuit.published.summary().try_admit() else { return false };
                if circuit.published.stamp() != stamp {
                    return false; // looks its key up again
                }
                fail(circuit, ticket)
            })
        };
        let healthy = |idleness| idleness == Idleness::Healthy;
        let given = circuit.reassign(second, None, Modes::of(crate::Mode::Normal), healthy).is_ok();
        let recorded = other.join().unwrap();
        // Either its failure opened the circuit first, and an open circuit isn't given away,
        // or the circuit was given away, and its failure was late.
        assert!(given != recorded);
        assert_eq!(circuit.state(), if given { State::Closed } else { State::Open });
    });
}

/// As a call looks for it, and how it looks where its key is longer or shorter.
#[test]
fn a_key_is_never_taken_for_what_stands_there_half_replaced() {
    const WORDS: [&str; 5] = ["aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd", "eeeeeeee"];
    // How the words of the key before, which are small, and of the one after stand in turn.
    for words in [4, 5] {
        let key = move |after: [bool; 5]| -> String {
            let word =
                |(word, after): (&str, bool)| if after { word.to_uppercase() } else { word.into() };
            WORDS.into_iter().zip(after).take(words).map(word).collect()
        };
        let (no, yes) = (false, true);
        let mixed = [
            [yes, no, no, no, no],
            [yes, yes, no, no, yes],
            [no, no, yes, yes, no],
            [no, yes, yes, yes, yes],
        ];
        for keys in [[[no; 5], [yes; 5]], [mixed[0], mixed[1]], [mixed[2], mixed[3]]] {
            few(3, move || {
                let rules = consecutive(1).rules();
                let slots = Arc::new(Slots::new(1, rules));
                let publish_key = move |slots: &Slots, key: &str| {
                    let circuit = slots.get_or_make(0).unwrap();
                    circuit.reassign(key, None, Modes::of(crate::Mode::Normal), |_| true).unwrap();
                    slots.publish_key(0, key).unwrap().stamp
                };
                let before = publish_key(&slots, &key([no; 5]));
                let other = {
                    let slots = Arc::clone(&slots);
                    thread::spawn(move || publish_key(&slots, &key([yes; 5])))
                };
                let find = |key: &str| {
                    let found = match ShortKey::of(key) {
                        Some(short) => slots.find_short(0, short, key.len()),
                        None => slots.find(0, key),
                    };
                    let found = found.filter(|it| it.published.stamp() == it.stamp);
                    found.map(|lookup| lookup.stamp)
                };
                for after in keys {
                    let found = find(&key(after));
                    assert!(found.is_none_or(|stamp| (stamp == before) == (after == [no; 5])));
                    assert!(found.is_none() || !mixed.contains(&after));
                }
                let after = other.join().unwrap();
                assert_eq!(find(&key([yes; 5])), Some(after));
            });
        }
    }
}

#[test]
fn a_key_that_comes_while_another_fails_is_not_opened_by_it() {
    // Timed calls have an admission of their own.
    for config in [consecutive(1), consecutive(1).slow_call(WAIT)] {
        few(2, move || another_key_fails(config));
    }
}

fn another_key_fails(config: Config) {
    let _time = freeze();
    let breaker = keyed(config, 1);
    let call = move |key| admit(breaker, key);
    call("the-first-key").unwrap().record(Outcome::Success);
    let other = thread::spawn(move || {
        call("the-first-key").map(|permit| permit.record(Outcome::Failure)).is_ok()
    });
    let permit = call("the-second-key").unwrap();
    other.join().unwrap();
    permit.record(Outcome::Success);
    // Whoever has the one circuit now: what the other did is not in its account, and no call is
    // forgotten.
    let all = breaker.snapshot();
    // What comes late here has lost its circuit, and is unprotected, too.
    assert_eq!(all.successes + all.failures + all.unprotected, 3, "{all:?}");
    assert!(all.late <= all.unprotected, "{all:?}");
    if let Some(second) = breaker.snapshot_of("the-second-key") {
        assert_eq!((second.state, second.failures), (State::Closed, 0));
    }
}

/// A sum asks most circuits without their lock.
#[test]
fn a_sum_shows_an_opening_with_its_transition_or_not_at_all() {
    few(3, || {
        let _time = freeze();
        let breaker = keyed(consecutive(1), 1);
        admit(breaker, "key").unwrap().record(Outcome::Success);
        let other = thread::spawn(move || admit(breaker, "key").unwrap().record(Outcome::Failure));
        let shown = || {
            let all = breaker.snapshot();
            (all.state, all.transitions)
        };
        assert!([(State::Closed, 0), (State::Open, 1)].contains(&shown()));
        other.join().unwrap();
        assert_eq!(shown(), (State::Open, 1));
        breaker.reset();
        assert_eq!(shown(), (State::Closed, 2));
    });
}

#[test]
fn a_key_is_not_rejected_by_the_deadline_of_the_next_one() {
    few(3, || {
        let time = freeze();
        let breaker = keyed(consecutive(1), 1);
        admit(breaker, "the-first-key").unwrap().record(Outcome::Failure);
        time.advance(WAIT);
        let other = thread::spawn(move || {
            admit(breaker, "the-second-key").unwrap().record(Outcome::Failure)
        });
        // Its own wait is over, and what the other key waits for is no matter of its.
        let admitted =
            admit(breaker, "the-first-key").map(|permit| permit.record(Outcome::Ignored));
        assert_eq!(admitted.err(), None);
        other.join().unwrap();
    });
}

#[test]
fn a_deadline_tells_whose_it_is() {
    loom::model(|| {
        let time = freeze();
        let rules = consecutive(1).rules();
        let own = Arc::new(Circuit::new(rules, true));
        let circuit = own.by_ref();
        let call = |circuit: CircuitRef<'_>| {
            assert!(fail(circuit, circuit.published.summary().try_admit().unwrap()));
        };
        call(circuit);
        time.advance(WAIT);
        let stamp = circuit.published.stamp();
        let other = {
            let own = Arc::clone(&own);
            thread::spawn(move || {
                let circuit = own.by_ref();
                circuit.reassign("next", None, Modes::of(crate::Mode::Normal), |_| true).unwrap();
                call(circuit);
            })
        };
        let answer = circuit.published.admit_lock_free(circuit.published.summary());
        let rejected = matches!(answer, Some(Answer::Rejected(_)));
        assert!(!rejected || circuit.published.stamp() != stamp);
        other.join().unwrap();
    });
}

#[test]
fn a_place_is_never_held_by_a_call_of_another_key() {
    few(2, || {
        let _time = freeze();
        let breaker = keyed(consecutive(1).max_concurrent(1), 1);
        admit(breaker, "the-first-key").unwrap().record(Outcome::Success);
        let other = thread::spawn(move || admit(breaker, "the-first-key"));
        let second = admit(breaker, "the-second-key");
        let first = other.join().unwrap();
        assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    });
}

#[test]
fn a_circuit_that_becomes_idle_while_a_key_looks_for_one_is_found() {
    for closes in [true, false] {
        few(3, move || {
            let time = freeze();
            let breaker = keyed(consecutive(1), 1);
            admit(breaker, "the-first-key").unwrap().record(Outcome::Failure);
            time.advance(WAIT);
            let probe = admit(breaker, "the-first-key").unwrap();
            let other = thread::spawn(move || {
                let outcome = if closes { Outcome::Success } else { Outcome::Ignored };
                probe.record(outcome);
            });
            admit(breaker, "the-second-key").unwrap().record(Outcome::Ignored);
            other.join().unwrap();
            admit(breaker, "the-second-key").unwrap().record(Outcome::Ignored);
            assert!(breaker.snapshot_of("the-second-key").is_some());
        });
    }
}

#[test]
fn a_call_that_no_circuit_is_left_for_is_judged_by_none() {
    few(3, || {
        let _time = freeze();
        let breaker = keyed(consecutive(1), 1);
        admit(breaker, "the-first-key").unwrap().record(Outcome::Failure);
        breaker.disable();
        let other = thread::spawn(move || breaker.resume());
        admit(breaker, "the-second-key").unwrap().record(Outcome::Failure);
        other.join().unwrap();
        assert!(breaker.try_acquire().is_ok(), "it has opened the circuit of the calls by hand");
    });
}

#[test]
fn no_key_is_listed_twice() {
    few(2, || {
        let _time = freeze();
        let breaker = keyed(consecutive(1), 2);
        let call = move |key| admit(breaker, key).unwrap().record(Outcome::Success);
        call("a");
        call("b");
        let other = thread::spawn(move || ["c", "a"].map(call));
        let keys = breaker.keys();
        assert!(keys.len() == 2 && keys[0] != keys[1], "{keys:?}");
        other.join().unwrap();
    });
}

#[test]
fn a_place_that_is_given_back_while_a_key_looks_for_a_circuit_makes_room() {
    few(3, || {
        let _time = freeze();
        let breaker = keyed(consecutive(1).max_concurrent(1), 1);
        let call = admit(breaker, "the-first-key").unwrap();
        let other = thread::spawn(move || call.record(Outcome::Success));
        admit(breaker, "the-second-key").unwrap().record(Outcome::Ignored);
        other.join().unwrap();
        admit(breaker, "the-second-key").unwrap().record(Outcome::Ignored);
        assert!(breaker.snapshot_of("the-second-key").is_some());
    });
}

#[test]
fn a_probe_that_leaves_it_undecided_while_a_key_looks_for_a_circuit_makes_room() {
    few(3, || {
        let time = freeze();
        let breaker = keyed(consecutive(1).success_threshold(2), 1);
        admit(breaker, "the-first-key").unwrap().record(Outcome::Failure);
        time.advance(WAIT);
        let probe = admit(breaker, "the-first-key").unwrap();
        let other = thread::spawn(move || probe.record(Outcome::Success));
        admit(breaker, "the-second-key").unwrap().record(Outcome::Ignored);
        other.join().unwrap();
        admit(breaker, "the-second-key").unwrap().record(Outcome::Ignored);
        assert!(breaker.snapshot_of("the-second-key").is_some());
    });
}

#[test]
fn a_key_that_is_forgotten_while_it_fails_leaves_no_state_and_no_call_behind() {
    few(3, || {
        let _time = freeze();
        let breaker = keyed(consecutive(1).max_concurrent(1), 1);
        admit(breaker, "the-key").unwrap().record(Outcome::Success);
        let call = admit(breaker, "the-key").unwrap();
        let other = thread::spawn(move || call.record(Outcome::Failure));
        assert!(breaker.forget("the-key"));
        assert!(breaker.keys().is_empty() && breaker.snapshot_of("the-key").is_none());
        // The circuit may still be held by the call, and another key be without one.
        let next = admit(breaker, "the-next-key").unwrap();
        other.join().unwrap();
        next.record(Outcome::Success);
        admit(breaker, "the-next-key").unwrap().record(Outcome::Success);
        assert!(breaker.snapshot_of("the-next-key").is_some_and(|next| next.failures == 0));
        let all = breaker.snapshot();
        assert_eq!(all.state, State::Closed);
        assert_eq!(all.successes + all.failures + all.unprotected, 4, "{all:?}");
    });
}
