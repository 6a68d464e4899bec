//! What can go wrong.

use std::io;

use crate::options::OptionsError;

/// Why an instance can't join a fleet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// An option is wrong.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The address isn't one of a Redis server.
    #[error("the address of Redis: {0}")]
    Address(redis::RedisError),
    /// The address is `rediss://…`, and this crate was built without its feature `tls`.
    #[error(
        "TLS to Redis needs the feature `tls` of circuit-fleet; for circuitctl, install it with \
         `cargo install circuit-fleet --features cli,tls`"
    )]
    Tls,
    /// This process has joined a fleet already: orders are for all its circuits. Let the other one leave first.
    #[error("this process has joined a fleet already; let that leave first")]
    Joined,
    /// The thread that speaks with Redis can't be started.
    #[error("the thread of the fleet can't be started: {0}")]
    Thread(io::Error),
}

/// Why Redis gave no answer, or not the one that was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FleetError {
    /// An option is wrong.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// Redis isn't there, is too slow, or refuses the command.
    #[error("{}", answer(.0))]
    Redis(#[from] redis::RedisError),
    /// An order is [dangerous](crate::Action::is_dangerous), and the number of the instances that it is for is missing, or another one.
    #[error("this is for {reach}; if that is meant, confirm the number of instances, {instances}")]
    Unconfirmed {
        /// How many instances it is for.
        instances: usize,
        /// How far it reaches, in words.
        reach: String,
    },
    /// What stands in Redis is of no form that this version knows.
    #[error("{0}")]
    Form(String),
    /// The instance has left the fleet, or too many ask at once.
    #[error("the fleet doesn't answer: it was left, or too many ask at once")]
    Busy,
}

impl FleetError {
    /// What Redis says, and whether it has answered at all.
    pub(crate) fn of_redis(&self) -> (String, bool) {
        match self {
            FleetError::Redis(error) => (error.to_string(), error.code().is_some()),
            error => (error.to_string(), false),
        }
    }
}

/// What Redis says. The scripts of this crate speak to whoever gives an order.
fn answer(error: &redis::RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some("FULL" | "LASTING" | "LATE" | "SIZE" | "UNKNOWN"), Some(told)) => told.to_owned(),
        _ => format!("Redis: {error}"),
    }
}
