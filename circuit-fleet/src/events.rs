//! What an instance says of itself: events of the target `circuit_fleet`, for `tracing`. The guide's page `fleets` lists them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::state::{Change, Changed};
use crate::wire;

/// A subscriber that panics doesn't end the fleet's thread.
fn contained(tell: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(tell));
}

/// Whether Redis answers: told once when it no longer does, and once when it does again. One answer that is missing says
/// nothing: a connection may have broken, and is made anew.
#[derive(Debug, Default)]
pub(crate) struct Contact {
    /// Since the first of the failures in a row.
    since: Option<Instant>,
    told: Option<&'static str>,
}

const AWAY: &str = "Redis is away";
const REFUSES: &str = "Redis refuses";

impl Contact {
    /// `refuses`: it has answered, with this error.
    pub(crate) fn failed(&mut self, error: &str, refuses: bool) {
        let trouble = if refuses { REFUSES } else { AWAY };
        let is_first = self.since.is_none();
        self.since.get_or_insert_with(Instant::now);
        let is_known = is_first || self.told == Some(trouble);
        if !is_known {
            self.told = Some(trouble);
        }
        contained(|| {
            if is_known {
                tracing::debug!(target: "circuit_fleet", error, "no answer from Redis");
            } else {
                tracing::warn!(target: "circuit_fleet", error, "{trouble}");
            }
        });
    }

    pub(crate) fn succeeded(&mut self) {
        let Contact { since, told } = std::mem::take(self);
        if let (Some(since), Some(_)) = (since, told) {
            let away = seconds(since.elapsed());
            contained(|| tracing::info!(target: "circuit_fleet", away, "Redis is back"));
        }
    }
}

/// Redis has answered that what circuits see can't be shared.
pub(crate) fn cannot_share(error: &str) {
    contained(|| tracing::warn!(target: "circuit_fleet", error, "circuits can't be shared"));
}

pub(crate) fn shares_again() {
    contained(|| tracing::info!(target: "circuit_fleet", "circuits are shared again"));
}

pub(crate) fn cannot_remember(path: &Path, error: &str) {
    let path = path.to_string_lossy();
    contained(|| {
        tracing::warn!(target: "circuit_fleet", path = &*path, error, "orders can't be remembered");
    });
}

pub(crate) fn remembers_again(path: &Path) {
    let path = path.to_string_lossy();
    contained(|| {
        tracing::info!(target: "circuit_fleet", path = &*path, "orders are remembered again");
    });
}

pub(crate) fn cannot_recall(path: &Path, error: &str) {
    let path = path.to_string_lossy();
    contained(|| {
        let message = "remembered orders can't be read";
        tracing::warn!(target: "circuit_fleet", path = &*path, error, "{message}");
    });
}

/// What has become of an order.
pub(crate) fn order(Changed { version: order, wire, change }: &Changed) {
    let by = wire.as_ref().map(|wire| wire.by.as_str());
    let user = wire.as_ref().map(|wire| wire.user.as_str());
    let reason = wire.as_ref().map(|wire| wire.why.as_str()).filter(|why| !why.is_empty());
    let circuits = wire.as_ref().map(|wire: &wire::Order| wire.what.circuits().join(", "));
    let (what, circuits) = (wire.as_ref().map(|wire| wire.what.text()), circuits.as_deref());
    let what = what.as_deref();
    // An order may be withdrawn by somebody else.
    macro_rules! emit {
        ($level:ident, $message:literal $(, $field:ident = $value:expr)*) => {
            tracing::$level!(
                target: "circuit_fleet", order, by, user, reason, circuits, what, $($field = $value,)* $message
            )
        };
    }
    contained(|| match change {
        Change::Begins { left, is_remembered } => {
            emit!(info, "order begins", lasting = seconds(*left), remembered = *is_remembered);
        }
        Change::Reset => emit!(info, "order to reset carried out"),
        Change::Over => emit!(info, "order ends", end = "its time is over"),
        Change::Left => emit!(info, "order ends", end = "the instance has left the fleet"),
        Change::Cancelled { by, why } => emit!(
            info,
            "order ends",
            end = "cancelled",
            cancelled_by = by.as_str(),
            cancelled_because = Some(why.as_str()).filter(|why| !why.is_empty())
        ),
        Change::Refused { left, fault } => {
            emit!(warn, "order refused", lasting = seconds(*left), error = fault.as_str());
        }
    });
}

/// A number of seconds, to a tenth.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10.0).round() / 10.0
}
