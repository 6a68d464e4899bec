//! Circuits that register after `configure`.

use std::sync::atomic::{AtomicU32, Ordering};

use circuit_runtime::{Config, Mode, circuit_breaker, find, settings_report};

use super::{Turn, circuit, set, unregistered};

const NEW: Config = Config::new();

#[circuit_breaker(name = "first-call", threshold = 5)]
fn first_call() -> std::io::Result<()> {
    Err(std::io::Error::other("down"))
}

#[test]
fn the_first_call_has_its_settings() {
    let _turn = Turn::take();
    let report = set("[circuits.first-call]\nthreshold = 1\n[circuits.\"first-*\"]\nprobes = 2");
    assert_eq!(report.waiting, ["circuits.\"first-*\"", "circuits.first-call"]);
    assert!(find("first-call").is_none());
    assert!(first_call().unwrap_err().to_string().contains("down"));
    assert_eq!(find("first-call").unwrap().config(), NEW.threshold(1).probes(2));
    assert!(first_call().unwrap_err().to_string().contains("first-call"), "one failure opens it");
    let report = settings_report();
    assert!(report.waiting.is_empty());
    assert_eq!((report.circuits, report.changed), (vec!["first-call"], vec!["first-call"]));
}

#[test]
fn a_static_used_by_hand_gets_them_once_registered() {
    let _turn = Turn::take();
    let by_hand = unregistered("late-by-hand", NEW);
    set("[circuits.late-by-hand]\nthreshold = 9\nmode = \"shadow\"");
    by_hand.call(|| Ok::<_, ()>(())).unwrap();
    assert_eq!(by_hand.config(), NEW);
    by_hand.register();
    assert_eq!((by_hand.config(), by_hand.mode()), (NEW.threshold(9), Mode::Shadow));
}

#[test]
fn a_circuit_that_does_not_go_with_its_settings_keeps_what_the_code_says() {
    let _turn = Turn::take();
    set("[circuits.late-fault]\nwindow = 10\nthreshold = 2");
    let late = circuit("late-fault", NEW.threshold(7));
    assert_eq!(late.config(), NEW.threshold(7));
    let report = settings_report();
    let refused: Vec<_> = report.refused.iter().map(ToString::to_string).collect();
    assert_eq!(refused.len(), 1);
    assert!(refused[0].starts_with("circuits.late-fault.window: needs a rule to judge by"));
    assert!(report.circuits.is_empty() && report.waiting.is_empty());
    // From now on it is registered, so that its settings are a fault.
    let settings = super::file("[circuits.late-fault]\nwindow = 10");
    assert_eq!(super::refusal(settings).len(), 1);
}

/// Counts the warnings of this thread about settings.
struct Warnings(&'static AtomicU32);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "circuit_runtime" && *metadata.level() == tracing::Level::WARN
    }

    fn event(&self, event: &tracing::Event<'_>) {
        if event.fields().any(|field| field.name() == "faults") {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn there_is_one_warning_for_such_a_circuit() {
    static SEEN: AtomicU32 = AtomicU32::new(0);
    let _turn = Turn::take();
    set("[circuits.warned]\nwindow = 10\nslow_rate = 0.5\n[circuits.well]\nthreshold = 2");
    tracing::subscriber::with_default(Warnings(&SEEN), || {
        circuit("well", NEW);
        assert_eq!(SEEN.load(Ordering::Relaxed), 0);
        let warned = circuit("warned", NEW);
        warned.register();
        assert_eq!(SEEN.load(Ordering::Relaxed), 1, "two faults, one warning");
    });
    assert_eq!(settings_report().refused.len(), 2);
}

#[test]
fn patterns_leave_out_for_later_circuits_too() {
    let _turn = Turn::take();
    set("[circuits.\"late-pattern*\"]\nwindow = 10\nthreshold = 2");
    let late = circuit("late-pattern", NEW);
    assert_eq!(late.config(), NEW.threshold(2));
    assert_eq!(settings_report().left_out[0].path(), "circuits.\"late-pattern*\".window");
}

#[test]
fn many_threads_that_register_one_circuit_configure_it_once() {
    static SEEN: AtomicU32 = AtomicU32::new(0);
    let _turn = Turn::take();
    set("[circuits.raced]\nthreshold = 2");
    let raced = unregistered("raced", NEW);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                raced.register();
                SEEN.fetch_add(u32::from(raced.config() == NEW.threshold(2)), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(SEEN.load(Ordering::Relaxed), 8, "whoever has registered it finds it configured");
}

#[test]
fn listeners_may_configure_and_register() {
    let _turn = Turn::take();
    let circuit = circuit("listened", NEW.success_threshold(2));
    circuit.on_transition(|_| {
        unregistered("made-in-a-listener", NEW).register();
        assert!(!settings_report().circuits.is_empty());
    });
    // Half-open after a probe: one success more than the new rule needs.
    let clock = circuit_runtime::test_util::freeze();
    (0..5).for_each(|_| assert!(circuit.call(|| Err::<(), _>(())).is_err()));
    clock.advance(std::time::Duration::from_secs(60));
    circuit.call(|| Ok::<_, ()>(())).unwrap();
    set("[circuits.listened]\nsuccess_threshold = 1");
    assert_eq!(circuit.state(), circuit_runtime::State::Closed);
    assert!(find("made-in-a-listener").is_some());
}
