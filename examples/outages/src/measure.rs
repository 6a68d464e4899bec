//! One run of the load against one outage with one strategy, and the figures of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use circuit_runtime::test_util::{self, Frozen};
use circuit_runtime::{CircuitBreaker, Config};
use futures_lite::stream::{Stream, StreamExt};
use tokio::time::{self, Instant};

use crate::client::{Client, Strategy};
use crate::outage::Outage;
use crate::service::{Call, Failure, Service};

/// How long the run waits for the last calls.
pub(crate) const REST: Duration = Duration::from_secs(20);
/// "Full recovery": so large a share of a second's calls is answered from then on.
const RECOVERED: f64 = 0.99;

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Answered,
    /// An error, or no answer at all.
    Failed,
    /// Rejected, and it would have failed.
    Spared,
    /// Rejected, and it would have been answered.
    Refused,
}

#[derive(Debug, Clone, Copy)]
struct Visit {
    end: End,
    waited: Duration,
}

/// A number to compare strategies by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Figure {
    Answers,
    Errors,
    GivesUp,
    Spared,
    Refused,
    Recovers,
}

impl Figure {
    pub(crate) const ALL: [Figure; 6] = [
        Figure::Answers,
        Figure::Errors,
        Figure::GivesUp,
        Figure::Spared,
        Figure::Refused,
        Figure::Recovers,
    ];

    /// The column's heading.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Figure::Answers => "answers",
            Figure::Errors => "errors",
            Figure::GivesUp => "time to give up",
            Figure::Spared => "calls spared",
            Figure::Refused => "good calls refused",
            Figure::Recovers => "full recovery",
        }
    }

    pub(crate) fn more_is_better(self) -> bool {
        matches!(self, Figure::Answers | Figure::Spared)
    }
}

/// The figures of one run.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) strategy: Strategy,
    calls: usize,
    answers: usize,
    errors: usize,
    spared: usize,
    refused: usize,
    /// How long a call without an answer took, on average.
    gives_up: Option<Duration>,
    /// From the end of the outage until all is well for good.
    recovers: Option<Duration>,
    /// The share of the calls of each second that were answered.
    pub(crate) by_second: Vec<f64>,
}

impl Measured {
    /// As the page shows it.
    pub(crate) fn shown(&self, figure: Figure) -> String {
        match figure {
            Figure::Answers => self.percent(self.answers),
            Figure::Errors => self.percent(self.errors),
            Figure::Spared => self.percent(self.spared),
            Figure::Refused => self.percent(self.refused),
            Figure::GivesUp => self.gives_up.map_or("–".into(), time_to_give_up),
            Figure::Recovers => {
                self.recovers.map_or("never".into(), |wait| format!("{} s", wait.as_secs()))
            }
        }
    }

    /// For comparisons; what never comes is infinite.
    #[expect(clippy::cast_precision_loss, reason = "far fewer calls than 2^52")]
    pub(crate) fn value(&self, figure: Figure) -> f64 {
        let seconds = |wait: Option<Duration>, none| wait.map_or(none, |wait| wait.as_secs_f64());
        match figure {
            Figure::Answers => self.answers as f64,
            Figure::Errors => self.errors as f64,
            Figure::Spared => self.spared as f64,
            Figure::Refused => self.refused as f64,
            Figure::GivesUp => seconds(self.gives_up, 0.0),
            Figure::Recovers => seconds(self.recovers, f64::INFINITY),
        }
    }

    pub(crate) fn beats(&self, other: &Measured, figure: Figure) -> bool {
        let (ours, theirs) = (self.value(figure), other.value(figure));
        if figure.more_is_better() { ours > theirs } else { ours < theirs }
    }

    #[expect(clippy::cast_precision_loss, reason = "far fewer calls than 2^52")]
    fn percent(&self, part: usize) -> String {
        let percent = 100.0 * part as f64 / self.calls as f64;
        if part == 0 || percent >= 10.0 {
            format!("{percent:.0} %")
        } else {
            format!("{percent:.1} %")
        }
    }
}

fn time_to_give_up(wait: Duration) -> String {
    match wait.as_millis() {
        0 => "under 1 ms".into(),
        1..1_000 => format!("{} ms", wait.as_millis()),
        _ => format!("{:.1} s", wait.as_secs_f64()),
    }
}

/// Runs the load, in no time at all: all clocks are tokio's, which jumps to the next timer.
pub(crate) fn run(outage: &'static Outage, strategy: Strategy) -> Measured {
    // What jitter draws.
    fastrand::seed(1);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime without sockets needs nothing that can be missing").block_on(async {
        let clock = test_util::freeze();
        reach_the_end_of_a_stretch(&clock);
        let _clock = clock.follow_tokio();
        let service = Arc::new(Service::new(outage));
        load(outage, strategy, &service, Service::parts).await
    })
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

/// Makes the calls at an even pace, whatever has become of those before, and waits for their ends.
pub(crate) async fn load<R>(
    outage: &'static Outage,
    strategy: Strategy,
    service: &Arc<Service>,
    request: impl Fn(Arc<Service>, Call) -> R + Copy + Send + 'static,
) -> Measured
where
    R: Stream<Item = Result<(), Failure>> + Send + 'static,
{
    let client = Arc::new(Client::new(strategy, outage.limit));
    let calls = outage.length().as_secs() * u64::from(outage.load);
    let mut luck = fastrand::Rng::with_seed(1);
    let visits = Arc::new(Mutex::new(vec![None; usize::try_from(calls).unwrap_or(usize::MAX)]));
    let start = Instant::now();
    for number in 0..calls {
        time::sleep_until(start + Duration::from_secs(number) / outage.load).await;
        let call = Call { number, luck: luck.f64() };
        let (client, service, visits) =
            (Arc::clone(&client), Arc::clone(service), Arc::clone(&visits));
        tokio::spawn(async move {
            let visit = visit(outage, &client, &service, call, request).await;
            let mut visits = visits.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) =
                usize::try_from(number).ok().and_then(|number| visits.get_mut(number))
            {
                *place = Some(visit);
            }
        });
    }
    time::sleep(REST).await;
    let visits = visits.lock().unwrap_or_else(PoisonError::into_inner);
    summary(outage, strategy, &visits)
}

async fn visit<R>(
    outage: &Outage,
    client: &Client,
    service: &Arc<Service>,
    call: Call,
    request: impl Fn(Arc<Service>, Call) -> R,
) -> Visit
where
    R: Stream<Item = Result<(), Failure>> + Send + 'static,
{
    let came = Instant::now();
    let patience = outage.patience.unwrap_or(Duration::MAX);
    let would_answer = service.would_answer(call, client.limit.unwrap_or(patience).min(patience));
    let answer = client.call(call, request(Arc::clone(service), call).boxed());
    let result = match outage.patience {
        None => answer.await,
        Some(patience) => time::timeout(patience, answer).await.unwrap_or(Err(Failure::TimedOut)),
    };
    let end = match result {
        Ok(()) => End::Answered,
        Err(Failure::Rejected) if would_answer => End::Refused,
        Err(Failure::Rejected) => End::Spared,
        Err(_) => End::Failed,
    };
    Visit { end, waited: came.elapsed() }
}

#[expect(clippy::cast_precision_loss, reason = "far fewer calls than 2^52")]
fn summary(outage: &Outage, strategy: Strategy, visits: &[Option<Visit>]) -> Measured {
    // Who still waits has waited at least for this.
    let hung = Visit { end: End::Failed, waited: REST };
    let visits: Vec<Visit> = visits.iter().map(|visit| visit.unwrap_or(hung)).collect();
    let count = |end| visits.iter().filter(|visit| visit.end == end).count();
    let failed = || visits.iter().filter(|visit| visit.end != End::Answered);
    let waited: Duration = failed().map(|visit| visit.waited).sum();
    let by_second: Vec<f64> = visits
        .chunks(usize::try_from(outage.load).unwrap_or(usize::MAX))
        .map(|second| {
            let answered = second.iter().filter(|visit| visit.end == End::Answered).count();
            answered as f64 / second.len() as f64
        })
        .collect();
    let last_bad =
        by_second.iter().rposition(|&share| share < RECOVERED).map_or(0, |second| second + 1);
    let recovered = Duration::from_secs(last_bad as u64).saturating_sub(outage.end());
    Measured {
        strategy,
        calls: visits.len(),
        answers: count(End::Answered),
        errors: count(End::Failed),
        spared: count(End::Spared),
        refused: count(End::Refused),
        gives_up: waited.checked_div(u32::try_from(failed().count()).unwrap_or(u32::MAX)),
        recovers: (last_bad < by_second.len()).then_some(recovered),
        by_second,
    }
}
