//! `MicroProfile` Fault Tolerance 4.1: its TCK, and `SmallRye`'s tests of its own.

use circuit_runtime::test_util::freeze;
use circuit_runtime::{CallError, Config, Outcome, State, Window};

use super::Run::{Code, Script};
use super::{Row, differs, same};
use crate::support::{breaker, millis, secs};

/// Its `requestVolumeThreshold` is the window and what is needed to judge it.
const fn volume(calls: u32, ratio: f64) -> Config {
    Config::new().failure_rate(ratio).window(Window::Calls(calls)).recovery(secs(1))
}

const FOUR: Config = volume(4, 0.75);

pub(super) const ROWS: &[Row] = &[
    same("M1", &[Script(FOUR.success_threshold(2).recovery(secs(50)), "Fx4 O Rx3 ran=4")]),
    same(
        "M2",
        &[Script(
            FOUR.success_threshold(2).recovery(millis(1)),
            "Fx4 O +500ms S H S C S ran=7 #rejected=0",
        )],
    ),
    same("M3", &[Script(FOUR, "Fx4 O R +2s S C calls=0 Fx3 C F O R ran=9")]),
    same("M4", &[Script(FOUR.success_threshold(3), "Fx4 O R +2s S H S H F O R ran=7")]),
    same("M5", &[Script(volume(2, 1.0), "Fx2 O Rx5 ran=2")]),
    same("M6", &[Script(volume(4, 0.5), "S F F C S O R ran=4")]),
    same("M7", &[Script(volume(4, 0.5), "S F S S C rate=25% F O R ran=5")]),
    same("M8", &[Script(FOUR, "S F F C F O R +2s S C calls=0 S F F C F O R ran=9")]),
    same("M9", &[Script(FOUR, "F F F C S O R +2s S C F F F C S O R ran=9")]),
    differs(
        "M10",
        "a time limit inside the circuit ends in an error like any other; one of the circuit \
         itself is tested with the attribute",
        &[Script(volume(2, 0.75).success_threshold(2), "F(0.5s) C F(0.5s) O R ran=2")],
    ),
    same("M10b", &[Code(a_timeout_that_is_no_failure_does_not_open)]),
    same(
        "M11",
        &[
            Script(volume(3, 1.0), "begin(a) Fx3 O R R ran=3"),
            Script(volume(3, 1.0), "begin(a) Sx3 C ran=3"),
        ],
    ),
    differs(
        "M12",
        "retrying is the caller's loop",
        &[Code(a_retry_outside_ends_with_the_rejection)],
    ),
    differs(
        "M13",
        "retrying is the caller's loop",
        &[Code(a_retry_on_rejection_gets_through_when_the_wait_is_over)],
    ),
    differs(
        "M13b",
        "retrying is the caller's loop, which tells a rejection by its variant",
        &[Code(a_rejection_is_told_apart_without_a_retry)],
    ),
    differs(
        "M14",
        "no exception hierarchies: sets of variants, and what is skipped comes first",
        &[Code(what_is_skipped_wins_over_what_fails)],
    ),
    same("M15", &[Script(volume(10, 0.8), "F F S F F F S F F C F O R ran=10")]),
    same(
        "M15b",
        &[Script(
            volume(10, 0.8).success_threshold(2),
            "Fx9 C F O R +1s S H S C Fx9 C F O +1s S H F O",
        )],
    ),
    same("M15c", &[Script(FOUR, "Fx4 O +800ms A✗ +199ms A✗ +1ms A✓ H")]),
    differs(
        "M16",
        "what is skipped is counted as ignored, not as a success",
        &[Script(
            volume(2, 1.0).success_threshold(2),
            "F #failures=1 #transitions=0 F #failures=2 #transitions=1 R #rejected=1
             +1.5s S S C #successes=2 S #successes=3 X #successes=3 #ignored=1
             #failures=2 #rejected=1 events=3",
        )],
    ),
    same(
        "M17",
        &[Script(
            volume(4, 0.5).success_threshold(2),
            "Sx6 F C S C F O Rx5 +1.5s S H F O Rx3 +1.5s S H S C",
        )],
    ),
    same("M18", &[Script(volume(4, 0.5), "S F F C S O")]),
    same("M19", &[Code(crate::config::a_rate_outside_0_to_1_is_refused)]),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Error {
    Timeout,
    Bulkhead,
}

fn a_timeout_that_is_no_failure_does_not_open() {
    let breaker = breaker(volume(2, 0.75));
    let judge = |result: &Result<(), Error>| match result {
        Err(Error::Bulkhead) => Outcome::Failure,
        _ => Outcome::Success,
    };
    for _ in 0..3 {
        assert_eq!(Ok(Err(Error::Timeout)), breaker.call_with(judge, || Err(Error::Timeout)));
    }
    assert_eq!(State::Closed, breaker.state());
    for _ in 0..2 {
        assert_eq!(Ok(Err(Error::Bulkhead)), breaker.call_with(judge, || Err(Error::Bulkhead)));
    }
    assert_eq!(State::Open, breaker.state());
}

/// Calls a service that always fails up to `1 + retries` times: runs of the body, last error.
fn retried(retries: u32) -> (u32, CallError<Error>) {
    let breaker = breaker(FOUR);
    let mut runs = 0;
    let mut attempt = || {
        breaker
            .call(|| {
                runs += 1;
                Err::<(), _>(Error::Timeout)
            })
            .unwrap_err()
    };
    let last = (0..=retries).map(|_| attempt()).last().unwrap();
    (runs, last)
}

fn a_retry_outside_ends_with_the_rejection() {
    assert!(matches!(retried(7), (4, CallError::Open(_))));
    assert!(matches!(retried(2), (3, CallError::Failed(Error::Timeout))));
}

fn a_retry_on_rejection_gets_through_when_the_wait_is_over() {
    let time = freeze();
    let breaker = breaker(FOUR);
    crate::support::fail(&breaker, 4);
    let mut waited = millis(0);
    while let Err(CallError::Open(_)) = breaker.call(|| Ok::<_, Error>(())) {
        time.advance(millis(100));
        waited += millis(100);
    }
    assert_eq!((millis(1000), State::Closed), (waited, breaker.state()));
}

fn a_rejection_is_told_apart_without_a_retry() {
    let breaker = breaker(FOUR);
    breaker.force_open();
    let error = breaker.call(|| Err::<(), _>(Error::Timeout)).unwrap_err();
    assert!(matches!(error, CallError::Open(_)));
    assert_eq!(1, breaker.snapshot().rejected);
}

fn what_is_skipped_wins_over_what_fails() {
    const KINDS: [&str; 9] =
        ["E0", "E0S", "E1", "E1S", "E2", "E2S", "Runtime", "Exception", "Error"];
    type Judge = fn(&Result<(), &str>) -> Outcome;
    let rules: [(Judge, &[&str]); 3] = [
        (
            |result| match result {
                Err("E1" | "E1S" | "E2" | "E2S") => Outcome::Ignored,
                Err("E0" | "E0S") => Outcome::Failure,
                _ => Outcome::Success,
            },
            &["E0", "E0S"],
        ),
        (
            |result| match result {
                Err("E0" | "E0S" | "E1" | "E1S" | "E2" | "E2S") => Outcome::Ignored,
                Err("Exception" | "Runtime") => Outcome::Failure,
                _ => Outcome::Success,
            },
            &["Runtime", "Exception"],
        ),
        (
            |result| match result {
                Err("E0" | "E0S" | "E1" | "E1S" | "E2" | "E2S") => Outcome::Ignored,
                _ => Outcome::Success,
            },
            &[],
        ),
    ];
    for (judge, opening) in rules {
        let opens = |kind: &&str| {
            let breaker = breaker(volume(1, 1.0));
            breaker.call_with(judge, || Err(*kind)).unwrap().unwrap_err();
            breaker.state() == State::Open
        };
        assert_eq!(opening, KINDS.into_iter().filter(opens).collect::<Vec<_>>());
    }
}
