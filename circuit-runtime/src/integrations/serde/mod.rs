//! Feature `serde`: serializes and deserializes `Config`; serializes snapshots, transitions and
//! their parts.
//!
//! Fields have the names of the Rust fields. States, modes and reasons are their words, with
//! hyphens: `half-open`, `forced-open`. Durations are text, as in the attribute, and times are RFC
//! 3339 in UTC.
//!
//! Written by hand, so that users don't build serde's derive macro and its parser.

mod config;
mod duration;
mod time;
mod values;

#[cfg(feature = "axum")]
pub(super) use time::Rfc3339;

use std::time::Duration;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::error::Rejection;
use crate::observe::event::{Reason, Transition};
use crate::observe::snapshot::{Snapshot, WindowSnapshot};
use crate::outcome::{Mode, State};

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(super::mode(*self))
    }
}

impl Serialize for Rejection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(super::rejection(*self))
    }
}

/// The fields of the struct, and after `retry_after` the same in whole milliseconds, for programs.
impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Snapshot", 26)?;
        present(self, &mut out)?;
        out.serialize_field("recent_transitions", &self.recent_transitions)?;
        out.end()
    }
}

/// Everything but the transitions.
pub(super) fn present<S: SerializeStruct>(
    snapshot: &Snapshot,
    out: &mut S,
) -> Result<(), S::Error> {
    out.serialize_field("name", snapshot.name)?;
    out.serialize_field("key", &snapshot.key.as_deref())?;
    out.serialize_field("state", &snapshot.state)?;
    out.serialize_field("mode", &snapshot.mode)?;
    out.serialize_field("failures_in_a_row", &snapshot.failures_in_a_row)?;
    out.serialize_field("window", &snapshot.window)?;
    let millis = snapshot.retry_after.map(millis);
    out.serialize_field("retry_after", &millis.map(Duration::from_millis).map(Text))?;
    out.serialize_field("retry_after_ms", &millis)?;
    out.serialize_field("in_flight", &snapshot.in_flight)?;
    out.serialize_field("waiting", &snapshot.waiting)?;
    out.serialize_field("ramp", &snapshot.ramp)?;
    out.serialize_field("throttle", &snapshot.throttle)?;
    out.serialize_field("successes", &snapshot.successes)?;
    out.serialize_field("failures", &snapshot.failures)?;
    out.serialize_field("ignored", &snapshot.ignored)?;
    out.serialize_field("slow", &snapshot.slow)?;
    out.serialize_field("rejected", &snapshot.rejected)?;
    out.serialize_field("cancelled", &snapshot.cancelled)?;
    out.serialize_field("panicked", &snapshot.panicked)?;
    out.serialize_field("timed_out", &snapshot.timed_out)?;
    out.serialize_field("stalled", &snapshot.stalled)?;
    out.serialize_field("late", &snapshot.late)?;
    out.serialize_field("fallbacks", &snapshot.fallbacks)?;
    out.serialize_field("stale", &snapshot.stale)?;
    out.serialize_field("unprotected", &snapshot.unprotected)?;
    out.serialize_field("transitions", &snapshot.transitions)?;
    Ok(())
}

impl Serialize for WindowSnapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("WindowSnapshot", 5)?;
        out.serialize_field("calls", &self.calls)?;
        out.serialize_field("failures", &self.failures)?;
        out.serialize_field("slow", &self.slow)?;
        out.serialize_field("failure_rate", &self.failure_rate)?;
        out.serialize_field("slow_rate", &self.slow_rate)?;
        out.end()
    }
}

impl Serialize for Transition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Transition", 9)?;
        out.serialize_field("circuit", self.circuit)?;
        out.serialize_field("key", &self.key.as_deref())?;
        out.serialize_field("number", &self.number)?;
        out.serialize_field("from", &self.from)?;
        out.serialize_field("to", &self.to)?;
        out.serialize_field("reason", &self.reason)?;
        out.serialize_field("retry_after", &self.retry_after.map(Text))?;
        out.serialize_field("error", &self.error.as_deref())?;
        out.serialize_field("at", &time::Rfc3339(self.at))?;
        out.end()
    }
}

/// `kind`, the reason in one word; its numbers; and `text`, the reason in a sentence.
impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Reason", 5)?;
        match self {
            Reason::FailuresInARow { failures, threshold } => {
                out.serialize_field("kind", "failures-in-a-row")?;
                out.serialize_field("failures", failures)?;
                out.serialize_field("threshold", threshold)?;
            }
            Reason::Suspected { failures } => {
                out.serialize_field("kind", "suspected")?;
                out.serialize_field("failures", failures)?;
            }
            Reason::FailureRate { failures, calls, rate } => {
                out.serialize_field("kind", "failure-rate")?;
                out.serialize_field("failures", failures)?;
                out.serialize_field("calls", calls)?;
                out.serialize_field("rate", rate)?;
            }
            Reason::FailureCount { failures, count, window } => {
                out.serialize_field("kind", "failure-count")?;
                out.serialize_field("failures", failures)?;
                out.serialize_field("count", count)?;
                out.serialize_field("window", window)?;
            }
            Reason::SlowRate { slow, calls, rate } => {
                out.serialize_field("kind", "slow-rate")?;
                out.serialize_field("slow", slow)?;
                out.serialize_field("calls", calls)?;
                out.serialize_field("rate", rate)?;
            }
            Reason::Requested { wait } => {
                out.serialize_field("kind", "requested")?;
                out.serialize_field("wait", &Text(*wait))?;
            }
            Reason::WaitElapsed => out.serialize_field("kind", "wait-elapsed")?,
            Reason::ProbesSucceeded { succeeded, success_threshold } => {
                out.serialize_field("kind", "probes-succeeded")?;
                out.serialize_field("succeeded", succeeded)?;
                out.serialize_field("success_threshold", success_threshold)?;
            }
            Reason::ProbesFailed { failed, probes, success_threshold } => {
                out.serialize_field("kind", "probes-failed")?;
                out.serialize_field("failed", failed)?;
                out.serialize_field("probes", probes)?;
                out.serialize_field("success_threshold", success_threshold)?;
            }
            Reason::Reset => out.serialize_field("kind", "reset")?,
            Reason::ByOperator { by } => {
                out.serialize_field("kind", "by-operator")?;
                out.serialize_field("by", &**by)?;
            }
        }
        out.serialize_field("text", &format_args!("{self}"))?;
        out.end()
    }
}

/// A duration as text.
#[derive(Clone, Copy)]
struct Text(Duration);

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&duration::Written(self.0))
    }
}

/// Whole milliseconds, rounded up, so that a client that waits this long doesn't come too early.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
