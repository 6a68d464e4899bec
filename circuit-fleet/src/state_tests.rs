//! Which orders an instance obeys, by their versions.

use serde_json::json;

use super::*;

fn stored(version: u64, what: What) -> Stored {
    let order = wire::Order {
        form: FORM,
        what,
        by: "alice".to_owned(),
        user: "default".to_owned(),
        why: String::new(),
        only: None,
    };
    Stored { version, left: Duration::from_secs(60), json: serde_json::to_string(&order).unwrap() }
}

fn disable(version: u64) -> Stored {
    let settings = json!({ "circuits": { "payments": { "mode": "disabled" } } });
    stored(version, What::Settings(settings))
}

fn versions(state: &State) -> Vec<u64> {
    state.held().iter().map(|held| held.version).collect()
}

#[test]
fn only_versions_above_the_last_are_obeyed() {
    let mut state = State::new("a");
    assert!(state.notice(vec![disable(3), disable(5)]).changed);
    assert_eq!((versions(&state), state.version()), (vec![3, 5], 5));
    assert_eq!(state.notice(vec![disable(3), disable(4), disable(5)]), Due::default());
    assert_eq!(versions(&state), [3, 5], "4 was there before, and was lifted");
}

#[test]
fn an_order_that_was_cancelled_is_lifted_and_one_that_was_lost_stays() {
    let mut state = State::new("a");
    state.notice(vec![disable(1), disable(2)]);
    assert_eq!(state.notice(Vec::new()), Due::default(), "everything was lost");
    assert_eq!(versions(&state), [1, 2]);
    assert!(state.notice(vec![stored(3, What::Cancel(1))]).changed);
    assert_eq!(versions(&state), [2]);
    assert_eq!(state.notice(vec![disable(1), stored(3, What::Cancel(1))]), Due::default());
    assert_eq!(versions(&state), [2], "a fail-over has brought it back");
}

#[test]
fn a_reset_is_carried_out_once() {
    let mut state = State::new("a");
    let reset = || vec![stored(1, What::Reset("pay*".to_owned()))];
    assert_eq!(state.notice(reset()).resets, [("pay*".to_owned(), "alice".to_owned())]);
    assert_eq!(state.notice(reset()).resets, []);
    assert_eq!(state.version(), 1);
}

#[test]
fn an_instance_that_an_order_is_not_for_takes_notice_and_does_nothing() {
    let mut state = State::new("a");
    let order = json!({
        "form": 1,
        "what": { "settings": { "circuits": { "x": { "mode": "shadow" } } } },
        "by": "alice", "user": "ops", "only": ["b", "c"], "some later field": true,
    });
    let left = Duration::from_secs(1);
    let due = state.notice(vec![Stored { version: 7, left, json: order.to_string() }]);
    assert_eq!((due, state.version(), versions(&state)), (Due::default(), 7, vec![]));
}

#[test]
fn what_cannot_be_obeyed_is_refused_with_the_reason_as_long_as_it_stands() {
    let mut state = State::new("a");
    let unknown = json!({ "circuits": { "payments": { "treshold": 5 } } });
    let all = || {
        vec![
            Stored { json: "{}".to_owned(), ..disable(1) },
            stored(2, What::Settings(unknown.clone())),
            Stored { json: disable(3).json.replace("\"form\":1", "\"form\":2"), ..disable(3) },
        ]
    };
    assert!(!state.notice(all()).changed);
    let refused = state.refused();
    let told: Vec<_> = refused.iter().map(|it| (it.version, it.message.as_str())).collect();
    assert!(told[0].1.starts_with("an order can't be read: "), "{told:?}");
    let typo = "circuits.payments.treshold: unknown option; did you mean `threshold`?";
    assert_eq!(told[1..], [(2, typo), (3, "form 2 of orders is unknown")]);
    state.notice(all());
    assert_eq!(state.refused().len(), 3);
    state.notice(Vec::new());
    assert_eq!(state.refused(), []);
}

#[test]
fn an_instance_that_restarts_goes_on_with_what_it_remembers() {
    let mut before = State::new("a");
    before.notice(vec![disable(1), stored(2, What::Reset("x".to_owned()))]);
    let mut after = State::new("a");
    assert!(after.recall(before.version(), before.held()).changed);
    assert_eq!((versions(&after), after.version()), (vec![1], 2));
    let again = vec![disable(1), stored(2, What::Reset("x".to_owned()))];
    assert_eq!(after.notice(again), Due::default(), "no reset twice");
}
