//! Behaviour through the public face, one module a theme.

mod runtimes;
mod shapes;
mod shapes_2024;
