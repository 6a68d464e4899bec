//! Orders: in force, acknowledged, over what is set on the spot, and over by themselves.

use std::time::Duration;

use circuit_fleet::{Action, Fleet, JoinError, Options, OrderDraft};
use circuit_runtime::{Config, Mode, State, find, orders};
use serde_json::json;

use crate::{Turn, circuit, draft, options, until, until_mode};

#[test]
#[ignore = "needs redis-server"]
fn an_order_is_obeyed_acknowledged_and_cancelled() {
    let turn = Turn::take();
    let breaker = circuit("obeys");
    breaker.shadow();
    let fleet = turn.join(&options("a"));
    assert!(turn.is_ready(&fleet));
    let action = Action::mode("obeys", Mode::ForcedOpen);
    let version = turn.order(&draft(action).because("the bank is being moved"));
    assert_eq!((version, breaker.mode()), (1, Mode::ForcedOpen));
    assert_eq!(orders()[0].reason(), Some("the bank is being moved"));

    let mut operator = turn.operator();
    let view = turn.runtime.block_on(operator.view()).unwrap();
    assert_eq!((view.instances[0].name.as_str(), &*view.instances[0].obeys), ("a", &[1_u64][..]));
    let told = turn.runtime.block_on(operator.acknowledged(version)).unwrap();
    assert_eq!(told.to_string(), "1/1 in force");
    assert!(told.is_complete());

    assert_eq!(turn.order(&draft(Action::Cancel(version))), 2);
    assert_eq!(breaker.mode(), Mode::Shadow, "what was there");
    let history = turn.runtime.block_on(operator.history(10)).unwrap();
    let told: Vec<_> = history.iter().map(|it| (&*it.version, &*it.by, &*it.user)).collect();
    assert_eq!(told, [("2", "alice", "default"), ("1", "alice", "default")]);
    assert_eq!(history[0].what, "cancel 1");
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn an_order_that_stands_already_is_obeyed_once_the_instance_is_ready() {
    let turn = Turn::take();
    let action = Action::Settings(json!({ "circuits": { "early*": { "threshold": 7 } } }));
    turn.runtime.block_on(turn.operator().order(&draft(action))).unwrap();
    let fleet = turn.join(&options("a"));
    assert!(turn.is_ready(&fleet));
    let breaker = circuit("early bird");
    assert_eq!(breaker.config(), Config::new().threshold(7), "before its first call");
    turn.leave(fleet);
    assert_eq!(breaker.config(), Config::new().threshold(1), "who has left isn't ordered about");
}

#[test]
#[ignore = "needs redis-server"]
fn an_order_ends_by_itself_while_redis_is_away() {
    let mut turn = Turn::take();
    let breaker = circuit("ends");
    let fleet = turn.join(&options("a"));
    let action = Action::mode("ends", Mode::ForcedOpen);
    let version = turn
        .runtime
        .block_on(turn.operator().order(&draft(action).lasting(Duration::from_secs(8))));
    until_mode(breaker, Mode::ForcedOpen);
    turn.redis.kill();
    assert_eq!(version.unwrap(), 1);
    until_mode(breaker, Mode::Normal);
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn a_reset_is_carried_out_once_and_says_who() {
    let turn = Turn::take();
    let breaker = circuit("is reset");
    let fail = || breaker.try_acquire().unwrap().failure();
    fail();
    let fleet = turn.join(&options("a"));
    turn.order(&draft(Action::reset("is re*")));
    assert_eq!(breaker.state(), State::Closed);
    let last = breaker.snapshot().recent_transitions.pop().unwrap();
    assert_eq!(last.to_string(), "circuit `is reset` closed: reset by alice");
    fail();
    // Acknowledging another order, the instance has looked at all again.
    turn.order(&draft(Action::mode("no such circuit", Mode::Shadow)));
    assert_eq!(breaker.state(), State::Open);
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn what_an_instance_cannot_obey_is_refused_by_name_and_reason() {
    let turn = Turn::take();
    let breaker = circuit("is right");
    let fleet = turn.join(&options("pod-7"));
    assert!(turn.is_ready(&fleet));
    // Of a circuit's code, which nobody but the instance knows.
    let action = Action::Settings(json!({ "circuits": { "is right": { "min_calls": 500 } } }));
    let version = turn.order(&draft(action));
    let mut operator = turn.operator();
    let told = turn.runtime.block_on(operator.acknowledged(version)).unwrap().to_string();
    assert!(told.starts_with("0/1 in force, 1 refused: pod-7: an order's min_calls: "), "{told}");

    // Of an option that a later version of the library has.
    let later =
        r#"{"form":1,"what":{"settings":{"circuits":{"a":{"later":1}}}},"by":"x","user":"y"}"#;
    let now: u64 = turn.redis.command(&["TIME"]).lines().next().unwrap().parse().unwrap();
    let value = format!("{} {later}", (now + 60) * 1000);
    turn.redis.command(&["HSET", "f:{test}:orders", "90", &value]);
    turn.acknowledged(90);
    let told = turn.runtime.block_on(operator.acknowledged(90)).unwrap().to_string();
    let refused = "0/1 in force, 1 refused: pod-7: circuits.a.later: unknown option";
    assert!(told.starts_with(refused), "{told}");
    assert_eq!(breaker.config(), Config::new().threshold(1));
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn what_a_circuit_refuses_that_registers_later_is_reported() {
    let turn = Turn::take();
    let fleet = turn.join(&options("pod-7"));
    assert!(turn.is_ready(&fleet));
    let settings = json!({ "circuits": { "comes later": { "min_calls": 500 } } });
    let version = turn.order(&draft(Action::Settings(settings)));
    let mut operator = turn.operator();
    let told = turn.runtime.block_on(operator.acknowledged(version)).unwrap();
    let none = "1/1 in force, but no instance shows a circuit `comes later`";
    assert_eq!(told.to_string(), none);
    circuit("comes later");
    until("the refusal is reported", || {
        let told = turn.runtime.block_on(operator.acknowledged(version)).unwrap().to_string();
        told.starts_with("0/1 in force, 1 refused: pod-7: an order's min_calls: ")
    });
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn an_instance_that_takes_no_orders_shows_itself_and_one_without_view_shows_no_circuits() {
    let turn = Turn::take();
    let breaker = circuit("left alone");
    let fleet = turn.join(&options("a").orders(false).view(false));
    assert!(turn.is_ready(&fleet));
    let action = Action::mode("left alone", Mode::ForcedOpen);
    turn.runtime.block_on(turn.operator().order(&draft(action))).unwrap();
    let mut view = None;
    until("it has beaten twice", || {
        view = turn.runtime.block_on(fleet.view()).ok();
        view.as_ref().is_some_and(|view| view.version == 1 && !view.instances.is_empty())
    });
    let view = view.unwrap();
    assert!(view.instances[0].circuits.is_empty(), "{view:?}");
    assert_eq!((view.instances[0].version, breaker.mode()), (0, Mode::Normal));
    turn.leave(fleet);
    assert!(find("left alone").is_some());
}

#[test]
#[ignore = "needs redis-server"]
fn a_process_is_one_instance_and_wrong_options_are_told() {
    let turn = Turn::take();
    let fleet = turn.join(&options("a"));
    let again = || Fleet::join(&turn.redis.address(), options("b"));
    assert!(matches!(again(), Err(JoinError::Joined)));
    let wrong = Fleet::join("http://example", Options::new("test"));
    assert!(matches!(wrong, Err(JoinError::Address(_))));
    let wrong = Fleet::join("redis://localhost", Options::new("te{st"));
    assert!(matches!(wrong, Err(JoinError::Options(_))));
    turn.leave(fleet);
    turn.leave(again().expect("whoever has left may join again"));
}

#[test]
#[ignore = "needs redis-server"]
fn a_late_order_and_a_forged_length_are_refused_by_the_server() {
    let turn = Turn::take();
    let fleet = turn.join(&options("a"));
    let text = include_str!("../../src/scripts/order.lua");
    let give = |sent: &str, lasting: &str| {
        let keys = ["f:{test}:orders", "f:{test}:version", "f:{test}:audit"];
        let order = ["EVAL", text, "3"].into_iter().chain(keys);
        let arguments = [sent, "0", lasting, "{}", "x", "y", "z", "", ""];
        turn.redis.command(&order.chain(arguments).collect::<Vec<_>>())
    };
    let now: u64 = turn.redis.command(&["TIME"]).lines().next().unwrap().parse().unwrap();
    assert!(give(&format!("{}", (now - 10) * 1000), "1000").starts_with("LATE "));
    assert!(give(&format!("{}", (now + 5) * 1000), "86400001").starts_with("LASTING "));
    assert_eq!(turn.redis.command(&["EXISTS", "f:{test}:orders"]), "0");
    let wrong: OrderDraft = draft(Action::mode("a", Mode::Shadow)).lasting(Duration::ZERO);
    assert!(turn.runtime.block_on(turn.operator().order(&wrong)).is_err());
    turn.leave(fleet);
}
