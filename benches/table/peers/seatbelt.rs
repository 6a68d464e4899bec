//! seatbelt, which has async calls only, and one rule: a failure rate in a time window.

use std::time::Duration;

use layered::{Execute, Service, Stack};
use seatbelt::breaker::Breaker;
use seatbelt::{RecoveryInfo, ResilienceContext};
use tick::Clock;

use super::HOUR;
use crate::measure::{Suite, repeat};
use crate::plain::{self, Answer, Failure, fail_some, ready};
use crate::{SEATBELT, rows};

/// A service behind a breaker that opens at this rate.
fn breaker<F>(
    clock: &Clock,
    rate: f32,
    call: impl Fn(u64) -> F + Clone + Send + Sync + 'static,
) -> impl Service<u64, Out = Answer> + Clone + 'static
where
    F: Future<Output = Answer> + Send + 'static,
{
    let context = ResilienceContext::new(clock);
    let layer = Breaker::layer("benches", &context)
        .failure_threshold(rate)
        .min_throughput(10)
        .sampling_duration(Duration::from_secs(10))
        .break_duration(HOUR)
        .recovery_with(|answer: &Answer, _| match answer {
            Ok(_) => RecoveryInfo::never(),
            Err(_) => RecoveryInfo::retry(),
        })
        .rejected_input_error(|_, _| Failure::Service);
    (layer, Execute::new(call)).into_service()
}

pub(super) fn add(suite: &mut Suite) {
    // Its clock belongs to a runtime.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = Box::leak(Box::new(runtime.expect("a runtime")));
    let clock = runtime.block_on(async { Clock::new_tokio() });
    let service = breaker(&clock, 0.5, plain::success_async);
    let calls = move |calls| repeat(calls, |n| ready(service.execute(n)));
    suite.add_both(rows::TIME, SEATBELT, calls.clone());
    suite.add(rows::ASYNC, SEATBELT, calls);
    let service = breaker(&clock, 0.5, |number| async move { fail_some(number) });
    suite.add_both(rows::TIME_FAILING, SEATBELT, move |calls| {
        repeat(calls, |n| ready(service.execute(n)));
    });
    let service = breaker(&clock, 0.5, plain::failure_async);
    for number in 0..100 {
        _ = ready(service.execute(number));
    }
    let calls = move |calls| repeat(calls, |n| ready(service.execute(n)));
    suite.add_crowds(rows::REJECTION, SEATBELT, calls.clone());
    suite.add(rows::ASYNC_REJECTION, SEATBELT, calls);
}
