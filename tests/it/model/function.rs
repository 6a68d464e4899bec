//! `ping` and `stale` beside the model: a function with both shares a circuit with calls by hand.

use std::cell::Cell;
use std::time::Duration;

use circuit_runtime::{
    CircuitBreaker, CircuitOpenError, Config, Mode, Outcome, Rejection, State, circuit_breaker,
};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestRunner};

use super::memory::{Judge, Model};
use super::reference::Refusal;
use super::rules::{Counts, End};
use super::strategy::{Step, any_rules, any_steps_with_pings};
use super::{Pair, settings};

static SHARED: CircuitBreaker = CircuitBreaker::new("model: function", Config::new());

const HOUR: u64 = 3_600_000_000_000;

thread_local! {
    static IS_WELL: Cell<bool> = const { Cell::new(true) };
    static PINGS: Cell<u32> = const { Cell::new(0) };
}

enum Failed {
    With(Outcome),
    Rejected(CircuitOpenError),
}

impl From<CircuitOpenError> for Failed {
    fn from(error: CircuitOpenError) -> Self {
        Failed::Rejected(error)
    }
}

fn judged(result: &Result<u64, Failed>) -> Outcome {
    match result {
        Err(Failed::With(outcome)) => *outcome,
        _ => Outcome::Success,
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "a `ping` takes the parameters by reference")]
fn health(_: &End, _: &u64) -> Result<(), ()> {
    PINGS.set(PINGS.get() + 1);
    if IS_WELL.get() { Ok(()) } else { Err(()) }
}

#[circuit_breaker(breaker = SHARED, ping = health, classify = judged, stale = "1500ms", stale_key = ())]
fn call(end: End, number: u64) -> Result<u64, Failed> {
    let wait = Duration::from_nanos;
    Err(Failed::With(match end {
        End::Success => return Ok(number),
        End::Failure | End::Dropped => Outcome::Failure,
        End::Ignored => Outcome::Ignored,
        End::RetryAfter(nanos) => Outcome::RetryAfter(wait(nanos)),
        End::OpenFor(nanos) => Outcome::OpenFor(wait(nanos)),
    }))
}

/// How old a value may be.
const AGE: u64 = 1_500_000_000;

/// The last value of the function.
#[derive(Clone, Copy)]
struct Kept {
    number: u64,
    when: u64,
}

impl Model {
    /// A call by the function, which takes no time. Says also whether it asked first, and whether its
    /// success is kept.
    fn call(&mut self, roll: f64, is_well: bool, end: End) -> ([bool; 2], Result<(), Refusal>) {
        let judge = match self.admit(roll) {
            Ok(judge) => judge,
            Err(refusal) => return ([false; 2], Err(refusal)),
        };
        let is_judged = matches!(judge, Judge::Period(..));
        let asks = is_judged && self.state == State::HalfOpen;
        if asks && !is_well {
            return ([true, false], self.fail_ping());
        }
        let listed = if is_judged { self.list() } else { None };
        let timed = self.rules.slow_call.is_some();
        self.end(judge, listed, timed.then_some(0), end);
        let is_counted = !matches!(judge, Judge::Nobody);
        ([asks, is_counted && end == End::Success], Ok(()))
    }

    /// The probe has failed, and is counted as the rejected call that it becomes.
    fn fail_ping(&mut self) -> Result<(), Refusal> {
        self.period.failed += 1;
        self.decide();
        self.counts.rejected += 1;
        if self.mode == Mode::Shadow {
            return Ok(());
        }
        let is_open = self.state == State::Open;
        let left = if is_open { self.left(self.open_until, self.open_for) } else { 0 };
        Err((Rejection::Open, Some(left)))
    }
}

impl Pair<'_> {
    fn ask(&mut self, is_well: bool, end: End, last: &mut Option<Kept>) -> TestCaseResult {
        let (seed, roll) = self.next_random();
        let ([asks, keeps], expected) = self.model.call(roll, is_well, end);
        if keeps {
            *last = Some(Kept { number: seed, when: self.model.now });
        }
        if expected.is_err() {
            // One that is found to be too old is gone, also after the clock went back.
            *last = last.filter(|kept| self.model.left(kept.when + AGE + 1, AGE + 1) > 0);
        }
        IS_WELL.set(is_well);
        PINGS.set(0);
        fastrand::seed(seed);
        match (call(end, seed), expected) {
            (Ok(number), Err(_)) if last.is_some_and(|kept| kept.number == number) => {
                self.model.counts.stale += 1;
            }
            (Err(_), Err(_)) if last.is_some() => prop_assert!(false, "a value was kept"),
            (Err(Failed::Rejected(error)), Err((reason, left))) => {
                prop_assert_eq!(reason, error.reason());
                prop_assert_eq!(left.map(Duration::from_nanos), error.retry_after());
            }
            (Err(Failed::Rejected(error)), Ok(())) => {
                prop_assert!(false, "the model admits, the breaker: {error}");
            }
            (Ok(_) | Err(Failed::With(_)), Err(refusal)) => {
                prop_assert!(false, "the breaker admits, the model: {refusal:?}");
            }
            (answer, Ok(())) => {
                prop_assert_eq!(answer.ok(), (end == End::Success).then_some(seed));
            }
        }
        prop_assert_eq!(u32::from(asks), PINGS.get());
        Ok(())
    }
}

#[test]
fn a_function_with_ping_and_stale_does_what_the_model_does() {
    let sequences = (any_rules(), any_steps_with_pings());
    let runs = Cell::new(0);
    // In how many sequences a probe asked in vain, one didn't, and a stale value was returned.
    let reached = Cell::new([0_u64; 3]);
    let compared = TestRunner::new(settings()).run(&sequences, |(rules, steps)| {
        let mut pair = Pair::new(rules.clone(), &SHARED);
        // The circuit is the same for all sequences: each begins long after the last.
        runs.set(runs.get() + 1);
        pair.advance(runs.get() * HOUR);
        SHARED.resume();
        SHARED.reconfigure(rules.config()).unwrap();
        SHARED.reset();
        pair.model.counts = Counts::of(&SHARED.snapshot());
        pair.compare()?;
        let (mut last, mut asked) = (None, [false; 2]);
        let before = SHARED.snapshot().stale;
        for step in steps {
            match step {
                Step::Ask(is_well, end) => {
                    pair.ask(is_well, end, &mut last)?;
                    asked[usize::from(is_well)] |= PINGS.get() > 0;
                }
                step => pair.step(step)?,
            }
            pair.compare()?;
        }
        let [in_vain, well] = asked;
        let signs = [in_vain, well, SHARED.snapshot().stale > before];
        let counts = reached.get();
        reached.set(std::array::from_fn(|sign| counts[sign] + u64::from(signs[sign])));
        Ok(())
    });
    compared.unwrap_or_else(|failure| panic!("{failure}"));
    // Agreement would mean little if the function hardly ever asked first, or had a value.
    let (reached, least) = (reached.get(), runs.get() / 10);
    assert!(reached.iter().all(|count| *count >= least), "{reached:?} of {}", runs.get());
}
