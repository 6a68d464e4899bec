//! Circuits that change hands between keys, and the texts that say whose they are.

use loom::sync::Arc;
use loom::thread;

use super::consecutive;
use crate::circuit::Circuit;
use crate::clock::Moment;
use crate::keyed::Text;
use crate::name::Name;
use crate::permit::{Fallback, Permit};
use crate::state::Verdict;
use crate::test_util::freeze;
use crate::window::Mark;
use crate::{CircuitBreaker, State};

#[test]
fn a_circuit_given_to_another_key_hears_nothing_of_the_old_one() {
    loom::model(|| {
        let _time = freeze();
        let rules = consecutive(1).rules();
        let circuit = Arc::new(Circuit::new(rules, true));
        let (first, second) = (std::sync::Arc::from("first"), std::sync::Arc::from("second"));
        circuit.reassign(&first, rules, crate::Mode::Normal, |_, _| true);
        let tenant = circuit.tenant();
        let other = {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || {
                let Some(ticket) = circuit.quick() else { return false };
                if circuit.tenant() != tenant {
                    return false; // looks its key up again
                }
                let failure = Verdict::Judged(Mark { failure: true, slow: false });
                let moment = Moment::default();
                let recorded = circuit.record("model", ticket.epoch(), &moment, |_| failure);
                recorded.is_ok()
            })
        };
        let closed = |machine: &crate::state::Machine, _| machine.state() == State::Closed;
        let given = circuit.reassign(&second, rules, crate::Mode::Normal, closed);
        let recorded = other.join().unwrap();
        // Either its failure opened the circuit first, and an open circuit isn't given away,
        // or the circuit was given away, and its failure was late.
        assert!(given != recorded);
        assert_eq!(circuit.state(), if given { State::Closed } else { State::Open });
    });
}

#[test]
fn a_key_is_never_taken_for_what_stands_there_half_replaced() {
    const BEFORE: &str = "aaaaaaaabbbbbbbb";
    const AFTER: &str = "ccccccccdddddddd";
    const MIXED: [&str; 2] = ["aaaaaaaadddddddd", "ccccccccbbbbbbbb"];
    for keys in [[BEFORE, AFTER], MIXED] {
        loom::model(move || {
            let text = Arc::new(Text::new());
            text.replace(BEFORE, 1);
            let other = {
                let text = Arc::clone(&text);
                thread::spawn(move || text.replace(AFTER, 2))
            };
            for key in keys {
                let tenant = text.tenant(key);
                assert!(tenant.is_none_or(|tenant| key == [BEFORE, AFTER][tenant as usize - 1]));
            }
            other.join().unwrap();
            assert_eq!(text.tenant(AFTER), Some(2));
        });
    }
}

#[test]
fn a_key_that_comes_while_another_fails_is_not_opened_by_it() {
    // Two arrivals are too long a way for every interleaving: those with two preemptions.
    let mut few = loom::model::Builder::new();
    few.preemption_bound = Some(2);
    few.check(|| {
        let _time = freeze();
        let breaker: &'static CircuitBreaker = Box::leak(Box::new(CircuitBreaker::build(
            Name::Given("model"),
            consecutive(1),
            Some(1),
        )));
        let call = move |key| breaker.enter_key(key, Fallback::None);
        call("first").unwrap().success();
        let other = thread::spawn(move || call("first").map(Permit::failure).is_ok());
        let permit = call("second").unwrap();
        other.join().unwrap();
        permit.success();
        // Whoever has the one circuit now: what the other did is not in its account, and no call is
        // forgotten.
        let all = breaker.snapshot();
        assert_eq!(all.successes + all.failures + all.late + all.unprotected, 3, "{all:?}");
        if let Some(second) = breaker.snapshot_of("second") {
            assert_eq!((second.state, second.failures), (State::Closed, 0));
        }
    });
}
