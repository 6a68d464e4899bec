//! resilience4j 2.4: `CircuitBreakerStateMachineTest`, its metrics and its configuration tests.

use circuit_runtime::{CircuitBreaker, Config, Outcome, Window};

use super::Run::{Code, Script};
use super::{Row, absent, differs, same};
use crate::support::{breaker, millis, secs};

/// The base configuration of most of its tests. Four probes with a rate of 50 % are three
/// successes for us: with two failures the rate is met.
const B: Config = Config::new()
    .failure_rate(0.5)
    .slow_call(secs(4))
    .slow_rate(0.5)
    .window(Window::Time(secs(20)))
    .min_calls(5)
    .recovery(secs(5))
    .success_threshold(3)
    .probes(4);

/// A window to look at, whose rule is never met by what the rows put into it.
const fn raw(window: Window) -> Config {
    Config::new().failure_rate(1.0).window(window)
}

const RAW_WITH_SLOW: Config = raw(Window::Calls(2)).slow_call(secs(4)).slow_rate(1.0);

const RAW_TIME: Config = raw(Window::Time(secs(5))).slow_call(millis(500));

const GROWING_WAIT: Config = Config::new()
    .failure_rate(0.5)
    .window(Window::Calls(5))
    .recovery(secs(5))
    .backoff(1.5)
    .success_threshold(3)
    .probes(4);

const EARLY: &str = "half-open decides as soon as the result is certain";

pub(super) const ROWS: &[Row] = &[
    same(
        "R1",
        &[
            Script(B, "open(5s) O R(open) #rejected=1"),
            Script(B, "force FO R(forced) #rejected=1"),
        ],
    ),
    same(
        "R2",
        &[Script(B, "open(5s) +5s A✓x4 H A✗x2 #rejected=2 rel #cancelled=1 A✓ A✗")],
    ),
    same("R3", &[Script(B, "open(5s) +5s A✓x4 R(full) #rejected=1")]),
    same(
        "R4",
        &[Script(
            B,
            "open(5s) +5s begin(a) begin(b) A✓x2 A✗x2 end(a,F) end(b,F) O
             +5s A✓x4 A✗x2 H",
        )],
    ),
    same("R5", &[Script(B, "S @1s S @2s S @3s F @4s F C rate=40% @5s F O rate=50%")]),
    differs(
        "R6",
        "below min_calls nothing is judged, but the rate is shown as it is",
        &[Script(
            B,
            "F C calls=1 failures=1 F C calls=2 failures=2 F C calls=3 failures=3 rate=100%
             S C calls=4 failures=3 events=0 S O calls=5 failures=3 rate=60% events=1 R #rejected=1 calls=5",
        )],
    ),
    same(
        "R7",
        &[Script(
            B,
            "F(5s) C S(5s) C F(0.1s) C S(0.1s) C calls=4 failures=2 slow=2
             S(5s) O calls=5 slow=3 slow_rate=60% rate=40%",
        )],
    ),
    same(
        "R8",
        &[Script(
            B,
            "S(5s) C calls=1 slow=1 S(5s) C calls=2 slow=2 S(1s) C calls=3 slow=2
             S(1s) C calls=4 slow=2 S(5s) O calls=5 slow=3 slow_rate=60%",
        )],
    ),
    differs(
        "R9",
        "the window is emptied when the circuit closes, since half-open puts nothing into it",
        &[Script(
            B,
            "open(5s) R @3s R O #rejected=2 @6s A✓ H A✓x2 end(,S) end(,S) end(,S) C calls=0",
        )],
    ),
    same("R10", &[Script(B, "open(2h) R O +1h R O #rejected=2 +1h +1s A✓ H")]),
    differs(
        "R11",
        "there is no wall-clock deadline; OpenFor takes what is left until it",
        &[Script(B, "open(30m) R O @15m R O #rejected=2 @30m +1s A✓ H")],
    ),
    same(
        "R12",
        &[Script(
            GROWING_WAIT,
            "Fx5 O R @3s R #rejected=2 @6s F H F O +6s R retry=1.5 +5s A✓ H",
        )],
    ),
    differs("R13", EARLY, &[Script(B, "open(5s) +5s F H F O")]),
    differs("R14", EARLY, &[Script(B, "open(5s) +5s S(5s) H S(5s) O #slow=2")]),
    differs(
        "R15",
        "probes don't enter the window; it is empty after closing, as theirs",
        &[Script(B, "open(5s) +5s F S S H S C calls=0 S calls=1 failures=0")],
    ),
    same(
        "R16",
        &[
            Script(B, "S F calls=2 failures=1 reset calls=0 failures=0 C"),
            Script(B, "open(5s) O reset C calls=0"),
        ],
    ),
    same(
        "R17",
        &[Script(B, "disable DIS S Fx4 DIS calls=0 failures=0 #rejected=0 events=0")],
    ),
    same("R18", &[Script(B, "force R +6s R FO #rejected=2 events=0")]),
    differs("R19", EARLY, &[Script(B, "open(5s) +5s S S X H S C calls=0 row=0")]),
    differs("R20", EARLY, &[Script(B, "open(5s) +5s X H X H X H X H S S H S C")]),
    absent(
        "R21",
        "no method asks for half-open, so there is no illegal transition to refuse",
    ),
    differs(
        "R22",
        "shadow keeps the states going, so that one transition says that the rate was met; \
         calls run all the same and are counted in `rejected`",
        &[
            Script(
                B,
                "shadow F F F S C MO S O MO events=1 F #rejected=1 events=1 resume NORMAL O",
            ),
            Script(B, "shadow F(4s)x4 C F(4s) O MO events=1"),
        ],
    ),
    differs(
        "R23",
        "modes are not states, so that changing them is no transition",
        &[Script(
            B,
            "open(5s) events=1 disable disable DIS shadow shadow MO force force FO
             events=1 resume resume NORMAL O events=1 reset C events=2 reset C events=2",
        )],
    ),
    differs(
        "R24",
        "no state is left without a call; unanswered probes lose their places instead",
        &[Script(
            B.probe_timeout(secs(1)),
            "open(5s) +5s A✓x4 H +999ms A✗ H +1ms A✓x4 A✗ H +1h H A✓ H",
        )],
    ),
    differs(
        "R25",
        "a circuit begins closed; a mode is set by a call",
        &[Script(B, "C NORMAL shadow C MO"), Script(B, "force C FO")],
    ),
    same(
        "R26",
        &[Script(
            Config::new().failure_rate(0.5).window(Window::Calls(10)),
            "S S F F force R R #rejected=2 calls=4 failures=2 resume C",
        )],
    ),
    same(
        "R26b",
        &[Script(
            raw(Window::Calls(10)),
            "S S Fx6 Sx4 calls=10 failures=6 rate=60% Sx3 calls=10 rate=30%",
        )],
    ),
    same(
        "R27",
        &[Script(
            raw(Window::Calls(4)),
            "F rate=100% S rate=50% S rate=33.33% S rate=25% S rate=0% calls=4",
        )],
    ),
    differs(
        "R28",
        "two slow calls of two are a slow rate of 100 %, which opens",
        &[
            Script(RAW_WITH_SLOW, "F(5s) calls=1 slow=1 rate=100% slow_rate=100% S(5s) O"),
            Script(
                RAW_WITH_SLOW,
                "F S(5s) calls=2 slow=1 rate=50% S calls=2 slow=1 rate=0% slow_rate=50%
                 S calls=2 slow=0 slow_rate=0%",
            ),
        ],
    ),
    differs(
        "R29",
        "durations are not summed up",
        &[
            Script(
                raw(Window::Calls(5)).slow_call(secs(4)),
                "S(10s) F(10s) S(0.1s)x3 calls=5 failures=1 slow=2 slow_rate=40% #successes=4",
            ),
            Script(
                raw(Window::Time(secs(60))).slow_call(secs(4)),
                "S(10s) F(10s) S(0.1s)x3 calls=5 failures=1 slow=2 slow_rate=40% #successes=4",
            ),
        ],
    ),
    differs(
        "R30",
        "ten buckets of half a second, from the first use on; durations are not summed up",
        &[Script(
            RAW_TIME,
            "F calls=1 rate=100% @100ms S calls=2 rate=50% @300ms F(0.5s) calls=3 failures=2 slow=1
             @4.8s calls=3 failures=2 slow=1 @5.8s calls=0 @5.9s S calls=1 @10.9s S calls=1",
        )],
    ),
    differs(
        "R31",
        "ten buckets of half a second, from the first use on",
        &[Script(
            RAW_TIME,
            "F calls=1 failures=1 @100ms S calls=2 failures=1 @200ms S calls=3 failures=1
             @1.2s S calls=4 failures=1 @2.2s S calls=5 failures=1 @3.2s F calls=6 failures=2
             @4.2s S calls=7 failures=2 @5.2s S calls=5 failures=1 @6.2s S calls=5 failures=1
             @11.2s S calls=1 failures=0",
        )],
    ),
    differs(
        "R32",
        "an error is a failure unless the call says otherwise",
        &[Code(an_error_that_is_declared_a_success_is_one)],
    ),
    same("R33", &[Code(an_ignored_error_does_not_enter_the_window)]),
    same("R34", &[Code(crate::config::zero_is_refused_everywhere)]),
    same("R35", &[Code(ignore_wins_over_failure)]),
];

#[derive(Debug)]
enum Error {
    Runtime,
    Business,
    NumberFormat,
}

const ERRORS: Config = raw(Window::Calls(10));

/// Calls with an error each, classified by `judge`: calls and failures of the window.
fn window_after(errors: [Error; 2], judge: fn(&Result<(), Error>) -> Outcome) -> (u64, u64) {
    let breaker: CircuitBreaker = breaker(ERRORS);
    for error in errors {
        breaker.call_with(judge, || Err(error)).unwrap().unwrap_err();
    }
    let window = breaker.snapshot().window.unwrap();
    (window.calls.into(), window.failures.into())
}

fn an_error_that_is_declared_a_success_is_one() {
    let seen = window_after([Error::Runtime, Error::Business], |result| match result {
        Err(Error::Runtime) => Outcome::Failure,
        _ => Outcome::Success,
    });
    assert_eq!((2, 1), seen);
}

fn an_ignored_error_does_not_enter_the_window() {
    let seen = window_after([Error::Runtime, Error::NumberFormat], |result| match result {
        Err(Error::NumberFormat) => Outcome::Ignored,
        Err(_) => Outcome::Failure,
        Ok(()) => Outcome::Success,
    });
    assert_eq!((1, 1), seen);
}

fn ignore_wins_over_failure() {
    crate::attribute::ignore_wins_over_failure();
}
