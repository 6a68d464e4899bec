//! Services that get more calls than they can do.

use circuit_runtime::Config;

use crate::figure::Figure;
use crate::outage::Claim::{Better, NoBetter};
use crate::outage::{
    FIRST, NONE, Outage, RATE, SECOND, THIRD, THRESHOLD, Trouble, USUAL, seconds, threshold,
};
use crate::strategy::Strategy;

pub(super) static OUTAGES: [Outage; 3] = [
    Outage {
        name: "slow-return",
        title: "Comes back at a tenth of its strength",
        about: "The service was dead and comes back with empty caches: it can do 10 calls a second at first, and 120 after 20 \
                seconds. Clients wait for one second; calls that nobody waits for any more are done all the same. So \
                a flood right after the return takes the service down again. `max_concurrent` keeps its queue short and follows \
                what it can do; `ramp` knows nothing of that, and rejects a part of the calls until it is over.",
        trouble: Trouble::Warms { from: 10.0, to: 120.0, within: seconds(20) },
        limit: Some(seconds(1)),
        options: &[
            |recovery| {
                Strategy::circuit(
                    "threshold = 5, max_concurrent = 20",
                    threshold(recovery).max_concurrent(20),
                )
            },
            |recovery| {
                Strategy::circuit(
                    "threshold = 5, ramp = \"20s\"",
                    threshold(recovery).ramp(seconds(20)),
                )
            },
        ],
        claims: &[
            Better(FIRST, &[Figure::Answers, Figure::Errors], &[NONE, THRESHOLD, RATE]),
            Better(SECOND, &[Figure::Answers, Figure::Errors], &[NONE, THRESHOLD, RATE]),
            Better(FIRST, &[Figure::Answers, Figure::Refused, Figure::Recovers], &[SECOND]),
        ],
        ..USUAL
    },
    Outage {
        name: "overloaded",
        title: "Overloaded",
        about: "The service can do 60 calls a second and gets 100. Clients wait for one second; calls that nobody waits for any more \
                are done all the same. `max_concurrent` rejects what the service can't do in time.",
        trouble: Trouble::Overloaded { capacity: 60.0 },
        limit: Some(seconds(1)),
        options: &[|recovery| {
            Strategy::circuit(
                "threshold = 5, max_concurrent = 30",
                threshold(recovery).max_concurrent(30),
            )
        }],
        claims: &[Better(
            FIRST,
            &[Figure::Answers, Figure::Errors, Figure::GivesUp],
            &[NONE, THRESHOLD, RATE],
        )],
        ..USUAL
    },
    Outage {
        name: "sheds",
        title: "Overloaded, and each refusal costs work, too",
        about: "The service can do 60 calls a second and gets 100. It refuses at once what is too much, which costs it half the work of a \
                call, so that it answers 20 a second. Fewer calls mean fewer errors here: that is what `throttle` is for, and it needs \
                no number for the service's strength. The rules that open the circuit take all calls away from a service that answers some, and \
                `max_concurrent` doesn't help: refusals are short, so that hardly more calls are in flight than when all is well, and a limit that \
                meets the ones meets the others.",
        trouble: Trouble::Sheds { capacity: 60.0, cost: 0.5 },
        options: &[
            |_| Strategy::circuit("throttle = 0.2", Config::new().throttle(0.2)),
            |_| Strategy::circuit("throttle = 0.5", Config::new().throttle(0.5)),
            |recovery| {
                Strategy::circuit(
                    "threshold = 5, max_concurrent = 10",
                    threshold(recovery).max_concurrent(10),
                )
            },
        ],
        claims: &[
            Better(FIRST, &[Figure::Answers], &[NONE, THRESHOLD, RATE]),
            Better(SECOND, &[Figure::Answers], &[NONE, THRESHOLD, RATE]),
            Better(FIRST, &[Figure::Refused], &[THRESHOLD, RATE]),
            NoBetter(THIRD, &Figure::ALL, &[THRESHOLD]),
        ],
        ..USUAL
    },
];
