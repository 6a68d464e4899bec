//! The figures of one run.

use circuit_runtime::{State, Transition};

use crate::Millis;
use crate::instance::Call;
use crate::numbers::{float, whole};
use crate::scenario::Scenario;
use crate::service::Fate;

/// Probes that come within this time are one: a report takes up to 200 ms, and a call as long.
const TOGETHER: Millis = 500;

/// A probe that came because of the fleet, with the opening.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shared(pub(crate) Option<u64>);

#[derive(Debug, Clone)]
pub(crate) struct Measured {
    well_from: Millis,
    trouble_from: Millis,
    wait: Millis,
    states: Vec<State>,
    /// Since when each instance serves again, after all troubles; `None`: not yet.
    serves: Vec<Option<Millis>>,
    /// Calls that failed before all circuits were open for the first time.
    pub(crate) until_all_open: u64,
    pub(crate) all_open_at: Option<Millis>,
    pub(crate) failing_probes: u64,
    /// When failing probes began that came because of the fleet, with the opening.
    shared: Vec<(Option<u64>, Millis)>,
    pub(crate) failing: Vec<u64>,
    pub(crate) good_calls: Vec<u64>,
    /// Good calls that were rejected.
    pub(crate) lost: Vec<u64>,
    /// Rejections, by instance.
    pub(crate) rejected: Vec<u64>,
    pub(crate) openings: u64,
    pub(crate) reports: u64,
    pub(crate) published: u64,
    /// How many circuits aren't closed, each time that changes.
    pub(crate) open_over_time: Vec<(Millis, usize)>,
}

impl Measured {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let count = scenario.lives.len();
        let troubles = scenario.service.troubles.iter();
        Measured {
            well_from: scenario.service.well_from(),
            trouble_from: troubles.map(|trouble| trouble.from).min().unwrap_or(0),
            wait: scenario.circuit.recovery,
            states: vec![State::Closed; count],
            serves: vec![None; count],
            until_all_open: 0,
            all_open_at: None,
            failing_probes: 0,
            shared: Vec::new(),
            failing: vec![0; count],
            good_calls: vec![0; count],
            lost: vec![0; count],
            rejected: vec![0; count],
            openings: 0,
            reports: 0,
            published: 0,
            open_over_time: vec![(0, 0)],
        }
    }

    pub(crate) fn call(
        &mut self,
        instance: usize,
        fate: Fate,
        call: Option<&Call>,
        shared: Option<Shared>,
        now: Millis,
    ) {
        self.good_calls[instance] += u64::from(fate.is_good);
        self.failing[instance] += u64::from(call.is_some() && !fate.is_good);
        match call {
            None => {
                self.rejected[instance] += 1;
                self.lost[instance] += u64::from(fate.is_good);
            }
            Some(call) if !fate.is_good => {
                if call.is_probe {
                    self.failing_probes += 1;
                    self.shared.extend(shared.map(|Shared(opening)| (opening, now)));
                } else if self.all_open_at.is_none() {
                    self.until_all_open += 1;
                }
            }
            Some(_) if now >= self.well_from => _ = self.serves[instance].get_or_insert(now),
            Some(_) => {}
        }
    }

    pub(crate) fn changed(&mut self, instance: usize, change: &Transition, now: Millis) {
        self.openings += u64::from(change.to == State::Open && change.from == State::Closed);
        self.states[instance] = change.to;
        self.note_open(now);
        if self.states.iter().all(|state| *state != State::Closed) && now >= self.trouble_from {
            self.all_open_at.get_or_insert(now);
        }
    }

    /// Rejections of the instances that no trouble is meant for.
    pub(crate) fn healthy_rejected(&self, scenario: &Scenario) -> u64 {
        let is_meant = |instance: &usize| {
            let troubles = &mut scenario.service.troubles.iter();
            troubles.any(|it| it.whom.as_ref().is_some_and(|whom| whom.contains(instance)))
        };
        let healthy = (0..self.rejected.len()).filter(|instance| !is_meant(instance));
        healthy.map(|instance| self.rejected[instance]).sum()
    }

    pub(crate) fn crashed(&mut self, instance: usize) {
        self.states[instance] = State::Closed;
        self.serves[instance] = Some(self.well_from);
    }

    pub(crate) fn report(&mut self) {
        self.reports += 1;
    }

    pub(crate) fn published(&mut self) {
        self.published += 1;
    }

    fn note_open(&mut self, now: Millis) {
        let open = self.states.iter().filter(|state| **state != State::Closed).count();
        self.open_over_time.push((now, open));
    }

    /// How long after the last trouble so large a share of the instances serves again.
    pub(crate) fn serves_after(&self, share: f64) -> Option<Millis> {
        let mut serves: Vec<Millis> = self.serves.iter().flatten().copied().collect();
        serves.sort_unstable();
        let needed = whole((float(self.serves.len()) * share).ceil()).max(1);
        serves.get(usize::try_from(needed - 1).ok()?).map(|at| at - self.well_from)
    }

    /// The most failing probes of one opening that the fleet asked for within one wait. Those that come so soon after another
    /// that nobody can have heard of that are counted only once.
    pub(crate) fn most_shared(&self) -> usize {
        let mut most = 0;
        for (index, (opening, from)) in self.shared.iter().enumerate() {
            let mut last = None;
            let later = self.shared[index..].iter().take_while(|(_, at)| *at < from + self.wait);
            let counted = later.filter(|(other, at)| {
                let counts = other == opening && last.is_none_or(|last| *at >= last + TOGETHER);
                if counts {
                    last = Some(*at);
                }
                counts
            });
            most = most.max(counted.count());
        }
        most
    }
}
