//! Behaviour through the public face, one module a theme.

mod shapes;
mod shapes_2024;
