//! What an instance says of itself, to `tracing`.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use circuit_fleet::{Action, OrderDraft};
use circuit_runtime::{Mode, on_transition};
use serde_json::json;

use crate::log::{lines, listen};
use crate::{Turn, circuit, draft, options, until};

/// Waits for the first line that begins so.
#[track_caller]
fn told(beginning: &str) -> String {
    let mut found = None;
    until(&format!("{beginning} in {:?}", lines()), || {
        found = lines().into_iter().find(|line| line.starts_with(beginning));
        found.is_some()
    });
    found.unwrap()
}

#[track_caller]
fn has(line: &str, parts: &[&str]) {
    for part in parts {
        assert!(line.contains(part), "{part} in {line}");
    }
}

#[test]
#[ignore = "needs redis-server"]
fn redis_is_told_to_be_away_once_and_to_be_back_once() {
    static TRANSITIONS: AtomicUsize = AtomicUsize::new(0);
    let mut turn = Turn::take();
    circuit("payments");
    let fleet = turn.join(&options("a"));
    assert!(turn.is_ready(&fleet));
    listen();
    on_transition(|_| {
        TRANSITIONS.fetch_add(1, Ordering::Relaxed);
    });
    turn.redis.kill();
    thread::sleep(Duration::from_secs(8));
    let away = lines();
    assert_eq!(away.len(), 1, "{away:?}");
    has(&away[0], &["WARN Redis is away error=", "onnection refused"]);
    turn.redis.start_again();
    told("INFO Redis is back away=");
    thread::sleep(Duration::from_secs(3));
    assert_eq!(lines().len(), 2, "{:?}", lines());
    assert_eq!(TRANSITIONS.load(Ordering::Relaxed), 0, "no circuit of the program's has changed");
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn a_right_that_is_missing_is_told_once() {
    let turn = Turn::take();
    circuit("payments");
    let rights = ["+@all", "~*", "&*", "-psubscribe", "-hset"];
    let user: Vec<_> = ["ACL", "SETUSER", "some", "on", ">x"].into_iter().chain(rights).collect();
    assert_eq!(turn.redis.command(&user), "OK");
    listen();
    let fleet = Turn::join_at(&turn.redis.address_of("some:x@"), &options("a"));
    has(&told("WARN circuits can't be shared"), &["error=", "can't run this command"]);
    turn.redis.command(&["ACL", "SETUSER", "some", "-zadd"]);
    has(&told("WARN Redis refuses"), &["error="]);
    thread::sleep(Duration::from_secs(3));
    assert_eq!(lines().len(), 2, "{:?}", lines());
    turn.redis.command(&["ACL", "SETUSER", "some", "+@all"]);
    told("INFO Redis is back");
    told("INFO circuits are shared again");
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn each_order_is_told_when_it_begins_and_when_it_ends() {
    let turn = Turn::take();
    circuit("told");
    let fleet = turn.join(&options("a"));
    assert!(turn.is_ready(&fleet));
    listen();
    let settings = json!({ "circuits": { "told": { "threshold": 1 }, "other*": {} } });
    let order = draft(Action::Settings(settings)).because("the bank\nis being moved");
    turn.order(&order);
    let who = [r#"by="alice" user="default" reason="the bank\nis being moved""#];
    let line = told("INFO order begins order=1 ");
    has(&line, &who);
    has(&line, &[r#"circuits="other*, told""#, "threshold", "lasting=", "remembered=false"]);
    let cancel = OrderDraft::new(Action::Cancel(1), "bob").because("it was moved");
    turn.order(&cancel);
    let line = told("INFO order ends order=1 ");
    has(&line, &who);
    has(&line, &[r#"end="cancelled" cancelled_by="bob" cancelled_because="it was moved""#]);

    turn.order(&draft(Action::mode("told", Mode::Shadow)).lasting(Duration::from_secs(3)));
    let line = told("INFO order begins order=3 ");
    assert!(!line.contains("reason"), "{line}");
    has(&told("INFO order ends order=3 "), &[r#"circuits="told""#, r#"end="its time is over""#]);
    turn.order(&draft(Action::reset("tol*")));
    has(&told("INFO order to reset carried out order=4 "), &[r#"circuits="tol*""#]);

    let wrong = json!({ "circuits": { "told": { "min_calls": 500 } } });
    turn.order(&draft(Action::Settings(wrong)).because("a slip"));
    let line = told("WARN order refused order=5 ");
    has(&line, &[r#"by="alice""#, r#"reason="a slip""#, "lasting=", "min_calls: "]);
    turn.redis.command(&["HSET", "f:{test}:orders", "9", "99999999999999 {}"]);
    has(&told("WARN order refused order=9 "), &["can't be read"]);
    turn.leave(fleet);
    let ends = told("INFO order ends order=5 ");
    has(&ends, &[r#"end="the instance has left the fleet""#]);
    let of = |order: &str| lines().iter().filter(|line| line.contains(order)).count();
    assert_eq!([of("order=5 "), of("order=9 ")], [3, 1], "{:?}", lines());
}

#[test]
#[ignore = "needs redis-server"]
fn an_order_that_ends_while_redis_is_away_is_told() {
    let mut turn = Turn::take();
    circuit("told alone");
    let fleet = turn.join(&options("a"));
    listen();
    turn.order(&draft(Action::mode("told alone", Mode::Shadow)).lasting(Duration::from_secs(6)));
    turn.redis.kill();
    has(&told("INFO order ends order=1 "), &[r#"end="its time is over""#]);
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn orders_that_cannot_be_remembered_or_read_back_are_told() {
    let turn = Turn::take();
    circuit("told");
    listen();
    let fleet = turn.join(&options("a").remember("/nonexistent/x"));
    let line = told("WARN orders can't be remembered");
    has(&line, &[r#"path="/nonexistent/x""#, "error=", "No such file"]);
    turn.order(&draft(Action::mode("told", Mode::Shadow)));
    turn.leave(fleet);
    let warnings = lines().iter().filter(|line| line.starts_with("WARN orders can't")).count();
    assert_eq!(warnings, 1, "once: {:?}", lines());

    let path = std::env::temp_dir().join(format!("circuit-fleet-told-{}", std::process::id()));
    let starts_with = |text: &str, part: &str| {
        std::fs::write(&path, text).unwrap();
        listen();
        let fleet = turn.join(&options("a").remember(&path));
        let line = told("WARN remembered orders can't be read");
        has(&line, &[path.to_str().unwrap(), part]);
        turn.leave(fleet);
    };
    starts_with("{", "EOF");
    let other = r#"{"form":1,"namespace":"other","version":1,"at_ms":1,"orders":[]}"#;
    starts_with(other, "it is of the namespace `other`");
    std::fs::remove_file(&path).unwrap();
    assert!(Path::new("/nonexistent").metadata().is_err());
}
