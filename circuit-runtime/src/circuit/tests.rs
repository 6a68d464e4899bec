//! What a circuit tells without its lock. What is decided doesn't depend on it, but what a call
//! costs does.

use super::*;
use crate::circuit::machine::{Idleness, Verdict};
use crate::circuit::{Entry, Ticket};
use crate::config::{Config, Window};
use crate::error::Rejection;
use crate::primitives::clock::NEVER;
use crate::test_util::freeze;
use crate::window::{Ease, Mark};

const WAIT: Duration = Duration::from_secs(10);
const FRAGILE: Config = Config::new().threshold(1).recovery(WAIT);
const RATE: Config = Config::new().failure_rate(0.9).min_calls(2).recovery(WAIT);

fn own(config: Config) -> Own {
    Own::new(config.rules(), true)
}

/// Behind the lock.
fn ask(circuit: Circuit<'_>) -> Result<Entry, Refusal> {
    circuit.ask("test", 0).expect("the circuit never moves").0
}

/// A call that is admitted and judged behind the lock.
fn call(circuit: Circuit<'_>, failure: bool) {
    let epoch = ask(circuit).expect("the call is admitted").ticket.epoch();
    let verdict = |_: &Rules| Verdict::Judged(Mark { failure, slow: false });
    circuit.record("test", epoch, &Moment::default(), verdict).expect("the call isn't late");
}

/// The answer without the lock, if there is one: the ticket, or the reason and what is left.
fn look(circuit: Circuit<'_>) -> Option<Result<Ticket, (Rejection, Nanos)>> {
    let answer = circuit.front.look_at(circuit.front.word())?;
    Some(answer.map(|e| e.ticket).map_err(|r| (r.reason, r.retry_after)))
}

/// Closed circuits in their second period, and how much a success has to write in each.
fn closed_circuits() -> [(Ease, Own); 8] {
    let circuits = [
        (Ease::Calm, Config::new(), vec![false]),
        (Ease::Calm, RATE.window(Window::Calls(2)), vec![false, false]),
        (Ease::Stirred, Config::new(), vec![true]),
        (Ease::Slides, RATE.window(Window::Calls(8)), vec![true, false]),
        (Ease::Slides, RATE.window(Window::Calls(8)), vec![false, true]),
        (Ease::Stirred, RATE.window(Window::Calls(8)), vec![true]),
        (Ease::Counts, RATE.window(Window::Time(WAIT)), vec![false]),
        (Ease::Stirred, RATE.window(Window::Time(WAIT)), vec![false, true]),
    ];
    circuits.map(|(ease, config, failures)| {
        let own = own(config);
        own.circuit().reset("test", None);
        for failure in failures {
            call(own.circuit(), failure);
        }
        (ease, own)
    })
}

/// Of a call that was admitted in their second period.
fn ticket() -> Ticket {
    Ticket::of_epoch(1)
}

#[test]
fn a_closed_circuit_admits_without_its_lock() {
    for (ease, own) in &closed_circuits() {
        let (ease, circuit) = (*ease, own.circuit());
        assert_eq!(circuit.front.quick(), Some(ticket()), "{ease:?}");
        assert_eq!(look(circuit), Some(Ok(ticket())), "{ease:?}");
    }
}

#[test]
fn a_stopwatch_and_a_bulkhead_ask_for_more_than_a_look_at_the_word() {
    let timed = own(RATE.slow_call(WAIT).min_calls(1).window(Window::Calls(1)));
    let limited = own(Config::new().max_concurrent(1));
    let (timed, limited) = (timed.circuit(), limited.circuit());
    call(timed, false);
    assert_eq!((timed.front.quick(), limited.front.quick()), (None, None));
    assert_eq!(look(timed), Some(Ok(Ticket::of_epoch(0).clocked())));
    assert_eq!(look(limited), Some(Ok(Ticket::of_epoch(0))));
    // The end of a call that was fast needs no lock all the same.
    for (circuit, ticket) in
        [(timed, Ticket::of_epoch(0).clocked()), (limited, Ticket::of_epoch(0).placed())]
    {
        assert!(
            !circuit.front.is_calm_for(ticket) && circuit.take_down(ticket, &Moment::default())
        );
    }
}

#[test]
fn a_mode_answers_without_the_lock() {
    let own = own(FRAGILE);
    let circuit = own.circuit();
    for (mode, answer) in [
        (Mode::ForcedOpen, Err((Rejection::ForcedOpen, NEVER))),
        (Mode::Disabled, Ok(Ticket::of_epoch(0).counted())),
        (Mode::Shadow, Ok(Ticket::of_epoch(0))),
    ] {
        circuit.set_mode(mode);
        assert_eq!((circuit.front.quick(), look(circuit)), (None, Some(answer)), "{mode:?}");
        assert!(circuit.front.word().just_rejects().is_none(), "{mode:?}");
    }
}

#[test]
fn an_open_circuit_rejects_without_its_lock_until_its_deadline() {
    let time = freeze();
    let own = own(FRAGILE);
    let circuit = own.circuit();
    assert_eq!(circuit.idleness(), Idleness::Calm);
    assert!(circuit.front.word().just_rejects().is_none());
    call(circuit, true);
    assert!(circuit.front.word().just_rejects().is_some());
    assert_eq!(circuit.idleness(), Idleness::Until(clock::now() + clock::nanos(WAIT)));
    assert_eq!(look(circuit), Some(Err((Rejection::Open, clock::nanos(WAIT)))));
    time.advance(Duration::from_nanos(clock::nanos(WAIT) - 1));
    assert_eq!(look(circuit), Some(Err((Rejection::Open, 1))));
    time.advance(Duration::from_nanos(1));
    assert_eq!((circuit.front.quick(), look(circuit)), (None, None));
}

#[test]
fn a_half_open_circuit_rejects_without_its_lock_once_it_is_full() {
    let time = freeze();
    let lease = WAIT * 2;
    let own = own(FRAGILE.probes(2).probe_timeout(lease));
    let circuit = own.circuit();
    call(circuit, true);
    time.advance(WAIT);
    assert!(ask(circuit).is_ok());
    assert_eq!((circuit.front.quick(), look(circuit)), (None, None));
    assert!(circuit.front.word().just_rejects().is_none());
    assert!(ask(circuit).is_ok());
    assert!(circuit.front.word().just_rejects().is_some());
    // Callers are told to come back within a second.
    assert_eq!(look(circuit), Some(Err((Rejection::HalfOpenFull, 1_000_000_000))));
    time.advance(lease);
    assert_eq!(look(circuit), None);
}

/// A fifth of the price of the exact clock, which no two readings of could agree so often.
#[test]
#[cfg(target_os = "linux")]
fn a_rejection_far_from_the_deadline_reads_the_coarse_clock() {
    let own = own(FRAGILE);
    let circuit = own.circuit();
    call(circuit, true);
    let left: Vec<_> = (0..100).map(|_| look(circuit)).collect();
    assert!(left.windows(2).any(|two| two[0] == two[1]));
}

/// A reader between two writers finds each state with a deadline of its own.
#[test]
fn open_and_full_have_a_deadline_each() {
    let own = own(FRAGILE);
    let circuit = own.circuit();
    assert!(!std::ptr::eq(
        circuit.front.deadline(State::Open),
        circuit.front.deadline(State::HalfOpen)
    ));
}

#[test]
fn a_success_writes_what_it_has_to_without_the_lock() {
    for (ease, own) in &closed_circuits() {
        let (ease, circuit) = (*ease, own.circuit());
        let ticket = ticket();
        assert_eq!(circuit.front.is_calm_for(ticket), ease == Ease::Calm, "{ease:?}");
        assert_eq!(circuit.front.ease_for_bare(ticket), ease);
        assert_eq!(circuit.slide(1), ease == Ease::Slides, "{ease:?}");
        let counts = |epoch| circuit.front.count(epoch, &Moment::default()).is_some();
        let tally = circuit.front.tally.get();
        assert_eq!((counts(1), counts(2)), (tally.is_some(), false), "{ease:?}");
        // What a call gives back by itself is no matter for the lock.
        for ticket in [ticket, ticket.placed(), ticket.clocked()] {
            let taken_down = circuit.take_down(ticket, &Moment::default());
            assert_eq!(taken_down, ease != Ease::Stirred, "{ease:?} {ticket:?}");
        }
        for not_judged_here in
            [ticket.unseen(), ticket.counted(), Ticket::of_epoch(0), Ticket::of_epoch(2)]
        {
            assert!(!circuit.front.is_calm_for(not_judged_here), "{ease:?} {not_judged_here:?}");
            assert!(!circuit.take_down(not_judged_here, &Moment::default()), "{ease:?}");
            let bare = circuit.front.ease_for_bare(not_judged_here);
            assert_eq!(bare, Ease::Stirred, "{ease:?} {not_judged_here:?}");
        }
    }
}

#[test]
fn buckets_of_a_second_and_more_are_told_by_the_coarse_clock() {
    for (window, coarse) in [(WAIT, true), (Duration::from_millis(9_999), false)] {
        let own = own(RATE.window(Window::Time(window)));
        assert!(!own.front().counts_coarsely(), "nothing is counted there yet");
        call(own.circuit(), false);
        assert_eq!(own.front().counts_coarsely(), coarse, "{window:?}");
    }
}

#[test]
fn a_time_window_with_a_failure_in_it_has_no_use_for_threads_that_count() {
    let own = own(RATE.window(Window::Time(WAIT)));
    let circuit = own.circuit();
    call(circuit, true);
    assert!(circuit.front.tally.get().is_none());
}

/// It ends the run of failures too, though nobody writes that down before the next one holds the lock.
#[test]
fn a_success_that_slides_comes_between_two_failures() {
    let own = own(RATE.threshold(2).window(Window::Calls(8)));
    let circuit = own.circuit();
    call(circuit, false);
    for _ in 0..5 {
        call(circuit, true);
        assert_eq!(circuit.front.ease_for_bare(Ticket::of_epoch(0)), Ease::Slides);
        assert!(circuit.slide(0));
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
    let [timed, untimed] = owns.each_ref().map(Own::circuit);
    assert!(timed.front.is_slow(slow) && !timed.front.is_slow(slow - 1));
    assert!(!untimed.front.is_slow(slow) && !untimed.front.is_slow(NEVER - 1));
    timed.reconfigure("test", Config::new().slow_call(WAIT * 2).rules());
    assert!(timed.front.is_slow(slow * 2) && !timed.front.is_slow(slow));
}

#[test]
fn a_circuit_that_serves_another_key_sends_the_calls_of_the_old_one_away() {
    let own = own(FRAGILE);
    let circuit = own.circuit();
    let mut tenants = vec![circuit.front.tenant()];
    for key in ["first", "second"] {
        assert!(circuit.ask("test", tenants[tenants.len() - 1]).is_ok());
        circuit.reassign(key, FRAGILE.rules(), Mode::Normal, |_| true).unwrap();
        for tenant in &tenants {
            assert!(circuit.ask("test", *tenant).is_err(), "tenant {tenant} is gone");
        }
        tenants.push(circuit.front.tenant());
    }
}

#[test]
fn a_tenants_text_can_be_read_from_its_settling_on_and_its_number_never_comes_back() {
    let own = own(FRAGILE);
    let Circuit { front, .. } = own.circuit();
    let mut seen = vec![front.tenant()];
    // Of some keys the text can't be read at all.
    for settles in [true, false, false, true, true, false, true] {
        own.circuit().reassign("key", FRAGILE.rules(), Mode::Normal, |_| true).unwrap();
        seen.push(front.tenant());
        assert_eq!(front.readable_tenant(), None);
        if settles {
            front.settle_tenant();
            seen.push(front.tenant());
            assert_eq!(front.readable_tenant(), Some(front.tenant()));
        }
    }
    assert!((1..seen.len()).all(|index| !seen[..index].contains(&seen[index])), "{seen:?}");
}

#[test]
fn a_late_outcome_is_told_from_one_for_an_earlier_key() {
    let own = own(FRAGILE);
    let circuit = own.circuit();
    circuit.reassign("first", FRAGILE.rules(), Mode::Normal, |_| true).unwrap();
    circuit.reassign("second", FRAGILE.rules(), Mode::Normal, |_| true).unwrap();
    (0..5).for_each(|_| drop(circuit.reset("test", None)));
    let of_earlier_key = |epoch| {
        let neutral = |_: &Rules| Verdict::Neutral;
        circuit.record("test", epoch, &Moment::default(), neutral).map_err(|l| l.of_earlier_key)
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
    let circuit = own.circuit();
    let enter = || {
        let word = circuit.front.word();
        let answer = circuit.front.look_at(word);
        let answer = circuit.complete(word, answer.expect("it is closed"), 0);
        answer.expect("the circuit never moves").map(|entry| entry.ticket)
    };
    assert!((0..2).all(|_| enter().is_ok_and(Ticket::is_placed)));
    assert_eq!(enter().err().map(|refusal| refusal.reason), Some(Rejection::TooManyCalls));
    assert!(!circuit.front.leave());
    assert!(enter().is_ok());
}

#[test]
fn without_a_bulkhead_or_where_nothing_is_judged_no_place_is_taken() {
    let (unlimited, disabled) = (own(Config::new()), own(Config::new().max_concurrent(1)));
    disabled.circuit().set_mode(Mode::Disabled);
    for circuit in [unlimited.circuit(), disabled.circuit()] {
        let word = circuit.front.word();
        let entry = circuit.front.look_at(word).expect("it is told without the lock");
        let entered = circuit.complete(word, entry, 0).expect("the circuit never moves");
        assert!(entered.is_ok_and(|entry| !entry.ticket.is_placed()));
    }
}

/// A circuit made by hand may never be listed.
#[test]
fn a_circuit_that_is_not_listed_is_as_quick_but_for_an_attributes_first_call() {
    let own = Own::new(Config::new().rules(), false);
    let circuit = own.circuit();
    for listed in [false, true] {
        assert_eq!(circuit.is_listed(), listed);
        let ticket = circuit.front.quick().expect("it is closed");
        assert_eq!(circuit.front.quick_if_listed(), listed.then_some(ticket));
        assert!(circuit.front.is_calm_for(ticket) && circuit.take_down(ticket, &Moment::default()));
        circuit.list();
        assert!(circuit.take_down(ticket, &Moment::default()), "listed meanwhile");
    }
    call(circuit, true);
    let epoch = ask(circuit).expect("it is closed").ticket.epoch();
    assert_eq!(epoch, 0, "to be listed is no change of state");
}
