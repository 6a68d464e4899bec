//! Streams beside the model: a probe has answered with its first item, and ends with its last.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use circuit_runtime::{CircuitOpenError, Mode, Outcome, State};
use futures_core::Stream;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::memory::{Judge, Model};
use super::rules::End;
use super::strategy::{Part, any_steps_with_streams};
use super::{Pair, agree};

/// What a stream gives at the next poll; `None` is its end.
type Next = Rc<Cell<Poll<Option<End>>>>;

struct Fed(Next);

impl Stream for Fed {
    type Item = End;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<End>> {
        self.0.replace(Poll::Pending)
    }
}

fn outcome(end: &End) -> Outcome {
    match *end {
        End::Success => Outcome::Success,
        End::Failure => Outcome::Failure,
        End::Ignored => Outcome::Ignored,
        End::RetryAfter(nanos) => Outcome::RetryAfter(Duration::from_nanos(nanos)),
        End::OpenFor(nanos) => Outcome::OpenFor(Duration::from_nanos(nanos)),
        End::Dropped => unreachable!("an item isn't dropped"),
    }
}

/// A stream in flight, and what the model knows of it.
pub(super) struct Streaming<'a> {
    stream: Pin<Box<dyn Stream<Item = Result<End, CircuitOpenError>> + 'a>>,
    next: Next,
    call: Call,
}

/// A call whose answer is a stream.
struct Call {
    judge: Judge,
    began: Option<u64>,
    listed: Option<u64>,
    stage: Stage,
}

#[derive(Clone, Copy)]
enum Stage {
    Silent {
        has_ignored: bool,
    },
    /// An item has succeeded, so long after the beginning; as the answer of a probe it may have been slow.
    Answered {
        took: Option<u64>,
        as_probe: Option<bool>,
    },
    Failed,
}

impl Streaming<'_> {
    pub(super) fn is_listed(&self) -> bool {
        self.call.listed.is_some()
    }

    fn poll(&mut self) -> Poll<Option<Result<End, CircuitOpenError>>> {
        self.stream.as_mut().poll_next(&mut Context::from_waker(Waker::noop()))
    }
}

impl Model {
    fn took(&self, call: &Call) -> Option<u64> {
        call.began.map(|began| self.now.saturating_sub(began))
    }

    fn part(&mut self, call: &mut Call, part: Part) {
        let end = match (part, call.stage) {
            (_, Stage::Failed)
            | (Part::Item(End::Success | End::Ignored), Stage::Answered { .. }) => return,
            (Part::Item(End::Success), Stage::Silent { .. }) => return self.begin_answer(call),
            (Part::Item(End::Ignored), Stage::Silent { .. }) => {
                call.stage = Stage::Silent { has_ignored: true };
                return;
            }
            (Part::Item(failure), _) => failure,
            (Part::Dropped, Stage::Silent { .. }) => End::Dropped,
            (Part::Over, Stage::Silent { has_ignored: true }) => End::Ignored,
            (Part::Over | Part::Dropped, _) => End::Success,
        };
        match call.stage {
            Stage::Answered { took, as_probe: Some(was_slow) } => {
                self.end_answered(call.judge, took, was_slow, end);
            }
            Stage::Answered { took, as_probe: None } => self.end(call.judge, None, took, end),
            _ => self.end(call.judge, call.listed, self.took(call), end),
        }
        call.listed = None;
        call.stage = Stage::Failed;
    }

    fn begin_answer(&mut self, call: &mut Call) {
        self.notice();
        let took = self.took(call);
        if call.listed.take().is_some_and(|id| self.unlist(id)) {
            self.counts.late += 1;
            call.judge = Judge::Nobody;
        }
        let is_probe = self.state == State::HalfOpen
            && self.mode != Mode::Disabled
            && matches!(call.judge, Judge::Period(number, _) if number == self.period.number);
        let slow = self.is_slow(took);
        call.stage = Stage::Answered { took, as_probe: is_probe.then_some(slow) };
        if is_probe {
            self.period.succeeded += u32::from(!slow);
            self.period.failed += u32::from(slow);
            self.decide();
        }
    }

    /// The end of a call that has answered as a probe.
    fn end_answered(&mut self, judge: Judge, took: Option<u64>, was_slow: bool, end: End) {
        let Judge::Period(number, _) = judge else { unreachable!("a probe is judged") };
        if self.period.closed_by == Some(number) {
            return self.end(Judge::Period(self.period.number, 0), None, took, end);
        }
        if self.period.number != number {
            self.counts.late += 1;
            return;
        }
        self.notice();
        let failed = self.rules.is_failure(end);
        self.counts.add(end, self.is_slow(took), false, failed);
        if !failed || self.mode == Mode::Disabled {
            return;
        }
        let took_back = u32::from(!was_slow);
        self.period.succeeded -= took_back;
        self.period.failed += took_back;
        self.period.asked = self.period.asked.max(end.asked());
        if end.opens() { self.open(true) } else { self.decide() }
    }
}

impl Pair<'_> {
    pub(super) fn open_stream(&mut self) -> TestCaseResult {
        let (seed, roll) = self.next_random();
        fastrand::seed(seed);
        let next = Next::new(Cell::new(Poll::Pending));
        let stream = self.breaker.guard_stream_with(outcome, Fed(Rc::clone(&next)));
        let admitted = self.model.admit(roll);
        let call = |judge| Call {
            judge,
            began: None,
            listed: None,
            stage: Stage::Silent { has_ignored: false },
        };
        let mut streaming = Streaming { stream: Box::pin(stream), next, call: call(Judge::Nobody) };
        match (admitted, streaming.poll()) {
            (Ok(judge), Poll::Pending) => {
                let is_judged = matches!(judge, Judge::Period(..));
                streaming.call = Call {
                    began: self.model.rules.slow_call.map(|_| self.model.now),
                    listed: if is_judged { self.model.list() } else { None },
                    ..call(judge)
                };
                self.streams.push(streaming);
            }
            (Err((reason, left)), Poll::Ready(Some(Err(error)))) => {
                prop_assert_eq!(reason, error.reason());
                prop_assert_eq!(left.map(Duration::from_nanos), error.retry_after());
            }
            (Err(_), _) => prop_assert!(false, "only the breaker admits"),
            (Ok(_), _) => prop_assert!(false, "only the model admits"),
        }
        Ok(())
    }

    pub(super) fn part(&mut self, which: usize, part: Part) -> TestCaseResult {
        let Streaming { call, next, .. } = &mut self.streams[which];
        self.model.part(call, part);
        match part {
            Part::Item(end) => next.set(Poll::Ready(Some(end))),
            Part::Over => next.set(Poll::Ready(None)),
            Part::Dropped => {}
        }
        match part {
            Part::Item(_) => {
                prop_assert!(matches!(self.streams[which].poll(), Poll::Ready(Some(Ok(_)))));
            }
            Part::Over => {
                prop_assert!(matches!(self.streams[which].poll(), Poll::Ready(None)));
                drop(self.streams.remove(which));
            }
            Part::Dropped => drop(self.streams.remove(which)),
        }
        Ok(())
    }
}

#[test]
fn streams_do_what_the_model_does() {
    agree(any_steps_with_streams());
}
