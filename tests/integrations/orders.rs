//! Operators' orders over modes and settings. A program of its own: an order may be for every circuit of its process.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{self, Request, StatusCode};
use circuit_runtime::test_util::freeze;
use circuit_runtime::{
    CircuitBreaker, Config, KeyedBreaker, Mode, Order, Permit, Reason, Settings, State,
    circuit_breaker, configure, find, lift_expired_orders, orders, refused_orders, set_orders,
};
use http_body_util::BodyExt;
use tower::ServiceExt;

const CODE: Config = Config::new().threshold(3);

/// Orders are the process's: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

struct Alone(#[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

fn alone() -> Alone {
    let alone = Alone(ALONE.lock().unwrap_or_else(PoisonError::into_inner));
    set_orders(Vec::new());
    configure(Settings::default()).unwrap();
    alone
}

impl Drop for Alone {
    fn drop(&mut self) {
        set_orders(Vec::new());
        let _ = configure(Settings::default());
    }
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn settings(text: &str) -> Settings {
    toml::from_str(text).unwrap()
}

fn order(text: &str) -> Order {
    Order::new(settings(text), "alice", secs(600)).unwrap()
}

fn registered(name: &'static str, config: Config) -> &'static CircuitBreaker {
    let breaker = Box::leak(Box::new(CircuitBreaker::new(name, config)));
    breaker.register();
    breaker
}

#[test]
fn an_order_lies_over_every_local_mode_and_uncovers_it() {
    let _alone = alone();
    let breaker = registered("local modes", Config::new());
    for local in [Mode::Normal, Mode::Shadow, Mode::ForcedOpen] {
        match local {
            Mode::Shadow => breaker.shadow(),
            Mode::ForcedOpen => breaker.force_open(),
            _ => breaker.resume(),
        }
        set_orders(vec![order("circuits.\"local modes\".mode = 'disabled'")]);
        assert_eq!(breaker.mode(), Mode::Disabled);
        set_orders(Vec::new());
        assert_eq!(breaker.mode(), local);
    }
}

#[test]
fn what_is_set_under_an_order_holds_once_it_is_lifted() {
    let _alone = alone();
    let breaker = registered("set under an order", Config::new().threshold(3));
    set_orders(vec![order("[circuits.\"set under*\"]\nmode = 'forced_open'\nthreshold = 10")]);
    assert_eq!((breaker.mode(), breaker.config()), (Mode::ForcedOpen, Config::new().threshold(10)));
    breaker.shadow();
    breaker.reconfigure(Config::new().threshold(4).recovery(secs(7))).unwrap();
    let configured = settings("[circuits.\"set under an order\"]\nprobes = 2");
    configure(configured).unwrap();
    assert_eq!(breaker.mode(), Mode::ForcedOpen);
    assert_eq!(breaker.config(), Config::new().threshold(10).recovery(secs(7)).probes(2));

    set_orders(Vec::new());
    assert_eq!(breaker.mode(), Mode::Shadow);
    assert_eq!(breaker.config(), Config::new().threshold(4).recovery(secs(7)).probes(2));
}

#[test]
fn an_order_over_settings_over_code_is_lifted_layer_by_layer() {
    let _alone = alone();
    let breaker = registered("layers", Config::new().threshold(3));
    configure(settings("[circuits.layers]\nthreshold = 5\nmode = 'shadow'")).unwrap();
    set_orders(vec![order("[circuits.layers]\nthreshold = 10\nmode = 'disabled'")]);
    assert_eq!((breaker.mode(), breaker.config().threshold_in_force()), (Mode::Disabled, 10));
    configure(Settings::default()).unwrap();
    assert_eq!((breaker.mode(), breaker.config().threshold_in_force()), (Mode::Disabled, 10));
    set_orders(Vec::new());
    assert_eq!((breaker.mode(), breaker.config().threshold_in_force()), (Mode::Normal, 3));
}

trait Threshold {
    fn threshold_in_force(&self) -> u32;
}

impl Threshold for Config {
    /// By its equality with one that says nothing else.
    fn threshold_in_force(&self) -> u32 {
        (1..100)
            .find(|threshold| *self == Config::new().threshold(*threshold))
            .expect("a threshold")
    }
}

#[test]
fn what_somebody_starts_from_config_does_not_outlive_the_order_in_it() {
    let _alone = alone();
    let breaker = registered("from config", Config::new().threshold(3));
    set_orders(vec![order("circuits.\"from config\".threshold = 10")]);
    breaker.reconfigure(breaker.config().recovery(secs(7))).unwrap();
    set_orders(Vec::new());
    assert_eq!(breaker.config(), Config::new().threshold(3).recovery(secs(7)));
}

#[test]
fn a_circuit_that_registers_later_obeys_before_its_first_call() {
    #[circuit_breaker(name = "registers late")]
    fn late() -> std::io::Result<()> {
        Ok(())
    }

    let _alone = alone();
    set_orders(vec![order("circuits.\"registers*\".mode = 'forced_open'")]);
    late().unwrap_err();
    set_orders(Vec::new());
    late().unwrap();
}

#[test]
fn the_latest_order_wins_mode_and_options_apart() {
    let _alone = alone();
    let breaker = registered("several", Config::new());
    let first = order("[circuits.several]\nmode = 'forced_open'\nthreshold = 7");
    let second = order("[circuits.\"*\"]\nthreshold = 8");
    set_orders(vec![first.clone(), second.clone()]);
    assert_eq!((breaker.mode(), breaker.config().threshold_in_force()), (Mode::ForcedOpen, 8));
    set_orders(vec![second, first]);
    assert_eq!((breaker.mode(), breaker.config().threshold_in_force()), (Mode::ForcedOpen, 7));
}

#[test]
fn an_order_lifts_itself_on_the_monotonic_clock() {
    let _alone = alone();
    let time = freeze();
    let breaker = registered("expiry", Config::new());
    let short = settings("circuits.expiry.mode = 'disabled'");
    let long = settings("circuits.expiry.mode = 'forced_open'");
    let long = Order::new(long, "alice", secs(60)).unwrap();
    set_orders(vec![long, Order::new(short, "bob", secs(10)).unwrap()]);
    assert_eq!((breaker.mode(), lift_expired_orders()), (Mode::Disabled, Some(secs(10))));
    time.advance(secs(10));
    assert_eq!((lift_expired_orders(), breaker.mode()), (Some(secs(50)), Mode::ForcedOpen));
    time.advance(secs(50));
    assert_eq!((lift_expired_orders(), breaker.mode()), (None, Mode::Normal));
    assert!(orders().is_empty());
}

#[test]
fn a_circuit_refuses_an_order_that_does_not_go_with_its_code() {
    let _alone = alone();
    let rate = registered("refuses", Config::new().failure_rate(0.5));
    let plain = registered("refuses not", Config::new());
    let wrong = "[circuits.\"refuses*\"]\nmin_calls = 200\nmode = 'shadow'";
    let refused = set_orders(vec![order("circuits.plain.probes = 2"), order(wrong)]);
    let told: Vec<_> = refused.iter().map(|it| (it.order, it.fault.circuit())).collect();
    assert_eq!(told, [(1, Some("refuses")), (1, Some("refuses not"))], "{refused:?}");
    assert!(refused[0].fault.to_string().starts_with("an order's min_calls: "), "{refused:?}");
    assert_eq!((rate.mode(), plain.mode()), (Mode::Normal, Mode::Normal));
    assert_eq!(rate.config(), Config::new().failure_rate(0.5));
}

#[test]
fn an_order_has_no_default_and_no_variables_and_every_fault_is_told() {
    let wrong = settings("default.threshold = 3\n[circuits.a]\ntreshold = 3\nprobes = 0");
    let variables = Settings::from_vars("X", [("X__A__THRESHOLD", "5")]);
    let error = Order::new(wrong.overlaid(variables), "alice", secs(1)).unwrap_err();
    let faults: Vec<_> = error.faults().iter().map(|fault| fault.path().to_owned()).collect();
    assert_eq!(faults.len(), 4, "{error}");
    for path in ["circuits.a.treshold", "circuits.a.probes", "default", "X__A"] {
        assert!(faults.iter().any(|fault| fault == path), "{faults:?} without {path}");
    }
}

#[test]
fn an_order_is_for_all_keys_and_uncovers_the_modes_of_single_ones() {
    let _alone = alone();
    let hosts: &'static KeyedBreaker =
        Box::leak(Box::new(KeyedBreaker::new("ordered hosts", Config::new(), 10)));
    hosts.register();
    let mode = |key| hosts.key(key).snapshot().map(|seen| seen.mode);
    let call = |key| hosts.key(key).try_acquire().map(drop).is_ok();
    assert!(call("a") && hosts.key("b").shadow());
    set_orders(vec![order("circuits.\"ordered hosts\".mode = 'forced_open'")]);
    assert!(!call("a") && !call("b") && !call("new"), "new keys, too");
    hosts.key("a").disable();
    set_orders(Vec::new());
    assert_eq!(
        [mode("a"), mode("b"), mode("new")],
        [Some(Mode::Disabled), Some(Mode::Shadow), Some(Mode::Normal)]
    );
}

/// How many failures in a row open the circuit of this key.
fn opens_after(hosts: &'static KeyedBreaker, key: &str) -> u32 {
    hosts.key(key).reset();
    let fails = |_: &u32| hosts.key(key).try_acquire().map(Permit::failure).is_ok();
    let failures = (0..100).take_while(fails).count();
    u32::try_from(failures).unwrap()
}

#[test]
fn an_order_lies_over_a_keys_own_configuration_and_uncovers_it() {
    let _alone = alone();
    let _time = freeze();
    let hosts: &'static KeyedBreaker =
        Box::leak(Box::new(KeyedBreaker::new("keys of their own", CODE, 10)));
    hosts.register();
    let after = || ["before", "meanwhile", "none"].map(|key| opens_after(hosts, key));
    assert_eq!(hosts.key("before").reconfigure(CODE.threshold(5)), Ok(true));

    set_orders(vec![order("circuits.\"keys of their own\".threshold = 2")]);
    assert_eq!(hosts.key("meanwhile").reconfigure(CODE.threshold(7)), Ok(true));
    assert_eq!(after(), [2, 2, 2]);
    let another = order("circuits.\"keys of *\".threshold = 1");
    set_orders(vec![another, order("circuits.elsewhere.threshold = 9")]);
    assert_eq!(after(), [1, 1, 1]);
    let changed = hosts.config().recovery(secs(7));
    assert_eq!(changed, CODE.threshold(1).recovery(secs(7)));
    assert_eq!(hosts.key("none").reconfigure(changed), Ok(true), "from what is in force");

    set_orders(Vec::new());
    assert_eq!(after(), [5, 7, 3]);
    assert_eq!(hosts.key("none").snapshot().unwrap().retry_after, Some(secs(7)));
    assert!(hosts.forget("meanwhile"));
    assert_eq!(after(), [5, 3, 3]);
}

#[test]
fn a_keys_own_configuration_is_checked_together_with_the_order() {
    let _alone = alone();
    let code = Config::new().failure_rate(0.5).threshold(3);
    let hosts: &'static KeyedBreaker =
        Box::leak(Box::new(KeyedBreaker::new("checked keys", code, 10)));
    hosts.register();
    let after = |key| opens_after(hosts, key);
    // It goes with the order no more than the order with it.
    assert_eq!(hosts.key("before").reconfigure(CODE.threshold(5)), Ok(true));
    let asks_for_a_rate = order("[circuits.\"checked keys\"]\nmin_calls = 20\nthreshold = 2");
    assert_eq!(set_orders(vec![asks_for_a_rate]), []);
    let refused = hosts.key("meanwhile").reconfigure(CODE.threshold(5)).unwrap_err();
    assert!(refused.message().contains("min_calls"), "{refused}");
    assert_eq!(["before", "meanwhile"].map(after), [2, 2], "the order is obeyed");
    set_orders(Vec::new());
    assert_eq!(["before", "meanwhile"].map(after), [5, 3]);
}

#[test]
fn lifting_a_forced_opening_begins_the_ramp() {
    let _alone = alone();
    let _time = freeze();
    let breaker = registered("ramps after", Config::new().ramp(secs(30)));
    set_orders(vec![order("circuits.\"ramps after\".mode = 'forced_open'")]);
    set_orders(Vec::new());
    assert_eq!(breaker.snapshot().ramp, Some(0.1));
}

#[test]
fn reset_by_names_who() {
    let breaker = registered("reset by", Config::new().threshold(1));
    breaker.try_acquire().unwrap().failure();
    breaker.reset_by("alice");
    assert_eq!(breaker.state(), State::Closed);
    let last = breaker.snapshot().recent_transitions.pop().unwrap();
    assert!(matches!(last.reason, Reason::ByOperator { by, .. } if &*by == "alice"));
}

#[circuit_breaker(name = "limited", timeout = "1h")]
async fn limited() -> std::io::Result<()> {
    tokio::time::sleep(secs(60)).await;
    Ok(())
}

#[circuit_breaker(name = "without a limit")]
fn without_a_limit() -> std::io::Result<()> {
    Ok(())
}

#[test]
fn a_limit_that_is_ordered_changes_the_calls_limit_and_is_lifted_with_the_order() {
    let _alone = alone();
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_time().start_paused(true).build().unwrap();
    let call = || runtime.block_on(limited()).map_err(|error| error.kind());
    assert_eq!(call(), Ok(()));
    assert!(set_orders(vec![order("circuits.limited.timeout = '2s'")]).is_empty());
    assert_eq!(call(), Err(std::io::ErrorKind::TimedOut));
    configure(settings("circuits.limited.timeout = '2h'")).unwrap();
    assert_eq!(call(), Err(std::io::ErrorKind::TimedOut));
    set_orders(Vec::new());
    assert_eq!(call(), Ok(()));

    // What goes with an ordered limit alone can't stay once that is lifted.
    assert!(set_orders(vec![order("circuits.limited.timeout = '2s'")]).is_empty());
    let limited = find("limited").unwrap();
    let shorter = Config::new().probe_timeout(secs(5));
    assert!(limited.reconfigure(shorter).unwrap_err().message().contains("timeout"));
    let refused = set_orders(vec![order("circuits.limited.probe_timeout = '5s'")]);
    assert_eq!(refused.len(), 1, "the limit of the order before is lifted");

    without_a_limit().unwrap();
    let refused = set_orders(vec![order("circuits.\"without a limit\".timeout = '2s'")]);
    assert!(refused[0].fault.message().contains("no `timeout`"), "{refused:?}");
}

#[test]
fn what_a_circuit_refuses_that_registers_later_is_known_as_long_as_it_stands() {
    let _alone = alone();
    let time = freeze();
    let brief = settings("circuits.elsewhere.mode = 'shadow'");
    let brief = Order::new(brief, "alice", secs(10)).unwrap();
    let refused = order("circuits.\"late refusal\".min_calls = 50");
    assert!(set_orders(vec![brief, refused]).is_empty(), "there is no such circuit yet");
    assert!(refused_orders().is_empty());

    let breaker = registered("late refusal", Config::new());
    assert_eq!(breaker.config(), Config::new());
    let told = || refused_orders().into_iter().map(|it| (it.order, it.fault.to_string()));
    let first: Vec<_> = told().collect();
    assert_eq!((first.len(), first[0].0), (1, 1));
    assert!(first[0].1.starts_with("an order's min_calls: "), "{first:?}");
    // Its number is that of its setting, though the order before it is over.
    time.advance(secs(10));
    lift_expired_orders();
    assert_eq!(told().collect::<Vec<_>>(), first);
    set_orders(Vec::new());
    assert!(refused_orders().is_empty());
}

fn post(app: &Router, path: &str) -> (StatusCode, serde_json::Value) {
    send(app, Request::post(path).header("content-type", "application/json"))
}

/// An answer's status and its JSON.
fn send(app: &Router, request: http::request::Builder) -> (StatusCode, serde_json::Value) {
    let request = request.header("host", "localhost").body(Body::empty()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let response = app.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    })
}

#[test]
fn http_changes_are_refused_while_an_order_stands_and_say_whose_it_is() {
    let _alone = alone();
    let _time = freeze();
    let app: Router = circuit_runtime::axum::router().with_control(&[]).into();
    let breaker = registered("over http", Config::new());
    let because = order("circuits.\"over http\".mode = 'shadow'").because("we move the bank");
    set_orders(vec![because]);
    for action in ["force-open", "resume", "reset", "disable", "shadow"] {
        let (status, said) = post(&app, &format!("/circuits/over%20http/{action}"));
        assert_eq!(status, StatusCode::CONFLICT, "{action}");
        assert_eq!(said["error"], "an order of alice stands over this circuit, for 600 s more");
        assert_eq!((&said["by"], &said["reason"]), (&"alice".into(), &"we move the bank".into()));
        assert_eq!(said["expires_in_ms"], 600_000);
    }
    let (status, _) = post(&app, "/circuits/over%20http/keys/reset?key=a");
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(breaker.mode(), Mode::Shadow);
    let shown = send(&app, Request::get("/circuits/over%20http")).1;
    assert_eq!(shown["sources"]["mode"], "order of alice");
    set_orders(Vec::new());
    assert_eq!(post(&app, "/circuits/over%20http/force-open").0, StatusCode::OK);
    assert_eq!(find("over http").unwrap().mode(), Mode::ForcedOpen);
}
