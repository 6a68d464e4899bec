mod member;
mod record;

use super::{Event, Member, Millis, Record, Rules, ServerTime};

/// What the server's clock is ahead of the instances'.
const EPOCH: Millis = 1_700_000_000_000;

const RULES: Rules = Rules {
    threshold: Some(5),
    recovery: 10_000,
    backoff: 1.0,
    max_recovery: 100_000,
    call_limit: None,
    probing: true,
    alert: true,
};

/// Some instances and a store that is reached in no time.
struct Fleet {
    members: Vec<Member>,
    record: Record,
}

impl Fleet {
    /// All know the server's time. Each has ten calls a second: one instance is enough to have a call soon.
    fn new(count: u64, rules: Rules) -> Self {
        let members = (0..count).map(|number| Member::new(number, rules)).collect();
        let mut fleet = Fleet { members, record: Record::default() };
        for member in &mut fleet.members {
            member.note_calls(0, 0);
            member.note_calls(10, 1_000);
        }
        fleet.all_report(0);
        fleet.all_report(1);
        fleet
    }

    fn report(&mut self, member: usize, now: Millis) {
        let member = &mut self.members[member];
        let report = member.report(now);
        let (reply, _) = self.record.apply(&report, ServerTime(EPOCH + now));
        assert!(member.replied(report.number, &reply, now));
    }

    fn all_report(&mut self, now: Millis) {
        for member in 0..self.members.len() {
            self.report(member, now);
        }
    }

    fn note(&mut self, member: usize, event: Event, now: Millis) {
        self.members[member].note(event, now);
        self.report(member, now);
    }

    /// A member's circuit opens by itself, for ten seconds.
    fn opens(&mut self, member: usize, now: Millis) {
        self.note(member, Event::Opened { wait: 10_000, asked: false }, now);
    }

    fn probe(&mut self, member: usize, now: Millis, succeeds: bool) {
        self.note(member, Event::HalfOpened, now);
        if succeeds {
            self.note(member, Event::Closed, now);
        } else {
            self.opens(member, now);
        }
    }

    /// The members that are told to probe now, once all have reported.
    fn told_to_probe(&mut self, now: Millis) -> Vec<usize> {
        self.all_report(now);
        let is_told =
            |member: &mut Member| member.advise(now).deadline == Some(super::Deadline::ProbeNow);
        let members = self.members.iter_mut().enumerate();
        members.filter_map(|(index, member)| is_told(member).then_some(index)).collect()
    }
}
