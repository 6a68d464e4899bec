//! A reference model and the real breaker, driven side by side.

mod function;
mod hints;
mod memory;
mod reference;
mod rules;
mod stall;
mod strategy;
mod stream;
mod throttle;
mod window;

use std::time::Duration;

use circuit_runtime::test_util::{Frozen, freeze};
use circuit_runtime::{CircuitBreaker, Mode, Outcome, Permit, State, Transition};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{
    Config as Settings, FileFailurePersistence, TestCaseResult, TestRunner,
};

use hints::Hint;
use memory::{Judge, Model};
use rules::{Counts, End, Rules};
use strategy::{Part, START, Step, any_rules, any_steps};
use stream::Streaming;

use crate::support::breaker;

/// The breaker, its model, and the calls in flight through both.
struct Pair<'a> {
    model: Model,
    breaker: &'a CircuitBreaker,
    /// Shows the time; once it is dropped, the clock is back at zero.
    time: Option<Frozen>,
    _zero: Frozen,
    /// The seed of the next call's random numbers.
    seed: u64,
    flying: Vec<Flying<'a>>,
    streams: Vec<Streaming<'a>>,
}

/// A call in flight.
struct Flying<'a> {
    /// Who judges it according to the model.
    judge: Judge,
    permit: Permit<'a>,
    /// When it began, which is only looked up if a rule asks for it by then.
    began: Option<u64>,
    /// Its place in the model's list, if it may stall.
    listed: Option<u64>,
}

impl<'a> Pair<'a> {
    fn new(rules: Rules, breaker: &'a CircuitBreaker) -> Self {
        let zero = freeze();
        let mut pair = Pair {
            model: Model::new(rules),
            breaker,
            time: Some(freeze()),
            _zero: zero,
            seed: 0,
            flying: Vec::new(),
            streams: Vec::new(),
        };
        pair.advance(START);
        pair
    }

    fn step(&mut self, step: Step) -> TestCaseResult {
        match step {
            Step::Begin => drop(self.begin()?),
            Step::End(which, end) if !self.flying.is_empty() => {
                self.end(which.index(self.flying.len()), end);
            }
            Step::Call(takes, end) => {
                let admitted = self.begin()?;
                self.advance(takes);
                if admitted {
                    self.end(self.flying.len() - 1, end);
                }
            }
            Step::Together(calls, end) => {
                let before = self.flying.len();
                for _ in 0..calls {
                    self.begin()?;
                }
                while self.flying.len() > before {
                    self.end(self.flying.len() - 1, end);
                }
            }
            Step::Advance(by) => self.advance(by),
            Step::GoBack(by) if by <= self.model.now => self.go_back(by)?,
            Step::Open => self.open_stream()?,
            Step::Part(which, part) if !self.streams.is_empty() => {
                self.part(which.index(self.streams.len()), part)?;
            }
            Step::End(..) | Step::Part(..) | Step::GoBack(_) => {}
            Step::Ask(..) => unreachable!("`function` takes these steps"),
            Step::Mode(mode) => {
                self.model.set_mode(mode);
                match mode {
                    Mode::Normal => self.breaker.resume(),
                    Mode::ForcedOpen => self.breaker.force_open(),
                    Mode::Disabled => self.breaker.disable(),
                    Mode::Shadow => self.breaker.shadow(),
                }
            }
            Step::Hint(hint) => {
                self.model.hint(hint);
                match hint {
                    Hint::OpenFor(wait) => self.breaker.open_for(Duration::from_nanos(wait)),
                    Hint::Extend(wait) => self.breaker.extend(Duration::from_nanos(wait)),
                    Hint::ProbeNow => self.breaker.probe_now(),
                    Hint::Suspect(wait) => self.breaker.suspect(Duration::from_nanos(wait)),
                }
            }
            Step::Reset => {
                self.model.reset();
                self.breaker.reset();
            }
            Step::Reconfigure(rules) => {
                self.breaker.reconfigure(rules.config()).unwrap();
                self.model.reconfigure(rules);
            }
        }
        Ok(())
    }

    /// A seed, and the first number that it gives.
    fn next_random(&mut self) -> (u64, f64) {
        self.seed += 1;
        (self.seed, fastrand::Rng::with_seed(self.seed).f64())
    }

    /// Whether the call was admitted; both have to be of one mind.
    fn begin(&mut self) -> Result<bool, TestCaseError> {
        let (seed, roll) = self.next_random();
        fastrand::seed(seed);
        match (self.model.admit(roll), self.breaker.try_acquire()) {
            (Ok(judge), Ok(permit)) => {
                let timed = self.model.rules.slow_call.is_some();
                let began = timed.then_some(self.model.now);
                let is_judged = matches!(judge, Judge::Period(..));
                let listed = if is_judged { self.model.list() } else { None };
                self.flying.push(Flying { judge, permit, began, listed });
            }
            (Err((reason, left)), Err(error)) => {
                prop_assert_eq!(reason, error.reason());
                prop_assert_eq!(left.map(Duration::from_nanos), error.retry_after());
                return Ok(false);
            }
            (Ok(_), Err(error)) => prop_assert!(false, "the model admits, the breaker: {error}"),
            (Err(refusal), Ok(_)) => {
                prop_assert!(false, "the breaker admits, the model: {refusal:?}");
            }
        }
        Ok(true)
    }

    fn end(&mut self, which: usize, end: End) {
        let Flying { judge, permit, began, listed } = self.flying.remove(which);
        let took = began.map(|began| self.model.now.saturating_sub(began));
        self.model.end(judge, listed, took, end);
        match end {
            End::Success => permit.success(),
            End::Failure => permit.failure(),
            End::Ignored => permit.ignore(),
            End::RetryAfter(wait) => permit.record(Outcome::RetryAfter(Duration::from_nanos(wait))),
            End::OpenFor(wait) => permit.record(Outcome::OpenFor(Duration::from_nanos(wait))),
            End::Dropped => drop(permit),
        }
    }

    fn advance(&mut self, by: u64) {
        self.model.now += by;
        if let Some(time) = &self.time {
            time.advance(Duration::from_nanos(by));
        }
    }

    fn go_back(&mut self, by: u64) -> TestCaseResult {
        self.model.go_back(by);
        drop(self.time.take());
        let time = freeze();
        time.advance(Duration::from_nanos(self.model.now));
        self.time = Some(time);
        // A call that begins at the same time once more isn't told from one that has stalled.
        while let Some(which) = self.flying.iter().position(|call| call.listed.is_some()) {
            self.end(which, End::Dropped);
        }
        while let Some(which) = self.streams.iter().position(Streaming::is_listed) {
            self.part(which, Part::Dropped)?;
        }
        Ok(())
    }

    fn compare(&mut self) -> TestCaseResult {
        self.model.notice();
        let (model, breaker, seen) = (&self.model, self.breaker, self.breaker.snapshot());
        prop_assert_eq!((model.state(), model.mode), (seen.state, seen.mode));
        prop_assert_eq!((model.state(), model.mode), (breaker.state(), breaker.mode()));
        prop_assert_eq!(model.period.run, seen.failures_in_a_row);
        // Else the mode decides, and no rule lets a share of the calls pass.
        let is_asked = matches!(model.mode, Mode::Normal | Mode::Shadow);
        prop_assert_eq!(model.share().filter(|_| is_asked), seen.ramp);
        prop_assert_eq!(model.chance().filter(|_| is_asked), seen.throttle);
        let in_flight = self.flying.iter().filter(|call| call.listed.is_some()).count()
            + self.streams.iter().filter(|stream| stream.is_listed()).count();
        prop_assert_eq!(
            model.rules.stall.map(|_| in_flight),
            seen.in_flight.map(|calls| calls as usize)
        );
        prop_assert_eq!(&model.counts, &Counts::of(&seen));
        let figures = seen.window.map(|window| [window.calls, window.failures, window.slow]);
        let expected = model.window.figures(model.now);
        prop_assert_eq!(
            expected.map(|[calls, failures, slow, ..]| [calls, failures, slow]),
            figures
        );
        Ok(())
    }
}

/// More sequences than proptest's own default, fewer than CI asks for with `PROPTEST_CASES`.
fn settings() -> Settings {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Settings {
        cases: cases.unwrap_or(3_000),
        // By default so many for all sequences together: too few for a hundred thousand.
        max_local_rejects: u32::MAX,
        source_file: Some(file!()),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..Settings::default()
    }
}

/// Whether the breaker does in such sequences what the model does.
fn agree(steps: impl Strategy<Value = Vec<Step>>) {
    let sequences = (any_rules(), steps);
    let compared = TestRunner::new(settings()).run(&sequences, |(rules, steps)| {
        let breaker = breaker(rules.config());
        let mut pair = Pair::new(rules, &breaker);
        for step in steps {
            pair.step(step)?;
            pair.compare()?;
        }
        Ok(())
    });
    compared.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn the_breaker_does_what_the_model_does() {
    agree(any_steps());
}

/// Agreement would mean little if the circuits hardly ever did anything.
#[test]
fn the_random_sequences_reach_every_state() {
    let mut runner = TestRunner::deterministic();
    let mut reached = [0_u32; 9];
    for _ in 0..300 {
        let (rules, steps) = (any_rules(), any_steps()).new_tree(&mut runner).unwrap().current();
        let breaker = breaker(rules.config());
        let mut pair = Pair::new(rules, &breaker);
        let (mut throttles, mut ramps, mut merges) = (false, false, false);
        let mut before = breaker.snapshot();
        for step in steps {
            pair.step(step).unwrap();
            // Calls that have stalled are noticed by both at the same time.
            pair.compare().unwrap();
            let seen = breaker.snapshot();
            throttles |= seen.throttle.is_some();
            ramps |= seen.ramp.is_some();
            // One more failure, which doesn't lengthen the run.
            merges |= seen.failures > before.failures
                && seen.transitions == before.transitions
                && seen.failures_in_a_row > 0
                && seen.failures_in_a_row == before.failures_in_a_row;
            before = seen;
        }

        let seen = breaker.snapshot();
        let closed = |change: &Transition| change.to == State::Closed;
        let reopened =
            |change: &Transition| (change.from, change.to) == (State::HalfOpen, State::Open);
        let signs = [
            seen.transitions > 0,
            seen.recent_transitions.iter().any(closed),
            seen.recent_transitions.iter().any(reopened),
            seen.rejected > 0,
            seen.late > 0,
            throttles,
            ramps,
            merges,
            seen.stalled > 0,
        ];
        for (count, sign) in reached.iter_mut().zip(signs) {
            *count += u32::from(sign);
        }
    }
    assert!(reached.iter().all(|count| *count >= 30), "{reached:?}");
}
