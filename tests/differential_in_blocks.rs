//! Functions of every shape, the methods in blocks with the attribute, in edition 2024.
#![deny(warnings)]

use circuit_runtime::circuit_breaker as block;

mod shapes;
