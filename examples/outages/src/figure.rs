//! The numbers to compare strategies by.

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
