//! What the store keeps of one circuit.

use super::instances::{Instance, Instances};
use super::{ENDING, MAX_AGE, Millis, Opening, Reply, Report, ServerTime, State, Status};

/// A status is published no more often than this.
const PUBLISH_GAP: Millis = 1_000;

/// The reports of one circuit, merged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    pub(super) instances: Instances,
    pub(super) success: Option<ServerTime>,
    pub(super) opening: Option<Opening>,
    pub(super) is_alert: bool,
    pub(super) published: Option<ServerTime>,
    /// Something has changed that wasn't published.
    pub(super) is_news: bool,
}

impl Record {
    /// Merges a report. Gives the reply, and whether its status is to be published.
    ///
    /// This must be one atomic step of the store, in which its clock shows `now`: of two reports that are merged at once, one
    /// would be lost.
    pub fn apply(&mut self, report: &Report, now: ServerTime) -> (Reply, bool) {
        self.forget(now);
        // A report from the future was stamped by another clock, before a fail-over.
        let is_fresh = report
            .made
            .is_some_and(|made| now.since(made) <= MAX_AGE && made.since(now) <= MAX_AGE);
        if let (Some(made), true) = (report.made.map(|made| made.min(now)), is_fresh) {
            self.merge(report, made, now);
        }
        let status = self.status(now);
        let is_alert = status.is_alert(report.alert_at);
        if is_fresh && is_alert != self.is_alert {
            self.is_alert = is_alert;
            self.is_news = true;
        }
        let may_publish = self.published.is_none_or(|at| now.since(at) >= PUBLISH_GAP || at > now);
        let publishes = self.is_news && may_publish;
        if publishes {
            self.is_news = false;
            self.published = Some(now);
        }
        let place = self.instances.place(report.instance);
        (Reply { accepted: is_fresh, place, status }, publishes)
    }

    /// How things stand.
    #[must_use]
    pub fn status(&self, now: ServerTime) -> Status {
        let live = self.instances.live();
        Status {
            time: now,
            run: self.instances.run(),
            from: self.instances.from(),
            run_since: self.instances.run_since(),
            active: self.instances.active(),
            success: self.success,
            opening: self.opening.map(|opening| Opening { live, ..opening }),
        }
    }

    /// Forgets whom nothing was heard of, and ends an opening that is over.
    fn forget(&mut self, now: ServerTime) {
        self.instances.forget_silent(now);
        self.success = self.success.map(|at| at.min(now));
        let Some(opening) = &mut self.opening else { return };
        opening.not_after(now);
        if let Some(ended) = opening.ended.filter(|ended| now.since(*ended) > ENDING) {
            // Whoever was told to go half-open, and had no call yet, needs no others any more.
            self.instances.dismiss(ended);
            self.opening = None;
        }
        if self.instances.live() == 0 {
            self.opening = None;
        } else if self.opening.is_none() {
            self.begin(now);
        }
    }

    fn begin(&mut self, now: ServerTime) {
        self.opening = Some(Opening::begin(now));
        self.is_news = true;
    }

    fn merge(&mut self, report: &Report, made: ServerTime, now: ServerTime) {
        let known = self.instances.get(report.instance);
        if known.is_some_and(|known| report.number <= known.number) {
            return;
        }
        if report.state == State::Left {
            self.instances.remove(report.instance);
            return;
        }
        let before = known.unwrap_or(Instance::new(now));
        let probe = report
            .probe
            .filter(|probe| report.probes_ended > before.probes_ended && probe.age <= MAX_AGE);
        let has_failed = probe.is_some_and(|probe| !probe.succeeded);
        let mut instance = Instance {
            number: report.number,
            reported: now,
            state: report.state,
            opened: match report.state {
                State::Closed | State::Left => None,
                _ if before.state == State::Closed || has_failed => Some(now),
                _ => before.opened,
            },
            probes_begun: report.probes_begun,
            probes_ended: report.probes_ended,
            ..before
        };
        instance.count(report, made);
        self.instances.put(report.instance, instance);
        if let Some(at) = report.success_age.map(|age| made.before(age)) {
            if self.success.is_none_or(|known| known < at) {
                self.success = Some(at);
                self.instances.forgive(at);
            }
        }
        if instance.opened.is_some() && self.opening.is_none() {
            self.begin(now);
        }
        let live = self.instances.live();
        let is_member = before.opened.is_some() || instance.opened.is_some();
        let Some(opening) = self.opening.as_mut().filter(|_| is_member) else { return };
        opening.live = live;
        if report.probes_begun > before.probes_begun && report.state == State::HalfOpen {
            opening.probing = Some(now);
        }
        if let Some(probe) = probe {
            let at = made.before(probe.age);
            if probe.succeeded {
                opening.probe_succeeded(at);
            } else {
                opening.probe_failed(at);
            }
            self.is_news = true;
        }
    }
}
