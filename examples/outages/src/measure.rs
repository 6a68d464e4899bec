//! The figures of a run.

use std::time::Duration;

use crate::figure::Figure;
use crate::outage::Course;
use crate::service::Call;
use crate::strategy::Strategy;

/// "Full recovery": so large a share of a stretch's calls is answered from then on.
const RECOVERED: f64 = 0.95;

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum End {
    Answered,
    /// An error, or no answer at all.
    Failed,
    /// Rejected, and it would have failed.
    Spared,
    /// Rejected, and it would have been answered.
    Refused,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Visit {
    pub(crate) call: Call,
    pub(crate) end: End,
    pub(crate) waited: Duration,
}

/// The calls of a stretch of time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stretch {
    pub(crate) calls: usize,
    pub(crate) answers: usize,
}

impl Stretch {
    fn is_well(self) -> bool {
        share(self.answers, self.calls) >= RECOVERED
    }
}

/// The figures of one run.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) strategy: Strategy,
    pub(crate) calls: usize,
    pub(crate) answers: usize,
    pub(crate) errors: usize,
    spared: usize,
    refused: usize,
    /// How long a call without an answer took, on average.
    gives_up: Option<Duration>,
    /// From the end of the outage until all is well for good.
    recovers: Option<Duration>,
    /// What the picture shows.
    pub(crate) stretches: Vec<Stretch>,
}

impl Measured {
    pub(crate) fn new(course: Course, strategy: Strategy, visits: &[Visit]) -> Self {
        let count = |end| visits.iter().filter(|visit| visit.end == end).count();
        let without_answer = || visits.iter().filter(|visit| visit.end != End::Answered);
        let waited: Duration = without_answer().map(|visit| visit.waited).sum();
        let stretches = stretches(course, visits);
        let last_bad = stretches.iter().rposition(|stretch| !stretch.is_well());
        let well_from = last_bad.map_or(0, |last_bad| last_bad + 1);
        let recovered =
            course.time(course.outage.stretch) * u32::try_from(well_from).unwrap_or(u32::MAX);
        Measured {
            strategy,
            calls: visits.len(),
            answers: count(End::Answered),
            errors: count(End::Failed),
            spared: count(End::Spared),
            refused: count(End::Refused),
            gives_up: waited
                .checked_div(u32::try_from(without_answer().count()).unwrap_or(u32::MAX)),
            recovers: (well_from < stretches.len())
                .then_some(recovered.saturating_sub(course.end())),
            stretches,
        }
    }

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

    /// Whether it is clearly better: by one call of a hundred, to half, or by a tenth of a time.
    pub(crate) fn beats(&self, other: &Measured, figure: Figure) -> bool {
        let [ours, theirs] = [self, other].map(|measured| measured.value(figure));
        let is_better = if figure.more_is_better() { ours > theirs } else { ours < theirs };
        let (less, more) = (ours.min(theirs), ours.max(theirs));
        let is_clear = match figure {
            Figure::GivesUp | Figure::Recovers => more - less >= 0.01 && less <= 0.9 * more,
            _ => more - less >= 1.0 || less <= more / 2.0,
        };
        is_better && is_clear
    }

    /// For comparisons: percent or seconds; what never comes is infinite.
    fn value(&self, figure: Figure) -> f64 {
        let seconds = |wait: Option<Duration>, none| wait.map_or(none, |wait| wait.as_secs_f64());
        let percent = |part| 100.0 * share(part, self.calls);
        match figure {
            Figure::Answers => percent(self.answers),
            Figure::Errors => percent(self.errors),
            Figure::Spared => percent(self.spared),
            Figure::Refused => percent(self.refused),
            Figure::GivesUp => seconds(self.gives_up, 0.0),
            Figure::Recovers => seconds(self.recovers, f64::INFINITY),
        }
    }

    fn percent(&self, part: usize) -> String {
        let percent = 100.0 * share(part, self.calls);
        match part {
            0 => "0 %".into(),
            _ if percent < 0.05 => "under 0.1 %".into(),
            _ if percent < 9.95 => format!("{percent:.1} %"),
            _ => format!("{percent:.0} %"),
        }
    }
}

fn stretches(course: Course, visits: &[Visit]) -> Vec<Stretch> {
    let width = course.time(course.outage.stretch).as_nanos().max(1);
    let count = course.length().as_nanos().div_ceil(width);
    let mut stretches = vec![Stretch::default(); usize::try_from(count).unwrap_or(0)];
    for visit in visits {
        let place = usize::try_from(visit.call.at.as_nanos() / width).ok();
        if let Some(stretch) = place.and_then(|place| stretches.get_mut(place)) {
            stretch.calls += 1;
            stretch.answers += usize::from(visit.end == End::Answered);
        }
    }
    stretches
}

/// All, if there are none.
#[expect(clippy::cast_precision_loss, reason = "far fewer calls than 2^52")]
pub(crate) fn share(part: usize, of: usize) -> f64 {
    if of == 0 { 1.0 } else { part as f64 / of as f64 }
}

fn time_to_give_up(wait: Duration) -> String {
    match wait.as_millis() {
        0 => "under 1 ms".into(),
        1..1_000 => format!("{} ms", wait.as_millis()),
        _ => format!("{:.1} s", wait.as_secs_f64()),
    }
}
