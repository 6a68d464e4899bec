//! The figures that the page on trip rules gives with its advice.

use std::fs;

use crate::figure::Figure;
use crate::measure::Measured;
use crate::outage::{Column, FIRST, NONE, Outage, RATE, SECOND, THIRD, THRESHOLD};
use crate::page;

pub(super) fn is_in_the_guide(runs: &[(&'static Outage, Vec<Measured>)]) {
    let guide = fs::read_to_string(page::path().with_file_name("trip-rules.md")).unwrap();
    let guide = guide.split_whitespace().collect::<Vec<_>>().join(" ");
    let missing: Vec<String> =
        advice(runs).into_iter().filter(|advice| !guide.contains(advice)).collect();
    assert!(missing.is_empty(), "trip-rules.md doesn't say:\n{}", missing.join("\n"));
}

fn advice(runs: &[(&'static Outage, Vec<Measured>)]) -> [String; 6] {
    let shown = |name: &str, figure: Figure, column: Column| {
        let (_, measured) = runs.iter().find(|(outage, _)| outage.name == name).unwrap();
        measured[column].shown(figure)
    };
    let answers = |name, column| shown(name, Figure::Answers, column);
    let errors = |name, column| shown(name, Figure::Errors, column);
    let (ten, few, flaps, probes) = ("fails-10", "few-calls", "flaps", "abandoned-probes");
    [
        format!(
            "{} of the calls are answered with `threshold = 5`, {} with the rate, and {} without a breaker.",
            answers(ten, THRESHOLD),
            answers(ten, RATE),
            answers(ten, NONE)
        ),
        format!(
            "{} end in an error with `failure_count = 5, window = \"5m\"`, {} with `threshold = 5`, and {} with the rate over ten seconds.",
            errors(few, FIRST),
            errors(few, THRESHOLD),
            errors(few, RATE)
        ),
        format!(
            "It costs answers: {}, {} and {} of the calls have one.",
            answers(few, FIRST),
            answers(few, THRESHOLD),
            answers(few, RATE)
        ),
        format!(
            "{} are answered with `backoff = 2`, {} with `jitter = 0.1` beside it, and {} with neither.",
            answers(flaps, FIRST),
            answers(flaps, SECOND),
            answers(flaps, THRESHOLD)
        ),
        format!(
            "{} are answered with `jitter = 0.5` alone, and {} with the rate, which stays closed.",
            answers(flaps, THIRD),
            answers(flaps, RATE)
        ),
        format!(
            "{} hang with `threshold = 5`, and {} with `backoff = 2`, too; {} with `on_cancel = slow`, and {} with both.",
            errors(probes, THRESHOLD),
            errors(probes, THIRD),
            errors(probes, FIRST),
            errors(probes, SECOND)
        ),
    ]
}
