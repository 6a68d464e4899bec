//! The `#[circuit_breaker]` attribute; use it through `circuit-runtime`.
