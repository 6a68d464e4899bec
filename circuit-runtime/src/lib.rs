// Where a page of the documentation leads to another one or to a file, README.md says where that is
// on the web. Of two definitions the first one holds: here they lead to the pages beside, and the
// pictures are left out.
//! [guide]: crate::guide
//! [cookbook]: crate::guide::cookbook
//! [classification]: crate::guide::classification
//! [performance]: crate::guide::performance
#![cfg_attr(
    all(
        feature = "axum",
        feature = "metrics",
        feature = "opentelemetry033",
        feature = "serde",
        feature = "tower",
        feature = "tracing"
    ),
    doc = "[ecosystem]: crate::guide::ecosystem"
)]
//! [circuits-ui]: data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'/%3E
//! [benchmark]: data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'/%3E
//! [benchmark-rows]: crate::guide::performance
//! [rules]: crate::guide::cookbook
//! [dashboard]: crate::guide::cookbook
#![doc = include_str!("../README.md")]
#![doc(test(attr(deny(warnings))))]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(all(
    any(feature = "axum", feature = "tokio"),
    target_family = "wasm",
    target_os = "unknown"
))]
compile_error!(
    "circuit-runtime: the features `axum` and `tokio` need tokio's timer, which panics on \
     wasm32-unknown-unknown; leave them out there"
);

#[doc(hidden)]
pub mod __private;
#[doc(hidden)]
mod attribute;
mod breaker;
mod call_stack;
mod circuit;
mod classify;
mod config;
mod counters;
mod error;
mod foreign;
mod guard;
mod integrations;
mod keyed;
#[cfg(all(test, circuit_loom))]
mod models;
mod observe;
mod outcome;
mod permit;
mod primitives;
#[cfg(feature = "serde")]
mod settings;
#[cfg(feature = "stale")]
mod stale;
#[cfg(feature = "stream")]
mod stream;
#[cfg(feature = "test-util")]
pub mod test_util;
#[cfg(all(feature = "tokio", feature = "tower"))]
mod waiters;
mod window;

pub use breaker::CircuitBreaker;
pub use breaker::keyed::{KeyedBreaker, KeyedCircuit};
pub use classify::Classify;
pub use classify::sql::sql_state;
pub use classify::ways::{by_error, by_result, by_source, by_value};
#[cfg(feature = "serde")]
pub use config::duration_text::{DurationError, parse_duration};
pub use config::error::ConfigError;
pub use config::option::ConfigOption;
pub use config::{Config, OnCancel, Window};
pub use error::{CallError, CallTimeoutError, CircuitOpenError, Rejection};
#[cfg(feature = "axum")]
pub use integrations::axum;
#[cfg(feature = "metrics")]
pub use integrations::metrics;
#[cfg(feature = "opentelemetry033")]
pub use integrations::opentelemetry033;
#[cfg(feature = "tower")]
pub use integrations::tower;
pub use observe::event::{Reason, Transition};
pub use observe::registry::{circuits, find, on_transition};
pub use observe::snapshot::{Snapshot, WindowSnapshot};
pub use outcome::{Mode, Outcome, State};
pub use permit::Permit;

#[cfg(feature = "serde")]
pub use settings::fault::{SettingsError, SettingsFault};
#[cfg(feature = "serde")]
pub use settings::force::{configure, settings_report};
#[cfg(feature = "serde")]
pub use settings::orders::{
    Order, RefusedOrder, lift_expired_orders, orders, refused_orders, set_orders,
};
#[cfg(feature = "serde")]
pub use settings::report::Report;
#[cfg(feature = "serde")]
pub use settings::tables::Settings;

#[cfg(feature = "macros")]
pub use circuit_macros::circuit_breaker;

#[cfg(any(doc, doctest))]
pub mod guide;
