//! Services that fail a part of the calls.

use std::time::Duration;

use circuit_runtime::{Config, Window};

use crate::figure::Figure;
use crate::outage::Claim::{Better, NoBetter, Same};
use crate::outage::{
    FIRST, NONE, Outage, RATE, SECOND, THIRD, THRESHOLD, Trouble, USUAL, seconds, threshold,
};
use crate::strategy::Strategy;

const FIVE_MINUTES: Window = Window::Time(seconds(300));

pub(super) static OUTAGES: [Outage; 6] = [
    Outage {
        name: "fails-10",
        title: "Fails 10 % of the calls, at 1,000 calls a second",
        about: "For ten minutes one call of ten fails, and an open circuit waits for 30 seconds. Among so many calls five failures \
                in a row come about by chance, and `threshold` stops a service that answers nine of ten. Above about ten calls a \
                second prefer a rate: it lets all pass, as no breaker does. No option does better, as fewer calls don't fail less often.",
        trouble: Trouble::Fails(0.1),
        gap: Duration::from_millis(1),
        lasts: seconds(600),
        recovery: seconds(30),
        claims: &[
            Better(RATE, &[Figure::Answers, Figure::Refused], &[THRESHOLD]),
            Same(RATE, &Figure::ALL, &[NONE]),
        ],
        ..USUAL
    },
    Outage {
        name: "fails-30",
        title: "Fails 30 % of the calls",
        about: "A rate of 0.5 lets the service answer what it can; `threshold` opens by chance. No option does better than the rate, which does as well as no breaker: there is nothing to spare that costs \
                no answers.",
        trouble: Trouble::Fails(0.3),
        claims: &[
            Better(RATE, &[Figure::Answers, Figure::Refused, Figure::Recovers], &[THRESHOLD]),
            Same(RATE, &Figure::ALL, &[NONE]),
        ],
        ..USUAL
    },
    Outage {
        name: "fails-50",
        title: "Fails 50 % of the calls",
        about: "At its limit a rate opens, too. Calls that fail by chance fail as often when there are fewer of them, so that every \
                rule only trades answers for errors here, and no option does better: choose the rate from which you don't want the answers any more.",
        trouble: Trouble::Fails(0.5),
        claims: &[
            Better(NONE, &[Figure::Answers], &[THRESHOLD, RATE]),
            Better(RATE, &[Figure::Errors], &[NONE]),
            Better(THRESHOLD, &[Figure::Errors], &[NONE, RATE]),
        ],
        ..USUAL
    },
    Outage {
        name: "fails-90",
        title: "Fails 90 % of the calls",
        about: "Nearly dead, and both rules treat it so. No option does better than `threshold`: a service that fails of itself doesn't fail \
                less under fewer calls, which is what `throttle` is for.",
        trouble: Trouble::Fails(0.9),
        options: &[|_| Strategy::circuit("throttle = 0.5", Config::new().throttle(0.5))],
        claims: &[
            Better(THRESHOLD, &[Figure::Errors, Figure::Spared], &[NONE, RATE, FIRST]),
            Better(RATE, &[Figure::Errors, Figure::Recovers], &[FIRST]),
            NoBetter(FIRST, &Figure::ALL, &[THRESHOLD, RATE]),
        ],
        ..USUAL
    },
    Outage {
        name: "few-calls",
        title: "Few calls, and every other one hangs until the client's limit",
        about: "Six calls a minute come. For an hour the service doesn't answer every other call, for which each client \
                waits ten seconds, and an open circuit waits for a minute. A rate over ten seconds never sees `min_calls`, and opens nothing. Failures in a row are \
                rare while every other call is answered. `failure_count` needs neither: it is for few calls. A rate that sees them needs a longer window, and \
                `min_calls`, which is 10 here; it opens later. \
                Both buy shorter waits with answers, as every rule does where calls fail by chance.",
        trouble: Trouble::Hangs(0.5),
        limit: Some(seconds(10)),
        gap: seconds(10),
        stretch: seconds(60),
        lasts: seconds(3_590),
        after: seconds(300),
        recovery: seconds(60),
        options: &[
            |recovery| {
                let config = Config::new().failure_count(5).window(FIVE_MINUTES).recovery(recovery);
                Strategy::circuit("failure_count = 5, window = \"5m\"", config)
            },
            |recovery| {
                let config =
                    Config::new().failure_rate(0.5).window(FIVE_MINUTES).recovery(recovery);
                let label = "failure_rate = 0.5, window = \"5m\"";
                Strategy::circuit(label, config)
            },
        ],
        claims: &[
            Same(RATE, &Figure::ALL, &[NONE]),
            Better(
                FIRST,
                &[Figure::Errors, Figure::GivesUp, Figure::Spared],
                &[THRESHOLD, RATE, SECOND],
            ),
        ],
        ..USUAL
    },
    Outage {
        name: "flaps",
        title: "Flaps",
        about: "For ten minutes the service is dead for two seconds and well for three, over and over, and an open circuit waits for \
                five: it falls into step with the service, so that each probe meets it dead. A rate sees both and stays closed, \
                which is best here. With `threshold`, spread the probes by `jitter`. With `backoff` there are \
                fewer answers still: its waits are multiples of each other. `jitter = 0.1` takes them out of step, and yet there are no more than without \
                `backoff`, as the waits become longer than the service is well.",
        trouble: Trouble::Flaps { dead: seconds(2), well: seconds(3) },
        lasts: seconds(602),
        options: &[
            |recovery| {
                Strategy::circuit("threshold = 5, backoff = 2", threshold(recovery).backoff(2.0))
            },
            |recovery| {
                let config = threshold(recovery).backoff(2.0).jitter(0.1);
                Strategy::circuit("threshold = 5, backoff = 2, jitter = 0.1", config)
            },
            |recovery| {
                Strategy::circuit("threshold = 5, jitter = 0.5", threshold(recovery).jitter(0.5))
            },
        ],
        claims: &[
            Better(RATE, &[Figure::Answers], &[THRESHOLD, FIRST, SECOND, THIRD]),
            Same(RATE, &Figure::ALL, &[NONE]),
            Better(THIRD, &[Figure::Answers], &[THRESHOLD, FIRST, SECOND]),
            Better(THRESHOLD, &[Figure::Answers], &[FIRST]),
            Better(SECOND, &[Figure::Answers], &[FIRST]),
            NoBetter(SECOND, &[Figure::Answers], &[THRESHOLD]),
        ],
        ..USUAL
    },
];
