//! What a circuit tells without its lock. What is decided doesn't depend on it, but what a call
//! costs does.

use std::time::Duration;

use super::*;
use crate::circuit::machine::Idleness;
use crate::circuit::{Admission, End, Freed, Ticket};
use crate::config::{Config, NewRules, Window};
use crate::error::Rejection;
use crate::outcome::Outcome;
use crate::primitives::clock::NEVER;
use crate::test_util::freeze;
use crate::window::OnSuccess;

const WAIT: Duration = Duration::from_secs(10);
const FRAGILE: Config = Config::new().threshold(1).recovery(WAIT);
const RATE: Config = Config::new().failure_rate(0.9).min_calls(2).recovery(WAIT);

fn own(config: Config) -> Circuit {
    Circuit::new(config.rules(), true)
}

/// Behind the lock.
fn ask(circuit: CircuitRef<'_>) -> Result<Admission, Refusal> {
    result(circuit.admit_locked("test", 0, false).0)
}

fn result(answer: Answer) -> Result<Admission, Refusal> {
    match answer {
        Answer::Admitted(admission) => Ok(admission),
        Answer::Rejected(refusal) => Err(refusal),
        Answer::Reassigned => panic!("the circuit never moves"),
    }
}

/// A call that is admitted and judged behind the lock.
fn call(circuit: CircuitRef<'_>, failure: bool) {
    let admission = ask(circuit).expect("the call is admitted");
    let end = End::Outcome(if failure { Outcome::Failure } else { Outcome::Success });
    let recorded = circuit.record(|| "test", admission, end, &Moment::default());
    recorded.expect("the call isn't late");
}

/// The answer without the lock, if there is one: the ticket, or the reason and what is left.
fn look(circuit: CircuitRef<'_>) -> Option<Result<Ticket, (Rejection, Nanos)>> {
    let answer = circuit.published.admit_lock_free(circuit.published.summary())?;
    Some(result(answer).map(|e| e.ticket).map_err(|r| (r.reason, r.retry_after)))
}

/// Closed circuits in their second period, and how much a success has to write in each.
fn closed_circuits() -> [(OnSuccess, Circuit); 10] {
    let circuits = [
        (OnSuccess::Nothing, Config::new(), vec![false]),
        (OnSuccess::Nothing, RATE.window(Window::Calls(2)), vec![false, false]),
        (OnSuccess::Pend, Config::new(), vec![true]),
        (OnSuccess::Lock, Config::new().merge_failures(WAIT), vec![true]),
        (OnSuccess::Pend, RATE.window(Window::Calls(8)), vec![true, false]),
        (OnSuccess::Pend, RATE.window(Window::Calls(8)), vec![false, true]),
        (OnSuccess::Lock, RATE.window(Window::Calls(8)), vec![true]),
        (OnSuccess::Bucket, RATE.window(Window::Time(WAIT)), vec![false]),
        (OnSuccess::Pend, RATE.window(Window::Time(WAIT)), vec![false, true]),
        (OnSuccess::Lock, RATE.window(Window::Time(WAIT)).merge_failures(WAIT), vec![false, true]),
    ];
    circuits.map(|(on_success, config, failures)| {
        let own = own(config);
        drop(own.by_ref().reset("test", None));
        for failure in failures {
            call(own.by_ref(), failure);
        }
        (on_success, own)
    })
}

/// Of a call that was admitted in their second period.
fn ticket() -> Ticket {
    Ticket::of_epoch(1)
}

#[test]
fn a_closed_circuit_admits_without_its_lock() {
    for (on_success, own) in &closed_circuits() {
        let (on_success, circuit) = (*on_success, own.by_ref());
        assert_eq!(circuit.published.summary().try_admit(), Some(ticket()), "{on_success:?}");
        assert_eq!(look(circuit), Some(Ok(ticket())), "{on_success:?}");
    }
}

#[test]
fn a_stopwatch_and_a_bulkhead_ask_for_more_than_a_look_at_the_word() {
    let timed = own(RATE.slow_call(WAIT).min_calls(1).window(Window::Calls(1)));
    let limited = own(Config::new().max_concurrent(1));
    let (timed, limited) = (timed.by_ref(), limited.by_ref());
    call(timed, false);
    assert_eq!(
        (timed.published.summary().try_admit(), limited.published.summary().try_admit()),
        (None, None)
    );
    assert_eq!(look(timed), Some(Ok(Ticket::of_epoch(0).with_start())));
    assert_eq!(look(limited), Some(Ok(Ticket::of_epoch(0))));
    // The end of a call that was fast needs no lock all the same.
    for (circuit, ticket) in
        [(timed, Ticket::of_epoch(0).with_start()), (limited, Ticket::of_epoch(0).in_bulkhead())]
    {
        assert!(
            !circuit.published.has_nothing_to_write(ticket)
                && circuit.record_lock_free(ticket, &Moment::default())
        );
    }
}

#[test]
fn a_mode_answers_without_the_lock() {
    let own = own(FRAGILE);
    let circuit = own.by_ref();
    for (mode, answer) in [
        (Mode::ForcedOpen, Err((Rejection::ForcedOpen, NEVER))),
        (Mode::Disabled, Ok(Ticket::of_epoch(0).counted())),
        (Mode::Shadow, Ok(Ticket::of_epoch(0))),
    ] {
        drop(circuit.set_mode(mode, mode));
        assert_eq!(
            (circuit.published.summary().try_admit(), look(circuit)),
            (None, Some(answer)),
            "{mode:?}"
        );
        assert!(!circuit.published.summary().just_rejects(), "{mode:?}");
    }
}

#[test]
fn an_open_circuit_rejects_without_its_lock_until_its_deadline() {
    let time = freeze();
    let own = own(FRAGILE);
    let circuit = own.by_ref();
    assert_eq!(circuit.idleness(), Idleness::Healthy);
    assert!(!circuit.published.summary().just_rejects());
    call(circuit, true);
    assert!(circuit.published.summary().just_rejects());
    assert_eq!(circuit.idleness(), Idleness::Until(clock::now() + clock::nanos(WAIT)));
    assert_eq!(look(circuit), Some(Err((Rejection::Open, clock::nanos(WAIT)))));
    time.advance(Duration::from_nanos(clock::nanos(WAIT) - 1));
    assert_eq!(look(circuit), Some(Err((Rejection::Open, 1))));
    time.advance(Duration::from_nanos(1));
    assert_eq!((circuit.published.summary().try_admit(), look(circuit)), (None, None));
}

#[test]
fn a_half_open_circuit_rejects_without_its_lock_once_it_is_full() {
    let time = freeze();
    let round_timeout = WAIT * 2;
    let own = own(FRAGILE.probes(2).probe_timeout(round_timeout));
    let circuit = own.by_ref();
    call(circuit, true);
    time.advance(WAIT);
    assert!(ask(circuit).is_ok());
    assert_eq!((circuit.published.summary().try_admit(), look(circuit)), (None, None));
    assert!(ask(circuit).is_ok());
    // Callers are told to come back within a second.
    assert_eq!(look(circuit), Some(Err((Rejection::HalfOpenFull, 1_000_000_000))));
    time.advance(round_timeout);
    assert_eq!(look(circuit), None);
}

/// A fifth of the price of the exact clock, which no two readings of could agree so often.
#[test]
#[cfg(target_os = "linux")]
fn a_rejection_far_from_the_deadline_reads_the_coarse_clock() {
    let own = own(FRAGILE);
    let circuit = own.by_ref();
    call(circuit, true);
    let left: Vec<_> = (0..100).map(|_| look(circuit)).collect();
    assert!(left.windows(2).any(|two| two[0] == two[1]));
}

/// A reader between two writers finds each state with a deadline of its own.
#[test]
fn open_and_full_have_a_deadline_each() {
    let own = own(FRAGILE);
    let circuit = own.by_ref();
    assert!(!std::ptr::eq(
        circuit.published.deadline(State::Open),
        circuit.published.deadline(State::HalfOpen)
    ));
}

#[test]
fn a_success_writes_what_it_has_to_without_the_lock() {
    for (on_success, own) in &closed_circuits() {
        let (on_success, circuit) = (*on_success, own.by_ref());
        let ticket = ticket();
        assert_eq!(
            circuit.published.has_nothing_to_write(ticket),
            on_success == OnSuccess::Nothing,
            "{on_success:?}"
        );
        assert_eq!(circuit.published.on_success_for_bare(ticket), on_success);
        assert_eq!(circuit.pend_success(1), on_success == OnSuccess::Pend, "{on_success:?}");
        let counters = |epoch| circuit.published.count(epoch, &Moment::default()).is_some();
        let sharded = circuit.published.sharded.get();
        assert_eq!((counters(1), counters(2)), (sharded.is_some(), false), "{on_success:?}");
        // What a call gives back by itself is no matter for the lock.
        for ticket in [ticket, ticket.in_bulkhead(), ticket.with_start()] {
            // A second success after a failure tells the others that there is nothing to write.
            circuit.view();
            let recorded = circuit.record_lock_free(ticket, &Moment::default());
            assert_eq!(recorded, on_success != OnSuccess::Lock, "{on_success:?} {ticket:?}");
        }
        for not_judged_here in
            [ticket.uncounted(), ticket.counted(), Ticket::of_epoch(0), Ticket::of_epoch(2)]
        {
            assert!(
                !circuit.published.has_nothing_to_write(not_judged_here),
                "{on_success:?} {not_judged_here:?}"
            );
            assert!(
                !circuit.record_lock_free(not_judged_here, &Moment::default()),
                "{on_success:?}"
            );
            let bare = circuit.published.on_success_for_bare(not_judged_here);
            assert_eq!(bare, OnSuccess::Lock, "{on_success:?} {not_judged_here:?}");
        }
    }
}

#[test]
fn buckets_of_a_second_and_more_are_told_by_the_coarse_clock() {
    for (window, coarse) in [(WAIT, true), (Duration::from_millis(9_999), false)] {
        let own = own(RATE.window(Window::Time(window)));
        assert!(!own.published().counts_coarsely(), "nothing is counted there yet");
        call(own.by_ref(), false);
        assert_eq!(own.published().counts_coarsely(), coarse, "{window:?}");
    }
}

#[test]
fn a_time_window_with_a_failure_in_it_has_no_use_for_threads_that_count() {
    let own = own(RATE.window(Window::Time(WAIT)));
    let circuit = own.by_ref();
    call(circuit, true);
    assert!(circuit.published.sharded.get().is_none());
}

/// It ends the run of failures too, though nobody writes that down before the next one holds the
/// lock.
#[test]
fn a_success_that_slides_comes_between_two_failures() {
    let own = own(RATE.threshold(2).window(Window::Calls(8)));
    let circuit = own.by_ref();
    call(circuit, false);
    for _ in 0..5 {
        call(circuit, true);
        assert_eq!(circuit.published.on_success_for_bare(Ticket::of_epoch(0)), OnSuccess::Pend);
        assert!(circuit.pend_success(0));
    }
    call(circuit, true);
    assert_eq!(circuit.state(), State::Closed);
    call(circuit, true);
    assert_eq!(circuit.state(), State::Open);
}

#[test]
fn what_is_slow_is_told_without_the_lock() {
    let slow = clock::nanos(WAIT);
    let owns = [Config::new().slow_call(WAIT), Config::new()].map(own);
    let [timed, untimed] = owns.each_ref().map(Circuit::by_ref);
    let is_slow = |circuit: CircuitRef<'_>, took| {
        circuit.published.is_slow(Admission::at(Ticket::of_epoch(0), 7), &Moment::at(7 + took))
    };
    assert!(is_slow(timed, slow) && !is_slow(timed, slow - 1));
    assert!(!is_slow(untimed, slow) && !is_slow(untimed, NEVER - 8));
    let rules = Arc::new(NewRules::of_all(Config::new().slow_call(WAIT * 2).rules()));
    drop(timed.reconfigure("test", &rules));
    assert!(is_slow(timed, slow * 2) && !is_slow(timed, slow));
}

#[test]
fn a_long_slow_call_is_told_by_the_coarse_clock_unless_durations_are_published() {
    let short = Duration::from_millis(999);
    for (slow_call, by_coarse) in [(short, false), (WAIT, !cfg!(feature = "metrics"))] {
        let (own, time) = (own(Config::new().slow_call(slow_call)), freeze());
        let (moment, admission) = (Moment::default(), ask(own.by_ref()).unwrap());
        // It lags by more than in life.
        let _ = moment.coarse();
        time.advance(slow_call);
        let is_slow = own.published().is_slow(admission, &moment);
        assert_eq!(is_slow, !by_coarse, "{slow_call:?}");
        let rules = own.by_ref().rules();
        let verdict = End::Outcome(Outcome::Success).verdict(&rules, admission, &moment);
        assert_eq!(verdict.sample.unwrap().slow, is_slow, "{slow_call:?}");
    }
}

#[test]
fn a_call_that_is_timed_or_counted_in_flight_is_admitted_without_the_lock_while_closed() {
    let config = FRAGILE.slow_call(WAIT).max_concurrent(1);
    let own = own(config);
    let (circuit, published) = (own.by_ref(), own.published());
    let admission = own.try_admit_measured().unwrap();
    assert_eq!(admission.ticket, Ticket::of_epoch(0).with_start().in_bulkhead());
    assert!(own.try_admit_measured().is_none(), "no place");
    assert_eq!(published.release(), Freed::Nothing);
    drop(circuit.set_mode(Mode::Shadow, Mode::Normal));
    assert!(own.try_admit_measured().is_none(), "a mode decides");
    drop(circuit.set_mode(Mode::Normal, Mode::Normal));
    call(circuit, true);
    assert!(own.try_admit_measured().is_none(), "open");
}

#[test]
fn a_circuit_that_serves_another_key_sends_the_calls_of_the_old_one_away() {
    let own = own(FRAGILE);
    let circuit = own.by_ref();
    let mut stamps = vec![circuit.published.stamp()];
    for key in ["first", "second"] {
        let answer = |stamp| circuit.admit_locked("test", stamp, false).0;
        assert!(matches!(answer(stamps[stamps.len() - 1]), Answer::Admitted(_)));
        circuit.reassign(key, None, Modes::of(Mode::Normal), |_| true).unwrap();
        for stamp in &stamps {
            assert!(matches!(answer(*stamp), Answer::Reassigned), "stamp {stamp} is gone");
        }
        stamps.push(circuit.published.stamp());
    }
}

#[test]
fn a_late_outcome_is_told_from_one_for_an_earlier_key() {
    let own = own(FRAGILE);
    let circuit = own.by_ref();
    circuit.reassign("first", None, Modes::of(Mode::Normal), |_| true).unwrap();
    circuit.reassign("second", None, Modes::of(Mode::Normal), |_| true).unwrap();
    (0..5).for_each(|_| drop(circuit.reset("test", None)));
    let of_earlier_key = |epoch| {
        let (admission, end) =
            (Admission::new(Ticket::of_epoch(epoch)), End::Outcome(Outcome::Ignored));
        let recorded = circuit.record(|| "test", admission, end, &Moment::default());
        recorded.map_err(|late| late.of_earlier_key)
    };
    for epoch in [u32::MAX, 0, 1] {
        assert_eq!(of_earlier_key(epoch).err(), Some(true), "period {epoch}");
    }
    for epoch in 2..7 {
        assert_eq!(of_earlier_key(epoch).err(), Some(false), "period {epoch}");
    }
    assert!(of_earlier_key(7).is_ok());
}

#[test]
fn a_bulkhead_has_as_many_places_as_its_limit() {
    let own = own(Config::new().max_concurrent(2));
    let circuit = own.by_ref();
    let enter = || {
        let summary = circuit.published.summary();
        let answer = circuit.published.admit_lock_free(summary);
        let answer = circuit.complete(summary, answer.expect("it is closed"), 0);
        result(answer).map(|admission| admission.ticket)
    };
    assert!((0..2).all(|_| enter().is_ok_and(Ticket::is_in_bulkhead)));
    assert_eq!(enter().err().map(|refusal| refusal.reason), Some(Rejection::TooManyCalls));
    assert_eq!(circuit.published.release(), Freed::Nothing);
    assert!(enter().is_ok());
}

#[test]
fn without_a_bulkhead_or_where_nothing_is_judged_no_place_is_taken() {
    let (unlimited, disabled) = (own(Config::new()), own(Config::new().max_concurrent(1)));
    drop(disabled.by_ref().set_mode(Mode::Disabled, Mode::Disabled));
    for circuit in [unlimited.by_ref(), disabled.by_ref()] {
        let summary = circuit.published.summary();
        let admission =
            circuit.published.admit_lock_free(summary).expect("it is told without the lock");
        let entered = result(circuit.complete(summary, admission, 0));
        assert!(entered.is_ok_and(|admission| !admission.ticket.is_in_bulkhead()));
    }
}

/// A circuit made by hand may never be listed.
#[test]
fn a_circuit_that_is_not_listed_is_as_quick_but_for_an_attributes_first_call() {
    let own = Circuit::new(Config::new().rules(), false);
    let circuit = own.by_ref();
    for registered in [false, true] {
        assert_eq!(circuit.is_registered(), registered);
        let ticket = circuit.published.summary().try_admit().expect("it is closed");
        assert_eq!(
            circuit.published.summary().try_admit_registered(),
            registered.then_some(ticket)
        );
        assert!(
            circuit.published.has_nothing_to_write(ticket)
                && circuit.record_lock_free(ticket, &Moment::default())
        );
        circuit.mark_registered();
        assert!(circuit.record_lock_free(ticket, &Moment::default()), "listed meanwhile");
    }
    call(circuit, true);
    let epoch = ask(circuit).expect("it is closed").ticket.epoch();
    assert_eq!(epoch, 0, "to be listed is no change of state");
}
