use super::super::{ALERT_STANDS, Advice, Deadline, Event, LEAST_GAP, MAX_AGE, Millis, State};
use super::*;

const NOBODY: [usize; 0] = [];

/// Ten failures all over the fleet, of which all have heard.
fn alerted(fleet: &mut Fleet, now: Millis) {
    for failure in 0..10 {
        fleet.note(failure % 3, Event::Failure, now);
    }
    fleet.all_report(now);
}

fn suspect(fleet: &mut Fleet, member: usize, now: Millis) -> Option<Millis> {
    fleet.members[member].advise(now).suspect
}

/// An alert at 100 has stood for long enough at 150.
fn suspected(fleet: &mut Fleet, member: usize) {
    alerted(fleet, 100);
    assert_eq!(suspect(fleet, member, 100), None);
    fleet.report(member, 150);
    assert_eq!(suspect(fleet, member, 150), Some(MAX_AGE));
}

#[test]
fn failures_all_over_the_fleet_put_each_instance_on_alert() {
    let mut fleet = Fleet::new(4, RULES);
    for failure in 0..9 {
        fleet.note(failure % 3, Event::Failure, 100);
    }
    fleet.all_report(100);
    assert_eq!(fleet.members[3].advise(100).again, None);
    fleet.note(0, Event::Failure, 100);
    fleet.report(3, 100);
    let advice = fleet.members[3].advise(100);
    assert_eq!((advice.suspect, advice.again), (None, Some(100 + ALERT_STANDS)));
    // It asks again, at once.
    fleet.members[3].advise(150);
    assert_eq!(fleet.members[3].report_due(150), 100 + LEAST_GAP);
    fleet.report(3, 300);
    assert_eq!(suspect(&mut fleet, 3, 300), Some(MAX_AGE));
}

#[test]
fn an_alert_that_somebody_knows_better_than_puts_nobody_under_suspicion() {
    let mut fleet = Fleet::new(4, RULES);
    alerted(&mut fleet, 100);
    // It came after the first of the failures, and the store hasn't heard of it.
    fleet.members[2].note(Event::Success, 101);
    assert_eq!(suspect(&mut fleet, 2, 102), None);
    assert_eq!(fleet.members[2].report_due(102), 100 + LEAST_GAP);
    assert_eq!(suspect(&mut fleet, 3, 102), None);
    fleet.report(2, 140);
    fleet.report(3, 150);
    assert_eq!(fleet.members[3].advise(150), Advice::default());
}

#[test]
fn anyones_success_ends_the_alert() {
    let mut fleet = Fleet::new(4, RULES);
    suspected(&mut fleet, 3);
    fleet.note(2, Event::Success, 300);
    fleet.all_report(300);
    assert_eq!(suspect(&mut fleet, 3, 300), Some(0));
}

#[test]
fn an_instances_own_success_ends_the_alert_for_it_before_the_store_has_heard_of_it() {
    let mut fleet = Fleet::new(4, RULES);
    suspected(&mut fleet, 3);
    fleet.members[3].note(Event::Success, 160);
    assert_eq!(suspect(&mut fleet, 3, 160), Some(0));
    // And it says so at once.
    assert_eq!(fleet.members[3].report_due(160), 150 + LEAST_GAP);
}

#[test]
fn an_alert_is_worth_two_seconds() {
    let mut fleet = Fleet::new(4, RULES);
    suspected(&mut fleet, 3);
    let later = 150 + MAX_AGE + 1;
    assert_eq!(suspect(&mut fleet, 3, later), None, "it has ended by itself");
    fleet.report(3, later);
    assert_eq!(suspect(&mut fleet, 3, later), None);
    fleet.report(3, later + ALERT_STANDS);
    assert_eq!(suspect(&mut fleet, 3, later + ALERT_STANDS), Some(MAX_AGE));
}

#[test]
fn who_does_not_heed_alerts_gets_none() {
    let mut fleet = Fleet::new(4, Rules { alert: false, ..RULES });
    alerted(&mut fleet, 100);
    assert_eq!(fleet.members[3].advise(100), Advice::default());
}

#[test]
fn the_instances_of_an_opening_probe_in_turn() {
    let mut fleet = Fleet::new(4, RULES);
    (0..4).for_each(|member| fleet.opens(member, 1_000));
    // A quarter of the wait for each of them.
    assert_eq!(fleet.told_to_probe(3_499), NOBODY);
    assert_eq!(fleet.told_to_probe(3_500), [0]);
    fleet.probe(0, 3_500, false);
    assert_eq!(fleet.told_to_probe(5_999), NOBODY);
    assert_eq!(fleet.told_to_probe(6_000), [1]);
}

#[test]
fn who_has_no_call_in_its_turn_holds_nobody_up() {
    let mut fleet = Fleet::new(8, RULES);
    (0..8).for_each(|member| fleet.opens(member, 1_000));
    assert_eq!(fleet.told_to_probe(2_250), [0]);
    assert_eq!(fleet.told_to_probe(2_949), NOBODY);
    assert_eq!(fleet.told_to_probe(2_950), [1, 2]);
    assert_eq!(fleet.told_to_probe(3_650), [3, 4, 5, 6]);
}

#[test]
fn while_a_probe_is_in_flight_nobody_else_begins_one() {
    let mut fleet = Fleet::new(8, RULES);
    (0..8).for_each(|member| fleet.opens(member, 1_000));
    assert_eq!(fleet.told_to_probe(2_250), [0]);
    fleet.note(0, Event::HalfOpened, 2_900);
    assert_eq!(fleet.told_to_probe(2_950), NOBODY);
    // The probe has had the time of a step, and the next ranks another.
    assert_eq!(fleet.told_to_probe(2_900 + 1_400), [1, 2]);
}

#[test]
fn a_turn_that_is_over_is_taken_back() {
    let mut fleet = Fleet::new(8, RULES);
    (0..8).for_each(|member| fleet.opens(member, 1_000));
    assert_eq!(fleet.told_to_probe(2_250), [0]);
    assert_eq!(fleet.told_to_probe(2_950), [1, 2]);
    fleet.probe(2, 3_000, false);
    fleet.all_report(3_000);
    let back = Some(Deadline::Extend(11_000 - 3_000));
    assert_eq!([0, 1].map(|member| fleet.members[member].advise(3_000).deadline), [back; 2]);
}

#[test]
fn who_has_probed_waits_as_long_as_it_would_by_itself() {
    let mut fleet = Fleet::new(2, RULES);
    (0..2).for_each(|member| fleet.opens(member, 1_000));
    assert_eq!(fleet.told_to_probe(6_000), [0]);
    fleet.probe(0, 6_000, false);
    assert_eq!(fleet.told_to_probe(11_000), NOBODY, "its own wait is over then, too");
    fleet.probe(1, 11_000, false);
    assert_eq!(fleet.members[0].advise(15_999).deadline, None);
}

#[test]
fn a_success_lets_the_others_go_half_open_one_step_after_the_other() {
    let mut fleet = Fleet::new(8, RULES);
    (0..8).for_each(|member| fleet.opens(member, 1_000));
    assert_eq!(fleet.told_to_probe(2_250), [0]);
    fleet.probe(0, 2_250, true);
    // Seven are left, and the first of them is first.
    assert_eq!(fleet.told_to_probe(2_250), [1]);
    assert_eq!(fleet.told_to_probe(2_350), [2, 3]);
    assert_eq!(fleet.told_to_probe(2_450), [4, 5, 6, 7]);
}

#[test]
fn the_others_stop_when_more_fail_than_succeed() {
    let mut fleet = Fleet::new(8, RULES);
    (0..8).for_each(|member| fleet.opens(member, 1_000));
    fleet.probe(0, 2_250, true);
    assert_eq!(fleet.told_to_probe(2_250), [1]);
    fleet.probe(1, 2_300, false);
    assert_eq!(fleet.told_to_probe(2_350), [2, 3]);
    fleet.probe(2, 2_400, false);
    fleet.all_report(2_400);
    let advice = fleet.members[3].advise(2_400);
    assert_eq!(advice.deadline, Some(Deadline::Extend(11_000 - 2_400)));
    assert_eq!(fleet.told_to_probe(2_450), NOBODY);
}

#[test]
fn once_most_of_those_let_go_have_failed_one_success_lets_nobody_go() {
    let mut fleet = Fleet::new(20, RULES);
    (0..20).for_each(|member| fleet.opens(member, 1_000));
    fleet.probe(0, 2_250, true);
    (1..3).for_each(|member| fleet.probe(member, 2_300, false));
    for member in 3..7 {
        fleet.probe(member, 2_400, true);
        assert_eq!(fleet.told_to_probe(2_400), NOBODY, "after {member}");
    }
    fleet.probe(7, 2_400, true);
    assert!(!fleet.told_to_probe(2_400).is_empty());
}

#[test]
fn who_found_the_service_down_later_than_another_found_it_well_is_not_let_go() {
    let mut fleet = Fleet::new(3, RULES);
    (0..2).for_each(|member| fleet.opens(member, 1_000));
    fleet.probe(0, 2_000, true);
    fleet.opens(2, 2_100);
    assert_eq!(fleet.told_to_probe(4_000), [1]);
}

#[test]
fn an_instance_waits_for_others_at_most_max_recovery_longer_than_by_itself() {
    let rules = Rules { max_recovery: 12_000, ..RULES };
    let mut fleet = Fleet::new(20, rules);
    (0..20).for_each(|member| fleet.opens(member, 1_000));
    let mut deadline = 11_000;
    for second in 1..40 {
        let now = second * 1_000;
        fleet.probe(0, now, false);
        fleet.all_report(now);
        if let Some(Deadline::Extend(wait)) = fleet.members[19].advise(now).deadline {
            assert!(deadline > now, "it was held back again");
            assert!(wait <= MAX_AGE, "what was heard is worth two seconds");
            deadline = now + wait;
        }
    }
    assert_eq!(deadline, 11_000 + 12_000);
}

#[test]
fn while_others_find_the_service_well_nobody_waits_longer_or_probes_earlier() {
    let mut fleet = Fleet::new(9, RULES);
    (0..8).for_each(|member| fleet.opens(member, 1_000));
    for second in 2..20 {
        let now = second * 1_000;
        fleet.note(8, Event::Success, now);
        fleet.all_report(now);
        for member in 0..8 {
            assert_eq!(fleet.members[member].advise(now).deadline, None, "at {now}");
        }
    }
}

#[test]
fn nobody_probes_earlier_than_the_service_has_asked_for() {
    let mut fleet = Fleet::new(3, RULES);
    (0..2).for_each(|member| fleet.opens(member, 1_000));
    fleet.note(2, Event::Opened { wait: 60_000, asked: true }, 1_000);
    fleet.probe(0, 4_400, true);
    assert_eq!(fleet.told_to_probe(6_000), [1]);
}

#[test]
fn with_nobody_else_an_instance_does_as_without_a_fleet() {
    let mut fleet = Fleet::new(2, RULES);
    fleet.opens(0, 1_000);
    for second in 1..30 {
        fleet.all_report(second * 1_000);
        let advice = fleet.members[0].advise(second * 1_000);
        assert_eq!((advice.deadline, advice.suspect), (None, None));
    }
}

#[test]
fn hearsay_that_is_too_old_moves_nothing() {
    let mut fleet = Fleet::new(4, RULES);
    (0..4).for_each(|member| fleet.opens(member, 1_000));
    fleet.all_report(1_500);
    assert_eq!(fleet.members[0].advise(1_500 + MAX_AGE + 1), Advice::default());
}

#[test]
fn a_reply_that_took_too_long_is_dropped() {
    let mut member = Member::new(1, RULES);
    let report = member.report(0);
    let (reply, _) = Record::default().apply(&report, ServerTime(EPOCH));
    assert!(!member.replied(report.number, &reply, MAX_AGE + 1));
    assert!(!member.replied(report.number, &reply, 1), "it was dropped before");
}

#[test]
fn a_published_status_counts_if_it_is_newer_than_what_is_known() {
    let mut fleet = Fleet::new(2, RULES);
    let status = |time| fleet.record.status(ServerTime(EPOCH + time));
    let [old, new, strange] = [0, 500, 3_000].map(status);
    let member = &mut fleet.members[0];
    assert!(!member.heard(&old, 600));
    assert!(member.heard(&new, 600));
    assert!(!member.heard(&new, 600), "twice");
    assert!(!member.heard(&strange, 700), "of another server");
    member.disconnected();
    assert!(!member.heard(&strange, 3_000), "it knows no time");
}

#[test]
fn reports_are_due_once_a_second_and_at_once_if_something_has_happened() {
    let mut member = Member::new(7, RULES);
    assert_eq!(member.report_due(50), 50);
    let mut dues = Vec::new();
    let mut now = 50;
    for _ in 0..20 {
        member.report(now);
        let due = member.report_due(now);
        assert!((900..1_100).contains(&(due - now)), "{}", due - now);
        dues.push(due - now);
        now = due;
    }
    dues.dedup();
    assert!(dues.len() > 10, "no two of them are the same: {dues:?}");
    member.report(now);
    member.note(Event::Failure, now + 10);
    assert_eq!(member.report_due(now + 10), now + LEAST_GAP);
    assert_eq!(member.report_due(now + 500), now + 500);
}

#[test]
fn who_takes_no_part_in_probing_reports_no_opening() {
    let mut member = Member::new(7, Rules { probing: false, ..RULES });
    member.note(Event::Opened { wait: 10_000, asked: false }, 0);
    assert_eq!(member.report(0).state, State::Closed);
}
