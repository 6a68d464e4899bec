//! The store: one circuit's record, a replica that lags behind, and its server's clock.

use circuit_fleet::agreement::{Record, Reply, Report, ServerTime};

use crate::Millis;

#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) record: Record,
    replica: Record,
    copied: Millis,
    /// What its clock is ahead of the simulation's, which begins at 0.
    ahead: i64,
    /// Connections of an earlier number are broken.
    pub(crate) connection: u64,
}

/// How far the replica lags behind at most.
const LAG: Millis = 700;
/// The server's clock when the simulation begins.
const EPOCH: i64 = 1_700_000_000_000;

impl Store {
    pub(crate) fn time(&self, now: Millis) -> ServerTime {
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        ServerTime(u64::try_from(EPOCH + self.ahead + now).unwrap_or(0))
    }

    pub(crate) fn apply(&mut self, report: &Report, now: Millis) -> (Reply, bool) {
        if now.saturating_sub(self.copied) >= LAG {
            self.replica = self.record.clone();
            self.copied = now;
        }
        self.record.apply(report, self.time(now))
    }

    pub(crate) fn wipe(&mut self) {
        self.record = Record::default();
        self.replica = Record::default();
    }

    /// The replica takes over, with a clock of its own.
    pub(crate) fn fail_over(&mut self, ahead: i64) {
        self.record = self.replica.clone();
        self.ahead = ahead;
        self.connection += 1;
    }
}
