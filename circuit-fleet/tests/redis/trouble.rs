//! Redis is away, stopped, emptied, or comes late: each instance goes on.

use std::time::Duration;

use circuit_fleet::Action;
use circuit_runtime::{Mode, orders};

use crate::{Other, Turn, circuit, draft, options, until, until_mode};

#[test]
#[ignore = "needs redis-server"]
fn an_instance_starts_without_redis_and_obeys_once_it_is_there() {
    let mut turn = Turn::take();
    let breaker = circuit("starts alone");
    turn.redis.kill();
    let fleet = turn.join(&options("a"));
    assert!(!turn.runtime.block_on(fleet.ready(Duration::from_millis(50))));
    assert!(breaker.try_acquire().is_ok());
    assert!(turn.runtime.block_on(fleet.view()).is_err());
    turn.redis.start_again();
    turn.order(&draft(Action::mode("starts alone", Mode::ForcedOpen)));
    assert_eq!(breaker.mode(), Mode::ForcedOpen);
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn calls_go_on_while_redis_is_stopped_and_orders_hold() {
    let turn = Turn::take();
    let (ordered, free) = (circuit("holds"), circuit("goes on"));
    let fleet = turn.join(&options("a"));
    turn.order(&draft(Action::mode("holds", Mode::ForcedOpen)));
    turn.redis.signal("-STOP");
    // The view needs Redis, and says that it is away.
    assert!(turn.runtime.block_on(fleet.view()).is_err());
    assert!(free.try_acquire().is_ok() && ordered.try_acquire().is_err());
    turn.redis.signal("-CONT");
    turn.order(&draft(Action::Cancel(1)));
    assert_eq!(ordered.mode(), Mode::Normal);
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn orders_outlive_an_emptied_redis_and_can_be_restored() {
    let turn = Turn::take();
    let breaker = circuit("outlives");
    let fleet = turn.join(&options("a"));
    turn.order(&draft(Action::mode("outlives", Mode::Shadow)));
    turn.order(&draft(Action::mode("outlives", Mode::ForcedOpen)));
    turn.redis.command(&["FLUSHALL"]);
    let mut operator = turn.operator();
    until("the instance has beaten again", || {
        let view = turn.runtime.block_on(operator.view());
        view.is_ok_and(|view| view.instances.iter().any(|it| !it.silent && it.obeys == [1, 2]))
    });
    assert_eq!(breaker.mode(), Mode::ForcedOpen);

    assert_eq!(turn.runtime.block_on(operator.restore("bob")).unwrap(), [1, 2]);
    assert_eq!(turn.runtime.block_on(operator.restore("bob")).unwrap(), [0_u64; 0]);
    let other = Other::start(&turn.redis, "b");
    until("an instance that starts now obeys, too", || {
        let view = turn.runtime.block_on(operator.view());
        view.is_ok_and(|view| view.instances.iter().any(|it| it.name == "b" && it.obeys == [1, 2]))
    });
    other.leave();
    // The next version is above all that instances have seen.
    let next = turn.order(&draft(Action::Cancel(2)));
    assert_eq!((next, breaker.mode()), (3, Mode::Shadow));
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn a_new_order_after_a_wipe_has_a_version_above_all_that_were_seen() {
    let turn = Turn::take();
    let breaker = circuit("goes up");
    let fleet = turn.join(&options("a"));
    for _ in 0..3 {
        turn.order(&draft(Action::mode("goes up", Mode::Shadow)));
    }
    turn.redis.command(&["FLUSHALL"]);
    let mut operator = turn.operator();
    until("the instance has beaten again", || {
        let view = turn.runtime.block_on(operator.view());
        view.is_ok_and(|view| view.instances.iter().any(|it| it.version == 3))
    });
    assert_eq!(turn.order(&draft(Action::mode("goes up", Mode::ForcedOpen))), 4);
    assert_eq!(breaker.mode(), Mode::ForcedOpen);
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn an_instance_that_restarts_without_redis_obeys_what_it_remembers() {
    let mut turn = Turn::take();
    let breaker = circuit("remembers");
    let folder = std::env::temp_dir().join(format!("circuit-fleet-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let remembering = options("a").remember(folder.join("orders.json"));
    let fleet = turn.join(&remembering);
    turn.order(&draft(Action::mode("remembers", Mode::ForcedOpen)).because("a reason"));
    turn.leave(fleet);
    assert_eq!(breaker.mode(), Mode::Normal);

    turn.redis.kill();
    let fleet = turn.join(&remembering);
    until_mode(breaker, Mode::ForcedOpen);
    let orders = orders();
    assert_eq!((orders[0].by(), orders[0].reason()), ("alice", Some("a reason")));
    assert!(orders[0].left().unwrap() <= Duration::from_secs(15 * 60));
    turn.leave(fleet);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
#[ignore = "needs redis-server"]
fn an_instance_that_is_stopped_is_silent_and_one_that_is_dropped_has_left() {
    let turn = Turn::take();
    let fleet = turn.join(&options("a"));
    let other = Other::start(&turn.redis, "b");
    let mut operator = turn.operator();
    let mut seen = |expected: &[(&str, bool)]| {
        until(&format!("the fleet is {expected:?}"), || {
            let Ok(view) = turn.runtime.block_on(operator.view()) else { return false };
            let seen: Vec<_> = view.instances.iter().map(|it| (&*it.name, it.silent)).collect();
            seen == expected
        });
    };
    seen(&[("a", false), ("b", false)]);
    other.signal("-STOP");
    seen(&[("a", false), ("b", true)]);
    drop(fleet);
    seen(&[("b", true)]);
}
