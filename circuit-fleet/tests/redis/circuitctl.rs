//! The program `circuitctl`, with several instances.

use std::process::{Command, Output};

use circuit_fleet::Action;
use circuit_runtime::Mode;
use serde_json::Value;

use crate::{Other, Turn, circuit, draft, options, until};

fn circuitctl(turn: &Turn, line: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_circuitctl");
    Command::new(program)
        .args(["--redis", &turn.redis.address(), "--namespace", "test", "--by", "alice"])
        .args(line.split_whitespace())
        .output()
        .unwrap()
}

/// What it prints, if it exits so.
#[track_caller]
pub(crate) fn prints(turn: &Turn, line: &str, code: i32) -> String {
    let output = circuitctl(turn, line);
    let (out, error) = (String::from_utf8(output.stdout), String::from_utf8(output.stderr));
    let text = out.unwrap() + &error.unwrap();
    assert_eq!(output.status.code(), Some(code), "{line}: {text}");
    text
}

#[test]
#[ignore = "needs redis-server"]
fn a_fleet_is_shown_ordered_and_left_to_itself_again() {
    let turn = Turn::take();
    circuit("payments");
    let fleet = turn.join(&options("a"));
    let others = ["b", "c"].map(|name| Other::start(&turn.redis, name));
    until("all three show their circuits", || {
        let view = turn.runtime.block_on(fleet.view()).unwrap_or_default();
        view.instances.iter().filter(|it| !it.circuits.is_empty()).count() == 3
    });
    let list = prints(&turn, "list", 0);
    assert!(list.starts_with("3 instances, 0 silent, 0 orders\n"), "{list}");
    assert!(list.lines().any(|line| line.starts_with("payments ") && line.ends_with("3 closed")));

    let said = prints(&turn, "force-open payments --for 10m --reason moved", 0);
    assert_eq!(said, "order 1\n3/3 in force\n");
    assert!(prints(&turn, "list", 0).contains("3 forced-open (closed)"));
    let orders = prints(&turn, "orders", 0);
    assert!(orders.contains("by alice (default)") && orders.contains("; moved"), "{orders}");
    let shown: Value = serde_json::from_str(&prints(&turn, "show payments --json", 0)).unwrap();
    assert_eq!(shown["c"]["mode"], "forced-open");

    // Too much for a slip of the hand.
    let said = prints(&turn, "disable pay* --for 10m", 1);
    assert!(said.contains("1 circuit in 3 instances") && said.contains("--confirm 3"), "{said}");
    assert!(prints(&turn, "disable pay* --for 10m --confirm 2", 1).contains("--confirm 3"));
    assert!(prints(&turn, "disable pay* --for 10m --dry-run", 0).contains("would be ordered"));
    assert!(prints(&turn, "disable pay* --for 2h --confirm 3", 1).contains("--for: must be"));
    assert!(prints(&turn, "disable pay* --confirm 3", 0).contains("3/3 in force"));
    assert_eq!(prints(&turn, "cancel 2", 0), "order 3\n3/3 in force\n");

    let said = prints(&turn, "shadow payments --canary 2", 0);
    assert_eq!(said, "order 4\n2/2 in force\n");
    let list = prints(&turn, "list", 0);
    assert!(list.contains("1 forced-open (closed), 2 shadow (closed)"), "{list}");
    assert!(prints(&turn, "cancel 77", 1).contains("no order 77 stands"));
    assert_eq!(prints(&turn, "history", 0).lines().count(), 4);
    assert_eq!(prints(&turn, "orders restore", 0), "nothing was lost\n");

    // One that doesn't answer.
    others[0].signal("-STOP");
    let said = prints(&turn, "resume payments", 3);
    assert_eq!(said.lines().last(), Some("2/3 in force, 1 silent"));
    others[0].signal("-CONT");
    turn.acknowledged(5);

    let told: Value = serde_json::from_str(&prints(&turn, "cancel 5 --json", 0)).unwrap();
    assert_eq!((&told["version"], &told["acknowledgement"]["in_force"]), (&6.into(), &3.into()));
    turn.leave(fleet);
    turn.order(&draft(Action::mode("payments", Mode::Shadow)));
}

#[test]
#[ignore = "needs redis-server"]
fn settings_come_from_a_file_and_a_slip_reaches_nobody() {
    let turn = Turn::take();
    let breaker = circuit("from a file");
    let fleet = turn.join(&options("a"));
    assert!(turn.is_ready(&fleet));
    let file = std::env::temp_dir().join(format!("circuitctl-{}.toml", std::process::id()));
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    let line = format!("settings {}", file.display());
    write("[circuits.\"from a file\"]\nthreshold = 7\n");
    assert_eq!(prints(&turn, &line, 0), "order 1\n1/1 in force\n");
    assert_eq!(breaker.config(), circuit_runtime::Config::new().threshold(7));
    write("[circuits.\"from a file\"]\ntreshold = 7\n");
    assert!(prints(&turn, &line, 1).contains("did you mean `threshold`?"));
    write("[circuits.\"from a file\"]\nmin_calls = 7\n");
    assert!(prints(&turn, &line, 2).contains("0/1 in force, 1 refused: a: an order's min_calls"));
    std::fs::remove_file(file).unwrap();
    turn.leave(fleet);
}

#[test]
#[ignore = "needs redis-server"]
fn only_who_orders_has_to_say_who_they_are() {
    let turn = Turn::take();
    let nameless = |line: &str| {
        let program = env!("CARGO_BIN_EXE_circuitctl");
        let mut program = Command::new(program);
        program.args(["--redis", &turn.redis.address(), "--namespace", "test"]);
        let output = program.args(line.split_whitespace()).env_remove("USER").output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for line in ["list", "orders", "history"] {
        assert_eq!(nameless(line), (Some(0), String::new()), "{line}");
    }
    for line in ["shadow payments", "cancel 1", "orders restore"] {
        let (code, error) = nameless(line);
        assert!(code == Some(1) && error.contains("who are you? Say --by"), "{line}: {error}");
    }
}

#[test]
#[ignore = "needs redis-server"]
fn what_an_instance_says_does_not_steer_the_terminal() {
    let turn = Turn::take();
    let now: u64 = turn.redis.command(&["TIME"]).lines().next().unwrap().parse().unwrap();
    turn.redis.command(&["ZADD", "f:{test}:live", &(now * 1_000).to_string(), "a"]);
    let report = serde_json::json!({
        "form": 1, "instance": "a", "version": 0, "orders": [], "circuits": [], "left_out": 0,
        "refused": [{ "version": 1, "message": "\u{1b}[2Jgone\nwith the screen" }],
    });
    turn.redis.command(&["SET", "f:{test}:report:a", &report.to_string()]);
    let said = prints(&turn, "shadow payments", 2);
    let unknown = "but no instance shows a circuit `payments`";
    let told = format!("0/1 in force, 1 refused: a:  [2Jgone with the screen, {unknown}");
    assert_eq!(said.lines().nth(1), Some(&*told));
    let unknown = serde_json::json!({ "form": 1, "what": "\u{1b}[2J" });
    let unknown = format!("{} {unknown}", (now + 60) * 1_000);
    turn.redis.command(&["HSET", "f:{test}:orders", "9", &unknown]);
    // It hides no other order, and can be cancelled.
    let said = prints(&turn, "orders", 0);
    assert!(said.contains("shadow") && said.contains("can't be read by this version: "), "{said}");
    assert!(!said.contains('\u{1b}'), "{said:?}");
    assert!(prints(&turn, "cancel 9", 3).starts_with("order 10\n"));
}
