//! Behaviour through the public face, one module a theme.

#![allow(
    clippy::unnecessary_wraps,
    clippy::unused_self,
    clippy::needless_pass_by_value,
    reason = "annotated functions and their fallbacks have the signatures that a case needs"
)]
#![allow(
    clippy::unchecked_time_subtraction,
    reason = "a test that takes too much away should fail at once"
)]

mod attribute;
mod bulkhead;
mod cancellation;
mod clients;
mod config;
mod conformance;
mod endings;
mod errors;
mod executors;
mod frozen_time;
mod half_open;
mod hints;
mod keys;
mod listeners;
mod merged_failures;
mod model;
mod modes;
mod peers;
mod promises;
mod ramp;
mod rates;
mod reconfigure;
mod recovery;
mod registry;
mod rounds;
mod runtimes;
mod shapes;
mod shapes_2024;
mod stall;
mod streams;
mod support;
mod throttle;
mod waiting;
mod windows;
