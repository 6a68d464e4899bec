//! Whoever can write to the store can write anything: no message makes an instance or the merging panic, or moves a deadline
//! further than the circuit's own rules allow.

use circuit_fleet::agreement::{
    Deadline, Event, FormatError, MAX_AGE, Member, Record, Reply, Report, Rules, ServerTime, Status,
};
use fastrand::Rng;

const RULES: Rules = Rules {
    threshold: Some(5),
    recovery: 10_000,
    backoff: 2.0,
    max_recovery: 60_000,
    call_limit: Some(1_000),
    probing: true,
    alert: true,
};

/// Numbers at the ends of their ranges, times of about now, and what is none.
fn any_word(rng: &mut Rng) -> String {
    match rng.u8(..14) {
        0 => "-".into(),
        1 => u64::MAX.to_string(),
        2 => u32::MAX.to_string(),
        3 => "open".into(),
        4 => "half-open".into(),
        5 => "closed".into(),
        6 => "failed".into(),
        7 => "succeeded".into(),
        8 => "-1".into(),
        9 | 10 => rng.u64(0..10).to_string(),
        _ => rng.u64(990_000..1_010_000).to_string(),
    }
}

/// A message with up to four other words, and now and then one more or fewer.
fn changed(line: &str, rng: &mut Rng) -> String {
    let mut words: Vec<String> = line.split(' ').map(String::from).collect();
    for _ in 0..rng.usize(..5) {
        let place = rng.usize(1..words.len());
        words[place] = any_word(rng);
    }
    match rng.u8(..20) {
        0 => words.push(any_word(rng)),
        1 => _ = words.pop(),
        2 => words[0] = any_word(rng),
        _ => {}
    }
    words.join(" ")
}

#[test]
fn what_can_be_read_is_what_was_meant() {
    let mut rng = Rng::with_seed(1);
    let report = Member::new(7, RULES).report(0);
    let status = Record::default().status(ServerTime(1_000_000));
    let (mut read, mut refused) = (0, 0);
    for _ in 0..4_000 {
        let line = changed(&report.encode(), &mut rng);
        match Report::decode(&line) {
            Ok(report) => {
                read += 1;
                assert_eq!(Report::decode(&report.encode()), Ok(report), "{line}");
            }
            Err(_) => refused += 1,
        }
        let line = changed(&status.encode(), &mut rng);
        if let Ok(status) = Status::decode(&line) {
            assert_eq!(Status::decode(&status.encode()), Ok(status), "{line}");
        }
    }
    assert!(read > 300 && refused > 300, "{read} read, {refused} refused");
    assert_eq!(Status::decode("2 1"), Err(FormatError::Version));
}

#[test]
fn any_report_can_be_merged() {
    let mut rng = Rng::with_seed(2);
    let mut record = Record::default();
    let mut merged = 0;
    let first = Report { made: Some(ServerTime(1_000_000)), ..Member::new(7, RULES).report(0) };
    for _ in 0..10_000 {
        let Ok(report) = Report::decode(&changed(&first.encode(), &mut rng)) else { continue };
        let number = rng.u64(..);
        let report = Report { instance: rng.u64(..20), number, ..report };
        let now = ServerTime(rng.u64(995_000..1_010_000));
        let (reply, _) = record.apply(&report, now);
        merged += u32::from(reply.accepted);
        assert_eq!(Status::decode(&reply.status.encode()), Ok(reply.status));
    }
    assert!(merged > 300, "{merged} merged");
}

#[test]
fn no_status_moves_a_deadline_further_than_the_rules_allow() {
    let mut rng = Rng::with_seed(3);
    let mut moved = 0;
    for _ in 0..4_000 {
        let mut member = Member::new(7, RULES);
        let mut record = Record::default();
        let mut exchange = |member: &mut Member, now, rng: Option<&mut Rng>| {
            let report = member.report(now);
            let (mut reply, _) = record.apply(&report, ServerTime(1_000_000 + now));
            if let Some(rng) = rng {
                let line = changed(&reply.status.encode(), rng);
                reply.status = Status::decode(&line).unwrap_or(reply.status);
                reply.place = rng.u32(..);
            }
            member.replied(report.number, &Reply { accepted: true, ..reply }, now);
        };
        exchange(&mut member, 0, None);
        member.note(Event::Opened { wait: 10_000, asked: false }, 10);
        exchange(&mut member, 20, None);
        for now in [30, 9_900, 30_000, 70_000, 70_500] {
            exchange(&mut member, now, Some(&mut rng));
            let advice = member.advise(now);
            if let Some(Deadline::Extend(wait)) = advice.deadline {
                moved += 1;
                assert!(now + wait <= 10_010 + RULES.max_recovery, "{wait} ms more at {now}");
                assert!(wait <= MAX_AGE.max(10_010_u64.saturating_sub(now)), "{wait} ms at {now}");
            }
            assert!(advice.suspect.is_none_or(|wait| wait <= MAX_AGE));
        }
    }
    assert!(moved > 20, "{moved} moved");
}
