//! The load: the same calls at the same times, whatever a client makes of them.

use std::sync::Arc;
use std::time::Duration;

use circuit_runtime::test_util::{self, Frozen};
use circuit_runtime::{CircuitBreaker, Config};
use futures_lite::stream::{Stream, StreamExt};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{self, Instant};

use crate::client::Client;
use crate::measure::{End, Measured, Visit};
use crate::outage::{Course, Outage};
use crate::service::{Call, Failure, PARTS, Service};
use crate::strategy::Strategy;

/// All strategies against one outage.
pub(crate) fn measured(outage: &'static Outage) -> Vec<Measured> {
    outage.strategies().into_iter().map(|strategy| run(outage, strategy)).collect()
}

/// Runs the load, in no time at all: all clocks are tokio's, which jumps to the next timer.
fn run(outage: &'static Outage, strategy: Strategy) -> Measured {
    // What jitter and throttle draw.
    fastrand::seed(1);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without sockets needs nothing that can be missing");
    let measured = runtime.block_on(async {
        let clock = test_util::freeze();
        reach_the_end_of_a_stretch(&clock);
        let _clock = clock.follow_tokio();
        let course = Course::of(outage);
        let service = Arc::new(Service::new(course));
        load(course, strategy, &service, Service::parts).await
    });
    measured.expect("no call panics")
}

/// `stall` counts calls together that began within the same stretch of time. Waits for the end of one, so that
/// all runs begin alike, whenever they are made.
fn reach_the_end_of_a_stretch(clock: &Frozen) {
    let second = Duration::from_secs(1);
    let breaker = CircuitBreaker::new("clock", Config::new().stall(second));
    let call = breaker.try_acquire();
    clock.advance(second);
    while breaker.snapshot().stalled == 0 {
        clock.advance(Duration::from_micros(1));
    }
    drop(call);
}

/// The calls that come: by chance, but always the same. A call more or less soon is as likely at any time, so that the times
/// between them are drawn from an exponential distribution.
pub(crate) fn calls(course: Course) -> impl Iterator<Item = Call> {
    let [mut gaps, mut luck, mut parts] = [2, 1, 3].map(fastrand::Rng::with_seed);
    let mut at = Duration::ZERO;
    let next = move |number| {
        at += course.gap().mul_f64(-(1.0 - gaps.f64()).ln());
        Call { number, at, luck: luck.f64(), part: parts.u64(..PARTS) }
    };
    (0..).map(next).take_while(move |call| call.at < course.length())
}

/// Makes the calls, whatever has become of those before, and waits for their ends.
pub(crate) async fn load<R>(
    course: Course,
    strategy: Strategy,
    service: &Arc<Service>,
    request: impl Fn(Arc<Service>, Call) -> R + Clone + Send + 'static,
) -> Result<Measured, JoinError>
where
    R: Stream<Item = Result<(), Failure>> + Send + 'static,
{
    let client = Arc::new(Client::new(strategy, course.outage.limit));
    let (mut running, mut visits) = (JoinSet::new(), Vec::new());
    let start = Instant::now();
    for call in calls(course) {
        time::sleep_until(start + call.at).await;
        let answer = request(Arc::clone(service), call);
        running.spawn(visit(course, Arc::clone(&client), Arc::clone(service), call, answer));
        while let Some(visit) = running.try_join_next() {
            visits.push(visit?);
        }
    }
    time::sleep_until(start + course.length() + course.rest()).await;
    service.stop();
    while let Some(visit) = running.join_next().await {
        visits.push(visit?);
    }
    Ok(Measured::new(course, strategy, &visits))
}

async fn visit(
    course: Course,
    client: Arc<Client>,
    service: Arc<Service>,
    call: Call,
    answer: impl Stream<Item = Result<(), Failure>> + Send + 'static,
) -> Visit {
    let came = Instant::now();
    let patience = course.outage.patience.unwrap_or(Duration::MAX);
    let would_answer = service.would_answer(call, client.limit.unwrap_or(patience).min(patience));
    let answer = client.call(call, answer.boxed());
    let result = match course.outage.patience {
        None => answer.await,
        Some(patience) => time::timeout(patience, answer).await.unwrap_or(Err(Failure::TimedOut)),
    };
    let end = match result {
        Ok(()) => End::Answered,
        Err(Failure::Rejected) if would_answer => End::Refused,
        Err(Failure::Rejected) => End::Spared,
        Err(_) => End::Failed,
    };
    // A call that hangs waits for as long as the run lasts. All count as if it had lasted as long for each of them.
    Visit { call, end, waited: came.elapsed().min(course.rest()) }
}
