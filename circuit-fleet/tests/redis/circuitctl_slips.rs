//! What `circuitctl` says to slips of the pen, of what is missing, and when nobody reads what it says.

use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use circuit_fleet::{Action, OrderDraft};
use circuit_runtime::Mode;
use serde_json::{Value, json};

use crate::circuitctl::prints;
use crate::{Other, Turn, circuit, draft, options, until};

#[test]
#[ignore = "needs redis-server"]
fn an_order_for_a_circuit_that_nobody_shows_is_no_success() {
    let turn = Turn::take();
    let breaker = circuit("payments");
    let fleet = turn.join(&options("a"));
    assert!(turn.is_ready(&fleet));
    let meant =
        "1/1 in force, but no instance shows a circuit `paymnets`; did you mean `payments`?";
    let said = prints(&turn, "force-open paymnets --for 1m", 4);
    let stands = |version: u64| {
        format!(
            "the order stands, for those that come later; `circuitctl cancel {version}` lifts it"
        )
    };
    assert_eq!(said, format!("order 1\n{meant}\n{}\n", stands(1)));
    let said = prints(&turn, "reset paymnets", 4);
    assert_eq!(said, format!("order 2\n{meant}\nnothing of that name was reset\n"));
    let said = prints(&turn, "shadow pya* --confirm 1", 4);
    let meant = "no instance shows a circuit that `pya*` fits; did you mean `pay*`?";
    assert_eq!(said, format!("order 3\n1/1 in force, but {meant}\n{}\n", stands(3)));
    let said = prints(&turn, "shadow late --dry-run", 4);
    let reach = "would be ordered, for 0 circuits in 1 instance, with 0 calls a second";
    assert_eq!(said, format!("{reach}\nno instance shows a circuit `late`\n"));
    let said: Value = serde_json::from_str(&prints(&turn, "shadow late --json", 4)).unwrap();
    let unknown = json!([{ "circuit": "late", "did_you_mean": null }]);
    assert_eq!(said["acknowledgement"]["unknown"], unknown);
    let said = prints(&turn, "show paymnets", 1);
    let meant = "no instance shows a circuit `paymnets`; did you mean `payments`?";
    assert_eq!(said, format!("circuitctl: {meant}\n"));

    assert_eq!(prints(&turn, "cancel 1", 0), "order 5\n1/1 in force\n", "it stood");
    let late = circuit("late");
    assert_eq!((late.mode(), breaker.mode()), (Mode::Shadow, Mode::Normal), "4 stands");
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn an_order_of_which_the_reach_is_not_shown_is_not_complained_of() {
    let turn = Turn::take();
    circuit("payments");
    let fleet = turn.join(&options("a").view(false));
    assert!(turn.is_ready(&fleet));
    assert_eq!(prints(&turn, "shadow payments", 0), "order 1\n1/1 in force\n");
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn an_order_for_nobody_is_no_success() {
    let turn = Turn::take();
    let nobody =
        "no instance of a fleet `test` has been heard of for a minute; is --namespace right?";
    let said = prints(&turn, "force-open payments --for 1m", 4);
    let stands = "the order stands, for those that come later; `circuitctl cancel 1` lifts it";
    let none = "0/0 in force: no instance is in this fleet";
    assert_eq!(said, format!("order 1\n{none}\n{nobody}\n{stands}\n"));
    assert!(prints(&turn, "reset payments --dry-run", 4).contains(nobody));
    assert!(
        prints(&turn, "list", 0)
            .starts_with(&format!("0 instances, 0 silent, 1 order\n{nobody}\n"))
    );
}

#[test]
#[ignore = "needs redis-server"]
fn nobody_reads_what_is_printed_and_it_ends_quietly() {
    let turn = Turn::take();
    circuit("payments");
    let fleet = turn.join(&options("a"));
    assert!(turn.is_ready(&fleet));
    for (line, code) in [
        ("--help", 0),
        ("--version", 0),
        ("list", 0),
        ("list --json", 0),
        ("show payments", 0),
        ("watch", 0),
        ("orders", 0),
        ("history", 0),
        ("orders restore", 0),
        ("shadow payments", 0),
        // It is waited for all the same.
        ("shadow paymnets", 4),
        ("show paymnets", 1),
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_circuitctl"))
            .args(["--redis", &turn.redis.address(), "--namespace", "test", "--by", "alice"])
            .args(line.split_whitespace())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{line}: {error}");
        assert_eq!(error.is_empty(), code != 1, "{line}: {error}");
    }
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn orders_that_redis_has_lost_are_told_with_what_to_do() {
    let turn = Turn::take();
    circuit("payments");
    let fleet = turn.join(&options("a"));
    turn.order(&draft(Action::mode("payments", Mode::Shadow)));
    turn.order(&draft(Action::mode("payments", Mode::ForcedOpen)));
    assert!(!prints(&turn, "list", 0).contains("lost"));
    turn.order(&draft(Action::Cancel(2)));
    turn.redis.command(&["HDEL", "f:{test}:orders", "3"]);
    assert!(!prints(&turn, "orders", 0).contains("lost"), "1 stands, and nobody obeys 2");
    turn.redis.command(&["FLUSHALL"]);
    let told = "1 order is obeyed that Redis has lost: `circuitctl orders restore` puts it back\n";
    until("it is told", || prints(&turn, "list", 0).contains(told));
    assert_eq!(prints(&turn, "orders", 0), told);
    assert_eq!(turn.runtime.block_on(fleet.view()).unwrap().lost, [1]);
    assert_eq!(prints(&turn, "orders restore", 0), "restored [1]\n");
    assert!(!prints(&turn, "list", 0).contains("lost"));
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn who_is_silent_is_named() {
    let turn = Turn::take();
    circuit("payments");
    let fleet = turn.join(&options("a"));
    let other = Other::start(&turn.redis, "b");
    let silent = |expected| {
        until("the fleet is so", || {
            let view = turn.runtime.block_on(fleet.view()).unwrap_or_default();
            view.instances.iter().map(|it| it.silent).eq(expected)
        });
    };
    silent([false, false]);
    other.signal("-STOP");
    silent([false, true]);
    let list = prints(&turn, "list", 0);
    assert!(list.starts_with("2 instances, 1 silent, 0 orders\nsilent: b\n"), "{list}");
    let shown = prints(&turn, "show payments", 0);
    assert!(shown.lines().any(|line| line.split_whitespace().eq(["b", "silent"])), "{shown}");
    let shown: Value = serde_json::from_str(&prints(&turn, "show payments --json", 0)).unwrap();
    assert_eq!((&shown["a"]["mode"], shown.get("b")), (&"normal".into(), Some(&Value::Null)));
    assert!(prints(&turn, "show bakn", 1).ends_with("circuit `bakn`; silent: b\n"));
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn errors_speak_of_the_command_line_and_times_are_readable() {
    let turn = Turn::take();
    circuit("payments");
    let fleet = turn.join(&options("a"));
    assert!(turn.is_ready(&fleet));
    let error = |line: &str, expected: &str| {
        assert_eq!(prints(&turn, line, 1), format!("circuitctl: {expected}\n"), "{line}");
    };
    error("shadow payments --for 25h", "--for: must be from 1ms to 24h, is 90000s");
    let dangerous = "--for: must be from 1ms to 1h, as the order is dangerous, is 7200s";
    error("disable payments --for 2h", dangerous);
    error(
        "cancel 77",
        "no order 77 stands: its time is over, it was cancelled, or there never was one",
    );

    turn.order(&OrderDraft::new(Action::mode("payments", Mode::Shadow), "alice"));
    let history = prints(&turn, "history", 0);
    let day = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 86_400;
    assert!((19_000..40_000).contains(&day), "this test's calendar");
    let moment = history.split_whitespace().next().unwrap();
    assert!(moment.len() == 24 && moment.starts_with("20") && moment.ends_with('Z'), "{history}");
    turn.leave(fleet);
}
