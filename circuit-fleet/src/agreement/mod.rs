//! What the instances of a fleet tell each other about one circuit, and what each makes of it.
//!
//! Two things follow from it. *Shared probing*: the instances whose circuit has opened by itself probe in turn instead of each
//! for itself, and when one finds the service well the others are soon told. *Alert*: when calls fail all over the fleet, the
//! next failure opens an instance's circuit, whatever its threshold.
//!
//! Pure functions and plain data: nothing in here reads a clock, draws a number or waits. The simulation in
//! `examples/fleet-simulation` drives it together with real circuits.
//!
//! | | |
//! |---|---|
//! | [`Member`] | one instance's side: local events in; reports, and changes of the local circuit's deadline and suspicion out |
//! | [`Seen`] | what has happened to a circuit between two looks at its counters, as those local events |
//! | [`Report`] | what an instance tells the store, once a second or at once if something has happened |
//! | [`Record`] | what the store keeps of a circuit, and how a report changes it. All of [`Record::apply`] is one atomic step |
//! | [`Status`] | what the store tells the instances: in the reply to a report, and published when it has changed |
//!
//! The store decides nothing: it orders reports, adds up and forgets. Each instance decides for itself, by its own rules, and
//! within bounds that hold whatever the store says: hearsay never opens a circuit, moves a deadline at most `max_recovery` past
//! the circuit's own, and is worth [`MAX_AGE`] at most.

mod clock;
mod instances;
mod member;
mod opening;
mod pace;
mod rank;
mod record;
mod report;
mod rules;
mod schedule;
mod seen;
mod status;
mod stored;
mod tally;
#[cfg(test)]
mod tests;
mod text;

pub use clock::{Millis, ServerTime};
pub use member::Member;
pub use opening::Opening;
pub use record::Record;
pub use report::{Probe, Report, State};
pub use rules::{Advice, Deadline, Event, Rules, look_every};
pub use seen::{Seen, millis, wait};
pub use status::{Reply, Status};
pub use stored::Stored;
pub use text::{FormatError, MAX_BYTES};

/// What is older changes nothing: the store refuses such reports, and an instance drops such statuses.
pub const MAX_AGE: Millis = 2_000;
/// So long after the last reply, or earlier, an instance's circuit behaves as one without a fleet.
pub const ALONE_AFTER: Millis = 3_000;
/// An instance looks so often at what its calls have come to,
pub const LOOK: Millis = 100;
/// and so often if it heeds alerts.
pub const LOOK_WITH_ALERT: Millis = 25;
/// An instance reports so often, if nothing happens.
pub const BEAT: Millis = 1_000;
/// And no more often than this, whatever happens.
pub const LEAST_GAP: Millis = 200;
/// An alert holds for an instance once it has stood for so long: whoever has had a success meanwhile says so at once.
pub const ALERT_STANDS: Millis = 25;
/// An instance that has reported a circuit within this time is active there.
pub const ACTIVE_FOR: Millis = 60_000;
/// An instance that has been silent for longer has left its opening.
pub const MEMBER_FOR: Millis = 5_000;
/// So long after a successful probe, whoever is still open begins another opening.
pub const ENDING: Millis = 5_000;
/// A service is probed at most so many times in the wait of one circuit.
pub const MOST_PROBES: u64 = 8;
/// And no more often than this.
pub const LEAST_INTERVAL: Millis = 500;
/// The least and the longest time between the steps by which more instances may probe.
pub const PROBE_STEP: (Millis, Millis) = (700, 2_000);
/// An opening that has ended and begun again ends when so many probes in a row have succeeded.
pub const PROOF: u32 = 5;
/// The time between the steps by which instances go half-open once a probe has succeeded.
pub const RELEASE_STEP: Millis = 100;
