//! Functions of every shape, with the attribute and with one that does nothing, in edition 2024.
#![deny(warnings)]

use empty_attribute::empty as block;

mod shapes;
