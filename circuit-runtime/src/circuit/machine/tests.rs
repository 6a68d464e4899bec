//! The machine driven by numbers.

use super::*;
use crate::config::{Config, Window};

/// An environment with this time and this random number.
struct At(Nanos, f64);

impl Env for At {
    fn now(&self) -> Nanos {
        self.0
    }

    fn coarse(&self) -> Nanos {
        self.0
    }

    fn roll(&self) -> f64 {
        self.1
    }

    fn now_again(&self) -> Nanos {
        self.0
    }

    fn successes_elsewhere(&self, _: u32, _: u64, _: &mut dyn FnMut(u64, u64)) {}

    fn take_successes(&self, _: u32, _: u64, _: &mut dyn FnMut(u64, u64)) {}

    fn forget_successes(&self) {}

    fn calls_wait(&self) -> bool {
        false
    }
}

/// A world in which threads have counted so many successes for themselves.
struct Counted(u64);

impl Env for Counted {
    fn now(&self) -> Nanos {
        0
    }

    fn coarse(&self) -> Nanos {
        0
    }

    fn roll(&self) -> f64 {
        0.0
    }

    fn now_again(&self) -> Nanos {
        0
    }

    fn successes_elsewhere(&self, _: u32, _: u64, each: &mut dyn FnMut(u64, u64)) {
        each(0, self.0);
    }

    fn take_successes(&self, epoch: u32, reached: u64, each: &mut dyn FnMut(u64, u64)) {
        self.successes_elsewhere(epoch, reached, each);
    }

    fn forget_successes(&self) {}

    fn calls_wait(&self) -> bool {
        false
    }
}

const FAILURE: Verdict = Verdict::of(Sample { failure: true, slow: false });
const RECOVERY: std::time::Duration = std::time::Duration::from_nanos(100);
const FRAGILE: Config = Config::new().threshold(1).recovery(RECOVERY);

/// A call may read the summary before the circuit opens again, and ask the machine afterwards.
#[test]
fn an_open_machine_rejects_whoever_asks_before_its_deadline() {
    let rules = FRAGILE.rules();
    let mut machine = Machine::new(&rules);
    machine.record(&rules, 0, FAILURE, &At(1_000, 0.0));
    let rejected = |left| Decision::Rejected { reason: Rejection::Open, left };
    assert_eq!(machine.admit(&rules, &At(1_000, 0.0)), rejected(100));
    assert_eq!(machine.admit(&rules, &At(1_099, 0.0)), rejected(1));
    assert!(matches!(
        machine.admit(&rules, &At(1_100, 0.0)),
        Decision::Admitted { change: Some(_) }
    ));
}

/// A call may see room for a probe that another call takes first.
#[test]
fn a_full_machine_rejects_whoever_asks_before_its_round_times_out() {
    let rules = FRAGILE.rules();
    let mut machine = Machine::new(&rules);
    machine.record(&rules, 0, FAILURE, &At(0, 0.0));
    machine.admit(&rules, &At(1_000, 0.0));
    let epoch = machine.epoch();
    let rejected = |left| Decision::Rejected { reason: Rejection::HalfOpenFull, left };
    assert_eq!(machine.admit(&rules, &At(1_000, 0.0)), rejected(100));
    assert_eq!(machine.admit(&rules, &At(1_099, 0.0)), rejected(1));
    assert_eq!(machine.epoch(), epoch);
    assert_eq!(machine.admit(&rules, &At(1_100, 0.0)), Decision::Admitted { change: None });
    assert_ne!(machine.epoch(), epoch);
}

#[test]
fn a_wait_is_drawn_from_the_jitter_below_to_the_jitter_above() {
    let config = FRAGILE.backoff(3.0).jitter(0.25);
    for (roll, first, second) in [(0.0, 75, 225), (0.25, 87, 262), (0.5, 100, 300)] {
        let rules = config.rules();
        let mut machine = Machine::new(&rules);
        machine.record(&rules, 0, FAILURE, &At(0, roll));
        assert_eq!(machine.rejection(&rules).map(|wait| wait.until), Some(first));
        machine.admit(&rules, &At(first, 0.0));
        machine.record(&rules, machine.epoch(), FAILURE, &At(first, roll));
        assert_eq!(machine.rejection(&rules).map(|wait| wait.until), Some(first + second));
    }
}

/// With 32 bits, ten failures would be ten of ten.
#[test]
fn a_rate_is_taken_over_more_calls_than_fit_into_32_bits() {
    let config = Config::new().failure_rate(0.5).window(crate::Window::Time(RECOVERY));
    let rules = config.rules();
    let mut machine = Machine::new(&rules);
    for _ in 0..100 {
        machine.record(&rules, 0, FAILURE, &Counted(1 << 32));
    }
    assert_eq!(machine.state(), State::Closed);
    let totals = machine.window_totals(&Counted(1 << 32)).unwrap();
    assert_eq!((totals.calls, totals.failures), ((1 << 32) + 100, 100));
}

/// So many failures as are spare open nothing, whatever comes between them; and no fewer are spare where
/// failures alone would come.
#[test]
fn spare_failures_open_nothing_and_the_next_one_may() {
    const SUCCESS: Verdict = Verdict::of(Sample { failure: false, slow: false });
    let rate = Config::new().recovery(RECOVERY).window(Window::Calls(20)).min_calls(1);
    let rates = [0.07, 0.3, 0.5, 1.0].map(|rate_of| rate.failure_rate(rate_of));
    let others = [
        Config::new().threshold(1),
        Config::new().threshold(7),
        rate.failure_count(6),
        rate.failure_rate(0.5).failure_count(7).threshold(4),
    ];
    let mut random = fastrand::Rng::with_seed(5);
    for config in rates.into_iter().chain(others) {
        for _ in 0..300 {
            let rules = config.rules();
            let mut machine = Machine::new(&rules);
            for _ in 0..random.u32(1..60) {
                let verdict = if random.u8(..10) < 2 { FAILURE } else { SUCCESS };
                machine.record(&rules, machine.epoch(), verdict, &At(0, 0.0));
            }
            if machine.state() != State::Closed {
                continue;
            }
            let spare = machine.spare_failures(&rules);
            let mut failures = 0;
            let alone = random.bool();
            while machine.state() == State::Closed && failures <= spare {
                let fails = alone || random.bool();
                failures += u32::from(fails);
                machine.record(
                    &rules,
                    machine.epoch(),
                    if fails { FAILURE } else { SUCCESS },
                    &At(0, 0.0),
                );
            }
            let open = machine.state() == State::Open;
            assert!(!open || failures > spare, "{config:?}: {failures} of {spare}");
            // In a window that fills or is full, a failure may take the place of another one.
            let exact = config.rules().window.is_none();
            assert!(open || !alone || !exact, "{config:?}: {failures} of {spare}");
        }
    }
}

#[test]
fn a_suspected_machine_has_no_failure_to_spare() {
    let rules = Config::new().threshold(5).rules();
    let mut machine = Machine::new(&rules);
    machine.record(&rules, 0, FAILURE, &At(0, 0.0));
    assert_eq!(machine.spare_failures(&rules), 3);
    machine.suspect(&rules, 100, &At(0, 0.0));
    assert_eq!(machine.spare_failures(&rules), 0);
}

/// A rule of the circuit's own that a failure meets, too, says more than the suspicion.
#[test]
fn a_suspected_machine_names_its_own_rule_if_that_is_met() {
    let rate = Config::new().failure_rate(0.5).min_calls(2).window(Window::Calls(10));
    let own = Reason::FailuresInARow { failures: 2, threshold: 2 };
    let by_rate = Reason::FailureRate { failures: 2, calls: 2, rate: 0.5 };
    let suspected = Reason::Suspected { failures: 2 };
    for (config, expected) in [
        (Config::new().threshold(2), own),
        (rate, by_rate),
        (Config::new().threshold(3), suspected.clone()),
        (rate.min_calls(3), suspected),
    ] {
        let rules = config.rules();
        let mut machine = Machine::new(&rules);
        machine.record(&rules, 0, FAILURE, &At(0, 0.0));
        machine.suspect(&rules, 100, &At(0, 0.0));
        let Recorded::Counted { change: Some(change) } =
            machine.record(&rules, 0, FAILURE, &At(0, 0.0))
        else {
            panic!("{config:?}: it stayed closed");
        };
        assert_eq!(change.reason, expected);
    }
}
