//! Services that are down: nobody is there, or nobody answers.

use std::time::Duration;

use circuit_runtime::{Config, OnCancel};

use crate::figure::Figure;
use crate::outage::Claim::{Better, Same};
use crate::outage::{
    FIRST, NONE, Outage, RATE, SECOND, THIRD, THRESHOLD, Trouble, USUAL, rate, seconds, threshold,
};
use crate::strategy::Strategy;

/// Counts a call that is dropped after half a second.
fn with_slow_drops(config: Config) -> Config {
    config.slow_call(Duration::from_millis(500)).slow_rate(0.5).on_cancel(OnCancel::Slow)
}

pub(super) static OUTAGES: [Outage; 6] = [
    Outage {
        name: "dead",
        title: "Dead",
        about: "The service refuses every connection. This is what every breaker is for: five failures in a row open the circuit, \
                and a probe every five seconds finds out that the service is back. A rate needs more failures to see the same. No \
                option is made for this, and none is needed: `threshold` spares nearly all there is to spare, and what it costs is \
                the wait for the next probe. A shorter `recovery` makes that shorter, for more probes.",
        trouble: Trouble::Dead,
        options: &[|_| {
            Strategy::circuit("threshold = 5, recovery = \"1s\"", threshold(seconds(1)))
        }],
        claims: &[
            Better(THRESHOLD, &[Figure::Errors, Figure::Spared], &[NONE, RATE]),
            Better(
                FIRST,
                &[Figure::Answers, Figure::Refused, Figure::Recovers],
                &[THRESHOLD, RATE],
            ),
            Better(THRESHOLD, &[Figure::Errors], &[FIRST]),
        ],
        ..USUAL
    },
    Outage {
        name: "hangs",
        title: "Hangs, and clients have no limit",
        about: "The service accepts calls and never answers, and nothing ends them. A breaker judges outcomes, and these calls have \
                none. `stall = \"1s\"` counts them as failures while they hang. It ends none of them: the calls of the first second \
                wait on. To end calls, too, give each a limit, as in the next case.",
        trouble: Trouble::Hangs(1.0),
        options: &[|recovery| {
            Strategy::circuit(
                "threshold = 5, stall = \"1s\"",
                threshold(recovery).stall(seconds(1)),
            )
        }],
        claims: &[
            Same(THRESHOLD, &[Figure::Answers, Figure::Errors, Figure::Spared], &[NONE, RATE]),
            Better(FIRST, &[Figure::GivesUp, Figure::Errors, Figure::Spared], &[THRESHOLD, RATE]),
        ],
        ..USUAL
    },
    Outage {
        name: "hangs-until-the-limit",
        title: "Hangs until the client's limit",
        about: "The service never answers, and each client gives up after five seconds. `timeout = \"1s\"` is a shorter limit for \
                this function: callers wait less, and the circuit opens four seconds earlier. So it does with `stall = \"1s\"`, which leaves the callers' \
                limit as it is.",
        trouble: Trouble::Hangs(1.0),
        limit: Some(seconds(5)),
        options: &[
            |recovery| {
                Strategy::circuit("threshold = 5, timeout = \"1s\"", threshold(recovery))
                    .limit(seconds(1))
            },
            |recovery| {
                Strategy::circuit(
                    "threshold = 5, stall = \"1s\"",
                    threshold(recovery).stall(seconds(1)),
                )
            },
        ],
        claims: &[
            Better(FIRST, &[Figure::GivesUp, Figure::Errors], &[THRESHOLD, RATE]),
            Better(SECOND, &[Figure::GivesUp, Figure::Errors], &[THRESHOLD, RATE]),
            Better(FIRST, &[Figure::GivesUp], &[SECOND]),
        ],
        ..USUAL
    },
    Outage {
        name: "abandoned",
        title: "Hangs, and callers go away",
        about: "The service never answers, and callers drop the call after a second, as HTTP servers do when a visitor leaves. A \
                dropped call says nothing, so the circuit stays closed. `on_cancel = slow` counts one that was slow already.",
        trouble: Trouble::Hangs(1.0),
        patience: Some(seconds(1)),
        options: &[|recovery| {
            Strategy::circuit(
                "slow_call = \"500ms\", on_cancel = slow",
                with_slow_drops(rate(recovery)),
            )
        }],
        claims: &[
            Same(THRESHOLD, &[Figure::Answers, Figure::Errors, Figure::Spared], &[NONE, RATE]),
            Better(FIRST, &[Figure::GivesUp, Figure::Errors, Figure::Spared], &[THRESHOLD, RATE]),
        ],
        ..USUAL
    },
    Outage {
        name: "abandoned-probes",
        title: "Dead, then hangs, and callers go away",
        about: "For 302 seconds, at 10 calls a second: the service refuses connections for five seconds, so that every circuit opens. Then it \
                accepts calls and never answers, as a program does while it starts, and callers drop the call after a second. A probe that is dropped \
                decides nothing, and the next call is a probe: one after the other hangs, and `backoff` never begins. With `on_cancel = slow` \
                a dropped probe has failed: the circuit waits, and longer each time with `backoff`.",
        trouble: Trouble::DeadThenHangs(seconds(5)),
        patience: Some(seconds(1)),
        gap: Duration::from_millis(100),
        lasts: seconds(302),
        options: &[
            |recovery| {
                Strategy::circuit(
                    "threshold = 5, slow_call = \"500ms\", on_cancel = slow",
                    with_slow_drops(threshold(recovery)),
                )
            },
            |recovery| {
                Strategy::circuit(
                    "threshold = 5, slow_call = \"500ms\", on_cancel = slow, backoff = 2",
                    with_slow_drops(threshold(recovery).backoff(2.0)),
                )
            },
            |recovery| {
                Strategy::circuit("threshold = 5, backoff = 2", threshold(recovery).backoff(2.0))
            },
        ],
        claims: &[
            Better(
                FIRST,
                &[Figure::Errors, Figure::Spared, Figure::GivesUp],
                &[THRESHOLD, RATE, THIRD],
            ),
            Better(SECOND, &[Figure::Errors, Figure::Spared], &[THRESHOLD, RATE, FIRST, THIRD]),
            Same(THIRD, &Figure::ALL, &[THRESHOLD]),
        ],
        ..USUAL
    },
    Outage {
        name: "slow-afterwards",
        title: "Well again, but slower than a probe's limit",
        about: "The service comes back and takes eight seconds for each call, while `probe_timeout` is five. A breaker that takes \
                the silence for a failed probe never closes then. Here the answer of an earlier round of probes counts, so that no \
                option is needed, and a longer `probe_timeout` changes nothing.",
        trouble: Trouble::SlowAfterwards(seconds(8)),
        options: &[|recovery| {
            Strategy::circuit(
                "threshold = 5, probe_timeout = \"10s\"",
                threshold(recovery).probe_timeout(seconds(10)),
            )
        }],
        claims: &[
            Same(FIRST, &Figure::ALL, &[THRESHOLD]),
            Better(THRESHOLD, &[Figure::Errors, Figure::Spared], &[NONE, RATE]),
        ],
        ..USUAL
    },
];
