//! The shapes of functions, in edition 2021.

#[path = "../../../it/shapes/mod.rs"]
mod shapes;

#[path = "../../later_keywords.rs"]
mod later_keywords;
