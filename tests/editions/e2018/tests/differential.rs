//! Functions of every shape, with the attribute and with one that does nothing, in edition 2018.
#![deny(warnings)]

use empty_attribute::empty as block;

#[path = "../../../shapes/mod.rs"]
mod shapes;
