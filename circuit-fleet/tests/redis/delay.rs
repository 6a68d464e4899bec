//! A Redis that answers half a second late: no call notices.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use circuit_fleet::{Action, Fleet};
use circuit_runtime::{CircuitBreaker, Mode};

use crate::proxy::Proxy;
use crate::{Turn, circuit, draft, options, until};

const DELAY: Duration = Duration::from_millis(500);

/// What the calls of one thread have come to.
struct Calls {
    made: u64,
    errors: u64,
    /// How often the thread has waited for anything: for a lock, a socket, a timer.
    waits: u64,
}

/// Calls without a pause.
fn call_until(breaker: &CircuitBreaker, is_over: &AtomicBool) -> Calls {
    let before = waits();
    let (mut made, mut errors) = (0, 0);
    while !is_over.load(Ordering::Relaxed) {
        made += 1;
        errors += u64::from(breaker.call(|| Ok::<_, ()>(())).is_err());
    }
    Calls { made, errors, waits: waits() - before }
}

/// As the kernel counts them for this thread.
fn waits() -> u64 {
    let status = fs::read_to_string("/proc/thread-self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.expect("a count").trim().parse().unwrap()
}

#[test]
#[ignore = "needs redis-server"]
fn calls_neither_fail_nor_wait_while_redis_answers_late_and_orders_are_obeyed() {
    let turn = Turn::take();
    let (free, ordered) = (circuit("unhurried"), circuit("ordered late"));
    let proxy = Proxy::to(&turn.redis);
    proxy.delay(DELAY);
    let is_over = AtomicBool::new(false);
    let calls: Vec<Calls> = thread::scope(|scope| {
        let callers = [(); 2].map(|()| scope.spawn(|| call_until(free, &is_over)));
        let fleet = Turn::join_at(&proxy.address(), &options("a"));
        // What fails in here must end the callers, too.
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            assert!(turn.is_ready(&fleet));
            turn.order(&draft(Action::mode("ordered late", Mode::ForcedOpen)));
            assert_eq!(ordered.mode(), Mode::ForcedOpen);
            let late = proxy.late_answers();
            until("ten more answers were late", || proxy.late_answers() >= late + 10);
            assert_eq!(ordered.mode(), Mode::ForcedOpen, "still in force");
            turn.order(&draft(Action::Cancel(1)));
            assert_eq!(ordered.mode(), Mode::Normal);
        }));
        is_over.store(true, Ordering::Relaxed);
        let calls = callers.into_iter().map(|caller| caller.join().unwrap()).collect();
        turn.leave(fleet);
        if let Err(panic) = seen {
            std::panic::resume_unwind(panic);
        }
        calls
    });
    for Calls { made, errors, waits } in calls {
        assert_eq!(errors, 0, "of {made}");
        // One that asked Redis would wait each time. The few that are left are the machine's.
        assert!(waits < made / 1_000, "{waits} waits in {made} calls");
    }
}

/// The instructions that a program's ten thousand calls take, as callgrind counts them.
fn instructions(redis: Option<&str>) -> u64 {
    let mut program = Command::new("valgrind");
    program
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(["--toggle-collect=*ten_thousand_calls*"])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "delay::another_program_that_calls"])
        .env("CALLS_COUNTED", redis.unwrap_or("alone"));
    let output = program.output().expect("valgrind is installed");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let counted = said.lines().find_map(|line| line.split_once("Collected : "));
    counted.unwrap_or_else(|| panic!("{said}")).1.trim().parse().unwrap()
}

#[test]
#[ignore = "needs redis-server and valgrind"]
fn a_call_takes_the_same_instructions_in_a_fleet_whose_redis_answers_late() {
    let turn = Turn::take();
    let proxy = Proxy::to(&turn.redis);
    proxy.delay(DELAY);
    let alone = instructions(None);
    let together = instructions(Some(&proxy.address()));
    assert!(proxy.late_answers() > 0 && alone > 10_000, "{alone}");
    // Per ten thousand: less than one instruction per call.
    assert!(together.abs_diff(alone) < 10_000, "alone {alone}, in a fleet {together}");
}

/// Not a test: what [`instructions`] runs.
#[test]
#[ignore = "needs redis-server"]
fn another_program_that_calls() {
    let Ok(redis) = std::env::var("CALLS_COUNTED") else { return };
    let breaker = circuit("counted");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let fleet = (redis != "alone").then(|| Fleet::join(&redis, options("counted")).unwrap());
    if let Some(fleet) = &fleet {
        assert!(runtime.block_on(fleet.ready(Duration::from_secs(60))));
    }
    // Whatever the first one makes ready.
    assert!(breaker.call(|| Ok::<_, ()>(())).is_ok());
    ten_thousand_calls(breaker);
    drop(fleet);
}

#[inline(never)]
fn ten_thousand_calls(breaker: &CircuitBreaker) {
    for _ in 0..10_000 {
        assert!(breaker.call(|| Ok::<_, ()>(())).is_ok());
    }
}
