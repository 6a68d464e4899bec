//! The way between the instances and the store.

use fastrand::Rng;

use crate::Millis;

/// How long messages take, and which are lost or come twice.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    /// A way takes from the first to the second, with equal chances.
    pub(crate) delay: (Millis, Millis),
    pub(crate) loss: f64,
    pub(crate) duplication: f64,
    /// The chance that a message takes seconds.
    pub(crate) late: f64,
    /// When whom nothing reaches and nothing leaves.
    pub(crate) partitions: Vec<(Millis, Millis, Vec<usize>)>,
    /// When the store stands still: what comes then is answered afterwards.
    pub(crate) pauses: Vec<(Millis, Millis)>,
    /// When the store is away.
    pub(crate) downs: Vec<(Millis, Millis)>,
    pub(crate) wipes: Vec<Millis>,
    /// When a replica takes over, and what its clock is ahead.
    pub(crate) fail_overs: Vec<(Millis, i64)>,
    /// When whose background task gets no time, while its calls go on.
    pub(crate) stalls: Vec<(Millis, Millis, Vec<usize>)>,
}

impl Network {
    pub(crate) fn good() -> Self {
        Network {
            delay: (1, 3),
            loss: 0.0,
            duplication: 0.0,
            late: 0.0,
            partitions: Vec::new(),
            pauses: Vec::new(),
            downs: Vec::new(),
            wipes: Vec::new(),
            fail_overs: Vec::new(),
            stalls: Vec::new(),
        }
    }

    /// Whether messages come at once, and each of them.
    pub(crate) fn is_good(&self) -> bool {
        self.delay.1 < 10 && self.loss + self.late == 0.0 && self.well_from() == 0
    }

    /// The times at which a message of this instance arrives.
    pub(crate) fn arrivals(&self, instance: usize, now: Millis, rng: &mut Rng) -> Vec<Millis> {
        let within = |(from, to): (Millis, Millis)| (from..to).contains(&now);
        let is_cut = self
            .partitions
            .iter()
            .any(|(from, to, whom)| within((*from, *to)) && whom.contains(&instance));
        if is_cut || self.downs.iter().any(|down| within(*down)) || rng.f64() < self.loss {
            return Vec::new();
        }
        let copies = if rng.f64() < self.duplication { 2 } else { 1 };
        let mut arrives = || {
            let is_late = self.late > 0.0 && rng.f64() < self.late;
            let more = if is_late { rng.u64(2_000..8_000) } else { 0 };
            now + more + rng.u64(self.delay.0..=self.delay.1)
        };
        (0..copies).map(|_| arrives()).collect()
    }

    /// Until when the instance's background task gets no time, if it gets none now.
    pub(crate) fn stalled_until(&self, instance: usize, now: Millis) -> Option<Millis> {
        let is_stalled = |(from, to, whom): &&(Millis, Millis, Vec<usize>)| {
            (*from..*to).contains(&now) && whom.contains(&instance)
        };
        self.stalls.iter().find(is_stalled).map(|(_, to, _)| *to)
    }

    /// When the store attends to what comes now.
    pub(crate) fn attended(&self, now: Millis) -> Millis {
        let pause = self.pauses.iter().find(|(from, to)| (*from..*to).contains(&now));
        pause.map_or(now, |(_, to)| *to)
    }

    /// From when on the store is well for good.
    pub(crate) fn well_from(&self) -> Millis {
        let ends = self.partitions.iter().chain(&self.stalls).map(|(_, to, _)| *to);
        let ends = ends.chain(self.pauses.iter().chain(&self.downs).map(|(_, to)| *to));
        let ends = ends.chain(self.wipes.iter().copied());
        ends.chain(self.fail_overs.iter().map(|(at, _)| *at)).max().unwrap_or(0)
    }
}
