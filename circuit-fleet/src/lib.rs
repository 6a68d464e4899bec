// README.md's picture is left out: of two definitions the first one holds.
//! [fleet-page]: data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'/%3E
#![doc = include_str!("../README.md")]
#![doc(test(attr(deny(warnings))))]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod acknowledgement;
mod address;
#[doc(hidden)]
pub mod agreement;
mod attempts;
#[cfg(feature = "axum")]
pub mod axum;
mod closest;
mod draft;
mod error;
mod events;
mod fleet;
mod keys;
mod link;
mod member;
#[cfg(doc)]
#[doc = include_str!("../docs/operations.md")]
pub mod operations {}
mod operator;
mod options;
mod reach;
mod remember;
mod report;
mod script;
mod sharing;
mod state;
mod store;
mod unknown;
mod view;
mod wire;

pub use acknowledgement::Acknowledgement;
pub use draft::{Action, OrderDraft};
pub use error::{FleetError, JoinError};
pub use fleet::Fleet;
pub use operator::{AuditEntry, Operator};
pub use options::{Options, OptionsError};
pub use reach::Reach;
pub use unknown::UnknownCircuit;
pub use view::{Instance, StandingOrder, View};
