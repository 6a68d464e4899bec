//! How others see a circuit: its name, the list of all circuits, its transitions, and snapshots.

pub(crate) mod event;
pub(crate) mod name;
pub(crate) mod registry;
pub(crate) mod snapshot;
#[cfg(feature = "__exporter")]
pub(crate) mod track;
