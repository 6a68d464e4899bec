//! The guide: a page for each family of options, each option with an example that runs.
//!
//! - [`trip_rules`]: when a circuit opens.
//! - [`outcomes`]: what a call counts as.
//! - [`classification`]: answers and errors of `http`, reqwest, tonic and databases, which judge themselves.
//! - [`recovery`]: how a circuit closes again.
//! - [`outages`]: which option helps against which kind of outage, with figures and pictures.
//! - [`fallback`]: what runs instead of a rejected call.
//! - [`impl_blocks`]: one circuit for the methods of a client.
//! - [`keys`]: one circuit per host, tenant or shard.
//! - `streams`: answers that come in parts (only with the feature `stream`).
//! - [`operation`]: names, sharing, inspection, control.
//! - `settings`: options, limits and modes from a file and the environment (only with the feature `serde`).
//! - `ecosystem`: tracing, metrics, serde, tower and axum (only with all of these features).
//! - [`fleets`]: many instances of one service, with the crate `circuit-fleet`.
//! - [`cookbook`]: recipes for axum, reqwest, tonic, HTTP/2, sqlx, retries, health checks and alerts.
//! - [`performance`]: what a call costs, how much memory a circuit takes, what the attribute adds to a build.
//! - [`promises`]: what you can rely on, and which test proves it.
//! - [`coming_from`]: resilience4j, `MicroProfile`, gobreaker, Failsafe, Polly, Hystrix, pybreaker.

#[doc = include_str!("../docs/trip-rules.md")]
pub mod trip_rules {}

#[doc = include_str!("../docs/outcomes.md")]
pub mod outcomes {}

// Its examples need more crates than this one is tested with; the package of the examples runs
// them.
#[cfg_attr(feature = "tower", doc = "[`Classifier`]: crate::tower::Classifier\n")]
#[cfg_attr(not(doctest), doc = include_str!("../docs/classification.md"))]
pub mod classification {}

#[doc = include_str!("../docs/recovery.md")]
pub mod recovery {}

#[doc = include_str!("../docs/outages.md")]
pub mod outages {}

#[doc = include_str!("../docs/fallback.md")]
pub mod fallback {}

#[doc = include_str!("../docs/impl-blocks.md")]
pub mod impl_blocks {}

#[doc = include_str!("../docs/keys.md")]
pub mod keys {}

#[cfg(feature = "stream")]
#[doc = include_str!("../docs/streams.md")]
pub mod streams {}

#[doc = include_str!("../docs/operation.md")]
pub mod operation {}

#[cfg(feature = "serde")]
#[doc = include_str!("../docs/settings.md")]
pub mod settings {}

#[cfg(all(
    feature = "axum",
    feature = "metrics",
    feature = "opentelemetry033",
    feature = "serde",
    feature = "tower",
    feature = "tracing"
))]
#[doc = include_str!("../docs/ecosystem.md")]
pub mod ecosystem {}

// As above.
#[cfg_attr(not(doctest), doc = include_str!("../docs/fleets.md"))]
pub mod fleets {}

// As above.
#[cfg_attr(
    feature = "metrics",
    doc = "[`publish`]: crate::metrics::publish\n[`publish_with_keys`]: crate::metrics::publish_with_keys\n"
)]
// The file has the link to the other file, the page to its own end.
#[doc = "[rules]: #the-rules-in-full\n"]
#[doc = "[`sql_state`]: crate::sql_state\n"]
#[cfg_attr(not(doctest), doc = include_str!("../docs/cookbook.md"))]
#[doc = "# The rules in full\n"]
#[doc = "```yaml"]
#[doc = include_str!("../docs/prometheus-rules.yml")]
#[doc = "```"]
pub mod cookbook {}

#[doc = include_str!("../docs/performance.md")]
pub mod performance {}

#[doc = include_str!("../docs/promises.md")]
pub mod promises {}

#[doc = include_str!("../docs/coming-from.md")]
pub mod coming_from {}
