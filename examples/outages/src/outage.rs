//! The kinds of outage, and the option that is made for each.

use std::time::Duration;

use circuit_runtime::{Config, OnCancel, Window};

use crate::client::Strategy;
use crate::measure::Figure;

/// When the outage begins, since the service began.
pub(crate) const BEGIN: Duration = Duration::from_secs(10);
/// How long calls come after its end.
const AFTER: Duration = Duration::from_secs(58);

/// What is wrong with the service.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Trouble {
    /// It refuses every connection.
    Dead,
    /// It accepts calls and never answers.
    Hangs,
    /// It refuses every connection; afterwards it is well, and slow.
    SlowAfterwards(Duration),
    /// It fails this share of the calls.
    Fails(f64),
    /// It refuses every connection; afterwards it does few calls a second first.
    Warms { from: f64, to: f64, within: Duration },
    /// It can do so many calls a second.
    Overloaded { capacity: f64 },
    /// It can do so many calls a second and refuses the others at once, which costs this part of a call's work.
    Sheds { capacity: f64, cost: f64 },
    /// Its answers break off behind the head.
    BreaksOff,
    /// All calls share a connection, which breaks from time to time.
    Resets { every: Duration, takes: Duration },
    /// One of ten nodes asks to stay away until the end of the outage.
    BadNode,
    /// One of ten tenants gets errors.
    BadTenant,
    /// It refuses every connection for a while, then it is well for a while.
    Flaps { dead: Duration, well: Duration },
}

/// A kind of outage.
#[derive(Debug)]
pub(crate) struct Outage {
    /// The name on the command line, and of the picture.
    pub(crate) name: &'static str,
    /// The heading.
    pub(crate) title: &'static str,
    /// What happens, and what the option does about it.
    pub(crate) about: &'static str,
    pub(crate) trouble: Trouble,
    /// How long clients wait for an answer, without any breaker.
    pub(crate) limit: Option<Duration>,
    /// How long callers wait before they go away and drop the call.
    pub(crate) patience: Option<Duration>,
    /// Calls a second.
    pub(crate) load: u32,
    /// How long the outage lasts. It's no multiple of the wait of an open circuit, so that nobody probes at its end by
    /// chance.
    pub(crate) lasts: Duration,
    /// How long an open circuit waits.
    pub(crate) recovery: Duration,
    /// The options made for it; none, if `threshold` or a rate is.
    pub(crate) options: &'static [fn(Duration) -> Strategy],
    /// Where the first of these is better than `threshold` and than a rate, as the tests check.
    pub(crate) better: &'static [Figure],
}

impl Outage {
    /// When it ends, since the service began.
    pub(crate) fn end(&self) -> Duration {
        BEGIN + self.lasts
    }

    /// How long calls come.
    pub(crate) fn length(&self) -> Duration {
        self.end() + AFTER
    }

    /// What is compared: the options made for the outage are the last.
    pub(crate) fn strategies(&self) -> Vec<Strategy> {
        let usual = [
            Strategy::none(),
            Strategy::circuit("threshold = 5", threshold(self.recovery)),
            Strategy::circuit("failure_rate = 0.5", rate(self.recovery)),
        ];
        usual.into_iter().chain(self.options.iter().map(|option| option(self.recovery))).collect()
    }
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// `threshold = 5`.
fn threshold(recovery: Duration) -> Config {
    Config::new().threshold(5).recovery(recovery)
}

/// `failure_rate = 0.5` over ten seconds.
fn rate(recovery: Duration) -> Config {
    Config::new()
        .failure_rate(0.5)
        .window(Window::Time(seconds(10)))
        .min_calls(20)
        .recovery(recovery)
}

/// What most outages have in common.
const USUAL: Outage = Outage {
    name: "",
    title: "",
    about: "",
    trouble: Trouble::Dead,
    limit: None,
    patience: None,
    load: 100,
    lasts: seconds(32),
    recovery: seconds(5),
    options: &[],
    better: &[],
};

/// All kinds.
pub(crate) static OUTAGES: [Outage; 17] = [
    Outage {
        name: "dead",
        title: "Dead",
        about: "The service refuses every connection. This is what every breaker is for: five failures in a row open the circuit, \
                and a probe every five seconds finds out that the service is back. A rate needs more failures to see the same.",
        trouble: Trouble::Dead,
        ..USUAL
    },
    Outage {
        name: "hangs",
        title: "Hangs, and clients have no limit",
        about: "The service accepts calls and never answers, and nothing ends them. A breaker judges outcomes, and these calls have \
                none. `stall = \"1s\"` counts them as failures while they hang. It ends none of them: the calls of the first second \
                wait on. To end calls, too, give each a limit, as in the next case.",
        trouble: Trouble::Hangs,
        options: &[|recovery| {
            Strategy::circuit(
                "threshold = 5, stall = \"1s\"",
                threshold(recovery).stall(seconds(1)),
            )
        }],
        better: &[Figure::GivesUp, Figure::Errors, Figure::Spared],
        ..USUAL
    },
    Outage {
        name: "hangs-until-the-limit",
        title: "Hangs until the client's limit",
        about: "The service never answers, and each client gives up after five seconds. `timeout = \"1s\"` is a shorter limit for \
                this function: callers wait less, and the circuit opens four seconds earlier. So it does with `stall = \"1s\"`, which leaves the callers' \
                limit as it is.",
        trouble: Trouble::Hangs,
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
        better: &[Figure::GivesUp, Figure::Errors],
        ..USUAL
    },
    Outage {
        name: "abandoned",
        title: "Hangs, and callers go away",
        about: "The service never answers, and callers drop the call after a second, as HTTP servers do when a visitor leaves. A \
                dropped call says nothing, so the circuit stays closed. `on_cancel = slow` counts one that was slow already.",
        trouble: Trouble::Hangs,
        patience: Some(seconds(1)),
        options: &[|recovery| {
            let config = rate(recovery)
                .slow_call(Duration::from_millis(500))
                .slow_rate(0.5)
                .on_cancel(OnCancel::Slow);
            Strategy::circuit("slow_call = \"500ms\", on_cancel = slow", config)
        }],
        better: &[Figure::GivesUp, Figure::Errors, Figure::Spared],
        ..USUAL
    },
    Outage {
        name: "slow-afterwards",
        title: "Well again, but slower than a probe's limit",
        about: "The service comes back and takes eight seconds for each call, while `probe_timeout` is five. A breaker that takes \
                the silence for a failed probe never closes then. Here the answer of an earlier round of probes counts, so that no \
                option is needed.",
        trouble: Trouble::SlowAfterwards(seconds(8)),
        ..USUAL
    },
    Outage {
        name: "fails-10",
        title: "Fails 10 % of the calls, at 1,000 calls a second",
        about: "For ten minutes one call of ten fails, and an open circuit waits for 30 seconds. Among so many calls five failures \
                in a row come about by chance, and `threshold` stops a service that answers nine of ten. Above about ten calls a \
                second prefer a rate.",
        trouble: Trouble::Fails(0.1),
        load: 1_000,
        lasts: seconds(600),
        recovery: seconds(30),
        ..USUAL
    },
    Outage {
        name: "fails-30",
        title: "Fails 30 % of the calls",
        about: "A rate of 0.5 lets the service answer what it can; `threshold` opens by chance.",
        trouble: Trouble::Fails(0.3),
        ..USUAL
    },
    Outage {
        name: "fails-50",
        title: "Fails 50 % of the calls",
        about: "At its limit a rate opens, too. Calls that fail by chance fail as often when there are fewer of them, so that every \
                rule only trades answers for errors here: choose the rate from which you don't want the answers any more.",
        trouble: Trouble::Fails(0.5),
        ..USUAL
    },
    Outage {
        name: "fails-90",
        title: "Fails 90 % of the calls",
        about: "Nearly dead, and both rules treat it so.",
        trouble: Trouble::Fails(0.9),
        ..USUAL
    },
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
        better: &[Figure::Answers, Figure::Errors],
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
        better: &[Figure::Answers, Figure::Errors, Figure::GivesUp],
        ..USUAL
    },
    Outage {
        name: "sheds",
        title: "Overloaded, and each refusal costs work, too",
        about: "The service can do 60 calls a second and gets 100. It refuses at once what is too much, which costs it half the work of a \
                call, so that it answers 20 a second. Fewer calls mean fewer errors here: that is what `throttle` is for, and it needs \
                no number for the service's strength. `max_concurrent` doesn't help, as the calls are short.",
        trouble: Trouble::Sheds { capacity: 60.0, cost: 0.5 },
        options: &[
            |_| Strategy::circuit("throttle = 0.2", Config::new().throttle(0.2)),
            |_| Strategy::circuit("throttle = 0.5", Config::new().throttle(0.5)),
        ],
        better: &[Figure::Answers],
        ..USUAL
    },
    Outage {
        name: "breaks-off",
        title: "Answers break off",
        about: "The service sends the head of each answer at once, and then the connection breaks. A breaker around the call sees the \
                head alone, and all is well. `guard_stream` sees the body, too.",
        trouble: Trouble::BreaksOff,
        options: &[|recovery| {
            Strategy::circuit("threshold = 5, with guard_stream", threshold(recovery))
                .guarding_streams()
        }],
        better: &[Figure::Errors, Figure::Spared, Figure::GivesUp],
        ..USUAL
    },
    Outage {
        name: "resets",
        title: "A shared connection breaks",
        about: "All calls share one connection, as HTTP/2 and Redis clients have it. It breaks every five seconds, and the fifty \
                calls on it fail at once, while the service is well. `merge_failures = \"100ms\"` counts them as one failure. A rate \
                is as good at 100 calls a second, where fifty failures are few.",
        trouble: Trouble::Resets { every: seconds(5), takes: Duration::from_millis(500) },
        options: &[|recovery| {
            let config = threshold(recovery).merge_failures(Duration::from_millis(100));
            Strategy::circuit("threshold = 5, merge_failures = \"100ms\"", config)
        }],
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
        better: &[Figure::Errors, Figure::GivesUp, Figure::Spared],
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
        better: &[Figure::Errors, Figure::GivesUp, Figure::Spared],
        ..USUAL
    },
    Outage {
        name: "flaps",
        title: "Flaps",
        about: "For ten minutes the service is dead for two seconds and well for three, over and over, and an open circuit waits for \
                five: it falls into step with the service, so that each probe meets it dead. A rate sees both and stays closed, \
                which is best here. With `threshold`, spread the probes by `jitter`; with `backoff`, too, whose waits are multiples \
                of each other.",
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
        ..USUAL
    },
];
