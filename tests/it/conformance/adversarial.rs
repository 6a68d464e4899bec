//! Scenarios that bug reports against Polly, resilience4j, gobreaker, cockatiel and others tell.

use circuit_runtime::{Config, Window};

use super::Run::{Code, Script};
use super::{Row, differs, same};
use crate::support::{FRAGILE, millis, secs};
use crate::{cancellation, half_open, listeners};

const WITH_WINDOW: Config = FRAGILE.failure_rate(1.0).window(Window::Calls(10)).min_calls(10);

const FIVE: Config = Config::new().threshold(5).recovery(secs(10));

/// gobreaker's `TotalFailures`, and Failsafe's count of failures within a period.
const FIVE_A_MINUTE: Config =
    Config::new().failure_count(5).window(Window::Time(secs(60))).recovery(secs(60));

const QUICK: Config = Config::new().threshold(3).recovery(millis(100));

pub(super) const ROWS: &[Row] = &[
    same("A1", &[Script(FRAGILE, "begin(a) F O @10s begin(p) H end(a,S) H #late=1 end(p,F) O")]),
    same("A2", &[Script(FRAGILE, "begin(a) F O @10s begin(p) H end(a,F) H #late=1 end(p,S) C")]),
    same(
        "A3",
        &[Script(
            WITH_WINDOW,
            "begin(a) F O @10s S C end(a,F) C row=0 calls=0 #late=1 #failures=1",
        )],
    ),
    same("A4", &[Script(FRAGILE, "begin(a) F O @9s end(a,F) O retry=1 #late=1 A✗ @10s A✓")]),
    same(
        "A5",
        &[
            Script(
                FRAGILE,
                "F O @10s begin(p) @19.9s R(full) @20s begin(q) H R(full) end(p,S) C
                 end(q,F) C #late=1",
            ),
            Script(FRAGILE, "F O @10s begin(p) @20s begin(q) end(p,F) O end(q,S) O #late=1"),
        ],
    ),
    same("A6", &[Code(cancellation::a_dropped_probe_gives_its_place_to_the_next_call)]),
    same("A7", &[Code(cancellation::a_probe_that_was_never_polled_took_no_place)]),
    same("A8", &[Script(FRAGILE, "F @10s X H A✓ H R(full)")]),
    same("A9", &[Script(FRAGILE.success_threshold(2), "F @10s Xx100 H A✓x2 R(full)")]),
    same("A10", &[Script(FRAGILE, "begin(a) F @10s begin(p) end(a,X) R(full) #late=1 #ignored=0")]),
    same("A11", &[Code(half_open::of_64_threads_at_the_deadline_exactly_one_probes)]),
    same("A12", &[Script(FRAGILE, "F @9.999999999s O R @10s H A✓")]),
    same("A13", &[Script(FRAGILE, "F @10s lookx100 H #transitions=1 S C")]),
    same("A14", &[Script(FRAGILE, "F @10s P O #panicked=1 @19s R @20s begin(p) H end(p,S) C")]),
    same(
        "A15",
        &[
            Code(listeners::a_listener_may_use_the_circuit),
            Code(listeners::a_change_made_by_a_listener_is_reported_after_its_own),
        ],
    ),
    same("A16", &[Code(listeners::a_panic_in_a_listener_stays_there)]),
    same(
        "A17",
        &[Script(WITH_WINDOW, "begin(a) reset end(a,F) C row=0 calls=0 #failures=0 #late=1")],
    ),
    differs(
        "A18",
        "the probe is judged beneath the mode, which goes on rejecting",
        &[Script(FRAGILE, "F @10s begin(p) force end(p,S) FO C R(forced) resume S C")],
    ),
    same(
        "A19",
        &[
            Script(FIVE, "F F F set(threshold=2) C row=3 F O"),
            Script(FIVE, "F F F set(threshold=2) C S C row=0 #failures=3"),
            Script(FIVE, "Fx5 +4s set(recovery=1h) O retry=6 +6s H S C"),
        ],
    ),
    same(
        "A20",
        &[Script(
            FRAGILE.probes(4),
            "F @10s begin(a) begin(b) begin(c) set(probes=1) R(full) end(a,X) R(full)
             end(b,X) R(full) end(c,X) begin(d) R(full) end(d,S) C",
        )],
    ),
    same(
        "A21",
        &[
            Script(
                FIVE_A_MINUTE,
                "{ F Sx9 +10s }x4 C row=0 calls=40 failures=4 F O #failures=5 R(open) @100s H S C failures=0",
            ),
            Script(FIVE_A_MINUTE, "Fx4 +60s Fx4 C failures=4 S F O"),
            Script(Config::new().failure_count(5).window(Window::Calls(20)), "{ F Sx3 }x4 C F O"),
        ],
    ),
    same(
        "A22",
        &[
            Script(
                QUICK,
                "Fx3 O @100ms begin(p) @200ms begin(q) @250ms end(p,S) C #late=0 end(q,S) C #late=1",
            ),
            Script(
                QUICK.backoff(2.0),
                "Fx3 O @100ms begin(p) @200ms begin(q) @400ms begin(r) R(full) @1100ms end(p,F) O
                 retry=0.2 end(q,F) end(r,F) #late=2 retry=0.2",
            ),
        ],
    ),
];
