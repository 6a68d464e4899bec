//! Random configurations, and random interleavings of everything that can happen to a circuit.

use std::ops::Range;
use std::time::Duration;

use circuit_runtime::{Mode, OnCancel, Window};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::hints::Hint;
use super::rules::{End, Rules};

#[derive(Clone, Debug)]
pub(super) enum Step {
    Begin,
    End(Index, End),
    /// Begins, takes that long, ends.
    Call(u64, End),
    /// A call by a function with `ping`, which says whether the service is well.
    Ask(bool, End),
    /// A call begins whose answer is a stream.
    Open,
    /// A part of such an answer comes.
    Part(Index, Part),
    /// Several calls that are in flight together and end alike.
    Together(u8, End),
    Advance(u64),
    /// The clock goes back, as that of a machine does which is restored from a checkpoint.
    GoBack(u64),
    Mode(Mode),
    Hint(Hint),
    Reset,
    Reconfigure(Rules),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Item(End),
    Over,
    Dropped,
}

/// All durations are small numbers of this, so that deadlines are often hit exactly, and probes
/// hang for more than a second.
const TICK: u64 = 300_000_000;

/// Sequences begin with that much behind them, so that the clock has somewhere to go back to.
pub(super) const START: u64 = 100 * TICK;

/// The lengths of time windows, in ticks. Shorter than the clock goes back.
const LENGTHS: [u64; 3] = [7, 13, 20];

fn ticks(range: Range<u64>) -> impl Strategy<Value = u64> {
    range.prop_map(|ticks| ticks * TICK)
}

type TripRules = (
    u32,
    Option<f64>,
    Option<u32>,
    Option<u64>,
    f64,
    Option<f64>,
    Option<Window>,
    u32,
    Option<u64>,
);

prop_compose! {
    fn any_trip_rules()(
        threshold in prop_oneof![1..5_u32, Just(1_000)],
        failure_rate in proptest::option::of(select(vec![0.2, 1.0 / 3.0, 0.5, 0.9, 1.0])),
        failure_count in proptest::option::of(1..12_u32),
        slow_call in proptest::option::of(ticks(1..4)),
        slow_rate in select(vec![0.25, 0.5, 1.0]),
        calls in proptest::option::of(1..12_u32),
        length in select(LENGTHS.to_vec()),
        min_calls in 1..12_u32,
        throttle in proptest::option::weighted(0.6, select(vec![0.1, 0.5, 0.9])),
        throttle_alone in proptest::bool::weighted(0.7),
        merge_failures in proptest::option::of(ticks(1..6)),
    ) -> TripRules {
        // Beside other rules it seldom comes to it.
        let alone = throttle.is_some() && throttle_alone;
        let (threshold, failure_rate, failure_count, slow_call) = if alone {
            (1_000, None, None, slow_call.filter(|_| slow_rate > 0.9))
        } else {
            (threshold, failure_rate, failure_count, slow_call)
        };
        let time = Window::Time(Duration::from_nanos(length * TICK));
        let window = calls.filter(|_| throttle.is_none()).map_or(time, Window::Calls);
        let rated = failure_rate.is_some()
            || failure_count.is_some()
            || slow_call.is_some()
            || throttle.is_some();
        let min_calls = match window {
            Window::Calls(calls) => min_calls.min(calls),
            Window::Time(_) => min_calls,
        };
        let failure_count = match window {
            Window::Calls(calls) => failure_count.map(|count| count.min(calls)),
            Window::Time(_) => failure_count,
        };
        let window = rated.then_some(window);
        (
            threshold, failure_rate, failure_count, slow_call, slow_rate, throttle, window,
            min_calls, merge_failures,
        )
    }
}

prop_compose! {
    pub(super) fn any_rules()(
        trip in any_trip_rules(),
        // All with cohorts of one length: others may be in each other's way.
        stall in proptest::option::of(ticks(4..8)),
        recovery in ticks(1..10),
        backoff in select(vec![1.0, 1.5, 2.0]),
        cap in proptest::option::of(ticks(0..40)),
        success_threshold in 1..4_u32,
        more_probes in 0..3_u32,
        probe_timeout in ticks(1..10),
        ramp in proptest::option::of(prop_oneof![Just(1), ticks(1..60)]),
        on_cancel in select(vec![OnCancel::Ignore, OnCancel::Failure, OnCancel::Slow]),
    ) -> Rules {
        let (
            threshold, failure_rate, failure_count, slow_call, slow_rate, throttle, window,
            min_calls, merge_failures,
        ) = trip;
        let is_timed = slow_call.is_some() || on_cancel != OnCancel::Slow;
        let on_cancel = if is_timed { on_cancel } else { OnCancel::Ignore };
        let max_recovery = cap.map(|cap| recovery + cap);
        let probes = success_threshold + more_probes;
        Rules {
            threshold, failure_rate, failure_count, slow_call, slow_rate, throttle, window, min_calls,
            merge_failures, stall, recovery, backoff, max_recovery, success_threshold, probes, probe_timeout, ramp, on_cancel,
        }
    }
}

fn any_end() -> impl Strategy<Value = End> {
    prop_oneof![
        6 => Just(End::Success),
        6 => Just(End::Failure),
        1 => Just(End::Ignored),
        1 => Just(End::Dropped),
        1 => ticks(0..20).prop_map(End::RetryAfter),
        1 => ticks(0..20).prop_map(End::OpenFor),
    ]
}

fn any_span() -> impl Strategy<Value = u64> {
    prop_oneof![4 => ticks(1..4), 2 => ticks(4..12), 1 => Just(1), 1 => ticks(12..60)]
}

fn any_mode() -> impl Strategy<Value = Mode> {
    // Mostly back to normal, so that the states get their share of the steps.
    select(vec![
        Mode::Normal,
        Mode::Normal,
        Mode::Normal,
        Mode::ForcedOpen,
        Mode::Disabled,
        Mode::Shadow,
    ])
}

fn any_hint() -> impl Strategy<Value = Hint> {
    prop_oneof![
        1 => ticks(0..20).prop_map(Hint::OpenFor),
        3 => ticks(0..40).prop_map(Hint::Extend),
        2 => Just(Hint::ProbeNow),
        2 => ticks(0..20).prop_map(Hint::Suspect),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => Just(Step::Begin),
        20 => (any::<Index>(), any_end()).prop_map(|(which, end)| Step::End(which, end)),
        30 => (prop_oneof![3 => Just(0), 1 => ticks(1..5)], any_end())
            .prop_map(|(takes, end)| Step::Call(takes, end)),
        4 => (2..15_u8, any_end()).prop_map(|(calls, end)| Step::Together(calls, end)),
        20 => any_span().prop_map(Step::Advance),
        // Further than a time window is long. How old its outcomes are after less is not defined.
        1 => ticks(25..60).prop_map(Step::GoBack),
        3 => any_mode().prop_map(Step::Mode),
        4 => any_hint().prop_map(Step::Hint),
        1 => Just(Step::Reset),
        3 => any_rules().prop_map(Step::Reconfigure),
    ]
}

pub(super) fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    vec(any_step(), 1..120)
}

fn any_result() -> impl Strategy<Value = End> {
    any_end().prop_filter("what has a result isn't dropped", |end| *end != End::Dropped)
}

/// Also calls by a function with `ping`.
pub(super) fn any_steps_with_pings() -> impl Strategy<Value = Vec<Step>> {
    let ask = (any::<bool>(), any_result()).prop_map(|(is_well, end)| Step::Ask(is_well, end));
    vec(prop_oneof![3 => any_step(), 1 => ask], 1..120)
}

/// Also streams.
pub(super) fn any_steps_with_streams() -> impl Strategy<Value = Vec<Step>> {
    let part = prop_oneof![
        6 => any_result().prop_map(Part::Item),
        1 => Just(Part::Over),
        1 => Just(Part::Dropped),
    ];
    let part = (any::<Index>(), part).prop_map(|(which, part)| Step::Part(which, part));
    vec(prop_oneof![3 => any_step(), 1 => Just(Step::Open), 2 => part], 1..120)
}
