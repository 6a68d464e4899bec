//! The service that all instances call, and the paths to it.

use crate::Millis;

/// A stretch of time in which calls go wrong.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    pub(crate) from: Millis,
    pub(crate) to: Millis,
    pub(crate) kind: Kind,
    /// Whom it befalls; `None`: all.
    pub(crate) whom: Option<Vec<usize>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// Each call fails at once.
    Dead,
    /// Each call fails when its limit has passed.
    Hangs,
    /// This share of the calls fails.
    Fails(f64),
    /// Each call fails, and the service asks to be left alone for so long.
    Asks(Millis),
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fate {
    pub(crate) takes: Millis,
    pub(crate) is_good: bool,
    pub(crate) asks: Option<Millis>,
}

#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) troubles: Vec<Trouble>,
    /// How long a call takes.
    pub(crate) takes: Millis,
    /// How long a call that hangs takes.
    pub(crate) limit: Millis,
}

impl Service {
    /// `luck`, from 0 to 1, comes with the call, so that each way to protect it meets the same service.
    pub(crate) fn fate(&self, instance: usize, now: Millis, luck: f64) -> Fate {
        let good = Fate { takes: self.takes, is_good: true, asks: None };
        let bad = Fate { is_good: false, ..good };
        let befalls = |trouble: &&Trouble| {
            let is_now = (trouble.from..trouble.to).contains(&now);
            is_now && trouble.whom.as_ref().is_none_or(|whom| whom.contains(&instance))
        };
        let fates = self.troubles.iter().filter(befalls).map(|trouble| match trouble.kind {
            Kind::Dead => bad,
            Kind::Hangs => Fate { takes: self.limit, ..bad },
            Kind::Fails(share) if luck < share => bad,
            Kind::Fails(_) => good,
            Kind::Asks(wait) => Fate { asks: Some(wait), ..bad },
        });
        fates.into_iter().find(|fate| !fate.is_good).unwrap_or(good)
    }

    /// When all is well for good.
    pub(crate) fn well_from(&self) -> Millis {
        self.troubles.iter().map(|trouble| trouble.to).max().unwrap_or(0)
    }
}
