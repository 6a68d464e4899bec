//! sony/gobreaker 2: its own, its two-step and its rolling-window tests.

use std::thread;

use circuit_runtime::{CallError, Config, Outcome, State, Window};

use super::Run::{Code, Script};
use super::{Row, absent, differs, same};
use crate::support::{breaker, secs};

/// It trips when *more than* five calls fail in a row.
const DEFAULT: Config = Config::new().threshold(6);

const CUSTOM: Config = Config::new()
    .failure_rate(0.6)
    .window(Window::Time(secs(30)))
    .min_calls(3)
    .recovery(secs(90))
    .success_threshold(3);

pub(super) const ROWS: &[Row] = &[
    same(
        "G1",
        &[Script(
            DEFAULT,
            "Fx5 C row=5 S C row=0 F C row=1 Fx5 O #successes=1 #failures=11 R R #rejected=2
             #successes=1 +59.999s O +1s H F O +60s +1ns H S C row=0",
        )],
    ),
    differs(
        "G2",
        "a time window rolls: a success of 29.999 s still counts at 30.999 s, so that it takes \
         one failure more",
        &[Script(
            CUSTOM,
            "{ S F X }x5 C #successes=5 #failures=5 #ignored=5 @29.999s S C @30.999s F C calls=2
             S F C calls=4 failures=2 F O +90s +1ns H Xx4 H F O
             +90s +1ns H S S H begin(a) R(full) H end(a,S) C calls=0",
        )],
    ),
    same(
        "G3",
        &[Script(
            CUSTOM,
            "{ S F X }x5 calls=10 failures=5 @3s S calls=11 @5s S X calls=12 @7s X S calls=13
             @9s F calls=14 failures=6 @12s S F @15s S F @18s S F @21s S F @24s S F
             @27s S F calls=26 failures=12 @30s F calls=17 failures=8
             Fx5 C calls=22 failures=13 rate=59.09% F O",
        )],
    ),
    same(
        "G3b",
        &[Script(CUSTOM, "open(90s) +90s +1ns H S S begin(a) +100ms R(full) end(a,S) C calls=0")],
    ),
    same("G4", &[Script(DEFAULT, "P #panicked=1 #failures=1 row=1")]),
    differs(
        "G5",
        "a window that rolls is no new period: the outcome enters the bucket it arrives in",
        &[Script(
            CUSTOM,
            "@29s S begin(a) @29.5s calls=1 @30s calls=1 @30.5s end(a,S) calls=2 #late=0",
        )],
    ),
    same("G6", &[Code(an_error_can_be_a_success)]),
    same(
        "G7",
        &[Script(
            DEFAULT,
            "Xx3 #ignored=3 row=0 Sx3 #successes=3 row=0 Fx2 row=2 #failures=2 #ignored=3",
        )],
    ),
    same(
        "G8",
        &[Script(
            DEFAULT.success_threshold(2),
            "Fx5 S F Fx5 O Rx3 +59.999s O +1s H begin(a) begin(b) R(full) R(full) H
             end(a,X) end(b,X) H S H F O +60s +1ns H S S C row=0",
        )],
    ),
    differs(
        "G9",
        "what makes no sense is refused instead of replaced by a default",
        &[Code(crate::config::zero_is_refused_everywhere)],
    ),
    absent("G10", "a state shared between processes would need a store, which is not ours"),
    same("G11", &[Code(no_outcome_of_ten_threads_is_lost)]),
    same("G12", &[Code(no_outcome_is_lost_while_the_circuit_flaps)]),
];

fn an_error_can_be_a_success() {
    let breaker = breaker(DEFAULT);
    for _ in 0..5 {
        let answer = breaker.call_with(|_| Outcome::Success, || Err::<(), _>("down"));
        assert_eq!(Err("down"), answer.unwrap());
    }
    assert_eq!((5, 0), (breaker.snapshot().successes, breaker.snapshot().failures));
    for _ in 0..6 {
        let answer = breaker.call(|| Err::<(), _>("down"));
        assert!(matches!(answer, Err(CallError::Failed("down"))));
    }
    assert_eq!(State::Open, breaker.state());
}

fn no_outcome_of_ten_threads_is_lost() {
    let breaker = breaker(CUSTOM);
    thread::scope(|threads| {
        for _ in 0..10 {
            threads.spawn(|| {
                for number in 0..10_000 {
                    let permit = breaker.try_acquire().unwrap();
                    if number % 2 == 0 { permit.success() } else { permit.ignore() }
                }
            });
        }
    });
    let seen = breaker.snapshot();
    assert_eq!((50_000, 0, 50_000), (seen.successes, seen.failures, seen.ignored));
}

fn no_outcome_is_lost_while_the_circuit_flaps() {
    let breaker = breaker(CUSTOM.recovery(std::time::Duration::from_nanos(1)));
    let ends = [Outcome::Success, Outcome::Failure, Outcome::Ignored];
    thread::scope(|threads| {
        for _ in 0..12 {
            threads.spawn(|| {
                for end in ends.into_iter().cycle().take(99) {
                    if let Ok(permit) = breaker.try_acquire() {
                        permit.record(end);
                    }
                }
            });
        }
    });
    let seen = breaker.snapshot();
    let ended = seen.successes + seen.failures + seen.ignored + seen.late;
    assert_eq!(12 * 99, ended + seen.rejected);
}
