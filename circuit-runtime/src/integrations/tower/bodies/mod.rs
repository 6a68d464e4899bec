//! Responses whose bodies are judged, too.

pub(super) mod body;
pub(super) mod classify;
pub(super) mod future;
pub(super) mod layer;
#[cfg(feature = "tower-http06")]
pub(super) mod tower_http06;
