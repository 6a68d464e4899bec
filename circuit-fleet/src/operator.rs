//! What an operator does: gives orders, sees whether they are obeyed, takes them back.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep};

use crate::acknowledgement::Acknowledgement;
use crate::address::client;
use crate::draft::OrderDraft;
use crate::error::{FleetError, JoinError};
use crate::options::check_name;
use crate::store::{Sending, Store, unwritable};
use crate::view::View;
use crate::wire::{self, FORM, What};

/// How long [`Operator::wait`] waits between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// An entry of the audit stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// When, by the server's calendar, in milliseconds since 1970.
    pub at_ms: u64,
    /// The order's version.
    pub version: String,
    /// Who said it, in their own words.
    pub by: String,
    /// The user of Redis that they were.
    pub user: String,
    /// What was ordered.
    pub what: String,
    /// Why.
    pub why: String,
}

/// Gives orders to a fleet. `circuitctl` is made of it.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use circuit_fleet::{Action, Operator, OrderDraft};
/// use circuit_runtime::Mode;
///
/// let mut operator = Operator::new("redis://127.0.0.1", "checkout")?;
/// let draft = OrderDraft::new(Action::mode("payments", Mode::ForcedOpen), "alice");
/// let version = operator.order(&draft).await?;
/// println!("{}", operator.acknowledged(version).await?); // 47/50 in force, 3 silent
/// # Ok(())
/// # }
/// ```
pub struct Operator {
    store: Store,
}

impl Operator {
    /// An operator of the fleet with this namespace. Connects to nothing yet.
    ///
    /// # Errors
    ///
    /// If the address or the namespace is wrong.
    pub fn new(address: &str, namespace: &str) -> Result<Self, JoinError> {
        check_name("namespace", namespace)?;
        let client = client(address)?;
        Ok(Operator { store: Store::new(client, namespace) })
    }

    /// The fleet, as it stands in Redis.
    ///
    /// # Errors
    ///
    /// If Redis doesn't answer within two seconds.
    pub async fn view(&mut self) -> Result<View, FleetError> {
        View::of(&mut self.store).await
    }

    /// Gives an order, and returns its version. If Redis doesn't answer, it may be given all the same: look at the
    /// [view](Operator::view) before giving it again.
    ///
    /// # Errors
    ///
    /// If something in the draft is wrong; if Redis doesn't answer, or its ACL doesn't let this user give orders.
    pub async fn order(&mut self, draft: &OrderDraft) -> Result<u64, FleetError> {
        draft.validate()?;
        let what = draft.action.what()?;
        // Also tells the server's time, and what versions there have been.
        let view = self.view().await?;
        let user = self.store.user().await?;
        let text = what.text();
        let cancels = if let What::Cancel(version) = what { Some(version) } else { None };
        let order = wire::Order {
            form: FORM,
            what,
            by: draft.by.clone(),
            user: user.clone(),
            why: draft.why.clone(),
            only: draft.only.clone(),
        };
        let sending = Sending {
            seen: view.highest(),
            lasting: draft.lasting,
            json: serde_json::to_string(&order).map_err(|error| unwritable(&error))?,
            by: &draft.by,
            user: &user,
            what: text,
            why: &draft.why,
            cancels,
        };
        self.store.order(sending).await
    }

    /// How far an order has got.
    ///
    /// # Errors
    ///
    /// If Redis doesn't answer within two seconds.
    pub async fn acknowledged(&mut self, version: u64) -> Result<Acknowledgement, FleetError> {
        Ok(Acknowledgement::of(&self.view().await?, version))
    }

    /// Waits until no instance is silent about an order, at most for this long: they look for orders once a second. How far it has
    /// got.
    ///
    /// # Errors
    ///
    /// If Redis doesn't answer within two seconds.
    pub async fn wait(
        &mut self,
        version: u64,
        within: Duration,
    ) -> Result<Acknowledgement, FleetError> {
        let end = Instant::now() + within;
        loop {
            let acknowledgement = self.acknowledged(version).await?;
            if acknowledgement.silent.is_empty() || Instant::now() >= end {
                return Ok(acknowledgement);
            }
            sleep(BETWEEN_LOOKS).await;
        }
    }

    /// The latest orders, the latest first: at most so many.
    ///
    /// # Errors
    ///
    /// If Redis doesn't answer within two seconds.
    pub async fn history(&mut self, most: usize) -> Result<Vec<AuditEntry>, FleetError> {
        let entry = |(id, fields): (String, Vec<(String, String)>)| {
            let field = |name: &str| {
                let found = fields.iter().find(|(field, _)| field == name);
                found.map(|(_, value)| value.clone()).unwrap_or_default()
            };
            AuditEntry {
                at_ms: id.split('-').next().and_then(|ms| ms.parse().ok()).unwrap_or_default(),
                version: field("version"),
                by: field("by"),
                user: field("user"),
                what: field("what"),
                why: field("why"),
            }
        };
        Ok(self.store.audit(most).await?.into_iter().map(entry).collect())
    }

    /// Puts those orders back into Redis that instances obey and it has lost: after it was emptied, or a fail-over has lost the latest.
    /// Instances that start from now on obey them, too. Do it before giving new orders. Returns the versions.
    ///
    /// # Errors
    ///
    /// If Redis doesn't answer within two seconds, or its ACL doesn't let this user give orders.
    pub async fn restore(&mut self, by: &str) -> Result<Vec<u64>, FleetError> {
        let user = self.store.user().await?;
        let mut restored = Vec::new();
        for (_, report) in self.store.reports().await? {
            for held in report.into_iter().flat_map(|report| report.orders) {
                let json =
                    serde_json::to_string(&held.order).map_err(|error| unwritable(&error))?;
                let (version, left_ms) = (held.version, held.left_ms);
                if self.store.restore(version, left_ms, json, by, &user).await? {
                    restored.push(version);
                }
            }
        }
        restored.sort_unstable();
        Ok(restored)
    }
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operator").finish_non_exhaustive()
    }
}
