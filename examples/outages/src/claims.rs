//! Whether the runs show what the texts say.

use crate::measure::Measured;
use crate::outage::{Claim, Outage};

/// A line for each claim that they don't show.
pub(crate) fn broken(outage: &Outage, measured: &[Measured]) -> Vec<String> {
    let mut broken = Vec::new();
    for claim in outage.claims {
        let (Claim::Better(ours, figures, others)
        | Claim::NoBetter(ours, figures, others)
        | Claim::Same(ours, figures, others)) = *claim;
        let Some(ours) = measured.get(ours) else { continue };
        for other in others.iter().filter_map(|&other| measured.get(other)) {
            let wrong = figures.iter().filter(|&&figure| match claim {
                Claim::Better(..) => !ours.beats(other, figure),
                Claim::NoBetter(..) => ours.beats(other, figure),
                Claim::Same(..) => ours.shown(figure) != other.shown(figure),
            });
            broken.extend(wrong.map(|&figure| {
                format!(
                    "{}: {}: {} ({}) beside {} ({})",
                    outage.name,
                    figure.title(),
                    ours.shown(figure),
                    ours.strategy.label,
                    other.shown(figure),
                    other.strategy.label
                )
            }));
        }
    }
    broken
}
