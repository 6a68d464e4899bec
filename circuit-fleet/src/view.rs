//! The fleet, as it stands in Redis.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::error::FleetError;
use crate::store::Store;
use crate::wire::{self, Report, What};

/// How long a report is kept, in milliseconds.
const REPORT_MS: u64 = 5_000;

/// A fleet at one moment: its instances with their circuits, and the orders that stand.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct View {
    /// The instances that have said within a minute that they live, by name.
    pub instances: Vec<Instance>,
    /// The orders that stand, the latest last.
    pub orders: Vec<StandingOrder>,
    /// The highest version of an order so far.
    pub version: u64,
    /// The orders that instances obey and Redis has lost, by their versions: it was emptied, or a fail-over has lost the latest.
    /// [`restore`](crate::Operator::restore) puts them back, so that instances that start obey them, too.
    pub lost: Vec<u64>,
}

/// An instance of a fleet.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Instance {
    /// Its name.
    pub name: String,
    /// Whether it has reported nothing for five seconds; then nothing else is known of it.
    pub silent: bool,
    /// The highest version of an order that it has taken notice of.
    pub version: u64,
    /// The orders that it obeys.
    pub obeys: Vec<u64>,
    /// The orders that it, or one of its circuits, doesn't obey: each version, and why.
    pub refused: Vec<(u64, String)>,
    /// Its circuits: of each the snapshot as JSON, its calls a second, and up to 20 open keys.
    pub circuits: Vec<Value>,
    /// Whether it shows no circuits at all, as [`Options::view`](crate::Options::view) can say.
    pub shows_no_circuits: bool,
    /// How many circuits had no room in its report.
    pub left_out: usize,
    /// Why its circuits take no part in shared probing and the alert, though they shall: what Redis has last answered, such
    /// as that its user lacks a right.
    pub cannot_share: Option<String>,
    /// How much of what others have published came too fast to be looked at, since its start. It hears the same a second later.
    pub dropped: u64,
}

/// An order that stands.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct StandingOrder {
    /// Its version: later orders have higher ones, and win.
    pub version: u64,
    /// How long it still lasts, in milliseconds.
    pub left_ms: u64,
    /// Who says it, in their own words.
    pub by: String,
    /// The user of Redis that they are.
    pub user: String,
    /// Why.
    pub why: String,
    /// What is ordered: settings as JSON, `reset NAME` or `cancel VERSION`; or that this version can't read it, and why. Then nothing
    /// else is known of it but its version and its end.
    pub what: String,
    /// The circuits that it is for, by names and patterns.
    pub circuits: Vec<String>,
    /// The instances that it is for; `None`: all.
    pub only: Option<Vec<String>>,
}

impl View {
    pub(crate) async fn of(store: &mut Store) -> Result<Self, FleetError> {
        // In this order: what an instance obeys had stood before it could report that.
        let reports = store.reports().await?;
        let (version, stored) = store.orders().await?;
        let known = stored.iter().map(|stored| stored.version);
        let mut known: BTreeSet<u64> = known.collect();
        let mut orders = Vec::new();
        for stored in stored {
            let left_ms = u64::try_from(stored.left.as_millis()).unwrap_or(u64::MAX);
            orders.push(match serde_json::from_str::<wire::Order>(&stored.json) {
                Ok(order) => {
                    if let What::Cancel(cancelled) = order.what {
                        known.insert(cancelled);
                    }
                    StandingOrder::new(stored.version, left_ms, order)
                }
                // The others are to be seen all the same, and this one is to be cancelled.
                Err(error) => StandingOrder::unreadable(stored.version, left_ms, &error),
            });
        }
        orders.sort_by_key(|order| order.version);
        let lost = lost(&reports, &known);
        let mut instances: Vec<_> =
            reports.into_iter().map(|(name, report)| Instance::new(name, report)).collect();
        instances.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(View { instances, orders, version, lost })
    }

    /// The highest version that anybody has seen: the store may have lost some.
    pub(crate) fn highest(&self) -> u64 {
        let seen = self.instances.iter().map(|instance| instance.version);
        let standing = self.orders.iter().map(|order| order.version);
        seen.chain(standing).chain([self.version]).max().unwrap_or_default()
    }
}

/// What instances obey that Redis doesn't know. A report may be as old as it is kept, and the order's time be over since.
fn lost(reports: &[(String, Option<Report>)], known: &BTreeSet<u64>) -> Vec<u64> {
    let obeyed = reports.iter().flat_map(|(_, report)| report).flat_map(|report| &report.orders);
    let obeyed = obeyed.filter(|held| held.left_ms > REPORT_MS && !known.contains(&held.version));
    obeyed.map(|held| held.version).collect::<BTreeSet<_>>().into_iter().collect()
}

impl Instance {
    /// One of which nothing is known.
    #[cfg(test)]
    pub(crate) fn silent(name: &str) -> Self {
        Instance::new(name.to_owned(), None)
    }

    fn new(name: String, report: Option<Report>) -> Self {
        let silent = report.is_none();
        let report = report.unwrap_or_default();
        Instance {
            name,
            silent,
            version: report.version,
            obeys: report.orders.iter().map(|held| held.version).collect(),
            refused: report.refused.into_iter().map(|it| (it.version, it.message)).collect(),
            circuits: report.circuits,
            shows_no_circuits: report.shows_no_circuits,
            left_out: report.left_out,
            cannot_share: report.cannot_share,
            dropped: report.dropped,
        }
    }
}

impl StandingOrder {
    /// Of a later version's form, or written by something else.
    fn unreadable(version: u64, left_ms: u64, error: &serde_json::Error) -> Self {
        let what = format!("can't be read by this version: {error}");
        let [by, user, why] = ["?", "?", ""].map(str::to_owned);
        StandingOrder { version, left_ms, by, user, why, what, circuits: Vec::new(), only: None }
    }

    fn new(version: u64, left_ms: u64, order: wire::Order) -> Self {
        let what = match &order.what {
            What::Settings(settings) => settings.to_string(),
            what => what.text(),
        };
        let circuits = order.what.circuits().into_iter().map(str::to_owned).collect();
        let wire::Order { by, user, why, only, .. } = order;
        StandingOrder { version, left_ms, by, user, why, what, circuits, only }
    }
}
