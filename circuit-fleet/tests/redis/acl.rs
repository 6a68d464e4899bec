//! The ACL of the guide: an instance can take part with it, and give no orders.

use circuit_fleet::{Action, FleetError, Operator};
use circuit_runtime::Mode;

use crate::{Turn, circuit, draft, options, until};

/// The rules of the documentation, word for word.
fn rules(user: &str) -> Vec<&'static str> {
    let page = include_str!("../../docs/operations.md");
    let line = page.lines().find(|line| line.starts_with(&format!("ACL SETUSER {user} ")));
    line.expect("the page has the user").split_whitespace().collect()
}

fn set_user(turn: &Turn, user: &str) {
    set_user_with(turn, &rules(user));
}

fn set_user_with(turn: &Turn, rules: &[&str]) {
    let rules: Vec<String> =
        rules.iter().map(|word| word.replace("{checkout}", "{test}")).collect();
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    assert_eq!(turn.redis.command(&rules), "OK");
}

#[test]
#[ignore = "needs redis-server"]
fn an_instance_takes_part_with_the_documented_rights_and_its_orders_are_refused() {
    let turn = Turn::take();
    let breaker = circuit("with rights");
    set_user(&turn, "checkout");
    set_user(&turn, "checkout-ops");
    let onlooker = ["ACL", "SETUSER", "onlooker", "on", ">sees", "-@all", "+pubsub"];
    assert_eq!(turn.redis.command(&onlooker), "OK");
    turn.redis.command(&["ACL", "SETUSER", "default", "off"]);
    let instance = turn.redis.address_of("checkout:secret@");
    let fleet = circuit_fleet::Fleet::join(&instance, options("a"));
    let fleet = fleet.unwrap_or_else(|_| panic!("another test's instance is here"));
    assert!(turn.is_ready(&fleet));

    let operator = turn.redis.address_of("checkout-ops:other-secret@");
    let mut operator = Operator::new(&operator, "test").unwrap();
    let action = || Action::mode("with rights", Mode::ForcedOpen);
    let version = turn.runtime.block_on(operator.order(&draft(action()))).unwrap();
    until("it is obeyed", || breaker.mode() == Mode::ForcedOpen);
    until("it is acknowledged", || {
        turn.runtime.block_on(operator.acknowledged(version)).unwrap().is_complete()
    });
    let history = turn.runtime.block_on(operator.history(1)).unwrap();
    assert_eq!((&*history[0].by, &*history[0].user), ("alice", "checkout-ops"));
    assert!(turn.runtime.block_on(operator.restore("bob")).unwrap().is_empty());

    let user = ["--user", "checkout", "--pass", "secret"];
    until("what the circuit has seen is on record", || {
        turn.redis.command_of(&user, &["HLEN", "f:{test}:evidence:reports:with rights"]) == "1"
    });
    until("the instance hears what is published", || {
        let onlooker = ["--user", "onlooker", "--pass", "sees"];
        turn.redis.command_of(&onlooker, &["PUBSUB", "NUMPAT"]) == "1"
    });

    // Somebody who has the password of an instance.
    let mut forger = Operator::new(&instance, "test").unwrap();
    let refused = turn.runtime.block_on(forger.order(&draft(action())));
    assert!(matches!(refused, Err(FleetError::Redis(_))), "{refused:?}");
    for forged in [
        &["HSET", "f:{test}:orders", "99", "9999999999999 {}"][..],
        &["EVAL", "return redis.call('HSET', KEYS[1], '99', 'x')", "1", "f:{test}:orders"],
        &["EVAL", "return redis.call('SET', KEYS[1], '99')", "1", "f:{test}:version"],
        &["SET", "f:{test}:version", "99"],
        &["DEL", "f:{test}:orders"],
        &["XADD", "f:{test}:audit", "*", "by", "nobody"],
        &["GET", "another:key"],
        &["HSET", "f:{other}:evidence:reports:with rights", "1", "x"],
        &["PUBLISH", "f:{other}:status:with rights", "x"],
        &["PSUBSCRIBE", "*"],
        &["FLUSHALL"],
        &["CONFIG", "GET", "*"],
    ] {
        let said = turn.redis.command_of(&user, forged);
        assert!(said.contains("NOPERM") || said.contains("ACL"), "{forged:?}: {said}");
    }
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn an_instance_without_the_rights_to_share_obeys_orders_and_says_what_it_lacks() {
    let turn = Turn::take();
    let breaker = circuit("without rights");
    let rules = rules("checkout");
    let lacks = |rule: &&&str| ["evidence", "opening"].iter().all(|what| !rule.contains(what));
    set_user_with(&turn, &rules.iter().filter(lacks).copied().collect::<Vec<_>>());
    let address = turn.redis.address_of("checkout:secret@");
    let fleet = circuit_fleet::Fleet::join(&address, options("a"));
    let fleet = fleet.unwrap_or_else(|_| panic!("another test's instance is here"));
    turn.order(&draft(Action::mode("without rights", Mode::ForcedOpen)));
    assert_eq!(breaker.mode(), Mode::ForcedOpen);
    let mut operator = turn.operator();
    until("it says what it lacks", || {
        let view = turn.runtime.block_on(operator.view()).unwrap_or_default();
        let said = view.instances.into_iter().find_map(|instance| instance.cannot_share);
        said.is_some_and(|said| said.to_lowercase().contains("no permissions"))
    });
    turn.leave(fleet);
}
