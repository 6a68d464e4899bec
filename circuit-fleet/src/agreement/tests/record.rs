use super::super::{ACTIVE_FOR, ENDING, MAX_AGE, MEMBER_FOR, Probe, Reply, Report, State, Status};
use super::*;

const START: ServerTime = ServerTime(EPOCH);

fn report(instance: u64, number: u64, now: ServerTime) -> Report {
    Report {
        instance,
        number,
        made: Some(now),
        alert_at: 10,
        failures: 0,
        fresh: 0,
        run: 0,
        failure_age: 0,
        success_age: None,
        state: State::Closed,
        probes_begun: 0,
        probes_ended: 0,
        probe: None,
    }
}

fn failing(instance: u64, number: u64, failures: u32, now: ServerTime) -> Report {
    let count = u64::from(failures);
    Report { failures: count, fresh: failures, run: failures, ..report(instance, number, now) }
}

fn open(instance: u64, number: u64, now: ServerTime) -> Report {
    Report { state: State::Open, ..report(instance, number, now) }
}

fn failed(instance: u64, number: u64, probes: u64, now: ServerTime) -> Report {
    let probe = Some(Probe { succeeded: false, age: 0 });
    Report { probe, probes_begun: probes, probes_ended: probes, ..open(instance, number, now) }
}

fn apply(record: &mut Record, report: &Report, now: ServerTime) -> Status {
    let (Reply { accepted, status, .. }, _) = record.apply(report, now);
    assert!(accepted);
    status
}

#[test]
fn a_report_that_comes_twice_or_too_late_counts_once() {
    let mut record = Record::default();
    assert_eq!(apply(&mut record, &failing(1, 2, 3, START), START).run, 3);
    let before = record.clone();
    apply(&mut record, &failing(1, 2, 3, START), START);
    apply(&mut record, &failing(1, 1, 1, START), START);
    assert_eq!(record, before);
}

#[test]
fn a_report_that_is_older_than_two_seconds_is_refused() {
    let mut record = Record::default();
    let late = START.after(MAX_AGE + 1);
    let (reply, _) = record.apply(&failing(1, 1, 3, START), late);
    assert_eq!((reply.accepted, reply.status.run), (false, 0));
    let (reply, _) = record.apply(&failing(1, 1, 3, late), START);
    assert!(!reply.accepted, "by another clock");
    let (reply, _) = record.apply(&Report { made: None, ..failing(1, 1, 3, START) }, START);
    assert_eq!((reply.accepted, reply.status.time), (false, START), "it learns the time");
    assert_eq!(reply.status.active, 0);
}

#[test]
fn a_store_that_was_emptied_counts_only_failures_that_are_fresh() {
    let mut record = Record::default();
    let report = Report { failures: 1_000, fresh: 2, ..failing(1, 50, 7, START) };
    assert_eq!(apply(&mut record, &report, START).run, 2);
}

#[test]
fn failures_in_all_are_counted_even_if_a_report_was_lost() {
    let mut record = Record::default();
    apply(&mut record, &failing(1, 1, 1, START), START);
    assert_eq!(apply(&mut record, &failing(1, 3, 4, START), START).run, 4);
}

#[test]
fn a_success_forgives_the_failures_before_it_and_no_others() {
    let mut record = Record::default();
    apply(&mut record, &failing(1, 1, 4, START), START);
    let later = START.after(500);
    apply(&mut record, &failing(2, 1, 5, later), later);
    let success = Report { success_age: Some(300), ..report(3, 1, later) };
    let status = apply(&mut record, &success, later);
    assert_eq!((status.run, status.from, status.success), (5, 1, Some(START.after(200))));
    // One that was earlier, but is heard of later, changes nothing.
    let earlier = Report { success_age: Some(400), ..report(4, 1, later) };
    assert_eq!(apply(&mut record, &earlier, later).success, Some(START.after(200)));
}

#[test]
fn of_failures_on_both_sides_of_a_success_one_is_left() {
    let mut record = Record::default();
    apply(&mut record, &failing(1, 1, 4, START), START);
    let later = START.after(500);
    apply(&mut record, &failing(1, 2, 6, later), later);
    let success = Report { success_age: Some(300), ..report(2, 1, later) };
    assert_eq!(apply(&mut record, &success, later).run, 1);
}

#[test]
fn who_is_silent_leaves_the_opening_and_later_the_record() {
    let mut record = Record::default();
    apply(&mut record, &open(1, 1, START), START);
    apply(&mut record, &open(2, 1, START), START);
    let later = START.after(MEMBER_FOR + 1);
    let status = apply(&mut record, &open(2, 2, later), later);
    assert_eq!(status.opening.map(|opening| opening.live), Some(1));
    assert_eq!(status.active, 2);
    let later = START.after(ACTIVE_FOR + 1);
    assert_eq!(apply(&mut record, &report(2, 3, later), later).active, 1);
}

#[test]
fn an_opening_ends_with_its_last_instance() {
    let mut record = Record::default();
    apply(&mut record, &open(1, 1, START), START);
    let left = Report { state: State::Left, ..report(1, 2, START) };
    apply(&mut record, &left, START);
    assert_eq!(apply(&mut record, &report(2, 1, START), START).opening, None);
}

#[test]
fn after_a_success_only_those_who_have_failed_since_begin_another_opening() {
    let mut record = Record::default();
    (1..=3).for_each(|instance| _ = apply(&mut record, &open(instance, 1, START), START));
    let proved = Report {
        probe: Some(Probe { succeeded: true, age: 0 }),
        probes_begun: 1,
        probes_ended: 1,
        ..report(1, 2, START.after(100))
    };
    let status = apply(&mut record, &proved, START.after(100));
    let first = status.opening.expect("it goes on until the others had their turn");
    assert_eq!(first.ended, Some(START.after(100)));
    apply(&mut record, &failed(2, 2, 1, START.after(200)), START.after(200));
    // The third has no calls.
    let later = START.after(101 + ENDING);
    apply(&mut record, &open(3, 2, later), later);
    let status = apply(&mut record, &failed(2, 3, 1, later), later);
    let second = status.opening.expect("the second still fails");
    assert!(second.id() != first.id());
    assert_eq!((second.live, second.ended), (1, None));
}

#[test]
fn each_of_an_opening_has_a_place_of_its_own() {
    let mut record = Record::default();
    let mut place =
        |instance, report: Report| record.apply(&Report { instance, ..report }, START).0.place;
    let report = open(0, 1, START);
    (0..4).for_each(|instance| _ = place(instance * 10, report));
    let report = open(0, 2, START);
    assert_eq!([30, 0, 20, 10].map(|instance| place(instance, report)), [3, 0, 2, 1]);
}

#[test]
fn nothing_stays_in_the_future_when_the_clock_goes_back() {
    let mut record = Record::default();
    apply(&mut record, &open(1, 1, START), START);
    apply(&mut record, &failed(2, 1, 1, START), START);
    let before = START.before(3_600_000);
    let status = apply(&mut record, &failed(1, 2, 1, before), before);
    let opening = status.opening.unwrap();
    assert_eq!((opening.last, opening.live), (before, 2));
    let later = before.after(MEMBER_FOR + 1);
    assert_eq!(apply(&mut record, &open(1, 3, later), later).opening.unwrap().live, 1);
}

#[test]
fn a_status_is_published_if_it_has_changed_and_at_most_once_a_second() {
    let mut record = Record::default();
    let mut publishes = |report: &Report, after| record.apply(report, START.after(after)).1;
    assert!(!publishes(&report(1, 1, START), 0));
    assert!(publishes(&open(1, 2, START), 0));
    assert!(!publishes(&open(1, 3, START), 10));
    assert!(!publishes(&failed(1, 4, 1, START.after(500)), 500));
    assert!(publishes(&report(2, 1, START.after(1_000)), 1_000), "what was held back");
    assert!(!publishes(&report(2, 2, START.after(2_500)), 2_500));
}

#[test]
fn an_alert_is_published() {
    let mut record = Record::default();
    let mut publishes = |report: &Report| record.apply(report, START).1;
    assert!(!publishes(&failing(1, 1, 5, START)));
    assert!(publishes(&failing(2, 1, 5, START)));
}
