//! How a client protects itself: what is compared.

use std::time::Duration;

use circuit_runtime::Config;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Strategy {
    /// The options, as in the attribute.
    pub(crate) label: &'static str,
    pub(crate) config: Option<Config>,
    /// A circuit for each node or tenant.
    pub(crate) by_part: bool,
    /// What the service asks for counts.
    pub(crate) heeds_retry_after: bool,
    /// A limit for the call, instead of the client's own.
    pub(crate) limit: Option<Duration>,
    /// The call lasts until its body has come.
    pub(crate) guards_streams: bool,
}

impl Strategy {
    pub(crate) fn none() -> Self {
        Strategy {
            label: "no breaker",
            config: None,
            by_part: false,
            heeds_retry_after: false,
            limit: None,
            guards_streams: false,
        }
    }

    pub(crate) fn circuit(label: &'static str, config: Config) -> Self {
        Strategy { label, config: Some(config), ..Self::none() }
    }

    pub(crate) fn by_part(self) -> Self {
        Strategy { by_part: true, ..self }
    }

    pub(crate) fn heeding_retry_after(self) -> Self {
        Strategy { heeds_retry_after: true, ..self }
    }

    pub(crate) fn guarding_streams(self) -> Self {
        Strategy { guards_streams: true, ..self }
    }

    pub(crate) fn limit(self, limit: Duration) -> Self {
        Strategy { limit: Some(limit), ..self }
    }
}
