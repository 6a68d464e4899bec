//! Services of which a part is away: the bodies of the answers, a connection, a node, a tenant.

use std::time::Duration;

use crate::figure::Figure;
use crate::outage::Claim::{Better, Same};
use crate::outage::{FIRST, NONE, Outage, RATE, THRESHOLD, Trouble, USUAL, seconds, threshold};
use crate::strategy::Strategy;

pub(super) static OUTAGES: [Outage; 4] = [
    Outage {
        name: "breaks-off",
        title: "Answers break off",
        about: "The service sends the head of each answer at once, and then the answer breaks off. A breaker around the call sees the \
                head alone, and all is well. `guard_stream` sees the body, too.",
        trouble: Trouble::BreaksOff,
        options: &[|recovery| {
            Strategy::circuit("threshold = 5, with guard_stream", threshold(recovery))
                .guarding_streams()
        }],
        claims: &[
            Same(THRESHOLD, &[Figure::Answers, Figure::Errors, Figure::Spared], &[NONE, RATE]),
            Better(FIRST, &[Figure::Errors, Figure::Spared, Figure::GivesUp], &[THRESHOLD, RATE]),
        ],
        ..USUAL
    },
    Outage {
        name: "resets",
        title: "A shared connection breaks",
        about: "All calls share one connection, as HTTP/2 and Redis clients have it. It breaks every five seconds, and some fifty \
                calls on it fail at once, while the service is well. `merge_failures = \"100ms\"` counts them as one failure. A rate \
                is as good at 100 calls a second, where fifty failures are few. Neither does better than no breaker, as there is nothing to \
                spare: the gain is that the circuit stays closed.",
        trouble: Trouble::Resets { every: seconds(5), takes: Duration::from_millis(500) },
        options: &[|recovery| {
            let config = threshold(recovery).merge_failures(Duration::from_millis(100));
            Strategy::circuit("threshold = 5, merge_failures = \"100ms\"", config)
        }],
        claims: &[
            Better(FIRST, &[Figure::Answers, Figure::Refused], &[THRESHOLD]),
            Same(FIRST, &Figure::ALL, &[NONE, RATE]),
        ],
        ..USUAL
    },
    Outage {
        name: "bad-node",
        title: "One node of ten is away, and says for how long",
        about: "One of ten nodes answers 503 with `Retry-After`. One circuit for all nodes sees 10 % failures, and can only stop all \
                of them or none. With `key = node` each has a circuit of its own, which stays open for as long as the node asks.",
        trouble: Trouble::BadNode,
        options: &[|recovery| {
            Strategy::circuit("threshold = 5, key = node", threshold(recovery))
                .by_part()
                .heeding_retry_after()
        }],
        claims: &[Better(
            FIRST,
            &[Figure::Errors, Figure::GivesUp, Figure::Spared],
            &[THRESHOLD, RATE],
        )],
        ..USUAL
    },
    Outage {
        name: "bad-tenant",
        title: "One tenant of ten gets errors",
        about: "The calls for one of ten tenants fail, and the others are well. With `key = tenant` only that one is stopped.",
        trouble: Trouble::BadTenant,
        options: &[|recovery| {
            Strategy::circuit("threshold = 5, key = tenant", threshold(recovery)).by_part()
        }],
        claims: &[Better(
            FIRST,
            &[Figure::Errors, Figure::GivesUp, Figure::Spared],
            &[THRESHOLD, RATE],
        )],
        ..USUAL
    },
];
