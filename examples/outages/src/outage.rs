//! What an outage is, and how one runs its course.

use std::time::Duration;

use circuit_runtime::{Config, Window};

use crate::figure::Figure;
use crate::strategy::Strategy;

/// When the outage begins, since the service began.
const BEGIN: Duration = Duration::from_secs(10);
/// How long the run waits for the last calls.
const REST: Duration = Duration::from_secs(20);

/// What is wrong with the service.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Trouble {
    /// It refuses every connection.
    Dead,
    /// It never answers this share of the calls.
    Hangs(f64),
    /// It refuses every connection for so long; then it accepts calls and never answers.
    DeadThenHangs(Duration),
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

/// The place of a strategy among those that are compared; the options come after these.
pub(crate) type Column = usize;
pub(crate) const NONE: Column = 0;
pub(crate) const THRESHOLD: Column = 1;
pub(crate) const RATE: Column = 2;
pub(crate) const FIRST: Column = 3;
pub(crate) const SECOND: Column = 4;
pub(crate) const THIRD: Column = 5;

/// What the text says, as the tests check it. The first of each is the strategy that it is about, the last are those that it is
/// compared with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Claim {
    /// It is clearly better in each of these figures.
    Better(Column, &'static [Figure], &'static [Column]),
    /// It is clearly better in none of these figures.
    NoBetter(Column, &'static [Figure], &'static [Column]),
    /// The table shows the same.
    Same(Column, &'static [Figure], &'static [Column]),
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
    /// The time between two calls, on average.
    pub(crate) gap: Duration,
    /// The calls of so long are counted together for the picture and for the recovery.
    pub(crate) stretch: Duration,
    /// How long the outage lasts. It's no multiple of the wait of an open circuit, so that nobody probes at its end by
    /// chance.
    pub(crate) lasts: Duration,
    /// How long calls come after its end.
    pub(crate) after: Duration,
    /// How long an open circuit waits.
    pub(crate) recovery: Duration,
    /// The options made for it; none, if `threshold` or a rate is.
    pub(crate) options: &'static [fn(Duration) -> Strategy],
    /// What the text says.
    pub(crate) claims: &'static [Claim],
}

/// What most outages have in common.
pub(crate) const USUAL: Outage = Outage {
    name: "",
    title: "",
    about: "",
    trouble: Trouble::Dead,
    limit: None,
    patience: None,
    gap: Duration::from_millis(10),
    stretch: seconds(1),
    lasts: seconds(32),
    after: seconds(58),
    recovery: seconds(5),
    options: &[],
    claims: &[],
};

impl Outage {
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

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// `threshold = 5`.
pub(crate) fn threshold(recovery: Duration) -> Config {
    Config::new().threshold(5).recovery(recovery)
}

/// `failure_rate = 0.5` over ten seconds.
pub(crate) fn rate(recovery: Duration) -> Config {
    Config::new()
        .failure_rate(0.5)
        .window(Window::Time(seconds(10)))
        .min_calls(20)
        .recovery(recovery)
}

/// An outage from before its beginning to after its end. It may be shorter than it is on the page: then all that the service does for a
/// while is, but neither a call that is well nor what a client waits for. Calls come more often then, but not for more than 100 a
/// second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Course {
    pub(crate) outage: &'static Outage,
    scale: f64,
}

impl Course {
    /// As on the page.
    pub(crate) fn of(outage: &'static Outage) -> Self {
        Course { outage, scale: 1.0 }
    }

    /// So many times as long as on the page.
    pub(crate) fn scaled(outage: &'static Outage, scale: f64) -> Self {
        Course { outage, scale }
    }

    /// As long as `time` of the page.
    pub(crate) fn time(self, time: Duration) -> Duration {
        time.mul_f64(self.scale)
    }

    /// The time between two calls, on average.
    pub(crate) fn gap(self) -> Duration {
        let gap = self.outage.gap;
        self.time(gap).max(USUAL.gap).min(gap)
    }

    /// When the outage begins, since the service began.
    pub(crate) fn begin(self) -> Duration {
        self.time(BEGIN)
    }

    /// When it ends, since the service began.
    pub(crate) fn end(self) -> Duration {
        self.time(BEGIN + self.outage.lasts)
    }

    /// How long calls come.
    pub(crate) fn length(self) -> Duration {
        self.time(BEGIN + self.outage.lasts + self.outage.after)
    }

    /// How long the run waits for the last calls.
    pub(crate) fn rest(self) -> Duration {
        self.time(REST)
    }
}
