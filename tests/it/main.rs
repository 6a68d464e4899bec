//! Behaviour through the public face, one module a theme.
