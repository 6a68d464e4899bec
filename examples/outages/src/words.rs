//! What the figures of a strategy say beside those of others.

use crate::figure::Figure;
use crate::measure::Measured;
use crate::outage::{Claim, Column, NONE, Outage, RATE, THRESHOLD};

/// A line for each option, and for each other strategy that the text is about: what it gains and what it costs.
pub(crate) fn lines(outage: &Outage, measured: &[Measured]) -> String {
    let is_subject = |column: Column| {
        let is_praised = outage
            .claims
            .iter()
            .any(|claim| matches!(*claim, Claim::Better(ours, ..) if ours == column));
        column > RATE || (column != NONE && is_praised)
    };
    let subjects = measured.iter().enumerate().filter(|&(column, _)| is_subject(column));
    let lines = subjects.map(|(column, ours)| {
        let others = compared_with(column, measured);
        let gains = differences(ours, &others, |figure, other| ours.beats(other, figure));
        let costs = differences(ours, &others, |figure, other| other.beats(ours, figure));
        let label = ours.strategy.label;
        format!("- `{label}`. What it gains: {gains}. What it costs: {costs}.")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// An option is compared with what people take without it; each of these, with the other and with no breaker.
fn compared_with(column: Column, measured: &[Measured]) -> Vec<(&'static str, &Measured)> {
    let names = [(NONE, "no breaker"), (THRESHOLD, "`threshold`"), (RATE, "rate")];
    names
        .into_iter()
        .filter(|&(other, _)| other != column && (other != NONE || column <= RATE))
        .filter_map(|(other, name)| Some((name, measured.get(other)?)))
        .collect()
}

/// In which figures it clearly differs from which others.
fn differences(
    ours: &Measured,
    others: &[(&'static str, &Measured)],
    differs: impl Fn(Figure, &Measured) -> bool,
) -> String {
    let in_figure = |figure: Figure| {
        let mut shown: Vec<(String, Vec<&str>)> = Vec::new();
        for &(name, other) in others.iter().filter(|(_, other)| differs(figure, other)) {
            let value = other.shown(figure);
            match shown.iter_mut().find(|(known, _)| *known == value) {
                Some((_, names)) => names.push(name),
                None => shown.push((value, vec![name])),
            }
        }
        let shown: Vec<String> = shown
            .into_iter()
            .map(|(value, names)| format!("{value} ({})", names.join(", ")))
            .collect();
        let instead = shown.join(" and ");
        (!instead.is_empty())
            .then(|| format!("{} {} instead of {instead}", figure.title(), ours.shown(figure)))
    };
    // A call that isn't spared is an error, or it is answered.
    let figures = Figure::ALL.into_iter().filter(|&figure| figure != Figure::Spared);
    let figures: Vec<String> = figures.filter_map(in_figure).collect();
    if figures.is_empty() { "nothing".into() } else { figures.join("; ") }
}
