//! Settings from outside: options, limits and modes of circuits from a file and the environment.
//!
//! `node` is what a format gives, `table` the options under one name, `tables` all of them, and
//! `environment` those that come from variables. For one circuit, `layers` finds the tables that hold for
//! it, and `plan` merges and checks them. `force` changes the circuits, now and when they register. `orders` are
//! settings over all others, for some time.

mod environment;
pub(crate) mod fault;
pub(crate) mod force;
mod layers;
mod node;
pub(crate) mod orders;
mod plan;
pub(crate) mod report;
mod table;
pub(crate) mod tables;
mod value;
