//! One instance's side of the agreement about one circuit.

use std::collections::VecDeque;

use super::clock::Reading;
use super::pace::Pace;
use super::rank::mix;
use super::schedule::{Place, is_partial, probe_at, release_at};
use super::tally::Tally;
use super::{
    ALERT_STANDS, Advice, BEAT, Deadline, Event, LEAST_GAP, MAX_AGE, Millis, Opening, Probe, Reply,
    Report, Rules, State, Status,
};

/// An instance's knowledge of one circuit: its own, and what the store has told.
#[derive(Debug)]
pub struct Member {
    instance: u64,
    rules: Rules,
    local: Local,
    tally: Tally,
    pace: Pace,
    probes_begun: u64,
    probes_ended: u64,
    probe: Option<(bool, Millis)>,
    suspected_until: Millis,
    /// Since when the alert has stood, as far as this instance has heard.
    alerted_at: Option<Millis>,
    reading: Option<Reading>,
    known: Option<Known>,
    /// The store's latest word about it.
    place: u32,
    number: u64,
    /// The reports that may still be answered: number, and when they were made.
    sent: VecDeque<(u64, Millis)>,
    last_sent: Option<Millis>,
    is_urgent: bool,
}

/// More reports than this aren't under way at a time.
const MOST_SENT: usize = 16;

#[derive(Debug, Clone, Copy)]
enum Local {
    Closed,
    Open(Open),
    HalfOpen { since: Millis },
}

#[derive(Debug, Clone, Copy)]
struct Open {
    /// When the circuit would probe by itself, and when it does now.
    own: Millis,
    deadline: Millis,
    asked: bool,
    /// When the probe began that failed, or else when the circuit opened: successes before that prove nothing.
    doubted_at: Millis,
    /// When the probe failed, if the circuit has opened because of one.
    failed_at: Option<Millis>,
    /// The opening that has ended, and let this circuit go half-open.
    released_by: Option<u64>,
}

/// The latest status, and the local time at which it was true at the earliest.
#[derive(Debug, Clone, Copy)]
struct Known {
    status: Status,
    as_of: Millis,
}

impl Member {
    /// A member of which nobody has heard yet. The number must be new with each start of the instance.
    #[must_use]
    pub fn new(instance: u64, rules: Rules) -> Self {
        Member {
            instance,
            rules,
            local: Local::Closed,
            tally: Tally::default(),
            pace: Pace::default(),
            probes_begun: 0,
            probes_ended: 0,
            probe: None,
            suspected_until: 0,
            alerted_at: None,
            reading: None,
            known: None,
            place: 0,
            number: 0,
            sent: VecDeque::new(),
            last_sent: None,
            is_urgent: false,
        }
    }

    /// Goes by other rules from now on: the circuit's options have changed, or what it takes part in.
    pub fn follow(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// When the open circuit admits a probe, as far as is known here.
    #[must_use]
    pub fn deadline(&self) -> Option<Millis> {
        match self.local {
            Local::Open(open) => Some(open.deadline),
            Local::Closed | Local::HalfOpen { .. } => None,
        }
    }

    /// Takes note of the calls that the circuit had in all, rejected ones too: about once a second.
    pub fn note_calls(&mut self, calls: u64, now: Millis) {
        self.pace.note(calls, now);
    }

    /// Takes note of what has happened to the local circuit.
    pub fn note(&mut self, event: Event, now: Millis) {
        match event {
            Event::Success => {
                self.tally.succeeded(now);
                self.is_urgent |= self.suspected_until > now;
            }
            Event::Failure => {
                // The failure of a probe says nothing new.
                if matches!(self.local, Local::Closed) {
                    self.tally.failed(now);
                    self.is_urgent |= self.rules.alert;
                }
            }
            Event::Opened { wait, asked } => {
                let (doubted_at, failed_at) = match self.local {
                    Local::HalfOpen { since } => (since, Some(now)),
                    Local::Closed | Local::Open(_) => (now, None),
                };
                self.probe_ended(failed_at.map(|_| false), now);
                let own = now.saturating_add(wait);
                self.local = Local::Open(Open {
                    own,
                    deadline: own,
                    asked,
                    doubted_at,
                    failed_at,
                    released_by: None,
                });
                self.is_urgent = true;
            }
            Event::HalfOpened => {
                self.local = Local::HalfOpen { since: now };
                self.probes_begun += 1;
                self.is_urgent |= self.rules.probing;
            }
            Event::Closed => {
                let has_probed = matches!(self.local, Local::HalfOpen { .. });
                self.probe_ended(has_probed.then_some(true), now);
                if has_probed {
                    self.tally.succeeded(now);
                }
                self.local = Local::Closed;
                self.is_urgent = true;
            }
        }
    }

    fn probe_ended(&mut self, succeeded: Option<bool>, now: Millis) {
        if let Some(succeeded) = succeeded {
            self.probes_ended += 1;
            self.probe = Some((succeeded, now));
        }
    }

    /// When the next report is due.
    #[must_use]
    pub fn report_due(&self, now: Millis) -> Millis {
        let Some(last) = self.last_sent else { return now };
        let gap = if self.is_urgent {
            LEAST_GAP
        } else {
            // Spread by a tenth, so that instances that start together don't report together for ever.
            BEAT - BEAT / 10 + mix(self.instance ^ self.number) % (BEAT / 5)
        };
        last.saturating_add(gap).max(now)
    }

    /// The report to send now.
    pub fn report(&mut self, now: Millis) -> Report {
        self.number += 1;
        self.last_sent = Some(now);
        self.is_urgent = false;
        self.sent.push_back((self.number, now));
        if self.sent.len() > MOST_SENT {
            self.sent.pop_front();
        }
        let told = self.tally.told(now);
        let probe = self.probe.map(|(succeeded, at)| (succeeded, now.saturating_sub(at)));
        Report {
            instance: self.instance,
            number: self.number,
            made: self.reading.map(|reading| reading.at_least(now)),
            alert_at: self.rules.alert_at(),
            failures: told.failures,
            fresh: told.fresh,
            run: told.run,
            failure_age: told.failure_age,
            success_age: told.success_age,
            state: match self.local {
                _ if !self.rules.probing => State::Closed,
                Local::Closed => State::Closed,
                Local::Open(_) => State::Open,
                Local::HalfOpen { .. } => State::HalfOpen,
            },
            probes_begun: self.probes_begun,
            probes_ended: self.probes_ended,
            probe: probe
                .filter(|(_, age)| *age <= MAX_AGE)
                .map(|(succeeded, age)| Probe { succeeded, age }),
        }
    }

    /// The report that the instance takes part no longer.
    pub fn leave(&mut self, now: Millis) -> Report {
        Report { state: State::Left, ..self.report(now) }
    }

    /// Takes the reply to the report of this number. False: it comes too late to be of use.
    pub fn replied(&mut self, number: u64, reply: &Reply, now: Millis) -> bool {
        let asked = self.sent.iter().find(|(sent, _)| *sent == number).map(|(_, asked)| *asked);
        self.sent.retain(|(sent, _)| *sent != number);
        let Some(asked) = asked.filter(|asked| now.saturating_sub(*asked) <= MAX_AGE) else {
            return false;
        };
        if reply.accepted {
            self.tally.acknowledge(asked);
        }
        if self.reading.is_some_and(|reading| reading.asked > asked) {
            return false;
        }
        self.is_urgent |= self.reading.is_none();
        self.reading = Some(Reading { asked, received: now, server: reply.status.time });
        self.known = Some(Known { status: reply.status, as_of: asked });
        self.place = reply.place;
        true
    }

    /// Takes a status that was published. False: it is too old to be of use.
    pub fn heard(&mut self, status: &Status, now: Millis) -> bool {
        let Some(reading) = self.reading else { return false };
        // A time ahead of the server's clock is from another server.
        let latest = reading.at_most(now);
        if latest.since(status.time) > MAX_AGE || status.time > latest {
            return false;
        }
        if self.known.is_some_and(|known| known.status.time >= status.time) {
            return false;
        }
        let as_of = now.saturating_sub(latest.since(status.time));
        self.known = Some(Known { status: *status, as_of });
        true
    }

    /// Forgets the server's clock: the next reply may come from another server.
    pub fn disconnected(&mut self) {
        self.reading = None;
        self.known = None;
        self.sent.clear();
    }

    /// What to do to the local circuit now. Ask after every event, reply and status, and when an advice says so.
    pub fn advise(&mut self, now: Millis) -> Advice {
        let known = self.known.filter(|known| now.saturating_sub(known.as_of) <= MAX_AGE);
        let until = self.suspicion(known, now);
        let left = until.saturating_sub(now);
        let before = self.suspected_until.saturating_sub(now);
        self.suspected_until = until;
        let (deadline, again) = self.turn(known, now);
        let stands_at = self.alerted_at.map(|at| at.saturating_add(ALERT_STANDS));
        let again = again.or(stands_at.filter(|at| *at > now));
        Advice { deadline, suspect: (left != before).then_some(left), again }
    }

    /// Until when the next failure is to open the circuit. Hearsay is worth [`MAX_AGE`], so that a suspicion ends by
    /// itself if the store falls silent.
    fn suspicion(&mut self, known: Option<Known>, now: Millis) -> Millis {
        let alert = known
            .filter(|_| self.rules.alert && matches!(self.local, Local::Closed))
            .filter(|known| known.status.is_alert(self.rules.alert_at()));
        let (Some(known), Some(reading)) = (alert, self.reading) else {
            self.alerted_at = None;
            return 0;
        };
        let since = known.status.run_since.map_or(0, |since| reading.local(since));
        if self.tally.success().is_some_and(|success| success >= since) {
            // This instance knows better, and says so at once.
            self.is_urgent |= self.tally.success() > self.last_sent;
            self.alerted_at = None;
            return 0;
        }
        let stands_at = self.alerted_at.get_or_insert(now).saturating_add(ALERT_STANDS);
        if known.as_of < stands_at {
            // Asks whether anyone knows better.
            self.is_urgent |= now >= stands_at;
            return self.suspected_until;
        }
        known.as_of.saturating_add(MAX_AGE)
    }

    /// What becomes of the open circuit's deadline, and when to ask again.
    fn turn(&mut self, known: Option<Known>, now: Millis) -> (Option<Deadline>, Option<Millis>) {
        let nothing = (None, None);
        let (Local::Open(mut open), Some(known)) = (self.local, known) else { return nothing };
        let Some((opening, at)) = self.turn_at(open, known.status) else { return nothing };
        let is_turn = now >= at;
        // Whoever may probe asks first whether somebody has just done so.
        let is_sure = opening.ended.is_some() || known.as_of >= at;
        self.is_urgent |= is_turn && !is_sure;
        let wanted = if is_turn && is_sure {
            open.released_by = opening.ended.map(|_| opening.id());
            now
        } else if at <= open.own || is_partial(&known.status, &opening) {
            open.own
        } else {
            let latest = open.own.saturating_add(self.rules.max_recovery);
            let worth = known.as_of.saturating_add(MAX_AGE);
            at.min(latest).min(worth.max(open.own))
        };
        let deadline = if wanted <= now {
            (open.deadline > now).then_some(Deadline::ProbeNow)
        } else {
            (open.deadline < wanted).then_some(Deadline::Extend(wanted - now))
        };
        if deadline.is_some() {
            open.deadline = wanted;
        }
        self.local = Local::Open(open);
        (deadline, (!is_turn).then_some(at))
    }

    /// The opening that the open circuit belongs to, and when it may probe there; `None`: the circuit does as without a fleet.
    fn turn_at(&self, open: Open, status: Status) -> Option<(Opening, Millis)> {
        let (reading, opening) = (self.reading?, status.opening?);
        if !self.rules.probing || open.asked {
            return None;
        }
        let place = Place { place: self.place, calls_a_second: self.pace.a_second() };
        if let Some(ended) = opening.ended.map(|ended| reading.local(ended)) {
            // Otherwise it has found the service down later than another has found it well.
            let is_doubt_past = open.doubted_at < ended;
            return is_doubt_past.then(|| (opening, release_at(&opening, ended, place)));
        }
        let was_released = open.released_by.is_some_and(|id| id != opening.id());
        // With nobody else there is nothing to share.
        if was_released || opening.live < 2 {
            return None;
        }
        let at = probe_at(&opening, &self.rules, reading, place, open.failed_at);
        // Who has probed waits as long as it would by itself. So do all, while others find the service well.
        let has_probed = open.failed_at.is_some();
        let is_never_early = has_probed || is_partial(&status, &opening);
        Some((opening, if is_never_early { at.max(open.own) } else { at }))
    }
}
